/* received: a reply as it comes in, within bounds. Within worker/net alone. */
#ifndef ASSAY_RECEIVED_H
#define ASSAY_RECEIVED_H

#include <stdbool.h>
#include "schema/base/buffer.h"
#include "worker/net/http.h"

enum {
    REPLY_HEADERS_MAX = 64,
    REPLY_HEADER_BYTES_MAX = 16384, /* of all names and values */
};

/* Where a header's texts begin in `head`, which may move while it grows. */
struct header_place {
    size_t name, value;
};

/* Zero-initialise and set bytes_max; received_clear gives the memory back. */
struct received {
    size_t bytes_max; /* of the body */
    bool too_long;    /* a bound was met: nothing more is taken */
    struct buffer head, body;
    struct header_place places[REPLY_HEADERS_MAX];
    struct http_header headers[REPLY_HEADERS_MAX];
    size_t header_count;
};

/* All: false, and `too_long`, beyond the bounds. */
bool received_body(struct received *received, struct str bytes);
bool received_header(struct received *received, struct str name, struct str value);
/* A whole line; a status line forgets the headers of an interim reply before it. */
bool received_header_line(struct received *received, struct str line);
/* Body and headers into `out`, borrowed from `received`. */
void received_show(struct received *received, struct http_reply *out);
void received_clear(struct received *received);

/* What http_fetch needs of a struct http: where its reply lives on. */
struct received *http_fetched(struct http *http);

#endif
