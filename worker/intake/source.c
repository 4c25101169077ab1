/* source: where capture objects lie: a file, a folder, or a prefix of a bucket. */
#include "worker/intake/source.h"

#include <stdlib.h>
#include "schema/base/memory.h"

struct source {
    const struct source_class *class;
    void *self;
};

void source_page_clear(struct source_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        free(page->objects[i].name);
    page->count = 0;
}

struct source *source_open(const char *where, const struct source_aws *aws, struct error *error)
{
    const struct source_class *class = s3_is_uri(where) ? &SOURCE_S3 : &SOURCE_FILES;
    void *self = class->open(where, aws, error);
    if (!self)
        return NULL;
    struct source *source = memory_new(1, sizeof *source);
    *source = (struct source){class, self};
    return source;
}

void source_close(struct source *source)
{
    if (!source)
        return;
    source->class->close(source->self);
    free(source);
}

bool source_page(struct source *source, bool again, struct source_page *out, struct error *error)
{
    source_page_clear(out);
    return source->class->page(source->self, again, out, error);
}

void source_ahead(struct source *source, const struct source_object *object)
{
    if (source->class->ahead)
        source->class->ahead(source->self, object);
}

void source_ahead_none(struct source *source)
{
    if (source->class->ahead_none)
        source->class->ahead_none(source->self);
}

struct lines *source_lines(struct source *source, const struct source_object *object,
                           size_t line_bytes_max, struct error *error)
{
    return source->class->lines(source->self, object, line_bytes_max, error);
}
