/* rubric_read: from a rubric's JSON to its criteria, with everything that is wrong. */
#include "rubrics/rubric_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rubrics/applies.h"
#include "rubrics/packs.h"
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { PATH_BYTES = 128, WEIGHT_MAX = 1000000 };

static const double THRESHOLD_DEFAULT = .5;
static const char DIMENSION_DEFAULT[] = "quality";
static const char RESERVED[] = "composite"; /* what stores and metrics call the mean */

struct criterion_keys {
    const char *name, *description, *dimension, *evaluator;
    const json_t *options, *gate, *applies_to;
    double weight, threshold, sample;
};

static const struct json_field CRITERION_KEYS[] = {
    {"name", JSON_KIND_STRING, true, offsetof(struct criterion_keys, name), 0, 0, NULL},
    {"description", JSON_KIND_STRING, false, offsetof(struct criterion_keys, description), 0, 0,
     NULL},
    {"dimension", JSON_KIND_STRING, false, offsetof(struct criterion_keys, dimension), 0, 0, NULL},
    {"evaluator", JSON_KIND_STRING, true, offsetof(struct criterion_keys, evaluator), 0, 0, NULL},
    {"options", JSON_KIND_OBJECT, false, offsetof(struct criterion_keys, options), 0, 0, NULL},
    {"weight", JSON_KIND_NUMBER, false, offsetof(struct criterion_keys, weight), 0, WEIGHT_MAX,
     NULL},
    {"threshold", JSON_KIND_NUMBER, false, offsetof(struct criterion_keys, threshold), 0, 1, NULL},
    {"gate", JSON_KIND_ANY, false, offsetof(struct criterion_keys, gate), 0, 0, NULL},
    {"applies_to", JSON_KIND_OBJECT, false, offsetof(struct criterion_keys, applies_to), 0, 0,
     NULL},
    {"sample", JSON_KIND_NUMBER, false, offsetof(struct criterion_keys, sample), 0, 1, NULL},
};

struct rubric_keys {
    const char *name, *description;
    const json_t *version, *criteria, *applies_to, *composite, *examples;
};

static const struct json_field RUBRIC_KEYS[] = {
    {"name", JSON_KIND_STRING, true, offsetof(struct rubric_keys, name), 0, 0, NULL},
    {"version", JSON_KIND_ANY, false, offsetof(struct rubric_keys, version), 0, 0, NULL},
    {"description", JSON_KIND_STRING, false, offsetof(struct rubric_keys, description), 0, 0, NULL},
    {"applies_to", JSON_KIND_OBJECT, false, offsetof(struct rubric_keys, applies_to), 0, 0, NULL},
    {"criteria", JSON_KIND_ARRAY, true, offsetof(struct rubric_keys, criteria), 0, 0, NULL},
    {"composite", JSON_KIND_OBJECT, false, offsetof(struct rubric_keys, composite), 0, 0, NULL},
    {"examples", JSON_KIND_ARRAY, false, offsetof(struct rubric_keys, examples), 0, 0, NULL},
};

static const char *const COMPOSITE_METHODS[] = {"mean", NULL};

struct composite_keys {
    const char *method;
};

static const struct json_field COMPOSITE_KEYS[] = {
    {"method", JSON_KIND_STRING, true, offsetof(struct composite_keys, method), 0, 0,
     COMPOSITE_METHODS},
};

struct gate_keys {
    double cap;
};

static const struct json_field GATE_KEYS[] = {
    {"cap", JSON_KIND_NUMBER, true, offsetof(struct gate_keys, cap), 0, 1, NULL},
};

static void join(const char *path, const char *key, char out[PATH_BYTES])
{
    int size = snprintf(out, PATH_BYTES, "%s%s%s", path, *path ? "." : "", key);
    if (size >= PATH_BYTES)
        abort(); /* both are ours: "criteria[63].applies_to" is as long as it gets */
}

