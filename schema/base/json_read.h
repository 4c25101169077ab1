/* json_read: strict reading of JSON documents (rubrics, packs, configuration, replies) by jansson.
 * Capture records, on the hot path, are read by json_tape instead. */
#ifndef ASSAY_BASE_JSON_READ_H
#define ASSAY_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "schema/base/str.h"

/* Limits checked before jansson sees a byte: it grows up to 80 bytes of heap a byte of input. */
struct json_limits {
    size_t bytes, tokens;
    unsigned depth;
};
extern const struct json_limits JSON_LIMITS_DOCUMENT; /* rubrics, packs, configuration: 4 MiB */
extern const struct json_limits JSON_LIMITS_REPLY;    /* what a model or a service sent: 256 KiB */

/* Duplicate keys, NULs, bad UTF-8 and trailing text are errors. NULL and `error` (INPUT) when the
 * text is not such a document; else a new reference. */
json_t *json_read(struct str text, const struct json_limits *limits, struct error *error);
/* The same for a file; its path stands in front of the error. */
json_t *json_read_file(const char *path, const struct json_limits *limits, struct error *error);
/* A whole file, at most bytes_max: `out_text` is malloc'ed and NUL-terminated. */
bool json_read_bytes(const char *path, size_t bytes_max, char **out_text, size_t *out_size,
                     struct error *error);

/* Compact with sorted keys: what is hashed. The caller frees. */
char *json_canonical(const json_t *value);

/* What a key of an object may hold, and where it goes. */
enum json_kind {
    JSON_KIND_STRING, /* const char *, borrowed from the document */
    JSON_KIND_NUMBER, /* double */
    JSON_KIND_INT,    /* int64_t */
    JSON_KIND_BOOL,   /* bool */
    JSON_KIND_ARRAY,  /* const json_t *, borrowed */
    JSON_KIND_OBJECT, /* const json_t *, borrowed */
    JSON_KIND_ANY,    /* const json_t *, borrowed */
};

struct json_field {
    const char *key;
    enum json_kind kind;
    bool required;
    size_t offset;     /* of the member in the struct that is filled */
    double min, max;   /* numbers: inclusive range, when max > min */
    const char *const *choices; /* strings: NULL-terminated list of allowed words, or NULL */
};

/* Fills the members of `out` that the object names; the others keep what they held, so defaults
 * are set before. Unknown keys, wrong types and values out of range are problems at "path.key".
 * A key whose name starts with "//" or is "$schema" is a comment. True when nothing was wrong. */
bool json_read_fields(const json_t *object, const struct json_field *fields, size_t count,
                      void *out, const char *path, struct problems *problems);

#endif
