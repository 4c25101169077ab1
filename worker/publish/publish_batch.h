/* publish_batch: what one publish() call became: datums, the calls that carry them, the results. */
#ifndef ASSAY_PUBLISH_BATCH_H
#define ASSAY_PUBLISH_BATCH_H

#include "worker/publish/cloudwatch_body.h"
#include "worker/publish/publisher.h"

/* What CloudWatch's rules say of a metric now, before it is sent; PUBLISH_SENT: nothing against it.
 * `error` (may be NULL) is set when it is refused. */
enum publish_outcome publish_check(const struct metric *metric, int64_t now_ms,
                                   struct error *error);

/* A piece of a metric, ready to be put into a body. */
struct datum {
    size_t metric;      /* index of the caller's */
    size_t namespace;   /* index of the batch's */
    size_t start, size; /* of its text in the batch's texts */
};

struct batch {
    struct buffer texts;
    struct datum *datums; /* by namespace, then as given */
    size_t datum_count, datum_room;
    char (*namespaces)[METRIC_TEXT_BYTES];
    size_t namespace_count;
    struct publish_result *results;
    unsigned *seen; /* for each metric: outcomes its pieces had, 1 << outcome */
    size_t metric_count;
    struct error error;
    size_t calls_left;
    publish_done *done;
    void *owner;
};

/* A run of datums of one namespace that fits into one request. */
struct run {
    size_t first, count;
};

/* Checks, names and serialises; what cannot be sent has its outcome already. */
struct batch *publish_batch_new(enum cloudwatch_form form, const struct metric_naming *naming,
                        const struct metric *metrics, size_t count, int64_t now_ms);
void publish_batch_free(struct batch *batch);

/* The run that begins at `first`. The pieces of one metric stay together when they fit into one
 * call at all, so that it is accepted or not as a whole. */
struct run publish_batch_run(const struct batch *batch, enum cloudwatch_form form, size_t first);
/* The body of a run. */
void publish_batch_body(const struct batch *batch, enum cloudwatch_form form, struct run run,
                struct buffer *out);

/* The outcome of a call for all that it carried. */
void publish_batch_note(struct batch *batch, struct run run, enum publish_outcome outcome);
/* Puts the pieces' outcomes together and calls done. */
void publish_batch_finish(struct batch *batch);

#endif
