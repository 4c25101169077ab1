/* credentials_web_identity: a token file and a role, exchanged at STS (EKS, GitHub, ...). */
#include <stdlib.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/aws/credentials_providers.h"
#include "worker/aws/profile.h"
#include "worker/aws/region.h"
#include "worker/aws/sigv4.h"
#include "worker/aws/xml_read.h"

enum { STS_TIMEOUT_MS = 10000, STS_REPLY_BYTES_MAX = 65536 };

/* From the environment, else from the profile. The caller frees; NULL without. */
static char *setting(const struct credential_options *options, const char *variable,
                     const char *key)
{
    const char *value = options->profile ? NULL : credentials_environment(variable);
    return value ? memory_copy_string(value)
                 : profile_value_in(PROFILE_CONFIG, options->profile, key, NULL);
}

static void append_parameter(struct buffer *body, const char *name, const char *value)
{
    buffer_printf(body, "&%s=", name);
    sigv4_encode(body, str_of(value), "");
}

/* The error's code and nothing more: a message may repeat parts of the token. */
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

static bool find_sts(const struct credential_options *options, struct endpoint *out,
                     struct error *error)
{
    char region[REGION_BYTES];
    if (region_find(options->region, options->profile, region, NULL))
        return endpoint_find(NULL, "STS", "sts", region, out, error);
    if (credentials_environment("AWS_ENDPOINT_URL_STS"))
        return endpoint_find(NULL, "STS", "sts", "", out, error);
    return endpoint_find("https://sts.amazonaws.com", NULL, NULL, NULL, out, error);
}

static bool exchange(const struct credential_options *options, struct http *http,
                     const char *token_file, const char *role, const char *session,
                     struct credentials *out, struct error *error)
{
    char *token = credentials_token_file(token_file, error);
    struct endpoint sts = {0};
    if (!token || !find_sts(options, &sts, error)) {
        free(token);
        return false;
    }
    struct buffer body = {0}, url = {0};
    buffer_append_str(&body, STR("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"));
    append_parameter(&body, "RoleArn", role);
    append_parameter(&body, "RoleSessionName", session);
    append_parameter(&body, "WebIdentityToken", token);
    buffer_printf(&url, "%s/", sts.url);
    static const struct http_header type = {"Content-Type", "application/x-www-form-urlencoded"};
    struct http_reply reply;
    bool good =
        http_fetch(http,
                   &(struct http_request){.method = "POST",
                                          .url = url.data,
                                          .headers = &type,
                                          .header_count = 1,
                                          .body = buffer_str(&body),
                                          .timeout_ms = STS_TIMEOUT_MS,
                                          .reply_bytes_max = STS_REPLY_BYTES_MAX},
                   &reply) ||
        error_set(error, ERROR_TRANSIENT, "%s: %s", sts.host, http_failure_name(reply.failure));
    good = good && read_reply(&reply, out, error);
    buffer_clear(&body);
    buffer_clear(&url);
    endpoint_clear(&sts);
    free(token);
    return good;
}

static enum credential_outcome fetch(const struct credential_options *options, struct http *http,
                                     struct credentials *out, struct error *error)
{
    char *file = setting(options, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
    char *role = setting(options, "AWS_ROLE_ARN", "role_arn");
    char *session = setting(options, "AWS_ROLE_SESSION_NAME", "role_session_name");
    enum credential_outcome outcome = CREDENTIALS_ABSENT;
    if (file && !role) {
        error_set(error, ERROR_FATAL, "a web identity token file is named, but no AWS_ROLE_ARN");
        outcome = CREDENTIALS_FAILED;
    } else if (file) {
        outcome = exchange(options, http, file, role, session ? session : "assay", out, error)
                      ? CREDENTIALS_FOUND
                      : CREDENTIALS_FAILED;
    }
    free(file);
    free(role);
    free(session);
    return outcome;
}

const struct credential_provider CREDENTIALS_WEB_IDENTITY = {
    .name = "web-identity",
    .summary = "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, exchanged at STS",
    .fetch = fetch,
};
