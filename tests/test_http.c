/* Does HTTP say what happened, once, and never send twice? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <zlib.h>

#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "tests/standin_http.h"
#include "schema/base/gzip.h"
#include "worker/net/http.h"

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One:  two \r\n\r\nok"

enum { WAIT_MS_MAX = 10000 };

struct seen {
    size_t calls;
    enum http_failure failure;
    long status;
    char body[64], header[64];
};

static void note(void *owner, const struct http_reply *reply)
{
    struct seen *seen = owner;
    seen->calls++;
    seen->failure = reply->failure;
    seen->status = reply->status;
    snprintf(seen->body, sizeof seen->body, "%.*s", STR_ARGS(reply->body));
    const char *header = http_reply_header(reply, "x-one");
    snprintf(seen->header, sizeof seen->header, "%s", header ? header : "(none)");
}

static void run_until_quiet(struct http *http)
{
    int64_t end_ms = clock_steady_ms() + WAIT_MS_MAX;
    while (http_in_flight(http)) {
        assert_true(clock_steady_ms() < end_ms);
        struct pollfd ready = {.fd = http_descriptor(http), .events = POLLIN};
        poll(&ready, 1, http_wait_ms(http) < 0 ? 1000 : http_wait_ms(http));
        http_turn(http);
    }
}

static struct http_request request_to(char *url, size_t room, int port, const char *body)
{
    snprintf(url, room, "http://127.0.0.1:%d/p", port);
    return (struct http_request){.method = body ? "POST" : "GET",
                                 .url = url,
                                 .body = str_of(body),
                                 .timeout_ms = 5000,
                                 .reply_bytes_max = 1000};
}

static void a_failure_has_its_name_and_the_request_goes_out_once(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        struct standin_reply reply;
        const char *body;
        int64_t timeout_ms;
        size_t reply_bytes_max;
        enum http_failure failure;
        long status;
    } cases[] = {
        {"whole", {.bytes = OK_REPLY}, "x", 5000, 2, HTTP_OK, 200},
        {"error status",
         {.bytes = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"},
         "x",
         5000,
         9,
         HTTP_OK,
         503},
        {"redirect is not followed",
         {.bytes = "HTTP/1.1 302 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"},
         "x",
         5000,
         9,
         HTTP_OK,
         302},
        {"one byte too long", {.bytes = OK_REPLY}, "x", 5000, 1, HTTP_TOO_LONG, 200},
        {"cut off",
         {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"},
         "x",
         5000,
         99,
         HTTP_BROKEN,
         200},
        {"closed without reply", {.bytes = NULL}, "x", 5000, 99, HTTP_BROKEN, 0},
        {"not HTTP", {.bytes = "hello\r\n\r\n"}, "x", 5000, 99, HTTP_BROKEN, 0},
        {"too slow", {.bytes = OK_REPLY, .delay_ms = 3000}, "x", 150, 99, HTTP_TIMEOUT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct standin *standin = standin_start(&cases[i].reply, 1);
        struct http *http = http_new();
        struct seen seen = {0};
        char url[64];
        struct http_request request =
            request_to(url, sizeof url, standin_port(standin), cases[i].body);
        request.timeout_ms = cases[i].timeout_ms;
        request.reply_bytes_max = cases[i].reply_bytes_max;
        http_send(http, &request, note, &seen);
        assert_int_equal(seen.calls, 0);
        run_until_quiet(http);
        if (seen.failure != cases[i].failure || seen.status != cases[i].status)
            print_error("%s: %s, status %ld\n", cases[i].label, http_failure_name(seen.failure),
                        seen.status);
        assert_int_equal(seen.calls, 1);
        assert_int_equal(seen.failure, cases[i].failure);
        assert_int_equal(seen.status, cases[i].status);
        http_free(http);
        standin_stop(standin);
        assert_int_equal(standin_request_count(standin), 1);
        standin_free(standin);
    }
}

static void what_cannot_be_sent_says_so(void **state)
{
    (void)state;
    static const struct http_header split = {"X-A", "b\r\nX-Evil: c"};
    static const struct {
        const char *url;
        const struct http_header *header;
        enum http_failure failure;
    } cases[] = {
        {"http://127.0.0.1:1/", NULL, HTTP_CONNECT}, /* nobody listens on port 1 */
        {"http://name.invalid/", NULL, HTTP_CONNECT},
        {"http://127.0.0.1:1/", &split, HTTP_INVALID},
        {"http://127.0.0.1:1/\r\nX: y", NULL, HTTP_INVALID},
        {"file:///etc/passwd", NULL, HTTP_INVALID},
        {"no address", NULL, HTTP_INVALID},
    };
    struct http *http = http_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen seen = {0};
        struct http_request request = {.method = "POST",
                                       .url = cases[i].url,
                                       .headers = cases[i].header,
                                       .header_count = cases[i].header != NULL,
                                       .body = STR("x"),
                                       .timeout_ms = 5000,
                                       .reply_bytes_max = 10};
        http_send(http, &request, note, &seen);
        run_until_quiet(http);
        assert_int_equal(seen.calls, 1);
        if (seen.failure != cases[i].failure)
            print_error("%s: %s\n", cases[i].url, http_failure_name(seen.failure));
        assert_int_equal(seen.failure, cases[i].failure);
    }
    http_free(http);
}

