/* extract: what reports need of a shard, as a shard of its own: for those that cannot open its
 * file. */
#ifndef ASSAY_EXTRACT_H
#define ASSAY_EXTRACT_H

#include <stdint.h>
#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "worker/store/db.h"

/* Opens a copy of the tables of a shard, in memory: tenures, names, rollups of the buckets that
 * begin in [from_ms, to_ms) or in the future (store_ahead_ms), the rows that no rollup counts yet.
 * Without texts, findings, outbox and the documents of rubrics. As of one moment; the shard is only
 * read, and may be written meanwhile. One of an older schema is converted, in the copy alone. NULL:
 * it cannot be read, is of a newer schema (INPUT), or is being converted right now (TRANSIENT). */
struct db *store_extract_open(const char *path, int64_t from_ms, int64_t to_ms,
                              struct error *error);
/* Appends such a copy as a SQLite file. */
bool store_extract(const char *path, int64_t from_ms, int64_t to_ms, struct buffer *out,
                   struct error *error);

/* The latest bucket of a shard or copy when it begins more than an hour from now: a clock was
 * ahead. Else 0. */
int64_t store_ahead_ms(struct db *shard);

#endif
