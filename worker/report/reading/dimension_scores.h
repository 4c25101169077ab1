/* dimension_scores: the dimensions of one sample, from the scores of its criteria. */
#ifndef ASSAY_DIMENSION_SCORES_H
#define ASSAY_DIMENSION_SCORES_H

#include "worker/report/reading/sample_rows.h"
#include "worker/report/reading/shard_names.h"

enum { DIMENSIONS_MAX = 64 }; /* of a sample; further ones are passed over */

/* The weighted mean of the criteria that scored the sample, of one rubric and dimension. What no
 * criterion scored is skipped when one should have, else it is not applicable. */
struct dimension_score {
    size_t owner; /* place in the shard's names of the first criterion that has it */
    enum row_status status;
    double value; /* NAN unless scored */
    double sum, weight;
};

struct dimension_scores {
    struct dimension_score items[DIMENSIONS_MAX];
    size_t count;
};

/* Gives criteria of a rubric with the same dimension the same `owner`. */
void dimension_owners(struct shard_names *names);
/* Zero `count` first, then every score of the sample. The composite and criteria without weight
 * belong to no dimension. */
void dimension_scores_add(struct dimension_scores *scores, const struct shard_criterion *criterion,
                          const struct row_score *score);

#endif
