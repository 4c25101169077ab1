/* console: what a worker tells over HTTP. */
#include "worker/console/console.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <microhttpd.h>
#include "schema/base/memory.h"
#include "worker/console/console_inside.h"

enum {
    CONNECTIONS_MAX = 16,
    CONNECTION_TIMEOUT_S = 5,
    REQUEST_BYTES_MAX = 8192,
    HOST_BYTES = 64,
};

/* ---- pages ---- */

static unsigned page_index(struct console *console, struct buffer *out);

static const struct page {
    const char *path;
    const char *type;
    unsigned (*write)(struct console *console, struct buffer *out); /* gives the status */
    const char *summary;                                            /* NULL: not in the index */
} PAGES[] = {
    {"/", "text/plain; charset=utf-8", page_index, NULL},
    {"/livez", "text/plain; charset=utf-8", page_live, "200 while every lane comes round"},
    {"/readyz", "application/json", page_ready,
     "200 while every lane knows its partitions; else 503 and why"},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", page_metrics,
     "counters and histograms for Prometheus"},
    {"/shards", "application/json", page_shards,
     "the shards that reports read: /shards/NAME?from=MS&to=MS is one of them"},
    {"/marks", "application/json", page_marks, "what happened to models, for reports: assay mark"},
};
enum { PAGE_COUNT = sizeof PAGES / sizeof *PAGES };

static unsigned page_index(struct console *console, struct buffer *out)
{
    (void)console;
    for (size_t i = 0; i < PAGE_COUNT; i++)
        if (PAGES[i].summary)
            buffer_printf(out, "%-9s %s\n", PAGES[i].path, PAGES[i].summary);
    return MHD_HTTP_OK;
}

/* ---- serving ---- */

/* Takes what the body holds. */
static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             struct buffer *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        body->size, body->data ? body->data : memory_new(1, 1), free);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- a shard takes its time: it is read on a thread of its own, while others are served ---- */

struct shard_request {
    struct console *console;
    struct MHD_Connection *connection;
    const char *file; /* the connection's */
    int64_t from_ms, to_ms;
    pthread_t thread;
    bool threaded;
    unsigned status;
    struct buffer body;
};

static void *read_shard(void *owner)
{
    struct shard_request *request = owner;
    struct console *console = request->console;
    request->status =
        page_shard(console, request->file, request->from_ms, request->to_ms, &request->body);
    MHD_resume_connection(request->connection);
    atomic_store(&console->reading, false); /* the console may be closed from now on */
    return NULL;
}

/* A time of the query, in milliseconds; false when it is none. */
static bool read_time(struct MHD_Connection *connection, const char *name, int64_t *time_ms)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
    char *end;
    if (!text)
        return true;
    errno = 0;
    *time_ms = strtoll(text, &end, 10);
    return errno == 0 && end != text && !*end;
}

static enum MHD_Result start_shard(struct console *console, struct MHD_Connection *connection,
                                   const char *file, void **state)
{
    struct shard_request request = {
        .console = console, .connection = connection, .file = file, .to_ms = INT64_MAX};
    struct buffer body = {0};
    if (!read_time(connection, "from", &request.from_ms) ||
        !read_time(connection, "to", &request.to_ms)) {
        buffer_append_str(&body, STR("from and to are milliseconds since 1970-01-01T00:00:00Z\n"));
        return reply(connection, MHD_HTTP_BAD_REQUEST, "text/plain", &body);
    }
    if (atomic_exchange(&console->reading, true)) {
        buffer_append_str(&body, STR("a shard is being read: ask again\n"));
        return reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", &body);
    }
    struct shard_request *kept = memory_new(1, sizeof *kept);
    *kept = request;
    *state = kept;
    MHD_suspend_connection(connection);
    kept->threaded = pthread_create(&kept->thread, NULL, read_shard, kept) == 0;
    if (!kept->threaded)
        read_shard(kept);
    return MHD_YES;
}

/* Called twice: to start, and when the shard was read. */
static enum MHD_Result serve_shard(struct console *console, struct MHD_Connection *connection,
                                   const char *file, void **state)
{
    struct shard_request *request = *state;
    if (!request)
        return start_shard(console, connection, file, state);
    struct buffer body = request->body;
    request->body = (struct buffer){0};
    return reply(connection, request->status,
                 request->status == STATUS_OK ? "application/vnd.sqlite3" : "text/plain", &body);
}

static void completed(void *owner, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    (void)owner, (void)connection, (void)code;
    struct shard_request *request = *state;
    if (!request)
        return;
    if (request->threaded)
        pthread_join(request->thread, NULL);
    buffer_clear(&request->body);
    free(request);
    *state = NULL;
}

static const char SHARD_PREFIX[] = "/shards/";

static enum MHD_Result serve(void *owner, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    (void)version, (void)upload;
    struct console *console = owner;
    struct buffer body = {0};
    if (*upload_size > 0)
        return MHD_NO;
    if (strcmp(method, "GET") != 0) {
        buffer_append_str(&body, STR("only GET\n"));
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", &body);
    }
    if (strncmp(url, SHARD_PREFIX, sizeof SHARD_PREFIX - 1) == 0)
        return serve_shard(console, connection, url + sizeof SHARD_PREFIX - 1, state);
    for (size_t i = 0; i < PAGE_COUNT; i++) {
        if (strcmp(url, PAGES[i].path) != 0)
            continue;
        unsigned status = PAGES[i].write(console, &body);
        return reply(connection, status, PAGES[i].type, &body);
    }
    buffer_append_str(&body, STR("no such page; / lists those there are\n"));
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
    console->newest = memory_new(config->lane_count, sizeof(void *));
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     (v6 ? MHD_USE_IPv6 : 0u);
    console->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, serve, console, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&socket_address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)REQUEST_BYTES_MAX * 4, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
        MHD_OPTION_END);
    if (console->daemon)
        return console;
    error_set(error, ERROR_FATAL, "cannot listen at %s: is the port taken?", config->address);
    free(console->newest);
    free(console);
    return NULL;
}

void console_close(struct console *console)
{
    const struct timespec a_moment = {.tv_nsec = 10000000};
    if (!console)
        return;
    close(MHD_quiesce_daemon(console->daemon)); /* nobody new may ask */
    while (atomic_load(&console->reading))
        nanosleep(&a_moment, NULL);
    MHD_stop_daemon(console->daemon);
    for (size_t i = 0; i < console->config.lane_count; i++)
        totals_free(console->newest[i]);
    free(console->newest);
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
