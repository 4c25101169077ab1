/* credentials_profile: static keys of a profile in the shared files. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>
#include "schema/base/buffer.h"
#include "worker/aws/credentials_providers.h"
#include "worker/aws/profile.h"

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* A file that is there and may not be read is a mistake to name, not an empty file. */
static bool files_are_readable(struct error *error)
{
    bool good = true;
    for (enum profile_file file = PROFILE_CREDENTIALS; good && file <= PROFILE_CONFIG; file++) {
        char *path = profile_path(file);
        if (path && access(path, F_OK) == 0 && access(path, R_OK) != 0)
            good = error_set(error, ERROR_FATAL, "%s: %s", path, strerror(errno));
        free(path);
    }
    return good;
}

static bool has_value(const char *profile, const char *key)
{
    char *value = profile_value(profile, key);
    wipe(value);
    return value != NULL;
}

/* What a profile may ask for that we do not do is refused by name: going on to the next provider
 * would make us somebody else than the user means. */
static enum credential_outcome refuse_role(const struct credential_options *options,
                                           struct http *http, struct credentials *out,
                                           struct error *error)
{
    (void)http;
    (void)out;
    const char *profile = options->profile;
    if (!has_value(profile, "role_arn") || has_value(profile, "web_identity_token_file"))
        return CREDENTIALS_ABSENT;
    error_set(error, ERROR_FATAL,
              "profile %.100s assumes a role (role_arn), which assay does not do; use the role's "
              "temporary keys in the environment, or a web identity",
              profile_name(profile));
    return CREDENTIALS_FAILED;
}

static enum credential_outcome fetch_from(enum profile_file file,
                                          const struct credential_options *options,
                                          struct credentials *out, bool *out_found,
                                          struct error *error)
{
    const char *profile = options->profile;
    char *key = profile_value_in(file, profile, "aws_access_key_id", out_found);
    if (!key)
        return CREDENTIALS_ABSENT;
    char *secret = profile_value_in(file, profile, "aws_secret_access_key", NULL);
    char *token = profile_value_in(file, profile, "aws_session_token", NULL);
    bool good = credentials_set(out, str_of(key), str_of(secret), str_of(token), error) ||
                error_prefix(error, "profile %.100s: ", profile_name(profile));
    wipe(key);
    wipe(secret);
    wipe(token);
    return good ? CREDENTIALS_FOUND : CREDENTIALS_FAILED;
}

static enum credential_outcome refuse(const char *profile, bool found, struct error *error)
{
    static const char *const unsupported[] = {"credential_process", "sso_session", "sso_start_url",
                                              "login_session"};
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
        if (has_value(profile, unsupported[i])) {
            error_set(error, ERROR_FATAL, "profile %.100s uses %s, which assay does not do",
                      profile_name(profile), unsupported[i]);
            return CREDENTIALS_FAILED;
        }
    if (!found && profile_is_named(profile)) {
        error_set(error, ERROR_FATAL, "profile %.100s is in neither of the shared files",
                  profile_name(profile));
        return CREDENTIALS_FAILED;
    }
    return CREDENTIALS_ABSENT;
}

static enum credential_outcome fetch(const struct credential_options *options, struct http *http,
                                     struct credentials *out, struct error *error)
{
    (void)http;
    if (!files_are_readable(error))
        return CREDENTIALS_FAILED;
    bool found = false, found_too = false;
    enum credential_outcome outcome = fetch_from(PROFILE_CREDENTIALS, options, out, &found, error);
    if (outcome == CREDENTIALS_ABSENT)
        outcome = fetch_from(PROFILE_CONFIG, options, out, &found_too, error);
    if (outcome == CREDENTIALS_ABSENT)
        outcome = refuse(options->profile, found || found_too, error);
    return outcome;
}

const struct credential_provider CREDENTIALS_ASSUME_ROLE = {
    .name = "assume-role",
    .summary = "role_arn with source_profile in a profile (refused by name)",
    .fetch = refuse_role,
};

const struct credential_provider CREDENTIALS_PROFILE = {
    .name = "profile",
    .summary = "aws_access_key_id of a profile in ~/.aws/credentials or ~/.aws/config",
    .fetch = fetch,
};
