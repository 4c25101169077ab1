/* http: many HTTP/1.1 requests in flight on one thread (libcurl multi, socket_action, epoll). */
#ifndef ASSAY_HTTP_H
#define ASSAY_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/str.h"

struct http; /* one per lane; not shared between threads */

struct http_header {
    const char *name;
    const char *value;
};

struct http_request {
    const char *method; /* "POST" */
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    struct str body;        /* copied */
    int64_t timeout_ms;     /* of the whole exchange */
    size_t reply_bytes_max; /* a longer reply fails with HTTP_TOO_LONG */
};

enum http_failure {
    HTTP_OK = 0,  /* a whole reply came, whatever its status */
    HTTP_CONNECT, /* no connection: refused, no route, name not found, TLS */
    HTTP_TIMEOUT,
    HTTP_BROKEN, /* the connection ended before the reply was whole */
    HTTP_TOO_LONG,
    HTTP_CANCELLED, /* http_free, http_cancel_all or http_interrupt */
    HTTP_INVALID,   /* the request cannot be sent as it is: bad URL, line break in a header */
};
/* After HTTP_CONNECT, HTTP_INVALID and any status the server refused with, the request had no
 * effect. After HTTP_TIMEOUT, HTTP_BROKEN, HTTP_TOO_LONG and HTTP_CANCELLED nobody knows: it may
 * have been carried out. Nothing is ever sent twice by itself. */
const char *http_failure_name(enum http_failure failure);

struct http_reply {
    enum http_failure failure;
    long status;                       /* 200, ...; 0 when none came */
    struct str body;                   /* borrowed until the callback returns */
    const struct http_header *headers; /* names in lower case; borrowed likewise */
    size_t header_count;
    int64_t duration_ms;
};

/* NULL when the reply has no such header; `name` in lower case. */
const char *http_reply_header(const struct http_reply *reply, const char *name);

/* Certificates are checked against the system's, or those of the file AWS_CA_BUNDLE names. */
struct http *http_new(void);
/* Every request still in flight is called back with HTTP_CANCELLED; a callback that is told so must
 * not send again. Not from within a callback. NULL is fine. */
void http_free(struct http *http);
/* The same without the end: the next http_turn calls back. */
void http_cancel_all(struct http *http);

/* Starts a request. `done` is called once, from http_turn (never from http_send), on this thread.
 * All of `request` is copied. */
void http_send(struct http *http, const struct http_request *request,
               void (*done)(void *owner, const struct http_reply *reply), void *owner);
/* A descriptor that becomes readable when http_turn has something to do: for the lane's epoll. */
int http_descriptor(const struct http *http);
/* Moves everything that can move, calls back what is finished; never blocks. */
void http_turn(struct http *http);
/* http_turn must be called again after so many ms at the latest; -1: only when readable. */
int http_wait_ms(const struct http *http);
size_t http_in_flight(const struct http *http);

/* One request, waited for: for commands and credentials, not for lanes with work in flight. True
 * when a whole reply came, whatever its status. The reply's body and headers live until the next
 * call with the same `http`. */
bool http_fetch(struct http *http, const struct http_request *request, struct http_reply *out);
/* Waits until something moved or the time of http_wait_ms is over. Ends what is in flight after
 * http_interrupt. For those who have requests in flight and nothing else to do. */
void http_wait(struct http *http);
/* Waits, moving on what is in flight, until the time is over or http_interrupt ends it. */
void http_pause(struct http *http, int64_t ms);
/* From any thread: an http_fetch or http_pause that waits, and every later one, ends at once,
 * a fetch with HTTP_CANCELLED. There is no way back; not for lanes. */
void http_interrupt(struct http *http);
/* For those that wait for something else meanwhile. */
bool http_interrupted(const struct http *http);

#endif
