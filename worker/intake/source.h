/* source: where capture objects lie: a file, a folder, or a prefix of a bucket. */
#ifndef ASSAY_SOURCE_H
#define ASSAY_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/error.h"
#include "worker/aws/s3.h"
#include "worker/intake/lines.h"

enum { SOURCE_PAGE_OBJECTS = 1000 };

struct source_object {
    char *name; /* its whole name: an absolute path, or s3://bucket/key */
    int64_t size, modified_ms;
    char etag[S3_ETAG_BYTES]; /* another one when the object's bytes are others */
};

/* Zero-initialise, then use. */
struct source_page {
    struct source_object objects[SOURCE_PAGE_OBJECTS];
    size_t count;
};
void source_page_clear(struct source_page *page);

/* For buckets; borrowed. */
struct source_aws {
    struct http *http;
    struct keyring *keyring;
    const char *region, *url; /* as in struct s3_options */
};

struct source;

/* What a kind of source does; functions get what `open` gave. */
struct source_class {
    void *(*open)(const char *where, const struct source_aws *aws, struct error *error);
    void (*close)(void *self);
    bool (*page)(void *self, bool again, struct source_page *out, struct error *error);
    /* NULL: nothing is fetched ahead */
    void (*ahead)(void *self, const struct source_object *object);
    void (*ahead_none)(void *self);
    struct lines *(*lines)(void *self, const struct source_object *object, size_t line_bytes_max,
                           struct error *error);
};
extern const struct source_class SOURCE_FILES, SOURCE_S3;

/* "s3://bucket/prefix", or the path of a file or a folder. NULL and `error` (INPUT) when there is
 * no such place. `aws` is needed for buckets only. */
struct source *source_open(const char *where, const struct source_aws *aws, struct error *error);
void source_close(struct source *source);

/* The next objects by the bytes of their names, none at the end; `again` begins anew and sees what
 * has come meanwhile. False and `error`: TRANSIENT, or INPUT. */
bool source_page(struct source *source, bool again, struct source_page *out, struct error *error);

/* Says that this object will be opened after those that were said before. Objects are opened in the
 * order in which they were said, all of them. */
void source_ahead(struct source *source, const struct source_object *object);
/* Takes back all that was said and not opened. */
void source_ahead_none(struct source *source);
/* The object's lines. NULL and `error`: it cannot be read; TRANSIENT when it may be later. */
struct lines *source_lines(struct source *source, const struct source_object *object,
                           size_t line_bytes_max, struct error *error);

#endif
