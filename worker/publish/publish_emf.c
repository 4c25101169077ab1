/* publish_emf: embedded metric format, JSON lines that CloudWatch Logs makes metrics of.
 *
 * For places where a worker may write logs but not call PutMetricData. A line is of one namespace,
 * dimension set and minute. Values stand as {Values, Counts, Max, Min, Count, Sum}, so that
 * percentiles survive: the form that the OpenTelemetry collector's awsemf exporter writes. */
#include <inttypes.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/publish/publish_batch.h"
#include "worker/publish/publisher.h"

enum { EMF_METRICS_MAX = 100, EMF_VALUES_MAX = 100 }; /* of a line, of an array */

struct emf {
    struct publisher_config config;
    struct publisher_counts counts;
};

/* A piece of a metric: at most EMF_VALUES_MAX values under one name. */
struct piece {
    const struct metric *metric;
    size_t order;        /* as given */
    size_t name;         /* which of the address's */
    size_t first, count; /* of the values */
    const struct metric_address *address;
};

/* What pieces must share to stand in one line. */
static int compare_places(const struct piece *a, const struct piece *b)
{
    if (a->metric->minute_ms != b->metric->minute_ms)
        return a->metric->minute_ms < b->metric->minute_ms ? -1 : 1;
    int order = strcmp(a->address->namespace, b->address->namespace);
    if (!order && a->address->dimension_count != b->address->dimension_count)
        order = a->address->dimension_count < b->address->dimension_count ? -1 : 1;
    for (size_t i = 0; !order && i < a->address->dimension_count; i++)
        order = strcmp(a->address->dimensions[i].value, b->address->dimensions[i].value);
    return order;
}

static int by_place_then_order(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    int order = compare_places(a, b);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static void append_member(struct buffer *out, const char *key, const char *value)
{
    buffer_append_json(out, str_of(key));
    buffer_append(out, ":", 1);
    buffer_append_json(out, str_of(value));
}

/* ,"name":{"Values":[...],"Counts":[...],"Max":..,"Min":..,"Count":..,"Sum":..} */
static void append_values(struct buffer *out, const struct piece *piece)
{
    const double *values = piece->metric->values + piece->first;
    const uint32_t *counts = piece->metric->counts + piece->first;
    double sum = 0;
    uint64_t total = 0;
    buffer_append(out, ",", 1);
    buffer_append_json(out, str_of(piece->address->names[piece->name]));
    buffer_append_str(out, STR(":{\"Values\":["));
    for (size_t i = 0; i < piece->count; i++) {
        buffer_append(out, ",", i > 0);
        buffer_append_number(out, values[i]);
        sum += values[i] * counts[i];
        total += counts[i];
    }
    buffer_append_str(out, STR("],\"Counts\":["));
    for (size_t i = 0; i < piece->count; i++)
        buffer_printf(out, "%s%" PRIu32, i ? "," : "", counts[i]);
    buffer_append_str(out, STR("],\"Max\":"));
    buffer_append_number(out, values[piece->count - 1]); /* they ascend */
    buffer_append_str(out, STR(",\"Min\":"));
    buffer_append_number(out, values[0]);
    buffer_printf(out, ",\"Count\":%" PRIu64 ",\"Sum\":", total);
    buffer_append_number(out, sum);
    buffer_append(out, "}", 1);
}

/* The line's frame: where CloudWatch finds namespace, dimensions and the metrics' names. */
static void append_frame(struct buffer *out, const struct piece *pieces, size_t count)
{
    const struct metric_address *address = pieces[0].address;
    buffer_printf(out, "{\"_aws\":{\"Timestamp\":%" PRId64 ",\"CloudWatchMetrics\":[{",
                  pieces[0].metric->minute_ms);
    append_member(out, "Namespace", address->namespace);
    buffer_append_str(out, STR(",\"Dimensions\":[["));
    for (size_t i = 0; i < address->dimension_count; i++) {
        buffer_append(out, ",", i > 0);
        buffer_append_json(out, str_of(address->dimensions[i].name));
    }
    buffer_append_str(out, STR("]],\"Metrics\":["));
    for (size_t i = 0; i < count; i++) {
        buffer_append_str(out, i ? STR(",{") : STR("{"));
        append_member(out, "Name", pieces[i].address->names[pieces[i].name]);
        buffer_append(out, ",", 1);
        append_member(out, "Unit", metric_unit_name(pieces[i].metric->unit));
        buffer_append_str(out, STR(",\"StorageResolution\":60}"));
    }
    buffer_append_str(out, STR("]}]}"));
    for (size_t i = 0; i < address->dimension_count; i++) {
        buffer_append(out, ",", 1);
        append_member(out, address->dimensions[i].name, address->dimensions[i].value);
    }
}

/* How many pieces from the first on go into one line: of one place, and no name twice. */
static size_t line_length(const struct piece *pieces, size_t left)
{
    size_t count = 1;
    for (; count < left && count < EMF_METRICS_MAX; count++) {
        const struct piece *next = &pieces[count];
        if (compare_places(&pieces[0], next) != 0)
            break;
        for (size_t i = 0; i < count; i++)
            if (strcmp(pieces[i].address->names[pieces[i].name],
                       next->address->names[next->name]) == 0)
                return count;
    }
    return count;
}

static size_t cut_metric(const struct metric *metric, const struct metric_address *address,
                         struct piece *pieces, size_t order)
{
    size_t made = 0;
    for (size_t name = 0; name < address->name_count; name++)
        for (size_t first = 0; first < metric->count; first += EMF_VALUES_MAX, made++) {
            size_t left = metric->count - first;
            pieces[made] = (struct piece){.metric = metric,
                                          .order = order + made,
                                          .name = name,
                                          .first = first,
                                          .count = left < EMF_VALUES_MAX ? left : EMF_VALUES_MAX,
                                          .address = address};
        }
    return made;
}

/* True when every byte went out. */
static bool write_lines(struct emf *emf, struct piece *pieces, size_t count)
{
    struct buffer line = {0};
    bool good = true;
    qsort(pieces, count, sizeof *pieces, by_place_then_order);
    for (size_t first = 0; good && first < count;) {
        size_t length = line_length(pieces + first, count - first);
        buffer_reset(&line);
        append_frame(&line, pieces + first, length);
        for (size_t i = 0; i < length; i++)
            append_values(&line, &pieces[first + i]);
        buffer_append_str(&line, STR("}\n"));
        good = fwrite(line.data, 1, line.size, emf->config.out) == line.size;
        emf->counts.calls++;
        emf->counts.bytes += line.size;
        first += length;
    }
    buffer_clear(&line);
    return fflush(emf->config.out) == 0 && good;
}

static size_t pieces_max(const struct metric *metrics, size_t count)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most += METRIC_NAMES_MAX * (metrics[i].count / EMF_VALUES_MAX + 1);
    return most;
}