static void check_name(const char *name, const char *path, const char *key,
                       struct problems *problems)
{
    char at[PATH_BYTES];
    join(path, key, at);
    if (name && !packs_name_valid(name))
        problems_add(problems, at,
                     "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', and start with a letter or "
                     "digit");
}

/* ---- one criterion ---- */

static void read_gate(const json_t *gate, struct criterion *out, const char *path,
                      struct problems *problems)
{
    char at[PATH_BYTES];
    join(path, "gate", at);
    struct gate_keys keys = {0};
    out->gate = json_is_true(gate) || json_is_object(gate);
    if (json_is_object(gate))
        json_read_fields(gate, GATE_KEYS, COUNT(GATE_KEYS), &keys, at, problems);
    else if (!json_is_boolean(gate))
        problems_add(problems, at, "must be true, false or {\"cap\": number from 0 to 1}");
    out->gate_cap = keys.cap;
}

static const struct evaluator *find_evaluator(const char *name, const char *path,
                                              struct problems *problems)
{
    const struct evaluator *evaluator = evaluator_find(name);
    if (evaluator)
        return evaluator;
    struct buffer known = {0};
    for (const struct evaluator *const *one = evaluator_all(); *one; one++)
        buffer_printf(&known, "%s%s", known.size ? ", " : "", (*one)->name);
    char at[PATH_BYTES];
    join(path, "evaluator", at);
    problems_add(problems, at, "\"%.60s\" is not an evaluator; there are: %.*s", name,
                 STR_ARGS(buffer_str(&known)));
    buffer_clear(&known);
    return NULL;
}

/* What determines a criterion's scores: the evaluator, its options, the packs it asked for, and
 * what the evaluator knows beside these. */
static void hash_criterion(struct criterion *criterion, const json_t *options,
                           const struct packs *packs)
{
    struct buffer content = {0};
    char *canonical = json_canonical(options);
    buffer_printf(&content, "criterion 1\n%s\n%s\n", criterion->evaluator->name, canonical);
    packs_append_hashes(packs, false, &content);
    if (criterion->evaluator->determine)
        criterion->evaluator->determine(criterion->state, &content);
    uint8_t digest[SHA256_BYTES];
    hash_sha256(buffer_str(&content), digest);
    hash_hex(digest, sizeof digest, criterion->hash);
    free(canonical);
    buffer_clear(&content);
}

static void configure(const struct rubric *rubric, struct criterion *criterion,
                      const json_t *options, const char *path, struct problems *problems)
{
    char at[PATH_BYTES];
    join(path, "options", at);
    struct evaluator_context context = {
        .path = at, .pack = packs_find, .packs = rubric->packs, .judge = rubric->judge};
    packs_mark(rubric->packs);
    size_t before = problems->total;
    bool fine = criterion->evaluator->configure(options, &context, &criterion->state, problems);
    if (!fine && problems->total == before)
        problems_add(problems, at, "the evaluator refused its options without saying why");
    if (fine)
        hash_criterion(criterion, options, rubric->packs);
}

/* Options that are not there are an empty object that the document owns, as borrowers expect. */
static const json_t *options_of(json_t *criterion)
{
    if (!json_object_get(criterion, "options"))
        json_object_set_new(criterion, "options", json_object());
    return json_object_get(criterion, "options");
}

