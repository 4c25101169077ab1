/* feed_inside: what the files of the feed share. */
#ifndef ASSAY_FEED_INSIDE_H
#define ASSAY_FEED_INSIDE_H

#include "schema/base/hash.h"
#include "worker/feed/feed.h"
#include "worker/feed/feed_batch.h"
#include "worker/feed/truths.h"

struct place {
    struct source *source;
    bool lost; /* it could not be listed when it was looked at last */
};

struct feed {
    const struct feed_config *config;
    struct place *captures, *truth_places; /* as many as the config says */
    struct producer *producer;
    struct positions *positions; /* committed */
    struct positions *told; /* objects that were named; `lines` and `done` are those of feed_told */
    struct feed_batch batch;
    struct feed_counts counts, batched; /* committed, and what the batch would add */
    struct arena arena;                 /* of a line */
    struct buffer name;                 /* of feed_kept */
    int64_t looks;                      /* at all places, done */
    int missed; /* objects one after the other that may be read later, as after expired keys */
    uint8_t key[SIPHASH_KEY_BYTES];     /* of the sampling's decisions */
    bool keyed;
    struct sampler *sampler; /* NULL: all is sent */
    int64_t due_us; /* steady clock: when the rate lets the next record go */
    struct feed_truth *truth; /* NULL: there is no ground truth */
};

/* ---- feed.c ---- */

