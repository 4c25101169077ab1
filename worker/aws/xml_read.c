/* xml_read: elements out of a small XML reply. */
#include "worker/aws/xml_read.h"

#include <stdlib.h>
#include "schema/base/utf8.h"

struct reader {
    struct str rest;
    struct str open[XML_DEPTH_MAX]; /* names of the elements we are in */
    size_t depth;
};

static struct str take(struct str *rest, size_t size)
{
    struct str taken = {rest->data, size};
    *rest = (struct str){rest->data + size, rest->size - size};
    return taken;
}

static bool starts_with(struct str text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

/* Moves behind `end`; what stood before it. */
static bool take_until(struct str *rest, const char *end, struct str *out)
{
    size_t size = strlen(end);
    const char *found = rest->size ? memmem(rest->data, rest->size, end, size) : NULL;
    if (!found)
        return false;
    *out = take(rest, (size_t)(found - rest->data));
    take(rest, size);
    return true;
}

/* Moves behind the ">" that ends a tag, one in quotes not counted; a "<" cannot stand in it. */
static bool take_tag_inside(struct str *rest, struct str *out)
{
    char quote = '\0';
    for (size_t i = 0; i < rest->size && rest->data[i] != '<'; i++) {
        char c = rest->data[i];
        if (c == '>' && !quote) {
            *out = take(rest, i);
            take(rest, 1);
            return out->size > 0;
        }
        if (c == quote)
            quote = '\0';
        else if (!quote && (c == '"' || c == '\''))
            quote = c;
    }
    return false;
}

/* The name of a tag's inside, without prefix and attributes. */
static struct str tag_name(struct str tag)
{
    size_t size = 0;
    while (size < tag.size && !strchr(" \t\r\n/", tag.data[size]))
        size++;
    const char *colon = memchr(tag.data, ':', size);
    size_t skip = colon ? (size_t)(colon - tag.data) + 1 : 0;
    return (struct str){tag.data + skip, size - skip};
}

static bool ends_with_path(const struct reader *reader, const char *path)
{
    size_t depth = reader->depth;
    for (struct str rest = str_of(path); rest.size;) {
        const char *slash = memrchr(rest.data, '/', rest.size);
        size_t skip = slash ? (size_t)(slash - rest.data) + 1 : 0;
        struct str name = {rest.data + skip, rest.size - skip};
        if (depth == 0 || !str_equal(reader->open[--depth], name))
            return false;
        rest.size = skip ? skip - 1 : 0;
    }
    return true;
}

static bool append_entity(struct buffer *out, struct str name)
{
    static const struct {
        const char *name, *text;
    } entities[] = {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (str_is(name, entities[i].name)) {
            buffer_append_str(out, str_of(entities[i].text));
            return true;
        }
    char digits[8] = "", *end = NULL;
    if (name.size < 2 || name.size > sizeof digits || name.data[0] != '#')
        return false;
    memcpy(digits, name.data + 1, name.size - 1);
    bool hex = digits[0] == 'x';
    long code = strtol(digits + hex, &end, hex ? 16 : 10);
    if (*end || end == digits + hex || code < 1 || code > 0x10ffff ||
        (code >= 0xd800 && code <= 0xdfff))
        return false;
    char text[4];
    buffer_append(out, text, utf8_put((uint32_t)code, text));
    return true;
}

static bool append_text(struct buffer *out, struct str text)
{
    while (text.size) {
        const char *amp = memchr(text.data, '&', text.size);
        buffer_append_str(out, take(&text, amp ? (size_t)(amp - text.data) : text.size));
        struct str entity;
        if (!amp)
            break;
        take(&text, 1);
        if (!take_until(&text, ";", &entity) || !append_entity(out, entity))
            return false;
    }
    return true;
}

/* Moves over one tag, comment or declaration; reader->rest stands behind its "<". False when it is
 * not well-formed. */
static bool take_tag(struct reader *reader)
{
    struct str tag;
    if (starts_with(reader->rest, "!--"))
        return take_until(&reader->rest, "-->", &tag);
    if (starts_with(reader->rest, "?"))
        return take_until(&reader->rest, "?>", &tag);
    if (starts_with(reader->rest, "!") || !take_tag_inside(&reader->rest, &tag))
        return false;
    if (tag.data[0] == '/') {
        take(&tag, 1);
        return reader->depth > 0 && str_equal(tag_name(tag), reader->open[--reader->depth]);
    }
    if (tag.data[tag.size - 1] == '/')
        return true;
    if (reader->depth == XML_DEPTH_MAX)
        return false;
    reader->open[reader->depth++] = tag_name(tag);
    return true;
}

bool xml_text(struct str xml, const char *path, struct buffer *out)
{
    struct reader reader = {.rest = xml};
    struct str before;
    while (take_until(&reader.rest, "<", &before)) {
        size_t depth = reader.depth;
        if (!take_tag(&reader))
            return false;
        bool opened = reader.depth > depth;
        const char *next =
            reader.rest.size ? memchr(reader.rest.data, '<', reader.rest.size) : NULL;
        if (!opened || !next || !ends_with_path(&reader, path))
            continue;
        if (next + 1 < reader.rest.data + reader.rest.size && next[1] == '/')
            return append_text(out,
                               (struct str){reader.rest.data, (size_t)(next - reader.rest.data)});
    }
    return false;
}

bool xml_each(struct str xml, const char *path, void (*each)(void *owner, struct str inside),
              void *owner)
{
    struct reader reader = {.rest = xml};
    struct str before;
    const char *inside = NULL;
    size_t inside_depth = 0;
    while (take_until(&reader.rest, "<", &before)) {
        const char *tag = reader.rest.data - 1;
        size_t depth = reader.depth;
        if (!take_tag(&reader))
            return false;
        if (reader.depth > depth && !inside && ends_with_path(&reader, path)) {
            inside = reader.rest.data;
            inside_depth = depth;
        } else if (inside && reader.depth == inside_depth) {
            each(owner, (struct str){inside, (size_t)(tag - inside)});
            inside = NULL;
        }
    }
    return reader.depth == 0;
}
