/* segment: the part of the traffic that a sample belongs to, as reports tell it apart. */
#include "worker/store/segment.h"

#include <stdlib.h>
#include "evaluators/formats/script.h"
#include "schema/base/memory.h"
#include "worker/store/shard.h"

enum { LANGUAGE_BYTES = 4096 }; /* of a prompt tell its writing system */

static const char TAG[] = "tags.";
static const char OTHER[] = "other";

/* ---- what a sample says ---- */

static struct str tag_of(const struct sample *sample, const char *key)
{
    for (size_t i = 0; i < sample->tag_count; i++)
        if (str_is(sample->tags[i].key, key))
            return sample->tags[i].value;
    return (struct str){0};
}

/* The first bytes of a text, whole characters only. */
static struct str head_of(struct str text)
{
    if (text.size <= LANGUAGE_BYTES)
        return text;
    size_t size = LANGUAGE_BYTES;
    while (size > 0 && ((unsigned char)text.data[size] & 0xC0) == 0x80)
        size--;
    return (struct str){text.data, size};
}

static const char *script_of_text(struct str text)
{
    struct script_counts counts = script_count(head_of(text));
    size_t most = SCRIPT_COUNT;
    double share = 0;
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        double here = script_share(&counts, (enum script)i);
        if (here > share) {
            share = here;
            most = i;
        }
    }
    return most < SCRIPT_COUNT ? SCRIPT_WORDS[most] : NULL;
}

static struct str language_of(const struct sample *sample)
{
    struct str said = tag_of(sample, "language");
    if (said.data)
        return said;
    return str_of(script_of_text(sample->last_user.data ? sample->last_user : sample->prompt));
}

static struct str component_of(const struct sample *sample)
{
    return sample->inference_component;
}

static struct str endpoint_of(const struct sample *sample)
{
    return sample->endpoint;
}

static struct str route_of(const struct sample *sample)
{
    return sample->route;
}

static struct str stratum_of(const struct sample *sample)
{
    return sample->stratum;
}

static struct str variant_of(const struct sample *sample)
{
    return sample->variant;
}

static struct str version_of(const struct sample *sample)
{
    return sample->model_version;
}

/* As SEGMENT_KEY_WORDS tells them. */
static const struct {
    const char *name;
    struct str (*value)(const struct sample *sample);
} KEYS[] = {
    {"component", component_of}, {"endpoint", endpoint_of}, {"language", language_of},
    {"route", route_of},         {"stratum", stratum_of},   {"variant", variant_of},
    {"version", version_of},
};
enum { KEY_COUNT = sizeof KEYS / sizeof *KEYS };

static bool is_tag(const char *key)
{
    return strncmp(key, TAG, sizeof TAG - 1) == 0 && key[sizeof TAG - 1];
}

bool segment_key_valid(const char *key)
{
    size_t i = 0;
    while (i < KEY_COUNT && strcmp(KEYS[i].name, key) != 0)
        i++;
    return i < KEY_COUNT || is_tag(key);
}

static struct str value_of(const char *key, const struct sample *sample)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(KEYS[i].name, key) == 0)
            return KEYS[i].value(sample);
    return tag_of(sample, key + sizeof TAG - 1);
}

/* ---- words ---- */

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

size_t segment_keys_sort(const char **keys, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(keys, count, sizeof *keys, by_text);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(keys[kept - 1], keys[i]) != 0)
            keys[kept++] = keys[i];
    return kept;
}

static void add_word(struct buffer *out, size_t i, const char *key, struct str value)
{
    buffer_append_str(out, i ? STR(",") : STR("{"));
    buffer_append_json(out, str_of(key));
    buffer_append_str(out, STR(":"));
    if (!value.data)
        buffer_append_str(out, STR("null"));
    else
        buffer_append_json(out, value.size > SEGMENT_VALUE_BYTES_MAX ? str_of(OTHER) : value);
}

void segment_words(const char *const *keys, size_t count, const struct sample *sample,
                   struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        add_word(out, i, keys[i], sample ? value_of(keys[i], sample) : str_of(OTHER));
    buffer_append_str(out, count ? STR("}") : STR("{}"));
}

/* ---- rows ---- */

void segments_init(struct segments *segments, const char *const *keys, size_t count)
{
    struct buffer list = {0};
    count = count < SEGMENT_KEYS_MAX ? count : SEGMENT_KEYS_MAX;
    segments->keys = memory_new(count + 1, sizeof *segments->keys);
    for (size_t i = 0; i < count; i++)
        segments->keys[i] = keys[i];
    segments->key_count = segment_keys_sort(segments->keys, count);
    for (size_t i = 0; i < segments->key_count; i++) {
        segments->keys[i] = memory_copy_string(segments->keys[i]);
        buffer_printf(&list, "%s%s", i ? "," : "", segments->keys[i]);
    }
    segments->key_list = memory_copy_str(buffer_str(&list));
    buffer_clear(&list);
}

void segments_forget(struct segments *segments)
{
    for (size_t i = 0; i < segments->known_count; i++)
        free(segments->known[i].words);
    segments->known_count = 0;
}

void segments_clear(struct segments *segments)
{
    segments_forget(segments);
    for (size_t i = 0; i < segments->key_count; i++)
        free((char *)segments->keys[i]);
    free(segments->keys);
    free(segments->key_list);
    buffer_clear(&segments->words);
    *segments = (struct segments){0};
}

static int64_t find_row(struct db *db, struct str words)
{
    struct statement *read = db_sql(db, "SELECT id FROM segment WHERE words = ?");
    db_bind_text(read, words);
    int64_t id = db_row(read) ? db_int(read, 0) : -1;
    db_end(read);
    return id;
}

static int64_t add_row(struct db *db, const char *keys, struct str words)
{
    struct statement *make = db_sql(db, "INSERT INTO segment(keys, words) VALUES(?, ?)");
    db_bind_text(make, str_of(keys));
    db_bind_text(make, words);
    db_do(make);
    return db_last_id(db);
}

static bool has_room(struct db *db, const char *keys)
{
    struct statement *read = db_sql(db, "SELECT count(*) FROM segment WHERE keys = ?");
    db_bind_text(read, str_of(keys));
    int64_t count = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return count < SEGMENTS_MAX;
}

/* What finds no room is "other" of every key. */
static int64_t find_or_make(struct segments *segments, struct db *db)
{
    struct buffer *words = &segments->words;
    int64_t id = find_row(db, buffer_str(words));
    if (id >= 0)
        return id;
    if (!has_room(db, segments->key_list)) {
        buffer_reset(words);
        segment_words(segments->keys, segments->key_count, NULL, words);
        id = find_row(db, buffer_str(words));
    }
    return id >= 0 ? id : add_row(db, segments->key_list, buffer_str(words));
}

static void remember(struct segments *segments, char *words, int64_t id)
{
    if (segments->known_count == sizeof segments->known / sizeof *segments->known)
        segments_forget(segments);
    segments->known[segments->known_count++] = (struct known_segment){words, id};
}

int64_t segments_row(struct segments *segments, struct store *store, const struct sample *sample)
{
    if (segments->key_count == 0 || !sample)
        return 0;
    buffer_reset(&segments->words);
    segment_words(segments->keys, segments->key_count, sample, &segments->words);
    for (size_t i = 0; i < segments->known_count; i++)
        if (str_is(buffer_str(&segments->words), segments->known[i].words))
            return segments->known[i].id;
    char *words = memory_copy_str(buffer_str(&segments->words));
    int64_t id = find_or_make(segments, store->db);
    remember(segments, words, id);
    return id;
}
