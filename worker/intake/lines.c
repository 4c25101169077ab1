/* lines: the lines of a file, plain or packed, in bounded memory. */
#include "worker/intake/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/intake/unpack.h"

enum { CHUNK_BYTES = 256 << 10 };

struct lines {
    struct unpack *file;
    char *name; /* for messages */
    size_t line_bytes_max;
    int64_t number, bytes_total;
    bool ended; /* the last line had its end */
    char *chunk;
    size_t at, size; /* of the chunk: read position and bytes held */
};

struct lines *lines_open(const char *path, size_t line_bytes_max, struct error *error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int descriptor = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    return lines_of(descriptor, is_stdin ? "standard input" : path, line_bytes_max, error);
}

struct lines *lines_of(int descriptor, const char *name, size_t line_bytes_max,
                       struct error *error)
{
    struct stat about;
    if (descriptor < 0 || fstat(descriptor, &about) != 0) {
        error_set(error, ERROR_INPUT, "%s: cannot open: %s", name, strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return NULL;
    }
    struct lines *lines = memory_new(1, sizeof *lines);
    lines->file = unpack_open(descriptor);
    lines->name = memory_copy_string(name);
    lines->line_bytes_max = line_bytes_max;
    lines->bytes_total = S_ISREG(about.st_mode) ? about.st_size : 0;
    lines->chunk = memory_new(CHUNK_BYTES, 1);
    return lines;
}

void lines_close(struct lines *lines)
{
    if (!lines)
        return;
    unpack_close(lines->file);
    free(lines->name);
    free(lines->chunk);
    free(lines);
}

/* False at the end of the file, and with `error` when it cannot be read. */
static bool refill(struct lines *lines, struct error *error)
{
    const char *why = NULL;
    ptrdiff_t got = unpack_read(lines->file, lines->chunk, CHUNK_BYTES, &why);
    lines->at = 0;
    lines->size = got > 0 ? (size_t)got : 0;
    if (got < 0)
        error_set(error, ERROR_INPUT, "%s: cannot read on after line %lld: %s", lines->name,
                  (long long)lines->number, why);
    return got > 0;
}

static void append(struct lines *lines, const char *data, size_t size, struct buffer *into,
                   bool *too_long)
{
    if (*too_long || into->size + size > lines->line_bytes_max) {
        *too_long = true;
        buffer_reset(into);
        return;
    }
    buffer_append(into, data, size);
}

/* One line as it stands, its end taken off. */
static enum lines_status raw_line(struct lines *lines, struct buffer *into, struct error *error)
{
    bool too_long = false, any = false;
    buffer_reset(into);
    for (;;) {
        if (lines->at == lines->size && !refill(lines, error)) {
            if (error->kind)
                return LINES_FAILED;
            lines->number += any;
            lines->ended = false;
            return !any ? LINES_END : too_long ? LINES_TOO_LONG : LINES_READ;
        }
        any = true;
        const char *start = lines->chunk + lines->at;
        const char *end = memchr(start, '\n', lines->size - lines->at);
        size_t size = end ? (size_t)(end - start) : lines->size - lines->at;
        append(lines, start, size, into, &too_long);
        lines->at += size + (end != NULL);
        if (!end)
            continue;
        lines->number++;
        lines->ended = true;
        return too_long ? LINES_TOO_LONG : LINES_READ;
    }
}

static bool is_blank(const struct buffer *line)
{
    for (size_t i = 0; i < line->size; i++)
        if (!strchr(" \t\r", line->data[i]) || !line->data[i])
            return false;
    return true;
}

static void strip(struct buffer *line, bool first)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (first && line->size >= 3 && memcmp(line->data, mark, 3) == 0) {
        line->size -= 3;
        memmove(line->data, line->data + 3, line->size);
    }
    if (line->size && line->data[line->size - 1] == '\r')
        line->size--;
    if (line->data)
        line->data[line->size] = '\0';
}

enum lines_status lines_next(struct lines *lines, struct buffer *into, struct error *error)
{
    for (;;) {
        enum lines_status status = raw_line(lines, into, error);
        if (status != LINES_READ)
            return status;
        strip(into, lines->number == 1);
        if (!is_blank(into))
            return status;
    }
}

int64_t lines_number(const struct lines *lines)
{
    return lines->number;
}

bool lines_ended(const struct lines *lines)
{
    return lines->ended;
}

int64_t lines_bytes(const struct lines *lines)
{
    return unpack_bytes(lines->file);
}

int64_t lines_bytes_total(const struct lines *lines)
{
    return lines->bytes_total;
}
