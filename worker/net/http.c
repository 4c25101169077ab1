/* http: many HTTP/1.1 requests in flight on one thread (libcurl multi, socket_action, epoll). */
#include "worker/net/http.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <curl/curl.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/net/received.h"

enum {
    CONNECT_TIMEOUT_MS = 3000,
    IDLE_SECONDS_MAX = 30, /* servers close idle connections: an older one is not reused */
    IDLE_CONNECTIONS_MAX = 256,
    UPLOAD_CHUNK_BYTES = 16384, /* the least libcurl takes: 64 KiB a request would be its default */
    EVENTS_PER_WAIT = 64,
    WAITS_PER_TURN_MAX = 16, /* so that one turn ends even when sockets never fall silent */
    FREE_ROUNDS_MAX = 16,
};

/* One request on its way and the reply as it comes in. */
struct exchange {
    struct exchange *next, *previous; /* in flight or finished, see struct http */
    struct http *http;
    CURL *easy;
    struct curl_slist *sent_headers;
    struct buffer sent_body;
    size_t sent; /* bytes of it that libcurl took */
    int64_t started_ms;
    enum http_failure failure;
    struct received received;
    long status;
    void (*done)(void *owner, const struct http_reply *reply);
    void *owner;
};

struct exchanges {
    struct exchange *first, *last;
};

struct http {
    CURLM *multi;
    int epoll_fd, timer_fd, interrupt_fd;
    const char *ca_bundle;     /* NULL: the system's */
    struct exchanges running;  /* owned by `multi` until they finish */
    struct exchanges finished; /* not yet called back */
    size_t in_flight;          /* of both */
    int64_t curl_due_us;       /* when libcurl wants its timeouts looked at; -1: never */
    bool closing;
    atomic_bool interrupted;
    struct received fetched; /* of the last http_fetch */
};

static void list_append(struct exchanges *list, struct exchange *exchange)
{
    exchange->next = NULL;
    exchange->previous = list->last;
    if (list->last)
        list->last->next = exchange;
    else
        list->first = exchange;
    list->last = exchange;
}

static void list_remove(struct exchanges *list, struct exchange *exchange)
{
    if (exchange->previous)
        exchange->previous->next = exchange->next;
    else
        list->first = exchange->next;
    if (exchange->next)
        exchange->next->previous = exchange->previous;
    else
        list->last = exchange->previous;
}

static void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->sent_headers);
    buffer_clear(&exchange->sent_body);
    received_clear(&exchange->received);
    free(exchange);
}

/* Curl's due time, or at once when callbacks wait. */
static void set_timer(struct http *http)
{
    struct itimerspec when = {0}; /* as it is, this disarms */
    int64_t wait_us = http->curl_due_us - clock_steady_us();
    if (http->finished.first || (http->curl_due_us >= 0 && wait_us <= 0))
        when.it_value.tv_nsec = 1;
    else if (http->curl_due_us >= 0)
        when.it_value = (struct timespec){wait_us / 1000000, wait_us % 1000000 * 1000};
    timerfd_settime(http->timer_fd, 0, &when, NULL);
}

static void finish(struct exchange *exchange, enum http_failure failure)
{
    exchange->failure = failure;
    list_append(&exchange->http->finished, exchange);
    set_timer(exchange->http);
}

/* --- what libcurl calls --- */

static int on_timer(CURLM *multi, long timeout_ms, void *owner)
{
    (void)multi;
    struct http *http = owner;
    http->curl_due_us = timeout_ms < 0 ? -1 : clock_steady_us() + timeout_ms * 1000;
    set_timer(http);
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *known)
{
    (void)easy;
    struct http *http = owner;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(http->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    struct epoll_event event = {.data.fd = fd};
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    int change = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(http->epoll_fd, change, fd, &event) != 0) {
        /* A number that was closed and given out again behind our back. */
        change = errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        if (epoll_ctl(http->epoll_fd, change, fd, &event) != 0)
            return -1;
    }
    curl_multi_assign(http->multi, fd, http);
    return 0;
}

static size_t on_send(char *out, size_t size, size_t count, void *owner)
{
    struct exchange *exchange = owner;
    size_t room = size * count, left = exchange->sent_body.size - exchange->sent;
    size_t take = left < room ? left : room;
    memcpy(out, exchange->sent_body.data + exchange->sent, take);
    exchange->sent += take;
    return take;
}

