/* rerun: samples scored again as a new run, by any number of threads.
 *
 * Chunks of the history are handed out one after the other; a thread writes what it made of one,
 * rows, rollups and that it is done, in one transaction of its own shard. So a run that was killed
 * misses whole chunks, and those alone are done when it goes on. */
#ifndef ASSAY_RERUN_H
#define ASSAY_RERUN_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "worker/options/buckets.h"
#include "worker/intake/history.h"
#include "worker/options/judge.h"
#include "worker/lane/evaluation.h"
#include "worker/options/redaction.h"
#include "worker/options/rubric_list.h"

enum { RERUN_THREADS_MAX = 64 };

enum chunk_next { CHUNK_READ, CHUNK_NONE, CHUNK_FAILED };

/* What the command line says; borrowed from argv. */
struct rerun_options {
    const char *command; /* for messages: "assay rerun" */
    const char *store, *name, *window, *text, *s3_url;
    const char *live;     /* the store that is read; NULL: `store` */
    const char *brokers, *topic;
    const char *to_topic; /* workers shall do it; NULL: this process does */
    const char *group;    /* of those workers */
    struct arg_list kafka, from, rubrics, criteria, evaluators, segment_by;
    struct arg_list models, endpoints, strata, where; /* the selection */
    struct arg_list offsets;                          /* of the topic */
    struct arg_list model_of, component_of;           /* what records of objects lack */
    int64_t threads;                                  /* 0: one for each core */
    int64_t judge_calls;   /* of this run in all; -1: no limit beside those of the day */
    double leave_for_live; /* percent of the day's limits */
    double price_input, price_output; /* of a million tokens */
    bool dry_run, scores_only, json, wait;
    struct judge_options judge;
};

/* Where the chunks of a thread come from that does not do a plan of its own, and who hears of them.
 * Called on that thread. */
struct rerun_tasks {
    enum chunk_next (*next)(void *owner, struct chunk *out, struct error *error);
    void (*written)(void *owner, void *task); /* all its chunks are durable */
    void (*turn)(void *owner);                /* whenever answers were waited for */
    void *owner;
};

/* A part of the history that is done. */
struct done_range {
    size_t part;
    int64_t first, end;
};

/* Shared by the threads of a run: const but for what stands behind the lock, and the atomics. */
struct rerun {
    const struct rerun_options *options;
    struct judge_options judge; /* with what is left for live taken off its limits */
    struct rubric_set *set;
    struct selection selection;
    struct arg_words models, endpoints, strata, segment_keys;
    struct earlier_result results[SELECTION_WHERE_MAX];
    struct redaction redaction; /* of answers that are remembered */
    struct buckets buckets;
    struct history_objects_config objects;
    struct history_topic_config topic;
    struct topic_range *ranges; /* of it; owned */
    size_t range_count;
    struct history *history;
    const struct rerun_tasks *tasks; /* NULL: chunks are those of the plan */
    json_t *description; /* {"asked": ..., "plan": ...} as the run keeps it */
    bool resumed;        /* an earlier command began it */
    bool complete;       /* an earlier command ended it */
    int64_t planned;     /* records */
    struct done_range *done; /* by part and position */
    size_t done_count;
    volatile sig_atomic_t *stop;
    pthread_mutex_t lock; /* of the history, the cursor and the problems */
    size_t part;
    int64_t position;
    struct problems problems;  /* what could not be read: the end is EXIT_COULD_NOT */
    struct problems notes;     /* what is no part of it: foreign objects */
    _Atomic(int64_t) finished; /* records of chunks that are durable */
    _Atomic(int64_t) calls_left;
};

/* Reads the options, loads the rubrics, opens the history. False after what is wrong was printed:
 * *out_exit_code says how to end. rerun_clear in any case. */
bool rerun_open(struct rerun *rerun, const struct rerun_options *options,
                volatile sig_atomic_t *stop, int *out_exit_code);
void rerun_clear(struct rerun *rerun);

/* What the run is asked for, as its description keeps it. */
json_t *rerun_asked(const struct rerun *rerun);

/* Finds the parts, and what of them is done: of a run that began, as it was planned then. False:
 * INPUT when the run of this name was asked for something else; other errors as they come. */
bool rerun_plan(struct rerun *rerun, struct error *error);

/* The next chunk that is not done, into an empty one. Any thread. What cannot be read any more is
 * passed over, and named in `problems`. */
enum chunk_next rerun_next_chunk(struct rerun *rerun, struct chunk *out, struct error *error);

/* Does what is left, by options->threads threads; shows progress. False: `error` is the first one.
 * What is durable stays. */
bool rerun_run(struct rerun *rerun, struct error *error);

/* One thread's part of it: takes chunks until there are none. */
struct rerun_lane;
/* NULL: FATAL. Shards are taken in the order of calls. */
struct rerun_lane *rerun_lane_new(struct rerun *rerun, struct error *error);
struct store *rerun_lane_store(struct rerun_lane *lane);
bool rerun_lane_run(struct rerun_lane *lane, struct error *error);
void rerun_lane_free(struct rerun_lane *lane);

/* Whether a sample that was read is wanted; notes whether its texts hold masks. */
bool rerun_wants(const struct rerun *rerun, const struct history_record *record,
                 const struct buffer *bytes, struct sample *sample);

/* With scores_only: whether rubrics can be told from stored scores at all; INPUT when not. */
bool rerun_check_replay(const struct rubric_set *set, struct error *error);
/* An evaluation of what live scored of a sample, criterion by criterion of the same hash; one of
 * which there is nothing is skipped: not_stored. False: the record is damaged. evaluation_clear. */
bool rerun_replay(const struct rerun *rerun, struct str record, struct evaluation *out);

/* What `--dry-run` tells: schema/rerun-plan.schema.json. NULL with `error`. */
json_t *rerun_estimate(struct rerun *rerun, struct error *error);

/* For people, from the JSON objects that programs get. */
void rerun_print_estimate(const json_t *estimate, FILE *out);
void rerun_print_summary(const json_t *summary, FILE *out);

#endif
