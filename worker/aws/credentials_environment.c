/* credentials_environment: AWS_ACCESS_KEY_ID and its companions. */
#include "schema/base/clock.h"
#include "worker/aws/credentials_providers.h"

static enum credential_outcome fetch(const struct credential_options *options, struct http *http,
                                     struct credentials *out, struct error *error)
{
    (void)http;
    const char *key = credentials_environment("AWS_ACCESS_KEY_ID");
    const char *secret = credentials_environment("AWS_SECRET_ACCESS_KEY");
    const char *token = credentials_environment("AWS_SESSION_TOKEN");
    const char *expiration = credentials_environment("AWS_CREDENTIAL_EXPIRATION");
    if (options->profile || !key)
        return CREDENTIALS_ABSENT;
    if (!token)
        token = credentials_environment("AWS_SECURITY_TOKEN"); /* its former name */
    if (!secret) {
        error_set(error, ERROR_FATAL, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
        return CREDENTIALS_FAILED;
    }
    if (expiration && !clock_parse_rfc3339(str_of(expiration), &out->expires_at_ms)) {
        error_set(error, ERROR_FATAL, "AWS_CREDENTIAL_EXPIRATION is not an RFC 3339 time");
        return CREDENTIALS_FAILED;
    }
    return credentials_set(out, str_of(key), str_of(secret), str_of(token), error)
               ? CREDENTIALS_FOUND
               : CREDENTIALS_FAILED;
}

const struct credential_provider CREDENTIALS_ENVIRONMENT = {
    .name = "environment",
    .summary = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
    .fetch = fetch,
};
