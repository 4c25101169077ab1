/* rubric_explain: why a sample got its composite, criterion by criterion. */
#include "worker/rubric/rubric_explain.h"

#include <math.h>
#include <string.h>
#include "rubrics/composite.h"

enum { FINDINGS_SHOWN_MAX = 5 };

/* Codes that say nothing to who meets them for the first time. */
static const struct {
    const char *code, *meaning;
} MEANINGS[] = {
    {"not_meant", "its applies_to leaves this sample out"},
    {"not_sampled", "the sample is outside its share"},
    {"when_not_met", "none of the criteria it waits for came out as its when says"},
    {"no_judge", "no judge is named: --judge-endpoint"},
    {"no_reference", "the record has no reference"},
    {"no_resamples", "the record has no other responses to compare with"},
    {"no_answer", "no answer was found in the response"},
};

static const char *meaning_of(const char *reason)
{
    for (size_t i = 0; reason && i < sizeof MEANINGS / sizeof *MEANINGS; i++)
        if (strcmp(MEANINGS[i].code, reason) == 0)
            return MEANINGS[i].meaning;
    return NULL;
}

static bool counts(const struct criterion *criterion, const struct score *score)
{
    return score->status == SCORE_SCORED && criterion->weight > 0;
}

static double weight_scored(const struct evaluated *one)
{
    double weight = 0;
    for (size_t i = 0; i < one->rubric->criterion_count; i++)
        weight += counts(&one->rubric->criteria[i], &one->scores[i])
                      ? one->rubric->criteria[i].weight
                      : 0;
    return weight;
}

/* ---- the arithmetic ---- */

static void term(struct buffer *into, enum composite_method method, double weight, double value)
{
    if (method == COMPOSITE_MEAN)
        buffer_printf(into, "%g x %.4g", weight, value);
    else if (method == COMPOSITE_GEOMETRIC)
        buffer_printf(into, "%.4g^%g", value, weight);
    else
        buffer_printf(into, "%.4g", value);
}

void rubric_explain_arithmetic(const struct evaluated *one, struct buffer *into)
{
    static const struct {
        const char *start, *between, *end;
    } shapes[] = {[COMPOSITE_MEAN] = {"(", " + ", ") / %g"},
                  [COMPOSITE_GEOMETRIC] = {"(", " x ", ")^(1/%g)"},
                  [COMPOSITE_MINIMUM] = {"min(", ", ", ")"}};
    enum composite_method method = one->rubric->composite;
    bool first = true;
    for (size_t i = 0; i < one->rubric->criterion_count; i++) {
        if (!counts(&one->rubric->criteria[i], &one->scores[i]))
            continue;
        buffer_printf(into, "%s", first ? shapes[method].start : shapes[method].between);
        term(into, method, one->rubric->criteria[i].weight, one->scores[i].value);
        first = false;
    }
    if (first)
        return;
    if (method == COMPOSITE_MEAN)
        buffer_printf(into, ") / %g", weight_scored(one));
    else if (method == COMPOSITE_GEOMETRIC)
        buffer_printf(into, ")^(1/%g)", weight_scored(one));
    else
        buffer_printf(into, ")");
}

/* ---- for people ---- */

static const char *outcome(const struct criterion *criterion, const struct score *score)
{
    if (score->status != SCORE_SCORED)
        return score_status_name(score->status);
    return criterion_passed(criterion, score) ? "passed" : "failed";
}

static void print_findings(const struct score *score, FILE *out)
{
    for (size_t i = 0; i < score->finding_count && i < FINDINGS_SHOWN_MAX; i++)
        fprintf(out, "      %s: %s, characters %zu to %zu\n", score->findings[i].where,
                score->findings[i].rule, score->findings[i].start, score->findings[i].end);
    if (score->finding_count > FINDINGS_SHOWN_MAX)
        fprintf(out, "      and %zu more\n", score->finding_count - FINDINGS_SHOWN_MAX);
}

static void print_criterion(const struct criterion *criterion, const struct score *score, FILE *out)
{
    fprintf(out, "  %-24s%-16s", criterion->name, outcome(criterion, score));
    if (score->status == SCORE_SCORED)
        fprintf(out, "%6.4f (from %g)", score->value, criterion->threshold);
    else
        fprintf(out, "%17s", "");
    fprintf(out, "  weight %g", criterion->weight);
    if (criterion->gate)
        fprintf(out, "  gate, cap %g", criterion->gate_cap);
    const char *meaning = meaning_of(score->reason);
    if (score->reason)
        fprintf(out, "  %s%s%s", score->reason, meaning ? ": " : "", meaning ? meaning : "");
    fputc('\n', out);
    print_findings(score, out);
}

