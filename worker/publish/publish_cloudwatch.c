/* publish_cloudwatch: PutMetricData, at most once a metric.
 *
 * The service has no idempotency token: what is sent twice is counted twice. So a call is tried
 * again only when it surely was not carried out: no connection, or a reply that says so. When the
 * outcome is unknown the metrics are ambiguous and never go out again. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/aws/aws_error.h"
#include "worker/aws/region.h"
#include "worker/aws/sigv4.h"
#include "schema/base/gzip.h"
#include "worker/publish/publish_batch.h"
#include "worker/publish/publisher.h"

enum {
    TRIES_MAX = 3,
    TIMEOUT_MS = 10000,
    REPLY_BYTES_MAX = 65536,
    IN_FLIGHT_MAX = 4, /* calls at once; others wait their turn */
    REQUEST_HEADERS_MAX = 12,
    RENEWAL_MS = 2000, /* what the keyring needs to fetch new keys */
};

/* One request, through all its tries. */
struct call {
    struct call *next; /* of those that wait */
    struct cloudwatch *publisher;
    struct batch *batch;
    struct run run;
    unsigned tries;
    int64_t not_before_ms; /* steady clock */
    char key_id[64];       /* signed with, as far as it fits */
};

struct cloudwatch {
    struct publisher_config config;
    enum cloudwatch_form form;
    struct endpoint endpoint;
    struct sigv4_signer signer;
    struct sigv4_signed signed_headers;
    struct call *waiting;
    size_t in_flight;
    int64_t clock_offset_ms; /* learned from a reply that refused our time */
    struct publisher_counts counts;
};

static void start_waiting(struct cloudwatch *publisher);

static void end_call(struct call *call, enum publish_outcome outcome)
{
    struct batch *batch = call->batch;
    publish_batch_note(batch, call->run, outcome);
    free(call);
    if (--batch->calls_left > 0)
        return;
    publish_batch_finish(batch);
    publish_batch_free(batch);
}

static void wait_ms(struct call *call, int64_t ms)
{
    call->not_before_ms = clock_steady_ms() + ms;
    call->next = call->publisher->waiting;
    call->publisher->waiting = call;
}

/* The call surely had no effect. */
static void again_or_failed(struct call *call, int64_t ms)
{
    if (call->tries >= TRIES_MAX)
        end_call(call, PUBLISH_FAILED);
    else
        wait_ms(call, ms);
}

/* One bad metric makes the service refuse the whole call: halves, until it stands alone. */
static void halve(struct call *call)
{
    if (call->run.count == 1) {
        end_call(call, PUBLISH_REFUSED);
        return;
    }
    struct call *half = memory_new(1, sizeof *half);
    *half = *call;
    call->run.count /= 2;
    half->run.first += call->run.count;
    half->run.count -= call->run.count;
    call->tries = half->tries = 0;
    call->batch->calls_left++;
    wait_ms(call, 0);
    wait_ms(half, 0);
}

static void take_error(struct call *call, enum aws_error meaning, const struct http_reply *reply)
{
    struct cloudwatch *publisher = call->publisher;
    switch (meaning) {
    case AWS_OK:
        end_call(call, PUBLISH_SENT);
        return;
    case AWS_THROTTLED:
        publisher->counts.throttled++;
        again_or_failed(call, aws_backoff_ms(call->tries));
        return;
    case AWS_UNAVAILABLE:
        again_or_failed(call, aws_backoff_ms(call->tries));
        return;
    case AWS_EXPIRED:
        keyring_renew(publisher->config.keyring, call->key_id);
        again_or_failed(call, RENEWAL_MS + aws_backoff_ms(call->tries));
        return;
    case AWS_SKEWED:
        publisher->clock_offset_ms = aws_clock_offset_ms(reply);
        again_or_failed(call, 0);
        return;
    case AWS_DENIED:
        end_call(call, PUBLISH_FAILED);
        return;
    case AWS_INVALID:
        halve(call);
        return;
    case AWS_BROKEN:
        end_call(call, PUBLISH_AMBIGUOUS);
        return;
    }
}

