/* criterion_read: from a criterion's JSON to a configured criterion. */
#include "rubrics/criterion_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "evaluators/registry.h"
#include "rubrics/applies.h"
#include "rubrics/packs.h"
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { PATH_BYTES = RUBRIC_PATH_BYTES, WEIGHT_MAX = 1000000 };

static const double THRESHOLD_DEFAULT = .5;
static const char DIMENSION_DEFAULT[] = "quality";
static const char RESERVED[] = "composite"; /* what stores and metrics call the mean */
static const char NOT[] = "not-";           /* in front of an evaluator or a metric */

struct criterion_keys {
    const char *name, *description, *dimension, *evaluator;
    const json_t *options, *gate, *applies_to, *sample;
    double weight, threshold;
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
    {"sample", JSON_KIND_ANY, false, offsetof(struct criterion_keys, sample), 0, 0, NULL},
};

struct sample_keys {
    double rate;
    const json_t *when;
};

static const struct json_field SAMPLE_KEYS[] = {
    {"rate", JSON_KIND_NUMBER, false, offsetof(struct sample_keys, rate), 0, 1, NULL},
    {"when", JSON_KIND_OBJECT, false, offsetof(struct sample_keys, when), 0, 0, NULL},
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
        abort(); /* both are ours: rubric_resolve bounds the paths of criteria */
}

void criterion_check_name(const char *name, const char *path, const char *key,
                          struct problems *problems)
{
    char at[PATH_BYTES];
    join(path, key, at);
    if (name && !packs_name_valid(name))
        problems_add(problems, at,
                     "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', and start with a letter or "
                     "digit");
}

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

/* A share, or {"rate": share, "when": {"failed": [...], "passed": [...]}}. */
static void read_sample(const json_t *sample, struct criterion *out, const char *path,
                        struct problems *problems)
{
    char at[PATH_BYTES];
    join(path, "sample", at);
    struct sample_keys keys = {.rate = 1};
    if (json_is_object(sample))
        json_read_fields(sample, SAMPLE_KEYS, COUNT(SAMPLE_KEYS), &keys, at, problems);
    else if (!json_is_number(sample))
        problems_add(problems, at, "must be a number, or an object of rate and when");
    else if (json_number_value(sample) < 0 || json_number_value(sample) > 1)
        problems_add(problems, at, "must be between 0 and 1");
    else
        keys.rate = json_number_value(sample);
    if (keys.rate <= 0)
        problems_add(problems, at, "must be greater than 0; leave the criterion out instead");
    out->sample = keys.rate;
    out->when = keys.when;
}

/* ---- the evaluator ---- */

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
    problems_add(problems, at,
                 "\"%.60s\" is not an evaluator; there are: %.*s, and each with "
                 "not- in front",
                 name, STR_ARGS(buffer_str(&known)));
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
    buffer_printf(&content, "criterion 1\n%s%s\n%s\n", criterion->negated ? NOT : "",
                  criterion->evaluator->name, canonical);
    packs_append_hashes(packs, false, &content);
    evaluator_determine(criterion->evaluator, criterion->state, &content);
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

static bool starts_with_not(const char *word)
{
    return word && strncmp(word, NOT, sizeof NOT - 1) == 0;
}

/* A metric may be negated as well as its evaluator: {"metric": "not-exact"}. The evaluator is
 * given its options without the prefix. */
static const json_t *without_not(struct criterion *criterion, const json_t *options,
                                 const char *path, struct problems *problems)
{
    const char *metric = json_string_value(json_object_get(options, "metric"));
    if (!starts_with_not(metric))
        return options;
    char at[PATH_BYTES];
    join(path, "options.metric", at);
    if (criterion->negated)
        problems_add(problems, at, "evaluator and metric are both negated; take one not- away");
    criterion->negated = true;
    criterion->options = json_copy((json_t *)options);
    json_object_set_new(criterion->options, "metric", json_string(metric + sizeof NOT - 1));
    return criterion->options;
}

static void read_evaluator(struct rubric *rubric, json_t *document, const char *name,
                           struct criterion *out, const char *path, struct problems *problems)
{
    const json_t *given = json_object_get(document, "options");
    out->negated = starts_with_not(name);
    out->evaluator = find_evaluator(out->negated ? name + sizeof NOT - 1 : name, path, problems);
    if (!out->evaluator || (given && !json_is_object(given)))
        return;
    const json_t *options = without_not(out, options_of(document), path, problems);
    configure(rubric, out, options, path, problems);
}

void criterion_read(struct rubric *rubric, json_t *document, struct criterion *out,
                    const char *path, struct problems *problems)
{
    struct criterion_keys keys = {
        .dimension = DIMENSION_DEFAULT, .weight = 1, .threshold = THRESHOLD_DEFAULT};
    json_read_fields(document, CRITERION_KEYS, COUNT(CRITERION_KEYS), &keys, path, problems);
    char at[PATH_BYTES];
    criterion_check_name(keys.name, path, "name", problems);
    criterion_check_name(keys.dimension, path, "dimension", problems);
    join(path, "name", at);
    if (keys.name && strcmp(keys.name, RESERVED) == 0)
        problems_add(problems, at, "\"%s\" is the name of the mean over all criteria", RESERVED);
    if (keys.gate)
        read_gate(keys.gate, out, path, problems);
    join(path, "applies_to", at);
    if (keys.applies_to)
        applies_check(keys.applies_to, at, problems);
    out->sample = 1;
    if (keys.sample)
        read_sample(keys.sample, out, path, problems);
    out->name = keys.name;
    out->dimension = keys.dimension;
    out->weight = keys.weight;
    out->threshold = keys.threshold;
    out->applies_to = keys.applies_to;
    if (keys.evaluator)
        read_evaluator(rubric, document, keys.evaluator, out, path, problems);
}
