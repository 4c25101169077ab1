/* metric_names: under which namespace, name and dimensions a metric is published. */
#ifndef ASSAY_METRIC_NAMES_H
#define ASSAY_METRIC_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/error.h"
#include "schema/metric.h"

/* CloudWatch's limits, with the NUL. */
enum {
    METRIC_TEXT_BYTES = 256, /* namespace, metric name */
    METRIC_VALUE_BYTES = 1025,
    METRIC_NAMES_MAX = 2,
    METRIC_DIMENSIONS_MAX = 3,
};

/* A preset is a set of names that somebody's dashboards already use. */
struct metric_preset;
/* "default" or "aws-sample"; NULL for another. */
const struct metric_preset *metric_preset_find(const char *name);
/* NULL-terminated, for messages. */
extern const char *const METRIC_PRESET_NAMES[];

/* What the configuration says about names; all borrowed. */
struct metric_naming {
    const struct metric_preset *preset;
    const char *namespace_template;   /* with {model}; NULL: the preset's */
    const char *endpoint, *component; /* of metrics that know none; NULL */
    /* People's names of inference components, for `aws-sample`: COMPONENT=TEXT, or TEXT for all
     * that have none of their own; the last of two for one wins. Without any it is the component's
     * name. */
    const char *const *labels;
    size_t label_count;
};

/* False with `error` (FATAL): no preset, a namespace that CloudWatch keeps for itself or that is
 * malformed or too long without the model's name. */
bool metric_naming_check(const struct metric_naming *naming, struct error *error);

struct metric_address {
    char namespace[METRIC_TEXT_BYTES];
    /* A metric that is split by kind counts twice: under name_kind and in the total under name, so
     * nobody else may publish that total. */
    char names[METRIC_NAMES_MAX][METRIC_TEXT_BYTES];
    size_t name_count;
    struct {
        const char *name;
        char value[METRIC_VALUE_BYTES];
    } dimensions[METRIC_DIMENSIONS_MAX];
    size_t dimension_count;
};

/* What CloudWatch does not take is replaced by "_", and in a namespace a short hash of the model's
 * name is added then, so that two models never fall together. False when the preset leaves the
 * metric out. */
bool metric_address(const struct metric_naming *naming, const struct metric *metric,
                    struct metric_address *out);

/* CloudWatch's word for it. */
const char *metric_unit_name(enum metric_unit unit);

#endif
