/* s3_inside: what the files of S3 share. Not for others. */
#ifndef ASSAY_S3_INSIDE_H
#define ASSAY_S3_INSIDE_H

#include "schema/base/buffer.h"
#include "worker/aws/aws_error.h"
#include "worker/aws/region.h"
#include "worker/aws/s3.h"
#include "worker/aws/sigv4.h"

enum { S3_TRIES_MAX = 6, S3_KEY_ID_BYTES = 132, S3_HEADERS_MAX = 2 };

struct s3 {
    struct s3_options options; /* region points into this struct */
    char region[REGION_BYTES], bucket[S3_BUCKET_BYTES];
    struct endpoint endpoint;
    struct buffer path; /* before the key: "/bucket" or "", with the endpoint's own */
    struct sigv4_signer signer;
    struct sigv4_signed signed_headers;
    int64_t clock_offset_ms;
};

struct s3_request {
    struct str key;   /* empty: the bucket itself */
    struct str query; /* as sent */
    const struct http_header *headers;
    size_t header_count; /* at most S3_HEADERS_MAX */
    size_t reply_bytes_max;
};

/* Starts it. False: there are no keys to sign with now, nothing was sent. `out_key_id` is told to
 * s3_advise. */
bool s3_send(struct s3 *s3, const struct s3_request *request, char out_key_id[S3_KEY_ID_BYTES],
             void (*done)(void *owner, const struct http_reply *reply), void *owner);

/* What a reply means: 0 and no error, it is good; the milliseconds to wait before it is tried
 * again; or -1: it will not work. `error` says why in both. */
int64_t s3_advise(struct s3 *s3, const struct http_reply *reply, const char *key_id, unsigned tries,
                  struct error *error);

#endif
