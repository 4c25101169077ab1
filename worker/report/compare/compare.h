/* compare: two models, runs or versions: which is better, and how sure that is. */
#ifndef ASSAY_COMPARE_H
#define ASSAY_COMPARE_H

#include <jansson.h>
#include "schema/base/buffer.h"
#include "worker/report/compare/side.h"
#include "worker/report/reading/breakdown.h"
#include "worker/report/reading/level.h"
#include "worker/report/reading/stores.h"
#include "worker/report/reading/time_range.h"
#include "worker/stats/agreement.h"
#include "worker/stats/drift_verdict.h"

enum { COMPARE_MOVERS_MAX = 1000, COMPARE_SERIES_MAX = 4096, COMPARE_PRICES_MAX = 64 };

enum compare_kind { COMPARE_COMPOSITE, COMPARE_DIMENSION, COMPARE_CRITERION };

/* What a score is of. */
struct facet {
    enum compare_kind kind;
    char *rubric; /* its name */
    char *name, *dimension;
    char *hash; /* of the criterion; of the rubric for a composite or a dimension */
    size_t topic;         /* equal for facets of one kind, name and dimension */
    size_t rubric_number; /* equal for facets of one rubric's name */
};

enum compare_flip { COMPARE_NO_FLIP, COMPARE_BROKE /* passed with A only */, COMPARE_FIXED };

/* A sample whose two scores differ, or that passed on one side only. */
struct mover {
    char *sample;
    double a, b;
    enum compare_flip flip;
    char *reason_a, *reason_b; /* NULL without; of dimensions always */
};

/* All samples, whatever their segment. */
#define COMPARE_ALL_PARTS SIZE_MAX

/* How a difference was tested. */
enum compare_method {
    COMPARE_MCNEMAR,       /* pairs of verdicts: McNemar's exact test, Newcombe's paired interval */
    COMPARE_PAIRED_T,      /* pairs of scores, or of unequal weights */
    COMPARE_FISHER,        /* verdicts, no pairs: Fisher (or pooled z), Newcombe's interval */
    COMPARE_WELCH,         /* scores, no pairs */
    COMPARE_ALL_PAIRS_SAME /* not one pair differs: bounded by how many could (Wilson) */
};

/* Two raters of the same samples. */
struct compare_agreement {
    uint64_t n;
    struct cohen cohen;
};

/* Scores of a side; the mean is weighted by 1 / probability, NAN without scores. */
struct compare_all {
    uint64_t n;
    double mean;
};

/* Why samples that have a score on one side have none on the other. */
struct compare_gaps {
    uint64_t redacted; /* not applicable, because the stored text is redacted */
    uint64_t not_applicable, skipped, error;
};

struct compare_row {
    const char *model;         /* "" where a side names a model: then all rows are of those */
    const struct facet *a, *b; /* other hashes: judged by other rules on the two sides */
    size_t part;               /* of the breakdown; COMPARE_ALL_PARTS: of all samples */
    bool paired;
    enum compare_method method;
    struct level level_a, level_b;     /* of the pairs, or of all scores of the side */
    struct level_difference difference; /* B - A */
    double p_permutation;               /* sign flips of paired scores; else NAN */
    double p_adjusted;                  /* Benjamini-Hochberg, over all rows and segments */
    double mde;                         /* minimum detectable effect, 80 % */
    enum drift_verdict verdict;         /* of B against A */
    double guaranteed;                  /* the difference that is there for sure */
    struct compare_all all_a, all_b;    /* of all of the side, in pairs or not */
    /* of pairs: */
    uint64_t broke, fixed;     /* passed with A and not with B, and the other way round */
    struct compare_gaps missing_a, missing_b;
    struct compare_agreement passes; /* passed or not */
    struct compare_agreement labels; /* those that were given on both sides */
    /* Flips first; the largest first, drops before rises, then by sample. Not of segments. */
    struct mover *movers;
    size_t mover_count;
    /* Its segments, those that are worse for sure first, then better ones, then by name. */
    struct compare_row *segments;
    size_t segment_count;
};

enum compare_measure {
    COMPARE_LATENCY_MS,
    COMPARE_INPUT_TOKENS,
    COMPARE_OUTPUT_TOKENS,
    COMPARE_COST, /* of 1000 samples, in the currency of the prices */
};
enum { COMPARE_MEASURES = COMPARE_COST + 1 };

/* What a million tokens of a model cost. */
struct compare_price {
    const char *model; /* NULL: any; one that is named comes first. Borrowed. */
    size_t model_size;
    double input, output;
};

/* What the answers of a side took. NAN: not known. */
struct measure_side {
    uint64_t n;
    double mean;     /* weighted by 1 / probability */
    double p50, p95; /* within 1 %; NAN where weights differ */
};

struct measure_row {
    const char *model;
    enum compare_measure measure;
    struct measure_side a, b;
    struct mean_difference difference; /* B - A: of pairs where they are compared, else Welch's */
};

/* Zero-initialise but for what is asked. */
struct comparison {
    const struct side *a, *b; /* apart; borrowed */
    struct time_range range;
    const char *model; /* NULL: every model; borrowed */
    double tolerance, alpha, power;
    const struct compare_price *prices; /* borrowed */
    size_t price_count;
    const char *const *segment_keys; /* borrowed */
    size_t segment_key_count;
    const json_t *reruns[2]; /* of a side that is a rerun its run_summary; borrowed; else NULL */
    size_t mover_max;       /* of each row, at most COMPARE_MOVERS_MAX */
    struct stores *stores;  /* borrowed */
    /* answers: */
    bool paired;            /* of the smaller side at least half is scored on both */
    uint64_t samples_a, samples_b, matched;
    uint64_t duplicates_a, duplicates_b; /* deliveries of a sample that has a lower one */
    uint64_t without_id; /* deliveries that no other can be told from: they do not count */
    struct breakdown breakdown;
    struct compare_row *rows; /* by model; the composite, then each dimension with its criteria */
    size_t count;
    size_t tested; /* rows and segments with a p */
    const struct facet **only[2]; /* scored on side A, on side B, and never on the other */
    size_t only_counts[2];
    struct measure_row *measures;
    size_t measure_count;
    /* the recommendation: */
    enum drift_verdict verdict;     /* WORSE: keep A; BETTER: take B; of rows that hold over all.
                                     * Of sides_same_answers there is nothing to take. */
    const struct compare_row *because; /* the row that decides; NULL without any */
    size_t because_row; /* its place in rows, or that of the row it is a segment of */
    struct problems notes; /* what to know before one relies on it: whole sentences */
    int64_t pending; /* offsets scored whose commit the broker has not accepted: they count */
    struct compare_sums *sums; /* what rows borrow from */
};

/* Reads and answers. Once. False (INPUT): more than COMPARE_SERIES_MAX criteria, models and
 * segments, or more than BREAKDOWN_PARTS_MAX segments. */
bool comparison_read(struct comparison *comparison, struct error *error);
void comparison_clear(struct comparison *comparison);

/* The page for people. */
void comparison_text(const struct comparison *comparison, struct buffer *out);
/* One page for a browser, below 100 KB. */
void comparison_html(const struct comparison *comparison, struct buffer *out);
/* schema/compare-report.schema.json, one line. */
void comparison_json(const struct comparison *comparison, struct buffer *out);
/* "mcnemar", "paired_t", "fisher", "welch", "all_pairs_same". */
const char *compare_method_name(enum compare_method method);

#endif