/* libcurl asks for this only to send a body a second time, on a fresh connection after a reused one
 * broke. The first may have been carried out: refused, and the caller decides. */
static int on_rewind(void *owner, curl_off_t offset, int origin)
{
    struct exchange *exchange = owner;
    bool nothing_sent = exchange->sent == 0 && offset == 0 && origin == SEEK_SET;
    return nothing_sent ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t on_body(char *data, size_t size, size_t count, void *owner)
{
    struct exchange *exchange = owner;
    size_t bytes = size * count;
    return received_body(&exchange->received, (struct str){data, bytes}) ? bytes : 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *owner)
{
    struct exchange *exchange = owner;
    size_t bytes = size * count;
    return received_header_line(&exchange->received, (struct str){data, bytes}) ? bytes : 0;
}

/* --- making and ending --- */

static void init_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("assay: libcurl cannot start\n", stderr);
        abort();
    }
}

static void watch(struct http *http, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0 || epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        fputs("assay: no file descriptor left for HTTP; raise `ulimit -n`\n", stderr);
        abort();
    }
}

struct http *http_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl);
    struct http *http = memory_new(1, sizeof *http);
    http->curl_due_us = -1;
    http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    http->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    http->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    watch(http, http->timer_fd);
    watch(http, http->interrupt_fd);
    const char *bundle = getenv("AWS_CA_BUNDLE");
    http->ca_bundle = bundle && *bundle ? bundle : NULL;
    http->multi = curl_multi_init();
    if (!http->multi)
        abort();
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
    return http;
}

void http_cancel_all(struct http *http)
{
    for (struct exchange *exchange; (exchange = http->running.first);) {
        list_remove(&http->running, exchange);
        curl_multi_remove_handle(http->multi, exchange->easy);
        finish(exchange, HTTP_CANCELLED);
    }
}

static void call_back(struct http *http);

void http_free(struct http *http)
{
    if (!http)
        return;
    http->closing = true;
    http_cancel_all(http);
    for (int round = 0; http->finished.first; round++) {
        assert(round < FREE_ROUNDS_MAX && "a callback sends again after HTTP_CANCELLED");
        call_back(http);
    }
    received_clear(&http->fetched);
    curl_multi_cleanup(http->multi);
    close(http->epoll_fd);
    close(http->timer_fd);
    close(http->interrupt_fd);
    free(http);
}

/* --- sending --- */

/* `name` with its colon. */
static bool names_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        size_t size = strlen(request->headers[i].name);
        if (strncasecmp(request->headers[i].name, name, size) == 0 && name[size] == ':')
            return true;
    }
    return false;
}

static void add_header_line(struct exchange *exchange, const char *line)
{
    struct curl_slist *longer = curl_slist_append(exchange->sent_headers, line);
    if (!longer)
        abort();
    exchange->sent_headers = longer;
}

static bool set_headers(struct exchange *exchange, const struct http_request *request)
{
    struct buffer line = {0};
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (strpbrk(header->name, "\r\n") || strpbrk(header->value, "\r\n")) {
            buffer_clear(&line);
            return false;
        }
        buffer_reset(&line); /* "name;" is how libcurl spells a header without value */
        buffer_printf(&line, *header->value ? "%s: %s" : "%s;", header->name, header->value);
        add_header_line(exchange, line.data);
    }
    buffer_clear(&line);
    /* What libcurl would add unasked. */
    static const char *const unwanted[] = {"Expect:", "Content-Type:", "Accept:"};
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        if (!names_header(request, unwanted[i]))
            add_header_line(exchange, unwanted[i]);
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->sent_headers);
    return true;
}

static void set_method(struct exchange *exchange, const struct http_request *request)
{
    CURL *easy = exchange->easy;
    if (strcmp(request->method, "GET") == 0)
        return;
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    if (request->body.size == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    } else {
        /* Not POSTFIELDS: libcurl would send it again by itself, see on_rewind. */
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_CHUNK_BYTES);
    }
    if (strcmp(request->method, "POST") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_transport(struct exchange *exchange, const struct http_request *request)
{
    CURL *easy = exchange->easy;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS_MAX);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* as it was signed */
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (exchange->http->ca_bundle)
        curl_easy_setopt(easy, CURLOPT_CAINFO, exchange->http->ca_bundle);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "assay/" ASSAY_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
}

