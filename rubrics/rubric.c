/* rubric: what we want of a model's answers: criteria, weights, gates, thresholds. */
#include "rubrics/rubric.h"

#include <stdlib.h>
#include <string.h>
#include "rubrics/applies.h"
#include "rubrics/packs.h"
#include "rubrics/rubric_read.h"
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

static bool is_path(const char *name_or_path)
{
    size_t size = strlen(name_or_path);
    return strchr(name_or_path, '/') || (size > 5 && strcmp(name_or_path + size - 5, ".json") == 0);
}

static bool locate(const char *name_or_path, char out_path[PACKS_PATH_BYTES],
                   struct problems *problems)
{
    if (is_path(name_or_path)) {
        if (strlen(name_or_path) >= PACKS_PATH_BYTES)
            return problems_add(problems, "", "the path is too long");
        memcpy(out_path, name_or_path, strlen(name_or_path) + 1);
        return true;
    }
    if (packs_name_valid(name_or_path) && packs_locate_rubric(name_or_path, out_path))
        return true;
    struct buffer folders = {0};
    packs_describe_folders(&folders);
    problems_add(problems, "",
                 "there is no rubric of that name in %.*s; for a file write its path, "
                 "./NAME.json say",
                 STR_ARGS(buffer_str(&folders)));
    buffer_clear(&folders);
    return false;
}

/* What document and packs do not show of a criterion is in its own hash. */
static void append_determined(const struct rubric *rubric, struct buffer *into)
{
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        if (criterion->evaluator->determine)
            buffer_printf(into, "criterion %s %s\n", criterion->name, criterion->hash);
    }
}

/* The whole document counts, descriptions too: two rubrics with the same hash read the same. */
static void hash_rubric(struct rubric *rubric)
{
    struct buffer content = {0};
    char *canonical = json_canonical(rubric->document);
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

struct rubric *rubric_load(const char *name_or_path, const struct judge_identity *judge,
                           struct problems *problems)
{
    char path[PACKS_PATH_BYTES];
    struct error error = {0};
    if (!locate(name_or_path, path, problems))
        return NULL;
    json_t *document = json_read_file(path, &JSON_LIMITS_DOCUMENT, &error);
    if (!document) {
        problems_add(problems, "", "%s", error.text);
        return NULL;
    }
    struct rubric *rubric = memory_new(1, sizeof *rubric);
    rubric->document = document;
    rubric->packs = packs_new(path);
    rubric->judge = judge;
    if (!rubric_read(rubric, problems)) {
        rubric_free(rubric);
        return NULL;
    }
    hash_rubric(rubric);
    return rubric;
}

void rubric_free(struct rubric *rubric)
{
    if (!rubric)
        return;
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        if (criterion->evaluator && criterion->evaluator->release)
            criterion->evaluator->release(criterion->state);
    }
    free(rubric->criteria);
    packs_free(rubric->packs); /* after the states, which borrow from packs and document */
    json_decref(rubric->document);
    free(rubric);
}

bool rubric_applies(const struct rubric *rubric, const struct sample *sample)
{
    return applies_to_sample(rubric->applies_to, sample);
}

bool criterion_applies(const struct criterion *criterion, const struct sample *sample)
{
    return applies_to_sample(criterion->applies_to, sample);
}

/* The key is the start of the criterion's hash: criteria choose independently of each other, and
 * every worker chooses alike. What compares the responses of a group takes the group or leaves it. */
bool criterion_samples(const struct criterion *criterion, const struct sample *sample)
{
    if (criterion->sample >= 1)
        return true;
    bool whole_group = criterion->evaluator->compare && sample->group.size > 0;
    struct str chosen = whole_group ? sample->group : sample->id;
    uint64_t choice = hash_sip((const uint8_t *)criterion->hash, chosen);
    return (double)(choice >> 11) * 0x1p-53 < criterion->sample;
}

bool criterion_passed(const struct criterion *criterion, const struct score *score)
{
    return score->status == SCORE_SCORED && score->value >= criterion->threshold;
}
