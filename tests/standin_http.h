/* standin_http: a web server on loopback that says what a test tells it to, and remembers what it
 * was asked. */
#ifndef ASSAY_STANDIN_HTTP_H
#define ASSAY_STANDIN_HTTP_H

#include <stddef.h>

enum { STANDIN_REQUESTS_MAX = 64, STANDIN_REQUEST_BYTES_MAX = 4 << 20 };

/* What is done with one request, in the order they come; the last is repeated. */
struct standin_reply {
    const char *bytes; /* sent as they are: a status line and all; NULL: nothing */
    int delay_ms;      /* before */
    int keep_open;     /* 0: the connection is closed afterwards */
    int read_nothing;  /* 1: closed at once, before the request is read */
};

struct standin;

/* Serves one connection after the other in a thread of its own. */
struct standin *standin_start(const struct standin_reply *replies, size_t count);
int standin_port(const struct standin *standin);
/* Ends the thread and waits for it; further calls are fine. Requests can be read afterwards. */
void standin_stop(struct standin *standin);
/* Parts of requests count, too. */
size_t standin_request_count(const struct standin *standin);
/* The whole request, NUL-terminated; its body may hold NULs. */
const char *standin_request(const struct standin *standin, size_t index, size_t *out_size);
void standin_free(struct standin *standin);

#endif
