/* credentials_imds: the instance metadata service of EC2, version 2 only. */
#include <stdlib.h>
#include <strings.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/hash.h"
#include "schema/base/memory.h"
#include "worker/aws/credentials_providers.h"

enum {
    IMDS_TIMEOUT_MS = 1000,
    IMDS_REPLY_BYTES_MAX = 65536,
    ROLE_BYTES_MAX = 256,
    TOKEN_BYTES_MAX = 1024,
};
static const int64_t SOON_MS = 15 * 60 * 1000;
static const int64_t EXTRA_MS_MIN = 2 * 60 * 1000, EXTRA_MS_SPAN = 8 * 60 * 1000;
static const char ROLE_PATH[] = "/latest/meta-data/iam/security-credentials/";

static char *base_url(void)
{
    const char *endpoint = credentials_environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = credentials_environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (!endpoint)
        endpoint = mode && strcasecmp(mode, "IPv6") == 0 ? "http://[fd00:ec2::254]"
                                                         : "http://169.254.169.254";
    char *url = memory_copy_string(endpoint);
    for (size_t size = strlen(url); size && url[size - 1] == '/';)
        url[--size] = '\0';
    return url;
}

/* The reply lives until the next call. False when none came or its status is not 200. */
static bool ask(struct http *http, const char *base, const char *method, const char *path,
                const char *name, const char *header, const char *value, struct http_reply *reply)
{
    struct buffer url = {0};
    buffer_printf(&url, "%s%s%s", base, path, name);
    struct http_header sent = {header, value};
    struct http_request request = {.method = method,
                                   .url = url.data,
                                   .headers = &sent,
                                   .header_count = 1,
                                   .timeout_ms = IMDS_TIMEOUT_MS,
                                   .reply_bytes_max = IMDS_REPLY_BYTES_MAX};
    bool good = http_fetch(http, &request, reply) && reply->status == 200;
    buffer_clear(&url);
    return good;
}

/* One line of visible ASCII: it goes into an address or a header next. */
static char *copy_word(struct str text, size_t bytes_max)
{
    size_t size = 0;
    while (size < text.size && text.data[size] > ' ' && text.data[size] <= '~')
        size++;
    if (size == 0 || size > bytes_max)
        return NULL;
    char *word = memory_new(size + 1, 1);
    memcpy(word, text.data, size);
    return word;
}

/* During an outage of the service it goes on giving out keys that are about to end or have ended,
 * and AWS's services accept them: go on too, and ask again later (as botocore does). */
static void extend(struct credentials *credentials)
{
    int64_t now_ms = clock_wall_ms();
    if (credentials->expires_at_ms == 0 || credentials->expires_at_ms > now_ms + SOON_MS)
        return;
    uint32_t random;
    hash_random((uint8_t *)&random, sizeof random);
    credentials->expires_at_ms = now_ms + SOON_MS + EXTRA_MS_MIN + random % EXTRA_MS_SPAN;
}

static enum credential_outcome ask_role(struct http *http, const char *base, const char *token,
                                        struct credentials *out, struct error *error)
{
    static const char header[] = "X-aws-ec2-metadata-token";
    struct http_reply reply;
    char *role = NULL;
    enum credential_outcome outcome = CREDENTIALS_FAILED;
    bool answered = ask(http, base, "GET", ROLE_PATH, "", header, token, &reply);
    if (!answered && reply.status == 404)
        return CREDENTIALS_ABSENT; /* an instance without a role */
    if (answered)
        role = copy_word(reply.body, ROLE_BYTES_MAX);
    if (!role)
        error_set(error, ERROR_TRANSIENT, "no role's name came (status %ld)", reply.status);
    else if (!ask(http, base, "GET", ROLE_PATH, role, header, token, &reply))
        error_set(error, ERROR_TRANSIENT, "role %.100s: no keys came (status %ld)", role,
                  reply.status);
    else if (credentials_from_json(out, reply.body, "Token", error)) {
        extend(out);
        outcome = CREDENTIALS_FOUND;
    }
    free(role);
    return outcome;
}

static enum credential_outcome fetch(const struct credential_options *options, struct http *http,
                                     struct credentials *out, struct error *error)
{
    (void)options;
    const char *disabled = credentials_environment("AWS_EC2_METADATA_DISABLED");
    if (disabled && strcasecmp(disabled, "true") == 0)
        return CREDENTIALS_ABSENT;
    char *base = base_url();
    struct http_reply reply;
    enum credential_outcome outcome = CREDENTIALS_ABSENT; /* no service here, or version 1 alone */
    if (ask(http, base, "PUT", "/latest/api/token", "", "X-aws-ec2-metadata-token-ttl-seconds",
            "21600", &reply)) {
        char *token = copy_word(reply.body, TOKEN_BYTES_MAX);
        if (token)
            outcome = ask_role(http, base, token, out, error);
        free(token);
    } else if (reply.status == 400) {
        error_set(error, ERROR_FATAL, "the metadata service refuses to give a token (status 400)");
        outcome = CREDENTIALS_FAILED;
    }
    free(base);
    return outcome;
}

const struct credential_provider CREDENTIALS_IMDS = {
    .name = "imds",
    .summary = "the role of an EC2 instance, by its metadata service (version 2)",
    .fetch = fetch,
};
