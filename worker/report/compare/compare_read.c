/* compare_read: reads two sides of a comparison, sample by sample. */
#include <math.h>
#include <stdlib.h>

#include "schema/base/arena.h"
#include "schema/base/memory.h"
#include "worker/report/compare/compare_sums.h"
#include "worker/report/reading/dimension_scores.h"
#include "worker/report/reading/sample_groups.h"
#include "worker/stats/sampling.h"

enum { SCORES_MAX = 2048, DELIVERIES_MAX = 256 }; /* of one sample, both sides */

/* What the answer of one side took. */
struct side_delivery {
    unsigned side;
    size_t model;
    const struct shard_source *source;
    int64_t offset;
    uint64_t threshold;
    double values[COMPARE_MEASURES];
};

/* Facets of a shard's criteria, and of the dimensions they own, by their place in its names. */
struct shard_facets {
    size_t *criteria, *dimensions;
    size_t *parts; /* of the breakdown, of its segments */
};

struct reading {
    struct comparison *comparison;
    struct compare_sums *sums;
    struct sample_groups groups;
    struct shard_facets *facets;
    struct arena arena; /* labels of the sample at hand */
    struct side_score scores[SCORES_MAX];
    size_t score_count;
    struct side_delivery deliveries[DELIVERIES_MAX];
    size_t delivery_count;
    bool overflow;
};

/* ---- names ---- */

static void name_facets(struct reading *reading)
{
    reading->facets = memory_new(reading->groups.count + 1, sizeof *reading->facets);
    for (size_t s = 0; s < reading->groups.count; s++) {
        struct shard_names *names = &reading->groups.shards[s].names;
        struct shard_facets *facets = &reading->facets[s];
        dimension_owners(names);
        facets->criteria = memory_new(names->criterion_count + 1, sizeof *facets->criteria);
        facets->dimensions = memory_new(names->criterion_count + 1, sizeof *facets->dimensions);
        for (size_t i = 0; i < names->criterion_count; i++) {
            const struct shard_criterion *one = &names->criteria[i];
            bool composite = strcmp(one->name, "composite") == 0;
            enum compare_kind kind = composite ? COMPARE_COMPOSITE : COMPARE_CRITERION;
            facets->criteria[i] = compare_facet(reading->sums, kind, one);
            if (one->owner == i && !composite)
                facets->dimensions[i] = compare_facet(reading->sums, COMPARE_DIMENSION, one);
        }
    }
}

static void name_parts(struct reading *reading)
{
    const struct breakdown *breakdown = &reading->comparison->breakdown;
    for (size_t s = 0; s < reading->groups.count; s++) {
        const struct shard_names *names = &reading->groups.shards[s].names;
        size_t *parts = memory_new(names->segment_count + 1, sizeof *parts);
        for (size_t i = 0; i < names->segment_count; i++) {
            const char *words = names->segments[i].words;
            parts[i] = breakdown->part_of[stores_segment(reading->comparison->stores, words,
                                                         strlen(words))];
        }
        reading->facets[s].parts = parts;
    }
}

/* ---- the rows of a sample ---- */

static bool is_lower(const struct side_score *a, const struct side_score *b)
{
    return sample_groups_order(a->source, a->place.offset, b->source, b->place.offset) < 0;
}

/* One score for each facet: that of the lowest delivery. */
static void push_score(struct reading *reading, const struct side_score *score)
{
    for (size_t i = 0; i < reading->score_count; i++) {
        struct side_score *known = &reading->scores[i];
        if (known->side != score->side || known->facet != score->facet ||
            known->model != score->model)
            continue;
        if (is_lower(score, known))
            *known = *score;
        return;
    }
    if (reading->score_count < SCORES_MAX)
        reading->scores[reading->score_count++] = *score;
    else
        reading->overflow = true;
}

static void push_delivery(struct reading *reading, const struct side_delivery *delivery)
{
    struct comparison *comparison = reading->comparison;
    for (size_t i = 0; i < reading->delivery_count; i++) {
        struct side_delivery *known = &reading->deliveries[i];
        if (known->side != delivery->side || known->model != delivery->model)
            continue;
        *(delivery->side ? &comparison->duplicates_b : &comparison->duplicates_a) += 1;
        if (sample_groups_order(delivery->source, delivery->offset, known->source, known->offset) <
            0)
            *known = *delivery;
        return;
    }
    if (reading->delivery_count < DELIVERIES_MAX)
        reading->deliveries[reading->delivery_count++] = *delivery;
    else
        reading->overflow = true;
}

static void push_dimensions(struct reading *reading, const struct shard_facets *facets,
                            const struct dimension_scores *dimensions,
                            const struct side_score *like)
{
    for (size_t i = 0; i < dimensions->count; i++) {
        const struct dimension_score *one = &dimensions->items[i];
        struct side_score score = *like;
        score.facet = facets->dimensions[one->owner];
        score.status = one->status;
        score.redacted = false;
        score.value = one->value;
        push_score(reading, &score);
    }
}

