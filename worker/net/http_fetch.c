/* http_fetch: one request, waited for, and waiting itself. */
#include "worker/net/http.h"

#include <poll.h>
#include "schema/base/clock.h"
#include "worker/net/received.h"

struct waiter {
    struct received *kept;
    struct http_reply *out;
    bool finished;
};

static void keep_reply(void *owner, const struct http_reply *reply)
{
    struct waiter *waiter = owner;
    struct received *kept = waiter->kept;
    kept->bytes_max = reply->body.size;
    received_body(kept, reply->body);
    for (size_t i = 0; i < reply->header_count; i++)
        received_header(kept, str_of(reply->headers[i].name), str_of(reply->headers[i].value));
    *waiter->out = *reply;
    received_show(kept, waiter->out);
    waiter->finished = true;
}

bool http_fetch(struct http *http, const struct http_request *request, struct http_reply *out)
{
    struct received *kept = http_fetched(http);
    received_clear(kept);
    struct waiter waiter = {.kept = kept, .out = out};
    http_send(http, request, keep_reply, &waiter);
    while (!waiter.finished)
        http_wait(http);
    return out->failure == HTTP_OK;
}

void http_wait(struct http *http)
{
    if (http_interrupted(http))
        http_cancel_all(http);
    size_t in_flight = http_in_flight(http);
    http_turn(http);
    if (http_in_flight(http) < in_flight)
        return;
    struct pollfd ready = {.fd = http_descriptor(http), .events = POLLIN};
    poll(&ready, 1, http_wait_ms(http));
}

void http_pause(struct http *http, int64_t ms)
{
    int64_t end_ms = clock_steady_ms() + ms;
    for (int64_t left = ms; left > 0 && !http_interrupted(http);
         left = end_ms - clock_steady_ms()) {
        struct pollfd ready = {.fd = http_descriptor(http), .events = POLLIN};
        poll(&ready, 1, left < 60000 ? (int)left : 60000);
        http_turn(http);
    }
}
