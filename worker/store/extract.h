/* extract: what reports need of a shard, as a shard of its own: for those that cannot open its file. */
#ifndef ASSAY_EXTRACT_H
#define ASSAY_EXTRACT_H

#include <stdint.h>
#include "schema/base/buffer.h"
#include "schema/base/error.h"

/* Appends a SQLite file with the tables of a shard: tenures, names, rollups of the buckets that begin
 * in [from_ms, to_ms), and the rows that no rollup counts yet. Without texts, findings, outbox and the
 * documents of rubrics. As of one moment; the shard is only read, and may be written meanwhile. */
bool store_extract(const char *path, int64_t from_ms, int64_t to_ms, struct buffer *out,
                   struct error *error);

#endif
