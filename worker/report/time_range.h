/* time_range: windows of time, as people type them. */
#ifndef ASSAY_TIME_RANGE_H
#define ASSAY_TIME_RANGE_H

#include <stdbool.h>

#include "schema/base/error.h"
#include "worker/report/drift.h"

/* "FROM..TO", each RFC 3339 or a date (its midnight UTC), or a length ("90m", "24h", "7d") that
 * ends at end_ms. Both ends are rounded down to 5 minutes, the grain of rollups. False (INPUT):
 * anything else, an empty or a backward range. `what` names it in the error ("--window"). */
bool time_range_parse(const char *text, const char *what, int64_t end_ms, struct time_range *out,
                      struct error *error);

/* "90m", "24h" or "7d" in milliseconds; 0 when it is none, or longer than 400 days. */
int64_t time_length_parse(const char *text);

#endif
