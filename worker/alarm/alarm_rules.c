/* alarm_rules: what decides when an alarm fires. */
#include "worker/alarm/alarm_rules.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "schema/base/json_read.h"
#include "schema/base/problems.h"

static const double SCORES_TOLERANCE = 0.02, RATES_TOLERANCE = 0.01, SAFETY_TOLERANCE = 0.002;

struct alarm_rules alarm_rules_default(void)
{
    return (struct alarm_rules){
        .false_alarm_hours = 30 * 24,
        .all_clear_hours = 7 * 24,
        .baseline_ms = 7 * 24 * (int64_t)ALARM_HOUR_MS,
        .baseline_scores = 300,
        .errors_max = 0.1,
        .coverage_drop = 0.2,
        .silent_ms = 2 * (int64_t)ALARM_HOUR_MS,
        .fast = true,
    };
}

/* The number of this name, or NAN. */
static double named(const struct alarm_named *list, int64_t count, const char *name)
{
    for (int64_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].value;
    return NAN;
}

double alarm_rules_tolerance(const struct alarm_rules *rules, const char *criterion,
                             const char *dimension, bool verdicts)
{
    double own = named(rules->tolerances, rules->tolerance_count, criterion);
    if (isnan(own))
        own = named(rules->tolerances, rules->tolerance_count, dimension);
    if (!isnan(own))
        return own;
    if (rules->tolerance > 0)
        return rules->tolerance;
    if (!verdicts)
        return SCORES_TOLERANCE;
    return strcmp(dimension, "safety") == 0 ? SAFETY_TOLERANCE : RATES_TOLERANCE;
}

double alarm_rules_objective(const struct alarm_rules *rules, const char *criterion,
                             const char *dimension)
{
    double own = named(rules->objectives, rules->objective_count, criterion);
    if (isnan(own))
        own = named(rules->objectives, rules->objective_count, dimension);
    return isnan(own) ? 0 : own;
}

/* ---- as JSON ---- */

#define FIELD(key, kind, member)                                                                   \
    {                                                                                              \
        key, kind, true, offsetof(struct alarm_rules, member), 0, 0, NULL                          \
    }

static const struct json_field NUMBERS[] = {
    FIELD("false_alarm_hours", JSON_KIND_NUMBER, false_alarm_hours),
    FIELD("all_clear_hours", JSON_KIND_NUMBER, all_clear_hours),
    FIELD("tolerance", JSON_KIND_NUMBER, tolerance),
    FIELD("errors_max", JSON_KIND_NUMBER, errors_max),
    FIELD("coverage_drop", JSON_KIND_NUMBER, coverage_drop),
};
static const struct json_field INTEGERS[] = {
    FIELD("baseline_ms", JSON_KIND_INT, baseline_ms),
    FIELD("baseline_scores", JSON_KIND_INT, baseline_scores),
    FIELD("silent_ms", JSON_KIND_INT, silent_ms),
};
enum {
    NUMBER_COUNT = sizeof NUMBERS / sizeof *NUMBERS,
    INTEGER_COUNT = sizeof INTEGERS / sizeof *INTEGERS
};

static void write_named(const char *key, const struct alarm_named *list, int64_t count,
                        struct buffer *out)
{
    buffer_printf(out, ",\"%s\":{", key);
    for (int64_t i = 0; i < count; i++) {
        buffer_append(out, ",", i > 0);
        buffer_append_json(out, str_of(list[i].name));
        buffer_append(out, ":", 1);
        buffer_append_number(out, list[i].value);
    }
    buffer_append(out, "}", 1);
}

void alarm_rules_write(const struct alarm_rules *rules, struct buffer *out)
{
    buffer_printf(out, "{\"fast\":%s", rules->fast ? "true" : "false");
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        double value;
        memcpy(&value, (const char *)rules + NUMBERS[i].offset, sizeof value);
        buffer_printf(out, ",\"%s\":", NUMBERS[i].key);
        buffer_append_number(out, value);
    }
    for (size_t i = 0; i < INTEGER_COUNT; i++) {
        int64_t value;
        memcpy(&value, (const char *)rules + INTEGERS[i].offset, sizeof value);
        buffer_printf(out, ",\"%s\":%lld", INTEGERS[i].key, (long long)value);
    }
    write_named("tolerances", rules->tolerances, rules->tolerance_count, out);
    write_named("objectives", rules->objectives, rules->objective_count, out);
    buffer_append(out, "}", 1);
}

static bool read_named(const json_t *object, struct alarm_named *list, int64_t *count)
{
    const char *key;
    json_t *value;
    if (json_object_size(object) > ALARM_NAMED_MAX)
        return false;
    json_object_foreach((json_t *)object, key, value)
    {
        struct alarm_named *one = &list[(*count)++];
        if (!json_is_number(value) || strlen(key) >= sizeof one->name)
            return false;
        snprintf(one->name, sizeof one->name, "%s", key);
        one->value = json_number_value(value);
    }
    return true;
}

bool alarm_rules_read(struct str json, struct alarm_rules *out, struct error *error)
{
    struct reading {
        struct alarm_rules rules;
        const json_t *tolerances, *objectives;
    } reading = {0};
    struct json_field fields[NUMBER_COUNT + INTEGER_COUNT + 3] = {
        {"fast", JSON_KIND_BOOL, true, offsetof(struct reading, rules.fast), 0, 0, NULL},
        {"tolerances", JSON_KIND_OBJECT, true, offsetof(struct reading, tolerances), 0, 0, NULL},
        {"objectives", JSON_KIND_OBJECT, true, offsetof(struct reading, objectives), 0, 0, NULL},
    };
    memcpy(fields + 3, NUMBERS, sizeof NUMBERS);
    memcpy(fields + 3 + NUMBER_COUNT, INTEGERS, sizeof INTEGERS);
    struct problems problems = {0};
    json_t *object = json_read(json, &JSON_LIMITS_DOCUMENT, error);
    bool good =
        object &&
        json_read_fields(object, fields, sizeof fields / sizeof *fields, &reading, "", &problems) &&
        read_named(reading.tolerances, reading.rules.tolerances, &reading.rules.tolerance_count) &&
        read_named(reading.objectives, reading.rules.objectives, &reading.rules.objective_count);
    if (good)
        *out = reading.rules;
    else
        error_set(error, ERROR_INPUT, "no rules of alarms: %.200s",
                  problems.count ? problems.lines[0] : "a number or a name is wrong");
    problems_clear(&problems);
    json_decref(object);
    return good;
}