bool feed_stopped(const struct feed *feed);
void feed_tell(const struct feed *feed, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Waits, or until it shall stop. */
void feed_pause(const struct feed *feed, int64_t ms);
struct feed_told {
    bool same;   /* the object is as it was then: its etag */
    bool aside;  /* until it is another it is not looked at again */
    bool failed; /* it counts among the failed */
};
/* Zeroes when the object was not named. */
struct feed_told feed_told(const struct feed *feed, const struct source_object *object);
/* As it is now. */
void feed_set_told(struct feed *feed, const struct source_object *object, bool aside, bool failed);
bool feed_commit(struct feed *feed, struct error *error);
/* Whether there is something in the object that was not read, as far as its etag tells. */
bool feed_is_unread(const struct feed *feed, const struct source_object *object);
/* The same, and counts it, or names it when it is foreign. */
bool feed_wants(struct feed *feed, const struct source_object *object);

/* What is done with objects, in the order of their names. */
struct pass {
    bool (*wants)(struct feed *feed, const struct source_object *object);
    /* False and `error` when the feed cannot go on. */
    bool (*take)(struct feed *feed, struct source *source, const struct source_object *object,
                 struct error *error);
};
/* Over all objects of the places. A place that cannot be listed stops the feed at its first look;
 * later it is told, once. */
bool feed_pass(struct feed *feed, struct place *places, size_t count, const struct pass *pass,
               struct error *error);
/* The page's first objects, fetched ahead; all of one source. */
bool feed_page(struct feed *feed, struct source *source, const struct source_page *page,
               size_t count, const struct pass *pass, struct error *error);

/* ---- feed_sampling.c ---- */

/* Of a message of the positions' topic: whether it is the key of the sampling. */
bool feed_sampling_take(struct feed *feed, struct str value);
/* Makes the key at the first start with sampling, and keeps it. */
bool feed_sampling_start(struct feed *feed, struct error *error);
void feed_sampling_stop(struct feed *feed);
/* With which probability the record is sent; 0: it is left out. Of a stratum whose
 * probability was set by hand the same however often it is asked. */
double feed_sampling_probability(struct feed *feed, const struct envelope *envelope,
                                 const char *object, int64_t line);

/* ---- feed_object.c: an object is read on from its position ---- */

struct reading {
    struct feed *feed;
    const struct kind *kind;
    const struct source_object *object;
    struct source_object kept; /* the same by the name its position is kept under */
    struct source *source;
    struct object_key key;
    struct lines *lines;
    struct buffer line;
    struct position start, now;
    bool verified; /* the lines up to `start` are those that were fed */
    bool seen;     /* the object was read as it is, and more of it was waited for */
    bool growing;  /* its last line is waited for */
    bool given_up; /* what was taken cannot be settled: its position stays */
};

/* What objects hold. */
struct kind {
    const char *prefix; /* of the names their positions are kept under */
    const char *what;   /* a line should be */
    /* Takes reading->line over; NULL, or the code of why it is none. */
    const char *(*take)(struct reading *reading);
    bool (*is_due)(const struct feed *feed); /* settling; NULL: it never is */
    /* What was taken goes into the batch, before the position does; NULL: it is there already. */
    bool (*settle)(struct reading *reading, struct error *error);
    size_t read_at, bad_at; /* counters, of struct feed_counts */
};

/* The object by the name its position is kept under; until the next call. */
struct source_object feed_kept(struct feed *feed, const char *prefix,
                               const struct source_object *object);
/* An object that fails is told and counted; false and `error` only when the feed cannot go on. */
bool feed_read(struct feed *feed, const struct kind *kind, struct source *source,
               const struct source_object *object, struct error *error);
/* Commits what was read up to the position, and what the batch holds. */
bool feed_checkpoint(struct reading *reading, struct error *error);
enum feed_added { FEED_ADDED, FEED_LEFT_OUT, FEED_TOO_LARGE };
/* Puts the record into the batch, unless the sampling leaves it out or it is too large, which is
 * told. */
enum feed_added feed_add(struct feed *feed, const struct envelope *envelope, const char *object,
                         int64_t line);
/* Keeps to the rate after so many records. */
void feed_keep_rate(struct feed *feed, int64_t records);
/* The first lines of an object that was read before; what is taken may use feed->arena. False and
 * `error` when it cannot be read (any further). */
bool feed_read_again(struct feed *feed, struct source *source, const struct source_object *object,
                     int64_t lines, void (*take)(void *owner, struct str line, int64_t number),
                     void *owner, struct error *error);

extern const struct kind FEED_CAPTURES;

/* ---- feed_truth.c: references are joined to their samples ---- */

/* Everything here follows from positions and objects: it can be thrown away and made again. */
struct feed_truth {
    struct truths *truths;
    bool loaded;  /* references that were read before are known */
    bool indexed; /* samples that were fed before are known */
    bool stalled; /* something could not be read again: it is tried at the next look */
    bool told;    /* that nothing is fed before */
    bool failed;  /* it counts among the failed objects */
    struct {
        uint32_t *objects; /* of samples that are to go again, an object once or more */
        size_t count, room;
        int64_t bytes; /* estimated */
        int64_t sent;  /* so far */
    } late;
    /* of a look */
    int64_t oldest_ms; /* object that is not read */
    bool unread;       /* there is ground truth to read */
    int64_t swept_ms;  /* steady clock */
};

struct feed_truth *feed_truth_new(const struct feed *feed);
void feed_truth_free(struct feed_truth *truth);
/* Reads new ground truth, and sends samples that were fed before again. */
bool feed_truth_look(struct feed *feed, struct error *error);
/* After it said why not: whether it is tried again at the next look, of which it is told; then
 * nothing of it is kept. */
bool feed_truth_may_wait(struct feed *feed, const struct error *why);
/* What is known, and what waits in the batch. */
void feed_truth_forget(struct feed *feed);
/* The reference of a sample that is to be fed, if one is known. */
struct truth *feed_truth_find(const struct feed *feed, const struct envelope *envelope,
                              const struct source_object *object);
/* It was sent, with what feed_truth_find gave, or NULL. */
void feed_truth_sent(struct feed *feed, struct source *source, const struct source_object *object,
                     const struct envelope *envelope, struct truth *truth);

/* An object that was read before. */
struct again {
    struct feed *feed;
    struct source *source;
    const struct source_object *object;
    struct object_key key; /* set by feed_truth_again */
};
/* Its first lines. False: everything stalls. */
bool feed_truth_again(struct again *again, int64_t lines,
                      void (*take)(void *again, struct str line, int64_t number),
                      struct error *error);

/* ---- feed_late.c: samples that go again ---- */

/* One of this object. */
void feed_late_add(struct feed_truth *truth, uint32_t object);
/* For struct kind: so many that they are to be sent; and sent, into the batch. */
bool feed_late_is_due(const struct feed *feed);
bool feed_late_settle(struct reading *reading, struct error *error);

#endif
