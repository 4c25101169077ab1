/* compare_json: a comparison for programs. */
#include <math.h>

#include "worker/report/compare/compare.h"
#include "worker/report/compare/compare_words.h"
#include "worker/report/pages/json_members.h"

static void open_item(struct buffer *out)
{
    buffer_append_str(out, out->data[out->size - 1] == '[' ? STR("{") : STR(",{"));
}

static void open_list(struct buffer *out, const char *name)
{
    member_name(out, name);
    buffer_append_str(out, STR("["));
}

static void add_side(struct buffer *out, const char *name, const struct side *side,
                     uint64_t samples, uint64_t duplicates)
{
    const char *const keys[] = {"model", "endpoint", "component"};
    const char *const values[] = {side->model, side->endpoint, side->component};
    member_name(out, name);
    buffer_append_str(out, STR("{"));
    member_text(out, "run", side->run ? side->run : "live");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (values[i])
            member_text(out, keys[i], values[i]);
    member_count(out, "samples", samples);
    member_count(out, "duplicates", duplicates);
    buffer_append_str(out, STR("}"));
}

static void add_optional(struct buffer *out, const char *name, const char *text)
{
    if (text)
        member_text(out, name, text);
}

static void add_gaps(struct buffer *out, const char *name, const struct compare_gaps *gaps)
{
    member_name(out, name);
    buffer_append_str(out, STR("{"));
    member_count(out, "redacted", gaps->redacted);
    member_count(out, "not_applicable", gaps->not_applicable);
    member_count(out, "skipped", gaps->skipped);
    member_count(out, "error", gaps->error);
    buffer_append_str(out, STR("}"));
}

static void add_agreement(struct buffer *out, const char *name,
                          const struct compare_agreement *agreement)
{
    if (agreement->n == 0)
        return;
    member_name(out, name);
    buffer_append_str(out, STR("{"));
    member_count(out, "n", agreement->n);
    member_number(out, "agreement", agreement->cohen.agreement);
    member_number(out, "kappa", agreement->cohen.kappa);
    buffer_append_str(out, STR("}"));
}

