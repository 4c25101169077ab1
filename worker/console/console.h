/* console: what a worker tells over HTTP: /livez, /readyz, /metrics. */
#ifndef ASSAY_CONSOLE_H
#define ASSAY_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/error.h"
#include "schema/counters.h"

/* Borrowed until console_close. */
struct console_config {
    /* "127.0.0.1:9464", "[::1]:9464" or ":9464" (loopback); port 0 takes a free one. */
    const char *address;
    const struct counters *const *counters; /* one set a lane */
    const char *const *shards;              /* path of each lane's shard, read only */
    size_t lane_count;
    const char *const *models; /* that have lines of their own; all others are "other" */
    size_t model_count;
};

struct console; /* a thread of its own */

/* Whether it has the form of such an address. */
bool console_address_valid(const char *address, struct error *error);
/* NULL and `error` when the address is wrong or taken. */
struct console *console_open(const struct console_config *config, struct error *error);
void console_close(struct console *console);
/* Not ready any more: the worker drains. */
void console_drain(struct console *console);
int console_port(const struct console *console);

#endif
