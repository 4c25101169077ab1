/* drift_report: the drift of everything that stores hold. */
#ifndef ASSAY_DRIFT_REPORT_H
#define ASSAY_DRIFT_REPORT_H

#include <stdio.h>

#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "worker/report/drift.h"

/* A criterion's hash of a model: different hashes are never compared. */
struct report_series {
    char *model, *criterion, *dimension, *hash;
    struct drift_series *cells;
    struct drift_answer answer; /* after drift_report_finish */
    bool changed; /* the criterion of this name has another hash in the other window */
};

/* A tenure of a shard: who answers for which offsets of a partition. */
struct report_tenure {
    char *source; /* topic, incarnation and partition, as one name */
    char *shard, *predecessor;
    int64_t number, start, acked_to, low_water;
};

/* Zero-initialise but for the question and the model; drift_report_clear gives all back. */
struct drift_report {
    struct drift_question question;
    const char *model;            /* NULL: every model; borrowed */
    struct report_series *series; /* after finish: as a person wants to read them */
    size_t count;
    char **shards; /* uuids that were read, ascending after finish */
    size_t shard_count;
    struct report_tenure *tenures;
    size_t tenure_count;
    struct problems partial; /* why the report does not tell all; empty: it does */
    int64_t pending; /* offsets scored, and not counted until the broker accepts their commit */
    size_t tested;   /* rows with a p */
};

enum { REPORT_SERIES_MAX = 4096 };

/* Adds the live, acked rows of all shards in the folder of a store, opened for reading only. A
 * shard that cannot be read is named in `partial`. False (INPUT): the folder holds no shard, or
 * more series than REPORT_SERIES_MAX. */
bool drift_report_add(struct drift_report *report, const char *dir, struct error *error);
/* Answers, once everything was added: checks that tenures tile, adjusts p, sorts rows. */
void drift_report_finish(struct drift_report *report);
void drift_report_clear(struct drift_report *report);
/* Whether a row is WORSE. */
bool drift_report_is_worse(const struct drift_report *report);

/* The page for people, at most 100 columns but for long names; byte-identical for the same rows. */
void drift_report_text(const struct drift_report *report, struct buffer *out);
/* schema/drift-report.schema.json, one line. */
void drift_report_json(const struct drift_report *report, struct buffer *out);

/* For drift_report.c: whether the acked ranges of each partition follow one another; says in
 * `partial` what does not. */
void report_check_tenures(struct drift_report *report);

#endif
