/* credentials_container: the address that ECS tasks and EKS Pod Identity are given. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include "schema/base/buffer.h"
#include "schema/base/memory.h"
#include "worker/aws/credentials_providers.h"

enum { CONTAINER_TIMEOUT_MS = 2000, CONTAINER_TRIES = 3, CONTAINER_REPLY_BYTES_MAX = 65536 };
static const char TASK_HOST[] = "http://169.254.170.2";

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Keys over plain HTTP only from this machine or the addresses AWS gives its agents. */
static bool may_use_plain(const char *after_scheme)
{
    static const char *const allowed[] = {"localhost", "169.254.170.2", "169.254.170.23",
                                          "fd00:ec2::23"};
    char host[64] = "";
    bool bracketed = after_scheme[0] == '[';
    size_t size = strcspn(after_scheme + bracketed, bracketed ? "]" : ":/?#");
    if (size >= sizeof host)
        return false;
    memcpy(host, after_scheme + bracketed, size);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strcasecmp(host, allowed[i]) == 0)
            return true;
    return is_loopback(host);
}

/* The relative address wins over the full one. NULL when neither is set; the caller frees. */
static char *find_url(struct error *error)
{
    const char *relative = credentials_environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = credentials_environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative) {
        struct buffer url = {0};
        buffer_printf(&url, "%s%s%s", TASK_HOST, relative[0] == '/' ? "" : "/", relative);
        return url.data;
    }
    bool secure = full && strncasecmp(full, "https://", 8) == 0;
    bool plain = full && strncasecmp(full, "http://", 7) == 0;
    if (full && (strchr(full, '@') || !(secure || (plain && may_use_plain(full + 7))))) {
        error_set(error, ERROR_FATAL,
                  "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to the loopback, "
                  "169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
        return NULL;
    }
    return full ? memory_copy_string(full) : NULL;
}

/* The file is read at every fetch: it is replaced while we run. False with `error`. */
static bool find_token(char **out_token, struct error *error)
{
    const char *file = credentials_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = credentials_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    *out_token = NULL;
    if (file)
        return (*out_token = credentials_token_file(file, error)) != NULL;
    if (token && strpbrk(token, "\r\n"))
        return error_set(error, ERROR_FATAL,
                         "AWS_CONTAINER_AUTHORIZATION_TOKEN must not hold a line break");
    if (token)
        *out_token = memory_copy_string(token);
    return true;
}

static bool ask(struct http *http, const char *url, const char *token, struct credentials *out,
                struct error *error)
{
    struct http_header headers[] = {{"Accept", "application/json"}, {"Authorization", token}};
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .headers = headers,
                                   .header_count = token ? 2 : 1,
                                   .timeout_ms = CONTAINER_TIMEOUT_MS,
                                   .reply_bytes_max = CONTAINER_REPLY_BYTES_MAX};
    struct http_reply reply;
    if (!http_fetch(http, &request, &reply))
        return error_set(error, ERROR_TRANSIENT, "%s", http_failure_name(reply.failure));
    if (reply.status != 200)
        return error_set(error, reply.status >= 500 ? ERROR_TRANSIENT : ERROR_FATAL,
                         "the service answered %ld", reply.status);
    return credentials_from_json(out, reply.body, "Token", error);
}

static enum credential_outcome fetch(const struct credential_options *options, struct http *http,
                                     struct credentials *out, struct error *error)
{
    (void)options;
    char *token = NULL, *url = find_url(error);
    if (!url)
        return error && error->kind ? CREDENTIALS_FAILED : CREDENTIALS_ABSENT;
    bool good = find_token(&token, error);
    for (int attempt = 1; good; attempt++) {
        struct error failure = {0};
        if (ask(http, url, token, out, &failure))
            break;
        credentials_clear(out);
        out->source = CREDENTIALS_CONTAINER.name;
        if (attempt == CONTAINER_TRIES || failure.kind != ERROR_TRANSIENT)
            good = error_set(error, failure.kind, "%s", failure.text);
        else
            http_pause(http, 1000);
    }
    free(token);
    free(url);
    return good ? CREDENTIALS_FOUND : CREDENTIALS_FAILED;
}

const struct credential_provider CREDENTIALS_CONTAINER = {
    .name = "container",
    .summary = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS Pod Identity)",
    .fetch = fetch,
};
