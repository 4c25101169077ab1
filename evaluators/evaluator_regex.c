/* regex: does the text hold nothing that is forbidden, and all that is required? */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "schema/base/utf8.h"
#include "evaluators/evaluator.h"
#include "evaluators/rules/rule_read.h"
#include "evaluators/rules/rules.h"

enum { LIST_MAX = 200, PATH_BYTES = RULE_PATH_BYTES };

struct regex {
    struct rules *forbidden, *required;
    unsigned where; /* enum rule_where: where the forbidden ones are looked for */
    enum rule_severity min_severity;
};

struct options {
    const json_t *packs, *rules, *forbid, *require, *entities;
    const char *where, *min_severity;
};

static const struct json_field OPTIONS[] = {
    {"packs", JSON_KIND_ARRAY, false, offsetof(struct options, packs), 0, 0, NULL},
    {"rules", JSON_KIND_ARRAY, false, offsetof(struct options, rules), 0, 0, NULL},
    {"forbid", JSON_KIND_ARRAY, false, offsetof(struct options, forbid), 0, 0, NULL},
    {"require", JSON_KIND_ARRAY, false, offsetof(struct options, require), 0, 0, NULL},
    {"where", JSON_KIND_STRING, false, offsetof(struct options, where), 0, 0, RULE_WHERE_NAMES},
    {"entities", JSON_KIND_ARRAY, false, offsetof(struct options, entities), 0, 0, NULL},
    {"min_severity", JSON_KIND_STRING, false, offsetof(struct options, min_severity), 0, 0,
     RULE_SEVERITY_NAMES},
};

/* One configuration: what add_* need. */
struct setup {
    struct regex *regex;
    const struct options *options;
    const struct evaluator_context *context;
    struct rules_wanted wanted; /* of packs; entities owned */
    struct problems *problems;
};

static bool list_is_short(const json_t *list, const char *path, struct problems *problems)
{
    if (json_array_size(list) <= LIST_MAX)
        return true;
    return problems_add(problems, path, "has more than %d entries", LIST_MAX);
}

static void read_entities(struct setup *setup)
{
    const json_t *list = setup->options->entities;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s.entities", setup->context->path);
    if (!list || !list_is_short(list, path, setup->problems))
        return;
    const char **entities = memory_new(json_array_size(list) + 1, sizeof *entities);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *entity = json_string_value(json_array_get(list, i));
        if (entity)
            entities[setup->wanted.entity_count++] = entity;
        else
            problems_add(setup->problems, path, "must be a list of strings");
    }
    setup->wanted.entities = entities;
}

static void add_pack(struct setup *setup, const char *name, const char *path)
{
    const struct evaluator_context *context = setup->context;
    struct rules *rules = setup->regex->forbidden;
    size_t before = rules_count(rules), problems_before = setup->problems->total;
    if (!name) {
        problems_add(setup->problems, path, "must be the name of a rule pack");
        return;
    }
    if (!context->pack) {
        problems_add(setup->problems, path, "there are no rule packs here");
        return;
    }
    const json_t *pack = context->pack(context->packs, name, path, setup->problems);
    if (!pack)
        return;
    rules_add_pack(rules, pack, &setup->wanted, path, setup->problems);
    if (rules_count(rules) == before && setup->problems->total == problems_before)
        problems_add(setup->problems, path,
                     "no rule of pack \"%s\" is left; check where (now \"%s\"), entities and "
                     "min_severity",
                     name, setup->options->where);
}

static void add_packs(struct setup *setup)
{
    const json_t *list = setup->options->packs;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s.packs", setup->context->path);
    if (!list_is_short(list, path, setup->problems))
        return;
    for (size_t i = 0; i < json_array_size(list); i++) {
        snprintf(path, sizeof path, "%s.packs[%zu]", setup->context->path, i);
        add_pack(setup, json_string_value(json_array_get(list, i)), path);
    }
}