static size_t part_of(struct reading *reading, const struct group_shard *shard,
                      const struct sample_row *row, struct str model)
{
    const struct shard_names *names = &shard->names;
    const struct shard_segment *segment = shard_names_segment(names, row->segment);
    if (reading->comparison->segment_key_count == 0 || !segment)
        return NO_PART;
    const struct shard_facets *facets = &reading->facets[shard - reading->groups.shards];
    return compare_model(reading->sums, model, facets->parts[segment - names->segments]);
}

/* Of 1000 such samples; NAN without a price or tokens. */
static double cost_of(const struct comparison *comparison, const struct sample_row *row)
{
    const struct compare_price *any = NULL;
    for (size_t i = 0; i < comparison->price_count; i++) {
        const struct compare_price *one = &comparison->prices[i];
        bool named = one->model && str_equal(row->model, (struct str){one->model, one->model_size});
        if (named || (!one->model && !any))
            any = one;
        if (named)
            break;
    }
    return any ? (row->input_tokens * any->input + row->output_tokens * any->output) / 1000 : NAN;
}

static void push_row(struct reading *reading, struct group_shard *shard,
                     const struct sample_row *row, unsigned side)
{
    const struct shard_facets *facets = &reading->facets[shard - reading->groups.shards];
    const struct shard_source *source = shard_names_source(&shard->names, row->source);
    const struct comparison *comparison = reading->comparison;
    /* where a side names a model, all rows are of those */
    bool one_model = comparison->a->model || comparison->b->model;
    if (!source)
        return;
    struct str model = one_model ? STR("") : row->model;
    struct side_score like = {
        .side = side,
        .model = compare_model(reading->sums, model, COMPARE_ALL_PARTS),
        .part = part_of(reading, shard, row, model),
        .passed = -1,
        .threshold = sampling_threshold(row->probability),
        .source = source,
        .place = {(size_t)(shard - reading->groups.shards), row->run, row->source, row->offset, 0}};
    const struct side_delivery delivery = {
        side, like.model, source, row->offset, like.threshold,
        {row->latency_ms, row->input_tokens, row->output_tokens, cost_of(comparison, row)}};
    push_delivery(reading, &delivery);
    struct dimension_scores dimensions = {.count = 0};
    struct row_score read;
    while (sample_rows_next_score(&shard->rows, row, &read)) {
        const struct shard_criterion *criterion =
            shard_names_criterion(&shard->names, read.criterion);
        if (!criterion)
            continue;
        struct side_score score = like;
        score.facet = facets->criteria[criterion - shard->names.criteria];
        score.threshold = sampling_threshold(row->probability * criterion->share);
        score.status = read.status;
        score.value = read.value;
        score.passed = read.passed;
        score.redacted = read.status == ROW_NOT_APPLICABLE && str_is(read.reason, "redacted");
        score.place.criterion = read.criterion;
        if (read.label.data) {
            char *label = arena_copy(&reading->arena, read.label);
            score.label = (struct str){label, read.label.size};
        }
        push_score(reading, &score);
        dimension_scores_add(&dimensions, criterion, &read);
    }
    push_dimensions(reading, facets, &dimensions, &like);
}

static void read_sample(struct reading *reading)
{
    struct comparison *comparison = reading->comparison;
    const struct side *sides[2] = {comparison->a, comparison->b};
    struct sample_row row;
    struct group_shard *shard;
    unsigned runs;
    reading->score_count = reading->delivery_count = 0;
    arena_reset(&reading->arena);
    while ((shard = sample_groups_row(&reading->groups, &row, &runs))) {
        if (comparison->model && !str_is(row.model, comparison->model))
            continue;
        for (unsigned side = 0; side < 2; side++) {
            if (!(runs >> side & 1) || !side_holds(sides[side], &row))
                continue;
            if (row.sample.size > 0)
                push_row(reading, shard, &row, side);
            else /* none of them is told from another */
                comparison->without_id++;
        }
    }
}

/* ---- what the sample adds ---- */

static void add_side(struct reading *reading, size_t model, const struct side_score *score)
{
    struct level_sums *sums = compare_side_sums(reading->sums, model, score);
    struct bin_count one = {.count = 1};
    bool scored = score->status == ROW_SCORED;
    if (scored)
        one.bin = (uint32_t)score_bin_of(score->value);
    const struct status_counts statuses = {.scored = scored,
                                           .not_applicable = score->status == ROW_NOT_APPLICABLE,
                                           .skipped = score->status == ROW_SKIPPED,
                                           .error = score->status == ROW_ERROR};
    if (sums && !level_add(sums, 0, score->threshold, &one, scored, statuses))
        reading->overflow = true;
}

/* Does the sample have this topic by this rubric on the side? */
static bool has_rubric(const struct reading *reading, const struct side_score *like, unsigned side,
                       size_t rubric)
{
    struct facet *const *facets = reading->sums->facets;
    for (size_t i = 0; i < reading->score_count; i++) {
        const struct side_score *one = &reading->scores[i];
        if (one->side == side && one->model == like->model &&
            facets[one->facet]->topic == facets[like->facet]->topic &&
            facets[one->facet]->rubric_number == rubric)
            return true;
    }
    return false;
}

