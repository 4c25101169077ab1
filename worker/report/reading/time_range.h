/* time_range: a range of time. */
#ifndef ASSAY_TIME_RANGE_H
#define ASSAY_TIME_RANGE_H

#include <stdint.h>

/* Half-open, milliseconds UTC. A bucket belongs to the range its start lies in. */
struct time_range {
    int64_t from_ms, to_ms;
};

#endif
