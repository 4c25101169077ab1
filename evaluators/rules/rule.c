/* rule: one pattern with what makes a match of it count. */
#include "evaluators/rules/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"
#include "evaluators/rules/pattern_trial.h"
#include "evaluators/rules/rule_read.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_word_byte(char c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static char *copy_lower(const char *text)
{
    char *copy = memory_copy_string(text);
    for (char *c = copy; *c; c++)
        *c = lower(*c);
    return copy;
}

static char **copy_list_lower(const json_t *list, size_t *out_count)
{
    size_t count = json_array_size(list);
    char **copies = memory_new(count + 1, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = copy_lower(json_string_value(json_array_get(list, i)));
    *out_count = count;
    return copies;
}

static void free_list(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

/* NULL after a problem at `path`. */
static struct pattern *compile_tried(const struct rule_text *text, const char *source,
                                     struct rule_trials *trials, const char *path,
                                     struct problems *problems)
{
    struct error error = {0};
    struct pattern *pattern = pattern_compile(str_of(source), text->flags, &error);
    if (pattern && !pattern_trial(str_of(source), text->flags, trials->scratch,
                                  &trials->steps_left, &error)) {
        pattern_free(pattern);
        pattern = NULL;
    }
    if (!pattern)
        problems_add(problems, path, "rule %s: %s", text->id, error.text);
    return pattern;
}

static void compile_allow(const struct rule_text *text, struct rule_trials *trials,
                          struct rule *out, const char *path, struct problems *problems)
{
    size_t count = json_array_size(text->allow);
    out->allow = memory_new(count + 1, sizeof *out->allow);
    for (size_t i = 0; i < count; i++) {
        const char *source = json_string_value(json_array_get(text->allow, i));
        char at[RULE_PATH_BYTES];
        snprintf(at, sizeof at, "%s.allow[%zu]", path, i);
        struct pattern *pattern = compile_tried(text, source, trials, at, problems);
        if (pattern)
            out->allow[out->allow_count++] = pattern;
    }
}

static void read_validators(const struct rule_text *text, struct rule *out, const char *path,
                            struct problems *problems)
{
    size_t count = json_array_size(text->validators);
    out->validators = memory_new(count + 1, sizeof *out->validators);
    for (size_t i = 0; i < count; i++) {
        struct error error = {0};
        const char *name = json_string_value(json_array_get(text->validators, i));
        char at[RULE_PATH_BYTES];
        snprintf(at, sizeof at, "%s.validators[%zu]", path, i);
        if (validator_read(str_of(name), &out->validators[out->validator_count], &error))
            out->validator_count++;
        else
            problems_add(problems, at, "\"%.40s\" %s", name, error.text);
    }
}

bool rule_compile(const struct rule_text *text, struct rule_trials *trials, struct rule *out,
                  const char *path, struct problems *problems)
{
    size_t before = problems->total;
    struct rule rule = {
        .id = memory_copy_string(text->id),
        .entity = memory_copy_string(text->entity),
        .where = text->where,
        .severity = text->severity,
        .has_keywords = json_array_size(text->keywords) > 0,
        .within = (size_t)text->context.within,
        .words_required = text->context.required,
    };
    rule.pattern = compile_tried(text, text->pattern, trials, path, problems);
    read_validators(text, &rule, path, problems);
    compile_allow(text, trials, &rule, path, problems);
    rule.words = copy_list_lower(text->context.words, &rule.word_count);
    rule.stop = copy_list_lower(text->stop, &rule.stop_count);
    if (problems->total != before) {
        rule_clear(&rule);
        return false;
    }
    *out = rule;
    return true;
}

void rule_clear(struct rule *rule)
{
    free(rule->id);
    free(rule->entity);
    free(rule->pack);
    pattern_free(rule->pattern);
    free(rule->validators);
    free_list(rule->words, rule->word_count);
    free_list(rule->stop, rule->stop_count);
    for (size_t i = 0; i < rule->allow_count; i++)
        pattern_free(rule->allow[i]);
    free(rule->allow);
    *rule = (struct rule){0};
}

static bool equals_at(struct str text, size_t at, struct str lowered)
{
    if (text.size - at < lowered.size)
        return false;
    for (size_t i = 0; i < lowered.size; i++)
        if (lower(text.data[at + i]) != lowered.data[i])
            return false;
    return true;
}

static bool contains(struct str text, const char *lowered)
{
    struct str wanted = str_of(lowered);
    for (size_t at = 0; at + wanted.size <= text.size; at++)
        if (equals_at(text, at, wanted))
            return true;
    return false;
}

/* As a whole word. */
static bool contains_word(struct str text, const char *lowered)
{
    struct str wanted = str_of(lowered);
    for (size_t at = 0; at + wanted.size <= text.size; at++) {
        if (at > 0 && is_word_byte(text.data[at - 1]))
            continue;
        if (!equals_at(text, at, wanted))
            continue;
        size_t end = at + wanted.size;
        if (end == text.size || !is_word_byte(text.data[end]))
            return true;
    }
    return false;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Up to `within` characters before `at`. */
static struct str text_before(struct str text, size_t at, size_t within)
{
    size_t start = at;
    for (size_t n = 0; n < within && start > 0; n++)
        do
            start--;
        while (start > 0 && is_continuation(text.data[start]));
    return (struct str){text.data + start, at - start};
}

static struct str text_behind(struct str text, size_t at, size_t within)
{
    size_t end = at;
    for (size_t n = 0; n < within && end < text.size; n++)
        do
            end++;
        while (end < text.size && is_continuation(text.data[end]));
    return (struct str){text.data + at, end - at};
}

static bool has_context(const struct rule *rule, struct str text, struct span found)
{
    struct str before = text_before(text, found.start, rule->within);
    struct str behind = text_behind(text, found.end, rule->within);
    for (size_t i = 0; i < rule->word_count; i++)
        if (contains_word(before, rule->words[i]) || contains_word(behind, rule->words[i]))
            return true;
    return false;
}

static enum rule_verdict check_validators(const struct rule *rule, struct str value)
{
    for (size_t i = 0; i < rule->validator_count; i++)
        if (!validator_passes(&rule->validators[i], value))
            return validator_may_start_later(&rule->validators[i]) ? RULE_STARTED_EARLY
                                                                   : RULE_DISMISSED;
    return RULE_COUNTS;
}

static enum rule_verdict check_exceptions(const struct rule *rule, struct str value,
                                          struct pattern_scratch *scratch)
{
    for (size_t i = 0; i < rule->stop_count; i++)
        if (contains(value, rule->stop[i]))
            return RULE_DISMISSED;
    for (size_t i = 0; i < rule->allow_count; i++) {
        struct pattern_match match;
        switch (pattern_search(rule->allow[i], value, 0, true, scratch, &match)) {
        case PATTERN_FOUND:
            return RULE_DISMISSED;
        case PATTERN_LIMIT:
            return RULE_UNCERTAIN;
        case PATTERN_NONE:
            break;
        }
    }
    return RULE_COUNTS;
}

enum rule_verdict rule_judge(const struct rule *rule, struct str text, struct span found,
                             struct pattern_scratch *scratch, enum rule_severity *out_severity)
{
    struct str value = {text.data + found.start, found.end - found.start};
    enum rule_verdict verdict = check_validators(rule, value);
    if (verdict == RULE_COUNTS)
        verdict = check_exceptions(rule, value, scratch);
    if (verdict != RULE_COUNTS)
        return verdict;
    *out_severity = rule->severity;
    if (rule->word_count > 0 && !has_context(rule, text, found)) {
        if (rule->words_required)
            return RULE_DISMISSED;
        *out_severity = rule->severity > RULE_LOW ? rule->severity - 1 : RULE_LOW;
    }
    return RULE_COUNTS;
}
