/* eval_tally: what `assay eval` counted: by criterion, dimension and composite. Of several rubrics
 * each has numbers of its own: a mean over rubrics would belong to none. */
#ifndef ASSAY_EVAL_TALLY_H
#define ASSAY_EVAL_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "worker/eval/batch.h"

struct tally_mean {
    int64_t n; /* scored */
    double sum;
};
/* NaN when nothing was scored. */
double tally_mean_value(const struct tally_mean *mean);

/* A key is a name, or "rubric/name" when another rubric has the same one. */

struct tally_criterion {
    const struct rubric *rubric;
    const struct criterion *criterion;
    char *key;
    struct tally_mean scored;
    int64_t passed, not_applicable, skipped, error;
    int64_t no_judge; /* of those skipped */
};

struct tally_dimension {
    const struct rubric *rubric;
    const char *name;
    char *key;
    struct tally_mean mean;
};

struct tally_composite {
    const struct rubric *rubric;
    char *key;
    struct tally_mean mean;
    double coverage; /* sum over mean.n: the share of the weight that was scored */
    int64_t errors;  /* a gate could not tell */
};

/* In the rubrics' order; of each the dimensions in the order they first appear. */
struct tally {
    struct tally_criterion *criteria;
    size_t criterion_count;
    struct tally_dimension *dimensions;
    size_t dimension_count;
    struct tally_composite *composites;
    size_t composite_count;
    int64_t samples;             /* lines that were read, unmatched ones too */
    int64_t invalid;             /* lines that were not */
    int64_t unmatched;           /* samples no rubric is meant for */
    int64_t unknown_keys;        /* of samples: kept out, for nobody knows them */
};

/* `set` is borrowed until tally_clear. */
void tally_init(struct tally *tally, const struct rubric_set *set);
void tally_add(struct tally *tally, const struct batch_line *line);
void tally_clear(struct tally *tally);

/* Of a criterion or a composite, by key or by "rubric/name"; NULL: no such. */
const struct tally_mean *tally_find(const struct tally *tally, const char *key);

#endif
