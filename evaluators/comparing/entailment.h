/* entailment: answers that entail each other are one class. Pure: who says so is not known here.
 *
 * The clustering of semantic entropy (Kuhn, Gal and Farquhar, 2023): the first answer without a
 * class founds one, and every later answer without one that means the same as the founder joins
 * it. An answer that has a class keeps it. */
#ifndef ASSAY_ENTAILMENT_H
#define ASSAY_ENTAILMENT_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/sample.h"

enum {
    ENTAILMENT_ANSWERS_MAX = SAMPLE_RESAMPLES_MAX + 1,
    ENTAILMENT_ROUNDS = 3, /* the first answer's; the next founder's; all that are left */
};

/* What one answer says of another. */
enum relation {
    RELATION_UNKNOWN, /* not asked yet */
    RELATION_ENTAILS,
    RELATION_NEUTRAL,
    RELATION_CONTRADICTS,
};

struct relations {
    size_t count; /* of answers */
    bool lax;     /* false: the same when each entails the other. True: when neither contradicts the
                   * other and not both are neutral */
    unsigned char of[ENTAILMENT_ANSWERS_MAX][ENTAILMENT_ANSWERS_MAX]; /* enum relation */
};

struct answer_pair {
    unsigned char from, to; /* does `from` entail `to`? */
};

enum { ENTAILMENT_PAIRS_MAX = ENTAILMENT_ANSWERS_MAX * (ENTAILMENT_ANSWERS_MAX - 1) };

/* The pairs that must be known next, in both directions: those of one founder, or, in the last
 * round, of all answers that are left. 0: nothing is missing. At most count * (count - 1) pairs in
 * all rounds together. */
size_t entailment_missing(const struct relations *relations, bool last_round,
                          struct answer_pair out[ENTAILMENT_PAIRS_MAX]);

/* The class of each answer, numbered from 0, when nothing is missing. Returns their number. */
size_t entailment_classes(const struct relations *relations, size_t out[ENTAILMENT_ANSWERS_MAX]);

#endif
