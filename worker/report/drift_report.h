/* drift_report: the drift of everything that stores hold. */
#ifndef ASSAY_DRIFT_REPORT_H
#define ASSAY_DRIFT_REPORT_H

#include <stdio.h>

#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "worker/report/breakdown.h"
#include "worker/report/drift.h"
#include "worker/report/stores.h"

/* A criterion's hash of a model: different hashes are never compared. */
struct report_series {
    char *model, *criterion, *dimension, *hash;
    struct drift_series *cells;
    struct drift_answer answer; /* after drift_report_finish */
    bool changed; /* the criterion of this name has another hash in the other window */
};

/* Zero-initialise but for the question and the model; drift_report_clear gives all back. */
struct drift_report {
    struct drift_question question;
    const char *model;            /* NULL: every model; borrowed */
    struct report_series *series; /* after finish: as a person wants to read them */
    size_t count;
    char **shards; /* uuids that were read, ascending after finish */
    size_t shard_count;
    struct breakdown breakdown; /* a row's segment is a part of it */
    struct problems partial; /* why the report does not tell all; empty: it does */
    int64_t pending; /* offsets scored, and not counted until the broker accepts their commit */
    bool aligned;  /* windows were widened to full hours: what is old is kept by the hour */
    size_t tested;   /* rows with a p */
};

/* Reads the live, acked rows of the stores, told apart by segments of these keys, and checks that
 * tenures tile; takes stores->partial over. Once. False (INPUT): too many series or segments. */
bool drift_report_read(struct drift_report *report, struct stores *stores,
                       const char *const *segment_keys, size_t key_count, struct error *error);
/* Answers, once everything was read: adjusts p, sorts rows. */
void drift_report_finish(struct drift_report *report);
void drift_report_clear(struct drift_report *report);
/* Whether a row is WORSE; of a segment: with p_adjusted at most alpha, too. */
bool drift_report_is_worse(const struct drift_report *report);

/* The page for people, at most 100 columns but for long names; byte-identical for the same rows. */
void drift_report_text(const struct drift_report *report, struct buffer *out);
/* schema/drift-report.schema.json, one line. */
void drift_report_json(const struct drift_report *report, struct buffer *out);

/* For drift_report.c: whether the acked ranges of each partition follow one another; says in
 * stores->partial what does not, and returns how many offsets are scored and not acked. */
int64_t report_check_tenures(struct stores *stores);

#endif
