/* sigv4: signs requests to AWS (Signature Version 4), in headers or in the query. */
#include "worker/aws/sigv4.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include "schema/base/memory.h"

static const char ALGORITHM[] = "AWS4-HMAC-SHA256";

/* Proxies and libraries change these on the way, or signing sets them itself. */
static const char *const UNSIGNED[] = {
    "authorization",
    "connection",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amzn-trace-id",
};

/* --- encoding --- */

static bool is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

void sigv4_encode(struct buffer *out, struct str text, const char *keep)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (is_unreserved(c) || (c && strchr(keep, c)))
            buffer_append(out, &text.data[i], 1);
        else
            buffer_printf(out, "%%%02X", c);
    }
}

/* Encodes what is not encoded yet; hex digits become upper case. */
static void encode_query_part(struct buffer *out, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char *c = (const unsigned char *)text.data + i;
        if (*c == '%' && text.size - i >= 3 && isxdigit(c[1]) && isxdigit(c[2])) {
            buffer_printf(out, "%%%c%c", toupper(c[1]), toupper(c[2]));
            i += 2;
        } else {
            sigv4_encode(out, (struct str){text.data + i, 1}, "");
        }
    }
}

/* The text before the first `separator`; `rest` moves behind it. */
static struct str cut(struct str *rest, char separator)
{
    const char *end = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
    struct str part = {rest->data, end ? (size_t)(end - rest->data) : rest->size};
    size_t used = part.size + (end ? 1 : 0);
    *rest = (struct str){rest->data ? rest->data + used : NULL, rest->size - used};
    return part;
}

/* RFC 3986's remove_dot_segments, with empty segments dropped too; then encoded. */
static void append_path(struct buffer *out, struct str path)
{
    struct buffer clean = {0};
    struct str rest = path, segment = {0};
    while (rest.size) {
        segment = cut(&rest, '/');
        if (segment.size == 0 || str_is(segment, "."))
            continue;
        if (str_is(segment, "..")) {
            while (clean.size && clean.data[--clean.size] != '/') {
            }
            continue;
        }
        buffer_append(&clean, "/", 1);
        buffer_append_str(&clean, segment);
    }
    bool ends_in_slash = path.size && path.data[path.size - 1] == '/';
    if (clean.size == 0 || ends_in_slash)
        buffer_append(&clean, "/", 1);
    sigv4_encode(out, buffer_str(&clean), "/");
    buffer_clear(&clean);
}

/* --- sorted pairs: query parameters and headers --- */

/* Texts are offsets into one buffer, which moves while it grows. */
struct pair {
    const struct buffer *texts;
    size_t name, value;
    size_t order; /* as given: what sorts equal names of headers */
};

static int compare_names(const struct pair *a, const struct pair *b)
{
    return strcmp(a->texts->data + a->name, b->texts->data + b->name);
}

static int by_name_then_value(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = compare_names(a, b);
    return order ? order : strcmp(a->texts->data + a->value, b->texts->data + b->value);
}

static int by_name_then_order(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = compare_names(a, b);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static void append_query(struct buffer *out, struct str query)
{
    size_t count = 1;
    for (size_t i = 0; i < query.size; i++)
        count += query.data[i] == '&';
    struct pair *pairs = memory_new(count, sizeof *pairs);
    struct buffer texts = {0};
    count = 0;
    for (struct str rest = query; rest.size;) {
        struct str value = cut(&rest, '&');
        if (value.size == 0)
            continue;
        struct str name = cut(&value, '=');
        pairs[count].texts = &texts;
        pairs[count].name = texts.size;
        encode_query_part(&texts, name);
        buffer_append(&texts, "", 1);
        pairs[count].value = texts.size;
        encode_query_part(&texts, value);
        buffer_append(&texts, "", 1);
        count++;
    }
    qsort(pairs, count, sizeof *pairs, by_name_then_value);
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s%s=%s", i ? "&" : "", texts.data + pairs[i].name,
                      texts.data + pairs[i].value);
    buffer_clear(&texts);
    free(pairs);
}

static bool is_signed(const char *name)
{
    if (strncasecmp(name, "proxy-", 6) == 0)
        return false;
    for (size_t i = 0; i < sizeof UNSIGNED / sizeof *UNSIGNED; i++)
        if (strcasecmp(name, UNSIGNED[i]) == 0)
            return false;
    return true;
}

/* Ends trimmed, white space inside made one space. */
static void append_header_value(struct buffer *out, const char *value)
{
    bool gap = false, any = false;
    for (const char *c = value; *c; c++) {
        if (isspace((unsigned char)*c)) {
            gap = any;
            continue;
        }
        if (gap)
            buffer_append(out, " ", 1);
        buffer_append(out, c, 1);
        gap = false;
        any = true;
    }
}