static void print_composite(const struct evaluated *one, FILE *out)
{
    struct score before = composite_ungated(one->rubric, one->scores);
    const struct criterion *gate = composite_failed_gate(one->rubric, one->scores);
    struct buffer arithmetic = {0};
    rubric_explain_arithmetic(one, &arithmetic);
    fprintf(out, "  %s over %.0f %% of the weight: ", rubric_composite_name(one->rubric->composite),
            100 * composite_coverage(one->rubric, one->scores));
    if (before.status == SCORE_SCORED)
        fprintf(out, "%.*s = %.4f\n", STR_ARGS(buffer_str(&arithmetic)), before.value);
    else
        fprintf(out, "nothing with a weight was scored\n");
    if (one->composite.status == SCORE_ERROR)
        fprintf(out, "  gate %s errored: there is no composite, \"safe\" is never assumed\n",
                one->composite.label ? one->composite.label : "");
    else if (gate)
        fprintf(out, "  gate %s failed: at most %g\n", gate->name, gate->gate_cap);
    if (one->composite.status == SCORE_SCORED)
        fprintf(out, "  composite %.4f\n", one->composite.value);
    else
        fprintf(out, "  composite: %s, %s\n", score_status_name(one->composite.status),
                one->composite.reason);
    buffer_clear(&arithmetic);
}

void rubric_explain_text(const struct sample *sample, const struct evaluated *one, FILE *out)
{
    fprintf(out, "%.*s  model %.*s  rubric %s\n", STR_ARGS(sample->id), STR_ARGS(sample->model),
            one->rubric->name);
    for (size_t i = 0; i < one->rubric->criterion_count; i++)
        print_criterion(&one->rubric->criteria[i], &one->scores[i], out);
    print_composite(one, out);
}

/* ---- for programs ---- */

static json_t *number_or_null(const struct score *score)
{
    return score->status == SCORE_SCORED ? json_real(score->value) : json_null();
}

static json_t *criterion_json(const struct evaluated *one, size_t index, double weight)
{
    const struct criterion *criterion = &one->rubric->criteria[index];
    const struct score *score = &one->scores[index];
    bool scored = score->status == SCORE_SCORED;
    const char *meaning = meaning_of(score->reason);
    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:f, s:f, s:o, s:s, s:o, s:o, s:s?, s:s?, s:s?, "
                     "s:I, s:f}",
                     "name", criterion->name, "dimension", criterion->dimension, "evaluator",
                     criterion->evaluator->name, "negated", criterion->negated, "hash",
                     criterion->hash, "weight", criterion->weight, "threshold",
                     criterion->threshold, "gate_cap",
                     criterion->gate ? json_real(criterion->gate_cap) : json_null(), "status",
                     score_status_name(score->status), "value", number_or_null(score), "passed",
                     scored ? json_boolean(criterion_passed(criterion, score)) : json_null(),
                     "label", score->label, "reason", score->reason, "meaning", meaning, "findings",
                     (json_int_t)score->finding_count, "share",
                     counts(criterion, score) ? criterion->weight / weight : 0.0);
}

json_t *rubric_explain_json(const struct sample *sample, const struct evaluated *one)
{
    json_t *criteria = json_array();
    double weight = weight_scored(one);
    for (size_t i = 0; i < one->rubric->criterion_count; i++)
        json_array_append_new(criteria, criterion_json(one, i, weight));
    struct score before = composite_ungated(one->rubric, one->scores);
    const struct criterion *gate = composite_failed_gate(one->rubric, one->scores);
    struct buffer arithmetic = {0};
    rubric_explain_arithmetic(one, &arithmetic);
    json_t *composite = json_pack("{s:s, s:s%, s:f, s:o, s:s?, s:s, s:o, s:s?}", "method",
                                  rubric_composite_name(one->rubric->composite), "arithmetic",
                                  buffer_str(&arithmetic).data, arithmetic.size, "coverage",
                                  composite_coverage(one->rubric, one->scores), "before_gates",
                                  number_or_null(&before), "failed_gate", gate ? gate->name : NULL,
                                  "status", score_status_name(one->composite.status), "value",
                                  number_or_null(&one->composite), "reason", one->composite.reason);
    buffer_clear(&arithmetic);
    return json_pack("{s:s%, s:s%, s:s, s:s, s:o, s:o}", "id", sample->id.data, sample->id.size,
                     "model", sample->model.data, sample->model.size, "rubric", one->rubric->name,
                     "rubric_hash", one->rubric->hash, "criteria", criteria, "composite",
                     composite);
}