/* The second request goes out on the kept connection, which then breaks before any reply: the
 * server may have carried it out, so that libcurl's own resend would be a second one. */
static void a_broken_kept_connection_is_not_sent_again(void **state)
{
    (void)state;
    static const struct standin_reply replies[] = {
        {.bytes = OK_REPLY, .keep_open = 1},
        {.bytes = NULL},
        {.bytes = OK_REPLY},
    };
    struct standin *standin = standin_start(replies, 3);
    struct http *http = http_new();
    struct seen seen = {0};
    char url[64];
    struct http_request request = request_to(url, sizeof url, standin_port(standin), "body");
    http_send(http, &request, note, &seen);
    run_until_quiet(http);
    assert_int_equal(seen.failure, HTTP_OK);
    assert_string_equal(seen.body, "ok");
    assert_string_equal(seen.header, "two");
    http_send(http, &request, note, &seen);
    run_until_quiet(http);
    assert_int_equal(seen.calls, 2);
    assert_int_equal(seen.failure, HTTP_BROKEN);
    http_free(http);
    standin_stop(standin);
    assert_int_equal(standin_request_count(standin), 2);
    standin_free(standin);
}

static void only_what_was_asked_for_is_sent(void **state)
{
    (void)state;
    static const struct standin_reply reply = {.bytes = OK_REPLY};
    static const struct {
        const char *method, *body, *first_line;
    } cases[] = {
        {"POST", "a=b", "POST /p HTTP/1.1\r\n"}, {"POST", "", "POST /p HTTP/1.1\r\n"},
        {"PUT", "", "PUT /p HTTP/1.1\r\n"},      {"PUT", "xyz", "PUT /p HTTP/1.1\r\n"},
        {"GET", "", "GET /p HTTP/1.1\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct standin *standin = standin_start(&reply, 1);
        struct http *http = http_new();
        char url[64], length[64];
        struct http_request request = request_to(url, sizeof url, standin_port(standin), NULL);
        static const struct http_header headers[] = {{"X-Full", "1"}, {"X-Empty", ""}};
        request.method = cases[i].method;
        request.body = str_of(cases[i].body);
        request.headers = headers;
        request.header_count = 2;
        struct http_reply out;
        assert_true(http_fetch(http, &request, &out));
        assert_int_equal(out.status, 200);
        assert_true(str_is(out.body, "ok"));
        assert_string_equal(http_reply_header(&out, "x-one"), "two");
        http_free(http);
        standin_stop(standin);
        const char *sent = standin_request(standin, 0, NULL);
        assert_ptr_equal(strstr(sent, cases[i].first_line), sent);
        assert_non_null(strstr(sent, "\r\nX-Full: 1\r\n"));
        assert_non_null(strstr(sent, "\r\nX-Empty:\r\n"));
        assert_null(strcasestr(sent, "\r\nExpect:"));
        assert_null(strcasestr(sent, "\r\nContent-Type:"));
        assert_string_equal(strstr(sent, "\r\n\r\n") + 4, cases[i].body);
        snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(cases[i].body));
        if (strcmp(cases[i].method, "GET") != 0)
            assert_non_null(strstr(sent, length));
        standin_free(standin);
    }
}

static void a_large_body_arrives_whole(void **state)
{
    (void)state;
    static const struct standin_reply reply = {.bytes = OK_REPLY};
    enum { SIZE = 1200000 };
    char *body = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)(i * 7 % 251);
    struct standin *standin = standin_start(&reply, 1);
    struct http *http = http_new();
    char url[64];
    struct http_request request = request_to(url, sizeof url, standin_port(standin), "");
    request.body = (struct str){body, SIZE};
    struct http_reply out;
    assert_true(http_fetch(http, &request, &out));
    http_free(http);
    standin_stop(standin);
    size_t size;
    const char *sent = standin_request(standin, 0, &size);
    assert_null(strcasestr(sent, "\r\nExpect:")); /* libcurl adds it to large bodies */
    const char *at = (const char *)memmem(sent, size, "\r\n\r\n", 4) + 4;
    assert_int_equal(sent + size - at, SIZE);
    assert_memory_equal(at, body, SIZE);
    standin_free(standin);
    free(body);
}