static void add_header(struct buffer *texts, struct pair *pairs, size_t *count, const char *name,
                       const char *value)
{
    struct pair *pair = &pairs[*count];
    pair->texts = texts;
    pair->order = (*count)++;
    pair->name = texts->size;
    buffer_append(texts, name, strlen(name) + 1);
    for (char *c = texts->data + pair->name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    pair->value = texts->size;
    append_header_value(texts, value);
    buffer_append(texts, "", 1);
}

/* "name:value" lines into `out`, names joined by ";" into `out_names`. `own` are the headers that
 * signing adds. */
static void append_headers(struct buffer *out, struct buffer *out_names,
                           const struct sigv4_request *request, const struct http_header *own,
                           size_t own_count)
{
    struct pair *pairs = memory_new(request->header_count + own_count + 1, sizeof *pairs);
    struct buffer texts = {0};
    size_t count = 0;
    add_header(&texts, pairs, &count, "host", request->host);
    for (size_t i = 0; i < own_count; i++)
        add_header(&texts, pairs, &count, own[i].name, own[i].value);
    for (size_t i = 0; i < request->header_count; i++)
        if (is_signed(request->headers[i].name))
            add_header(&texts, pairs, &count, request->headers[i].name, request->headers[i].value);
    qsort(pairs, count, sizeof *pairs, by_name_then_order);
    for (size_t i = 0; i < count; i++) {
        const char *name = texts.data + pairs[i].name, *value = texts.data + pairs[i].value;
        if (i && compare_names(&pairs[i - 1], &pairs[i]) == 0) {
            out->size--; /* the line break: a repeated header continues its line */
            buffer_printf(out, ",%s\n", value);
            continue;
        }
        buffer_printf(out, "%s:%s\n", name, value);
        buffer_printf(out_names, "%s%s", i ? ";" : "", name);
    }
    buffer_clear(&texts);
    free(pairs);
}

/* --- signing --- */

static void format_date(int64_t now_ms, char out[SIGV4_DATE_BYTES])
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t size = strftime(out, SIGV4_DATE_BYTES, "%Y%m%dT%H%M%SZ", &utc);
    assert(size == SIGV4_DATE_BYTES - 1);
    (void)size;
}

