/* import_gitleaks: a rule pack of gitleaks' secret rules. Its patterns are RE2's; what they have
 * and PCRE2 has not does not occur in rules, and would be refused when the rule is compiled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "evaluators/rules/rule_read.h"
#include "evaluators/rules/rules.h"
#include "rubrics/imports/import.h"

/* gitleaks puts this in front of its assignments so that a match shows the whole name. A finding
 * starts behind it, and it makes fifty places out of one where a match may start. It goes where
 * only these stand before it. */
static const char LEADING[] = "[\\w.-]{0,50}?";
static const char *const BEFORE_LEADING[] = {"(?i)", "(?i:"};

/* What endless repetitions may repeat at most when the pattern is too slow as it is: the first of
 * these that is quick enough. Longest first, so that as few matches as possible are lost. */
static const unsigned BOUNDS[] = {8000, 1000, 120};

struct source {
    const char *id, *description, *regex;
    const json_t *keywords, *allowlists;
    double entropy;       /* 0: none */
    int64_t secret_group; /* 0: the first that is not empty */
};

/* JSON lines say null where a key has no value, and gitleaks' own file leaves the key out. */
static const json_t *get(const json_t *rule, const char *key, const char *other)
{
    const json_t *value = json_object_get(rule, key);
    if ((!value || json_is_null(value)) && other)
        value = json_object_get(rule, other);
    return json_is_null(value) ? NULL : value;
}

static struct source read_source(const json_t *rule)
{
    return (struct source){
        .id = json_string_value(get(rule, "id", NULL)),
        .description = json_string_value(get(rule, "description", NULL)),
        .regex = json_string_value(get(rule, "regex", NULL)),
        .keywords = get(rule, "keywords", NULL),
        .allowlists = get(rule, "allowlists", "allowlist"),
        .entropy = json_number_value(get(rule, "entropy", NULL)),
        .secret_group = json_integer_value(get(rule, "secret_group", "secretGroup")),
    };
}

/* The end of the escape or class that starts at `at`, or the next byte. */
static size_t behind_item(struct str regex, size_t at)
{
    if (regex.data[at] == '\\')
        return at + 2 < regex.size ? at + 2 : regex.size;
    if (regex.data[at] != '[')
        return at + 1;
    at++;
    if (at < regex.size && regex.data[at] == '^')
        at++;
    if (at < regex.size && regex.data[at] == ']')
        at++;
    while (at < regex.size && regex.data[at] != ']') {
        bool is_named = regex.data[at] == '[' && at + 1 < regex.size && regex.data[at + 1] == ':';
        const char *end = is_named ? strstr(regex.data + at, ":]") : NULL;
        at = end ? (size_t)(end - regex.data) + 2 : at + (regex.data[at] == '\\' ? 2 : 1);
    }
    return at < regex.size ? at + 1 : regex.size;
}

/* The bytes of what opens a capturing group at `at`: "(", "(?P<name>", "(?<name>"; 0: none does. */
static size_t group_opening(struct str regex, size_t at)
{
    const char *text = regex.data + at;
    if (text[0] != '(')
        return 0;
    if (text[1] != '?')
        return text[1] == '*' ? 0 : 1;
    size_t name = text[2] == 'P' ? 3 : 2;
    if (text[name] != '<' || text[name + 1] == '=' || text[name + 1] == '!')
        return 0;
    const char *end = strchr(text, '>');
    return end ? (size_t)(end - text) + 1 : 0;
}

/* Names the group that is the secret, or all of them: the first not empty is the finding. */
static void name_groups(struct str regex, int64_t wanted, struct buffer *out)
{
    int64_t number = 0;
    for (size_t at = 0; at < regex.size;) {
        size_t opening = group_opening(regex, at);
        number += opening > 0;
        if (opening && (!wanted || number == wanted)) {
            buffer_printf(out, "(?<value>");
            at += opening;
            continue;
        }
        size_t end = opening ? at + opening : behind_item(regex, at);
        buffer_append(out, regex.data + at, end - at);
        at = end;
    }
}

/* Behind what may stand before LEADING, at `at`. */
static size_t behind_opening(struct str regex, size_t at)
{
    for (size_t i = 0; i < sizeof BEFORE_LEADING / sizeof *BEFORE_LEADING; i++)
        if (strncmp(regex.data + at, BEFORE_LEADING[i], strlen(BEFORE_LEADING[i])) == 0)
            return at + strlen(BEFORE_LEADING[i]);
    return at;
}

