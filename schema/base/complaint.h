/* complaint: how often a trouble that lasts is told. */
#ifndef ASSAY_BASE_COMPLAINT_H
#define ASSAY_BASE_COMPLAINT_H

#include <stdbool.h>
#include <stdint.h>

enum { COMPLAINT_FIRST_MS = 10000, COMPLAINT_LONGEST_MS = 3600000 };

/* One trouble. Zero-initialise. */
struct complaint {
    int64_t since_ms; /* began; 0: there is none, or nobody was told */
    int64_t next_ms;  /* not told again before */
    int64_t interval_ms;
};

/* There is trouble now: true when it is to be told. At once, then after 10 s, 20 s, 40 s ... an
 * hour. */
bool complaint_due(struct complaint *complaint, int64_t now_ms);
/* There is none (any more): true, with how long it lasted, when its end is to be told. Trouble that
 * comes again soon keeps its interval: what flaps does not fill the log. */
bool complaint_over(struct complaint *complaint, int64_t now_ms, int64_t *out_lasted_ms);

#endif
