/* history_objects: capture objects of JSON lines: files, folders, prefixes of buckets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/hash.h"
#include "schema/base/memory.h"
#include "schema/base/utf8.h"
#include "schema/capture.h"
#include "worker/intake/history.h"
#include "worker/intake/lines.h"
#include "worker/intake/object_key.h"
#include "worker/intake/source.h"

enum { INCARNATION_BYTES = 16, AHEAD_BYTES_MAX = 64 << 20, FOREIGN_NAMED_MAX = 3 };

/* An object's name tells its hour; what it holds may be that much older or younger. */
static const int64_t HOUR_MS = 3600000;

struct object {
    struct source_object about; /* its name is the part's topic */
    struct source *source;
    struct object_key key;
    bool wrapped; /* lines get an envelope */
    bool ahead;   /* it was said, and not yet opened */
};

struct objects {
    struct history *history;
    const struct history_objects_config *config;
    struct source **sources;
    struct object *items; /* of each part */
    size_t count, room;
    int64_t foreign;
    /* Reading: */
    size_t said; /* objects before it were fetched ahead, or will not be read */
    int64_t ahead_bytes;
    struct lines *lines; /* of the part */
    size_t part;
    int64_t position; /* of the next line, blank ones too */
    struct buffer line;
};

/* ---- parts ---- */

static bool may_be_selected(const struct objects *objects, const struct object_key *key)
{
    const struct selection *selection = objects->config->selection;
    if (!key->endpoint.data)
        return true;
    bool in_time = selection->from_ms < 0 || (key->hour_ms + 2 * HOUR_MS > selection->from_ms &&
                                              key->hour_ms - HOUR_MS < selection->to_ms);
    return in_time && selection_takes_endpoint(selection, key->endpoint);
}

/* Takes the name over. */
static void take_object(struct objects *objects, struct source *source,
                        struct source_object *about)
{
    struct object object = {.about = *about, .source = source};
    object_key_read(str_of(about->name), &object.key);
    about->name = NULL;
    if (!may_be_selected(objects, &object.key)) {
        free(object.about.name);
        return;
    }
    object.wrapped = object.key.endpoint.data || objects->config->envelope.models.count ||
                     objects->config->envelope.components.count;
    if (objects->count == objects->room) {
        objects->room = objects->room ? objects->room * 2 : 64;
        objects->items = memory_resize(objects->items, objects->room, sizeof object);
    }
    objects->items[objects->count++] = object;
}

static void take_page(struct objects *objects, struct source *source, struct source_page *page,
                      struct problems *problems)
{
    for (size_t i = 0; i < page->count; i++) {
        struct str name = str_of(page->objects[i].name);
        if (utf8_valid(name) && object_key_is_lines(name)) {
            take_object(objects, source, &page->objects[i]);
        } else if (objects->foreign++ < FOREIGN_NAMED_MAX) {
            problems_add(problems, "",
                         "%s is no file of JSON lines (.jsonl, .json, .ndjson, also with .gz or "
                         ".zst)",
                         page->objects[i].name);
        }
    }
}

static bool list_source(struct objects *objects, struct source *source,
                        const volatile sig_atomic_t *stop, struct problems *problems,
                        struct error *error)
{
    struct source_page *page = memory_new(1, sizeof *page);
    bool fine = true;
    for (bool again = true; fine && !*stop && (again || page->count); again = false) {
        fine = source_page(source, again, page, error);
        if (fine)
            take_page(objects, source, page, problems);
    }
    source_page_clear(page);
    free(page);
    return fine;
}

static int by_name(const void *left, const void *right)
{
    const struct object *a = left, *b = right;
    return strcmp(a->about.name, b->about.name);
}

/* An object that two places hold counts once. */
static void sort_objects(struct objects *objects)
{
    size_t kept = 0;
    if (objects->count)
        qsort(objects->items, objects->count, sizeof *objects->items, by_name);
    for (size_t i = 0; i < objects->count; i++) {
        if (kept && by_name(&objects->items[kept - 1], &objects->items[i]) == 0)
            free(objects->items[i].about.name);
        else
            objects->items[kept++] = objects->items[i];
    }
    objects->count = kept;
}

static void add_part(struct objects *objects, const struct object *object)
{
    char incarnation[2 * INCARNATION_BYTES + 1];
    uint8_t digest[SHA256_BYTES];
    hash_sha256(str_of(object->about.etag), digest);
    hash_hex(digest, INCARNATION_BYTES, incarnation);
    history_add_part(objects->history,
                     &(struct history_part){.topic = object->about.name,
                                            .incarnation = memory_copy_string(incarnation)});
}

static bool list(void *state, const volatile sig_atomic_t *stop, struct problems *problems,
                 struct error *error)
{
    struct objects *objects = state;
    for (size_t i = 0; i < objects->config->from_count; i++)
        if (!list_source(objects, objects->sources[i], stop, problems, error))
            return false;
    if (objects->foreign > FOREIGN_NAMED_MAX)
        problems_add(problems, "", "and %lld more objects are no files of JSON lines",
                     (long long)objects->foreign - FOREIGN_NAMED_MAX);
    sort_objects(objects);
    for (size_t i = 0; i < objects->count; i++)
        add_part(objects, &objects->items[i]);
    return !*stop || error_set(error, ERROR_TRANSIENT, "interrupted while it was planned");
}

/* ---- reading ahead ---- */

static void say(struct objects *objects, struct object *object)
{
    source_ahead(object->source, &object->about);
    objects->ahead_bytes += object->about.size;
    object->ahead = true;
}

/* Objects are opened in the order in which they are said, all of them: so only those that will be
 * read. */
