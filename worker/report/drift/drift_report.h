/* drift_report: the drift of everything that stores hold. */
#ifndef ASSAY_DRIFT_REPORT_H
#define ASSAY_DRIFT_REPORT_H

#include <stdio.h>

#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "worker/report/drift/drift.h"
#include "worker/report/reading/breakdown.h"
#include "worker/report/reading/mark_set.h"
#include "worker/report/reading/stores.h"
#include "worker/report/reading/traffic_counts.h"

/* The largest change that would not matter, of a dimension or a metric. */
struct tolerance {
    struct str name; /* absent: of all that have none of their own */
    double value;    /* > 0 */
};

struct measure_kind; /* drift_measures.h */

/* A criterion's hash in the rubrics of a name, of a model: different hashes are never compared. Or
 * a measure of its traffic, whose mean is the share of values that are not above a limit. */
struct report_series {
    char *model, *rubric, *criterion, *dimension, *hash;
    double tolerance;
    struct drift_series *cells;
    struct drift_answer answer; /* after drift_report_finish */
    bool changed; /* the criterion of this name has another hash in the other window */
    const struct measure_kind *measure; /* NULL: of scores */
    /* Of a measure, in its unit: values are told apart by being at most it; NAN: no values. */
    double limit, base_quantile, current_quantile;
};

/* Zero-initialise but for the question and the model; drift_report_clear gives all back. */
struct drift_report {
    struct drift_question question;
    const char *model;                  /* NULL: every model; borrowed */
    const struct tolerance *tolerances; /* borrowed; question.tolerance for what none is of */
    size_t tolerance_count;
    const struct mark_set *marks; /* what happened to models; NULL: nothing; borrowed */
    struct report_series *series; /* after finish: as a person wants to read them */
    size_t count;
    struct time_range span; /* of the stores' scores, when there is no row */
    char **shards; /* uuids that were read, ascending after finish */
    size_t shard_count;
    struct breakdown breakdown; /* a row's segment is a part of it */
    struct traffic_counts traffic; /* window 0 is the baseline */
    struct problems partial; /* why the report does not tell all; empty: it does */
    int64_t pending; /* offsets scored whose commit the broker has not accepted: counted by rows */
    bool aligned;  /* windows were widened to full hours: what is old is kept by the hour */
    size_t tested;   /* rows with a p */
    size_t found;    /* of them, those with an adjusted p of at most question.alpha */
};

/* Reads the live rows of the stores, each offset once, told apart by segments of these keys, and
 * checks that tenures tile; takes stores->partial over. Once. False (INPUT): too many series or
 * segments. */
bool drift_report_read(struct drift_report *report, struct stores *stores,
                       const char *const *segment_keys, size_t key_count, struct error *error);
/* Answers, once everything was read: adjusts p, sorts rows. */
void drift_report_finish(struct drift_report *report);
void drift_report_clear(struct drift_report *report);
/* The end of the latest bucket with scores; INT64_MIN without any. */
int64_t drift_report_watermark(const struct drift_report *report);
/* Whether a tolerance is of a dimension or a metric that the report has, or of all. */
bool drift_report_uses(const struct drift_report *report, const struct tolerance *tolerance);
/* Whether a row is WORSE; of a segment: with p_adjusted at most alpha, too. */
bool drift_report_is_worse(const struct drift_report *report);

/* The page for people, at most 100 columns but for long names; byte-identical for the same rows. */
void drift_report_text(const struct drift_report *report, struct buffer *out);
/* One file that needs nothing else and runs no script, at most DRIFT_HTML_BYTES_MAX long: the rows
 * that need a person first, what is left out is counted. */
enum { DRIFT_HTML_BYTES_MAX = 100000 };
void drift_report_html(const struct drift_report *report, struct buffer *out);
/* schema/drift-report.schema.json, one line. */
void drift_report_json(const struct drift_report *report, struct buffer *out);

/* A metric's own tolerance wins over its dimension's, that over the one for all; the last given
 * over others. `own`: what a metric has that the one for all, which is of scores, says nothing of;
 * NAN: it is of scores. */
double drift_report_tolerance(const struct drift_report *report, const char *criterion,
                              const char *dimension, double own);

#endif
