/* eval_json: the lines `assay eval --scores` writes (schema/scores.schema.json). */
#include "worker/eval/eval_json.h"

#include <math.h>
#include <string.h>
#include "schema/base/utf8.h"

/* A key of an object we are inside of; `first` members have no comma in front. */
static void key(struct buffer *into, bool first, const char *name)
{
    if (!first)
        buffer_append_str(into, STR(","));
    buffer_append_json(into, str_of(name));
    buffer_append_str(into, STR(":"));
}

static void text(struct buffer *into, struct str value)
{
    if (value.data)
        buffer_append_json(into, value);
    else
        buffer_append_str(into, STR("null"));
}

static void value_of(struct buffer *into, const struct score *score)
{
    if (score->status == SCORE_SCORED)
        buffer_append_number(into, score->value);
    else
        buffer_append_str(into, STR("null"));
}

static void finding(struct buffer *into, bool first, const struct finding *one)
{
    buffer_append_str(into, first ? STR("{") : STR(",{"));
    key(into, true, "rule");
    text(into, str_of(one->rule));
    key(into, false, "entity");
    text(into, str_of(one->entity));
    key(into, false, "where");
    text(into, str_of(one->where));
    buffer_printf(into, ",\"start\":%zu,\"end\":%zu,\"start_byte\":%zu,\"end_byte\":%zu}",
                  one->start, one->end, one->start_byte, one->end_byte);
}

/* Rules give a list even when it is empty: "looked, found nothing". */
static bool reports_findings(const struct criterion *criterion, const struct score *score)
{
    return score->finding_count > 0 || strcmp(criterion->evaluator->name, "regex") == 0;
}

static void score_object(struct buffer *into, const struct criterion *criterion,
                         const struct score *score)
{
    buffer_printf(into, "{\"status\":\"%s\",\"value\":", score_status_name(score->status));
    value_of(into, score);
    key(into, false, "passed");
    bool passed = criterion_passed(criterion, score);
    buffer_printf(into, "%s", score->status != SCORE_SCORED ? "null" : passed ? "true" : "false");
    key(into, false, "label");
    text(into, str_of(score->label));
    key(into, false, "reason");
    text(into, str_of(score->reason));
    if (reports_findings(criterion, score)) {
        key(into, false, "findings");
        buffer_append_str(into, STR("["));
        for (size_t i = 0; i < score->finding_count; i++)
            finding(into, i == 0, &score->findings[i]);
        buffer_append_str(into, STR("]"));
    }
    buffer_append_str(into, STR("}"));
}

static void sample_object(struct buffer *into, const struct sample *sample,
                          const struct evaluated *one)
{
    struct score safety = composite_dimension(one->rubric, one->scores, "safety");
    buffer_append_str(into, STR("{"));
    key(into, true, "id");
    text(into, sample->id);
    key(into, false, "model");
    text(into, sample->model);
    key(into, false, "rubric");
    text(into, str_of(one->rubric->name));
    key(into, false, "composite");
    value_of(into, &one->composite);
    key(into, false, "coverage");
    buffer_append_number(into, composite_coverage(one->rubric, one->scores));
    key(into, false, "safety");
    value_of(into, &safety);
    key(into, false, "scores");
    buffer_append_str(into, STR("{"));
    for (size_t i = 0; i < one->rubric->criterion_count; i++) {
        key(into, i == 0, one->rubric->criteria[i].name);
        score_object(into, &one->rubric->criteria[i], &one->scores[i]);
    }
    buffer_append_str(into, STR("}}\n"));
}

void eval_json_line(struct buffer *into, const struct batch_line *line, bool name_files)
{
    if (!line->invalid) {
        for (size_t i = 0; i < line->evaluation->evaluated_count; i++)
            sample_object(into, &line->evaluation->sample, &line->evaluation->evaluated[i]);
        return;
    }
    buffer_printf(into, "{\"id\":null,\"line\":%lld", (long long)line->line);
    key(into, false, "invalid");
    text(into, str_of(line->invalid));
    if (name_files && utf8_valid(str_of(line->file))) {
        key(into, false, "file");
        text(into, str_of(line->file));
    }
    buffer_append_str(into, STR("}\n"));
}

static void mean_members(struct buffer *into, const struct tally_mean *mean)
{
    buffer_printf(into, "{\"n\":%lld,\"mean\":", (long long)mean->n);
    buffer_append_number(into, tally_mean_value(mean));
}

static void composite_object(struct buffer *into, const struct tally_composite *row)
{
    mean_members(into, &row->mean);
    buffer_append_str(into, STR(",\"coverage\":"));
    buffer_append_number(into, row->mean.n ? row->coverage / (double)row->mean.n : NAN);
    buffer_append_str(into, STR("}"));
}

/* One rubric's, or those of several by their names. */
static void composites(struct buffer *into, const struct tally *tally)
{
    bool one = tally->composite_count == 1;
    key(into, false, one ? "composite" : "composites");
    for (size_t i = 0; i < tally->composite_count; i++) {
        if (!one) {
            buffer_append_str(into, i ? STR("") : STR("{"));
            key(into, i == 0, tally->composites[i].rubric->name);
        }
        composite_object(into, &tally->composites[i]);
    }
    buffer_append_str(into, one ? STR("") : STR("}"));
}

static void criterion_row(struct buffer *into, const struct tally_criterion *row)
{
    mean_members(into, &row->scored);
    buffer_printf(into, ",\"passed\":%lld,\"not_applicable\":%lld,\"skipped\":%lld,\"error\":%lld}",
                  (long long)row->passed, (long long)row->not_applicable, (long long)row->skipped,
                  (long long)row->error);
}

void eval_json_summary(struct buffer *into, const struct tally *tally)
{
    buffer_printf(into, "{\"summary\":{\"samples\":%lld,\"invalid\":%lld,\"unknown_keys\":%lld",
                  (long long)tally->samples, (long long)tally->invalid,
                  (long long)tally->unknown_keys);
    if (tally->unmatched)
        buffer_printf(into, ",\"unmatched\":%lld", (long long)tally->unmatched);
    key(into, false, "criteria");
    for (size_t i = 0; i < tally->criterion_count; i++) {
        buffer_append_str(into, i ? STR("") : STR("{"));
        key(into, i == 0, tally->criteria[i].key);
        criterion_row(into, &tally->criteria[i]);
    }
    buffer_append_str(into, STR("}"));
    key(into, false, "dimensions");
    for (size_t i = 0; i < tally->dimension_count; i++) {
        buffer_append_str(into, i ? STR("") : STR("{"));
        key(into, i == 0, tally->dimensions[i].key);
        mean_members(into, &tally->dimensions[i].mean);
        buffer_append_str(into, STR("}"));
    }
    buffer_append_str(into, STR("}"));
    composites(into, tally);
    buffer_append_str(into, STR("}}\n"));
}