static void say_ahead(struct objects *objects, size_t part, bool all)
{
    for (; objects->said < objects->count; objects->said++) {
        struct object *object = &objects->items[objects->said];
        const struct history_part *its = &objects->history->parts[objects->said];
        if (objects->said > part && objects->ahead_bytes >= AHEAD_BYTES_MAX)
            return;
        if (all || its->from < its->to)
            say(objects, object);
    }
}

static struct lines *open_part(struct objects *objects, size_t part, bool all, struct error *error)
{
    struct object *object = &objects->items[part];
    say_ahead(objects, part, all);
    if (!object->ahead) /* it was passed, or comes again */
        say(objects, object);
    object->ahead = false;
    objects->ahead_bytes -= object->about.size;
    return source_lines(object->source, &object->about, CAPTURE_RECORD_BYTES_MAX, error);
}

/* ---- counting ---- */

static bool count_part(struct objects *objects, size_t at, const volatile sig_atomic_t *stop,
                       struct error *error)
{
    struct history_part *part = &objects->history->parts[at];
    struct lines *lines = open_part(objects, at, true, error);
    while (lines && !*stop && lines_next(lines, &objects->line, error) < LINES_END) {
        part->planned++;
        part->to = lines_number(lines);
    }
    lines_close(lines);
    return error->kind == ERROR_NONE;
}

/* An object that cannot be read is named; a bucket that does not answer stops it all. */
static bool count(void *state, const volatile sig_atomic_t *stop, struct problems *problems,
                  struct error *error)
{
    struct objects *objects = state;
    for (size_t i = 0; i < objects->count && !*stop; i++) {
        struct error why = {0};
        if (count_part(objects, i, stop, &why) || *stop)
            continue;
        if (why.kind != ERROR_INPUT) {
            *error = why;
            return false;
        }
        problems_add(problems, "", "%s", why.text);
        error_clear(&why);
    }
    objects->said = 0;
    objects->ahead_bytes = 0;
    return !*stop || error_set(error, ERROR_TRANSIENT, "interrupted while it was planned");
}

/* ---- reading ---- */

static bool go_to(struct objects *objects, size_t part, int64_t from, struct error *error)
{
    if (objects->lines && objects->part == part && objects->position <= from)
        return true;
    lines_close(objects->lines);
    objects->part = part;
    objects->position = 0;
    objects->lines = open_part(objects, part, false, error);
    return objects->lines != NULL;
}

static void take_line(const struct objects *objects, bool too_long, struct chunk *out)
{
    out->records[out->count++] = (struct history_record){.position = objects->position - 1,
                                                         .body = out->bytes.size,
                                                         .body_size = objects->line.size,
                                                         .too_long = too_long};
    buffer_append_str(&out->bytes, buffer_str(&objects->line));
}

static bool read_lines(void *state, size_t part, int64_t from, int64_t to, struct chunk *out,
                       struct error *error)
{
    struct objects *objects = state;
    out->part = part;
    out->first = from;
    out->end = to;
    if (!go_to(objects, part, from, error))
        return false;
    while (objects->position < to) {
        enum lines_status status = lines_next(objects->lines, &objects->line, error);
        if (status == LINES_FAILED)
            return false;
        if (status == LINES_END)
            return error_set(error, ERROR_INPUT, "%s: changed while it was read",
                             objects->items[part].about.name);
        objects->position = lines_number(objects->lines);
        if (objects->position > from)
            take_line(objects, status == LINES_TOO_LONG, out);
        if (out->count < CHUNK_RECORDS_MAX && out->bytes.size < CHUNK_BYTES_MAX)
            continue;
        out->end = objects->position;
        break;
    }
    return true;
}

/* A line that cannot be enveloped is left as it is: whoever decodes it says what is wrong. */
static bool write_record(const void *state, const struct chunk *chunk,
                         const struct history_record *record, struct arena *arena,
                         struct buffer *into)
{
    const struct objects *objects = state;
    const struct object *object = &objects->items[chunk->part];
    struct str line = {chunk->bytes.data + record->body, record->body_size};
    struct envelope envelope;
    buffer_reset(into);
    if (object->wrapped && !envelope_read(&envelope, line, &object->key, arena))
        envelope_write(&envelope, &objects->config->envelope, 1, into);
    else
        buffer_append_str(into, line);
    return true;
}

static void close_objects(void *state)
{
    struct objects *objects = state;
    lines_close(objects->lines);
    for (size_t i = 0; i < objects->config->from_count; i++)
        source_close(objects->sources[i]);
    for (size_t i = objects->history->part_count; i < objects->count; i++)
        free(objects->items[i].about.name); /* of the others it is the part's */
    free(objects->sources);
    free(objects->items);
    buffer_clear(&objects->line);
    free(objects);
}

static const struct history_kind HISTORY_OBJECTS = {.name = "objects",
                                                    .list = list,
                                                    .count = count,
                                                    .read = read_lines,
                                                    .record = write_record,
                                                    .close = close_objects};

struct history *history_objects_open(const struct history_objects_config *config,
                                     struct error *error)
{
    struct history *history = memory_new(1, sizeof *history);
    struct objects *objects = memory_new(1, sizeof *objects);
    *history = (struct history){.kind = &HISTORY_OBJECTS, .state = objects};
    *objects = (struct objects){
        .history = history,
        .config = config,
        .sources = memory_new(config->from_count, sizeof(struct source *))};
    for (size_t i = 0; i < config->from_count; i++) {
        objects->sources[i] = source_open(config->from[i], config->aws, error);
        if (!objects->sources[i]) {
            history_close(history);
            return NULL;
        }
    }
    return history;
}
