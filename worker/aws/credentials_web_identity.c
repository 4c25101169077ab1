/* credentials_web_identity: a token file and a role, exchanged at STS (EKS, GitHub, ...). */
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/aws/credentials_providers.h"
#include "worker/aws/profile.h"
#include "worker/aws/sts.h"

/* From the environment, else from the profile. The caller frees; NULL without. */
static char *setting(const struct credential_options *options, const char *variable,
                     const char *key)
{
    const char *value = options->profile ? NULL : credentials_environment(variable);
    return value ? memory_copy_string(value)
                 : profile_value_in(PROFILE_CONFIG, options->profile, key, NULL);
}

static bool exchange(const struct credential_options *options, struct http *http,
                     const char *token_file, const char *role, const char *session,
                     struct credentials *out, struct error *error)
{
    char *token = credentials_token_file(token_file, error);
    if (!token)
        return false;
    const struct sts_parameter parameters[] = {
        {"RoleArn", role}, {"RoleSessionName", session}, {"WebIdentityToken", token}};
    bool good = sts_exchange(options, http, "AssumeRoleWithWebIdentity", parameters, 3, NULL, out,
                             error);
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
