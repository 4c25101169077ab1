/* credentials: who we are to AWS, and the places that may say so. */
#include "schema/base/buffer.h"
#include "worker/aws/credentials.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "worker/aws/credentials_providers.h"

enum { TOKEN_FILE_BYTES_MAX = 65536 };

/* The order is botocore's, so that `assay` is who the AWS command line is. */
const struct credential_provider *const CREDENTIAL_PROVIDERS[] = {
    &CREDENTIALS_ENVIRONMENT,  /* what was set for this process wins */
    &CREDENTIALS_ASSUME_ROLE,  /* a profile that names a role comes before its own keys */
    &CREDENTIALS_WEB_IDENTITY, /* before the files: a pod may carry an image's left-over profile */
    &CREDENTIALS_PROFILE,
    &CREDENTIALS_PROCESS, /* between the two files, as botocore has it */
    &CREDENTIALS_CONFIG,
    &CREDENTIALS_CONTAINER,
    &CREDENTIALS_IMDS, /* last: asking where there is no such service costs a second */
    NULL,
};

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void credentials_clear(struct credentials *credentials)
{
    free(credentials->access_key_id);
    wipe(credentials->secret_access_key);
    wipe(credentials->session_token);
    *credentials = (struct credentials){0};
}

void credentials_describe(const struct credentials *credentials, char out[CREDENTIALS_TEXT_BYTES])
{
    const char *id = credentials->access_key_id;
    size_t size = strlen(id);
    char until[CLOCK_TEXT_BYTES] = "";
    if (credentials->expires_at_ms)
        clock_format_rfc3339(credentials->expires_at_ms, until);
    snprintf(out, CREDENTIALS_TEXT_BYTES, "%s, key ending in %s%s%s", credentials->source,
             size > 4 ? id + size - 4 : "...", *until ? ", until " : "", until);
}

const char *credentials_environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Whether it can stand in a header: visible ASCII. */
static bool is_visible(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return text.size > 0;
}

static char *copy(struct str text)
{
    struct buffer buffer = {0};
    buffer_append_str(&buffer, text);
    return buffer.data;
}

bool credentials_set(struct credentials *out, struct str key, struct str secret, struct str token,
                     struct error *error)
{
    if (!is_visible(key))
        return error_set(error, ERROR_FATAL, "the access key id is missing or malformed");
    if (!is_visible(secret))
        return error_set(error, ERROR_FATAL, "the secret access key is missing or malformed");
    if (token.size && !is_visible(token))
        return error_set(error, ERROR_FATAL, "the session token is malformed");
    out->access_key_id = copy(key);
    out->secret_access_key = copy(secret);
    out->session_token = token.size ? copy(token) : NULL;
    return true;
}

static struct str member(const json_t *object, const char *key)
{
    return str_of(json_string_value(json_object_get(object, key)));
}

bool credentials_from_json(struct credentials *out, struct str body, const char *token_key,
                           struct error *error)
{
    struct error parse = {0}; /* its text may quote the body, which holds secrets: not passed on */
    json_t *object = json_read(body, &JSON_LIMITS_REPLY, &parse);
    bool good = json_is_object(object);
    if (!good)
        error_set(error, ERROR_TRANSIENT, "the answer is not a JSON object");
    struct str expiration = member(object, "Expiration");
    if (good && expiration.data && !clock_parse_rfc3339(expiration, &out->expires_at_ms))
        good = error_set(error, ERROR_TRANSIENT, "the answer's Expiration is not a time");
    good = good &&
           credentials_set(out, member(object, "AccessKeyId"), member(object, "SecretAccessKey"),
                           member(object, token_key), error);
    json_decref(object);
    return good;
}

char *credentials_token_file(const char *path, struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    if (!json_read_bytes(path, TOKEN_FILE_BYTES_MAX, &text, &size, error)) {
        if (error)
            error->kind = ERROR_TRANSIENT; /* tokens are replaced while we run */
        return NULL;
    }
    while (size && isspace((unsigned char)text[size - 1]))
        text[--size] = '\0';
    size_t skip = strspn(text, " \t\r\n");
    memmove(text, text + skip, size - skip + 1);
    size -= skip;
    if (is_visible((struct str){text, size}))
        return text;
    error_set(error, ERROR_TRANSIENT, "%s: holds no token, or white space inside it", path);
    wipe(text);
    return NULL;
}

bool credentials_fetch(const struct credential_options *options, struct http *http,
                       struct credentials *out, struct error *error)
{
    for (size_t i = 0; CREDENTIAL_PROVIDERS[i]; i++) {
        const struct credential_provider *provider = CREDENTIAL_PROVIDERS[i];
        struct credentials found = {.source = provider->name};
        switch (provider->fetch(options, http, &found, error)) {
        case CREDENTIALS_FOUND:
            *out = found;
            return true;
        case CREDENTIALS_ABSENT:
            continue;
        case CREDENTIALS_FAILED:
            credentials_clear(&found);
            return error_prefix(error, "AWS credentials from %s: ", provider->name);
        }
    }
    return error_set(error, ERROR_FATAL,
                     "no AWS credentials: none in the environment, the shared files, a web "
                     "identity token, the container or the instance");
}
