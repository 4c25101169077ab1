/* drift: whether two windows of scores differ, since when, where. */
#ifndef ASSAY_DRIFT_H
#define ASSAY_DRIFT_H

#include "worker/report/reading/level.h"
#include "worker/report/reading/time_range.h"
#include "worker/stats/drift_verdict.h"
#include "worker/stats/mix.h"

/* What is asked, of one series: a criterion's hash, of one model. */
struct drift_question {
    struct time_range base, current; /* base ends before current starts */
    double tolerance;                /* > 0: the largest change that would not matter */
    double alpha;                    /* of intervals, and of the false discovery rate */
    double power;                    /* of the minimum detectable effect */
    bool hour_of_week; /* before the window only the hours of the week count that it has: begins and
                        * ends are full hours */
};

enum { DRIFT_SEGMENTS_MAX = 256, DRIFT_HOURS_MAX = 400 * 24 };

/* Of one series: a segment, a threshold of sampling and a bucket of time. */
struct drift_cell {
    int64_t segment;
    size_t stratum; /* place in what drift_series_traffic was given; else no matter */
    uint64_t threshold;
    int64_t bucket_ms, length_ms;
    struct status_counts statuses;
    const struct bin_count *scores; /* borrowed during the call; bins below SCORE_BINS */
    size_t score_count;
};

/* Everything about one segment, or about all together. NAN: unknown. */
struct drift_row {
    int64_t segment; /* DRIFT_ALL_SEGMENTS: all together */
    enum drift_verdict verdict;
    struct level base, current;
    struct level_difference difference;
    double mde;         /* minimum detectable effect */
    double p_adjusted;  /* Benjamini-Hochberg: drift_adjust fills it */
    double log_e;       /* evidence of the window in the direction of the change */
    double guaranteed;  /* the change that is there for sure: what segments are ranked by */
    double within, mix; /* of the change of all: this segment's quality, its share of traffic */
};

#define DRIFT_ALL_SEGMENTS INT64_MIN

/* Since when, by hours; only for verdicts WORSE and BETTER of all together. */
struct drift_onset {
    bool found;
    int64_t since_ms;          /* the likeliest hour's start */
    int64_t first_ms, last_ms; /* the earliest and latest hour of the set that covers 93-98 % */
};

struct drift_answer {
    struct drift_row all;
    struct drift_row *segments; /* by guaranteed effect, the largest first; then by id */
    size_t segment_count;
    struct drift_onset onset;
    int64_t watermark_ms; /* end of the latest bucket with data; INT64_MIN without any */
};

/* Where a bucket lies. */
enum drift_window {
    DRIFT_BASE,
    DRIFT_CURRENT,
    DRIFT_BETWEEN, /* tells of the onset only */
    DRIFT_OUTSIDE, /* counts for nothing */
};
enum drift_window drift_window_of(const struct drift_question *question, int64_t bucket_ms);

struct drift_series; /* one thread */

/* Copies the question. The hours from base.from_ms to current.to_ms are at most DRIFT_HOURS_MAX,
 * and two more for windows that were widened. */
struct drift_series *drift_series_new(const struct drift_question *question);
void drift_series_free(struct drift_series *series);
/* What came of each stratum in both windows, borrowed, before any cell; NULL: not counted. */
void drift_series_traffic(struct drift_series *series, const struct stratum_traffic *base,
                          const struct stratum_traffic *current);
/* Cells in any order; what lies in neither window counts for the onset only, and not at all outside
 * of both. False: too many segments or thresholds; nothing was added. */
bool drift_series_add(struct drift_series *series, const struct drift_cell *cell);
/* Adds what another series of the same question has. False: as drift_series_add. */
bool drift_series_merge(struct drift_series *series, const struct drift_series *other);
/* Does not change the series. drift_answer_clear gives the segments back. */
void drift_series_answer(const struct drift_series *series, struct drift_answer *out);
void drift_answer_clear(struct drift_answer *answer);

/* A stretch of time for a plot. n is 0 and the others NAN where there are no scores. */
struct trend_point {
    int64_t from_ms, to_ms;
    uint64_t n;
    double mean;
    struct interval ci;
};

enum { TREND_POINTS_MAX = 48 };

/* All segments together from the baseline's begin to the window's end, in steps of whole hours, one
 * of which starts at the hour in which the window starts. Returns how many points were filled. */
size_t drift_series_trend(const struct drift_series *series,
                          struct trend_point out[TREND_POINTS_MAX]);

/* How many times as many scores both windows need until a change of the tolerance would be found;
 * NAN when it is unknown, at most 1 when there are enough. */
double drift_row_more(const struct drift_row *row, double tolerance);

/* Adjusts p of all rows of a report together, the hidden ones too; at most `count` rows. */
void drift_adjust(struct drift_row *const *rows, size_t count);

#endif