static void on_reply(void *owner, const struct http_reply *reply)
{
    struct call *call = owner;
    struct cloudwatch *publisher = call->publisher;
    struct error *error = &call->batch->error;
    bool cancelled = reply->failure == HTTP_CANCELLED;
    publisher->in_flight--;
    if (reply->failure == HTTP_OK) {
        char code[AWS_ERROR_CODE_BYTES];
        aws_error_code(reply, code);
        enum aws_error meaning = aws_error_of(reply, code);
        if (meaning != AWS_OK)
            error_set(error, meaning == AWS_INVALID ? ERROR_INPUT : ERROR_TRANSIENT,
                      "CloudWatch at %s answered %ld %s", publisher->endpoint.host, reply->status,
                      code);
        take_error(call, meaning, reply);
    } else {
        error_set(error, ERROR_TRANSIENT, "CloudWatch at %s: %s", publisher->endpoint.host,
                  http_failure_name(reply->failure));
        if (reply->failure == HTTP_CONNECT)
            again_or_failed(call, aws_backoff_ms(call->tries));
        else
            end_call(call, reply->failure == HTTP_INVALID ? PUBLISH_FAILED : PUBLISH_AMBIGUOUS);
    }
    if (!cancelled)
        start_waiting(publisher);
}

/* The headers of the chosen form; how many. */
static size_t form_headers(const struct cloudwatch *publisher, bool packed,
                           struct http_header *headers)
{
    size_t count = 0;
    if (publisher->form == CLOUDWATCH_JSON) {
        headers[count++] = (struct http_header){"Content-Type", "application/x-amz-json-1.0"};
        headers[count++] =
            (struct http_header){"X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData"};
        headers[count++] = (struct http_header){"x-amzn-query-mode", "true"};
    } else {
        headers[count++] = (struct http_header){"Content-Type",
                                                "application/x-www-form-urlencoded; charset=utf-8"};
    }
    if (packed)
        headers[count++] = (struct http_header){"Content-Encoding", "gzip"};
    return count;
}

static void sign_and_send(struct call *call, const struct credentials *keys, struct str body,
                          bool packed)
{
    struct cloudwatch *publisher = call->publisher;
    struct http_header headers[REQUEST_HEADERS_MAX];
    size_t count = form_headers(publisher, packed, headers);
    char attempt[32];
    struct buffer url = {0}, path = {0};
    snprintf(attempt, sizeof attempt, "attempt=%u; max=%d", call->tries, TRIES_MAX);
    headers[count++] = (struct http_header){"amz-sdk-request", attempt};
    buffer_printf(&url, "%s/", publisher->endpoint.url);
    buffer_printf(&path, "%s/", publisher->endpoint.path);
    struct sigv4_request request = {
        .method = "POST",
        .host = publisher->endpoint.host,
        .path = buffer_str(&path),
        .headers = headers,
        .header_count = count,
        .body = body,
        .region = publisher->config.region,
        .service = "monitoring",
        .now_ms = clock_wall_ms() + publisher->clock_offset_ms,
    };
    sigv4_sign(&publisher->signer, &request, keys, &publisher->signed_headers);
    for (size_t i = 0; i < publisher->signed_headers.header_count; i++)
        headers[count++] = publisher->signed_headers.headers[i];
    snprintf(call->key_id, sizeof call->key_id, "%s", keys->access_key_id);
    http_send(publisher->config.http,
              &(struct http_request){.method = "POST",
                                     .url = url.data,
                                     .headers = headers,
                                     .header_count = count,
                                     .body = body,
                                     .timeout_ms = TIMEOUT_MS,
                                     .reply_bytes_max = REPLY_BYTES_MAX},
              on_reply, call);
    buffer_clear(&url);
    buffer_clear(&path);
}

static void try_call(struct call *call)
{
    struct cloudwatch *publisher = call->publisher;
    const struct credentials *keys = keyring_current(publisher->config.keyring);
    call->tries++;
    if (!keys) {
        error_set(&call->batch->error, ERROR_TRANSIENT,
                  "the AWS credentials have expired and no new ones came");
        again_or_failed(call, RENEWAL_MS);
        return;
    }
    struct buffer plain = {0}, packed = {0};
    publish_batch_body(call->batch, publisher->form, call->run, &plain);
    bool pack = plain.size >= CLOUDWATCH_GZIP_BYTES_MIN;
    if (pack)
        gzip_pack(buffer_str(&plain), &packed);
    struct str body = buffer_str(pack ? &packed : &plain);
    publisher->counts.calls++;
    publisher->counts.retries += call->tries > 1;
    publisher->counts.bytes += body.size;
    publisher->in_flight++;
    sign_and_send(call, keys, body, pack);
    buffer_clear(&plain);
    buffer_clear(&packed);
}