/* Without any LEADING at its beginning. */
static struct buffer without_leading(struct str regex)
{
    struct buffer out = {0};
    size_t at = 0, size = strlen(LEADING);
    for (;;) {
        size_t opening = behind_opening(regex, at);
        if (strncmp(regex.data + opening, LEADING, size) != 0)
            break;
        buffer_append(&out, regex.data + at, opening - at);
        at = opening + size;
    }
    buffer_append(&out, regex.data + at, regex.size - at);
    return out;
}

/* The bytes of an endless quantifier at `at` and the least it repeats; 0: there is none. */
static size_t endless_at(struct str regex, size_t at, unsigned *out_min)
{
    const char *text = regex.data + at;
    *out_min = *text == '+';
    if (*text == '*' || *text == '+')
        return 1;
    if (*text != '{' || text[1] < '0' || text[1] > '9')
        return 0;
    char *end;
    *out_min = (unsigned)strtoul(text + 1, &end, 10);
    return end[0] == ',' && end[1] == '}' ? (size_t)(end - text) + 2 : 0;
}

/* Every endless repetition repeats at most `bound` times more than it must. */
static void bound_repetitions(struct str regex, unsigned bound, struct buffer *out)
{
    for (size_t at = 0; at < regex.size;) {
        unsigned min;
        size_t quantifier = endless_at(regex, at, &min);
        if (quantifier) {
            buffer_printf(out, "{%u,%u}", min, min + bound);
            at += quantifier;
            if (at < regex.size && regex.data[at] == '?')
                buffer_append(out, "?", 1), at++;
            continue;
        }
        size_t end = behind_item(regex, at);
        buffer_append(out, regex.data + at, end - at);
        at = end;
    }
}

/* `bound` 0: none. */
static json_t *pattern_of(const struct source *source, unsigned bound)
{
    struct buffer start = without_leading(str_of(source->regex)), named = {0}, pattern = {0};
    name_groups(buffer_str(&start), source->secret_group, &named);
    if (bound)
        bound_repetitions(buffer_str(&named), bound, &pattern);
    struct str text = buffer_str(bound ? &pattern : &named);
    json_t *value = json_stringn(text.data, text.size);
    buffer_clear(&start);
    buffer_clear(&named);
    buffer_clear(&pattern);
    return value;
}

static void append_all(json_t *rule, const char *key, const json_t *list)
{
    size_t i;
    json_t *value, *all = json_object_get(rule, key);
    if (!all && json_array_size(list) > 0) {
        all = json_array();
        json_object_set_new(rule, key, all);
    }
    json_array_foreach((json_t *)list, i, value) json_array_append(all, value);
}

static void add_entropy(json_t *rule, double bound)
{
    char text[32];
    snprintf(text, sizeof text, "entropy>%.6g", bound);
    json_object_set_new(rule, "validators", json_pack("[s]", text));
}

/* Lists that look at more than the secret, or want several things at once, have no counterpart. */
static void add_allowlist(json_t *rule, const json_t *list, const char *path,
                          struct problems *left_out)
{
    const char *target = json_string_value(get(list, "regexTarget", "regex_target"));
    const char *condition = json_string_value(get(list, "condition", NULL));
    bool is_simple = (!target || strcmp(target, "secret") == 0) &&
                     (!condition || strcmp(condition, "AND") != 0);
    if (!is_simple) {
        problems_add(left_out, path, "an allowlist of its line or match, or with condition AND, "
                                     "is left out: the rule finds more");
        return;
    }
    append_all(rule, "allow", json_object_get(list, "regexes"));
    append_all(rule, "stop", json_object_get(list, "stopwords"));
}

static json_t *rule_of(const struct source *source, const char *path, struct problems *left_out)
{
    json_t *rule = json_pack("{s:s, s:s*, s:o, s:s}", "id", source->id, "description",
                             source->description, "pattern", pattern_of(source, 0), "severity",
                             "high");
    size_t i;
    json_t *list;
    append_all(rule, "keywords", source->keywords);
    if (source->entropy > 0)
        add_entropy(rule, source->entropy);
    json_array_foreach((json_t *)source->allowlists, i, list)
    add_allowlist(rule, list, path, left_out);
    return rule;
}