static void read_criterion(struct rubric *rubric, json_t *document, struct criterion *out,
                           const char *path, struct problems *problems)
{
    struct criterion_keys keys = {
        .dimension = DIMENSION_DEFAULT, .weight = 1, .threshold = THRESHOLD_DEFAULT, .sample = 1};
    json_read_fields(document, CRITERION_KEYS, COUNT(CRITERION_KEYS), &keys, path, problems);
    char at[PATH_BYTES];
    check_name(keys.name, path, "name", problems);
    check_name(keys.dimension, path, "dimension", problems);
    join(path, "name", at);
    if (keys.name && strcmp(keys.name, RESERVED) == 0)
        problems_add(problems, at, "\"%s\" is the name of the mean over all criteria", RESERVED);
    if (keys.gate)
        read_gate(keys.gate, out, path, problems);
    join(path, "applies_to", at);
    if (keys.applies_to)
        applies_check(keys.applies_to, at, problems);
    join(path, "sample", at);
    if (keys.sample <= 0)
        problems_add(problems, at, "must be greater than 0; leave the criterion out instead");
    out->name = keys.name;
    out->dimension = keys.dimension;
    out->weight = keys.weight;
    out->threshold = keys.threshold;
    out->sample = keys.sample;
    out->applies_to = keys.applies_to;
    if (keys.evaluator)
        out->evaluator = find_evaluator(keys.evaluator, path, problems);
    if (out->evaluator && (keys.options || !json_object_get(document, "options")))
        configure(rubric, out, options_of(document), path, problems);
}

/* ---- all criteria ---- */

static void check_twice(const struct rubric *rubric, struct problems *problems)
{
    char at[PATH_BYTES];
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const char *name = rubric->criteria[i].name;
        for (size_t j = 0; name && j < i; j++) {
            if (!rubric->criteria[j].name || strcmp(name, rubric->criteria[j].name) != 0)
                continue;
            snprintf(at, sizeof at, "criteria[%zu].name", i);
            problems_add(problems, at, "\"%.64s\" is also the name of criteria[%zu]", name, j);
            break;
        }
    }
}

static void check_weights(const struct rubric *rubric, struct problems *problems)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (rubric->criteria[i].weight > 0)
            return;
    problems_add(problems, "criteria", "every weight is 0: nothing would count");
}

static void read_criteria(struct rubric *rubric, const json_t *criteria, struct problems *problems)
{
    size_t count = json_array_size(criteria);
    if (count < 1 || count > RUBRIC_CRITERIA_MAX) {
        problems_add(problems, "criteria", "must be a list of 1 to %d criteria, not %zu",
                     RUBRIC_CRITERIA_MAX, count);
        return;
    }
    rubric->criteria = memory_new(count, sizeof *rubric->criteria);
    rubric->criterion_count = count;
    for (size_t i = 0; i < count; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "criteria[%zu]", i);
        read_criterion(rubric, json_array_get(criteria, i), &rubric->criteria[i], path, problems);
    }
    check_twice(rubric, problems);
    check_weights(rubric, problems);
}

/* ---- the rubric ---- */

static void check_version(const json_t *version, struct problems *problems)
{
    if (version && !json_is_string(version) && !json_is_integer(version))
        problems_add(problems, "version", "must be a string or a whole number");
}

static void check_examples(const json_t *examples, struct problems *problems)
{
    char at[PATH_BYTES];
    for (size_t i = 0; i < json_array_size(examples); i++) {
        snprintf(at, sizeof at, "examples[%zu]", i);
        if (!json_is_object(json_array_get(examples, i)))
            problems_add(problems, at, "must be an object");
    }
}

bool rubric_read(struct rubric *rubric, struct problems *problems)
{
    size_t before = problems->total;
    struct rubric_keys keys = {0};
    struct composite_keys composite = {0};
    json_read_fields(rubric->document, RUBRIC_KEYS, COUNT(RUBRIC_KEYS), &keys, "", problems);
    check_name(keys.name, "", "name", problems);
    check_version(keys.version, problems);
    check_examples(keys.examples, problems);
    if (keys.applies_to)
        applies_check(keys.applies_to, "applies_to", problems);
    if (keys.composite)
        json_read_fields(keys.composite, COMPOSITE_KEYS, COUNT(COMPOSITE_KEYS), &composite,
                         "composite", problems);
    if (keys.criteria)
        read_criteria(rubric, keys.criteria, problems);
    rubric->name = keys.name;
    rubric->description = keys.description;
    rubric->applies_to = keys.applies_to;
    return problems->total == before;
}
