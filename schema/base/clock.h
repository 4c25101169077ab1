/* clock: what time it is, how long it took, and times as text. */
#ifndef ASSAY_BASE_CLOCK_H
#define ASSAY_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/str.h"

/* Wall clock, milliseconds since 1970 UTC: for labels only, it may jump. */
int64_t clock_wall_ms(void);
/* Never goes back and counts while the machine sleeps: for deadlines and durations. */
int64_t clock_steady_ms(void);
int64_t clock_steady_us(void);

/* RFC 3339 ("2026-11-24T13:50:00.123Z", any offset) to milliseconds since 1970 UTC. False when the
 * text is anything else; years 1970 to 9999. */
bool clock_parse_rfc3339(struct str text, int64_t *out_ms);

enum { CLOCK_TEXT_BYTES = 32 };
/* "2026-11-24T13:50:00.123Z". */
void clock_format_rfc3339(int64_t ms, char out[CLOCK_TEXT_BYTES]);

#endif