/* Whether a pack may hold it. */
static bool is_usable(const json_t *rule, const char *path, struct problems *problems)
{
    static const struct rules_wanted all = {0};
    struct rules *rules = rules_new();
    json_t *list = json_array();
    json_array_append(list, (json_t *)rule);
    bool usable = rules_add_list(rules, list, &all, path, problems);
    json_decref(list);
    rules_free(rules);
    return usable;
}

/* Makes a rule that is too slow quick enough, if a bound can. */
static bool is_usable_bounded(json_t *rule, const struct source *source, const char *path,
                              struct problems *left_out)
{
    for (size_t i = 0; i < sizeof BOUNDS / sizeof *BOUNDS; i++) {
        struct problems problems = {0};
        json_object_set_new(rule, "pattern", pattern_of(source, BOUNDS[i]));
        bool usable = is_usable(rule, path, &problems);
        problems_clear(&problems);
        if (!usable)
            continue;
        problems_add(left_out, path,
                     "kept, but its endless repetitions end after %u: it was too slow", BOUNDS[i]);
        return true;
    }
    return false;
}

static void add_usable(json_t *rules, json_t *rule, const struct source *source, const char *path,
                       struct problems *left_out)
{
    struct problems problems = {0};
    bool usable = is_usable(rule, path, &problems) ||
                  is_usable_bounded(rule, source, path, left_out);
    if (usable)
        json_array_append(rules, rule);
    for (size_t i = 0; i < problems.count && !usable; i++)
        problems_add(left_out, "", "%s", problems.lines[i]);
    problems_clear(&problems);
}

static void add_rule(json_t *rules, const json_t *object, size_t number, struct problems *left_out)
{
    char path[RULE_PATH_BYTES];
    snprintf(path, sizeof path, "rule %zu", number);
    struct source source = read_source(object);
    if (!source.id) {
        problems_add(left_out, path, "has no \"id\"");
        return;
    }
    snprintf(path, sizeof path, "rule %zu (%.64s)", number, source.id);
    if (!source.regex) {
        problems_add(left_out, path, "has no \"regex\": files are told by their path, which "
                                     "samples do not have");
        return;
    }
    json_t *rule = rule_of(&source, path, left_out);
    if (rule)
        add_usable(rules, rule, &source, path, left_out);
    json_decref(rule);
}

static void add_lines(json_t *rules, struct str text, struct problems *left_out)
{
    size_t number = 0;
    for (size_t at = 0; at < text.size;) {
        const char *newline = memchr(text.data + at, '\n', text.size - at);
        size_t end = newline ? (size_t)(newline - text.data) : text.size;
        struct error error = {0};
        char path[RULE_PATH_BYTES];
        number++;
        if (end > at + strspn(text.data + at, " \t\r")) {
            json_t *object = json_read((struct str){text.data + at, end - at},
                                       &JSON_LIMITS_DOCUMENT, &error);
            snprintf(path, sizeof path, "line %zu", number);
            if (object)
                add_rule(rules, object, number, left_out);
            else
                problems_add(left_out, path, "%s; TOML must be made JSON first", error.text);
            json_decref(object);
        }
        at = end + 1;
    }
}

static void add_all(json_t *rules, struct str text, struct problems *left_out)
{
    struct error error = {0};
    json_t *document = json_read(text, &JSON_LIMITS_DOCUMENT, &error), *value;
    const json_t *list = json_is_array(document) ? document : json_object_get(document, "rules");
    size_t i;
    if (!list)
        add_lines(rules, text, left_out);
    json_array_foreach((json_t *)list, i, value) add_rule(rules, value, i + 1, left_out);
    json_decref(document);
}

static json_t *convert(struct str text, const char *name, struct problems *left_out)
{
    json_t *rules = json_array();
    add_all(rules, text, left_out);
    if (json_array_size(rules) == 0) {
        json_decref(rules);
        problems_add(left_out, "", "no rule is left");
        return NULL;
    }
    return json_pack("{s:s, s:i, s:s, s:o}", "name", name, "version", 1, "description",
                     "Imported from gitleaks", "rules", rules);
}

const struct importer import_gitleaks = {
    .name = "gitleaks",
    .summary = "gitleaks' rules as JSON lines, or its file made JSON -> a rule pack",
    .convert = convert,
};