static void check_entities_exist(const struct setup *setup)
{
    for (size_t i = 0; i < setup->wanted.entity_count; i++) {
        const struct rules *rules = setup->regex->forbidden;
        bool exists = false;
        for (size_t k = 0; k < rules_count(rules) && !exists; k++)
            exists = strcmp(rules_at(rules, k)->entity, setup->wanted.entities[i]) == 0;
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s.entities[%zu]", setup->context->path, i);
        if (!exists)
            problems_add(setup->problems, path, "no rule of the packs finds \"%.60s\"",
                         setup->wanted.entities[i]);
    }
}

/* Rules written in the rubric are meant: one that would never be looked for is a mistake. */
static void add_list(struct setup *setup, struct rules *rules, const json_t *list, const char *key,
                     unsigned where)
{
    static const struct rules_wanted all = {0};
    size_t before = rules_count(rules);
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s.%s", setup->context->path, key);
    if (!list || !list_is_short(list, path, setup->problems))
        return;
    rules_add_list(rules, list, &all, path, setup->problems);
    for (size_t i = before; i < rules_count(rules); i++)
        if (!(rules_at(rules, i)->where & where))
            problems_add(setup->problems, path, "rule %s never looks where this criterion looks",
                         rules_at(rules, i)->id);
}

static void add_all(struct setup *setup)
{
    const struct options *options = setup->options;
    struct regex *regex = setup->regex;
    const char *path = setup->context->path;
    size_t before = setup->problems->total;
    read_entities(setup);
    add_packs(setup);
    if (setup->problems->total == before)
        check_entities_exist(setup);
    add_list(setup, regex->forbidden, options->rules, "rules", regex->where);
    add_list(setup, regex->forbidden, options->forbid, "forbid", regex->where);
    add_list(setup, regex->required, options->require, "require", RULE_RESPONSE);
    free((void *)setup->wanted.entities);
    if (setup->problems->total != before)
        return;
    if (rules_count(regex->forbidden) + rules_count(regex->required) == 0)
        problems_add(setup->problems, path,
                     "has no rule; name packs, or list patterns under forbid or require");
    rules_prepare(regex->forbidden, path, setup->problems);
    rules_prepare(regex->required, path, setup->problems);
}

static bool configure(const json_t *json, const struct evaluator_context *context, void **out_state,
                      struct problems *problems)
{
    size_t before = problems->total;
    struct options options = {.where = "response", .min_severity = "low"};
    struct regex *regex = memory_new(1, sizeof *regex);
    regex->forbidden = rules_new();
    regex->required = rules_new();
    *out_state = regex;
    if (!json_read_fields(json, OPTIONS, sizeof OPTIONS / sizeof *OPTIONS, &options, context->path,
                          problems))
        return false;
    regex->where = rule_where_of(options.where);
    regex->min_severity = rule_severity_of(options.min_severity);
    struct setup setup = {
        .regex = regex,
        .options = &options,
        .context = context,
        .wanted = {.where = regex->where, .min_severity = regex->min_severity},
        .problems = problems,
    };
    add_all(&setup);
    return problems->total == before;
}

static void release(void *state)
{
    struct regex *regex = state;
    if (!regex)
        return;
    rules_free(regex->forbidden);
    rules_free(regex->required);
    free(regex);
}

/* A match without its context words may have fallen below what a pack is asked for. */
static bool counts(const struct regex *regex, const struct rule_match *match)
{
    return !match->rule->pack || match->severity >= regex->min_severity;
}

/* What was found so far, over both texts. */
struct verdict {
    const struct rule_match *worst; /* most severe, then first */
    struct finding findings[SCORE_FINDINGS_MAX];
    size_t count;
    bool cut;
};

