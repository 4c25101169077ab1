/* credentials_profile: static keys of a profile in the shared files. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>
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

static enum credential_outcome keys_in(enum profile_file file, const char *profile,
                                       struct credentials *out, struct error *error)
{
    char *key = profile_value_in(file, profile, "aws_access_key_id", NULL);
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

enum credential_outcome credentials_profile_keys(const char *profile, struct credentials *out,
                                                 struct error *error)
{
    enum credential_outcome outcome = keys_in(PROFILE_CREDENTIALS, profile, out, error);
    return outcome == CREDENTIALS_ABSENT ? keys_in(PROFILE_CONFIG, profile, out, error) : outcome;
}

/* What a profile may ask for that we do not do is refused by name: going on to the next provider
 * would make us somebody else than the user means. */
static enum credential_outcome refuse_sign_in(const char *profile, struct error *error)
{
    static const char *const keys[] = {"sso_session", "sso_start_url", "login_session"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *value = profile_value(profile, keys[i]);
        wipe(value);
        if (!value)
            continue;
        error_set(error, ERROR_FATAL,
                  "profile %.100s uses %s, for which a person signs in, so assay does not do it; "
                  "give a worker a role, or for trying it out name a profile with "
                  "credential_process = aws configure export-credentials --profile %.100s",
                  profile_name(profile), keys[i], profile_name(profile));
        return CREDENTIALS_FAILED;
    }
    return CREDENTIALS_ABSENT;
}

static enum credential_outcome refuse_unknown(const char *profile, struct error *error)
{
    bool found = false, found_too = false;
    wipe(profile_value_in(PROFILE_CREDENTIALS, profile, "region", &found));
    wipe(profile_value_in(PROFILE_CONFIG, profile, "region", &found_too));
    if (found || found_too || !profile_is_named(profile))
        return CREDENTIALS_ABSENT;
    error_set(error, ERROR_FATAL, "profile %.100s is in neither of the shared files",
              profile_name(profile));
    return CREDENTIALS_FAILED;
}

static enum credential_outcome fetch_credentials(const struct credential_options *options,
                                                 struct http *http, struct credentials *out,
                                                 struct error *error)
{
    (void)http;
    if (!files_are_readable(error))
        return CREDENTIALS_FAILED;
    return keys_in(PROFILE_CREDENTIALS, options->profile, out, error);
}

/* The last that looks into the files: says what is wrong with a profile that has no keys. */
static enum credential_outcome fetch_config(const struct credential_options *options,
                                            struct http *http, struct credentials *out,
                                            struct error *error)
{
    (void)http;
    enum credential_outcome outcome = keys_in(PROFILE_CONFIG, options->profile, out, error);
    if (outcome == CREDENTIALS_ABSENT)
        outcome = refuse_sign_in(options->profile, error);
    if (outcome == CREDENTIALS_ABSENT)
        outcome = refuse_unknown(options->profile, error);
    return outcome;
}

const struct credential_provider CREDENTIALS_PROFILE = {
    .name = "profile",
    .summary = "aws_access_key_id of a profile in ~/.aws/credentials",
    .fetch = fetch_credentials,
};

const struct credential_provider CREDENTIALS_CONFIG = {
    .name = "config",
    .summary = "aws_access_key_id of a profile in ~/.aws/config",
    .fetch = fetch_config,
};
