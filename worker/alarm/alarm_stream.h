/* alarm_stream: one stream: a criterion's hash of one model, from its baseline to its alarms. */
#ifndef ASSAY_ALARM_STREAM_H
#define ASSAY_ALARM_STREAM_H

#include "worker/alarm/alarm_burn.h"
#include "worker/alarm/alarm_event.h"
#include "worker/alarm/alarm_history.h"
#include "worker/alarm/alarm_rules.h"
#include "worker/stats/e_detector.h"

/* Scores of a stream that one closed bucket of five minutes holds, of one segment and one threshold
 * of sampling. */
struct alarm_cell {
    int64_t segment;
    uint64_t threshold;
    struct status_counts statuses;
    uint64_t passed;                /* of the scored: reached the criterion's threshold */
    const struct bin_count *scores; /* borrowed during the call; ascending, bins below SCORE_BINS */
    size_t score_count;
};

/* What makes a stream: a criterion as it was then (its hash) in the rubrics of a name, of a model.
 */
struct alarm_series {
    int64_t id;
    char *model, *rubric, *criterion, *dimension, *hash;
};
void alarm_series_clear(struct alarm_series *series);

enum alarm_phase {
    ALARM_LEARNING, /* the baseline is not complete */
    ALARM_WATCHING,
    ALARM_RETIRED, /* the criterion has another hash now */
};

typedef void alarm_tell(void *owner, const struct alarm_event *event);

/* Open: alarm_stream.c moves it, the rules of health and the engine read it. */
struct alarm_stream {
    struct alarm_series series;
    enum alarm_phase phase;
    uint64_t thresholds[SAMPLING_THRESHOLDS_MAX]; /* of sampling, seen so far */
    size_t threshold_count;
    int64_t first_ms, last_ms; /* ends of the first and the latest bucket with rows; 0: none yet */
    int64_t frozen_ms;         /* end of the baseline; 0 while learning */
    int64_t fresh_ms;          /* an onset is looked for from here on */
    struct level_sums base;    /* while learning */
    struct level_sums five, hour; /* the open buckets */
    struct level base_level;
    double base_skipped;        /* share of skipped scores in the baseline */
    struct status_counts asked; /* of the open hour: alarm_health.c */
    double tolerance, bound;
    struct e_detector slow, quick, clear; /* hourly; every five minutes; that it is over */
    double log_slow, log_quick, log_clear;
    struct alarm_history history;
    struct alarm_burn *burn;       /* NULL without an objective */
    int64_t onset_ms[ALARM_KINDS]; /* since when each alarm fires; 0: it does not */
};

/* Copies the names. Rules change later by alarm_stream_configure, between two buckets. */
struct alarm_stream *alarm_stream_new(const struct alarm_series *series,
                                      const struct alarm_rules *rules);
void alarm_stream_free(struct alarm_stream *stream);
void alarm_stream_configure(struct alarm_stream *stream, const struct alarm_rules *rules);

/* How many detectors share the budget for this stream. */
size_t alarm_stream_detectors(const struct alarm_stream *stream, const struct alarm_rules *rules);

/* Between two closes, in any number. False: more than SAMPLING_THRESHOLDS_MAX thresholds over the
 * stream's life, nothing was added. */
bool alarm_stream_add(struct alarm_stream *stream, const struct alarm_cell *cell, int64_t close_ms);

/* What a close may tell, and by what rules. */
struct alarm_close {
    const struct alarm_rules *rules;
    int64_t at_ms;         /* the end of the bucket */
    double detector_hours; /* a detector may be wrong once in so many hours */
    alarm_tell *tell;
    void *owner;
};

/* The five minutes that end at close->at_ms are over. */
void alarm_stream_close_five(struct alarm_stream *stream, const struct alarm_close *close);
/* The hour is over; after alarm_stream_close_five. */
void alarm_stream_close_hour(struct alarm_stream *stream, const struct alarm_close *close);
/* The criterion's hash is another now: alarms end, and no more is told. */
void alarm_stream_retire(struct alarm_stream *stream, const struct alarm_close *close);

/* It is that hash again: goes on with the baseline it had, with no evidence. */
void alarm_stream_revive(struct alarm_stream *stream, int64_t at_ms);

/* An event of this stream, with what all kinds share. Notes that the alarm begins or ends. */
struct alarm_event alarm_stream_event(struct alarm_stream *stream, const struct alarm_close *close,
                                      enum alarm_kind kind, const char *over_reason);

#endif
