/* assay rubric diff: scores the same samples with two rubrics and tells what changed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rubrics/composite.h"
#include "schema/base/memory.h"
#include "worker/commands/cmd_rubric.h"
#include "worker/commands/commands.h"
#include "worker/options/plugins.h"
#include "worker/rubric/rubric_batch.h"

static const double SAME = 1e-9; /* values nearer than this are one */

struct options {
    struct arg_list evaluators;
    bool json;
    int64_t limit;
    struct judge_options judge;
};

static const struct arg ARGS[] = {
    PLUGINS_ARG(offsetof(struct options, evaluators)),
    {.name = "limit",
     .value = "N",
     .kind = ARG_INT,
     .offset = offsetof(struct options, limit),
     .help = "samples that are listed one by one, as text; default 20",
     .max = 1e9},
    {.name = "json",
     .kind = ARG_FLAG,
     .offset = offsetof(struct options, json),
     .help = "print one JSON object per changed sample, and a summary, for programs"},
};

static const struct arg_group GROUPS[] = {
    {"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0},
    {"Models to ask", JUDGE_ARGS, JUDGE_ARG_COUNT, offsetof(struct options, judge)},
};

static const struct arg_table TABLE = {
    .operands = "A B SAMPLES...",
    .operands_min = 3,
    .description =
        "Scores the capture records in SAMPLES with rubric A and with rubric B, and lists what "
        "changed:\nstatus, value and whether it passed, of criteria of the same name and of the "
        "composite.\nExit status 0 when nothing did, 1 when something did.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

/* What became of the criteria of one name, over all samples. */
struct row {
    const char *name;
    const struct criterion *a, *b; /* NULL: not in that rubric; both: the composite */
    int64_t changed, now_passed, now_failed;
};

struct run {
    const struct options *options;
    const struct rubric *a, *b;
    struct row rows[2 * RUBRIC_CRITERIA_MAX + 1];
    size_t row_count;
    int64_t samples, changed;
    double sum_a, sum_b; /* of composites where both are scored */
    int64_t both;
};

static const struct criterion *find(const struct rubric *rubric, const char *name)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (strcmp(rubric->criteria[i].name, name) == 0)
            return &rubric->criteria[i];
    return NULL;
}

static void add_rows(struct run *run)
{
    for (size_t i = 0; i < run->a->criterion_count; i++)
        run->rows[run->row_count++] = (struct row){.name = run->a->criteria[i].name,
                                                   .a = &run->a->criteria[i],
                                                   .b = find(run->b, run->a->criteria[i].name)};
    for (size_t i = 0; i < run->b->criterion_count; i++)
        if (!find(run->a, run->b->criteria[i].name))
            run->rows[run->row_count++] =
                (struct row){.name = run->b->criteria[i].name, .b = &run->b->criteria[i]};
    run->rows[run->row_count++] = (struct row){.name = "composite"};
}

/* ---- one sample ---- */

/* What one rubric says of a row; NULL: it has no such criterion, or is not meant for the sample. */
static const struct score *score_of(const struct evaluated *one, const struct rubric *rubric,
                                    const struct criterion *criterion, bool composite)
{
    if (!one)
        return NULL;
    if (composite)
        return &one->composite;
    return criterion ? &one->scores[criterion - rubric->criteria] : NULL;
}

static const char *word_of(const struct criterion *criterion, const struct score *score)
{
    if (!score)
        return "absent";
    if (score->status != SCORE_SCORED || !criterion)
        return score_status_name(score->status);
    return criterion_passed(criterion, score) ? "passed" : "failed";
}

static bool differs(const struct score *a, const struct score *b, const char *word_a,
                    const char *word_b)
{
    bool both_scored = a && b && a->status == SCORE_SCORED && b->status == SCORE_SCORED;
    return strcmp(word_a, word_b) != 0 || (both_scored && fabs(a->value - b->value) > SAME);
}

static json_t *side_json(const struct score *score, const char *word)
{
    bool scored = score && score->status == SCORE_SCORED;
    return json_pack("{s:s, s:o, s:s?}", "outcome", word, "value",
                     scored ? json_real(score->value) : json_null(), "reason",
                     score ? score->reason : NULL);
}

static void print_side(const struct score *score, const char *word)
{
    if (score && score->status == SCORE_SCORED)
        printf("%s %.4f", word, score->value);
    else
        printf("%s", word);
    if (score && score->reason)
        printf(" (%s)", score->reason);
}

static void tell_row(const struct run *run, const struct row *row, const struct score *a,
                     const struct score *b, json_t *changes)
{
    const char *word_a = word_of(row->a, a), *word_b = word_of(row->b, b);
    if (run->options->json) {
        json_array_append_new(changes, json_pack("{s:s, s:o, s:o}", "criterion", row->name, "a",
                                                 side_json(a, word_a), "b", side_json(b, word_b)));
        return;
    }
    printf("  %-24s", row->name);
    print_side(a, word_a);
    printf(" -> ");
    print_side(b, word_b);
    putchar('\n');
}

static const struct evaluated *evaluated_by(const struct evaluation *evaluation,
                                            const struct rubric *rubric)
{
    for (size_t i = 0; i < evaluation->evaluated_count; i++)
        if (evaluation->evaluated[i].rubric == rubric)
            return &evaluation->evaluated[i];
    return NULL;
}

static void add_means(struct run *run, const struct evaluated *a, const struct evaluated *b)
{
    if (!a || !b || a->composite.status != SCORE_SCORED || b->composite.status != SCORE_SCORED)
        return;
    run->both++;
    run->sum_a += a->composite.value;
    run->sum_b += b->composite.value;
}

static void compare(void *owner, const struct evaluation *evaluation)
{
    struct run *run = owner;
    const struct evaluated *in_a = evaluated_by(evaluation, run->a);
    const struct evaluated *in_b = evaluated_by(evaluation, run->b);
    const struct str id = evaluation->sample.id;
    json_t *changes = json_array();
    bool changed = false;
    run->samples++;
    add_means(run, in_a, in_b);
    for (size_t i = 0; i < run->row_count; i++) {
        struct row *row = &run->rows[i];
        bool composite = i + 1 == run->row_count;
        const struct score *a = score_of(in_a, run->a, row->a, composite);
        const struct score *b = score_of(in_b, run->b, row->b, composite);
        const char *word_a = word_of(row->a, a), *word_b = word_of(row->b, b);
        if (!differs(a, b, word_a, word_b))
            continue;
        row->changed++;
        row->now_passed += strcmp(word_a, "failed") == 0 && strcmp(word_b, "passed") == 0;
        row->now_failed += strcmp(word_a, "passed") == 0 && strcmp(word_b, "failed") == 0;
        bool listed = run->options->json || run->changed < run->options->limit;
        if (listed && !changed && !run->options->json)
            printf("%.*s\n", STR_ARGS(id));
        changed = true;
        if (listed)
            tell_row(run, row, a, b, changes);
    }
    run->changed += changed;
    if (changed && run->options->json) {
        json_t *line = json_pack("{s:s%, s:O}", "id", id.data, id.size, "changes", changes);
        json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
        putchar('\n');
        json_decref(line);
    }
    json_decref(changes);
}

/* ---- all samples ---- */

static void print_summary(const struct run *run)
{
    int64_t hidden = run->changed - run->options->limit;
    if (hidden > 0)
        printf("and %lld more samples (--limit)\n", (long long)hidden);
    printf("%s%lld of %lld samples changed\n", run->changed ? "\n" : "", (long long)run->changed,
           (long long)run->samples);
    for (size_t i = 0; i < run->row_count; i++) {
        const struct row *row = &run->rows[i];
        if (row->changed)
            printf("  %-24s%lld changed, %lld now pass, %lld now fail\n", row->name,
                   (long long)row->changed, (long long)row->now_passed, (long long)row->now_failed);
    }
    if (run->both)
        printf("mean composite %.4f -> %.4f, of %lld scored by both\n",
               run->sum_a / (double)run->both, run->sum_b / (double)run->both,
               (long long)run->both);
}

static void print_summary_json(const struct run *run)
{
    json_t *criteria = json_object();
    for (size_t i = 0; i < run->row_count; i++)
        json_object_set_new(criteria, run->rows[i].name,
                            json_pack("{s:I, s:I, s:I}", "changed",
                                      (json_int_t)run->rows[i].changed, "now_passed",
                                      (json_int_t)run->rows[i].now_passed, "now_failed",
                                      (json_int_t)run->rows[i].now_failed));
    double n = (double)run->both;
    json_t *all = json_pack(
        "{s:{s:I, s:I, s:{s:s, s:s, s:o}, s:{s:s, s:s, s:o}, s:o}}", "summary", "samples",
        (json_int_t)run->samples, "changed", (json_int_t)run->changed, "a", "rubric", run->a->name,
        "hash", run->a->hash, "composite", n > 0 ? json_real(run->sum_a / n) : json_null(), "b",
        "rubric", run->b->name, "hash", run->b->hash, "composite",
        n > 0 ? json_real(run->sum_b / n) : json_null(), "criteria", criteria);
    json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(all);
}

/* Both in one set, so that each record is read once; they may have one name. */
static int diff(const char *command, const struct options *options, const struct arg_list *operands)
{
    struct rubric_set *a = rubric_batch_load(command, operands->values[0], &options->judge);
    struct rubric_set *b = rubric_batch_load(command, operands->values[1], &options->judge);
    int exit_code = EXIT_USAGE;
    if (a && b) {
        struct rubric_set both = {
            .rubrics = {a->rubrics[0], b->rubrics[0]}, .count = 2, .users = 1};
        struct arg_list files = {operands->values + 2, operands->count - 2};
        struct run *run = memory_new(1, sizeof *run);
        *run = (struct run){.options = options, .a = a->rubrics[0], .b = b->rubrics[0]};
        add_rows(run);
        exit_code = rubric_batch_run(command, &both, &options->judge, &files, compare, run);
        (options->json ? print_summary_json : print_summary)(run);
        if (exit_code == EXIT_FINE && run->changed)
            exit_code = EXIT_BELOW;
        free(run);
    }
    rubric_set_release(a);
    rubric_set_release(b);
    return exit_code;
}

int cmd_rubric_diff(int argc, char **argv)
{
    struct options options = {.limit = 20, .judge = JUDGE_DEFAULTS};
    struct arg_list operands = {0};
    int exit_code = EXIT_FINE;
    if (args_start(&TABLE, argc, argv, &options, &operands, &exit_code))
        exit_code = plugins_start(argv[0], &options.evaluators)
                        ? diff(argv[0], &options, &operands)
                        : EXIT_USAGE;
    args_clear(&TABLE, &options);
    arg_list_clear(&operands);
    return exit_code;
}
