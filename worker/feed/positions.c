/* positions: how far each object was fed. */
#include "worker/feed/positions.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include "schema/base/hash.h"
#include "schema/base/memory.h"

enum { ROOM_MIN = 1024, NAME_BYTES = 16 };

/* Objects are known by 128 bits of the SHA-256 of their names. */
struct entry {
    uint8_t name[NAME_BYTES];
    struct position position;
    bool taken;
};

struct positions {
    struct entry *entries; /* open addressing; room is a power of two */
    size_t count, room;
};

/* A digest that tells apart, and hides nothing: the key is not secret. */
uint64_t position_digest(uint64_t before, struct str line)
{
    uint8_t key[SIPHASH_KEY_BYTES] = {0};
    memcpy(key, &before, sizeof before);
    return hash_sip(key, line);
}

uint64_t position_etag(const char *etag)
{
    return position_digest(0, str_of(etag));
}

struct positions *positions_new(void)
{
    struct positions *positions = memory_new(1, sizeof *positions);
    positions->room = ROOM_MIN;
    positions->entries = memory_new(positions->room, sizeof *positions->entries);
    return positions;
}

void positions_free(struct positions *positions)
{
    if (!positions)
        return;
    free(positions->entries);
    free(positions);
}

static void name_of(struct str object, uint8_t out[NAME_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    hash_sha256(object, digest);
    memcpy(out, digest, NAME_BYTES);
}

/* The entry of this name, or the free one where it belongs. */
static struct entry *slot_of(const struct positions *positions, const uint8_t name[NAME_BYTES])
{
    uint64_t at;
    memcpy(&at, name, sizeof at);
    for (;; at++) {
        struct entry *entry = &positions->entries[at & (positions->room - 1)];
        if (!entry->taken || memcmp(entry->name, name, NAME_BYTES) == 0)
            return entry;
    }
}

const struct position *positions_find(const struct positions *positions, struct str object)
{
    uint8_t name[NAME_BYTES];
    name_of(object, name);
    const struct entry *entry = slot_of(positions, name);
    return entry->taken ? &entry->position : NULL;
}

static void grow(struct positions *positions)
{
    struct positions larger = {.count = positions->count, .room = positions->room * 2};
    larger.entries = memory_new(larger.room, sizeof *larger.entries);
    for (size_t i = 0; i < positions->room; i++)
        if (positions->entries[i].taken)
            *slot_of(&larger, positions->entries[i].name) = positions->entries[i];
    free(positions->entries);
    *positions = larger;
}

void positions_set(struct positions *positions, struct str object, const struct position *position)
{
    uint8_t name[NAME_BYTES];
    if (positions->count * 4 >= positions->room * 3)
        grow(positions);
    name_of(object, name);
    struct entry *entry = slot_of(positions, name);
    positions->count += !entry->taken;
    memcpy(entry->name, name, NAME_BYTES);
    entry->position = *position;
    entry->taken = true;
}

/* ---- as text ---- */

void position_write(struct str object, const char *etag, const struct position *position,
                    struct buffer *into)
{
    buffer_append_str(into, STR("{\"object\":"));
    buffer_append_json(into, object);
    buffer_append_str(into, STR(",\"etag\":"));
    buffer_append_json(into, str_of(etag));
    buffer_printf(into, ",\"lines\":%" PRId64 ",\"digest\":\"%016" PRIx64 "\",\"done\":%s}",
                  position->lines, position->digest, position->done ? "true" : "false");
}

bool position_read(struct str text, struct buffer *object, struct position *out,
                   struct error *error)
{
    const char *name, *etag, *digest;
    json_int_t lines;
    int done;
    json_t *read = json_loadb(text.data, text.size, 0, NULL);
    if (json_unpack(read, "{s:s,s:s,s:I,s:s,s:b}", "object", &name, "etag", &etag, "lines", &lines,
                    "digest", &digest, "done", &done) != 0 ||
        lines < 0) {
        json_decref(read);
        return error_set(error, ERROR_FATAL, "what stands there is no position of assay feed");
    }
    *out = (struct position){.etag = position_etag(etag),
                             .lines = lines,
                             .digest = strtoull(digest, NULL, 16),
                             .done = done != 0};
    buffer_reset(object);
    buffer_append_str(object, str_of(name));
    json_decref(read);
    return true;
}
