/* compare_sums: what a comparison adds up while it reads. Not for others. */
#ifndef ASSAY_COMPARE_SUMS_H
#define ASSAY_COMPARE_SUMS_H

#include "schema/base/log_bins.h"
#include "worker/report/compare/compare.h"
#include "worker/report/reading/shard_names.h"
#include "worker/stats/difference_bins.h"
#include "worker/stats/paired.h"
#include "worker/stats/survey.h"

/* Where a score row stands. */
struct score_place {
    size_t shard; /* place in stores->shards */
    int64_t run, source, offset, criterion;
};

#define NO_PART SIZE_MAX

/* One score of the sample at hand. */
struct side_score {
    unsigned side; /* 0 A, 1 B */
    size_t model, facet;
    size_t part; /* the model's sums of its segment; NO_PART without segments */
    enum row_status status;
    bool redacted; /* not applicable for that */
    double value;
    int passed;
    struct str label; /* absent without; lives as long as the sample is at hand */
    uint64_t threshold; /* of sampling */
    const struct shard_source *source;
    struct score_place place; /* criterion 0: of a dimension, which has no row */
};

/* All scores of one facet on one side. */
struct side_series {
    size_t facet;
    struct level_sums sums;
};

/* Differences of pairs kept with one threshold. */
struct sampled_differences {
    uint64_t threshold;
    struct difference_bins bins;
};

enum { COMPARE_LABELS_MAX = 32, LABEL_BYTES_MAX = 64 };

struct mover_at {
    char *sample;
    double a, b;
    enum compare_flip flip;
    struct score_place place_a, place_b;
};

/* All pairs of one facet of A and one of B. */
struct pair_series {
    size_t facet_a, facet_b;
    struct level_sums a, b;
    struct sampled_differences *sampled; /* ascending by threshold */
    size_t sampled_count;
    struct paired_verdicts verdicts; /* of values that are all 0 or 1 */
    uint64_t differing;              /* pairs whose values differ */
    uint64_t passes[4]; /* both failed, fixed, broke, both passed */
    struct compare_gaps missing_a, missing_b;
    char labels[COMPARE_LABELS_MAX][LABEL_BYTES_MAX];
    size_t label_count;
    uint64_t agreement[COMPARE_LABELS_MAX * COMPARE_LABELS_MAX]; /* rows: A */
    struct mover_at *movers;
    size_t mover_count;
};

/* What took how long, or how much. */
struct measure_sums {
    struct survey_sums sides[2], differences;
    struct log_bins bins[2];
    uint64_t thresholds[2]; /* of the first value */
    bool unequal[2];        /* there were others */
};

/* Of a model, or of a segment of it. */
struct model_sums {
    char *name;
    size_t part; /* COMPARE_ALL_PARTS: of all its samples */
    struct side_series *sides[2];
    size_t side_counts[2];
    struct pair_series **pairs;
    size_t pair_count;
    struct measure_sums measures[COMPARE_MEASURES];
};

struct compare_sums {
    struct facet **facets;
    size_t facet_count;
    struct model_sums **models;
    size_t model_count;
    size_t series_count; /* of all models */
    bool too_many;
};

/* The number of a facet, and of a model's part, made when it is new. */
size_t compare_facet(struct compare_sums *sums, enum compare_kind kind,
                     const struct shard_criterion *criterion);
size_t compare_model(struct compare_sums *sums, struct str model, size_t part);
/* What a score adds to, in sums->models[model], made when it is new. NULL: too many. */
struct level_sums *compare_side_sums(struct compare_sums *sums, size_t model,
                                     const struct side_score *score);
struct pair_series *compare_pair_series(struct compare_sums *sums, size_t model,
                                        const struct side_score *a, const struct side_score *b);
void compare_sums_free(struct compare_sums *sums);

/* compare_read.c: reads everything; false: too many series. */
bool compare_sums_read(struct comparison *comparison, struct error *error);

/* compare_pairs.c: adds a pair of one sample; both sides have a row for it. */
void pair_series_add(struct pair_series *series, const struct side_score *a,
                     const struct side_score *b, struct str sample, size_t mover_max);
void pair_series_clear(struct pair_series *series);

/* compare_answer.c: */
void compare_answer_pairs(const struct comparison *comparison, const struct pair_series *series,
                          struct compare_row *out);
void compare_answer_sides(const struct comparison *comparison, const struct level_sums *a,
                          const struct level_sums *b, struct compare_row *out);
void compare_answer_measure(const struct comparison *comparison, const struct measure_sums *sums,
                            struct measure_row *out);

/* compare_recommend.c: p over all rows, and the row that decides. */
void comparison_recommend(struct comparison *comparison);
/* compare_notes.c: what to know before one relies on it. */
void comparison_note(struct comparison *comparison);

#endif
