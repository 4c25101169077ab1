/* redact: a text in which everything that rule packs find is replaced by masks. */
#include "evaluators/rules/redact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"
#include "schema/base/utf8.h"
#include "evaluators/rules/rules.h"

struct redactor {
    struct rules *rules;
};

/* Found like any rule: an opening of a mask that the text brought along. */
static const char MASK_RULES[] =
    "[{\"id\": \"mask\", \"pattern\": \"\\\\[redacted:\", \"keywords\": [\"[redacted:\"],"
    " \"severity\": \"low\"}]";

enum { MASK_BYTES_MAX = 160 };

static void add_mask_rule(struct rules *rules, const char *path, struct problems *problems)
{
    static const struct rules_wanted all = {0};
    json_t *list = json_loads(MASK_RULES, 0, NULL);
    if (!list)
        abort();
    rules_add_list(rules, list, &all, path, problems);
    json_decref(list);
}

struct redactor *redactor_new(const struct evaluator_context *context, const char *const *packs,
                              struct problems *problems)
{
    static const struct rules_wanted all = {0};
    size_t before = problems->total;
    struct redactor *redactor = memory_new(1, sizeof *redactor);
    redactor->rules = rules_new();
    for (size_t i = 0; packs[i]; i++) {
        const json_t *pack = context->pack(context->packs, packs[i], context->path, problems);
        if (pack)
            rules_add_pack(redactor->rules, pack, &all, packs[i], problems);
    }
    add_mask_rule(redactor->rules, context->path, problems);
    rules_prepare(redactor->rules, context->path, problems);
    if (problems->total == before)
        return redactor;
    redactor_free(redactor);
    return NULL;
}

void redactor_free(struct redactor *redactor)
{
    if (!redactor)
        return;
    rules_free(redactor->rules);
    free(redactor);
}

/* Makes one match of those that overlap; returns how many are left. */
static size_t merge(struct rule_match *list, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct rule_match *last = kept ? &list[kept - 1] : NULL;
        if (!last || list[i].start >= last->end) {
            list[kept++] = list[i];
            continue;
        }
        if (list[i].rule->severity > last->rule->severity)
            last->rule = list[i].rule;
        if (list[i].end > last->end)
            last->end = list[i].end;
    }
    return kept;
}

static size_t write_mask(const struct rule_match *match, struct str text, char out[MASK_BYTES_MAX])
{
    struct str found = {text.data + match->start, match->end - match->start};
    int size = snprintf(out, MASK_BYTES_MAX, "[redacted:%s:v%" PRId64 ":%zu]", match->rule->id,
                        match->rule->pack_version, utf8_count(found));
    return (size_t)size;
}

static struct str replace(struct str text, const struct rule_match *list, size_t count,
                          struct arena *arena)
{
    char *out = arena_alloc(arena, text.size + count * MASK_BYTES_MAX + 1);
    size_t size = 0, from = 0;
    for (size_t i = 0; i < count; i++) {
        char mask[MASK_BYTES_MAX];
        size_t mask_size = write_mask(&list[i], text, mask);
        memcpy(out + size, text.data + from, list[i].start - from);
        size += list[i].start - from;
        memcpy(out + size, mask, mask_size);
        size += mask_size;
        from = list[i].end;
    }
    memcpy(out + size, text.data + from, text.size - from);
    size += text.size - from;
    out[size] = '\0';
    return (struct str){out, size};
}

struct str redact(const struct redactor *redactor, struct str text, struct scratch *scratch,
                  struct arena *arena)
{
    struct rule_matches matches;
    struct error error = {0};
    if (!text.data || text.size == 0)
        return text;
    if (!rules_find(redactor->rules, text, RULE_BOTH, RULES_MATCHES_MAX, scratch, arena, &matches,
                    &error) ||
        matches.cut)
        return (struct str){0};
    if (matches.count == 0)
        return text;
    return replace(text, matches.list, merge(matches.list, matches.count), arena);
}
