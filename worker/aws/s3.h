/* s3: objects of Amazon S3: a prefix listed, many objects read ahead and in order. */
#ifndef ASSAY_S3_H
#define ASSAY_S3_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/error.h"
#include "schema/base/str.h"
#include "worker/aws/keyring.h"
#include "worker/net/http.h"

struct s3; /* one thread */

/* Borrowed for its life. */
struct s3_options {
    struct http *http;
    struct keyring *keyring;
    const char *region; /* of the bucket */
    const char *url;    /* NULL: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS's own address */
};

/* "s3://bucket/prefix", the prefix may be empty; the bucket's name is at most 63 bytes. */
enum { S3_BUCKET_BYTES = 64, S3_ETAG_BYTES = 72, S3_KEY_BYTES_MAX = 1024 };
bool s3_is_uri(const char *text);
/* False (INPUT): no bucket, or none that could exist. The prefix lives in `uri`. */
bool s3_parse_uri(const char *uri, char bucket[S3_BUCKET_BYTES], struct str *prefix,
                  struct error *error);

/* NULL and `error` (FATAL) when the address is none. The bucket's name is copied. A bucket is asked
 * by its host name at AWS's own address, by path at others and when its name holds a dot. */
struct s3 *s3_open(const struct s3_options *options, const char *bucket, struct error *error);
void s3_close(struct s3 *s3);

struct s3_object {
    struct str key; /* borrowed during the call */
    int64_t size, modified_ms;
    char etag[S3_ETAG_BYTES]; /* with its quotes; "" when the service gave none */
};

/* ListObjectsV2: calls back for each object whose key begins with `prefix` and comes after `after`
 * (both may be empty), ascending by the bytes of the key, until `object` is false. Waits; asks
 * again when throttled or broken off. False and `error`: TRANSIENT after all tries, INPUT when
 * there is no such bucket, it is another region's, or it must not be read. */
bool s3_list(struct s3 *s3, struct str prefix, struct str after,
             bool (*object)(void *owner, const struct s3_object *object), void *owner,
             struct error *error);

/* ---- reading ahead -------------------------------------------------------------------------- */

enum { S3_PART_BYTES = 4 << 20, S3_PARTS_MAX = 64, S3_AHEAD_BYTES = 32 << 20 };

/* Objects come back in the order they were added, in parts of S3_PART_BYTES, `parts_max` of them
 * asked for at a time, fewer where they are S3_AHEAD_BYTES in all. */
struct s3_stream *s3_stream_new(struct s3 *s3, unsigned parts_max);
void s3_stream_free(struct s3_stream *stream);
/* Copies. An object that is no longer the one of this etag fails. */
void s3_stream_add(struct s3_stream *stream, const struct s3_object *object);
/* Bytes asked for or held, and not yet handed out: to be kept small by who adds. */
int64_t s3_stream_waiting(const struct s3_stream *stream);

struct s3_part {
    uint64_t object;     /* how many were added before it */
    struct str bytes;    /* until the next call */
    bool last;           /* of its object */
    struct error error;  /* why the object cannot be read (further): then this is its last part */
};

/* The next part, waited for. False: there is none, everything that was added was handed out; or
 * http_interrupt. */
bool s3_stream_next(struct s3_stream *stream, struct s3_part *out);

#endif
