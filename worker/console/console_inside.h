/* console_inside: what the files of the console share. Not for others. */
#ifndef ASSAY_CONSOLE_INSIDE_H
#define ASSAY_CONSOLE_INSIDE_H

#include <stdatomic.h>
#include "schema/base/buffer.h"
#include "worker/console/console.h"

struct console {
    struct MHD_Daemon *daemon;
    struct console_config config;
    atomic_bool draining;
    struct totals **newest; /* of each lane, as it was last taken; NULL: none yet */
    atomic_bool reading; /* a shard is being read: one at a time */
};

enum { STATUS_OK = 200, STATUS_NOT_FOUND = 404, STATUS_FAILED = 500, STATUS_UNAVAILABLE = 503 };

/* Each appends a page and gives its status. On the console's thread. */
unsigned page_live(struct console *console, struct buffer *out);
unsigned page_ready(struct console *console, struct buffer *out);
unsigned page_metrics(struct console *console, struct buffer *out);
unsigned page_shards(struct console *console, struct buffer *out);
unsigned page_marks(struct console *console, struct buffer *out);

/* One shard, as reports read it; `file` as page_shards names it. From any thread. */
unsigned page_shard(const struct console *console, const char *file, int64_t from_ms, int64_t to_ms,
                    struct buffer *out);

#endif
