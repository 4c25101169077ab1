/* rerun_words: plans and summaries of reruns for people. */
#include <string.h>
#include "worker/rerun/rerun.h"
#include "worker/store/runs.h"

enum { PROBLEMS_SHOWN = 10, NAME_COLUMNS_MIN = 12 };

static long long count_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void print_skipped(const json_t *counts, FILE *out)
{
    for (size_t i = 0; i < RUN_OUTCOME_COUNT; i++)
        if (count_of(counts, RUN_OUTCOMES[i].key))
            fprintf(out, "%12lld %s\n", count_of(counts, RUN_OUTCOMES[i].key), RUN_OUTCOMES[i].words);
}

static void print_problems(const json_t *problems, FILE *out)
{
    size_t i;
    const json_t *line;
    json_array_foreach(problems, i, line)
    {
        if (i == PROBLEMS_SHOWN) {
            fprintf(out, "  ... and %zu more\n", json_array_size(problems) - i);
            return;
        }
        fprintf(out, "  %s\n", json_string_value(line));
    }
}

void rerun_print_estimate(const json_t *estimate, FILE *out)
{
    const json_t *judge = json_object_get(estimate, "judge");
    double seconds = json_number_value(json_object_get(estimate, "seconds"));
    fprintf(out, "%12lld records are planned; from %lld of them, about\n",
            count_of(estimate, "planned"), count_of(estimate, "looked_at"));
    fprintf(out, "%12lld would be scored\n", count_of(estimate, "scored"));
    print_skipped(json_object_get(estimate, "skipped"), out);
    if (count_of(estimate, "masked"))
        fprintf(out, "%12lld of those scored hold masks: rules say not_applicable, redacted\n",
                count_of(estimate, "masked"));
    if (count_of(judge, "calls") + count_of(judge, "remembered")) {
        fprintf(out, "%12lld calls of the judge, with %lld tokens in and at most %lld out",
                count_of(judge, "calls"), count_of(judge, "input_tokens"),
                count_of(judge, "output_tokens_most"));
        double cost = json_number_value(json_object_get(judge, "cost_most"));
        if (cost > 0)
            fprintf(out, ", at most %.2f", cost);
        fprintf(out, "\n%12lld answers are known and cost nothing\n",
                count_of(judge, "remembered"));
    }
    fprintf(out, "%12.0f seconds by one thread%s\n", seconds,
            count_of(judge, "calls") ? ", a call taking one of them" : "");
    const json_t *problems = json_object_get(estimate, "problems");
    if (json_array_size(problems)) {
        fprintf(out, "\nCannot be read:\n");
        print_problems(problems, out);
    }
}

/* ---- what came out ---- */

static int name_columns(const json_t *criteria)
{
    size_t columns = NAME_COLUMNS_MIN, i;
    const json_t *one;
    json_array_foreach(criteria, i, one)
    {
        size_t size = strlen(json_string_value(json_object_get(one, "criterion")));
        columns = size > columns ? size : columns;
    }
    return (int)columns;
}

/* "-" where nothing was scored: never a number that could be taken for one. */
static void print_share(const json_t *value, double factor, const char *unit, FILE *out)
{
    char cell[32] = "-";
    if (json_is_number(value))
        snprintf(cell, sizeof cell, "%.*f%s", factor > 1 ? 1 : 4,
                 json_number_value(value) * factor, unit);
    fprintf(out, " %9s", cell);
}

static void print_criteria(const json_t *criteria, FILE *out)
{
    size_t i;
    const json_t *one;
    int columns = name_columns(criteria);
    if (json_array_size(criteria) == 0)
        return;
    fprintf(out, "\n%-*s %9s %9s %9s %9s %9s %9s %9s\n", columns, "criterion", "mean", "passed",
            "scored", "n/a", "redacted", "skipped", "error");
    json_array_foreach(criteria, i, one)
    {
        fprintf(out, "%-*s", columns, json_string_value(json_object_get(one, "criterion")));
        print_share(json_object_get(one, "mean"), 1, "", out);
        print_share(json_object_get(one, "pass_rate"), 100, " %", out);
        fprintf(out, " %9lld %9lld %9lld %9lld %9lld\n", count_of(one, "scored"),
                count_of(one, "not_applicable"), count_of(one, "redacted"),
                count_of(one, "skipped"), count_of(one, "error"));
    }
}

/* What may differ when the same is done again. */
static void print_asking(const json_t *asked, FILE *out)
{
    size_t i, j;
    const json_t *rubric, *name;
    json_array_foreach(json_object_get(asked, "rubrics"), i, rubric)
        json_array_foreach(json_object_get(rubric, "asks_models"), j, name)
            fprintf(out, "%s %s asks a model: answers that are not remembered may differ\n",
                    json_string_value(json_object_get(rubric, "name")), json_string_value(name));
}

void rerun_print_summary(const json_t *summary, FILE *out)
{
    const json_t *counts = json_object_get(summary, "counts");
    const json_t *judge = json_object_get(summary, "judge");
    const json_t *asked = json_object_get(summary, "asked");
    const char *name = json_string_value(json_object_get(summary, "run"));
    fprintf(out, "run %s: %lld of %lld records are done%s\n", name, count_of(summary, "done"),
            count_of(summary, "planned"),
            json_is_string(json_object_get(summary, "ended_at")) ? "" : "; it has not ended");
    fprintf(out, "%12lld are scored\n", count_of(counts, "scored"));
    print_skipped(counts, out);
    const json_t *fleet = json_object_get(summary, "fleet");
    if (fleet)
        fprintf(out, "%12lld of %lld chunks are in topic %s, %lld of them done by group %s\n",
                count_of(fleet, "sent"), count_of(fleet, "chunks"),
                json_string_value(json_object_get(fleet, "topic")), count_of(fleet, "done"),
                json_string_value(json_object_get(fleet, "group")));
    if (count_of(summary, "left"))
        fprintf(out, "%12lld are left\n", count_of(summary, "left"));
    if (count_of(summary, "masked"))
        fprintf(out, "%12lld of those scored hold masks in place of text that was not kept\n",
                count_of(summary, "masked"));
    if (count_of(judge, "calls") + count_of(judge, "remembered"))
        fprintf(out, "%12lld calls of the judge; %lld answers were known\n",
                count_of(judge, "calls"), count_of(judge, "remembered"));
    print_criteria(json_object_get(summary, "criteria"), out);
    print_asking(asked, out);
    const json_t *problems = json_object_get(summary, "problems");
    if (json_array_size(problems)) {
        fprintf(out, "\nCannot be read:\n");
        print_problems(problems, out);
    }
}
