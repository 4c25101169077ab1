/* sts: temporary keys from AWS's security token service. */
#include "worker/aws/sts.h"

#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "worker/aws/region.h"
#include "worker/aws/sigv4.h"
#include "worker/aws/xml_read.h"

enum { STS_TIMEOUT_MS = 10000, STS_REPLY_BYTES_MAX = 65536 };

static const struct http_header FORM = {"Content-Type", "application/x-www-form-urlencoded"};

static void append_parameter(struct buffer *body, const struct sts_parameter *parameter)
{
    if (!parameter->value)
        return;
    buffer_printf(body, "&%s=", parameter->name);
    sigv4_encode(body, str_of(parameter->value), "");
}

/* ---- the reply ---- */

static bool explain(const struct http_reply *reply, struct error *error)
{
    struct buffer code = {0};
    xml_text(reply->body, "Error/Code", &code);
    bool again = reply->status >= 500 || reply->status == 429 ||
                 (code.data && (strcmp(code.data, "IDPCommunicationError") == 0 ||
                                strcmp(code.data, "Throttling") == 0));
    error_set(error, again ? ERROR_TRANSIENT : ERROR_FATAL, "STS answered %ld %.80s", reply->status,
              code.data ? code.data : "");
    buffer_clear(&code);
    return false;
}

static bool read_reply(const struct http_reply *reply, struct credentials *out, struct error *error)
{
    if (reply->status != 200)
        return explain(reply, error);
    static const char *const paths[] = {"Credentials/AccessKeyId", "Credentials/SecretAccessKey",
                                        "Credentials/SessionToken", "Credentials/Expiration"};
    struct buffer values[4] = {0};
    bool good = true;
    for (size_t i = 0; i < 4; i++)
        good = good && xml_text(reply->body, paths[i], &values[i]);
    if (!good || !clock_parse_rfc3339(buffer_str(&values[3]), &out->expires_at_ms))
        good = error_set(error, ERROR_TRANSIENT, "STS's reply holds no credentials");
    good = good && credentials_set(out, buffer_str(&values[0]), buffer_str(&values[1]),
                                   buffer_str(&values[2]), error);
    for (size_t i = 0; i < 4; i++)
        buffer_clear(&values[i]);
    return good;
}

/* ---- the request ---- */

/* `region` is what the request is signed for: the global address is that of us-east-1. */
static bool find_sts(const struct credential_options *options, struct endpoint *out,
                     char region[REGION_BYTES], struct error *error)
{
    if (region_find(options->region, options->profile, region, NULL))
        return endpoint_find(NULL, "STS", "sts", region, out, error);
    memcpy(region, "us-east-1", sizeof "us-east-1");
    if (credentials_environment("AWS_ENDPOINT_URL_STS"))
        return endpoint_find(NULL, "STS", "sts", "", out, error);
    return endpoint_find("https://sts.amazonaws.com", NULL, NULL, NULL, out, error);
}

static bool send(struct http *http, const struct endpoint *sts, struct str body,
                 const struct sigv4_signed *signature, struct http_reply *reply,
                 struct error *error)
{
    struct http_header headers[1 + SIGV4_HEADERS_MAX] = {FORM};
    struct buffer url = {0};
    buffer_printf(&url, "%s/", sts->url);
    for (size_t i = 0; i < signature->header_count; i++)
        headers[1 + i] = signature->headers[i];
    const struct http_request request = {.method = "POST",
                                         .url = url.data,
                                         .headers = headers,
                                         .header_count = 1 + signature->header_count,
                                         .body = body,
                                         .timeout_ms = STS_TIMEOUT_MS,
                                         .reply_bytes_max = STS_REPLY_BYTES_MAX};
    bool good =
        http_fetch(http, &request, reply) ||
        error_set(error, ERROR_TRANSIENT, "%s: %s", sts->host, http_failure_name(reply->failure));
    buffer_clear(&url);
    return good;
}

static void sign(const struct endpoint *sts, const char *region, struct str body,
                 const struct credentials *identity, struct sigv4_signed *out)
{
    struct sigv4_signer signer = {0};
    struct buffer path = {0};
    buffer_printf(&path, "%s/", sts->path);
    sigv4_sign(&signer,
               &(struct sigv4_request){.method = "POST",
                                       .host = sts->host,
                                       .path = buffer_str(&path),
                                       .headers = &FORM,
                                       .header_count = 1,
                                       .body = body,
                                       .region = region,
                                       .service = "sts",
                                       .now_ms = clock_wall_ms()},
               identity, out);
    buffer_clear(&path);
    explicit_bzero(&signer, sizeof signer);
}

bool sts_exchange(const struct credential_options *options, struct http *http, const char *action,
                  const struct sts_parameter *parameters, size_t count,
                  const struct credentials *identity, struct credentials *out, struct error *error)
{
    struct endpoint sts = {0};
    char region[REGION_BYTES];
    if (!find_sts(options, &sts, region, error))
        return false;
    struct buffer body = {0};
    struct sigv4_signed signature = {0};
    struct http_reply reply;
    buffer_printf(&body, "Action=%s&Version=2011-06-15", action);
    for (size_t i = 0; i < count; i++)
        append_parameter(&body, &parameters[i]);
    if (identity)
        sign(&sts, region, buffer_str(&body), identity, &signature);
    bool good = send(http, &sts, buffer_str(&body), &signature, &reply, error) &&
                read_reply(&reply, out, error);
    sigv4_signed_clear(&signature);
    buffer_clear(&body);
    endpoint_clear(&sts);
    return good;
}
