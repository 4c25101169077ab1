/* s3: the address of a bucket, signed requests, and what replies mean. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/aws/s3_inside.h"

enum { TIMEOUT_MS = 60000, RENEWAL_MS = 1000 };

static const char SCHEME[] = "s3://";

bool s3_is_uri(const char *text)
{
    return strncmp(text, SCHEME, sizeof SCHEME - 1) == 0;
}

bool s3_parse_uri(const char *uri, char bucket[S3_BUCKET_BYTES], struct str *prefix,
                  struct error *error)
{
    const char *name = uri + sizeof SCHEME - 1;
    size_t size = strcspn(name, "/");
    bool valid = s3_is_uri(uri) && size >= 3 && size < S3_BUCKET_BYTES;
    for (size_t i = 0; valid && i < size; i++)
        valid = islower((unsigned char)name[i]) || isdigit((unsigned char)name[i]) ||
                (strchr(".-", name[i]) && i > 0 && i + 1 < size);
    if (!valid)
        return error_set(error, ERROR_INPUT, "\"%.100s\" is not s3://bucket/prefix", uri);
    snprintf(bucket, S3_BUCKET_BYTES, "%.*s", (int)size, name);
    *prefix = str_of(name + size + (name[size] == '/'));
    return true;
}

/* ---- the address ---- */

static bool is_configured(const char *url)
{
    const char *own = getenv("AWS_ENDPOINT_URL_S3"), *all = getenv("AWS_ENDPOINT_URL");
    return (url && *url) || (own && *own) || (all && *all);
}

static bool find_address(struct s3 *s3, struct error *error)
{
    char host[S3_BUCKET_BYTES + 8];
    bool by_path = is_configured(s3->options.url) || strchr(s3->bucket, '.');
    snprintf(host, sizeof host, by_path ? "s3" : "%s.s3", s3->bucket);
    if (!endpoint_find(s3->options.url, "S3", host, s3->region, &s3->endpoint, error))
        return false;
    buffer_printf(&s3->path, "%s", s3->endpoint.path);
    if (by_path)
        buffer_printf(&s3->path, "/%s", s3->bucket);
    return true;
}

struct s3 *s3_open(const struct s3_options *options, const char *bucket, struct error *error)
{
    struct s3 *s3 = memory_new(1, sizeof *s3);
    s3->options = *options;
    snprintf(s3->region, sizeof s3->region, "%s", options->region);
    snprintf(s3->bucket, sizeof s3->bucket, "%s", bucket);
    if (find_address(s3, error))
        return s3;
    s3_close(s3);
    return NULL;
}

void s3_close(struct s3 *s3)
{
    if (!s3)
        return;
    endpoint_clear(&s3->endpoint);
    buffer_clear(&s3->path);
    sigv4_signed_clear(&s3->signed_headers);
    explicit_bzero(&s3->signer, sizeof s3->signer);
    free(s3);
}

/* ---- a request ---- */

bool s3_send(struct s3 *s3, const struct s3_request *request, char out_key_id[S3_KEY_ID_BYTES],
             void (*done)(void *owner, const struct http_reply *reply), void *owner)
{
    const struct credentials *keys = keyring_current(s3->options.keyring);
    struct http_header headers[S3_HEADERS_MAX + SIGV4_HEADERS_MAX];
    struct buffer path = {0}, url = {0};
    size_t count = request->header_count;
    if (!keys)
        return false;
    for (size_t i = 0; i < count; i++)
        headers[i] = request->headers[i];
    buffer_printf(&path, "%s/", s3->path.data ? s3->path.data : "");
    sigv4_encode(&path, request->key, "/");
    sigv4_sign(&s3->signer,
               &(struct sigv4_request){.method = "GET",
                                       .host = s3->endpoint.host,
                                       .path = buffer_str(&path),
                                       .path_is_final = true,
                                       .query = request->query,
                                       .headers = headers,
                                       .header_count = count,
                                       .region = s3->region,
                                       .service = "s3",
                                       .now_ms = clock_wall_ms() + s3->clock_offset_ms,
                                       .add_body_hash = true},
               keys, &s3->signed_headers);
    for (size_t i = 0; i < s3->signed_headers.header_count; i++)
        headers[count++] = s3->signed_headers.headers[i];
    snprintf(out_key_id, S3_KEY_ID_BYTES, "%s", keys->access_key_id);
    /* the endpoint's own path is in `path` */
    size_t base = strlen(s3->endpoint.url) - strlen(s3->endpoint.path);
    buffer_printf(&url, "%.*s%s%s%.*s", (int)base, s3->endpoint.url, path.data,
                  request->query.size ? "?" : "", STR_ARGS(request->query));
    http_send(s3->options.http,
              &(struct http_request){.method = "GET",
                                     .url = url.data,
                                     .headers = headers,
                                     .header_count = count,
                                     .timeout_ms = TIMEOUT_MS,
                                     .reply_bytes_max = request->reply_bytes_max},
              done, owner);
    buffer_clear(&path);
    buffer_clear(&url);
    return true;
}

/* ---- a reply ---- */

/* S3 says in a header where a bucket is. */
static int64_t other_region(const struct s3 *s3, const char *region, struct error *error)
{
    error_set(error, ERROR_INPUT, "bucket %s is in region %.60s, not %s: say --region %.60s",
              s3->bucket, region, s3->region, region);
    return -1;
}

static int64_t again(unsigned tries, int64_t ms)
{
    return tries < S3_TRIES_MAX ? ms + 1 : -1;
}

int64_t s3_advise(struct s3 *s3, const struct http_reply *reply, const char *key_id, unsigned tries,
                  struct error *error)
{
    char code[AWS_ERROR_CODE_BYTES];
    *error = (struct error){0};
    if (reply->failure != HTTP_OK) {
        error_set(error, ERROR_TRANSIENT, "S3 at %s: %s", s3->endpoint.host,
                  http_failure_name(reply->failure));
        bool hopeless = reply->failure == HTTP_CANCELLED || reply->failure == HTTP_INVALID ||
                        reply->failure == HTTP_TOO_LONG;
        return hopeless ? -1 : again(tries, aws_backoff_ms(tries));
    }
    if (reply->status == 200 || reply->status == 206)
        return 0;
    const char *region = http_reply_header(reply, "x-amz-bucket-region");
    if (region && strcmp(region, s3->region) != 0)
        return other_region(s3, region, error);
    aws_error_code(reply, code);
    enum aws_error meaning = aws_error_of(reply, code);
    bool final = meaning == AWS_DENIED || meaning == AWS_INVALID;
    error_set(error, final ? ERROR_INPUT : ERROR_TRANSIENT,
              "S3 at %s answered %ld %s for bucket %s", s3->endpoint.host, reply->status, code,
              s3->bucket);
    switch (meaning) {
    case AWS_EXPIRED:
        keyring_renew(s3->options.keyring, key_id);
        return again(tries, RENEWAL_MS + aws_backoff_ms(tries));
    case AWS_SKEWED:
        s3->clock_offset_ms = aws_clock_offset_ms(reply);
        return again(tries, 0);
    case AWS_DENIED:
    case AWS_INVALID:
        return -1;
    default: /* to read is to change nothing: whatever may pass is tried again */
        return again(tries, aws_backoff_ms(tries));
    }
}
