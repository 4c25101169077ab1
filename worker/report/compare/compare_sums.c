/* compare_sums: what a comparison adds up while it reads. */
#include "worker/report/compare/compare_sums.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/reading/shard_names.h"

/* Equal topics and rubrics have equal numbers: those of the first facet that has them. */
static void number_facet(struct compare_sums *sums, struct facet *made)
{
    made->topic = made->rubric_number = sums->facet_count;
    for (size_t i = sums->facet_count; i-- > 0;) {
        const struct facet *other = sums->facets[i];
        if (other->kind == made->kind && strcmp(other->name, made->name) == 0 &&
            strcmp(other->dimension, made->dimension) == 0)
            made->topic = other->topic;
        if (strcmp(other->rubric, made->rubric) == 0)
            made->rubric_number = other->rubric_number;
    }
}

size_t compare_facet(struct compare_sums *sums, enum compare_kind kind,
                     const struct shard_criterion *criterion)
{
    bool dimension = kind == COMPARE_DIMENSION;
    const char *name = dimension ? criterion->dimension : criterion->name;
    const char *hash = dimension ? criterion->rubric_hash : criterion->hash;
    for (size_t i = 0; i < sums->facet_count; i++) {
        const struct facet *one = sums->facets[i];
        if (one->kind == kind && strcmp(one->hash, hash) == 0 && strcmp(one->name, name) == 0 &&
            strcmp(one->rubric, criterion->rubric) == 0)
            return i;
    }
    struct facet *made = memory_new(1, sizeof *made);
    *made = (struct facet){.kind = kind,
                           .rubric = memory_copy_string(criterion->rubric),
                           .name = memory_copy_string(name),
                           .dimension = memory_copy_string(criterion->dimension),
                           .hash = memory_copy_string(hash)};
    number_facet(sums, made);
    sums->facets = memory_resize(sums->facets, sums->facet_count + 1, sizeof *sums->facets);
    sums->facets[sums->facet_count] = made;
    return sums->facet_count++;
}

size_t compare_model(struct compare_sums *sums, struct str model, size_t part)
{
    for (size_t i = 0; i < sums->model_count; i++)
        if (sums->models[i]->part == part && str_is(model, sums->models[i]->name))
            return i;
    sums->models = memory_resize(sums->models, sums->model_count + 1, sizeof *sums->models);
    struct model_sums *made = memory_new(1, sizeof *made);
    made->name = memory_copy_str(model);
    made->part = part;
    sums->models[sums->model_count] = made;
    return sums->model_count++;
}

struct level_sums *compare_side_sums(struct compare_sums *sums, size_t model,
                                     const struct side_score *score)
{
    struct side_series **list = &sums->models[model]->sides[score->side];
    size_t *count = &sums->models[model]->side_counts[score->side];
    for (size_t i = 0; i < *count; i++)
        if ((*list)[i].facet == score->facet)
            return &(*list)[i].sums;
    if (sums->series_count == COMPARE_SERIES_MAX) {
        sums->too_many = true;
        return NULL;
    }
    sums->series_count++;
    *list = memory_resize(*list, *count + 1, sizeof **list);
    (*list)[*count] = (struct side_series){.facet = score->facet};
    return &(*list)[(*count)++].sums;
}

struct pair_series *compare_pair_series(struct compare_sums *sums, size_t model,
                                        const struct side_score *a, const struct side_score *b)
{
    struct model_sums *of = sums->models[model];
    for (size_t i = 0; i < of->pair_count; i++)
        if (of->pairs[i]->facet_a == a->facet && of->pairs[i]->facet_b == b->facet)
            return of->pairs[i];
    if (sums->series_count == COMPARE_SERIES_MAX) {
        sums->too_many = true;
        return NULL;
    }
    sums->series_count++;
    of->pairs = memory_resize(of->pairs, of->pair_count + 1, sizeof(void *));
    struct pair_series *made = memory_new(1, sizeof *made);
    made->facet_a = a->facet;
    made->facet_b = b->facet;
    of->pairs[of->pair_count++] = made;
    return made;
}

static void free_model(struct model_sums *model)
{
    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < model->side_counts[side]; i++)
            level_clear(&model->sides[side][i].sums);
        free(model->sides[side]);
    }
    for (size_t i = 0; i < model->pair_count; i++) {
        pair_series_clear(model->pairs[i]);
        free(model->pairs[i]);
    }
    free(model->pairs);
    free(model->name);
    free(model);
}

void compare_sums_free(struct compare_sums *sums)
{
    if (!sums)
        return;
    for (size_t i = 0; i < sums->facet_count; i++) {
        free(sums->facets[i]->rubric);
        free(sums->facets[i]->name);
        free(sums->facets[i]->dimension);
        free(sums->facets[i]->hash);
        free(sums->facets[i]);
    }
    for (size_t i = 0; i < sums->model_count; i++)
        free_model(sums->models[i]);
    free(sums->facets);
    free(sums->models);
    free(sums);
}