/* Resends from its callback until it is told that it was cancelled. */
struct sender {
    struct http *http;
    const struct http_request *request;
    size_t replies, cancelled;
};

static void send_again(void *owner, const struct http_reply *reply)
{
    struct sender *sender = owner;
    if (reply->failure == HTTP_CANCELLED) {
        sender->cancelled++;
        return;
    }
    sender->replies++;
    http_send(sender->http, sender->request, send_again, sender);
}

static void freeing_calls_back_everything_in_flight(void **state)
{
    (void)state;
    static const struct standin_reply replies[] = {{.bytes = OK_REPLY, .keep_open = 1},
                                                   {.delay_ms = 3000}};
    struct standin *standin = standin_start(replies, 2);
    struct http *http = http_new();
    char url[64];
    struct http_request request = request_to(url, sizeof url, standin_port(standin), "x");
    struct sender sender = {http, &request, 0, 0};
    for (int i = 0; i < 20; i++)
        http_send(http, &request, send_again, &sender);
    http_turn(http);
    while (sender.replies == 0) {
        struct pollfd ready = {.fd = http_descriptor(http), .events = POLLIN};
        poll(&ready, 1, 1000);
        http_turn(http);
    }
    assert_int_equal(http_in_flight(http), 20);
    http_cancel_all(http);
    assert_int_equal(sender.cancelled, 0);
    http_turn(http);
    assert_int_equal(sender.cancelled, 20);
    for (int i = 0; i < 5; i++)
        http_send(http, &request, send_again, &sender);
    http_turn(http);
    http_free(http);
    assert_int_equal(sender.cancelled, 25);
    standin_free(standin);
}

static void *interrupt_soon(void *http)
{
    poll(NULL, 0, 100);
    http_interrupt(http);
    return NULL;
}

static void a_wait_ends_when_it_is_interrupted(void **state)
{
    (void)state;
    static const struct standin_reply reply = {.delay_ms = 5000};
    struct standin *standin = standin_start(&reply, 1);
    struct http *http = http_new();
    char url[64];
    struct http_request request = request_to(url, sizeof url, standin_port(standin), "x");
    struct http_reply out;
    pthread_t thread;
    int64_t start_ms = clock_steady_ms();
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, http), 0);
    assert_false(http_fetch(http, &request, &out));
    assert_int_equal(out.failure, HTTP_CANCELLED);
    http_pause(http, 5000);
    assert_true(clock_steady_ms() - start_ms < 2000);
    pthread_join(thread, NULL);
    http_free(http);
    standin_free(standin);
}

static void a_reply_with_too_many_headers_is_too_long(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    buffer_append_str(&bytes, STR("HTTP/1.1 200 OK\r\n"));
    for (int i = 0; i < 65; i++) /* one more than are taken */
        buffer_printf(&bytes, "X-%d: y\r\n", i);
    buffer_append_str(&bytes, STR("Content-Length: 0\r\n\r\n"));
    struct standin_reply reply = {.bytes = bytes.data};
    struct standin *standin = standin_start(&reply, 1);
    struct http *http = http_new();
    char url[64];
    struct http_request request = request_to(url, sizeof url, standin_port(standin), "x");
    struct http_reply out;
    assert_false(http_fetch(http, &request, &out));
    assert_int_equal(out.failure, HTTP_TOO_LONG);
    http_free(http);
    standin_free(standin);
    buffer_clear(&bytes);
}

static void gzip_is_read_back_by_zlib(void **state)
{
    (void)state;
    struct buffer plain = {0}, packed = {0};
    for (int i = 0; i < 20000; i++)
        buffer_printf(&plain, "%d,", i * 31);
    gzip_pack(buffer_str(&plain), &packed);
    assert_true(packed.size < plain.size / 2);
    z_stream stream = {.next_in = (Bytef *)packed.data, .avail_in = (uInt)packed.size};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    char *back = malloc(plain.size + 1);
    stream.next_out = (Bytef *)back;
    stream.avail_out = (uInt)plain.size + 1;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, plain.size);
    assert_memory_equal(back, plain.data, plain.size);
    inflateEnd(&stream);
    free(back);
    buffer_clear(&plain);
    buffer_clear(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_has_its_name_and_the_request_goes_out_once),
        cmocka_unit_test(what_cannot_be_sent_says_so),
        cmocka_unit_test(a_broken_kept_connection_is_not_sent_again),
        cmocka_unit_test(only_what_was_asked_for_is_sent),
        cmocka_unit_test(a_large_body_arrives_whole),
        cmocka_unit_test(freeing_calls_back_everything_in_flight),
        cmocka_unit_test(a_wait_ends_when_it_is_interrupted),
        cmocka_unit_test(a_reply_with_too_many_headers_is_too_long),
        cmocka_unit_test(gzip_is_read_back_by_zlib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
