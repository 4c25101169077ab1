/* console: what a worker tells over HTTP. */
#include "worker/console/console.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <microhttpd.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/store/quality.h"

enum {
    CONNECTIONS_MAX = 16,
    CONNECTION_TIMEOUT_S = 5,
    REQUEST_BYTES_MAX = 8192,
    TICK_MS_MAX = 30000, /* a lane that does not come round so long is dead */
    HOST_BYTES = 64,
};

struct console {
    struct MHD_Daemon *daemon;
    struct console_config config;
    atomic_bool draining;
};

/* ---- pages ---- */

struct page {
    const char *path;
    const char *type;
    unsigned (*write)(const struct console *console, struct buffer *out); /* gives the status */
};

static unsigned write_live(const struct console *console, struct buffer *out)
{
    int64_t now = clock_steady_ms();
    for (size_t i = 0; i < console->config.lane_count; i++) {
        int64_t ticked = atomic_load(&console->config.counters[i]->ticked_ms);
        if (now - ticked < TICK_MS_MAX)
            continue;
        buffer_printf(out, "lane %zu has not come round for %lld s\n", i,
                      (long long)(now - ticked) / 1000);
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    buffer_append_str(out, STR("ok\n"));
    return MHD_HTTP_OK;
}

static unsigned write_ready(const struct console *console, struct buffer *out)
{
    if (atomic_load(&console->draining)) {
        buffer_append_str(out, STR("draining\n"));
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    return write_live(console, out);
}

struct family {
    const char *name, *type, *help, *labels; /* labels: "" or {state="scored"} */
    enum counter counter;
};

/* Lines of one name stand together. */
static const struct family FAMILIES[] = {
    {"assay_messages_consumed_total", "counter", "Messages taken in.", "", COUNT_DELIVERED},
    {"assay_messages_adopted_total", "counter", "Messages whose rows the shard held already.", "",
     COUNT_ADOPTED},
    {"assay_terminal_total", "counter", "Deliveries by how they ended.", "{state=\"scored\"}",
     COUNT_SCORED},
    {"assay_terminal_total", "counter", "", "{state=\"duplicate\"}", COUNT_DUPLICATE},
    {"assay_terminal_total", "counter", "", "{state=\"unmatched\"}", COUNT_UNMATCHED},
    {"assay_terminal_total", "counter", "", "{state=\"invalid\"}", COUNT_INVALID},
    {"assay_store_transactions_total", "counter", "Transactions of rows.", "", COUNT_TRANSACTIONS},
    {"assay_commits_total", "counter", "Offset commits by the broker's answer.",
     "{answer=\"accepted\"}", COUNT_COMMITS},
    {"assay_commits_total", "counter", "", "{answer=\"refused\"}", COUNT_COMMITS_REFUSED},
    {"assay_answers_skipped_total", "counter", "Questions a rule left unanswered.", "",
     COUNT_ANSWERS_SKIPPED},
    {"assay_metrics_total", "counter", "Published metric minutes by outcome.", "{outcome=\"sent\"}",
     COUNT_METRICS_SENT},
    {"assay_metrics_total", "counter", "", "{outcome=\"ambiguous\"}", COUNT_METRICS_AMBIGUOUS},
    {"assay_metrics_total", "counter", "", "{outcome=\"refused\"}", COUNT_METRICS_REFUSED},
    {"assay_in_flight", "gauge", "Deliveries not yet recorded.", "", COUNT_IN_FLIGHT},
    {"assay_partitions_owned", "gauge", "Partitions owned now.", "", COUNT_PARTITIONS},
};

static int64_t sum(const struct console *console, enum counter counter)
{
    int64_t total = 0;
    for (size_t i = 0; i < console->config.lane_count; i++)
        total += atomic_load(&console->config.counters[i]->value[counter]);
    return total;
}

/* A label's value: quotes, backslashes and line ends escaped. */
static void write_label(struct buffer *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buffer_append_str(out, STR("\\"));
        buffer_append(out, *value == '\n' ? " " : value, 1);
    }
}

static void write_labels(struct buffer *out, const char *name, const struct quality_line *line)
{
    buffer_printf(out, "%s{model=\"", name);
    write_label(out, line->model);
    buffer_append_str(out, STR("\",criterion=\""));
    write_label(out, line->criterion);
    buffer_append_str(out, STR("\",dimension=\""));
    write_label(out, line->dimension);
    buffer_append_str(out, STR("\""));
}

static void write_statuses(struct buffer *out, const struct quality_line *line)
{
    const struct {
        const char *status;
        int64_t count;
    } counts[] = {{"scored", line->scored},
                  {"not_applicable", line->not_applicable},
                  {"skipped", line->skipped},
                  {"error", line->error}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        write_labels(out, "assay_scores_total", line);
        buffer_printf(out, ",status=\"%s\"} %lld\n", counts[i].status, (long long)counts[i].count);
    }
}

/* Counters of acked rows: a rate of sums over a rate of counts is a mean. */
static void write_quality(const struct console *console, struct buffer *out)
{
    struct quality quality = {0};
    struct error error = {0};
    const struct console_config *config = &console->config;
    for (size_t i = 0; i < config->lane_count; i++)
        quality_add(&quality, config->shards[i], config->models, config->model_count, &error);
    buffer_append_str(out, STR("# HELP assay_scores_total Scores by status.\n"
                               "# TYPE assay_scores_total counter\n"));
    for (size_t i = 0; i < quality.count; i++)
        write_statuses(out, &quality.lines[i]);
    buffer_append_str(out, STR("# HELP assay_score_sum Sum of scored values, each 0 to 1.\n"
                               "# TYPE assay_score_sum counter\n"));
    for (size_t i = 0; i < quality.count; i++) {
        write_labels(out, "assay_score_sum", &quality.lines[i]);
        buffer_printf(out, "} %.10g\n", quality.lines[i].sum);
    }
    buffer_append_str(out,
                      STR("# HELP assay_scores_passed_total Scores at or above the threshold.\n"
                          "# TYPE assay_scores_passed_total counter\n"));
    for (size_t i = 0; i < quality.count; i++) {
        write_labels(out, "assay_scores_passed_total", &quality.lines[i]);
        buffer_printf(out, "} %lld\n", (long long)quality.lines[i].passed);
    }
    quality_clear(&quality);
}

static unsigned write_metrics(const struct console *console, struct buffer *out)
{
    for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++) {
        const struct family *one = &FAMILIES[i];
        if (one->help[0])
            buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", one->name, one->help, one->name,
                          one->type);
        buffer_printf(out, "%s%s %lld\n", one->name, one->labels,
                      (long long)sum(console, one->counter));
    }
    buffer_printf(out,
                  "# HELP assay_build_info The version that runs.\n"
                  "# TYPE assay_build_info gauge\nassay_build_info{version=\"%s\"} 1\n",
                  ASSAY_VERSION);
    write_quality(console, out);
    return MHD_HTTP_OK;
}

