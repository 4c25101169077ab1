/* console: what a worker tells over HTTP: /livez, /readyz, /metrics. */
#ifndef ASSAY_CONSOLE_H
#define ASSAY_CONSOLE_H

#include <stddef.h>
#include "schema/base/error.h"
#include "schema/counters.h"

struct console; /* a thread of its own; reads the lanes' atomics only */

/* `address` is "127.0.0.1:9464", "[::1]:9464" or ":9464" (loopback); port 0 takes a free one. The
 * counters, one set a lane, are borrowed until console_close. NULL and `error`. */
struct console *console_open(const char *address, const struct counters *const *lanes,
                             size_t lane_count, struct error *error);
void console_close(struct console *console);
/* Not ready any more: the worker drains. */
void console_drain(struct console *console);
int console_port(const struct console *console);

#endif
