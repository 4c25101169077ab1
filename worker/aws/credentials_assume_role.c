/* credentials_assume_role: a profile's role, taken on at STS with keys from somewhere else. */
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/aws/credentials_providers.h"
#include "worker/aws/profile.h"
#include "worker/aws/sts.h"

/* Of source_profile that name roles themselves; also ends a circle of them. */
enum { ROLE_CHAIN_MAX = 4 };

/* What a profile says of the role. Owned texts, NULL when not said. */
struct role {
    char *arn, *source_profile, *credential_source, *session, *external_id, *duration_s, *mfa;
    char *token_file; /* then it is a web identity's role, not ours */
};

static void role_read(struct role *role, const char *profile)
{
    const struct {
        const char *key;
        char **value;
    } keys[] = {
        {"role_arn", &role->arn},
        {"source_profile", &role->source_profile},
        {"credential_source", &role->credential_source},
        {"role_session_name", &role->session},
        {"external_id", &role->external_id},
        {"duration_seconds", &role->duration_s},
        {"mfa_serial", &role->mfa},
        {"web_identity_token_file", &role->token_file},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        *keys[i].value = profile_value(profile, keys[i].key);
}

static void role_clear(struct role *role)
{
    free(role->arn);
    free(role->source_profile);
    free(role->credential_source);
    free(role->session);
    free(role->external_id);
    free(role->duration_s);
    free(role->mfa);
    free(role->token_file);
}

static bool role_check(const struct role *role, struct error *error)
{
    if (role->mfa)
        return error_set(error, ERROR_FATAL,
                         "mfa_serial asks a person for a code, which a worker cannot; use a role "
                         "without it");
    if (role->source_profile && role->credential_source)
        return error_set(error, ERROR_FATAL,
                         "source_profile and credential_source are both set; use one of them");
    if (!role->source_profile && !role->credential_source)
        return error_set(error, ERROR_FATAL,
                         "role_arn needs a source_profile or a credential_source, whose keys take "
                         "the role on");
    return true;
}

/* ---- whose keys ---- */

static bool ask_source(const char *name, const struct credential_options *options,
                       struct http *http, struct credentials *out, struct error *error)
{
    const struct {
        const char *name;
        const struct credential_provider *provider;
    } sources[] = {{"Environment", &CREDENTIALS_ENVIRONMENT},
                   {"Ec2InstanceMetadata", &CREDENTIALS_IMDS},
                   {"EcsContainer", &CREDENTIALS_CONTAINER}};
    const struct credential_options own = {.region = options->region};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (strcmp(name, sources[i].name) != 0)
            continue;
        switch (sources[i].provider->fetch(&own, http, out, error)) {
        case CREDENTIALS_FOUND:
            return true;
        case CREDENTIALS_FAILED:
            return error_prefix(error, "credential_source %s: ", name);
        case CREDENTIALS_ABSENT:
            return error_set(error, ERROR_FATAL, "credential_source %s: there are no keys", name);
        }
    }
    return error_set(error, ERROR_FATAL,
                     "credential_source must be Environment, Ec2InstanceMetadata or EcsContainer, "
                     "not %.60s",
                     name);
}

static enum credential_outcome take_role(const struct credential_options *options, unsigned depth,
                                         struct http *http, struct credentials *out,
                                         struct error *error);

/* A profile's own keys come before its role here: a profile may be the source of its own role. */
static bool ask_profile(const struct credential_options *options, unsigned depth,
                        struct http *http, struct credentials *out, struct error *error)
{
    enum credential_outcome outcome = credentials_profile_keys(options->profile, out, error);
    if (outcome == CREDENTIALS_ABSENT)
        outcome = take_role(options, depth + 1, http, out, error);
    static const struct credential_provider *const others[] = {
        &CREDENTIALS_WEB_IDENTITY, &CREDENTIALS_PROCESS, &CREDENTIALS_CONFIG};
    for (size_t i = 0; i < 3 && outcome == CREDENTIALS_ABSENT; i++)
        outcome = others[i]->fetch(options, http, out, error);
    if (outcome == CREDENTIALS_ABSENT)
        error_set(error, ERROR_FATAL, "there are no keys");
    return outcome == CREDENTIALS_FOUND ||
           error_prefix(error, "source_profile %.100s: ", options->profile);
}

static bool find_identity(const struct role *role, const struct credential_options *options,
                          unsigned depth, struct http *http, struct credentials *out,
                          struct error *error)
{
    if (role->credential_source)
        return ask_source(role->credential_source, options, http, out, error);
    const struct credential_options source = {.profile = role->source_profile,
                                              .region = options->region};
    return ask_profile(&source, depth, http, out, error);
}

/* ---- the role ---- */

static bool exchange(const struct role *role, const struct credential_options *options,
                     unsigned depth, struct http *http, struct credentials *out,
                     struct error *error)
{
    struct credentials identity = {0};
    if (!role_check(role, error))
        return false;
    if (depth >= ROLE_CHAIN_MAX)
        return error_set(error, ERROR_FATAL,
                         "more than %d roles behind each other, or a circle of source_profile",
                         ROLE_CHAIN_MAX);
    const struct sts_parameter parameters[] = {
        {"RoleArn", role->arn},
        {"RoleSessionName", role->session ? role->session : "assay"},
        {"ExternalId", role->external_id},
        {"DurationSeconds", role->duration_s},
    };
    bool good = find_identity(role, options, depth, http, &identity, error) &&
                sts_exchange(options, http, "AssumeRole", parameters, 4, &identity, out, error);
    credentials_clear(&identity);
    return good;
}

static enum credential_outcome take_role(const struct credential_options *options, unsigned depth,
                                         struct http *http, struct credentials *out,
                                         struct error *error)
{
    struct role role = {0};
    enum credential_outcome outcome = CREDENTIALS_ABSENT;
    role_read(&role, options->profile);
    if (role.arn && !role.token_file)
        outcome = exchange(&role, options, depth, http, out, error) ? CREDENTIALS_FOUND
                                                                    : CREDENTIALS_FAILED;
    if (outcome == CREDENTIALS_FAILED)
        error_prefix(error, "profile %.100s: ", profile_name(options->profile));
    role_clear(&role);
    return outcome;
}

static enum credential_outcome fetch(const struct credential_options *options, struct http *http,
                                     struct credentials *out, struct error *error)
{
    return take_role(options, 0, http, out, error);
}

const struct credential_provider CREDENTIALS_ASSUME_ROLE = {
    .name = "assume-role",
    .summary = "role_arn with source_profile or credential_source in a profile, taken on at STS",
    .fetch = fetch,
};
