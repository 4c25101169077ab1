/* prometheus: totals in Prometheus' text format, version 0.0.4. */
#include "worker/publish/prometheus.h"

#include <inttypes.h>
#include <stdbool.h>

enum { HASH_DIGITS = 12 };

struct family {
    const char *name, *type, *help;
    enum total_family from;
    const char *label; /* what the key's name is of */
    void (*write)(const struct family *family, const struct total *total, struct buffer *out);
};

/* ---- labels ---- */

static void write_label(struct buffer *out, const char *name, struct str value)
{
    if (value.size == 0) /* to Prometheus the same as a label that is not there */
        return;
    buffer_printf(out, "%s%s=\"", out->data[out->size - 1] == '{' ? "" : ",", name);
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '\n')
            buffer_append_str(out, STR("\\n"));
        else if (value.data[i] == '"' || value.data[i] == '\\')
            buffer_printf(out, "\\%c", value.data[i]);
        else
            buffer_append(out, &value.data[i], 1);
    }
    buffer_append_str(out, STR("\""));
}

/* name suffix{labels and one more} and a space, for the value. */
static void write_series(const struct family *family, const char *suffix, const struct total *total,
                         const char *label, struct str value, struct buffer *out)
{
    const struct total_key *key = &total->key;
    size_t digits = key->hash.size < HASH_DIGITS ? key->hash.size : HASH_DIGITS;
    buffer_printf(out, "%s%s{", family->name, suffix);
    write_label(out, "model", key->model);
    write_label(out, "endpoint", key->endpoint);
    write_label(out, family->label, key->name);
    write_label(out, "dimension", key->dimension);
    write_label(out, "rubric", key->rubric);
    write_label(out, "criterion_hash", (struct str){key->hash.data, digits});
    write_label(out, label, value);
    buffer_append_str(out, STR("} "));
}

static void write_count(const struct family *family, const char *suffix, const struct total *total,
                        const char *label, struct str value, uint64_t count, struct buffer *out)
{
    write_series(family, suffix, total, label, value, out);
    buffer_printf(out, "%" PRIu64 "\n", count);
}

static void write_sum(const struct family *family, const struct total *total, struct buffer *out)
{
    write_series(family, "_sum", total, NULL, STR(""), out);
    buffer_append_number(out, total->sum);
    buffer_append_str(out, STR("\n"));
}

/* ---- forms of a family ---- */

static void write_counter(const struct family *family, const struct total *total,
                          struct buffer *out)
{
    write_count(family, "", total, NULL, STR(""), total->counts[0], out);
}

static void write_histogram(const struct family *family, const struct total *total,
                            struct buffer *out)
{
    size_t bound_count;
    uint64_t count = 0;
    struct buffer bound = {0};
    const double *bounds = total_bounds(total->key.family, &bound_count);
    for (size_t i = 0; i < bound_count; i++) {
        buffer_reset(&bound);
        buffer_printf(&bound, "%g", bounds[i]);
        count += total->counts[i];
        write_count(family, "_bucket", total, "le", buffer_str(&bound), count, out);
    }
    count += total->counts[bound_count];
    write_count(family, "_bucket", total, "le", STR("+Inf"), count, out);
    write_sum(family, total, out);
    write_count(family, "_count", total, NULL, STR(""), count, out);
    buffer_clear(&bound);
}

static void write_summary(const struct family *family, const struct total *total,
                          struct buffer *out)
{
    write_sum(family, total, out);
    write_count(family, "_count", total, NULL, STR(""), total->counts[TOTAL_SCORED], out);
}

static void write_statuses(const struct family *family, const struct total *total,
                           struct buffer *out)
{
    static const char *const names[] = {[TOTAL_SCORED] = "scored",
                                        [TOTAL_NOT_APPLICABLE] = "not_applicable",
                                        [TOTAL_SKIPPED] = "skipped",
                                        [TOTAL_ERROR] = "error"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_count(family, "", total, "status", str_of(names[i]), total->counts[i], out);
}

static void write_passed(const struct family *family, const struct total *total, struct buffer *out)
{
    write_count(family, "", total, NULL, STR(""), total->counts[TOTAL_PASSED], out);
}

static const struct family FAMILIES[] = {
    {"assay_samples_evaluated_total", "counter", "Samples that were evaluated.", TOTAL_SAMPLES,
     NULL, write_counter},
    {"assay_composite_quality_score", "histogram", "Composite scores of samples, 0 to 1.",
     TOTAL_COMPOSITE, NULL, write_histogram},
    {"assay_dimension_score", "histogram", "Scores of samples in a dimension, 0 to 1.",
     TOTAL_DIMENSION, "dimension", write_histogram},
    {"assay_criterion_score", "summary", "Scores by a criterion, 0 to 1.", TOTAL_CRITERION,
     "criterion", write_summary},
    {"assay_scores_total", "counter", "Scores by a criterion, by status.", TOTAL_CRITERION,
     "criterion", write_statuses},
    {"assay_scores_passed_total", "counter", "Scores at or above the criterion's threshold.",
     TOTAL_CRITERION, "criterion", write_passed},
    {"assay_safety_violations_total", "counter",
     "Scores of safety criteria below the threshold.", TOTAL_SAFETY_VIOLATIONS, NULL,
     write_counter},
    {"assay_evaluation_errors_total", "counter", "Criteria that could not be scored.",
     TOTAL_ERRORS, "kind", write_counter},
    {"assay_evaluation_duration_seconds", "histogram", "How long evaluations took.",
     TOTAL_EVALUATION_SECONDS, NULL, write_histogram},
    {"assay_inference_duration_seconds", "histogram", "How long inferences took, where captured.",
     TOTAL_INFERENCE_SECONDS, NULL, write_histogram},
};

static void write_beyond(const struct totals *totals, struct buffer *out)
{
    static const char name[] = "assay_series_beyond_limit_total";
    uint64_t count = 0;
    for (size_t i = 0; i < TOTAL_COUNTS; i++)
        count += totals->beyond.counts[i];
    buffer_printf(out,
                  "# HELP %s Counted in no series: there were %d already.\n# TYPE %s counter\n"
                  "%s %" PRIu64 "\n",
                  name, TOTALS_MAX, name, name, count);
}

void prometheus_write(const struct totals *totals, struct buffer *out)
{
    for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++) {
        const struct family *family = &FAMILIES[i];
        buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                      family->type);
        for (size_t j = 0; j < totals->count; j++)
            if (totals->items[j].key.family == family->from)
                family->write(family, &totals->items[j], out);
    }
    write_beyond(totals, out);
}
