/* group: responses to one request that came as deliveries of their own. */
#include <stdlib.h>
#include "schema/base/buffer.h"
#include "worker/store/shard.h"

enum { UNIT_BYTES = 8 };

/* A row of table fingerprint. */
struct row {
    uint64_t member;
    int64_t source, offset;
    size_t expected;
    struct fingerprint fingerprint;
};

struct rows {
    struct row items[GROUP_MEMBERS_MAX];
    size_t count;
};

uint64_t store_group_key(const struct store *store, uint64_t scope, const struct sample *sample)
{
    struct buffer name = {0};
    buffer_append(&name, &scope, sizeof scope);
    const struct str parts[] = {sample->model, sample->model_version, sample->group};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buffer_append_str(&name, parts[i]);
        buffer_append(&name, "", 1); /* no text holds a NUL */
    }
    uint64_t key = hash_sip(store->key, buffer_str(&name));
    buffer_clear(&name);
    return key;
}

/* ---- units at rest ---- */

static uint64_t keyed(const struct store *store, uint64_t unit)
{
    if (unit == FINGERPRINT_NOTHING)
        return unit;
    uint64_t hash = hash_sip(store->key, (struct str){(const char *)&unit, sizeof unit});
    return hash == FINGERPRINT_NOTHING ? 1 : hash;
}

static void append_units(const struct store *store, const struct fingerprint *fingerprint,
                         struct buffer *out)
{
    for (size_t i = 0; i < fingerprint->count; i++) {
        uint64_t unit = keyed(store, fingerprint->units[i]);
        uint8_t bytes[UNIT_BYTES];
        for (int b = 0; b < UNIT_BYTES; b++)
            bytes[b] = (uint8_t)(unit >> 8 * b);
        buffer_append(out, bytes, sizeof bytes);
    }
}

struct fingerprint store_fingerprint(struct str bytes, struct arena *arena)
{
    size_t count = bytes.size / UNIT_BYTES;
    uint64_t *units = arena_new(arena, count + 1, sizeof *units);
    for (size_t i = 0; i < count; i++)
        for (int b = 0; b < UNIT_BYTES; b++)
            units[i] |= (uint64_t)(uint8_t)bytes.data[i * UNIT_BYTES + b] << 8 * b;
    return (struct fingerprint){units, count};
}

/* ---- rows ---- */

static void read_rows(struct store *store, int64_t criterion, const struct member *member,
                      struct arena *arena, struct rows *out)
{
    struct statement *read = db_sql(
        store->db, "SELECT member, source, off, expected, units FROM fingerprint WHERE run = ? AND "
                   "criterion = ? AND grp = ? ORDER BY position");
    db_bind_int(read, shard_run(store, member->run));
    db_bind_int(read, criterion);
    db_bind_int(read, (int64_t)member->group);
    while (out->count < GROUP_MEMBERS_MAX && db_row(read))
        out->items[out->count++] = (struct row){.member = (uint64_t)db_int(read, 0),
                                                .source = db_int(read, 1),
                                                .offset = db_int(read, 2),
                                                .expected = (size_t)db_int(read, 3),
                                                .fingerprint =
                                                    store_fingerprint(db_text(read, 4), arena)};
    db_end(read);
}

static void insert_row(struct store *store, int64_t criterion, size_t position,
                       const struct member *member)
{
    struct buffer units = {0};
    append_units(store, &member->fingerprint, &units);
    struct statement *row =
        db_sql(store->db, "INSERT INTO fingerprint VALUES(?,?,?,?,?,?,?,?,?) "
                          "ON CONFLICT DO NOTHING");
    db_bind_int(row, shard_run(store, member->run));
    db_bind_int(row, criterion);
    db_bind_int(row, (int64_t)member->group);
    db_bind_int(row, (int64_t)position);
    db_bind_int(row, (int64_t)member->number);
    db_bind_int(row, member->source);
    db_bind_int(row, member->offset);
    db_bind_int(row, (int64_t)member->expected);
    db_bind_blob(row, units.size ? buffer_str(&units) : STR(""));
    db_do(row);
    buffer_clear(&units);
}

/* ---- a member's place ---- */

static size_t position_of(const struct rows *rows, const struct member *member)
{
    size_t i = 0;
    while (i < rows->count &&
           !(rows->items[i].source == member->source && rows->items[i].offset == member->offset))
        i++;
    return i;
}

static bool holds_number(const struct rows *rows, uint64_t number)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].member == number)
            return true;
    return false;
}

static size_t expected_of(const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].expected)
            return rows->items[i].expected;
    return 0;
}

static int by_member(const void *a, const void *b)
{
    uint64_t one = ((const struct row *)a)->member, other = ((const struct row *)b)->member;
    return (one > other) - (one < other);
}

static void hand_out(struct rows *rows, size_t count, struct arena *arena,
                     struct fingerprint **out_all)
{
    qsort(rows->items, count, sizeof *rows->items, by_member);
    *out_all = arena_new(arena, count, sizeof **out_all);
    for (size_t i = 0; i < count; i++)
        (*out_all)[i] = rows->items[i].fingerprint;
}

enum member_place store_group_add(struct store *store, const struct member *member,
                                  struct arena *arena, struct fingerprint **out_all,
                                  size_t *out_count)
{
    int64_t criterion = shard_rubric(store, member->rubric)->criteria[member->criterion];
    struct rows rows = {.count = 0};
    read_rows(store, criterion, member, arena, &rows);
    size_t position = position_of(&rows, member);
    if (position == rows.count) {
        if (holds_number(&rows, member->number))
            return MEMBER_DUPLICATE;
        if (rows.count == GROUP_MEMBERS_MAX)
            return MEMBER_LATE;
        insert_row(store, criterion, position, member);
        rows.count = 0;
        read_rows(store, criterion, member, arena, &rows);
    }
    size_t expected = expected_of(&rows);
    if (expected == 0 || position + 1 < expected)
        return MEMBER_OPEN;
    if (position + 1 > expected)
        return MEMBER_LATE;
    hand_out(&rows, expected, arena, out_all);
    *out_count = expected;
    return MEMBER_COMPLETES;
}
