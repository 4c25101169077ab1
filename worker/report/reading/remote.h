/* remote: the shards that a worker serves (`assay run --listen`), for reports of a fleet. */
#ifndef ASSAY_REMOTE_H
#define ASSAY_REMOTE_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/error.h"
#include "worker/store/db.h"
#include "worker/store/mark.h"

/* Whether a store is named by the URL of a worker, not by a folder. */
bool remote_is_url(const char *store);

/* Opens each shard of a worker in memory, as store_extract made it: rollups only of buckets that
 * begin in [from_ms, to_ms). `take` takes the shard over; `name` is its URL, borrowed for the call.
 * False (INPUT or TRANSIENT) when the worker cannot be read to the end: some may have been taken
 * before. */
bool remote_each(const char *url, int64_t from_ms, int64_t to_ms,
                 void (*take)(void *owner, struct db *shard, const char *name), void *owner,
                 struct error *error);

/* The marks that the worker's store has; none where the worker is older than marks. */
bool remote_marks_each(const char *url, void (*take)(void *owner, const struct mark *mark),
                       void *owner, struct error *error);

#endif