static void add_pairs(struct buffer *out, const struct compare_row *row)
{
    static const char *const flips[] = {[COMPARE_BROKE] = "broke", [COMPARE_FIXED] = "fixed"};
    member_count(out, "broke", row->broke);
    member_count(out, "fixed", row->fixed);
    add_gaps(out, "missing_a", &row->missing_a);
    add_gaps(out, "missing_b", &row->missing_b);
    add_agreement(out, "passes", &row->passes);
    add_agreement(out, "labels", &row->labels);
    open_list(out, "movers");
    for (size_t i = 0; i < row->mover_count; i++) {
        const struct mover *one = &row->movers[i];
        open_item(out);
        member_text(out, "sample", one->sample);
        member_number(out, "a", one->a);
        member_number(out, "b", one->b);
        add_optional(out, "flip", flips[one->flip]);
        add_optional(out, "reason_a", one->reason_a);
        add_optional(out, "reason_b", one->reason_b);
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

static void add_all(struct buffer *out, const char *name, const struct compare_all *all)
{
    member_name(out, name);
    buffer_append_str(out, STR("{"));
    member_count(out, "n", all->n);
    member_number(out, "mean", all->mean);
    buffer_append_str(out, STR("}"));
}

static void add_numbers(struct buffer *out, const struct compare_row *row)
{
    member_text(out, "method", compare_method_name(row->method));
    member_level(out, "a", &row->level_a);
    member_level(out, "b", &row->level_b);
    add_all(out, "all_a", &row->all_a);
    add_all(out, "all_b", &row->all_b);
    member_number(out, "delta", row->difference.delta);
    member_interval(out, "ci", row->difference.ci);
    member_number(out, "p", row->difference.p);
    member_number(out, "p_permutation", row->p_permutation);
    member_number(out, "p_bh", row->p_adjusted);
    member_number(out, "mde", row->mde);
    if (row->paired)
        add_pairs(out, row);
}

static void add_segments(struct buffer *out, const struct comparison *comparison,
                         const struct compare_row *row)
{
    open_list(out, "segments");
    for (size_t i = 0; i < row->segment_count; i++) {
        const struct compare_row *one = &row->segments[i];
        open_item(out);
        member_text(out, "verdict", drift_verdict_name(one->verdict));
        member_name(out, "segment");
        buffer_append_str(out, str_of(comparison->breakdown.parts[one->part]));
        add_numbers(out, one);
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

static void add_row(struct buffer *out, const struct comparison *comparison,
                    const struct compare_row *row)
{
    static const char *const kinds[] = {[COMPARE_COMPOSITE] = "composite",
                                        [COMPARE_DIMENSION] = "dimension",
                                        [COMPARE_CRITERION] = "criterion"};
    open_item(out);
    member_text(out, "verdict", drift_verdict_name(row->verdict));
    member_text(out, "kind", kinds[row->a->kind]);
    member_text(out, "model", row->model);
    member_text(out, "metric", row->a->name);
    member_text(out, "dimension", row->a->dimension);
    member_text(out, "rubric_a", row->a->rubric);
    member_text(out, "rubric_b", row->b->rubric);
    member_text(out, "hash_a", row->a->hash);
    member_text(out, "hash_b", row->b->hash);
    add_numbers(out, row);
    add_segments(out, comparison, row);
    buffer_append_str(out, STR("}"));
}

static void add_measure_side(struct buffer *out, const char *name, const struct measure_side *side)
{
    member_name(out, name);
    buffer_append_str(out, STR("{"));
    member_count(out, "n", side->n);
    member_number(out, "mean", side->mean);
    member_number(out, "p50", side->p50);
    member_number(out, "p95", side->p95);
    buffer_append_str(out, STR("}"));
}

static void add_measure(struct buffer *out, const struct measure_row *row)
{
    static const char *const names[] = {[COMPARE_LATENCY_MS] = "latency_ms",
                                        [COMPARE_INPUT_TOKENS] = "input_tokens",
                                        [COMPARE_OUTPUT_TOKENS] = "output_tokens",
                                        [COMPARE_COST] = "cost_per_1000"};
    open_item(out);
    member_text(out, "model", row->model);
    member_text(out, "measure", names[row->measure]);
    add_measure_side(out, "a", &row->a);
    add_measure_side(out, "b", &row->b);
    member_number(out, "delta", row->difference.delta);
    member_interval(out, "ci", row->difference.ci);
    member_number(out, "p", row->difference.p);
    buffer_append_str(out, STR("}"));
}

static void add_recommendation(struct buffer *out, const struct comparison *comparison)
{
    struct buffer words = {0};
    compare_words_advice(comparison, &words);
    member_name(out, "recommendation");
    buffer_append_str(out, STR("{"));
    member_text(out, "verdict", drift_verdict_name(comparison->verdict));
    member_text(out, "words", words.data);
    member_flag(out, "same_answers", sides_same_answers(comparison->a, comparison->b));
    if (comparison->because)
        member_count(out, "row", comparison->because_row);
    if (comparison->because && comparison->because->part != COMPARE_ALL_PARTS) {
        member_name(out, "segment");
        buffer_append_str(out, str_of(comparison->breakdown.parts[comparison->because->part]));
    }
    buffer_append_str(out, STR("}"));
    buffer_clear(&words);
}

static void add_only(struct buffer *out, const char *name, const struct comparison *comparison,
                     unsigned side)
{
    open_list(out, name);
    for (size_t i = 0; i < comparison->only_counts[side]; i++) {
        buffer_append_str(out, i ? STR(",") : STR(""));
        buffer_append_json(out, str_of(comparison->only[side][i]->name));
    }
    buffer_append_str(out, STR("]"));
}

void comparison_json(const struct comparison *comparison, struct buffer *out)
{
    buffer_append_str(out, STR("{"));
    add_side(out, "a", comparison->a, comparison->samples_a, comparison->duplicates_a);
    add_side(out, "b", comparison->b, comparison->samples_b, comparison->duplicates_b);
    member_flag(out, "paired", comparison->paired);
    member_count(out, "matched", comparison->matched);
    if (comparison->range.to_ms != INT64_MAX)
        member_range(out, "window", comparison->range);
    member_number(out, "alpha", comparison->alpha);
    member_number(out, "tolerance", comparison->tolerance);
    member_count(out, "tested", comparison->tested);
    add_recommendation(out, comparison);
    member_count(out, "pending", (uint64_t)comparison->pending);
    const struct problems *partial = &comparison->stores->partial;
    member_texts(out, "notes", comparison->notes.lines, comparison->notes.count);
    member_count(out, "without_id", comparison->without_id);
    member_flag(out, "partial", partial->total > 0);
    member_texts(out, "problems", partial->lines, partial->count);
    member_shards(out, comparison->stores);
    add_only(out, "only_in_a", comparison, 0);
    add_only(out, "only_in_b", comparison, 1);
    open_list(out, "rows");
    for (size_t i = 0; i < comparison->count; i++)
        add_row(out, comparison, &comparison->rows[i]);
    buffer_append_str(out, STR("]"));
    open_list(out, "measures");
    for (size_t i = 0; i < comparison->measure_count; i++)
        add_measure(out, &comparison->measures[i]);
    buffer_append_str(out, STR("]}\n"));
}
