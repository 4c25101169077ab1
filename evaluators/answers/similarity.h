/* similarity: how much two sequences have in common. */
#ifndef ASSAY_SIMILARITY_H
#define ASSAY_SIMILARITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "evaluators/answers/vocabulary.h"

/* A comparison costs count(a) * ceil(count(b) / 64) steps of some 2 ns; so many may be spent on one
 * sample, over all its comparisons. */
#define SIMILARITY_STEPS_MAX (UINT64_C(1) << 28)

enum { SIMILARITY_PATH_WORDS_MAX = 1 << 21 }; /* of 64 bits: 11,000 items against as many */

/* Memory and budget that the comparisons of one sample share. */
struct similarity {
    struct arena *arena;
    uint64_t steps;  /* left to spend */
    uint64_t *masks; /* one an id, all zero between calls */
    size_t mask_count;
    uint8_t *row; /* one an item of the first sequence */
    size_t row_count;
    uint64_t *path; /* of similarity_lcs_mark */
    size_t path_count;
};

void similarity_init(struct similarity *similarity, struct arena *arena);
/* Takes steps from the budget; false when there are not so many left. */
bool similarity_spend(struct similarity *similarity, uint64_t steps);

/* Each in [0,1]; all 0 where nothing is shared, so also when a side is empty. */
struct overlap {
    double precision; /* share of the prediction that is in the reference */
    double recall;    /* share of the reference that is in the prediction */
    double f;         /* harmonic mean */
};

/* From a count of shared items; sizes as the metric counts them. */
struct overlap overlap_of(size_t shared, size_t prediction, size_t reference);

/* Both sequences are over the same vocabulary of `id_count` ids. */
struct overlap similarity_multiset(struct sequence prediction, struct sequence reference,
                                   uint32_t id_count, struct arena *arena);
struct overlap similarity_set(struct sequence prediction, struct sequence reference,
                              uint32_t id_count, struct arena *arena);

/* Length of the longest common subsequence: bit-parallel (Crochemore et al. 2001, Hyyro 2004), one
 * block of 64 at a time. `id_count` as above. False when the steps are not enough. */
bool similarity_lcs(struct similarity *similarity, struct sequence a, struct sequence b,
                    uint32_t id_count, size_t *out_length);
/* The items of `a` that belong to a longest common subsequence are added to `in_lcs`, one byte an
 * item of `a`: of several such subsequences the one that a walk back through the table finds when,
 * of two equal neighbours, it leaves out an item of `a` (as rouge_scorer walks). False when the
 * steps or SIMILARITY_PATH_WORDS_MAX are not enough. */
bool similarity_lcs_mark(struct similarity *similarity, struct sequence a, struct sequence b,
                         uint32_t id_count, bool *in_lcs);
/* Edit distance with insertions, deletions and substitutions: Myers 1999 in Hyyro's block form.
 * False when the steps are not enough. */
bool similarity_levenshtein(struct similarity *similarity, struct sequence a, struct sequence b,
                            uint32_t id_count, size_t *out_distance);

#endif
