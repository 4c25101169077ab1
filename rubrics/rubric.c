/* rubric: what we want of a model's answers: criteria, weights, gates, thresholds. */
#include "rubrics/rubric.h"

#include <stdlib.h>
#include <string.h>
#include "evaluators/registry.h"
#include "rubrics/applies.h"
#include "rubrics/packs.h"
#include "rubrics/rubric_read.h"
#include "rubrics/rubric_resolve.h"
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

/* What document and packs do not show of a criterion is in its own hash. */
static void append_determined(const struct rubric *rubric, struct buffer *into)
{
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        if (evaluator_determines(criterion->evaluator))
            buffer_printf(into, "criterion %s %s\n", criterion->name, criterion->hash);
    }
}

/* The document counts, resolved, descriptions too: two rubrics with the same hash read the same.
 * But for its examples: one more of them is no new trend. */
static void hash_rubric(struct rubric *rubric)
{
    struct buffer content = {0};
    json_t *document = json_copy(rubric->document);
    json_object_del(document, "examples");
    char *canonical = json_canonical(document);
    json_decref(document);
    buffer_printf(&content, "rubric 1\n");
    buffer_append_str(&content, str_of(canonical));
    buffer_append_str(&content, STR("\n"));
    packs_append_hashes(rubric->packs, true, &content);
    append_determined(rubric, &content);
    uint8_t digest[SHA256_BYTES];
    hash_sha256(buffer_str(&content), digest);
    hash_hex(digest, sizeof digest, rubric->hash);
    free(canonical);
    buffer_clear(&content);
}

/* Criteria that are not named are taken out, and with them examples, which speak of all. */
static void keep_part(json_t *document, const struct rubric_part *part)
{
    json_t *criteria = json_object_get(document, "criteria");
    json_object_del(document, "examples");
    for (size_t i = json_array_size(criteria); i-- > 0;) {
        const char *name =
            json_string_value(json_object_get(json_array_get(criteria, i), "name"));
        bool kept = false;
        for (size_t j = 0; j < part->count && !kept; j++)
            kept = name && strcmp(name, part->criteria[j]) == 0;
        if (!kept)
            json_array_remove(criteria, i);
    }
}

static struct rubric *load(json_t *document, const char *path, const struct rubric_part *part,
                           const struct judge_identity *judge, struct problems *problems)
{
    size_t before = problems->total;
    struct rubric *rubric = memory_new(1, sizeof *rubric);
    rubric->document = document;
    rubric->packs = packs_new(path);
    rubric->judge = judge;
    bool fine = rubric_resolve(rubric, path, problems);
    if (fine && part && part->count)
        keep_part(rubric->document, part);
    if (!fine || !rubric_read(rubric, problems) || problems->total > before) {
        rubric_free(rubric);
        return NULL;
    }
    hash_rubric(rubric);
    return rubric;
}

struct rubric *rubric_load(const char *name_or_path, const struct judge_identity *judge,
                           struct problems *problems)
{
    return rubric_load_part(name_or_path, NULL, judge, problems);
}

struct rubric *rubric_load_part(const char *name_or_path, const struct rubric_part *part,
                                const struct judge_identity *judge, struct problems *problems)
{
    char path[PACKS_PATH_BYTES];
    struct error error = {0};
    if (!rubric_locate(name_or_path, NULL, path, "", problems))
        return NULL;
    json_t *document = json_read_file(path, &JSON_LIMITS_DOCUMENT, &error);
    if (document)
        return load(document, path, part, judge, problems);
    size_t size = strlen(path);
    bool named = strcmp(path, name_or_path) == 0 && strncmp(error.text, path, size) == 0;
    problems_add(problems, "", "%s", error.text + (named ? size + strlen(": ") : 0));
    return NULL;
}

struct rubric *rubric_load_document(json_t *document, const char *path,
                                    const struct judge_identity *judge, struct problems *problems)
{
    return load(document, path, NULL, judge, problems);
}

void rubric_free(struct rubric *rubric)
{
    if (!rubric)
        return;
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        if (criterion->evaluator && criterion->evaluator->release)
            criterion->evaluator->release(criterion->state);
        json_decref(criterion->options);
    }
    free(rubric->criteria);
    for (size_t i = 0; rubric->criterion_paths && rubric->criterion_paths[i]; i++)
        free(rubric->criterion_paths[i]);
    free(rubric->criterion_paths);
    packs_free(rubric->packs); /* after the states, which borrow from packs and document */
    json_decref(rubric->document);
    free(rubric);
}

bool rubric_applies(const struct rubric *rubric, const struct sample *sample)
{
    return applies_to_sample(rubric->applies_to, sample);
}