static const struct page PAGES[] = {
    {"/livez", "text/plain", write_live},
    {"/readyz", "text/plain", write_ready},
    {"/metrics", "text/plain; version=0.0.4", write_metrics},
};

/* ---- serving ---- */

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             struct buffer *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->size, body->data ? body->data : "", MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    buffer_clear(body);
    return result;
}

static enum MHD_Result serve(void *owner, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    (void)version, (void)upload, (void)state;
    const struct console *console = owner;
    struct buffer body = {0};
    if (*upload_size > 0)
        return MHD_NO;
    if (strcmp(method, "GET") != 0) {
        buffer_append_str(&body, STR("only GET\n"));
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", &body);
    }
    for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++) {
        if (strcmp(url, PAGES[i].path) != 0)
            continue;
        unsigned status = PAGES[i].write(console, &body);
        return reply(connection, status, PAGES[i].type, &body);
    }
    buffer_append_str(&body, STR("there are /livez, /readyz and /metrics\n"));
    return reply(connection, MHD_HTTP_NOT_FOUND, "text/plain", &body);
}

/* ---- opening ---- */

/* "host:port" by its last colon; an empty host is loopback. */
static bool read_address(const char *text, struct sockaddr_storage *out, bool *out_v6)
{
    const char *colon = strrchr(text, ':');
    char host[HOST_BYTES], *end;
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    long port = strtol(colon + 1, &end, 10);
    if (*end || end == colon + 1 || port < 0 || port > 65535)
        return false;
    bool v6 = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(colon - text) - 2 * v6, text + v6);
    *out_v6 = v6;
    if (v6) {
        struct sockaddr_in6 *address = (struct sockaddr_in6 *)out;
        *address =
            (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        return inet_pton(AF_INET6, host, &address->sin6_addr) == 1;
    }
    struct sockaddr_in *address = (struct sockaddr_in *)out;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host[0] ? host : "127.0.0.1", &address->sin_addr) == 1;
}

bool console_address_valid(const char *address, struct error *error)
{
    struct sockaddr_storage ignored;
    bool v6;
    return read_address(address, &ignored, &v6) ||
           error_set(error, ERROR_INPUT,
                     "--listen must be ADDRESS:PORT, such as 127.0.0.1:9464, not %.60s", address);
}

struct console *console_open(const struct console_config *config, struct error *error)
{
    struct sockaddr_storage socket_address = {0};
    bool v6 = false;
    if (!console_address_valid(config->address, error) ||
        !read_address(config->address, &socket_address, &v6))
        return NULL;
    struct console *console = memory_new(1, sizeof *console);
    console->config = *config;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | (v6 ? MHD_USE_IPv6 : 0u);
    console->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, serve, console, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&socket_address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)REQUEST_BYTES_MAX * 4, MHD_OPTION_END);
    if (console->daemon)
        return console;
    error_set(error, ERROR_FATAL, "cannot listen at %s: is the port taken?", config->address);
    free(console);
    return NULL;
}

void console_close(struct console *console)
{
    if (!console)
        return;
    MHD_stop_daemon(console->daemon);
    free(console);
}

void console_drain(struct console *console)
{
    if (console)
        atomic_store(&console->draining, true);
}

int console_port(const struct console *console)
{
    return MHD_get_daemon_info(console->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}
