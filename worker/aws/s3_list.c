/* s3_list: what a bucket holds below a prefix. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "worker/aws/s3_inside.h"
#include "worker/aws/xml_read.h"

enum { PAGE_BYTES_MAX = 8 << 20 };

/* One page of the list, and where it goes. */
struct page {
    bool (*object)(void *owner, const struct s3_object *object);
    void *owner;
    bool stopped, broken;
};

/* encoding-type=url: as of an HTML form. */
static void decode(struct buffer *out, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i] == '+' ? ' ' : text.data[i];
        if (c == '%' && i + 2 < text.size && isxdigit((unsigned char)text.data[i + 1]) &&
            isxdigit((unsigned char)text.data[i + 2])) {
            const char digits[] = {text.data[i + 1], text.data[i + 2], '\0'};
            c = (char)strtol(digits, NULL, 16);
            i += 2;
        }
        buffer_append(out, &c, 1);
    }
}

static void take_object(void *owner, struct str inside)
{
    struct page *page = owner;
    struct buffer key = {0}, name = {0}, size = {0}, etag = {0}, modified = {0};
    if (page->stopped || page->broken)
        return;
    struct s3_object object = {0};
    page->broken = !xml_text(inside, "Key", &name) || !xml_text(inside, "Size", &size);
    if (!page->broken) {
        decode(&key, buffer_str(&name));
        object.key = buffer_str(&key);
        object.size = strtoll(size.data ? size.data : "0", NULL, 10);
        if (xml_text(inside, "ETag", &etag) && etag.size < sizeof object.etag)
            memcpy(object.etag, etag.data, etag.size);
        if (xml_text(inside, "LastModified", &modified))
            clock_parse_rfc3339(buffer_str(&modified), &object.modified_ms);
        page->stopped = !page->object(page->owner, &object);
    }
    buffer_clear(&key);
    buffer_clear(&name);
    buffer_clear(&size);
    buffer_clear(&etag);
    buffer_clear(&modified);
}

/* A reply that is waited for. */
struct waiting {
    struct s3 *s3;
    const char *key_id;
    unsigned tries;
    struct page *page;
    struct buffer token; /* of the next page; empty: this was the last */
    int64_t again_ms;    /* as s3_advise says */
    struct error error;
    bool finished;
};

static void take_page(void *owner, const struct http_reply *reply)
{
    struct waiting *waiting = owner;
    struct buffer more = {0};
    waiting->finished = true;
    waiting->again_ms =
        s3_advise(waiting->s3, reply, waiting->key_id, waiting->tries, &waiting->error);
    if (waiting->again_ms != 0)
        return;
    buffer_reset(&waiting->token);
    bool whole = xml_text(reply->body, "ListBucketResult/IsTruncated", &more);
    if (whole && str_is(buffer_str(&more), "true"))
        whole = xml_text(reply->body, "ListBucketResult/NextContinuationToken", &waiting->token);
    buffer_clear(&more);
    if (!whole || !xml_each(reply->body, "ListBucketResult/Contents", take_object, waiting->page) ||
        waiting->page->broken) {
        waiting->again_ms = -1;
        error_set(&waiting->error, ERROR_TRANSIENT, "S3 at %s: the list cannot be read",
                  waiting->s3->endpoint.host);
    }
}

static void append_parameter(struct buffer *query, const char *name, struct str value)
{
    if (value.size == 0)
        return;
    buffer_printf(query, "%s%s=", query->size ? "&" : "", name);
    sigv4_encode(query, value, "");
}

/* One page, tried until it comes or will not. */
static bool get_page(struct waiting *waiting, struct str query)
{
    struct http *http = waiting->s3->options.http;
    char key_id[S3_KEY_ID_BYTES] = "";
    waiting->key_id = key_id;
    for (waiting->tries = 1;; waiting->tries++) {
        const struct s3_request request = {.query = query, .reply_bytes_max = PAGE_BYTES_MAX};
        waiting->finished = false;
        if (!s3_send(waiting->s3, &request, key_id, take_page, waiting)) {
            error_set(&waiting->error, ERROR_TRANSIENT,
                      "the AWS credentials have expired and no new ones came");
            waiting->again_ms = waiting->tries < S3_TRIES_MAX ? 1000 : -1;
            waiting->finished = true;
        }
        while (!waiting->finished)
            http_wait(http);
        if (waiting->again_ms <= 0)
            return waiting->again_ms == 0;
        http_pause(http, waiting->again_ms);
        if (http_interrupted(http))
            return false;
    }
}

bool s3_list(struct s3 *s3, struct str prefix, struct str after,
             bool (*object)(void *owner, const struct s3_object *object), void *owner,
             struct error *error)
{
    struct page page = {.object = object, .owner = owner};
    struct waiting waiting = {.s3 = s3, .page = &page};
    struct buffer query = {0}, token = {0};
    bool fine = true, more = true;
    while (fine && more && !page.stopped) {
        buffer_reset(&query);
        append_parameter(&query, "continuation-token", buffer_str(&token));
        append_parameter(&query, "encoding-type", STR("url"));
        append_parameter(&query, "list-type", STR("2"));
        append_parameter(&query, "prefix", prefix);
        append_parameter(&query, "start-after", token.size ? (struct str){0} : after);
        fine = get_page(&waiting, buffer_str(&query));
        buffer_reset(&token);
        buffer_append_str(&token, buffer_str(&waiting.token));
        more = token.size > 0;
    }
    if (!fine)
        error_set(error, waiting.error.kind, "%s", waiting.error.text);
    buffer_clear(&query);
    buffer_clear(&token);
    buffer_clear(&waiting.token);
    return fine;
}
