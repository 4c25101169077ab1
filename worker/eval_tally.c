/* eval_tally: what `assay eval` counted: by criterion, dimension and composite. */
#include "worker/eval_tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"

double tally_mean_value(const struct tally_mean *mean)
{
    return mean->n ? mean->sum / (double)mean->n : NAN;
}

static void mean_add(struct tally_mean *mean, const struct score *score)
{
    if (score->status != SCORE_SCORED)
        return;
    mean->n++;
    mean->sum += score->value;
}

/* ---- init ---- */

static bool name_is_shared(const struct rubric_set *set, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->rubrics[i]->criterion_count; j++)
            count += strcmp(set->rubrics[i]->criteria[j].name, name) == 0;
    return count > 1;
}

static char *make_key(const struct rubric_set *set, const char *rubric, const char *name)
{
    if (!name_is_shared(set, name))
        return memory_copy_string(name);
    size_t size = strlen(rubric) + strlen(name) + 2;
    char *key = memory_new(size, 1);
    snprintf(key, size, "%s/%s", rubric, name);
    return key;
}

static struct tally_dimension *find_dimension(const struct tally *tally, const char *name)
{
    for (size_t i = 0; i < tally->dimension_count; i++)
        if (strcmp(tally->dimensions[i].name, name) == 0)
            return &tally->dimensions[i];
    return NULL;
}

static void init_rubric(struct tally *tally, const struct rubric_set *set,
                        const struct rubric *rubric)
{
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        struct tally_criterion *row = &tally->criteria[tally->criterion_count++];
        row->criterion = criterion;
        row->key = make_key(set, rubric->name, criterion->name);
        if (!find_dimension(tally, criterion->dimension))
            tally->dimensions[tally->dimension_count++].name = criterion->dimension;
    }
}

void tally_init(struct tally *tally, const struct rubric_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->rubrics[i]->criterion_count;
    *tally = (struct tally){0};
    tally->criteria = memory_new(count, sizeof *tally->criteria);
    tally->dimensions = memory_new(count, sizeof *tally->dimensions);
    for (size_t i = 0; i < set->count; i++)
        init_rubric(tally, set, set->rubrics[i]);
}

void tally_clear(struct tally *tally)
{
    for (size_t i = 0; i < tally->criterion_count; i++)
        free(tally->criteria[i].key);
    free(tally->criteria);
    free(tally->dimensions);
    *tally = (struct tally){0};
}

/* ---- add ---- */

static struct tally_criterion *find_row(const struct tally *tally,
                                        const struct criterion *criterion)
{
    size_t i = 0;
    while (tally->criteria[i].criterion != criterion)
        i++;
    return &tally->criteria[i];
}

static void add_score(struct tally_criterion *row, const struct score *score)
{
    mean_add(&row->scored, score);
    row->passed += criterion_passed(row->criterion, score);
    row->not_applicable += score->status == SCORE_NOT_APPLICABLE;
    row->skipped += score->status == SCORE_SKIPPED;
    row->error += score->status == SCORE_ERROR;
}

static bool has_dimension(const struct rubric *rubric, const char *name)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (strcmp(rubric->criteria[i].dimension, name) == 0)
            return true;
    return false;
}

static void add_evaluated(struct tally *tally, const struct evaluated *one)
{
    struct tally_criterion *rows = find_row(tally, &one->rubric->criteria[0]);
    for (size_t i = 0; i < one->rubric->criterion_count; i++)
        add_score(&rows[i], &one->scores[i]);
    for (size_t i = 0; i < tally->dimension_count; i++) {
        if (!has_dimension(one->rubric, tally->dimensions[i].name))
            continue;
        struct score score =
            composite_dimension(one->rubric, one->scores, tally->dimensions[i].name);
        mean_add(&tally->dimensions[i].mean, &score);
    }
    mean_add(&tally->composite, &one->composite);
    tally->composite_errors += one->composite.status == SCORE_ERROR;
}

void tally_add(struct tally *tally, const struct batch_line *line)
{
    tally->invalid += line->invalid != NULL;
    if (line->invalid)
        return;
    tally->samples++;
    tally->unknown_keys += line->evaluation->sample.unknown_keys;
    tally->unmatched += line->evaluation->evaluated_count == 0;
    for (size_t i = 0; i < line->evaluation->evaluated_count; i++)
        add_evaluated(tally, &line->evaluation->evaluated[i]);
}

const struct tally_mean *tally_find(const struct tally *tally, const char *key)
{
    for (size_t i = 0; i < tally->criterion_count; i++)
        if (strcmp(tally->criteria[i].key, key) == 0)
            return &tally->criteria[i].scored;
    return strcmp(key, "composite") == 0 ? &tally->composite : NULL;
}
