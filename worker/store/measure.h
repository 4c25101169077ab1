/* measure: what acked rows say beside scores: how long, how much, and which label. */
#ifndef ASSAY_MEASURE_H
#define ASSAY_MEASURE_H

#include "worker/store/rollup.h"

enum measure {
    MEASURE_EVALUATION_US,
    MEASURE_INFERENCE_US,
    MEASURE_INPUT_TOKENS,
    MEASURE_OUTPUT_TOKENS,
    MEASURE_PROMPT_BYTES,
    MEASURE_RESPONSE_BYTES,
    MEASURES,
};

enum { MEASURE_EXACT_MAX = 1024, MEASURE_BINS = 2560 };

/* The bin of a value: values up to MEASURE_EXACT_MAX have one each; what is above goes into the
 * log_bin_of it in units of MEASURE_EXACT_MAX. Rounds to a whole number; 0 below 0. */
uint32_t measure_bin(double value);
/* What a bin stands for, within 1 % of every value in it. */
double measure_value(uint32_t bin);
/* As table measure spells it: "inference_us". */
const char *measure_name(enum measure measure);

/* All that one ack adds. Zero-initialise. */
struct measures {
    struct measure_cell **cells;
    size_t cell_count;
    struct category_cell *categories;
    size_t category_count;
};

/* A value that is NaN was not known and is not counted. */
void measures_add(struct measures *measures, const struct rollup_key *key,
                  const double values[MEASURES]);
/* `label` is the row of a word. */
void measures_add_label(struct measures *measures, const struct rollup_key *key, int64_t criterion,
                        int64_t label);
/* Inside a transaction. */
void measures_write(const struct measures *measures, struct store *store);
void measures_clear(struct measures *measures);

#endif
