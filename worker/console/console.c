/* console: what a worker tells over HTTP. */
#include "worker/console/console.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
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
    struct console *console = owner;
    struct buffer body = {0};
    if (*upload_size > 0)
        return MHD_NO;
    if (strcmp(method, "GET") != 0) {
        buffer_append_str(&body, STR("only GET\n"));
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", &body);
    }
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
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | (v6 ? MHD_USE_IPv6 : 0u);
    console->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, serve, console, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&socket_address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)REQUEST_BYTES_MAX * 4, MHD_OPTION_END);
    if (console->daemon)
        return console;
    error_set(error, ERROR_FATAL, "cannot listen at %s: is the port taken?", config->address);
    free(console->newest);
    free(console);
    return NULL;
}

void console_close(struct console *console)
{
    if (!console)
        return;
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
