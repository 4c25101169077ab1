/* feed_summary: what a feed did, for people and for programs. */
#ifndef ASSAY_FEED_SUMMARY_H
#define ASSAY_FEED_SUMMARY_H

#include "schema/base/problems.h"
#include "worker/feed/feed.h"

struct feed_summary {
    struct feed_counts counts;
    const struct problems *problems; /* what was told, the first ones */
    const char *topic;
    double seconds;
    bool interrupted;
};

void feed_summary_text(const struct feed_summary *summary, struct buffer *into);
/* One line, schema/feed-summary.schema.json. */
void feed_summary_json(const struct feed_summary *summary, struct buffer *into);

#endif