/* Of one topic, and of rubrics of one name; where a rubric has no namesake, of any. */
static bool are_pair(const struct reading *reading, const struct side_score *a,
                     const struct side_score *b)
{
    const struct facet *fa = reading->sums->facets[a->facet];
    const struct facet *fb = reading->sums->facets[b->facet];
    if (a->model != b->model || fa->topic != fb->topic)
        return false;
    return fa->rubric_number == fb->rubric_number ||
           (!has_rubric(reading, a, 1, fa->rubric_number) &&
            !has_rubric(reading, b, 0, fb->rubric_number));
}

static void add_pairs(struct reading *reading, const struct side_score *a)
{
    struct str sample = buffer_str(&reading->groups.sample);
    for (size_t i = 0; i < reading->score_count; i++) {
        const struct side_score *b = &reading->scores[i];
        if (b->side != 1 || !are_pair(reading, a, b))
            continue;
        struct pair_series *series = compare_pair_series(reading->sums, a->model, a, b);
        if (series)
            pair_series_add(series, a, b, sample, reading->comparison->mover_max);
        /* the request's segment: a response may be of another */
        series = a->part == NO_PART ? NULL : compare_pair_series(reading->sums, a->part, a, b);
        if (series)
            pair_series_add(series, a, b, sample, 0);
    }
}

static void add_measures(struct measure_sums *sums, const struct side_delivery *delivery)
{
    for (size_t i = 0; i < COMPARE_MEASURES; i++) {
        double value = delivery->values[i], p = sampling_probability(delivery->threshold);
        struct measure_sums *one = &sums[i];
        unsigned side = delivery->side;
        if (isnan(value) || !(p > 0))
            continue;
        if (one->sides[side].n == 0)
            one->thresholds[side] = delivery->threshold;
        one->unequal[side] |= one->thresholds[side] != delivery->threshold;
        survey_add(&one->sides[side], 1 / p, 1, value, value * value);
        log_bins_add(&one->bins[side], value, 1);
    }
}

static void add_measure_pair(struct measure_sums *sums, const struct side_delivery *a,
                             const struct side_delivery *b)
{
    for (size_t i = 0; i < COMPARE_MEASURES; i++) {
        double difference = b->values[i] - a->values[i], p = sampling_probability(a->threshold);
        if (!isnan(difference) && p > 0)
            survey_add(&sums[i].differences, 1 / p, 1, difference, difference * difference);
    }
}

static void add_deliveries(struct reading *reading)
{
    struct comparison *comparison = reading->comparison;
    for (size_t i = 0; i < reading->delivery_count; i++) {
        const struct side_delivery *one = &reading->deliveries[i];
        struct measure_sums *sums = reading->sums->models[one->model]->measures;
        *(one->side ? &comparison->samples_b : &comparison->samples_a) += 1;
        add_measures(sums, one);
        for (size_t j = 0; one->side == 0 && j < reading->delivery_count; j++) {
            const struct side_delivery *other = &reading->deliveries[j];
            if (other->side != 1 || other->model != one->model)
                continue;
            comparison->matched++;
            add_measure_pair(sums, one, other);
        }
    }
}

/* ---- everything ---- */

static void read_all(struct reading *reading)
{
    while (sample_groups_next(&reading->groups)) {
        read_sample(reading);
        for (size_t i = 0; i < reading->score_count; i++) {
            const struct side_score *score = &reading->scores[i];
            add_side(reading, score->model, score);
            if (score->part != NO_PART)
                add_side(reading, score->part, score);
            if (score->side == 0)
                add_pairs(reading, score);
        }
        add_deliveries(reading);
    }
}

bool compare_sums_read(struct comparison *comparison, struct error *error)
{
    const char *runs[2] = {comparison->a->run ? comparison->a->run : "live",
                           comparison->b->run ? comparison->b->run : "live"};
    struct reading *reading = memory_new(1, sizeof *reading);
    reading->comparison = comparison;
    reading->sums = comparison->sums;
    sample_groups_open(&reading->groups, comparison->stores, runs, comparison->range);
    name_facets(reading);
    name_parts(reading);
    read_all(reading);
    stores_check(comparison->stores);
    if (reading->overflow)
        problems_add(&comparison->stores->partial, "",
                     "samples with more than %d scores or %d probabilities: the rest does not "
                     "count",
                     SCORES_MAX, SAMPLING_THRESHOLDS_MAX);
    for (size_t i = 0; i < reading->groups.count; i++) {
        free(reading->facets[i].criteria);
        free(reading->facets[i].dimensions);
        free(reading->facets[i].parts);
    }
    free(reading->facets);
    sample_groups_close(&reading->groups);
    arena_clear(&reading->arena);
    free(reading);
    return !comparison->sums->too_many ||
           error_set(error, ERROR_INPUT,
                     "more than %d models, criteria and segments: name a model, or fewer keys",
                     COMPARE_SERIES_MAX);
}
