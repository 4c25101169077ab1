/* pattern_subjects: texts made to cost a pattern as much as they can. */
#include "evaluators/rules/pattern_subjects.h"

#include <stdlib.h>
#include "schema/base/buffer.h"
#include "evaluators/rules/pattern_parts.h"

enum {
    SAMPLE_BYTES_MAX = 16 << 10, /* of a prefix or a pump */
    PUMPS_MAX = 4,               /* alternatives of a repeated choice that are tried */
    SLACK_MIN = 8,               /* a repetition with less room is taken as it is */
    SETTLED_PUMPS = 4,           /* the longest bound, so often, is behind all bounds' ends */
    ITEMS_MAX = 512,             /* of which the characters are looked up; others match nothing */
};

/* What an item may match: those a text is made of. Letters and digits come first, so that they are
 * taken where nothing else decides. */
static const char *const CHARACTERS[] = {
    "a", "0", " ", "A", "x", "z", "e", "1", "9", "X", "f", "b", "c", "d", "g", "h", "i", "j", "k",
    "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "y", "B", "C", "D", "E", "F", "G",
    "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "Y", "Z", "2",
    "3", "4", "5", "6", "7", "8", "_", "-", ".", ",", "/", "+", "=", ":", ";", "@", "'", "\"", "<",
    ">", "(", ")", "[", "]", "{", "}", "#", "$", "%", "&", "*", "!", "?", "|", "\\", "^", "`", "~",
    "\t", "\n", "\r", "\f", "\v", "\x01", "\xc3\xa9", "\xd1\x8f", "\xce\xb1", "\xe4\xb8\xad",
    "\xd9\xa3", "\xc2\xa0", "\xf0\x9f\x98\x80"};
enum { CHARACTER_COUNT = sizeof CHARACTERS / sizeof *CHARACTERS };

struct item {
    const struct part *part;
    bool matches[CHARACTER_COUNT];
    bool known; /* one of them is matched */
};

enum policy { MOST_SHARED, LEAST_SHARED, POLICIES };

struct maker {
    struct str source;
    unsigned flags;
    struct pattern_scratch *scratch;
    struct arena *arena;
    const struct part *root;
    struct item *items;
    size_t item_count;
    unsigned shared[CHARACTER_COUNT]; /* by how many items it is matched */
    uint32_t longest_bound; /* of all repetitions that have one */
    enum policy policy;
    struct subject *out;
    size_t count;
};

/* ---- characters ---- */

static void find_characters(struct maker *maker, struct item *item)
{
    struct pattern *pattern = pattern_compile_counted(item->part->text, maker->flags, NULL);
    for (size_t i = 0; pattern && i < CHARACTER_COUNT; i++) {
        struct pattern_match match;
        item->matches[i] = pattern_search(pattern, str_of(CHARACTERS[i]), 0, true, maker->scratch,
                                          &match) == PATTERN_FOUND;
        item->known |= item->matches[i];
    }
    pattern_free(pattern);
}

static const struct item *same_item(const struct maker *maker, struct str text)
{
    for (size_t i = 0; i < maker->item_count; i++)
        if (str_equal(maker->items[i].part->text, text))
            return &maker->items[i];
    return NULL;
}

static void list_parts(struct maker *maker, const struct part *part)
{
    for (; part; part = part->next) {
        list_parts(maker, part->child);
        if (part->kind == PART_REPEAT && part->max != PART_REPEAT_ENDLESS &&
            part->max > maker->longest_bound)
            maker->longest_bound = part->max;
        if (part->kind != PART_ITEM || maker->item_count == ITEMS_MAX)
            continue;
        const struct item *same = same_item(maker, part->text);
        struct item *item = &maker->items[maker->item_count];
        *item = same ? *same : (struct item){.part = part};
        if (!same)
            find_characters(maker, item);
        maker->item_count += !same;
        for (size_t i = 0; i < CHARACTER_COUNT; i++)
            maker->shared[i] += item->matches[i];
    }
}

