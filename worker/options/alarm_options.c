/* alarm_options: what assay alarms run is told on its command line. */
#include "worker/options/alarm_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "worker/alarm/alarm_target.h"
#include "worker/report/reading/time_words.h"

static const char COMPOSITE[] = "composite";

#define AT(member) offsetof(struct alarm_options, member)

static const struct arg WATCH_ARGS[] = {
    {"store", "DIR|URL", ARG_LIST, AT(stores),
     "a folder of shards, or where a worker listens; give it again for other workers", 0, 0},
    {"state", "DIR", ARG_TEXT, AT(state),
     "where alarms keep what they have seen: alarms.sqlite, of one process at a time", 0, 0},
    {"once", NULL, ARG_FLAG, AT(once),
     "close what can be closed, tell of it, and end: for cron; default: go on until SIGTERM", 0, 0},
    {"json", NULL, ARG_FLAG, AT(json),
     "write each alarm as a line of schema/alarm-event.schema.json, not as a sentence", 0, 0},
    {"from", "TIME", ARG_TEXT, AT(from),
     "where a new state begins to learn, RFC 3339; default: a --baseline ago", 0, 0},
    {"at", "TIME", ARG_TEXT, AT(at), "with --once: as if it were this time; default: now", 0, 0},
    {"grace", "LENGTH", ARG_TEXT, AT(grace),
     "a bucket closes so long after its end; rows that come later count in the next; default 2m", 0,
     0},
    {"late", "LENGTH", ARG_TEXT, AT(late), "rows older than this no longer count; default 24h", 0,
     0},
    {"keep", "LENGTH", ARG_TEXT, AT(keep),
     "how long closed buckets are kept at least, for assay alarms replay to prove what was told; "
     "default 30d",
     0, 0},
};

static const struct arg RULE_ARGS[] = {
    {"false-alarms", "\"N per LENGTH\"", ARG_TEXT, AT(false_alarms),
     "how often a drift or objective alarm may be false, over all streams together; default \"1 "
     "per 30d\"",
     0, 0},
    {"baseline", "LENGTH", ARG_TEXT, AT(baseline),
     "a stream's first scores of this length are its reference, frozen then; default 7d", 0, 0},
    {"baseline-scores", "N", ARG_INT, AT(baseline_scores),
     "and at least so many scores; default 300", 20, 1e9},
    {"tolerance", "[NAME=]X", ARG_LIST, AT(tolerances),
     "the largest drop of a mean score that would not matter, of a criterion or dimension; default "
     "0.02, pass rates 0.01, those of safety 0.002",
     0, 0},
    {"objective", "NAME=X", ARG_LIST, AT(objectives),
     "the pass rate promised of a criterion or dimension, safety=0.995: alarms when the failures "
     "this allows are used up too fast",
     0, 0},
    {"errors", "SHARE", ARG_NUMBER, AT(errors_max),
     "the share of errors in an hour that is no trouble yet; default 0.1", 0.0001, 1},
    {"coverage", "SHARE", ARG_NUMBER, AT(coverage_drop),
     "how much more than in the baseline may be skipped in an hour; default 0.2", 0.0001, 1},
    {"silent", "LENGTH", ARG_TEXT, AT(silent),
     "a busy model without rows for so long is silent; default 2h", 0, 0},
    {"hourly-only", NULL, ARG_FLAG, AT(hourly_only),
     "do not look every five minutes too: catastrophes are told later, small drops a bit sooner", 0,
     0},
};

static const struct arg TELL_ARGS[] = {
    {"tell", "TARGET", ARG_LIST, AT(targets),
     "webhook:URL (JSON, signed when ASSAY_WEBHOOK_SECRET is set), sns:TOPIC-ARN or "
     "eventbridge:BUS; give it again for others. Besides standard output",
     0, 0},
    {"metrics", "WHERE", ARG_TEXT, AT(metrics),
     "cloudwatch: drift_log_evidence and drift_alarm of each stream; or none; default none", 0, 0},
    {"models", "NAME[,...]", ARG_WORDS, AT(models),
     "models that get metrics of their own; all others are \"other\", because names cost money", 0,
     0},
    {"namespace", "TEMPLATE", ARG_TEXT, AT(namespace),
     "of the metrics, with {model}; default that of assay run", 0, 0},
    {"aws-endpoint-url", "URL", ARG_TEXT, AT(url),
     "address instead of AWS's own; default AWS_ENDPOINT_URL", 0, 0},
    {"region", "REGION", ARG_TEXT, AT(region), "default AWS_REGION, or the profile's", 0, 0},
    {"profile", "NAME", ARG_TEXT, AT(profile), "of the AWS configuration; default AWS_PROFILE", 0,
     0},
};

const struct arg_group ALARM_OPTION_GROUP[ALARM_OPTION_GROUPS] = {
    {"Options", WATCH_ARGS, sizeof WATCH_ARGS / sizeof *WATCH_ARGS, 0},
    {"When an alarm fires", RULE_ARGS, sizeof RULE_ARGS / sizeof *RULE_ARGS, 0},
    {"Whom to tell", TELL_ARGS, sizeof TELL_ARGS / sizeof *TELL_ARGS, 0},
};

struct alarm_options alarm_options_default(void)
{
    struct alarm_rules rules = alarm_rules_default();
    return (struct alarm_options){.false_alarms = "1 per 30d",
                                  .baseline = "7d",
                                  .silent = "2h",
                                  .grace = "2m",
                                  .late = "24h",
                                  .keep = "30d",
                                  .metrics = "none",
                                  .baseline_scores = rules.baseline_scores,
                                  .errors_max = rules.errors_max,
                                  .coverage_drop = rules.coverage_drop};
}

