/* topic_range: offsets of a partition, as people write them. */
#ifndef ASSAY_TOPIC_RANGE_H
#define ASSAY_TOPIC_RANGE_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/error.h"

enum { TOPIC_RANGES_MAX = 1024 };

/* Half-open. */
struct topic_range {
    int32_t partition;
    int64_t from, to; /* to INT64_MAX: the partition's end */
};

/* "PARTITION:FROM..TO", FROM or TO left out: from the beginning, to the end. False: INPUT. */
bool topic_range_parse(const char *text, struct topic_range *out, struct error *error);

#endif
