/* rule_read: rules and packs as their JSON says them, checked but not compiled. */
#include "evaluators/rules/rule_read.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "schema/base/json_read.h"

const char *const RULE_WHERE_NAMES[] = {"request", "response", "both", NULL};
const char *const RULE_SEVERITY_NAMES[] = {"low", "medium", "high", "critical", NULL};

enum { WITHIN_MAX = 500, VERSION_MAX = 1000000 };

/* What a rule's object may say, before it is checked further. */
struct rule_fields {
    struct rule_text text;
    const char *where, *severity;
    const json_t *flags, *context, *examples;
};

#define IN_TEXT(member) offsetof(struct rule_fields, text.member)
static const struct json_field RULE_FIELDS[] = {
    {"id", JSON_KIND_STRING, true, IN_TEXT(id), 0, 0, NULL},
    {"entity", JSON_KIND_STRING, false, IN_TEXT(entity), 0, 0, NULL},
    {"description", JSON_KIND_STRING, false, IN_TEXT(description), 0, 0, NULL},
    {"pattern", JSON_KIND_STRING, true, IN_TEXT(pattern), 0, 0, NULL},
    {"flags", JSON_KIND_ARRAY, false, offsetof(struct rule_fields, flags), 0, 0, NULL},
    {"keywords", JSON_KIND_ARRAY, false, IN_TEXT(keywords), 0, 0, NULL},
    {"where", JSON_KIND_STRING, false, offsetof(struct rule_fields, where), 0, 0, RULE_WHERE_NAMES},
    {"severity", JSON_KIND_STRING, false, offsetof(struct rule_fields, severity), 0, 0,
     RULE_SEVERITY_NAMES},
    {"validators", JSON_KIND_ARRAY, false, IN_TEXT(validators), 0, 0, NULL},
    {"context", JSON_KIND_OBJECT, false, offsetof(struct rule_fields, context), 0, 0, NULL},
    {"allow", JSON_KIND_ARRAY, false, IN_TEXT(allow), 0, 0, NULL},
    {"stop", JSON_KIND_ARRAY, false, IN_TEXT(stop), 0, 0, NULL},
    {"examples", JSON_KIND_OBJECT, false, offsetof(struct rule_fields, examples), 0, 0, NULL},
};

static const struct json_field CONTEXT_FIELDS[] = {
    {"words", JSON_KIND_ARRAY, true, offsetof(struct rule_context_text, words), 0, 0, NULL},
    {"within", JSON_KIND_INT, false, offsetof(struct rule_context_text, within), 1, WITHIN_MAX,
     NULL},
    {"required", JSON_KIND_BOOL, false, offsetof(struct rule_context_text, required), 0, 0, NULL},
};

static const struct json_field EXAMPLE_FIELDS[] = {
    {"match", JSON_KIND_ARRAY, false, offsetof(struct rule_text, match), 0, 0, NULL},
    {"no_match", JSON_KIND_ARRAY, false, offsetof(struct rule_text, no_match), 0, 0, NULL},
};

