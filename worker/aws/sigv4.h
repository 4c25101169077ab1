/* sigv4: signs requests to AWS (Signature Version 4), in headers or in the query. */
#ifndef ASSAY_SIGV4_H
#define ASSAY_SIGV4_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/buffer.h"
#include "schema/base/hash.h"
#include "schema/base/str.h"
#include "worker/aws/credentials.h"
#include "worker/net/http.h"

enum {
    SIGV4_DATE_BYTES = 17,  /* "20261122T120000Z" and a NUL */
    SIGV4_SCOPE_MAX = 64,   /* region or service with its NUL: longer ones are not cached */
    SIGV4_SECRET_MAX = 128, /* likewise */
    SIGV4_HEADERS_MAX = 4,
};

/* A request as it will be sent. All borrowed. */
struct sigv4_request {
    const char *method;
    const char *host; /* as in the Host header: with a port that is not the scheme's own */
    struct str path;  /* as sent, "/" at least; it is normalised and encoded once more */
    bool path_is_final; /* it is signed as it is sent: S3 */
    struct str query; /* as sent, without "?"; sorted and encoded here, %XX are kept */
    const struct http_header *headers; /* to be sent beside Host and what signing adds; those that
                                          must not be signed (User-Agent, ...) are left out */
    size_t header_count;
    struct str body; /* the bytes sent, after compression */
    const char *region, *service;
    int64_t now_ms;     /* since 1970 UTC */
    bool add_body_hash; /* adds X-Amz-Content-Sha256 */
};

/* The key of one day, region and service, remembered. Zero-initialise; one thread. */
struct sigv4_signer {
    char day[9], region[SIGV4_SCOPE_MAX], service[SIGV4_SCOPE_MAX], secret[SIGV4_SECRET_MAX];
    uint8_t key[SHA256_BYTES];
};

/* What signing gives. Zero-initialise before the first use; may be used again. */
struct sigv4_signed {
    struct http_header headers[SIGV4_HEADERS_MAX]; /* to be added to the request; they point into
                                                      this struct and into the credentials */
    size_t header_count;
    char date[SIGV4_DATE_BYTES];
    char body_sha256[SHA256_HEX_BYTES];
    char canonical_sha256[SHA256_HEX_BYTES]; /* of the canonical request: what was signed */
    char signature[SHA256_HEX_BYTES];
    struct buffer authorization;
};

/* Authorization, X-Amz-Date, with a token X-Amz-Security-Token. Headers of the request with these
 * names are ignored. */
void sigv4_sign(struct sigv4_signer *signer, const struct sigv4_request *request,
                const struct credentials *credentials, struct sigv4_signed *out);

/* Presigns: appends "https://host/path?query" with the signature in the query to `out_url`. Only
 * Host and the request's headers are signed, the body is taken as empty unless given. */
void sigv4_presign(struct sigv4_signer *signer, const struct sigv4_request *request,
                   const struct credentials *credentials, unsigned expires_s,
                   struct sigv4_signed *out, struct buffer *out_url);

void sigv4_signed_clear(struct sigv4_signed *out);

/* Percent-encodes all but unreserved characters (RFC 3986) and those in `keep`. */
void sigv4_encode(struct buffer *out, struct str text, const char *keep);

#endif
