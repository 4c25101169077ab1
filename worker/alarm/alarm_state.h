/* alarm_state: what alarms remember: one SQLite file, alarms.sqlite, with a single writer. */
#ifndef ASSAY_ALARM_STATE_H
#define ASSAY_ALARM_STATE_H

#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "worker/alarm/alarm_rules.h"
#include "worker/alarm/alarm_stream.h"
#include "worker/report/reading/stores.h"
#include "worker/store/db.h"

/* Kept are the closed buckets as they were when they closed, the rules in force at each time, the
 * events, and what is still to be delivered. The engine is replayed from the buckets, from the
 * latest checkpoint on (alarm_checkpoint.h). About 60 bytes for five minutes of a stream with rows,
 * as long as its buckets are kept. */
struct alarm_state;

enum alarm_open {
    ALARM_OPEN_WRITE, /* made when absent; locked: FATAL when another process holds it */
    ALARM_OPEN_READ,  /* of a process that writes, too; INPUT when there is none */
};

/* `dir` holds alarms.sqlite, and is made (0700). */
struct alarm_state *alarm_state_open(const char *dir, enum alarm_open how, struct error *error);
void alarm_state_close(struct alarm_state *state);
/* For alarm_outbox.c. */
struct db *alarm_state_db(struct alarm_state *state);

/* Where the history begins and up to where buckets are closed; 0 before alarm_state_start. */
int64_t alarm_state_from(const struct alarm_state *state);
int64_t alarm_state_closed_to(const struct alarm_state *state);
void alarm_state_start(struct alarm_state *state, int64_t from_ms);

/* Between these, everything that is written is kept together or not at all. */
void alarm_state_begin(struct alarm_state *state);
bool alarm_state_commit(struct alarm_state *state, int64_t closed_to_ms, struct error *error);
/* After it the state must be closed: what it remembers in memory is no longer what it keeps. */
void alarm_state_rollback(struct alarm_state *state);

/* The rules in force for buckets that end after the time they were written; noted when others are
 * in force. */
void alarm_state_use_rules(struct alarm_state *state, const struct alarm_rules *rules);
/* The rules in force for the bucket that ends at close_ms. False: none, or they are damaged, then
 * with `error`. */
bool alarm_state_rules_at(struct alarm_state *state, int64_t close_ms, struct alarm_rules *out,
                          struct error *error);
/* Appends all rules that came into force before this time, and when, one a line. */
void alarm_state_rules_before(struct alarm_state *state, int64_t before_ms, struct buffer *out);
/* Whether other rules came into force since the bucket before. */
bool alarm_state_rules_change(struct alarm_state *state, int64_t close_ms);

/* Ascending by id. */
const struct alarm_series *alarm_state_series(const struct alarm_state *state, size_t *out_count);
/* Its id; made when it is new. The names' own number does not matter. */
int64_t alarm_state_find_series(struct alarm_state *state, const struct cell_series *names);

/* Segments likewise, by their words: JSON, as stores have it. */
int64_t alarm_state_find_segment(struct alarm_state *state, const char *words);
const char *alarm_state_segment_words(const struct alarm_state *state, int64_t id);

/* Up to when stores have hours in place of five minutes, as far as was ever seen. */
int64_t alarm_state_hours_to(const struct alarm_state *state);
void alarm_state_set_hours_to(struct alarm_state *state, int64_t hours_to_ms);

/* Before this it is no longer known what was taken of the stores: nothing there may be counted. */
int64_t alarm_state_taken_from(const struct alarm_state *state);
void alarm_state_set_taken_from(struct alarm_state *state, int64_t taken_from_ms);

/* Before this, buckets are no longer kept; where the history begins at first. */
int64_t alarm_state_kept_from(const struct alarm_state *state);
void alarm_state_set_kept_from(struct alarm_state *state, int64_t kept_from_ms);

/* Events, as alarm_event_json wrote them, in order. `number` counts from 1. */
int64_t alarm_state_add_event(struct alarm_state *state, const char *id, const char *alarm,
                              int64_t at_ms, struct str json);
/* Those of buckets that ended after `after_ms`. */
bool alarm_state_each_event(struct alarm_state *state, int64_t after_ms,
                            void (*each)(void *owner, int64_t number, struct str json), void *owner,
                            struct error *error);

#endif
