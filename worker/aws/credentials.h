/* credentials: who we are to AWS, and the places that may say so. */
#ifndef ASSAY_CREDENTIALS_H
#define ASSAY_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/error.h"
#include "schema/base/str.h"
#include "worker/net/http.h"

/* Key, secret and token belong together: they are made, used and replaced as one. Read-only once
 * made. The secret and the token never appear in a log or an error. */
struct credentials {
    char *access_key_id;
    char *secret_access_key;
    char *session_token;   /* NULL without */
    int64_t expires_at_ms; /* since 1970 UTC; 0: never */
    const char *source;    /* name of the provider */
};
void credentials_clear(struct credentials *credentials);

enum { CREDENTIALS_TEXT_BYTES = 160 };
/* For people: "web-identity, key ending in ABCD, until 2026-11-24T13:50:00.000Z". */
void credentials_describe(const struct credentials *credentials, char out[CREDENTIALS_TEXT_BYTES]);

/* What the configuration says; everything else comes from the AWS_* environment variables, which
 * are read at every fetch and must not change while a keyring is open. */
struct credential_options {
    const char *profile; /* asked for by name, which leaves the environment's keys out; or NULL */
    const char *region;  /* of STS; NULL: see region.h */
};

enum credential_outcome {
    CREDENTIALS_FOUND,
    CREDENTIALS_ABSENT, /* nothing is configured here: ask the next */
    CREDENTIALS_FAILED, /* something is configured and does not work: ask no further */
};

struct credential_provider {
    const char *name;    /* "environment" */
    const char *summary; /* one line, for `assay doctor` */
    /* May block for seconds. On CREDENTIALS_FOUND `out` (given zeroed) is filled, but for source;
     * on CREDENTIALS_FAILED `error` is set, TRANSIENT when it may work later. */
    enum credential_outcome (*fetch)(const struct credential_options *options, struct http *http,
                                     struct credentials *out, struct error *error);
};

/* In botocore's order, NULL-terminated; SSO and login, which need a person, are refused by name. */
extern const struct credential_provider *const CREDENTIAL_PROVIDERS[];

/* Asks one after the other until one is not absent. False with `error` when none has any (FATAL)
 * or the one that should have does not work. */
bool credentials_fetch(const struct credential_options *options, struct http *http,
                       struct credentials *out, struct error *error);

/* --- for providers --- */

/* Copies; an empty token is none. False when key or secret is missing or holds control characters:
 * they would go into headers. */
bool credentials_set(struct credentials *out, struct str key, struct str secret, struct str token,
                     struct error *error);
/* {AccessKeyId, SecretAccessKey, Token, Expiration} of container and instance services; programs
 * call the third SessionToken. */
bool credentials_from_json(struct credentials *out, struct str body, const char *token_key,
                           struct error *error);
/* The variable's value; NULL when it is unset or empty. */
const char *credentials_environment(const char *name);
/* A token file, white space at its ends cut off. The caller frees; NULL and `error`. */
char *credentials_token_file(const char *path, struct error *error);

#endif
