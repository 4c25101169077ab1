/* quality: how good the answers of each model are now. */
#ifndef ASSAY_QUALITY_H
#define ASSAY_QUALITY_H

#include "schema/base/buffer.h"
#include "worker/report/quality/label_rates.h"
#include "worker/report/quality/trend.h"
#include "worker/report/reading/label_set.h"
#include "worker/report/reading/stores.h"
#include "worker/report/reading/time_range.h"
#include "worker/report/reading/traffic_counts.h"

enum { QUALITY_SERIES_MAX = 4096, QUALITY_EXAMPLES_MAX = 100 };

/* A sample that scored low. */
struct quality_example {
    char *sample, *reason; /* reason: NULL without */
    double value;
    int64_t at_ms;
};

enum quality_kind { QUALITY_COMPOSITE, QUALITY_DIMENSION, QUALITY_CRITERION };

/* A criterion or the composite, by hash; or a dimension of a rubric: of each sample the weighted
 * mean of the dimension's criteria that scored it. */
struct quality_series {
    enum quality_kind kind;
    char *model, *rubric, *name, *dimension;
    char *hash; /* of the criterion; of the rubric for a composite or a dimension */
    struct level_sums sums;
    uint64_t without_rows; /* of them, in shards that give counts only */
    struct level level; /* after quality_report_read */
    struct trend trend;
    struct quality_example *worst; /* of criteria: below 1, the lowest first, then the newest */
    size_t worst_count;
    struct label_pairs *pairs; /* NULL: people said nothing of it */
    struct label_rate labelled; /* after quality_report_read, with pairs */
};

/* Zero-initialise but for what is asked; quality_report_clear gives all but the stores back. */
struct quality_report {
    struct time_range window; /* after reading: perhaps widened to full hours */
    bool aligned;             /* it was: what is old is kept by the hour */
    const char *model; /* NULL: every model; borrowed */
    double alpha;
    const struct label_set *labels; /* what people said; NULL: nothing; borrowed */
    size_t examples; /* of each criterion, at most QUALITY_EXAMPLES_MAX */
    struct quality_series *series; /* after reading: by model; the composite, then each dimension
                                      with its criteria behind it */
    size_t count;
    struct time_range span;        /* of the stores' scores, when there is no series */
    struct traffic_counts traffic; /* of window 0 */
    struct stores *stores; /* borrowed; their `partial`: why the report does not tell all */
    int64_t pending; /* offsets scored whose commit the broker has not accepted: counted by rows */
    int64_t watermark_ms;  /* end of the latest 5 minutes with scores; 0 without any */
};

/* Reads the live scores of report->stores: of criteria and composites from the rollups,
 * dimensions and examples from the rows, which may be gone before (retention); and answers. Once.
 * False (INPUT): more series than QUALITY_SERIES_MAX. */
bool quality_report_read(struct quality_report *report, struct error *error);
void quality_report_clear(struct quality_report *report);

/* The page for people; `ascii`: sparklines of digits. */
void quality_report_text(const struct quality_report *report, bool ascii, struct buffer *out);
/* schema/quality-report.schema.json, one line. */
void quality_report_json(const struct quality_report *report, struct buffer *out);

/* For quality_rows.c. NULL: too many series. */
struct quality_series *quality_series_of(struct quality_report *report, enum quality_kind kind,
                                         struct str model, struct str rubric, struct str name,
                                         struct str dimension, struct str hash);
/* Scores at a time in the window. */
struct quality_cell {
    int64_t at_ms;
    size_t segment; /* of the stores */
    uint64_t threshold;
    struct status_counts statuses;
    const struct bin_count *scores;
    size_t score_count;
};
/* False: too many probabilities. */
bool quality_series_add(struct quality_report *report, struct quality_series *series,
                        const struct quality_cell *cell);
/* Dimensions, examples and labelled scores of the shard of this number. */
void quality_rows_read(struct quality_report *report, size_t shard);

#endif
