/* publisher: brings metrics to where people look at them. */
#ifndef ASSAY_PUBLISHER_H
#define ASSAY_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "schema/base/error.h"
#include "schema/metric.h"
#include "worker/aws/keyring.h"
#include "worker/net/http.h"
#include "worker/publish/metric_names.h"

/* What became of one metric. Only FAILED may be published again: a metrics service adds up what it
 * is given, so a metric that may have arrived must never go out a second time. */
enum publish_outcome {
    PUBLISH_SENT,      /* accepted */
    PUBLISH_FAILED,    /* surely not accepted; may be published again later */
    PUBLISH_AMBIGUOUS, /* nobody knows, or only a part of it was accepted: name and count it */
    PUBLISH_REFUSED,   /* the service, or its rules as we know them, will never take it */
    PUBLISH_TOO_OLD,   /* its minute is before what the service takes (two weeks) */
    PUBLISH_TOO_NEW,   /* its minute is after what the service takes (two hours) */
    PUBLISH_LEFT_OUT,  /* the preset has no such metric */
    PUBLISH_OUTCOMES,
};
const char *publish_outcome_name(enum publish_outcome outcome);

struct publish_result {
    int64_t id; /* the metric's */
    enum publish_outcome outcome;
};

/* One result a metric, in the order given; borrowed until it returns. `error` (never NULL) has the
 * first cause when anything was not sent. */
typedef void publish_done(void *owner, const struct publish_result *results, size_t count,
                          const struct error *error);

/* All strings and pointers are borrowed until close. */
struct publisher_config {
    struct metric_naming naming;
    const char *region; /* cloudwatch: needed */
    const char
        *endpoint_url;       /* cloudwatch: NULL for the region's, or AWS_ENDPOINT_URL_CLOUDWATCH */
    bool query_form;         /* cloudwatch: the older wire form, for old VPC endpoints */
    struct http *http;       /* cloudwatch: of the thread that publishes */
    struct keyring *keyring; /* cloudwatch */
    FILE *out;               /* emf: where the lines go */
};

struct publisher_counts {
    uint64_t calls;     /* requests or lines that went out */
    uint64_t retries;   /* of these, those that were not the first try */
    uint64_t throttled; /* replies that told us to slow down */
    uint64_t bytes;     /* of bodies, as sent */
};

/* One lane owns one; everything on its thread. */
struct publisher {
    const char *name;    /* as the configuration spells it */
    const char *summary; /* one line */
    /* NULL with `error` (FATAL). */
    void *(*open)(const struct publisher_config *config, struct error *error);
    /* Takes all of it: the metrics are read during the call only. `done` is called once, during
     * this call or later from http_turn, turn, http_free or close. Never blocks on the network. The
     * caller must have noted durably that these are on their way. */
    void (*publish)(void *state, const struct metric *metrics, size_t count, publish_done *done,
                    void *owner);
    /* Moves on what waits for its time; in how many ms to call it again, -1: when published. */
    int (*turn)(void *state);
    void (*counts)(const void *state, struct publisher_counts *out);
    /* What waits is called back as FAILED. Requests in flight must have ended: http_free or
     * http_cancel_all first. NULL is fine. */
    void (*close)(void *state);
};

extern const struct publisher PUBLISHER_CLOUDWATCH;
extern const struct publisher PUBLISHER_EMF;

#endif