static void sha256_hex(struct str data, char out[SHA256_HEX_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    hash_sha256(data, digest);
    hash_hex(digest, sizeof digest, out);
}

static struct str bytes_of(const uint8_t digest[SHA256_BYTES])
{
    return (struct str){(const char *)digest, SHA256_BYTES};
}

static void remember(char *out, size_t room, const char *text)
{
    if (strlen(text) < room)
        snprintf(out, room, "%s", text);
    else
        out[0] = '\0'; /* never equal to what is asked for: not cached */
}

static const uint8_t *signing_key(struct sigv4_signer *signer, const char *day,
                                  const struct sigv4_request *request, const char *secret)
{
    if (signer->day[0] && strcmp(signer->day, day) == 0 &&
        strcmp(signer->region, request->region) == 0 &&
        strcmp(signer->service, request->service) == 0 && strcmp(signer->secret, secret) == 0)
        return signer->key;
    struct buffer first = {0};
    buffer_printf(&first, "AWS4%s", secret);
    uint8_t *key = signer->key;
    hash_hmac_sha256(buffer_str(&first), str_of(day), key);
    hash_hmac_sha256(bytes_of(key), str_of(request->region), key);
    hash_hmac_sha256(bytes_of(key), str_of(request->service), key);
    hash_hmac_sha256(bytes_of(key), STR("aws4_request"), key);
    explicit_bzero(first.data, first.size);
    buffer_clear(&first);
    remember(signer->day, sizeof signer->day, day);
    remember(signer->region, sizeof signer->region, request->region);
    remember(signer->service, sizeof signer->service, request->service);
    remember(signer->secret, sizeof signer->secret, secret);
    return key;
}

/* "20261122/us-west-2/monitoring/aws4_request". */
static void append_scope(struct buffer *out, const char *day, const struct sigv4_request *request)
{
    buffer_printf(out, "%s/%s/%s/aws4_request", day, request->region, request->service);
}

/* Fills body_sha256 beforehand; then canonical request, string to sign, signature. */
static void compute(struct sigv4_signer *signer, const struct sigv4_request *request,
                    const struct credentials *credentials, struct str query,
                    const struct http_header *own, size_t own_count, struct buffer *out_names,
                    struct sigv4_signed *out)
{
    char day[9];
    snprintf(day, sizeof day, "%.8s", out->date);
    struct buffer canonical = {0}, to_sign = {0};
    buffer_printf(&canonical, "%s\n", request->method);
    if (request->path_is_final)
        buffer_append_str(&canonical, request->path);
    else
        append_path(&canonical, request->path);
    buffer_append(&canonical, "\n", 1);
    append_query(&canonical, query);
    buffer_append(&canonical, "\n", 1);
    append_headers(&canonical, out_names, request, own, own_count);
    buffer_printf(&canonical, "\n%s\n%s", out_names->data, out->body_sha256);
    sha256_hex(buffer_str(&canonical), out->canonical_sha256);

    buffer_printf(&to_sign, "%s\n%s\n", ALGORITHM, out->date);
    append_scope(&to_sign, day, request);
    buffer_printf(&to_sign, "\n%s", out->canonical_sha256);
    uint8_t digest[SHA256_BYTES];
    const uint8_t *key = signing_key(signer, day, request, credentials->secret_access_key);
    hash_hmac_sha256(bytes_of(key), buffer_str(&to_sign), digest);
    hash_hex(digest, sizeof digest, out->signature);
    buffer_clear(&canonical);
    buffer_clear(&to_sign);
}

void sigv4_sign(struct sigv4_signer *signer, const struct sigv4_request *request,
                const struct credentials *credentials, struct sigv4_signed *out)
{
    format_date(request->now_ms, out->date);
    sha256_hex(request->body, out->body_sha256);
    struct http_header *own = out->headers;
    size_t count = 0;
    own[count++] = (struct http_header){"X-Amz-Date", out->date};
    if (credentials->session_token)
        own[count++] = (struct http_header){"X-Amz-Security-Token", credentials->session_token};
    if (request->add_body_hash)
        own[count++] = (struct http_header){"X-Amz-Content-Sha256", out->body_sha256};

    struct buffer names = {0};
    compute(signer, request, credentials, request->query, own, count, &names, out);
    buffer_reset(&out->authorization);
    buffer_printf(&out->authorization, "%s Credential=%s/", ALGORITHM, credentials->access_key_id);
    char day[9];
    snprintf(day, sizeof day, "%.8s", out->date);
    append_scope(&out->authorization, day, request);
    buffer_printf(&out->authorization, ", SignedHeaders=%s, Signature=%s", names.data,
                  out->signature);
    own[count++] = (struct http_header){"Authorization", out->authorization.data};
    out->header_count = count;
    buffer_clear(&names);
}

/* The names of the signed headers stand in the query, so they are found before it is signed. */
static void append_presign_query(struct buffer *query, const struct sigv4_request *request,
                                 const struct credentials *credentials, unsigned expires_s,
                                 const char *date)
{
    struct buffer lines = {0}, names = {0}, credential = {0};
    append_headers(&lines, &names, request, NULL, 0);
    char day[9];
    snprintf(day, sizeof day, "%.8s", date);
    buffer_printf(&credential, "%s/", credentials->access_key_id);
    append_scope(&credential, day, request);

    buffer_append_str(query, request->query);
    buffer_printf(query, "%sX-Amz-Algorithm=%s&X-Amz-Credential=", query->size ? "&" : "",
                  ALGORITHM);
    sigv4_encode(query, buffer_str(&credential), "");
    buffer_printf(query, "&X-Amz-Date=%s&X-Amz-Expires=%u", date, expires_s);
    if (credentials->session_token) {
        buffer_append_str(query, STR("&X-Amz-Security-Token="));
        sigv4_encode(query, str_of(credentials->session_token), "");
    }
    buffer_append_str(query, STR("&X-Amz-SignedHeaders="));
    sigv4_encode(query, buffer_str(&names), "");
    buffer_clear(&lines);
    buffer_clear(&names);
    buffer_clear(&credential);
}

void sigv4_presign(struct sigv4_signer *signer, const struct sigv4_request *request,
                   const struct credentials *credentials, unsigned expires_s,
                   struct sigv4_signed *out, struct buffer *out_url)
{
    format_date(request->now_ms, out->date);
    sha256_hex(request->body, out->body_sha256);
    out->header_count = 0;
    struct buffer query = {0}, names = {0};
    append_presign_query(&query, request, credentials, expires_s, out->date);
    compute(signer, request, credentials, buffer_str(&query), NULL, 0, &names, out);
    buffer_printf(out_url, "https://%s%.*s?%s&X-Amz-Signature=%s", request->host,
                  STR_ARGS(request->path), query.data, out->signature);
    buffer_clear(&query);
    buffer_clear(&names);
}

void sigv4_signed_clear(struct sigv4_signed *out)
{
    buffer_clear(&out->authorization);
    *out = (struct sigv4_signed){0};
}