void http_send(struct http *http, const struct http_request *request,
               void (*done)(void *owner, const struct http_reply *reply), void *owner)
{
    struct exchange *exchange = memory_new(1, sizeof *exchange);
    exchange->http = http;
    exchange->done = done;
    exchange->owner = owner;
    exchange->received.bytes_max = request->reply_bytes_max;
    exchange->started_ms = clock_steady_ms();
    http->in_flight++;
    if (http->closing) {
        finish(exchange, HTTP_CANCELLED);
        return;
    }
    if (!(exchange->easy = curl_easy_init()))
        abort();
    buffer_append_str(&exchange->sent_body, request->body);
    set_transport(exchange, request);
    set_method(exchange, request);
    curl_easy_setopt(exchange->easy, CURLOPT_URL, request->url);
    if (strpbrk(request->url, "\r\n") || !set_headers(exchange, request)) {
        finish(exchange, HTTP_INVALID);
        return;
    }
    list_append(&http->running, exchange);
    curl_multi_add_handle(http->multi, exchange->easy);
}

/* --- moving on --- */

/* Whether a byte of the request left us decides what a failure means. */
static enum http_failure failure_of(const struct exchange *exchange, CURLcode result)
{
    if (exchange->received.too_long)
        return HTTP_TOO_LONG;
    if (result == CURLE_OK)
        return HTTP_OK;
    long sent = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (sent == 0 && (result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL))
        return HTTP_INVALID;
    if (sent == 0)
        return HTTP_CONNECT;
    return result == CURLE_OPERATION_TIMEDOUT ? HTTP_TIMEOUT : HTTP_BROKEN;
}

static void collect_finished(struct http *http)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct exchange *exchange = NULL;
        CURLcode result = message->data.result; /* gone once the handle is removed */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &exchange->status);
        enum http_failure failure = failure_of(exchange, result);
        list_remove(&http->running, exchange);
        curl_multi_remove_handle(http->multi, exchange->easy);
        finish(exchange, failure);
    }
}

static struct http_reply reply_of(struct exchange *exchange)
{
    struct http_reply reply = {
        .failure = exchange->failure,
        .status = exchange->status,
        .duration_ms = clock_steady_ms() - exchange->started_ms,
    };
    received_show(&exchange->received, &reply);
    return reply;
}

/* Those that are finished now; what their callbacks finish in turn waits for the next call. */
static void call_back(struct http *http)
{
    struct exchange *next = http->finished.first;
    http->finished = (struct exchanges){0};
    while (next) {
        struct exchange *exchange = next;
        next = exchange->next;
        http->in_flight--;
        struct http_reply reply = reply_of(exchange);
        exchange->done(exchange->owner, &reply);
        exchange_free(exchange);
    }
    set_timer(http);
}

static void take_event(struct http *http, const struct epoll_event *event)
{
    int running, fd = event->data.fd;
    uint64_t count;
    if (fd == http->interrupt_fd)
        return; /* stays readable: http_fetch looks at the flag */
    if (fd == http->timer_fd) {
        if (read(fd, &count, sizeof count) == sizeof count)
            curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        return;
    }
    int what = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(http->multi, fd, what, &running);
}

void http_turn(struct http *http)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    for (int wait = 0; wait < WAITS_PER_TURN_MAX; wait++) {
        int count = epoll_wait(http->epoll_fd, events, EVENTS_PER_WAIT, 0);
        for (int i = 0; i < count; i++)
            take_event(http, &events[i]);
        if (count < EVENTS_PER_WAIT)
            break;
    }
    collect_finished(http);
    call_back(http);
}

int http_descriptor(const struct http *http)
{
    return http->epoll_fd;
}

int http_wait_ms(const struct http *http)
{
    return http->finished.first ? 0 : -1; /* timeouts are in the descriptor, as a timerfd */
}

size_t http_in_flight(const struct http *http)
{
    return http->in_flight;
}

struct received *http_fetched(struct http *http)
{
    return &http->fetched;
}

bool http_interrupted(const struct http *http)
{
    return atomic_load(&http->interrupted);
}

void http_interrupt(struct http *http)
{
    atomic_store(&http->interrupted, true);
    uint64_t one = 1;
    ssize_t written = write(http->interrupt_fd, &one, sizeof one);
    (void)written; /* it fails only when full, and so readable already */
}