static void add_findings(const struct regex *regex, const struct rule_matches *matches,
                         struct str text, const char *where, struct verdict *verdict)
{
    size_t counted_bytes = 0, counted = 0;
    verdict->cut |= matches->cut;
    for (size_t i = 0; i < matches->count; i++) {
        const struct rule_match *match = &matches->list[i];
        if (!counts(regex, match))
            continue;
        if (!verdict->worst || match->severity > verdict->worst->severity)
            verdict->worst = match;
        if (verdict->count == SCORE_FINDINGS_MAX)
            continue;
        size_t before = match->start - counted_bytes, length = match->end - match->start;
        counted += utf8_count((struct str){text.data + counted_bytes, before});
        counted_bytes = match->start;
        verdict->findings[verdict->count++] = (struct finding){
            .rule = match->rule->id,
            .entity = match->rule->entity,
            .where = where,
            .start = counted,
            .end = counted + utf8_count((struct str){text.data + match->start, length}),
            .start_byte = match->start,
            .end_byte = match->end,
        };
    }
}

/* What one call of score() works with. */
struct work {
    const struct regex *regex;
    struct scratch *scratch;
    struct arena *arena;
    struct error *error;
};

static bool find_forbidden(const struct work *work, struct str text, enum rule_where place,
                           struct verdict *verdict)
{
    struct rule_matches matches;
    if (!(work->regex->where & place) || !text.data)
        return true;
    if (!rules_find(work->regex->forbidden, text, place, RULES_MATCHES_MAX, work->scratch,
                    work->arena, &matches, work->error))
        return false;
    add_findings(work->regex, &matches, text, place == RULE_REQUEST ? "request" : "response",
                 verdict);
    return true;
}

/* *out_missing: a required rule that finds nothing in the response, or NULL. */
static bool find_missing(const struct work *work, struct str response,
                         const struct rule **out_missing)
{
    const struct rules *rules = work->regex->required;
    struct rule_matches matches;
    if (!rules_find(rules, response, RULE_RESPONSE, 1, work->scratch, work->arena, &matches,
                    work->error))
        return false;
    *out_missing = NULL;
    for (size_t i = 0; i < rules_count(rules) && !*out_missing; i++) {
        bool found = false;
        for (size_t k = 0; k < matches.count && !found; k++)
            found = matches.list[k].rule == rules_at(rules, i);
        if (!found)
            *out_missing = rules_at(rules, i);
    }
    return true;
}

static struct score forbidden_score(const struct verdict *verdict, struct arena *arena)
{
    const struct rule *rule = verdict->worst->rule;
    struct score score = score_value(0, arena_printf(arena, "forbidden: %s", rule->id));
    struct finding *findings = arena_alloc(arena, verdict->count * sizeof *findings);
    memcpy(findings, verdict->findings, verdict->count * sizeof *findings);
    score.label = rule->entity;
    score.findings = findings;
    score.finding_count = verdict->count;
    return score;
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered;
    struct work work = {state, scratch, arena, error};
    struct verdict verdict = {.count = 0};
    const struct rule *missing = NULL;
    if (!find_forbidden(&work, sample->prompt, RULE_REQUEST, &verdict) ||
        !find_forbidden(&work, sample->response, RULE_RESPONSE, &verdict) ||
        !find_missing(&work, sample->response, &missing))
        return false;
    if (verdict.worst) {
        *out = forbidden_score(&verdict, arena);
    } else if (verdict.cut) {
        return error_set(error, ERROR_INPUT, "a rule has more than %d matches below min_severity",
                         RULES_MATCHES_MAX);
    } else if (missing) {
        *out = score_value(0, arena_printf(arena, "missing: %s", missing->id));
        out->label = "missing";
    } else {
        *out = score_value(1, NULL);
    }
    return true;
}

const struct evaluator evaluator_regex = {
    .name = "regex",
    .summary = "is nothing forbidden found, and everything required? (rule packs, patterns)",
    .needs = NEEDS_UNMASKED,
    .configure = configure,
    .score = score,
    .release = release,
};
