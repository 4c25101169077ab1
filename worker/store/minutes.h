/* minutes: what acked rows add to the minutes of metrics that are published. */
#ifndef ASSAY_MINUTES_H
#define ASSAY_MINUTES_H

#include "schema/base/arena.h"
#include "schema/metric.h"
#include "worker/store/histogram.h"
#include "worker/store/shard.h"

enum { MINUTE_MS = 60 * 1000 };

/* One minute of one metric; the texts are borrowed. */
struct minute {
    int64_t minute_ms;                     /* start, since 1970 UTC */
    struct str model, endpoint, component; /* empty when not known */
    const char *name, *kind;               /* kind: "" when the name is not split */
    enum metric_unit unit;
    struct histogram values;
};

/* Adds a minute to the outbox: into the row that waits for it, or a new one (outbox.c). */
void outbox_add(struct store *store, const struct minute *minute);

/* All that one ack adds. Zero-initialise. */
struct minutes {
    struct arena arena; /* of the texts */
    struct minute **items;
    size_t count;
};

/* Adds a value that is finite to the minute that is like `key`, whose values do not matter. */
void minutes_add(struct minutes *minutes, const struct minute *key, double value);
/* Puts them into the outbox: into the rows that wait for them, or new ones. In a transaction. */
void minutes_write(const struct minutes *minutes, struct store *store);
void minutes_clear(struct minutes *minutes);

#endif