static bool read_length(const char *name, const char *text, int64_t *out_ms, struct error *error)
{
    *out_ms = time_length_parse(text);
    return *out_ms > 0 ||
           error_set(error, ERROR_INPUT,
                     "--%s \"%.40s\" is no length of time: give 90m, 24h or 7d, at most 400 days",
                     name, text);
}

static bool read_time(const char *name, const char *text, int64_t *out_ms, struct error *error)
{
    return !text || clock_parse_rfc3339(str_of(text), out_ms) ||
           error_set(error, ERROR_INPUT,
                     "--%s \"%.40s\" is no time: give RFC 3339, such as 2026-03-01T12:00:00Z", name,
                     text);
}

/* "2 per 30d" */
static bool read_budget(const char *text, double *out_hours, struct error *error)
{
    static const char PER[] = " per ";
    char *end;
    double count = strtod(text, &end);
    bool good = end != text && strncmp(end, PER, sizeof PER - 1) == 0 && count > 0 && count <= 1000;
    int64_t ms = good ? time_length_parse(end + sizeof PER - 1) : 0;
    if (ms == 0 || (double)ms / count < ALARM_HOUR_MS)
        return error_set(error, ERROR_INPUT,
                         "--false-alarms \"%.40s\" is no budget: say how many false alarms you "
                         "would bear in how long, at most one an hour, such as \"1 per 30d\"",
                         text);
    *out_hours = (double)ms / ALARM_HOUR_MS / count;
    return true;
}

/* "NAME=X", or "X" where *out_all is not NULL. */
static bool read_named(const char *option, const char *text, double least, struct alarm_named *list,
                       int64_t *count, double *out_all, struct error *error)
{
    const char *equals = strrchr(text, '='), *number = equals ? equals + 1 : text;
    size_t size = equals ? (size_t)(equals - text) : 0;
    char *end;
    double value = strtod(number, &end);
    bool good = end != number && !*end && value >= least && value < 1 && (equals || out_all) &&
                (!equals || (size > 0 && size < sizeof list->name)) && *count < ALARM_NAMED_MAX;
    if (!good)
        return error_set(error, ERROR_INPUT,
                         "--%s \"%.80s\" must be %sNAME=X, X from %g to less than 1, at most %d of "
                         "them",
                         option, text, out_all ? "X or " : "", least, ALARM_NAMED_MAX);
    if (!equals) {
        *out_all = value;
        return true;
    }
    struct alarm_named *one = &list[(*count)++];
    snprintf(one->name, sizeof one->name, "%.*s", (int)size, text);
    one->value = value;
    return true;
}

static bool read_lists(const struct alarm_options *options, struct alarm_rules *rules,
                       struct error *error)
{
    for (size_t i = 0; i < options->tolerances.count; i++)
        if (!read_named("tolerance", options->tolerances.values[i], 0.0001, rules->tolerances,
                        &rules->tolerance_count, &rules->tolerance, error))
            return false;
    for (size_t i = 0; i < options->objectives.count; i++)
        if (!read_named("objective", options->objectives.values[i], 0.01, rules->objectives,
                        &rules->objective_count, NULL, error))
            return false;
    if (alarm_rules_objective(rules, COMPOSITE, COMPOSITE) > 0)
        return error_set(error, ERROR_INPUT,
                         "--objective %s: a composite neither passes nor fails; name a criterion "
                         "or a dimension",
                         COMPOSITE);
    return true;
}

static bool read_telling(const struct alarm_options *options, struct alarm_settings *out,
                         struct error *error)
{
    for (size_t i = 0; i < options->targets.count; i++)
        if (!alarm_target_check(options->targets.values[i], error))
            return error_prefix(error, "--tell ");
    out->gauges = strcmp(options->metrics, "cloudwatch") == 0;
    return out->gauges || strcmp(options->metrics, "none") == 0 ||
           error_set(error, ERROR_INPUT, "--metrics must be cloudwatch or none, not %.40s",
                     options->metrics);
}

bool alarm_options_read(const struct alarm_options *options, struct alarm_settings *out,
                        struct error *error)
{
    struct alarm_rules *rules = &out->rules;
    *out = (struct alarm_settings){.rules = alarm_rules_default()};
    rules->baseline_scores = options->baseline_scores;
    rules->errors_max = options->errors_max;
    rules->coverage_drop = options->coverage_drop;
    rules->fast = !options->hourly_only;
    if (options->stores.count == 0)
        return error_set(error, ERROR_INPUT,
                         "--store is missing: name a folder of shards, or http://WORKER:PORT");
    if (!options->state)
        return error_set(error, ERROR_INPUT,
                         "--state is missing: name a folder of its own for alarms.sqlite");
    if (options->at && !options->once)
        return error_set(error, ERROR_INPUT, "--at goes with --once only");
    return read_budget(options->false_alarms, &rules->false_alarm_hours, error) &&
           read_length("baseline", options->baseline, &rules->baseline_ms, error) &&
           read_length("silent", options->silent, &rules->silent_ms, error) &&
           read_length("grace", options->grace, &out->grace_ms, error) &&
           read_length("late", options->late, &out->late_ms, error) &&
           read_length("keep", options->keep, &out->keep_ms, error) &&
           read_time("from", options->from, &out->from_ms, error) &&
           read_time("at", options->at, &out->at_ms, error) &&
           read_lists(options, rules, error) && read_telling(options, out, error);
}
