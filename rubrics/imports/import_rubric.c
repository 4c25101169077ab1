/* import_rubric: what makers of rubrics share: criteria that load, texts as patterns. */
#include "rubrics/imports/import_rubric.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "evaluators/evaluator.h"
#include "rubrics/packs.h"
#include "rubrics/rubric.h"
#include "schema/base/buffer.h"

bool import_has_template(const char *text)
{
    return strstr(text, "{{") != NULL;
}

bool import_is_template(const char *text)
{
    text += strspn(text, " ");
    const char *end = strstr(text, "}}");
    return strncmp(text, "{{", 2) == 0 && end && end[2 + strspn(end + 2, " ")] == '\0';
}

json_t *import_literal(const char *before, const char *text, const char *after)
{
    struct buffer pattern = {0};
    buffer_append_str(&pattern, str_of(before));
    for (; *text; text++) {
        if (strchr("\\^$.[]|()?*+{}#-", *text))
            buffer_append_str(&pattern, STR("\\"));
        buffer_append(&pattern, text, 1);
    }
    buffer_append_str(&pattern, str_of(after));
    json_t *value = json_stringn(pattern.data ? pattern.data : "", pattern.size);
    buffer_clear(&pattern);
    return value;
}

json_t *import_patterns(const char *key, json_t *patterns)
{
    return json_is_array(patterns) ? json_pack("{s:o}", key, patterns)
                                   : json_pack("{s:[o]}", key, patterns);
}

/* ---- names ---- */

static bool is_taken(const json_t *criteria, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)criteria, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return true;
    }
    return strcmp(name, "composite") == 0;
}

/* "Is Concise!" becomes is-concise, then is-concise-2. */
static void make_name(const json_t *criteria, const char *wanted,
                      char name[PACKS_NAME_BYTES_MAX + 1])
{
    char base[PACKS_NAME_BYTES_MAX - 7]; /* room for a number */
    size_t size = 0;
    for (; *wanted && size + 1 < sizeof base; wanted++) {
        bool kept = isalnum((unsigned char)*wanted) || (size && strchr("._", *wanted));
        if (kept)
            base[size++] = (char)tolower((unsigned char)*wanted);
        else if (size && base[size - 1] != '-')
            base[size++] = '-';
    }
    while (size && base[size - 1] == '-')
        size--;
    base[size] = '\0';
    snprintf(name, PACKS_NAME_BYTES_MAX + 1, "%s", size ? base : "criterion");
    for (unsigned number = 2; is_taken(criteria, name); number++)
        snprintf(name, PACKS_NAME_BYTES_MAX + 1, "%s-%u", size ? base : "criterion", number);
}

/* ---- criteria ---- */

/* A rubric of this criterion alone is loaded: what it says is wrong is why it is left out. */
static bool is_usable(const json_t *criterion, const char *path, struct problems *left_out)
{
    struct problems problems = {0};
    json_t *document = json_pack("{s:s, s:[O]}", "name", "import", "criteria", criterion);
    struct rubric *rubric = rubric_load_document(document, ".", NULL, &problems);
    bool usable = rubric != NULL;
    if (!usable) {
        const char *line = problems.count ? problems.lines[0] : "it cannot be used";
        static const char place[] = "criteria[0].";
        line += strncmp(line, place, sizeof place - 1) == 0 ? sizeof place - 1 : 0;
        problems_add(left_out, path, "%s", line);
    }
    rubric_free(rubric);
    problems_clear(&problems);
    return usable;
}

bool import_add_criterion(json_t *criteria, const char *wanted, const char *evaluator,
                          json_t *options, double weight, double threshold, const char *path,
                          struct problems *left_out)
{
    char name[PACKS_NAME_BYTES_MAX + 1];
    make_name(criteria, wanted, name);
    json_t *criterion =
        json_pack("{s:s, s:s, s:o}", "name", name, "evaluator", evaluator, "options", options);
    if (weight != 0 && weight != 1)
        json_object_set_new(criterion, "weight", json_real(weight));
    if (threshold >= 0)
        json_object_set_new(criterion, "threshold", json_real(threshold));
    bool usable = is_usable(criterion, path, left_out);
    if (weight == 0) /* only now: a rubric of nothing else cannot be loaded */
        json_object_set_new(criterion, "weight", json_integer(0));
    if (usable)
        json_array_append(criteria, criterion);
    json_decref(criterion);
    return usable;
}

json_t *import_rubric(const char *name, const char *description, json_t *criteria,
                      struct problems *left_out)
{
    if (json_array_size(criteria) == 0) {
        json_decref(criteria);
        problems_add(left_out, "", "no criterion is left");
        return NULL;
    }
    return json_pack("{s:s, s:s, s:o}", "name", name, "description", description, "criteria",
                     criteria);
}
