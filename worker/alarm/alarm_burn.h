/* alarm_burn: how fast the failures that an objective allows are used up. */
#ifndef ASSAY_ALARM_BURN_H
#define ASSAY_ALARM_BURN_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/report/reading/level.h"
#include "worker/stats/e_detector.h"

/* A burn rate of 1 uses up exactly what the objective allows. Windows and limits are those of the
 * Google SRE Workbook, chapter 5: a page at 14.4 over 1 h and 5 min, or at 6 over 6 h and 30 min; a
 * ticket at 1 over 3 d and 6 h. At the rates of samples that judges are asked for, a window of an
 * hour may hold a single failure; so the alarm also wants evidence, with a false-alarm budget like
 * every other detector's, that the objective is missed at all. */
enum { ALARM_BURN_FIVES = 3 * 24 * 12 };

struct alarm_burn {
    double objective; /* a share of passes in (0,1); 0: none any more */
    double scored[ALARM_BURN_FIVES], failed[ALARM_BURN_FIVES]; /* weighted; a ring of 5 minutes */
    int64_t closed;                                            /* buckets so far */
    struct level_sums verdicts;                                /* of the open bucket: pass or not */
    struct e_detector detector; /* against "at least the objective passes" */
    double log_evidence;
};

struct alarm_burn *alarm_burn_new(void);
void alarm_burn_free(struct alarm_burn *burn); /* NULL is fine */
void alarm_burn_add(struct alarm_burn *burn, uint64_t threshold, uint64_t scored, uint64_t passed);

struct alarm_stream;
struct alarm_close;
/* Five minutes are over: alarms begin and end. */
void alarm_burn_close(struct alarm_stream *stream, const struct alarm_close *close);

/* Of the last `fives` closed buckets; 0 without scores. */
double alarm_burn_rate(const struct alarm_burn *burn, int64_t fives);

#endif
