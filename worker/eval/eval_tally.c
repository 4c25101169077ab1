/* eval_tally: what `assay eval` counted: by criterion, dimension and composite. */
#include "worker/eval/eval_tally.h"

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

static const char COMPOSITE[] = "composite";

static bool has_criterion(const struct rubric *rubric, const char *name)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (strcmp(rubric->criteria[i].name, name) == 0)
            return true;
    return false;
}

static bool has_dimension(const struct rubric *rubric, const char *name)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (strcmp(rubric->criteria[i].dimension, name) == 0)
            return true;
    return false;
}

static bool has_composite(const struct rubric *rubric, const char *name)
{
    (void)rubric, (void)name;
    return true;
}

/* The name alone where only one of the rubrics `has` it. */
static char *make_key(const struct rubric_set *set, const struct rubric *rubric, const char *name,
                      bool (*has)(const struct rubric *rubric, const char *name))
{
    size_t owners = 0, size = strlen(rubric->name) + strlen(name) + 2;
    for (size_t i = 0; i < set->count; i++)
        owners += has(set->rubrics[i], name);
    char *key = memory_new(size, 1);
    snprintf(key, size, "%s%s%s", owners > 1 ? rubric->name : "", owners > 1 ? "/" : "", name);
    return key;
}

static struct tally_dimension *find_dimension(const struct tally *tally,
                                              const struct rubric *rubric, const char *name)
{
    for (size_t i = 0; i < tally->dimension_count; i++)
        if (tally->dimensions[i].rubric == rubric && strcmp(tally->dimensions[i].name, name) == 0)
            return &tally->dimensions[i];
    return NULL;
}

static void init_rubric(struct tally *tally, const struct rubric_set *set,
                        const struct rubric *rubric)
{
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        tally->criteria[tally->criterion_count++] =
            (struct tally_criterion){.rubric = rubric,
                                     .criterion = criterion,
                                     .key = make_key(set, rubric, criterion->name, has_criterion)};
        const char *dimension = criterion->dimension;
        if (!find_dimension(tally, rubric, dimension))
            tally->dimensions[tally->dimension_count++] =
                (struct tally_dimension){.rubric = rubric,
                                         .name = dimension,
                                         .key = make_key(set, rubric, dimension, has_dimension)};
    }
    tally->composites[tally->composite_count++] = (struct tally_composite){
        .rubric = rubric, .key = make_key(set, rubric, COMPOSITE, has_composite)};
}

void tally_init(struct tally *tally, const struct rubric_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->rubrics[i]->criterion_count;
    *tally = (struct tally){0};
    tally->criteria = memory_new(count, sizeof *tally->criteria);
    tally->dimensions = memory_new(count, sizeof *tally->dimensions);
    tally->composites = memory_new(set->count, sizeof *tally->composites);
    for (size_t i = 0; i < set->count; i++)
        init_rubric(tally, set, set->rubrics[i]);
}

void tally_clear(struct tally *tally)
{
    for (size_t i = 0; i < tally->criterion_count; i++)
        free(tally->criteria[i].key);
    for (size_t i = 0; i < tally->dimension_count; i++)
        free(tally->dimensions[i].key);
    for (size_t i = 0; i < tally->composite_count; i++)
        free(tally->composites[i].key);
    free(tally->criteria);
    free(tally->dimensions);
    free(tally->composites);
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
    row->no_judge += score->status == SCORE_SKIPPED && str_is(str_of(score->reason), "no_judge");
    row->error += score->status == SCORE_ERROR;
}

static void add_composite(struct tally_composite *row, const struct evaluated *one)
{
    mean_add(&row->mean, &one->composite);
    row->errors += one->composite.status == SCORE_ERROR;
    if (one->composite.status == SCORE_SCORED)
        row->coverage += composite_coverage(one->rubric, one->scores);
}

static void add_evaluated(struct tally *tally, const struct evaluated *one)
{
    struct tally_criterion *rows = find_row(tally, &one->rubric->criteria[0]);
    for (size_t i = 0; i < one->rubric->criterion_count; i++)
        add_score(&rows[i], &one->scores[i]);
    for (size_t i = 0; i < tally->dimension_count; i++) {
        struct tally_dimension *row = &tally->dimensions[i];
        if (row->rubric != one->rubric)
            continue;
        struct score score = composite_dimension(one->rubric, one->scores, row->name);
        mean_add(&row->mean, &score);
    }
    for (size_t i = 0; i < tally->composite_count; i++)
        if (tally->composites[i].rubric == one->rubric)
            add_composite(&tally->composites[i], one);
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

static bool is_called(const struct rubric *rubric, const char *key, const char *name,
                      const char *wanted)
{
    size_t size = strlen(rubric->name);
    bool of_rubric = strncmp(wanted, rubric->name, size) == 0 && wanted[size] == '/';
    return strcmp(key, wanted) == 0 || (of_rubric && strcmp(wanted + size + 1, name) == 0);
}

const struct tally_mean *tally_find(const struct tally *tally, const char *key)
{
    for (size_t i = 0; i < tally->criterion_count; i++) {
        const struct tally_criterion *row = &tally->criteria[i];
        if (is_called(row->rubric, row->key, row->criterion->name, key))
            return &row->scored;
    }
    for (size_t i = 0; i < tally->composite_count; i++)
        if (is_called(tally->composites[i].rubric, tally->composites[i].key, COMPOSITE, key))
            return &tally->composites[i].mean;
    return NULL;
}