static const char *character_of(const struct maker *maker, const struct part *part)
{
    const struct item *item = same_item(maker, part->text);
    size_t best = CHARACTER_COUNT;
    for (size_t i = 0; item && i < CHARACTER_COUNT; i++) {
        if (!item->matches[i])
            continue;
        bool is_better = best == CHARACTER_COUNT ||
                         (maker->policy == MOST_SHARED ? maker->shared[i] > maker->shared[best]
                                                       : maker->shared[i] < maker->shared[best]);
        if (is_better)
            best = i;
    }
    return best < CHARACTER_COUNT ? CHARACTERS[best] : "";
}

/* ---- texts that parts match ---- */

static bool has_room(const struct buffer *text)
{
    return text->size < SAMPLE_BYTES_MAX;
}

/* The shortest text of a part; `once`: every repetition is taken at least once. */
static void append_sample(const struct maker *maker, const struct part *part, bool once,
                          struct buffer *out)
{
    const struct part *child = part->child;
    switch (part->kind) {
    case PART_ITEM:
        buffer_append_str(out, str_of(character_of(maker, part)));
        break;
    case PART_SEQUENCE:
        for (; child && has_room(out); child = child->next)
            append_sample(maker, child, once, out);
        break;
    case PART_CHOICE:
        append_sample(maker, child, once, out);
        break;
    case PART_REPEAT:
        for (uint32_t i = 0; (i < part->min || (i == 0 && once)) && has_room(out); i++)
            append_sample(maker, child, once, out);
        break;
    case PART_LOOK:
        break;
    }
}

static bool contains(const struct part *outer, const struct part *inner)
{
    return inner->text.data >= outer->text.data &&
           inner->text.data + inner->text.size <= outer->text.data + outer->text.size;
}

/* What leads to the target; true when it was met inside. */
static bool append_way(const struct maker *maker, const struct part *part,
                       const struct part *target, struct buffer *out)
{
    if (part == target)
        return true;
    if (part->kind == PART_ITEM || !contains(part, target)) {
        append_sample(maker, part, false, out);
        return false;
    }
    const struct part *child = part->child;
    if (part->kind == PART_CHOICE)
        while (child->next && !contains(child, target))
            child = child->next;
    for (; child; child = part->kind == PART_SEQUENCE ? child->next : NULL)
        if (append_way(maker, child, target, out))
            return true;
    return false;
}

/* ---- subjects ---- */

/* Something the repeated part does not match, so that what comes behind it fails late. */
static struct str ending_for(const struct maker *maker, const struct part *repeated)
{
    static const char *const endings[] = {"\x01\x01", "!!", "  ", "\n\n", "a", "0"};
    while (repeated->child)
        repeated = repeated->child;
    struct pattern *pattern = pattern_compile_counted(repeated->text, maker->flags, NULL);
    struct str ending = {"", 0};
    for (size_t i = 0; pattern && !ending.size && i < sizeof endings / sizeof *endings; i++) {
        struct pattern_match match;
        if (pattern_search(pattern, str_of(endings[i]), 0, true, maker->scratch, &match) ==
            PATTERN_NONE)
            ending = str_of(endings[i]);
    }
    pattern_free(pattern);
    return ending;
}

/* `repeat` NULL: the whole pattern. */
static void add(struct maker *maker, struct str prefix, struct str pump, struct str end,
                const struct part *repeat)
{
    if (pump.size == 0 || maker->count == PATTERN_SUBJECTS_MAX)
        return;
    for (size_t i = 0; i < maker->count; i++)
        if (str_equal(maker->out[i].prefix, prefix) && str_equal(maker->out[i].pump, pump))
            return;
    size_t settled = prefix.size + SETTLED_PUMPS * maker->longest_bound * pump.size;
    maker->out[maker->count++] = (struct subject){
        .prefix = prefix,
        .pump = pump,
        .end = end,
        .repetition = repeat ? repeat->text : (struct str){"", 0},
        .is_endless = repeat && repeat->max == PART_REPEAT_ENDLESS,
        .settled_bytes = settled,
    };
}

