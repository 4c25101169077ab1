/* feed: the lines of capture objects become records of a topic, each exactly once. */
#ifndef ASSAY_FEED_H
#define ASSAY_FEED_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include "worker/intake/envelope.h"
#include "worker/feed/producer.h"
#include "worker/intake/sampler.h"
#include "worker/intake/source.h"

/* What became of everything. Records are counted when their transaction is committed, so after a
 * failure lines may have been read that are in none of the others. */
struct feed_counts {
    struct {
        int64_t fed;     /* read to the end; again when they grew */
        int64_t already; /* fed to the end before this run */
        int64_t foreign; /* not of JSON lines */
        int64_t failed;  /* unreadable, in whole or from some line on, and not read since */
        int64_t changed; /* other bytes than those that were fed before: left alone */
    } objects;
    struct {
        int64_t read;      /* not blank, and not fed before this run */
        int64_t sent;      /* and committed */
        int64_t left_out;  /* by the sampling */
        int64_t bad;       /* no JSON object, or no UTF-8 */
        int64_t too_large; /* for the topic */
    } lines;
    struct { /* of ground truth */
        int64_t read;      /* lines not read before this run; the sum of the others */
        int64_t joined;    /* came before their sample, which went with them */
        int64_t late;      /* their sample was fed before: it went again, in run `references` */
        int64_t unmatched; /* no such sample within the window, so far */
        int64_t repeated;  /* another reference of a sample: the first one stays */
        int64_t lost;      /* their sample was fed before, and cannot be sent again any more */
        int64_t bad;
    } truths;
    int64_t bytes; /* of committed records */
};

struct feed_config {
    struct producer_config kafka;
    const char *const *from; /* of source_open */
    size_t from_count;
    const char *const *truths; /* places of ground truth, likewise */
    size_t truth_count;
    int64_t window_ms; /* what joins lies in objects that were written no further apart */
    struct source_aws aws;
    struct envelope_options envelope;
    struct sampler_config sampler; /* without its key, which is kept among the positions; used where
                                    * envelope.sampled */
    double rate;            /* records a second at most; 0: as fast as it goes */
    int64_t follow_ms;      /* look again so long after a look, until `stop`; 0: look once */
    const volatile sig_atomic_t *stop; /* set by a signal: commits what was read, and ends */
    /* On this thread: a line or an object that was not fed, and why; now and then how far it is. */
    void (*tell)(void *owner, const char *sentence);
    void (*progress)(void *owner, const struct feed_counts *counts);
    void *owner;
};

/* False and `error` when it could not go on; `out` is right in any case. */
bool feed_run(const struct feed_config *config, struct feed_counts *out, struct error *error);

#endif
