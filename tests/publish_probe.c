/* publish_probe: publishes the metrics on its standard input, one JSON object a line, and prints
 * what became of them: {"error": ..., "results": [[id, outcome], ...], "calls": n, ...}.
 *
 *     publish_probe cloudwatch|emf PRESET [--query] [--namespace TEMPLATE]
 *         [--label [COMPONENT=]LABEL]...
 *
 * Credentials, region and address come from the environment, as the worker's do. */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "worker/aws/region.h"
#include "worker/publish/publisher.h"

enum { METRICS_MAX = 20000, WAIT_MS_MAX = 60000, LABELS_MAX = 8 };

struct probe {
    struct publisher_config config;
    const char *labels[LABELS_MAX];
    const struct publisher *publisher;
    char region[REGION_BYTES];
    struct metric metrics[METRICS_MAX];
    json_t *rows[METRICS_MAX]; /* own the texts */
    size_t count;
    bool finished;
};

static const char *text_in(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

static void read_metric(json_t *row, struct metric *out)
{
    const json_t *values = json_object_get(row, "values"), *counts = json_object_get(row, "counts");
    size_t count = json_array_size(values);
    double *numbers = memory_new(count + 1, sizeof *numbers);
    uint32_t *times = memory_new(count + 1, sizeof *times);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = json_number_value(json_array_get(values, i));
        times[i] = (uint32_t)json_integer_value(json_array_get(counts, i));
    }
    *out = (struct metric){
        .id = json_integer_value(json_object_get(row, "id")),
        .model = text_in(row, "model"),
        .endpoint = text_in(row, "endpoint"),
        .component = text_in(row, "component"),
        .name = text_in(row, "name"),
        .kind = text_in(row, "kind"),
        .unit = (enum metric_unit)json_integer_value(json_object_get(row, "unit")),
        .minute_ms = json_integer_value(json_object_get(row, "minute_ms")),
        .values = numbers,
        .counts = times,
        .count = count,
    };
}

static bool read_metrics(struct probe *probe, struct error *error)
{
    char *line = NULL;
    size_t room = 0;
    bool good = true;
    for (ssize_t size; good && (size = getline(&line, &room, stdin)) > 0;) {
        if (probe->count == METRICS_MAX)
            good = error_set(error, ERROR_INPUT, "more than %d metrics", METRICS_MAX);
        json_t *row =
            good ? json_read((struct str){line, (size_t)size}, &JSON_LIMITS_DOCUMENT, error) : NULL;
        good = good && row;
        if (!good)
            break;
        probe->rows[probe->count] = row;
        read_metric(row, &probe->metrics[probe->count++]);
    }
    free(line);
    return good;
}

static void print_results(void *owner, const struct publish_result *results, size_t count,
                          const struct error *error)
{
    struct probe *probe = owner;
    struct buffer line = {0};
    buffer_append_str(&line, STR("{\"error\":"));
    buffer_append_json(&line, str_of(error->text));
    buffer_append_str(&line, STR(",\"results\":["));
    for (size_t i = 0; i < count; i++)
        buffer_printf(&line, "%s[%" PRId64 ",\"%s\"]", i ? "," : "", results[i].id,
                      publish_outcome_name(results[i].outcome));
    buffer_append_str(&line, STR("]"));
    printf("%s", line.data);
    buffer_clear(&line);
    probe->finished = true;
}

static void wait_for_results(struct probe *probe, void *state)
{
    int64_t end_ms = clock_steady_ms() + WAIT_MS_MAX;
    while (!probe->finished && clock_steady_ms() < end_ms) {
        int wait_ms = probe->publisher->turn(state);
        struct pollfd ready = {.fd = http_descriptor(probe->config.http), .events = POLLIN};
        poll(&ready, 1, wait_ms >= 0 && wait_ms < 1000 ? wait_ms : 1000);
        http_turn(probe->config.http);
    }
}

static bool publish_all(struct probe *probe, struct error *error)
{
    void *state = probe->publisher->open(&probe->config, error);
    if (!state)
        return false;
    probe->publisher->publish(state, probe->metrics, probe->count, print_results, probe);
    wait_for_results(probe, state);
    http_cancel_all(probe->config.http);
    http_turn(probe->config.http);
    struct publisher_counts counts;
    probe->publisher->counts(state, &counts);
    probe->publisher->close(state);
    printf(",\"calls\":%" PRIu64 ",\"retries\":%" PRIu64 ",\"throttled\":%" PRIu64
           ",\"bytes\":%" PRIu64 "}\n",
           counts.calls, counts.retries, counts.throttled, counts.bytes);
    return true;
}

static bool read_arguments(struct probe *probe, int count, char **words)
{
    static const struct publisher *const publishers[] = {&PUBLISHER_CLOUDWATCH, &PUBLISHER_EMF};
    for (size_t i = 0; count > 2 && i < sizeof publishers / sizeof *publishers; i++)
        if (strcmp(publishers[i]->name, words[1]) == 0)
            probe->publisher = publishers[i];
    probe->config.naming.preset = count > 2 ? metric_preset_find(words[2]) : NULL;
    probe->config.naming.labels = probe->labels;
    for (int i = 3; i < count; i++) {
        if (strcmp(words[i], "--query") == 0)
            probe->config.query_form = true;
        else if (strcmp(words[i], "--namespace") == 0 && i + 1 < count)
            probe->config.naming.namespace_template = words[++i];
        else if (strcmp(words[i], "--label") == 0 && i + 1 < count &&
                 probe->config.naming.label_count < LABELS_MAX)
            probe->labels[probe->config.naming.label_count++] = words[++i];
        else
            return false;
    }
    return probe->publisher != NULL;
}

int main(int count, char **words)
{
    struct probe *probe = memory_new(1, sizeof *probe);
    struct error error = {0};
    struct keyring_options options = {0};
    if (!read_arguments(probe, count, words)) {
        fputs("usage: publish_probe cloudwatch|emf PRESET [--query] [--namespace TEMPLATE] "
              "[--label [COMPONENT=]LABEL]...\n",
              stderr);
        return 2;
    }
    probe->config.out = stdout;
    probe->config.http = http_new();
    bool good = read_metrics(probe, &error) && region_find(NULL, NULL, probe->region, &error);
    probe->config.region = probe->region;
    if (good && probe->publisher == &PUBLISHER_CLOUDWATCH)
        good = (probe->config.keyring = keyring_open(&options, &error)) != NULL;
    good = good && publish_all(probe, &error);
    if (!good)
        fprintf(stderr, "publish_probe: %s\n", error.text);
    http_free(probe->config.http);
    keyring_close(probe->config.keyring);
    for (size_t i = 0; i < probe->count; i++) {
        free((void *)probe->metrics[i].values);
        free((void *)probe->metrics[i].counts);
        json_decref(probe->rows[i]);
    }
    free(probe);
    return good ? 0 : 3;
}