static struct str joined(struct maker *maker, struct str a, struct str b, struct str c)
{
    char *text = arena_printf(maker->arena, "%.*s%.*s%.*s", STR_ARGS(a), STR_ARGS(b), STR_ARGS(c));
    return str_of(text);
}

static struct str take(struct maker *maker, struct buffer *buffer)
{
    struct str text = str_of(arena_copy(maker->arena, buffer_str(buffer)));
    buffer_clear(buffer);
    return text;
}

/* One text that is repeated, behind what leads there. */
static void aim(struct maker *maker, const struct part *repeat, struct str way, struct str pump)
{
    static const struct str none = {"", 0}, blank = STR(" ");
    struct str end = ending_for(maker, repeat);
    add(maker, way, pump, end, repeat);                                  /* deep */
    add(maker, none, joined(maker, way, pump, none), end, repeat);       /* begins everywhere */
    add(maker, none, joined(maker, blank, way, pump), end, repeat);      /* and where a word does */
    add(maker, none, pump, end, repeat);                                 /* nothing but it */
    add(maker, none, way, end, repeat);                                  /* or never comes to it */
}

static void aim_at(struct maker *maker, const struct part *repeat)
{
    struct buffer way_text = {0};
    append_way(maker, maker->root, repeat, &way_text);
    struct str way = take(maker, &way_text);
    bool is_choice = repeat->child->kind == PART_CHOICE;
    const struct part *pump = is_choice ? repeat->child->child : repeat->child;
    for (size_t i = 0; pump && i < PUMPS_MAX; i++, pump = is_choice ? pump->next : NULL) {
        struct buffer text = {0};
        append_sample(maker, pump, false, &text);
        if (text.size == 0)
            append_sample(maker, pump, true, &text);
        aim(maker, repeat, way, take(maker, &text));
    }
}

static void aim_at_all(struct maker *maker, const struct part *part)
{
    for (; part; part = part->next) {
        if (part->kind == PART_REPEAT &&
            (part->max == PART_REPEAT_ENDLESS || part->max - part->min >= SLACK_MIN))
            aim_at(maker, part);
        aim_at_all(maker, part->child);
    }
}

/* The whole pattern but its last character, again and again. */
static void aim_at_whole(struct maker *maker)
{
    static const struct str none = {"", 0};
    struct buffer text = {0};
    append_sample(maker, maker->root, false, &text);
    struct str sample = take(maker, &text);
    while (sample.size > 0 && ((unsigned char)sample.data[sample.size - 1] & 0xc0) == 0x80)
        sample.size--;
    sample.size -= sample.size > 0;
    add(maker, none, sample, none, NULL);
}

size_t pattern_subjects(struct str source, unsigned flags, struct pattern_scratch *scratch,
                        struct arena *arena, struct subject out[PATTERN_SUBJECTS_MAX])
{
    struct maker maker = {
        .source = source, .flags = flags, .scratch = scratch, .arena = arena, .out = out};
    maker.root = pattern_parts(source, flags & PATTERN_EXTENDED, arena);
    maker.items = arena_new(arena, ITEMS_MAX + 1, sizeof *maker.items);
    list_parts(&maker, maker.root);
    for (maker.policy = MOST_SHARED; maker.policy < POLICIES; maker.policy++) {
        aim_at_all(&maker, maker.root);
        aim_at_whole(&maker);
    }
    return maker.count;
}

struct str subject_text(const struct subject *subject, size_t size, struct arena *arena)
{
    size_t fixed = subject->prefix.size + subject->end.size;
    size_t pumps = size > fixed ? (size - fixed) / subject->pump.size : 0;
    pumps += pumps == 0;
    char *text = arena_alloc(arena, fixed + pumps * subject->pump.size);
    size_t at = subject->prefix.size;
    memcpy(text, subject->prefix.data, at);
    for (size_t i = 0; i < pumps; i++, at += subject->pump.size)
        memcpy(text + at, subject->pump.data, subject->pump.size);
    memcpy(text + at, subject->end.data, subject->end.size);
    return (struct str){text, at + subject->end.size};
}
