/* compare: two models, runs or versions: which is better, and how sure that is. */
#ifndef ASSAY_COMPARE_H
#define ASSAY_COMPARE_H

#include "schema/base/buffer.h"
#include "worker/report/drift.h"
#include "worker/report/side.h"
#include "worker/report/stores.h"
#include "worker/stats/agreement.h"

enum { COMPARE_MOVERS_MAX = 1000, COMPARE_SERIES_MAX = 4096 };

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

/* A sample whose two scores differ. */
struct mover {
    char *sample;
    double a, b;
    char *reason_a, *reason_b; /* NULL without; of dimensions always */
};

/* How a difference was tested. */
enum compare_method {
    COMPARE_MCNEMAR,       /* pairs of verdicts: McNemar's exact test, Newcombe's paired interval */
    COMPARE_PAIRED_T,      /* pairs of scores, or of unequal weights */
    COMPARE_FISHER,        /* verdicts, no pairs: Fisher (or pooled z), Newcombe's interval */
    COMPARE_WELCH,         /* scores, no pairs */
    COMPARE_ALL_PAIRS_SAME /* not one pair differs: bounded by how many could (Wilson) */
};

struct compare_row {
    const char *model;         /* "" where a side names a model: then all rows are of those */
    const struct facet *a, *b; /* other hashes: judged by other rules on the two sides */
    bool paired;
    enum compare_method method;
    struct level level_a, level_b;     /* of the pairs, or of all scores of the side */
    struct level_difference difference; /* B - A */
    double p_permutation;               /* sign flips of paired scores; else NAN */
    double p_adjusted;                  /* Benjamini-Hochberg, over all rows */
    double mde;                         /* minimum detectable effect, 80 % */
    enum drift_verdict verdict;         /* of B against A */
    double guaranteed;                  /* the difference that is there for sure */
    /* of pairs: */
    uint64_t broke, fixed;     /* passed with A and not with B, and the other way round */
    uint64_t only_a, only_b;   /* scored on one side, missing on the other */
    struct cohen labels;       /* agreement of the labels that were given on both sides */
    uint64_t label_count;
    struct mover *movers;      /* the largest first, drops before rises, then by sample */
    size_t mover_count;
};

enum compare_measure { COMPARE_LATENCY_MS, COMPARE_INPUT_TOKENS, COMPARE_OUTPUT_TOKENS };
enum { COMPARE_MEASURES = COMPARE_OUTPUT_TOKENS + 1 };

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
    size_t mover_max;       /* of each row, at most COMPARE_MOVERS_MAX */
    struct stores *stores;  /* borrowed */
    /* answers: */
    bool paired;            /* of the smaller side at least half is scored on both */
    uint64_t samples_a, samples_b, matched;
    uint64_t duplicates_a, duplicates_b; /* deliveries of a sample that has a lower one */
    struct compare_row *rows; /* by model; the composite, then each dimension with its criteria */
    size_t count;
    size_t tested; /* rows with a p */
    const struct facet **only[2]; /* scored on side A, on side B, and never on the other */
    size_t only_counts[2];
    struct measure_row *measures;
    size_t measure_count;
    /* the recommendation: */
    enum drift_verdict verdict;     /* WORSE: keep A; BETTER: take B; of rows that hold over all */
    const struct compare_row *because; /* the row that decides; NULL without any */
    int64_t pending;
    struct compare_sums *sums; /* what rows borrow from */
};

/* Reads and answers. Once. False (INPUT): more than COMPARE_SERIES_MAX criteria and models. */
bool comparison_read(struct comparison *comparison, struct error *error);
void comparison_clear(struct comparison *comparison);

/* "keep A: B is worse on clean by 0.051" and the like. */
void comparison_advice(const struct comparison *comparison, struct buffer *out);
/* The page for people. */
void comparison_text(const struct comparison *comparison, struct buffer *out);
/* schema/compare-report.schema.json, one line. */
void comparison_json(const struct comparison *comparison, struct buffer *out);
/* "mcnemar", "paired_t", "fisher", "welch", "all_pairs_same". */
const char *compare_method_name(enum compare_method method);

#endif
