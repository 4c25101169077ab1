/* eval_tally: what `assay eval` counted: by criterion, dimension and composite. */
#ifndef ASSAY_EVAL_TALLY_H
#define ASSAY_EVAL_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "worker/batch.h"

struct tally_mean {
    int64_t n; /* scored */
    double sum;
};
/* NaN when nothing was scored. */
double tally_mean_value(const struct tally_mean *mean);

struct tally_criterion {
    const struct criterion *criterion;
    char *key; /* its name, or "rubric/name" when another rubric has a criterion of that name */
    struct tally_mean scored;
    int64_t passed, not_applicable, skipped, error;
};

struct tally_dimension {
    const char *name;
    struct tally_mean mean;
};

/* Criteria in the rubrics' order; dimensions in the order they first appear. */
struct tally {
    struct tally_criterion *criteria;
    size_t criterion_count;
    struct tally_dimension *dimensions;
    size_t dimension_count;
    struct tally_mean composite; /* one value per sample and rubric */
    int64_t composite_errors;    /* a gate could not tell */
    int64_t samples;             /* lines that were read, unmatched ones too */
    int64_t invalid;             /* lines that were not */
    int64_t unmatched;           /* samples no rubric is meant for */
    int64_t unknown_keys;        /* of samples: kept out, for nobody knows them */
};

/* `set` is borrowed until tally_clear. */
void tally_init(struct tally *tally, const struct rubric_set *set);
void tally_add(struct tally *tally, const struct batch_line *line);
void tally_clear(struct tally *tally);

/* By key of a criterion, else "composite"; NULL: no such. */
const struct tally_mean *tally_find(const struct tally *tally, const char *key);

#endif
