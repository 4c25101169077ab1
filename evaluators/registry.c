/* registry: the evaluators there are, and the checks they share. */
#include "evaluators/registry.h"

#include <math.h>
#include <string.h>
#include "schema/base/memory.h"

/* In the order people read them. A new evaluator is a line: evaluator(NAME) is the struct
 * evaluator_NAME in evaluator_NAME.c. */
#define OWN(evaluator)                                                                             \
    evaluator(regex)                                                                               \
    evaluator(reference)                                                                           \
    evaluator(judge)                                                                               \
    evaluator(consistency)                                                                         \
    evaluator(length)                                                                              \
    evaluator(refusal)                                                                             \
    evaluator(format)                                                                              \
    /* the last line stays empty */

#define DECLARED(name) extern const struct evaluator evaluator_##name;
#define LISTED(name) &evaluator_##name,
OWN(DECLARED)

/* The program's own, then those of shared objects; the first NULL ends them. Written before threads
 * start, read-only from then on. */
static const struct evaluator *all[EVALUATORS_MAX + 1] = {OWN(LISTED)};
static struct evaluator_origin origins[EVALUATORS_MAX + 1]; /* of all[i]; no file: our own */

const struct evaluator *const *evaluator_all(void)
{
    return all;
}

static size_t index_of(const char *name)
{
    size_t i = 0;
    while (all[i] && strcmp(all[i]->name, name) != 0)
        i++;
    return i;
}

const struct evaluator *evaluator_find(const char *name)
{
    return all[index_of(name)];
}

const struct evaluator_origin *evaluator_origin_of(const struct evaluator *evaluator)
{
    const struct evaluator_origin *origin = &origins[index_of(evaluator->name)];
    return origin->file ? origin : NULL;
}

/* ---- from shared objects ---- */

enum { NAME_BYTES_MAX = 64 };
static const char NEGATION[] = "not-"; /* what rubrics put in front of a name */

static bool name_valid(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return size > 0 && size <= NAME_BYTES_MAX && !name[size] && name[0] >= 'a' && name[0] <= 'z' &&
           strncmp(name, NEGATION, sizeof NEGATION - 1) != 0;
}

/* What of the interface is not there; NULL: it is whole. */
static const char *lacking(const struct evaluator *evaluator)
{
    unsigned comparing = !!evaluator->fingerprint + !!evaluator->compare + !!evaluator->group_size;
    if (!evaluator->summary || !*evaluator->summary || strchr(evaluator->summary, '\n'))
        return "a summary of one line";
    if (!evaluator->configure)
        return "configure()";
    if (!evaluator->score)
        return "score()";
    if (comparing != 0 && comparing != 3)
        return "one of fingerprint(), compare() and group_size(), which go together";
    return NULL;
}

bool evaluator_add(const struct evaluator *evaluator, const struct evaluator_origin *origin,
                   struct error *error)
{
    if (!evaluator->name || !name_valid(evaluator->name))
        return error_set(error, ERROR_INPUT,
                         "an evaluator cannot be called \"%.80s\": 1 to %d of a-z, 0-9, '.', '_' "
                         "and '-', a letter first, and not \"%s\"",
                         evaluator->name ? evaluator->name : "", NAME_BYTES_MAX, NEGATION);
    const char *lacks = lacking(evaluator);
    if (lacks)
        return error_set(error, ERROR_INPUT, "evaluator %s lacks %s", evaluator->name, lacks);
    size_t i = index_of(evaluator->name);
    if (all[i])
        return error_set(error, ERROR_INPUT, "the name \"%s\" is taken: %s%.300s has it",
                         evaluator->name, origins[i].file ? "" : "assay itself",
                         origins[i].file ? origins[i].file : "");
    if (i == EVALUATORS_MAX)
        return error_set(error, ERROR_INPUT, "there are more than %d evaluators", EVALUATORS_MAX);
    all[i] = evaluator;
    origins[i] = *origin;
    origins[i].file = memory_copy_string(origin->file);
    return true;
}

bool evaluator_determines(const struct evaluator *evaluator)
{
    return evaluator->determine || evaluator_origin_of(evaluator);
}

void evaluator_determine(const struct evaluator *evaluator, const void *state, struct buffer *into)
{
    const struct evaluator_origin *origin = evaluator_origin_of(evaluator);
    if (origin)
        buffer_printf(into, "shared object %s\n", origin->hash);
    if (evaluator->determine)
        evaluator->determine(state, into);
}

/* ---- scores ---- */

/* What an evaluator said, if it may say so. */
static struct score checked(struct score score)
{
    bool in_range = isfinite(score.value) && score.value >= 0 && score.value <= 1;
    if (score.status == SCORE_SCORED && !in_range)
        return score_without_value(SCORE_ERROR, "value_out_of_range");
    if (score.status != SCORE_SCORED)
        score.value = NAN;
    return score;
}

struct score evaluator_score(const struct evaluator *evaluator, const void *state,
                             const struct sample *sample, const struct question *answered,
                             struct scratch *scratch, struct arena *arena)
{
    if ((evaluator->needs & NEEDS_REFERENCE) && sample->reference_count == 0)
        return score_without_value(SCORE_NOT_APPLICABLE, "no_reference");
    if ((evaluator->needs & NEEDS_UNMASKED) && sample->masked)
        return score_without_value(SCORE_NOT_APPLICABLE, "redacted");
    struct score score = score_without_value(SCORE_ERROR, "no result");
    struct error error = {0};
    if (!evaluator->score(state, sample, answered, scratch, arena, &score, &error))
        return score_without_value(SCORE_ERROR, arena_copy(arena, str_of(error.text)));
    return checked(score);
}

unsigned evaluator_rounds(const struct evaluator *evaluator, const void *state)
{
    if (!evaluator->ask)
        return 0;
    return evaluator->rounds ? evaluator->rounds(state) : 1;
}

struct score evaluator_compare(const struct evaluator *evaluator, const void *state,
                               const struct fingerprint *responses, size_t count,
                               struct arena *arena)
{
    struct score score = score_without_value(SCORE_ERROR, "no result");
    struct error error = {0};
    if (!evaluator->compare(state, responses, count, arena, &score, &error))
        return score_without_value(SCORE_ERROR, arena_copy(arena, str_of(error.text)));
    return checked(score);
}
