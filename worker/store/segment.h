/* segment: the part of the traffic that a sample belongs to, as reports tell it apart. */
#ifndef ASSAY_SEGMENT_H
#define ASSAY_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/buffer.h"
#include "schema/sample.h"

struct store;

enum {
    SEGMENT_KEYS_MAX = 8,
    SEGMENTS_MAX = 64,           /* of one shard and one list of keys; further ones are "other" */
    SEGMENT_VALUE_BYTES_MAX = 96, /* longer values are "other" */
};

/* The keys there are, for help and messages. */
#define SEGMENT_KEY_WORDS                                                                          \
    "component, endpoint, language, route, stratum, variant, version or tags.NAME"

/* language: the record's tag "language", else the writing system of its prompt, as "latin". */
bool segment_key_valid(const char *key);
/* Sorts keys and takes doubles out; returns how many are left. */
size_t segment_keys_sort(const char **keys, size_t count);

/* A sample's words, as table segment holds them: JSON; keys ascending. NULL: "other" of each. */
void segment_words(const char *const *keys, size_t count, const struct sample *sample,
                   struct buffer *out);

/* What a shard remembers of its segments. */
struct segments {
    const char **keys; /* ascending; owned, their texts too */
    size_t key_count;
    char *key_list; /* joined by commas */
    struct known_segment {
        char *words;
        int64_t id;
    } known[SEGMENTS_MAX + 1];
    size_t known_count;
    struct buffer words; /* of the sample at hand */
};

/* Copies the keys, at most SEGMENT_KEYS_MAX. */
void segments_init(struct segments *segments, const char *const *keys, size_t count);
/* Forgets ids: after a rollback rows that were made in it are gone. */
void segments_forget(struct segments *segments);
void segments_clear(struct segments *segments);
/* The row of a sample's segment, made when it is new and there is room; inside a transaction. 0
 * without keys. */
int64_t segments_row(struct segments *segments, struct store *store, const struct sample *sample);

#endif
