/* rules: a set of compiled rules, and all that they find in a text. Candidates come from one pass
 * over the keywords; a faster prefilter would take the place of find_candidates(), and the patterns
 * would still decide. */
#include "evaluators/rules/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"
#include "evaluators/rules/keywords.h"
#include "evaluators/rules/pattern_trial.h"
#include "evaluators/rules/rule_read.h"
#include "evaluators/scratch.h"

enum { RETRY_BYTES_MAX = 64 }; /* longer matches with a wrong checksum are left behind whole */

struct rules {
    struct rule *list;
    size_t count, room;
    struct keyword *words; /* until rules_prepare; texts owned */
    size_t word_count, word_room, word_bytes;
    struct keywords *keywords;
    struct rule_trials trials; /* until rules_prepare */
};

struct rules *rules_new(void)
{
    struct rules *rules = memory_new(1, sizeof *rules);
    rules->trials = (struct rule_trials){pattern_scratch_new(), TRIAL_STEPS_OF_SET};
    return rules;
}

static void end_trials(struct rules *rules)
{
    pattern_scratch_free(rules->trials.scratch);
    rules->trials = (struct rule_trials){0};
}

static void drop_words(struct rules *rules)
{
    for (size_t i = 0; i < rules->word_count; i++)
        free((char *)rules->words[i].text);
    free(rules->words);
    rules->words = NULL;
    rules->word_count = rules->word_room = 0;
}

void rules_free(struct rules *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; i < rules->count; i++)
        rule_clear(&rules->list[i]);
    free(rules->list);
    drop_words(rules);
    end_trials(rules);
    keywords_free(rules->keywords);
    free(rules);
}

static bool is_wanted(const struct rule_text *text, const struct rules_wanted *wanted)
{
    if (wanted->where && !(text->where & wanted->where))
        return false;
    if (text->severity < wanted->min_severity)
        return false;
    if (!wanted->entities)
        return true;
    for (size_t i = 0; i < wanted->entity_count; i++)
        if (strcmp(text->entity, wanted->entities[i]) == 0)
            return true;
    return false;
}

static void add_keywords(struct rules *rules, const json_t *list)
{
    size_t i;
    json_t *value;
    json_array_foreach((json_t *)list, i, value)
    {
        if (rules->word_count == rules->word_room) {
            rules->word_room = rules->word_room ? rules->word_room * 2 : 64;
            rules->words = memory_resize(rules->words, rules->word_room, sizeof *rules->words);
        }
        rules->words[rules->word_count++] = (struct keyword){
            memory_copy_string(json_string_value(value)), (uint32_t)(rules->count - 1)};
        rules->word_bytes += json_string_length(value);
    }
}

static bool id_is_taken(const struct rules *rules, const char *id, const struct pack_text *pack)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->list[i];
        bool same_pack = pack ? rule->pack && strcmp(rule->pack, pack->name) == 0 : !rule->pack;
        if (same_pack && strcmp(rule->id, id) == 0)
            return true;
    }
    return false;
}

static bool add_rule(struct rules *rules, const struct rule_text *text,
                     const struct pack_text *pack, const char *path, struct problems *problems)
{
    struct rule rule;
    if (rules->count == RULES_MAX)
        return problems_add(problems, path,
                            "there are more than %d rules; make it several criteria", RULES_MAX);
    if (id_is_taken(rules, text->id, pack))
        return problems_add(problems, path, "there is a rule \"%s\" already", text->id);
    if (!rule_compile(text, &rules->trials, &rule, path, problems))
        return false;
    if (pack) {
        rule.pack = memory_copy_string(pack->name);
        rule.pack_version = pack->version;
    }
    if (rules->count == rules->room) {
        rules->room = rules->room ? rules->room * 2 : 32;
        rules->list = memory_resize(rules->list, rules->room, sizeof *rules->list);
    }
    rules->list[rules->count++] = rule;
    add_keywords(rules, text->keywords);
    return true;
}

