/* alarm_health: whether a stream still gets its scores: errors and coverage. */
#ifndef ASSAY_ALARM_HEALTH_H
#define ASSAY_ALARM_HEALTH_H

#include "worker/alarm/alarm_stream.h"

/* Hour by hour. An alarm begins when the share of errors (of skipped scores) is above its limit for
 * sure (Wilson, one-sided, 1 in 1000), and is over in an hour with at least as many scores in which
 * it is at most half the limit (half the rise allowed over the baseline's). These are facts about
 * the pipeline, not about the model's quality: they take nothing of the false-alarm budget. */
enum { ALARM_HEALTH_COUNT_MIN = 20 };

/* Five more minutes of the open hour. */
void alarm_health_add(const struct status_counts *statuses, struct alarm_stream *stream);
/* The hour is over. */
void alarm_health_close(struct alarm_stream *stream, const struct alarm_close *close);

#endif
