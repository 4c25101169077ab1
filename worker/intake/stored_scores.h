/* stored_scores: what is known of a sample whose text is not needed: what live scored. */
#ifndef ASSAY_STORED_SCORES_H
#define ASSAY_STORED_SCORES_H

#include <stdbool.h>
#include "schema/base/arena.h"
#include "schema/sample.h"
#include "schema/score.h"

struct stored_score {
    struct str hash; /* of the criterion, or of the rubric for its composite */
    struct score score;
};

/* Lives in the arena and the record. The texts of the sample have a size, and no data. */
struct stored_scores {
    struct sample sample;
    struct stored_score *scores;
    size_t count;
};

/* Reads a record of a history of scores. False: it is damaged. */
bool stored_scores_read(struct str record, struct arena *arena, struct stored_scores *out);
/* NULL: live has none of this criterion. */
const struct score *stored_scores_find(const struct stored_scores *stored, const char *hash);

#endif