bool rules_add_pack(struct rules *rules, const json_t *document, const struct rules_wanted *wanted,
                    const char *path, struct problems *problems)
{
    size_t before = problems->total, i;
    struct pack_text pack;
    json_t *value;
    if (!pack_read(document, &pack, path, problems))
        return false;
    if (json_array_size(pack.rules) > RULES_MAX)
        return problems_add(problems, path,
                            "the pack has %zu rules, more than %d; split it into several packs and "
                            "name them in several criteria",
                            json_array_size(pack.rules), RULES_MAX);
    json_array_foreach((json_t *)pack.rules, i, value)
    {
        char at[RULE_PATH_BYTES];
        struct rule_text text;
        snprintf(at, sizeof at, "%s%srules[%zu]", path, *path ? "." : "", i);
        if (rule_read(value, &text, at, problems) && is_wanted(&text, wanted))
            add_rule(rules, &text, &pack, at, problems);
    }
    return problems->total == before;
}

/* "criteria[2].options.forbid[0]" without what stands before the last dot. */
static const char *last_word(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

bool rules_add_list(struct rules *rules, const json_t *list, const struct rules_wanted *wanted,
                    const char *path, struct problems *problems)
{
    size_t before = problems->total, i;
    json_t *value;
    json_array_foreach((json_t *)list, i, value)
    {
        char at[RULE_PATH_BYTES];
        snprintf(at, sizeof at, "%s[%zu]", path, i);
        struct rule_text text = {.id = last_word(at),
                                 .entity = "pattern",
                                 .pattern = json_string_value(value),
                                 .where = RULE_BOTH,
                                 .severity = RULE_MEDIUM};
        if (!text.pattern && !rule_read(value, &text, at, problems))
            continue;
        if (is_wanted(&text, wanted))
            add_rule(rules, &text, NULL, at, problems);
    }
    return problems->total == before;
}

bool rules_prepare(struct rules *rules, const char *path, struct problems *problems)
{
    if (rules->word_bytes > KEYWORDS_BYTES_MAX)
        return problems_add(problems, path, "the keywords of all rules are longer than %d bytes",
                            KEYWORDS_BYTES_MAX);
    if (rules->word_count > 0)
        rules->keywords = keywords_new(rules->words, rules->word_count);
    drop_words(rules);
    end_trials(rules);
    return true;
}

size_t rules_count(const struct rules *rules)
{
    return rules->count;
}

const struct rule *rules_at(const struct rules *rules, size_t index)
{
    return &rules->list[index];
}

/* One search over one text. */
struct search {
    struct str text;
    size_t matches_max, chunk_bytes;
    struct pattern_scratch *patterns;
    struct arena *arena;
    struct rule_matches *found;
    size_t room; /* of found->list */
    struct error *error;
};

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The start of the character that `at` is in. */
static size_t character_at(struct str text, size_t at)
{
    while (at > 0 && at < text.size && is_continuation(text.data[at]))
        at--;
    return at;
}

static size_t next_character(struct str text, size_t at)
{
    do
        at++;
    while (at < text.size && is_continuation(text.data[at]));
    return at;
}

/* Part of a text: matches that start in [from, limit) are looked for in [base, end). */
struct window {
    size_t base, limit, end;
};

static struct window window_at(const struct search *search, size_t from)
{
    struct str text = search->text;
    struct window window = {0, text.size, text.size};
    if (from > RULES_BEHIND_BYTES)
        window.base = character_at(text, from - RULES_BEHIND_BYTES);
    if (text.size - from > search->chunk_bytes + RULES_AHEAD_BYTES) {
        window.limit = character_at(text, from + search->chunk_bytes);
        window.end = character_at(text, window.limit + RULES_AHEAD_BYTES);
    }
    return window;
}

static void keep(struct search *search, struct rule_match match)
{
    struct rule_matches *found = search->found;
    if (found->count == search->room) {
        search->room = search->room ? search->room * 2 : 16;
        struct rule_match *list = arena_new(search->arena, search->room, sizeof *list);
        if (found->count)
            memcpy(list, found->list, found->count * sizeof *list);
        found->list = list;
    }
    found->list[found->count++] = match;
}

static bool limit_hit(const struct search *search, const struct rule *rule, const char *limit)
{
    return error_set(search->error, ERROR_INPUT,
                     "rule %s: %s reached, nothing is known about this text; bound the pattern's "
                     "repetitions",
                     rule->id, limit);
}

/* Where to go on behind a match that was judged. */
static size_t behind(const struct search *search, struct span whole, enum rule_verdict verdict)
{
    bool is_short = whole.end - whole.start <= RETRY_BYTES_MAX;
    size_t later = next_character(search->text, whole.start);
    return (verdict == RULE_STARTED_EARLY && is_short) || whole.end < later ? later : whole.end;
}

/* Finds the first match at *at or later in its window; *at moves on. *out_found: there was one. */
static bool find_next(struct search *search, const struct rule *rule, size_t *at, bool *out_found,
                      struct pattern_match *out)
{
    struct window window = window_at(search, *at);
    struct str subject = {search->text.data + window.base, window.end - window.base};
    enum pattern_result result =
        pattern_search(rule->pattern, subject, *at - window.base, window.end == search->text.size,
                       search->patterns, out);
    if (result == PATTERN_LIMIT)
        return limit_hit(search, rule, out->limit);
    out->whole.start += window.base, out->whole.end += window.base;
    out->value.start += window.base, out->value.end += window.base;
    *out_found = result == PATTERN_FOUND && out->whole.start < window.limit;
    if (!*out_found)
        *at = window.limit;
    return true;
}

static bool find_all(struct search *search, const struct rule *rule)
{
    size_t count = 0, at = 0;
    while (at < search->text.size) {
        struct pattern_match match = {0};
        bool is_found;
        if (!find_next(search, rule, &at, &is_found, &match))
            return false;
        if (!is_found)
            continue;
        enum rule_severity severity = rule->severity;
        enum rule_verdict verdict = RULE_DISMISSED;
        if (match.value.start < match.value.end)
            verdict = rule_judge(rule, search->text, match.value, search->patterns, &severity);
        if (verdict == RULE_UNCERTAIN)
            return limit_hit(search, rule, "a limit of an allow pattern was");
        if (verdict == RULE_COUNTS) {
            if (count++ == search->matches_max) {
                search->found->cut = true;
                return true;
            }
            keep(search, (struct rule_match){rule, severity, match.value.start, match.value.end});
        }
        at = behind(search, match.whole, verdict);
    }
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct rule_match *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return (a->rule > b->rule) - (a->rule < b->rule);
}

/* A bit for each rule that may match. */
static uint64_t *find_candidates(const struct rules *rules, struct str text, bool every_rule,
                                 struct arena *arena)
{
    uint64_t *candidates = arena_new(arena, rules->count / 64 + 1, sizeof *candidates);
    for (size_t i = 0; i < rules->count; i++)
        if (every_rule || !rules->list[i].has_keywords)
            candidates[i / 64] |= UINT64_C(1) << (i % 64);
    keywords_find(rules->keywords, text, candidates);
    return candidates;
}

bool rules_find(const struct rules *rules, struct str text, enum rule_where where,
                size_t matches_max, struct scratch *scratch, struct arena *arena,
                struct rule_matches *out, struct error *error)
{
    struct rule_matches found = {0};
    struct search search = {.text = text,
                            .matches_max = matches_max,
                            .chunk_bytes = scratch->chunk_bytes,
                            .patterns = scratch->patterns,
                            .arena = arena,
                            .found = &found,
                            .error = error};
    if (text.size > 0) {
        const uint64_t *candidates = find_candidates(rules, text, scratch->every_rule, arena);
        for (size_t i = 0; i < rules->count; i++)
            if ((rules->list[i].where & where) && owner_is_set(candidates, i) &&
                !find_all(&search, &rules->list[i]))
                return false;
        if (found.count > 1)
            qsort(found.list, found.count, sizeof *found.list, by_place);
    }
    *out = found;
    return true;
}
