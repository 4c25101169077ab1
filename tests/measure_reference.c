/* measure_reference: the evaluators `reference` and `consistency` over files of JSON Lines.
 *
 *   measure_reference published DIR                    published accuracies, against DIR's rows
 *   measure_reference score EVALUATOR OPTIONS FILE...  one JSON line a row: id, status, value,
 * reason
 *
 * A command beside the tests: the data is not part of the project. */
#include <stdio.h>
#include <stdlib.h>
#include <jansson.h>

#include "tests/criterion.h"

enum { TASKS_MAX = 64, NAME_BYTES = 128, DISAGREEMENTS_SHOWN = 20 };

typedef void row_function(void *context, const json_t *row, struct score score);

/* Calls `each` for every row of a file. False when the file cannot be read. */
static bool score_file(const char *path, struct criterion *criterion, row_function *each,
                       void *context)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("%s: absent, skipped\n", path);
        return false;
    }
    json_t *row;
    while ((row = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
        each(context, row, criterion_score(criterion, row));
        json_decref(row);
    }
    fclose(file);
    return true;
}

static void print_row(void *context, const json_t *row, struct score score)
{
    (void)context;
    json_t *line = json_pack("{s:O*, s:s, s:s*}", "id", json_object_get(row, "id"), "status",
                             score_status_name(score.status), "reason", score.reason);
    if (score.status == SCORE_SCORED)
        json_object_set_new(line, "value", json_real(score.value));
    json_dumpf(line, stdout, JSON_REAL_PRECISION(17));
    putchar('\n');
    json_decref(line);
}

/* What was counted of a file, or of a task in it. */
struct tally {
    char name[NAME_BYTES];
    unsigned rows, right, no_answer, labelled, agree;
};

struct tallies {
    struct tally items[TASKS_MAX];
    size_t count;
};

static struct tally *tally_of(struct tallies *tallies, const char *name)
{
    for (size_t i = 0; i < tallies->count; i++)
        if (strcmp(tallies->items[i].name, name) == 0)
            return &tallies->items[i];
    if (tallies->count == TASKS_MAX)
        return &tallies->items[TASKS_MAX - 1];
    struct tally *tally = &tallies->items[tallies->count++];
    snprintf(tally->name, sizeof tally->name, "%s", name);
    return tally;
}

static void count_row(void *context, const json_t *row, struct score score)
{
    const char *task = json_string_value(json_object_get(row, "task"));
    const char *model = json_string_value(json_object_get(row, "model"));
    struct tally *tally = tally_of(context, task ? task : model ? model : "all");
    bool right = score.status == SCORE_SCORED && score.value == 1;
    tally->rows++;
    tally->right += right;
    tally->no_answer += score.reason && strcmp(score.reason, "no_answer") == 0;
    const json_t *label = json_object_get(row, "label");
    if (!json_is_boolean(label))
        return;
    tally->labelled++;
    tally->agree += right == json_is_true(label);
    if (right != json_is_true(label) && tally->labelled - tally->agree <= DISAGREEMENTS_SHOWN)
        printf("  differs: %s: published %s, here %s (%s)\n",
               json_string_value(json_object_get(row, "id")),
               json_is_true(label) ? "right" : "wrong", right ? "right" : "wrong",
               score.reason ? score.reason : score_status_name(score.status));
}

static void print_tallies(const char *path, const struct tallies *tallies)
{
    for (size_t i = 0; i < tallies->count; i++) {
        const struct tally *tally = &tallies->items[i];
        double rows = tally->rows;
        printf("%-44s %-42s %5u rows  accuracy %6.2f %%  no answer %5.2f %%", path, tally->name,
               tally->rows, 100 * tally->right / rows, 100 * tally->no_answer / rows);
        if (tally->labelled)
            printf("  agrees with %u of %u labels", tally->agree, tally->labelled);
        putchar('\n');
    }
}

static bool measure_published(const char *directory)
{
    static const struct {
        const char *file, *options;
    } FILES[] = {
        {"zeroeval_gsm8k/dev_Qwen2-7B-Instruct.jsonl", "{\"metric\":\"numeric\"}"},
        {"zeroeval_gsm8k/dev_Mistral-Nemo-Instruct-2407.jsonl", "{\"metric\":\"numeric\"}"},
        {"zeroeval_gsm8k/dev_gemma-2-2b-it.jsonl", "{\"metric\":\"numeric\"}"},
        {"gsm8k_solutions/dev.jsonl", "{\"metric\":\"numeric\"}"},
        {"bbh_codex/dev_direct.jsonl", "{\"metric\":\"exact\"}"},
    };
    bool all = true;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", directory, FILES[i].file);
        struct criterion criterion;
        struct tallies *tallies = calloc(1, sizeof *tallies);
        all = criterion_open(&criterion, "reference", FILES[i].options) &&
              score_file(path, &criterion, count_row, tallies) && all;
        print_tallies(FILES[i].file, tallies);
        criterion_close(&criterion);
        free(tallies);
    }
    return all;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "published") == 0)
        return measure_published(argv[2]) ? 0 : 3;
    if (argc < 5 || strcmp(argv[1], "score") != 0) {
        fprintf(stderr, "usage: %s published DIR | score EVALUATOR OPTIONS FILE...\n", argv[0]);
        return 2;
    }
    struct criterion criterion;
    bool fine = criterion_open(&criterion, argv[2], argv[3]);
    problems_print(&criterion.problems, stderr, argv[2]);
    for (int i = 4; i < argc && fine; i++)
        fine = score_file(argv[i], &criterion, print_row, NULL);
    criterion_close(&criterion);
    return fine ? 0 : 3;
}