static const struct json_field PACK_FIELDS[] = {
    {"name", JSON_KIND_STRING, true, offsetof(struct pack_text, name), 0, 0, NULL},
    {"version", JSON_KIND_INT, true, offsetof(struct pack_text, version), 1, VERSION_MAX, NULL},
    {"description", JSON_KIND_STRING, true, offsetof(struct pack_text, description), 0, 0, NULL},
    {"rules", JSON_KIND_ARRAY, true, offsetof(struct pack_text, rules), 0, 0, NULL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *name;
    enum pattern_flag flag;
} FLAGS[] = {{"caseless", PATTERN_CASELESS},
             {"multiline", PATTERN_MULTILINE},
             {"dotall", PATTERN_DOTALL},
             {"extended", PATTERN_EXTENDED}};

unsigned rule_where_of(const char *name)
{
    static const unsigned values[] = {RULE_REQUEST, RULE_RESPONSE, RULE_BOTH};
    for (size_t i = 0; RULE_WHERE_NAMES[i]; i++)
        if (strcmp(name, RULE_WHERE_NAMES[i]) == 0)
            return values[i];
    return RULE_BOTH;
}

enum rule_severity rule_severity_of(const char *name)
{
    for (size_t i = 0; RULE_SEVERITY_NAMES[i]; i++)
        if (strcmp(name, RULE_SEVERITY_NAMES[i]) == 0)
            return (enum rule_severity)i;
    return RULE_MEDIUM;
}

/* An id stands in masks, metrics and reports: lower case, digits, '_', '-' and '.'. */
static bool is_id(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.");
    return size > 0 && size <= RULE_ID_BYTES_MAX && text[size] == '\0' && text[0] != '.' &&
           text[0] != '-';
}

static void check_id(const char *text, const char *path, const char *key, struct problems *problems)
{
    char at[RULE_PATH_BYTES];
    snprintf(at, sizeof at, "%s.%s", path, key);
    if (text && !is_id(text))
        problems_add(problems, at, "must be 1 to %d of a-z, 0-9, '_', '-' and '.'",
                     RULE_ID_BYTES_MAX);
}

/* A list of non-empty strings, not too long. */
static void check_strings(const json_t *list, const char *path, const char *key,
                          struct problems *problems)
{
    char at[RULE_PATH_BYTES];
    snprintf(at, sizeof at, "%s.%s", path, key);
    if (json_array_size(list) > RULE_LIST_MAX)
        problems_add(problems, at, "has more than %d entries", RULE_LIST_MAX);
    size_t i;
    json_t *value;
    json_array_foreach((json_t *)list, i, value)
    {
        snprintf(at, sizeof at, "%s.%s[%zu]", path, key, i);
        if (!json_is_string(value) || json_string_length(value) == 0)
            problems_add(problems, at, "must be a string that is not empty");
    }
}

static void check_keywords(const json_t *list, const char *path, struct problems *problems)
{
    size_t i;
    json_t *value;
    json_array_foreach((json_t *)list, i, value)
    {
        char at[RULE_PATH_BYTES];
        snprintf(at, sizeof at, "%s.keywords[%zu]", path, i);
        for (const char *c = json_string_value(value); c && *c; c++)
            if (*c < ' ' || *c > '~') {
                problems_add(problems, at, "must be printable ASCII");
                break;
            }
    }
}

static void read_flags(const json_t *list, unsigned *out, const char *path,
                       struct problems *problems)
{
    size_t i;
    json_t *value;
    json_array_foreach((json_t *)list, i, value)
    {
        unsigned flag = 0;
        for (size_t k = 0; k < COUNT(FLAGS); k++)
            if (json_is_string(value) && strcmp(json_string_value(value), FLAGS[k].name) == 0)
                flag = FLAGS[k].flag;
        char at[RULE_PATH_BYTES];
        snprintf(at, sizeof at, "%s.flags[%zu]", path, i);
        if (!flag)
            problems_add(problems, at, "must be caseless, multiline, dotall or extended");
        *out |= flag;
    }
}

static void read_context(const json_t *object, struct rule_context_text *out, const char *path,
                         struct problems *problems)
{
    char at[RULE_PATH_BYTES];
    snprintf(at, sizeof at, "%s.context", path);
    *out = (struct rule_context_text){.within = 50, .required = true};
    json_read_fields(object, CONTEXT_FIELDS, COUNT(CONTEXT_FIELDS), out, at, problems);
    check_strings(out->words, at, "words", problems);
}

static void read_examples(const json_t *object, struct rule_text *out, const char *path,
                          struct problems *problems)
{
    char at[RULE_PATH_BYTES];
    snprintf(at, sizeof at, "%s.examples", path);
    json_read_fields(object, EXAMPLE_FIELDS, COUNT(EXAMPLE_FIELDS), out, at, problems);
    check_strings(out->match, at, "match", problems);
    check_strings(out->no_match, at, "no_match", problems);
}

bool rule_read(const json_t *object, struct rule_text *out, const char *path,
               struct problems *problems)
{
    size_t before = problems->total;
    struct rule_fields fields = {.where = "both", .severity = "medium"};
    if (!json_is_object(object))
        return problems_add(problems, path,
                            "must be a rule: an object with \"id\" and \"pattern\"");
    json_read_fields(object, RULE_FIELDS, COUNT(RULE_FIELDS), &fields, path, problems);
    struct rule_text *text = &fields.text;
    check_id(text->id, path, "id", problems);
    check_id(text->entity, path, "entity", problems);
    check_strings(text->keywords, path, "keywords", problems);
    check_keywords(text->keywords, path, problems);
    check_strings(text->validators, path, "validators", problems);
    check_strings(text->allow, path, "allow", problems);
    check_strings(text->stop, path, "stop", problems);
    read_flags(fields.flags, &text->flags, path, problems);
    if (fields.context)
        read_context(fields.context, &text->context, path, problems);
    if (fields.examples)
        read_examples(fields.examples, text, path, problems);
    text->where = rule_where_of(fields.where);
    text->severity = rule_severity_of(fields.severity);
    if (!text->entity)
        text->entity = text->id;
    *out = *text;
    return problems->total == before;
}

bool pack_read(const json_t *document, struct pack_text *out, const char *path,
               struct problems *problems)
{
    struct pack_text pack = {0};
    if (!json_read_fields(document, PACK_FIELDS, COUNT(PACK_FIELDS), &pack, path, problems))
        return false;
    if (!is_id(pack.name))
        return problems_add(problems, path,
                            "the pack's name must be 1 to %d of a-z, 0-9, '_', '-' "
                            "and '.'",
                            RULE_ID_BYTES_MAX);
    *out = pack;
    return true;
}
