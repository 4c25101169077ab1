/* rollup: what acked rows add to the histograms of reports and to the minutes that are published. */
#ifndef ASSAY_ROLLUP_H
#define ASSAY_ROLLUP_H

#include "worker/store/histogram.h"
#include "worker/store/shard.h"

enum { ROLLUP_BUCKET_MS = 5 * 60 * 1000, MINUTE_MS = 60 * 1000 };

/* One minute of one metric; the texts are borrowed from the fold. */
struct minute {
    int64_t minute_ms;
    struct str model, endpoint, component; /* empty when not known */
    const char *name, *kind;               /* kind: "" when the name is not split */
    enum metric_unit unit;
    struct histogram values;
};

/* Adds a minute to the outbox: into the row that waits for it, or a new one. */
void outbox_add(struct store *store, const struct minute *minute);

#endif
