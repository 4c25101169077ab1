/* publish_batch: what one publish() call became: datums, the calls that carry them, the results. */
#include "worker/publish/publish_batch.h"

#include <math.h>
#include <stdlib.h>
#include "schema/base/memory.h"

/* What the service takes is two weeks back and two hours ahead; the margin is for the time until it
 * reads the request, retries included. */
static const int64_t AGE_MS_MAX = (int64_t)14 * 24 * 3600 * 1000;
static const int64_t AHEAD_MS_MAX = (int64_t)2 * 3600 * 1000;
static const int64_t MARGIN_MS = 2 * 60 * 1000;

const char *publish_outcome_name(enum publish_outcome outcome)
{
    static const char *const names[] = {
        [PUBLISH_SENT] = "sent",           [PUBLISH_FAILED] = "failed",
        [PUBLISH_AMBIGUOUS] = "ambiguous", [PUBLISH_REFUSED] = "refused",
        [PUBLISH_TOO_OLD] = "too_old",     [PUBLISH_TOO_NEW] = "too_new",
        [PUBLISH_LEFT_OUT] = "left_out",
    };
    return names[outcome];
}

/* Values CloudWatch takes: finite, within 2^360. */
static bool has_good_values(const struct metric *metric)
{
    static const double most = 0x1p360;
    for (size_t i = 0; i < metric->count; i++)
        if (!isfinite(metric->values[i]) || fabs(metric->values[i]) > most ||
            metric->counts[i] == 0)
            return false;
    return metric->count > 0;
}

enum publish_outcome publish_check(const struct metric *metric, int64_t now_ms, struct error *error)
{
    if (!has_good_values(metric)) {
        error_set(error, ERROR_INPUT, "metric %.60s of model %.60s: no values, or not all finite",
                  metric->name, metric->model ? metric->model : "other");
        return PUBLISH_REFUSED;
    }
    if (metric->minute_ms < now_ms - AGE_MS_MAX + MARGIN_MS)
        return PUBLISH_TOO_OLD;
    if (metric->minute_ms > now_ms + AHEAD_MS_MAX - MARGIN_MS)
        return PUBLISH_TOO_NEW;
    return PUBLISH_SENT;
}

static size_t namespace_index(struct batch *batch, const char *namespace)
{
    for (size_t i = batch->namespace_count; i > 0; i--) /* the last one is the likeliest */
        if (strcmp(batch->namespaces[i - 1], namespace) == 0)
            return i - 1;
    batch->namespaces =
        memory_resize(batch->namespaces, batch->namespace_count + 1, sizeof *batch->namespaces);
    memcpy(batch->namespaces[batch->namespace_count], namespace, METRIC_TEXT_BYTES);
    return batch->namespace_count++;
}

static struct datum *add_datum(struct batch *batch)
{
    if (batch->datum_count == batch->datum_room) {
        batch->datum_room = batch->datum_room ? batch->datum_room * 2 : 64;
        batch->datums = memory_resize(batch->datums, batch->datum_room, sizeof *batch->datums);
    }
    return &batch->datums[batch->datum_count++];
}

static void add_metric(struct batch *batch, enum cloudwatch_form form,
                       const struct metric_address *address, const struct metric *metric,
                       size_t index)
{
    size_t namespace = namespace_index(batch, address->namespace);
    for (size_t name = 0; name < address->name_count; name++)
        for (size_t first = 0; first < metric->count; first += CLOUDWATCH_VALUES_MAX) {
            size_t left = metric->count - first;
            size_t count = left < CLOUDWATCH_VALUES_MAX ? left : CLOUDWATCH_VALUES_MAX;
            struct datum *datum = add_datum(batch);
            *datum = (struct datum){index, namespace, batch->texts.size, 0};
            cloudwatch_datum(form, address, address->names[name], metric, first, count,
                             &batch->texts);
            datum->size = batch->texts.size - datum->start;
        }
}

static int by_namespace(const void *left, const void *right)
{
    const struct datum *a = left, *b = right;
    if (a->namespace != b->namespace)
        return a->namespace < b->namespace ? -1 : 1;
    return (a->start > b->start) - (a->start < b->start);
}

