/* alarm_rules: what decides when an alarm fires. */
#ifndef ASSAY_ALARM_RULES_H
#define ASSAY_ALARM_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/buffer.h"
#include "schema/base/error.h"

enum { ALARM_FIVE_MS = 5 * 60 * 1000, ALARM_HOUR_MS = 60 * 60 * 1000, ALARM_NAMED_MAX = 64 };

/* A number for a criterion or for all of a dimension; the criterion's wins. */
struct alarm_named {
    char name[64];
    double value;
};

/* Plain data: equal rules and equal buckets give equal events, to the byte. */
struct alarm_rules {
    double false_alarm_hours; /* at most one false alarm in so many hours, over all streams; > 0 */
    double all_clear_hours;   /* a stream still bad is called fine at most once in so many; > 0 */
    int64_t baseline_ms;      /* a stream's first so many ms are its reference, then frozen */
    int64_t baseline_scores;  /* and at least so many scores */
    double tolerance;         /* the largest drop that would not matter; 0: by kind, see below */
    struct alarm_named tolerances[ALARM_NAMED_MAX];
    int64_t tolerance_count;
    struct alarm_named objectives[ALARM_NAMED_MAX]; /* pass rates promised, in (0,1) */
    int64_t objective_count;
    double errors_max;    /* share of errors in an hour that is no trouble yet */
    double coverage_drop; /* rise of the share of skipped scores that is no trouble yet */
    int64_t silent_ms;    /* a model without rows for so long is silent */
    bool fast;            /* streams are looked at every five minutes, too */
};

struct alarm_rules alarm_rules_default(void);

/* Without one of its own: 0.002 of pass rates of dimension safety, 0.01 of other pass rates, 0.02
 * of scores. */
double alarm_rules_tolerance(const struct alarm_rules *rules, const char *criterion,
                             const char *dimension, bool verdicts);
/* 0: nothing is promised. */
double alarm_rules_objective(const struct alarm_rules *rules, const char *criterion,
                             const char *dimension);

/* As one line of JSON, and back: INPUT when the text is no such line. */
void alarm_rules_write(const struct alarm_rules *rules, struct buffer *out);
bool alarm_rules_read(struct str json, struct alarm_rules *out, struct error *error);

#endif
