/* lane_inside: what the files of a lane share. Not for others. */
#ifndef ASSAY_LANE_INSIDE_H
#define ASSAY_LANE_INSIDE_H

#include "worker/lane/lane.h"
#include "schema/base/complaint.h"
#include "worker/lane/lane_publish.h"
#include "worker/lane/partition.h"

enum { JOB_ID_BYTES = 320 };

/* One delivery in flight. */
struct job {
    struct evaluation evaluation;
    struct lane *lane;
    struct partition *partition;
    uint64_t ticket, sample_key;
    int64_t offset;
    size_t bytes;
    void *handle; /* of the message; its payload is what the sample's texts point into */
    double captured; /* the probability it came with, where it was up to sampling; else 0 */
    bool counted; /* its ticket is done */
    struct job *next, *previous; /* in its list */
    char id[JOB_ID_BYTES];
};

struct jobs {
    struct job *first, *last;
    size_t count;
};

struct lane {
    const struct lane_config *config;
    struct store *store;
    struct http *http;
    struct kafka_source *source;
    struct answerer *answerer;
    struct ledger *ledger; /* NULL when nothing is limited */
    struct budget *budget;
    struct sampler *sampler; /* NULL: all samples are evaluated */
    struct buffer stratum;   /* of the sample at hand */
    struct lane_publish *publish;
    struct scratch *scratch;
    struct rubric_set *set;
    uint64_t set_tag;
    _Atomic(struct rubric_set *) next_set;
    struct partition **partitions;
    size_t partition_count;
    struct jobs waiting;  /* for answers */
    struct jobs finished; /* for the next transaction */
    struct jobs spare;    /* keep their arenas */
    size_t bytes_in_flight;
    int64_t finished_since_ms, store_retry_ms, recover_ms, prune_ms, hours_ms; /* steady clock */
    bool commit_out, paused, draining;
    int wake;
    atomic_bool stop, idle, failed; /* failed: `error` is final, others may read it */
    struct counters counters;
    struct totals_box totals;
    struct complaint kafka_trouble;
    struct error error;
};

/* ---- lane_jobs.c ---- */

void jobs_add(struct jobs *jobs, struct job *job);
void jobs_remove(struct jobs *jobs, struct job *job);
/* One that was spare, or a new one; in no list. */
struct job *job_new(struct lane *lane);
/* Lets the message go and makes the job spare; it must be in no list. */
void job_end(struct job *job);

/* ---- lane_intake.c ---- */

extern const struct kafka_events LANE_EVENTS;
/* Deliveries in flight, and whether they are as many, or as large, as they may be. */
size_t lane_in_flight(const struct lane *lane);
bool lane_is_full(const struct lane *lane);
/* So few that the partitions may go on. */
bool lane_is_roomy(const struct lane *lane);

/* ---- lane_sampling.c ---- */

/* What is not chosen ends here, unmatched: it counts as traffic. A duplicate is none. */
void lane_choose(struct lane *lane, struct job *job);

/* ---- lane_record.c ---- */

/* Rows and low-water marks in one transaction; durable when it returns true. */
bool lane_record(struct lane *lane);
/* The same when enough, or something for long enough, is finished. */
void lane_record_when_due(struct lane *lane);
/* How long until lane_record_when_due has something to do; -1: nothing is finished. */
int64_t lane_record_wait_ms(const struct lane *lane);
/* Counts what the broker accepted and could not be counted before. */
void lane_ack(struct lane *lane);
/* After a call of the store that said no: what may work later (a full disk) is told and waited for,
 * anything else ends the lane. */
void lane_store_failed(struct lane *lane, const struct error *error);
/* Asks the broker to store what is durable; it answers later. */
void lane_commit(struct lane *lane);
/* The same, and waits for the answer. */
void lane_commit_now(struct lane *lane);

#endif
