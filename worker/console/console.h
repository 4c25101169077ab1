/* console: what a worker tells over HTTP: /livez, /readyz, /metrics, /shards, /marks. */
#ifndef ASSAY_CONSOLE_H
#define ASSAY_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/error.h"
#include "schema/counters.h"
#include "worker/store/totals.h"

/* Borrowed until console_close. */
struct console_config {
    /* "127.0.0.1:9464", "[::1]:9464" or ":9464" (loopback); port 0 takes a free one. */
    const char *address;
    const struct counters *const *counters; /* one set a lane */
    struct totals_box *const *totals;       /* one a lane */
    const char *const *shards;              /* the path of a shard a lane */
    const char *store;                      /* the folder that they are in */
    size_t lane_count;
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
