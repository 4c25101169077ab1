/* alarm_options: what assay alarms run is told on its command line. */
#ifndef ASSAY_ALARM_OPTIONS_H
#define ASSAY_ALARM_OPTIONS_H

#include "worker/alarm/alarm_rules.h"
#include "worker/options/args.h"

struct alarm_options {
    struct arg_list stores, tolerances, objectives, targets, models;
    const char *state, *false_alarms, *baseline, *silent, *grace, *late, *keep, *from, *at;
    const char *metrics, *namespace, *url, *region, *profile;
    int64_t baseline_scores;
    double errors_max, coverage_drop;
    bool once, json, hourly_only;
};

enum { ALARM_OPTION_GROUPS = 3 };
extern const struct arg_group ALARM_OPTION_GROUP[ALARM_OPTION_GROUPS];

struct alarm_options alarm_options_default(void);

/* The same, read. */
struct alarm_settings {
    struct alarm_rules rules;
    int64_t grace_ms, late_ms, keep_ms;
    int64_t from_ms; /* 0: not given */
    int64_t at_ms;   /* 0: not given */
    bool gauges;     /* metrics of each stream, to CloudWatch */
};
/* False with `error` (INPUT): names the option. */
bool alarm_options_read(const struct alarm_options *options, struct alarm_settings *out,
                        struct error *error);

#endif
