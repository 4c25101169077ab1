/* alarm_history: the last hours of a stream, by segment. */
#ifndef ASSAY_ALARM_HISTORY_H
#define ASSAY_ALARM_HISTORY_H

#include "worker/report/reading/level.h"
#include "worker/stats/onset.h"
#include "worker/stats/survey.h"

/* Kept: HOURS_MAX hours; segments beyond SEGMENTS_MAX are counted together. About 100 bytes an hour
 * and segment. */
enum { ALARM_HOURS_MAX = 720, ALARM_SEGMENTS_MAX = 32 };
#define ALARM_SEGMENT_OTHERS INT64_MAX

struct alarm_sums {
    struct survey_sums survey;
    double wyy;    /* sum of w y^2 */
    uint64_t ends; /* scores that are 0 or 1 */
};

struct alarm_segment {
    int64_t segment;
    struct alarm_sums base;   /* of the baseline, since it was frozen */
    struct alarm_sums *hours; /* from the history's first hour on */
};

/* Zero-initialise; alarm_history_clear gives the memory back. */
struct alarm_history {
    int64_t first_hour_ms;
    size_t hour_count, hour_room;
    struct alarm_segment *segments; /* ascending by id */
    size_t segment_count;
};

/* Adds scores to the hour that holds the bucket's end; hours come in order of time. */
void alarm_history_add(struct alarm_history *history, int64_t segment, uint64_t threshold,
                       int64_t close_ms, const struct bin_count *scores, size_t score_count);
/* What was added so far is the baseline of each segment. */
void alarm_history_freeze(struct alarm_history *history);
void alarm_history_clear(struct alarm_history *history);

/* Hours from..to (half-open) of one segment. */
struct alarm_sums alarm_history_sums(const struct alarm_history *history,
                                     const struct alarm_segment *segment, int64_t from_ms,
                                     int64_t to_ms);
/* The same of all segments together. */
struct alarm_sums alarm_history_all(const struct alarm_history *history, int64_t from_ms,
                                    int64_t to_ms);
struct level alarm_sums_level(const struct alarm_sums *sums, double alpha);

/* Since when the stream is different: the hours from `from_ms` on are looked at. */
struct alarm_onset {
    bool found;
    int64_t since_ms, first_ms, last_ms; /* the likeliest hour; the set that covers 93-98 % */
};
struct alarm_onset alarm_history_onset(const struct alarm_history *history, int64_t from_ms);

#endif