struct batch *publish_batch_new(enum cloudwatch_form form, const struct metric_naming *naming,
                                const struct metric *metrics, size_t count, int64_t now_ms)
{
    struct batch *batch = memory_new(1, sizeof *batch);
    struct metric_address *address = memory_new(1, sizeof *address);
    batch->results = memory_new(count ? count : 1, sizeof *batch->results);
    batch->seen = memory_new(count ? count : 1, sizeof *batch->seen);
    batch->metric_count = count;
    for (size_t i = 0; i < count; i++) {
        enum publish_outcome outcome = publish_check(&metrics[i], now_ms, &batch->error);
        if (outcome == PUBLISH_SENT && !metric_address(naming, &metrics[i], address))
            outcome = PUBLISH_LEFT_OUT;
        batch->results[i] = (struct publish_result){metrics[i].id, outcome};
        if (outcome == PUBLISH_SENT)
            add_metric(batch, form, address, &metrics[i], i);
        else
            batch->seen[i] = 1u << outcome;
    }
    if (batch->datum_count)
        qsort(batch->datums, batch->datum_count, sizeof *batch->datums, by_namespace);
    free(address);
    return batch;
}

void publish_batch_free(struct batch *batch)
{
    buffer_clear(&batch->texts);
    free(batch->datums);
    free(batch->namespaces);
    free(batch->results);
    free(batch->seen);
    free(batch);
}

static struct str text_of(const struct batch *batch, size_t datum)
{
    return (struct str){batch->texts.data + batch->datums[datum].start, batch->datums[datum].size};
}

/* How many datums from `first` on belong to one metric, and the bytes they take. */
static size_t group_at(const struct batch *batch, enum cloudwatch_form form, size_t first,
                       size_t *out_bytes)
{
    size_t count = 0;
    *out_bytes = 0;
    while (first + count < batch->datum_count &&
           batch->datums[first + count].metric == batch->datums[first].metric)
        *out_bytes += cloudwatch_datum_bytes(form, text_of(batch, first + count++));
    return count;
}

struct run publish_batch_run(const struct batch *batch, enum cloudwatch_form form, size_t first)
{
    static const size_t bytes_max = CLOUDWATCH_BODY_BYTES_MAX - 2048; /* what stands around them */
    struct run run = {first, 0};
    size_t bytes = 0, group_bytes;
    while (first + run.count < batch->datum_count &&
           batch->datums[first + run.count].namespace == batch->datums[first].namespace) {
        size_t next = first + run.count, group = group_at(batch, form, next, &group_bytes);
        bool fits_at_all = group <= CLOUDWATCH_DATUMS_MAX && group_bytes <= bytes_max;
        if (!fits_at_all) {
            group = 1;
            group_bytes = cloudwatch_datum_bytes(form, text_of(batch, next));
        }
        if (run.count &&
            (run.count + group > CLOUDWATCH_DATUMS_MAX || bytes + group_bytes > bytes_max))
            break;
        run.count += group;
        bytes += group_bytes;
    }
    return run;
}

void publish_batch_body(const struct batch *batch, enum cloudwatch_form form, struct run run,
                        struct buffer *out)
{
    struct str *texts = memory_new(run.count, sizeof *texts);
    for (size_t i = 0; i < run.count; i++)
        texts[i] = text_of(batch, run.first + i);
    cloudwatch_body(form, batch->namespaces[batch->datums[run.first].namespace], texts, run.count,
                    out);
    free(texts);
}

void publish_batch_note(struct batch *batch, struct run run, enum publish_outcome outcome)
{
    for (size_t i = 0; i < run.count; i++)
        batch->seen[batch->datums[run.first + i].metric] |= 1u << outcome;
}

/* Pieces that fared differently: a resend would count what was accepted twice. */
static enum publish_outcome together(unsigned seen)
{
    for (enum publish_outcome outcome = 0; outcome < PUBLISH_OUTCOMES; outcome++)
        if (seen == 1u << outcome)
            return outcome;
    unsigned unsent = 1u << PUBLISH_FAILED | 1u << PUBLISH_REFUSED;
    return (seen & ~unsent) == 0 ? PUBLISH_REFUSED : PUBLISH_AMBIGUOUS;
}

void publish_batch_finish(struct batch *batch)
{
    bool all_sent = true;
    for (size_t i = 0; i < batch->metric_count; i++) {
        batch->results[i].outcome = together(batch->seen[i]);
        all_sent = all_sent && batch->results[i].outcome == PUBLISH_SENT;
    }
    if (all_sent) /* what a later try mended is no error */
        error_clear(&batch->error);
    batch->done(batch->owner, batch->results, batch->metric_count, &batch->error);
}
