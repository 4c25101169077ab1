/* source_s3: capture objects in a bucket, fetched ahead, each through a file without a name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/intake/source.h"

enum { PARTS = 32 }; /* asked for at a time: captures of a quiet endpoint are many and small */

struct bucket {
    struct s3 *s3;
    struct s3_stream *stream;
    struct str prefix;
    char name[S3_BUCKET_BYTES];
    char *where; /* prefix lives in it */
    struct buffer after; /* the last key that was listed */
    struct source_page *page;
};

static void bucket_close(void *self)
{
    struct bucket *bucket = self;
    s3_stream_free(bucket->stream);
    s3_close(bucket->s3);
    buffer_clear(&bucket->after);
    free(bucket->where);
    free(bucket);
}

static void *bucket_open(const char *where, const struct source_aws *aws, struct error *error)
{
    struct bucket *bucket = memory_new(1, sizeof *bucket);
    bucket->where = memory_copy_string(where);
    const struct s3_options options = {.http = aws->http,
                                       .keyring = aws->keyring,
                                       .region = aws->region,
                                       .url = aws->url};
    if (s3_parse_uri(bucket->where, bucket->name, &bucket->prefix, error))
        bucket->s3 = s3_open(&options, bucket->name, error);
    if (!bucket->s3) {
        bucket_close(bucket);
        return NULL;
    }
    bucket->stream = s3_stream_new(bucket->s3, PARTS);
    return bucket;
}

/* ---- listing ---- */

static bool listed(void *owner, const struct s3_object *object)
{
    struct bucket *bucket = owner;
    struct source_page *page = bucket->page;
    struct buffer name = {0};
    buffer_printf(&name, "s3://%s/%.*s", bucket->name, STR_ARGS(object->key));
    struct source_object *one = &page->objects[page->count++];
    *one = (struct source_object){
        .name = name.data, .size = object->size, .modified_ms = object->modified_ms};
    snprintf(one->etag, sizeof one->etag, "%s", object->etag);
    buffer_reset(&bucket->after);
    buffer_append_str(&bucket->after, object->key);
    return page->count < SOURCE_PAGE_OBJECTS;
}

static bool bucket_page(void *self, bool again, struct source_page *out, struct error *error)
{
    struct bucket *bucket = self;
    bucket->page = out;
    if (again)
        buffer_reset(&bucket->after);
    struct buffer after = {0}; /* `listed` moves the other */
    buffer_append_str(&after, buffer_str(&bucket->after));
    bool fine = s3_list(bucket->s3, bucket->prefix, buffer_str(&after), listed, bucket, error);
    buffer_clear(&after);
    return fine;
}

/* ---- reading ---- */

static struct str key_of(const struct bucket *bucket, const struct source_object *object)
{
    return str_of(object->name + strlen("s3://") + strlen(bucket->name) + 1);
}

static void bucket_ahead(void *self, const struct source_object *object)
{
    struct bucket *bucket = self;
    struct s3_object one = {.key = key_of(bucket, object), .size = object->size};
    snprintf(one.etag, sizeof one.etag, "%s", object->etag);
    s3_stream_add(bucket->stream, &one);
}

static void bucket_ahead_none(void *self)
{
    struct bucket *bucket = self;
    s3_stream_free(bucket->stream);
    bucket->stream = s3_stream_new(bucket->s3, PARTS);
}

/* The next object's bytes go to the file; those of one that fails are read past. */
static bool fetch(struct bucket *bucket, const struct source_object *object, FILE *file,
                  struct error *error)
{
    struct s3_part part;
    do {
        if (!s3_stream_next(bucket->stream, &part))
            return error_set(error, ERROR_TRANSIENT, "%s: reading was interrupted", object->name);
        if (part.error.kind != ERROR_NONE)
            error_set(error, part.error.kind, "%s: %s", object->name, part.error.text);
        else if (error->kind == ERROR_NONE && part.bytes.size &&
                 fwrite(part.bytes.data, part.bytes.size, 1, file) != 1)
            error_set(error, ERROR_FATAL, "cannot write a temporary file: %s", strerror(errno));
    } while (!part.last);
    return error->kind == ERROR_NONE;
}

static struct lines *bucket_lines(void *self, const struct source_object *object,
                                  size_t line_bytes_max, struct error *error)
{
    FILE *file = tmpfile();
    if (!file) {
        error_set(error, ERROR_FATAL, "cannot make a temporary file: %s", strerror(errno));
        return NULL;
    }
    struct lines *lines = NULL;
    if (fetch(self, object, file, error) && fflush(file) == 0 && fseek(file, 0, SEEK_SET) == 0)
        lines = lines_of(dup(fileno(file)), object->name, line_bytes_max, error);
    else
        error_set(error, ERROR_FATAL, "cannot write a temporary file: %s", strerror(errno));
    fclose(file);
    return lines;
}

const struct source_class SOURCE_S3 = {.open = bucket_open,
                                       .close = bucket_close,
                                       .page = bucket_page,
                                       .ahead = bucket_ahead,
                                       .ahead_none = bucket_ahead_none,
                                       .lines = bucket_lines};