static void publish(void *state, const struct metric *metrics, size_t count, publish_done *done,
                    void *owner)
{
    struct emf *emf = state;
    struct error error = {0};
    struct publish_result *results = memory_new(count + 1, sizeof *results);
    struct metric_address *addresses = memory_new(count + 1, sizeof *addresses);
    struct piece *pieces = memory_new(pieces_max(metrics, count) + 1, sizeof *pieces);
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct publish_result){metrics[i].id,
                                             publish_check(&metrics[i], clock_wall_ms(), &error)};
        if (results[i].outcome != PUBLISH_SENT)
            continue;
        if (metric_address(&emf->config.naming, &metrics[i], &addresses[i]))
            made += cut_metric(&metrics[i], &addresses[i], pieces + made, made);
        else
            results[i].outcome = PUBLISH_LEFT_OUT;
    }
    /* A line may be out in part: nobody knows what the reader made of it. */
    if (made && !write_lines(emf, pieces, made)) {
        error_set(&error, ERROR_TRANSIENT, "publisher emf: cannot write all lines");
        for (size_t i = 0; i < count; i++)
            if (results[i].outcome == PUBLISH_SENT)
                results[i].outcome = PUBLISH_AMBIGUOUS;
    }
    done(owner, results, count, &error);
    free(results);
    free(addresses);
    free(pieces);
}

static int turn(void *state)
{
    (void)state;
    return -1;
}

static void counts(const void *state, struct publisher_counts *out)
{
    *out = ((const struct emf *)state)->counts;
}

static void *open_publisher(const struct publisher_config *config, struct error *error)
{
    if (!metric_naming_check(&config->naming, error)) {
        error_prefix(error, "publisher emf: ");
        return NULL;
    }
    struct emf *emf = memory_new(1, sizeof *emf);
    emf->config = *config;
    return emf;
}

const struct publisher PUBLISHER_EMF = {
    .name = "emf",
    .summary = "embedded metric format: JSON lines for CloudWatch Logs",
    .open = open_publisher,
    .publish = publish,
    .turn = turn,
    .counts = counts,
    .close = free,
};