/* Takes one whose time has come out of the waiting ones. */
static struct call *take_due(struct cloudwatch *publisher, int64_t now_ms)
{
    for (struct call **place = &publisher->waiting; *place; place = &(*place)->next)
        if ((*place)->not_before_ms <= now_ms) {
            struct call *call = *place;
            *place = call->next;
            return call;
        }
    return NULL;
}

static void start_waiting(struct cloudwatch *publisher)
{
    int64_t now_ms = clock_steady_ms();
    while (publisher->in_flight < IN_FLIGHT_MAX) {
        struct call *call = take_due(publisher, now_ms);
        if (!call)
            return;
        try_call(call);
    }
}

static void publish(void *state, const struct metric *metrics, size_t count, publish_done *done,
                    void *owner)
{
    struct cloudwatch *publisher = state;
    int64_t now_ms = clock_wall_ms() + publisher->clock_offset_ms;
    struct batch *batch =
        publish_batch_new(publisher->form, &publisher->config.naming, metrics, count, now_ms);
    batch->done = done;
    batch->owner = owner;
    batch->calls_left = 1; /* ours, so that it lives until all calls are made */
    for (size_t first = 0; first < batch->datum_count;) {
        struct call *call = memory_new(1, sizeof *call);
        call->publisher = publisher;
        call->batch = batch;
        call->run = publish_batch_run(batch, publisher->form, first);
        first += call->run.count;
        batch->calls_left++;
        wait_ms(call, 0);
    }
    if (--batch->calls_left == 0) {
        publish_batch_finish(batch);
        publish_batch_free(batch);
    }
    start_waiting(publisher);
}

static int turn(void *state)
{
    struct cloudwatch *publisher = state;
    start_waiting(publisher);
    if (!publisher->waiting || publisher->in_flight >= IN_FLIGHT_MAX)
        return -1; /* a reply makes room and starts the next */
    int64_t first_ms = INT64_MAX, now_ms = clock_steady_ms();
    for (const struct call *call = publisher->waiting; call; call = call->next)
        if (call->not_before_ms < first_ms)
            first_ms = call->not_before_ms;
    return first_ms <= now_ms ? 0 : (int)(first_ms - now_ms);
}

static void counts(const void *state, struct publisher_counts *out)
{
    *out = ((const struct cloudwatch *)state)->counts;
}

static void close_publisher(void *state)
{
    struct cloudwatch *publisher = state;
    if (!publisher)
        return;
    assert(publisher->in_flight == 0 && "end the requests first: http_free or http_cancel_all");
    while (publisher->waiting) {
        struct call *call = publisher->waiting;
        publisher->waiting = call->next;
        end_call(call, PUBLISH_FAILED);
    }
    endpoint_clear(&publisher->endpoint);
    sigv4_signed_clear(&publisher->signed_headers);
    explicit_bzero(&publisher->signer, sizeof publisher->signer);
    free(publisher);
}

static void *open_publisher(const struct publisher_config *config, struct error *error)
{
    struct endpoint endpoint = {0};
    if (!metric_naming_check(&config->naming, error) ||
        !endpoint_find(config->endpoint_url, "CLOUDWATCH", "monitoring", config->region, &endpoint,
                       error)) {
        error_prefix(error, "publisher cloudwatch: ");
        return NULL;
    }
    struct cloudwatch *publisher = memory_new(1, sizeof *publisher);
    publisher->config = *config;
    publisher->endpoint = endpoint;
    publisher->form = config->query_form ? CLOUDWATCH_QUERY : CLOUDWATCH_JSON;
    return publisher;
}

const struct publisher PUBLISHER_CLOUDWATCH = {
    .name = "cloudwatch",
    .summary = "custom metrics in Amazon CloudWatch (PutMetricData)",
    .open = open_publisher,
    .publish = publish,
    .turn = turn,
    .counts = counts,
    .close = close_publisher,
};
