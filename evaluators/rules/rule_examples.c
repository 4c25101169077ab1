/* rule_examples: do a pack's rules match what their examples say they match? */
#include "evaluators/rules/rule_examples.h"

#include <stdio.h>
#include "evaluators/rules/rule_read.h"
#include "evaluators/rules/rules.h"
#include "evaluators/scratch.h"

struct check {
    struct rules *rules; /* of the whole pack */
    struct scratch *scratch;
    struct arena arena;
    struct problems *problems;
};

/* The four ways a text can be searched; they must agree. */
static const struct {
    const char *name;
    bool interpreter, every_rule;
} WAYS[] = {{"as usual", false, false},
            {"interpreter", true, false},
            {"without keywords", false, true},
            {"interpreter, without keywords", true, true}};

/* How many matches of the rule; -1 and a problem when a limit was hit. */
static int count_matches(struct check *check, size_t way, const char *id, struct str text,
                         const char *path)
{
    struct rule_matches matches;
    struct error error = {0};
    int count = 0;
    pattern_scratch_interpret(check->scratch->patterns, WAYS[way].interpreter);
    check->scratch->every_rule = WAYS[way].every_rule;
    if (!rules_find(check->rules, text, RULE_BOTH, RULES_MATCHES_MAX, check->scratch, &check->arena,
                    &matches, &error)) {
        problems_add(check->problems, path, "%s: %s", WAYS[way].name, error.text);
        return -1;
    }
    for (size_t i = 0; i < matches.count; i++)
        count += strcmp(matches.list[i].rule->id, id) == 0;
    return count;
}

static void check_example(struct check *check, const char *id, struct str text, bool must_match,
                          const char *path)
{
    int usual = count_matches(check, 0, id, text, path);
    if (usual >= 0 && (usual > 0) != must_match)
        problems_add(check->problems, path, "rule %s must%s match this example", id,
                     must_match ? "" : " not");
    for (size_t way = 1; way < sizeof WAYS / sizeof *WAYS; way++)
        if (count_matches(check, way, id, text, path) != usual)
            problems_add(check->problems, path, "rule %s: %s finds something else", id,
                         WAYS[way].name);
    arena_reset(&check->arena);
}

static void check_list(struct check *check, const char *id, const json_t *list, bool must_match,
                       const char *path)
{
    const char *key = must_match ? "match" : "no_match";
    if (json_array_size(list) == 0)
        problems_add(check->problems, path, "rule %s has no example under %s", id, key);
    size_t i;
    json_t *value;
    json_array_foreach((json_t *)list, i, value)
    {
        char at[RULE_PATH_BYTES];
        snprintf(at, sizeof at, "%s.examples.%s[%zu]", path, key, i);
        check_example(check, id, str_of(json_string_value(value)), must_match, at);
    }
}

static void check_rules(struct check *check, const json_t *pack, const char *path)
{
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(pack, "rules"), i, value)
    {
        char at[RULE_PATH_BYTES];
        struct rule_text text;
        snprintf(at, sizeof at, "%s%srules[%zu]", path, *path ? "." : "", i);
        rule_read(value, &text, at, check->problems); /* fine: rules_add_pack read it before */
        check_list(check, text.id, text.match, true, at);
        check_list(check, text.id, text.no_match, false, at);
    }
}

bool rule_examples_check(const json_t *pack, const char *path, struct problems *problems)
{
    static const struct rules_wanted all = {0};
    size_t before = problems->total;
    struct check check = {.rules = rules_new(), .scratch = scratch_new(), .problems = problems};
    if (rules_add_pack(check.rules, pack, &all, path, problems) &&
        rules_prepare(check.rules, path, problems))
        check_rules(&check, pack, path);
    rules_free(check.rules);
    scratch_free(check.scratch);
    arena_clear(&check.arena);
    return problems->total == before;
}
