/* demo_metrics: what the stand-in for CloudWatch keeps of PutMetricData. */
#include "worker/demo/demo_metrics.h"

#include <stdlib.h>
#include <jansson.h>
#include "schema/base/memory.h"

static bool add_values(const json_t *datum, struct demo_point *point)
{
    const json_t *values = json_object_get(datum, "Values");
    const json_t *counts = json_object_get(datum, "Counts");
    size_t index;
    const json_t *value;
    if (json_array_size(values) == 0 || json_array_size(values) != json_array_size(counts))
        return false;
    json_array_foreach(values, index, value)
    {
        json_int_t count = json_integer_value(json_array_get(counts, index));
        if (!json_is_number(value) || count < 1)
            return false;
        point->count += count;
        point->sum += json_number_value(value) * (double)count;
    }
    return true;
}

static bool put_one(struct demo_metrics *metrics, const char *namespace, const json_t *datum)
{
    const char *name = json_string_value(json_object_get(datum, "MetricName"));
    const json_t *time = json_object_get(datum, "Timestamp");
    struct demo_point point = {.minute_ms = json_integer_value(time) * 1000};
    if (!name || !json_is_integer(time) || metrics->count == DEMO_POINTS_MAX ||
        !add_values(datum, &point))
        return false;
    point.namespace = memory_copy_string(namespace);
    point.name = memory_copy_string(name);
    metrics->points = memory_resize(metrics->points, metrics->count + 1, sizeof *metrics->points);
    metrics->points[metrics->count++] = point;
    return true;
}

static void cut_to(struct demo_metrics *metrics, size_t count)
{
    while (metrics->count > count) {
        const struct demo_point *last = &metrics->points[--metrics->count];
        free(last->namespace);
        free(last->name);
    }
}

bool demo_metrics_put(struct demo_metrics *metrics, struct str body)
{
    json_t *root = json_loadb(body.data, body.size, 0, NULL);
    const char *namespace = json_string_value(json_object_get(root, "Namespace"));
    const json_t *data = json_object_get(root, "MetricData");
    size_t before = metrics->count, index;
    const json_t *datum;
    bool good = namespace && json_array_size(data) > 0;
    json_array_foreach(data, index, datum) good = good && put_one(metrics, namespace, datum);
    if (!good)
        cut_to(metrics, before);
    json_decref(root);
    return good;
}

void demo_metrics_clear(struct demo_metrics *metrics)
{
    cut_to(metrics, 0);
    free(metrics->points);
    *metrics = (struct demo_metrics){0};
}
