/* assay bench: how long the evaluators take. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/problems.h"
#include "evaluators/registry.h"
#include "rubrics/packs.h"
#include "worker/options/args.h"
#include "worker/commands/commands.h"
#include "worker/options/plugins.h"

enum {
    TEXT_BYTES = 4096,
    REPETITIONS_MAX = 1000,
    ROW_MS_MAX = 2000,       /* of one row: then the median is of fewer repetitions */
    BATCH_US_MIN = 200,      /* of one repetition: short calls are made several times and divided */
    CALLS_MAX = 1 << 16,
};

struct options {
    struct arg_list evaluators;
    int64_t repetitions;
    bool json;
};

static const struct arg ARGS[] = {
    PLUGINS_ARG(offsetof(struct options, evaluators)),
    {.name = "repetitions",
     .value = "N",
     .kind = ARG_INT,
     .offset = offsetof(struct options, repetitions),
     .help = "of which the median is printed; default 51, fewer where they take two seconds",
     .min = 1,
     .max = REPETITIONS_MAX},
    {.name = "json",
     .kind = ARG_FLAG,
     .offset = offsetof(struct options, json),
     .help = "print one JSON object, for programs"},
};

static const struct arg_group GROUPS[] = {{"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0}};

static const struct arg_table TABLE = {
    .description =
        "Times every evaluator on a request, a response, a reference and a resample of 4 KB\n"
        "each: the median of a score's microseconds. Of one that asks a model, the time to ask\n"
        "is in it; the model's is not.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

/* What is timed. An evaluator without a line is timed without options. */
static const struct setting {
    const char *evaluator, *shown, *options;
} SETTINGS[] = {
    {"regex", "pack pii", "{\"packs\": [\"pii\"]}"},
    {"regex", "pack secrets", "{\"packs\": [\"secrets\"]}"},
    {"reference", "exact", "{\"metric\": \"exact\"}"},
    {"reference", "f1", "{\"metric\": \"f1\"}"},
    {"reference", "rougeL", "{\"metric\": \"rougeL\"}"},
    {"reference", "levenshtein", "{\"metric\": \"levenshtein\"}"},
    {"reference", "numeric", "{\"metric\": \"numeric\"}"},
    {"judge", "relevance", "{\"template\": \"relevance\"}"},
    {"consistency", "lexical", "{\"metric\": \"lexical\"}"},
    {"format", "all checks",
     "{\"check\": [\"empty\", \"truncation\", \"repetition\", \"length\", \"script\", "
     "\"markdown\", \"echo\"]}"},
};
enum { SETTING_COUNT = sizeof SETTINGS / sizeof *SETTINGS };

static const struct setting WITHOUT_OPTIONS = {NULL, "", "{}"};

/* One text of TEXT_BYTES in words of a small vocabulary, another for each seed. */
static struct str made_text(uint32_t seed, struct arena *arena)
{
    static const char *const WORDS[] = {"the",   "river",  "rises", "among", "birches", "and",
                                        "turns", "east",   "by",    "a",     "mill",    "42",
                                        "where", "people", "bring", "grain", "in",      "autumn"};
    char *text = arena_alloc(arena, TEXT_BYTES + 32);
    size_t size = 0;
    for (unsigned word = 1; size < TEXT_BYTES; word++) {
        seed = seed * 1664525u + 1013904223u; /* Numerical Recipes */
        const char *next = WORDS[(seed >> 16) % (sizeof WORDS / sizeof *WORDS)];
        size += (size_t)snprintf(text + size, 32, "%s%s", next, word % 12 ? " " : ". ");
    }
    return (struct str){text, TEXT_BYTES};
}

static struct sample made_sample(struct arena *arena)
{
    struct str *others = arena_alloc(arena, 2 * sizeof *others);
    others[0] = made_text(3, arena);
    others[1] = made_text(4, arena);
    struct str prompt = made_text(1, arena);
    return (struct sample){.id = STR("bench"),
                           .model = STR("bench"),
                           .prompt = prompt,
                           .last_user = prompt,
                           .response = made_text(2, arena),
                           .references = &others[0],
                           .reference_count = 1,
                           .resamples = &others[1],
                           .resample_count = 1,
                           .finish_reason = STR("stop"),
                           .probability = 1};
}

struct bench {
    const struct options *options;
    const struct sample *sample;
    struct scratch *scratch;
    struct arena arena;  /* of one call */
    json_t *rows;
    double times_us[REPETITIONS_MAX];
};

static int64_t time_calls(struct bench *bench, const struct evaluator *evaluator,
                          const void *state, int64_t calls)
{
    int64_t start_us = clock_steady_us();
    for (int64_t i = 0; i < calls; i++) {
        if (evaluator->ask)
            evaluator->ask(state, bench->sample, NULL, &bench->arena);
        evaluator_score(evaluator, state, bench->sample, NULL, bench->scratch, &bench->arena);
        arena_reset(&bench->arena);
    }
    return clock_steady_us() - start_us;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Of one call, in microseconds. */
static double median_us(struct bench *bench, const struct evaluator *evaluator, const void *state)
{
    int64_t calls = 1;
    while (calls < CALLS_MAX && time_calls(bench, evaluator, state, calls) < BATCH_US_MIN)
        calls *= 2;
    int64_t count = 0, end_ms = clock_steady_ms() + ROW_MS_MAX;
    do
        bench->times_us[count++] =
            (double)time_calls(bench, evaluator, state, calls) / (double)calls;
    while (count < bench->options->repetitions && clock_steady_ms() < end_ms);
    qsort(bench->times_us, (size_t)count, sizeof *bench->times_us, by_value);
    return bench->times_us[count / 2];
}

/* False, and a row without a time, after the problems were printed. */
static bool add_row(struct bench *bench, const struct evaluator *evaluator,
                    const struct setting *setting)
{
    struct problems problems = {0};
    struct packs *packs = packs_new("bench.json");
    json_t *options = json_loads(setting->options, 0, NULL);
    struct evaluator_context context = {.path = "options", .pack = packs_find, .packs = packs};
    void *state = NULL;
    bool fine = evaluator->configure(options, &context, &state, &problems);
    json_t *us = fine ? json_real(median_us(bench, evaluator, state)) : json_null();
    json_array_append_new(bench->rows, json_pack("{s:s, s:s, s:o}", "evaluator", evaluator->name,
                                                 "options", setting->shown, "us", us));
    if (!fine) {
        fprintf(stderr, "assay bench: %s was not timed, for it refused the options %s:\n",
                evaluator->name, setting->options);
        problems_print(&problems, stderr, evaluator->name);
    }
    if (evaluator->release)
        evaluator->release(state);
    json_decref(options);
    packs_free(packs);
    problems_clear(&problems);
    return fine;
}

/* Every evaluator there is has a row. One that needs options may have none here. */
static bool add_rows(struct bench *bench)
{
    bool fine = true;
    for (const struct evaluator *const *one = evaluator_all(); *one; one++) {
        bool named = false;
        for (size_t i = 0; i < SETTING_COUNT; i++) {
            if (strcmp(SETTINGS[i].evaluator, (*one)->name) != 0)
                continue;
            named = true;
            fine = add_row(bench, *one, &SETTINGS[i]) && fine;
        }
        if (!named)
            add_row(bench, *one, &WITHOUT_OPTIONS);
    }
    return fine;
}

static void print_rows(const struct bench *bench)
{
    size_t i;
    json_t *row;
    if (bench->options->json) {
        json_t *all = json_pack("{s:i, s:O}", "text_bytes", TEXT_BYTES, "rows", bench->rows);
        json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(all);
        return;
    }
    printf("%-14s%-16s%12s\n", "evaluator", "options", "us");
    json_array_foreach(bench->rows, i, row)
    {
        const json_t *us = json_object_get(row, "us");
        printf("%-14s%-16s", json_string_value(json_object_get(row, "evaluator")),
               json_string_value(json_object_get(row, "options")));
        if (json_is_real(us))
            printf("%12.1f\n", json_real_value(us));
        else
            printf("%12s\n", "-");
    }
}

static int bench_evaluators(int argc, char **argv)
{
    struct options options = {.repetitions = 51};
    struct arg_list operands = {0};
    int exit_code;
    if (!args_start(&TABLE, argc, argv, &options, &operands, &exit_code))
        return exit_code;
    if (!plugins_start(argv[0], &options.evaluators)) {
        args_clear(&TABLE, &options);
        return EXIT_USAGE;
    }
    struct arena texts = {0};
    struct sample sample = made_sample(&texts);
    struct bench bench = {.options = &options,
                          .sample = &sample,
                          .scratch = scratch_new(),
                          .rows = json_array()};
    bool fine = add_rows(&bench);
    print_rows(&bench);
    json_decref(bench.rows);
    scratch_free(bench.scratch);
    arena_clear(&bench.arena);
    arena_clear(&texts);
    args_clear(&TABLE, &options);
    return fine ? EXIT_FINE : EXIT_COULD_NOT;
}

static const struct command COMMANDS[] = {
    {"evaluators", "time every evaluator on 4 KB of text", bench_evaluators},
};

int cmd_bench(int argc, char **argv)
{
    return commands_run(COMMANDS, sizeof COMMANDS / sizeof *COMMANDS,
                        "How long things take on this machine.", argc, argv);
}
