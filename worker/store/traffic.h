/* traffic: how many samples came, and how many of them a worker's sampling kept. */
#ifndef ASSAY_TRAFFIC_H
#define ASSAY_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "worker/store/rollup.h"

struct traffic_cell {
    struct rollup_key key;
    int64_t arrived, kept;
};

/* What one ack adds. Zero-initialise; traffic_clear gives the memory back. */
struct traffic {
    struct traffic_cell *cells;
    size_t count;
};

/* A sample that came with probability `captured`. `key`: its row's, with the threshold it was kept
 * with, if it was. */
void traffic_add(struct traffic *traffic, const struct rollup_key *key, double captured, bool kept);
/* Inside a transaction. */
void traffic_write(const struct traffic *traffic, struct store *store);
void traffic_clear(struct traffic *traffic);

#endif
