/* standin_http: a web server on loopback that says what a test tells it to. */
#include "tests/standin_http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include "schema/base/buffer.h"
#include "schema/base/memory.h"

enum { LOOK_MS = 10 };

struct standin {
    const struct standin_reply *replies;
    size_t reply_count;
    int listener, port;
    pthread_t thread;
    atomic_bool stop;
    bool joined;
    struct buffer requests[STANDIN_REQUESTS_MAX];
    atomic_size_t request_count;
};

/* False when the test ends it first. */
static bool wait_readable(struct standin *standin, int fd)
{
    while (!atomic_load(&standin->stop)) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, LOOK_MS) > 0)
            return true;
    }
    return false;
}

static size_t body_size(const char *head)
{
    const char *field = strcasestr(head, "\r\ncontent-length:");
    return field ? strtoul(field + strlen("\r\ncontent-length:"), NULL, 10) : 0;
}

static bool read_request(struct standin *standin, int fd, struct buffer *out)
{
    char chunk[65536];
    for (;;) {
        const char *end = out->size ? memmem(out->data, out->size, "\r\n\r\n", 4) : NULL;
        if (end && out->size >= (size_t)(end + 4 - out->data) + body_size(out->data))
            return true;
        if (out->size > STANDIN_REQUEST_BYTES_MAX || !wait_readable(standin, fd))
            return false;
        ssize_t got = recv(fd, chunk, sizeof chunk, 0);
        if (got <= 0)
            return false;
        buffer_append(out, chunk, (size_t)got);
    }
}

static const struct standin_reply *reply_for(const struct standin *standin, size_t index)
{
    return &standin->replies[index < standin->reply_count ? index : standin->reply_count - 1];
}

static void serve(struct standin *standin, int fd)
{
    for (bool open = true; open && standin->request_count < STANDIN_REQUESTS_MAX;) {
        size_t index = standin->request_count;
        const struct standin_reply *reply = reply_for(standin, index);
        if (reply->read_nothing) {
            standin->request_count++;
            return;
        }
        struct buffer *request = &standin->requests[index];
        if (!read_request(standin, fd, request)) {
            standin->request_count += request->size > 0; /* a part of one counts, too */
            return;
        }
        standin->request_count++;
        for (int waited = 0; waited < reply->delay_ms && !standin->stop; waited += LOOK_MS)
            poll(NULL, 0, LOOK_MS);
        if (reply->bytes)
            send(fd, reply->bytes, strlen(reply->bytes), MSG_NOSIGNAL);
        open = reply->keep_open;
    }
}

static void *run(void *owner)
{
    struct standin *standin = owner;
    while (wait_readable(standin, standin->listener)) {
        int fd = accept(standin->listener, NULL, NULL);
        if (fd < 0)
            continue;
        serve(standin, fd);
        close(fd);
    }
    return NULL;
}

struct standin *standin_start(const struct standin_reply *replies, size_t count)
{
    struct standin *standin = memory_new(1, sizeof *standin);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    standin->replies = replies;
    standin->reply_count = count;
    standin->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(standin->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(standin->listener, 64) != 0 ||
        getsockname(standin->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&standin->thread, NULL, run, standin) != 0)
        abort();
    standin->port = ntohs(address.sin_port);
    return standin;
}

int standin_port(const struct standin *standin)
{
    return standin->port;
}

void standin_stop(struct standin *standin)
{
    if (standin->joined)
        return;
    atomic_store(&standin->stop, true);
    pthread_join(standin->thread, NULL);
    close(standin->listener);
    standin->joined = true;
}

size_t standin_request_count(const struct standin *standin)
{
    return standin->request_count;
}

const char *standin_request(const struct standin *standin, size_t index, size_t *out_size)
{
    if (out_size)
        *out_size = standin->requests[index].size;
    return buffer_str(&standin->requests[index]).data;
}

void standin_free(struct standin *standin)
{
    standin_stop(standin);
    for (size_t i = 0; i < STANDIN_REQUESTS_MAX; i++)
        buffer_clear(&standin->requests[i]);
    free(standin);
}
