/* eval_table: the summary of `assay eval` for people. */
#include "worker/eval/eval_table.h"

#include <string.h>

enum { NAME_COLUMNS_MIN = 12, CELL_BYTES = 32 };

static int longest(size_t so_far, const char *name)
{
    size_t size = strlen(name);
    return (int)(size > so_far ? size : so_far);
}

static int name_columns(const struct tally *tally)
{
    int columns = NAME_COLUMNS_MIN;
    for (size_t i = 0; i < tally->criterion_count; i++)
        columns = longest((size_t)columns, tally->criteria[i].key);
    for (size_t i = 0; i < tally->dimension_count; i++)
        columns = longest((size_t)columns, tally->dimensions[i].key);
    for (size_t i = 0; i < tally->composite_count; i++)
        columns = longest((size_t)columns, tally->composites[i].key);
    return columns;
}

/* "-" where nothing was scored: never a number that could be taken for one. */
static const char *ratio(char cell[CELL_BYTES], double part, int64_t n, double factor,
                         const char *unit)
{
    if (n == 0)
        return "-";
    snprintf(cell, CELL_BYTES, "%.*f%s", factor > 1 ? 2 : 4, part / (double)n * factor, unit);
    return cell;
}

static void mean_cells(const char *name, int columns, const struct tally_mean *mean, FILE *out)
{
    char cell[CELL_BYTES];
    fprintf(out, "%-*s %8lld %8s", columns, name, (long long)mean->n,
            ratio(cell, mean->sum, mean->n, 1, ""));
}

static void composite_row(const struct tally_composite *row, int columns, FILE *out)
{
    char cell[CELL_BYTES];
    mean_cells(row->key, columns, &row->mean, out);
    fprintf(out, " %9s\n", ratio(cell, row->coverage, row->mean.n, 100, " %"));
    if (row->errors)
        fprintf(out, "%*s %lld more without one: a gate could not tell\n", columns, "",
                (long long)row->errors);
}

/* Why columns of "skipped" are full: a judge was never named. */
static void tell_no_judge(const struct tally *tally, FILE *out)
{
    const char *before = "\nSkipped, for no judge was named (--judge-endpoint):";
    bool any = false;
    for (size_t i = 0; i < tally->criterion_count; i++) {
        if (tally->criteria[i].no_judge == 0)
            continue;
        fprintf(out, "%s %s", any ? "," : before, tally->criteria[i].key);
        any = true;
    }
    fputs(any ? "\n" : "", out);
}

static void criterion_row(const struct tally_criterion *row, int columns, FILE *out)
{
    char mean[CELL_BYTES], passed[CELL_BYTES];
    fprintf(out, "%-*s %8lld %8s %9s %15lld %8lld %8lld\n", columns, row->key,
            (long long)row->scored.n, ratio(mean, row->scored.sum, row->scored.n, 1, ""),
            ratio(passed, (double)row->passed, row->scored.n, 100, " %"),
            (long long)row->not_applicable, (long long)row->skipped, (long long)row->error);
}

static void count(const char *what, int64_t number, FILE *out)
{
    if (number)
        fprintf(out, ", %lld %s", (long long)number, what);
}

void eval_table_print(const struct tally *tally, FILE *out)
{
    int columns = name_columns(tally);
    fprintf(out, "%lld sample%s", (long long)tally->samples, tally->samples == 1 ? "" : "s");
    count("unreadable", tally->invalid, out);
    count("with no rubric meant for them", tally->unmatched, out);
    count(tally->unknown_keys == 1 ? "unknown key left out" : "unknown keys left out",
          tally->unknown_keys, out);
    if (tally->samples + tally->invalid == 0)
        fputs(": the input is empty", out);
    fprintf(out, "\n\n%-*s %8s %8s %9s %15s %8s %8s\n", columns, "criterion", "scored", "mean",
            "passed", "not applicable", "skipped", "error");
    for (size_t i = 0; i < tally->criterion_count; i++)
        criterion_row(&tally->criteria[i], columns, out);
    fprintf(out, "\n%-*s %8s %8s\n", columns, "dimension", "scored", "mean");
    for (size_t i = 0; i < tally->dimension_count; i++) {
        mean_cells(tally->dimensions[i].key, columns, &tally->dimensions[i].mean, out);
        fputs("\n", out);
    }
    fprintf(out, "\n%-*s %8s %8s %9s\n", columns, "", "scored", "mean", "of weight");
    for (size_t i = 0; i < tally->composite_count; i++)
        composite_row(&tally->composites[i], columns, out);
    tell_no_judge(tally, out);
}
