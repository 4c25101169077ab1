/* assay eval: scores files here and now, without Kafka. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"
#include "worker/options/args.h"
#include "worker/eval/batch.h"
#include "worker/commands/commands.h"
#include "worker/eval/eval_json.h"
#include "worker/eval/eval_store.h"
#include "worker/eval/eval_table.h"
#include "worker/eval/eval_tally.h"
#include "worker/options/interrupts.h"
#include "worker/options/judge.h"
#include "worker/lane/groups.h"
#include "worker/options/plugins.h"
#include "worker/options/progress.h"
#include "worker/options/redaction.h"
#include "worker/options/rubric_list.h"
#include "worker/options/segment_options.h"

/* ---- options ---- */

struct eval_options {
    struct arg_list rubrics, evaluators, fail_under, segment_by;
    const char *scores, *store, *text;
    double text_share;
    bool json;
    struct judge_options judge;
};

static const struct arg ARGS[] = {
    {"rubric", "RUBRIC[,...]", ARG_LIST, offsetof(struct eval_options, rubrics),
     "a file, or the name of one that ships; default general", 0, 0},
    PLUGINS_ARG(offsetof(struct eval_options, evaluators)),
    {"scores", "FILE", ARG_TEXT, offsetof(struct eval_options, scores),
     "write one JSON object per sample and rubric to FILE; - is standard output", 0, 0},
    {"store", "DIR", ARG_TEXT, offsetof(struct eval_options, store),
     "keep the scores in a store, as `assay run` does, and share its daily limits of the judge "
     "(else they are of this run); made when absent",
     0, 0},
    {"segment-by", "KEY[,...]", ARG_LIST, offsetof(struct eval_options, segment_by),
     "with --store: " SEGMENT_BY_HELP, 0, 0},
    {"text", "POLICY", ARG_TEXT, offsetof(struct eval_options, text),
     "keep failed, judged and some other samples in the store, for `assay rerun`: redacted, full "
     "or none; default none",
     0, 0},
    {"text-share", "SHARE", ARG_NUMBER, offsetof(struct eval_options, text_share),
     "of the other samples that are kept, from 0 to 1; default 0.01", 0, 1},
    {"fail-under", "CRITERION=MEAN", ARG_LIST, offsetof(struct eval_options, fail_under),
     "exit with 1 when the criterion's mean (or that of composite) is lower; of several rubrics "
     "RUBRIC/CRITERION",
     0, 0},
    {"json", NULL, ARG_FLAG, offsetof(struct eval_options, json),
     "print the summary as one JSON object instead of a table", 0, 0},
};

static const struct arg_table TABLE = {
    .operands = "FILE...",
    .operands_min = 1,
    .description =
        "Scores the capture records in files of JSON lines, plain or gzip (- is standard input),\n"
        "and prints what came out by criterion, dimension and composite, and which part of the\n"
        "rubric's weight was scored.\n\n"
        "Exit status: 0 fine, 1 a mean is below --fail-under, 2 wrong usage or rubric, 3 a file "
        "could\nnot be read or written, or not one of its lines could be read.",
    .groups =
        (const struct arg_group[]){
            {"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0},
            {"Models to ask", JUDGE_ARGS, JUDGE_ARG_COUNT, offsetof(struct eval_options, judge)},
        },
    .group_count = 2,
};

/* ---- what is asked for ---- */

enum {
    THRESHOLD_KEY_BYTES = 160, /* two names and a slash */
    INVALID_SHOWN_MAX = 5,
};

struct threshold {
    const struct tally_mean *mean;
    char key[THRESHOLD_KEY_BYTES];
    double least;
};

/* "answer=0.8" */
static bool read_threshold(const char *text, const struct tally *tally, struct threshold *out)
{
    const char *equals = strrchr(text, '=');
    char *end = NULL;
    if (equals && equals[1])
        out->least = strtod(equals + 1, &end);
    if (!end || *end || !(out->least >= 0 && out->least <= 1)) {
        fprintf(stderr, "assay eval: --fail-under must be CRITERION=MEAN, the mean from 0 to 1\n");
        return false;
    }
    snprintf(out->key, sizeof out->key, "%.*s", (int)(equals - text), text);
    out->mean = tally_find(tally, out->key);
    if (out->mean)
        return true;
    bool ambiguous = false;
    for (size_t i = 0; i < tally->criterion_count; i++)
        ambiguous |= strcmp(tally->criteria[i].criterion->name, out->key) == 0;
    ambiguous |= strcmp(out->key, "composite") == 0;
    fprintf(stderr, "assay eval: --fail-under %s: %s there are:", out->key,
            ambiguous ? "several rubrics have it;" : "there is no such criterion;");
    for (size_t i = 0; i < tally->criterion_count; i++)
        fprintf(stderr, " %s,", tally->criteria[i].key);
    for (size_t i = 0; i < tally->composite_count; i++)
        fprintf(stderr, "%s %s", i ? "," : "", tally->composites[i].key);
    fputc('\n', stderr);
    return false;
}

/* Where nothing was scored nothing was met: silence is no success. */
static bool thresholds_met(const struct threshold *thresholds, size_t count)
{
    bool met = true;
    for (size_t i = 0; i < count; i++) {
        double mean = tally_mean_value(thresholds[i].mean);
        if (mean >= thresholds[i].least)
            continue;
        met = false;
        if (thresholds[i].mean->n)
            fprintf(stderr, "assay eval: %s is %.4f, below %g\n", thresholds[i].key, mean,
                    thresholds[i].least);
        else
            fprintf(stderr, "assay eval: %s was not scored once, so it is below %g\n",
                    thresholds[i].key, thresholds[i].least);
    }
    return met;
}

/* ---- the run ---- */

struct run {
    const struct eval_options *options;
    struct tally tally;
    struct progress progress;
    FILE *scores;             /* NULL: not asked for */
    struct eval_groups *groups;
    struct arg_words segment_keys;
    struct eval_store *store; /* NULL: nothing is kept, and no responses are compared */
    struct problems invalid;  /* lines, where no file is told of each */
    struct redaction redaction; /* of text in the store */
    enum text_policy text;
    struct buffer line;
    bool many_files;
};

static bool write_scores(struct run *run, struct error *error)
{
    if (!run->scores)
        return true;
    fwrite(run->line.data, 1, run->line.size, run->scores);
    if (ferror(run->scores))
        return error_set(error, ERROR_FATAL, "%s: cannot write: %s", run->options->scores,
                         strerror(errno));
    return true;
}

static void note_invalid(struct run *run, const struct batch_line *line)
{
    if (!line->invalid)
        return;
    struct buffer place = {0};
    buffer_printf(&place, "%s:%lld", line->file, (long long)line->line);
    problems_add(&run->invalid, "", "%.300s is no capture record: %s", place.data, line->invalid);
    buffer_clear(&place);
}

static void tell_invalid(const struct run *run)
{
    const struct problems *invalid = &run->invalid;
    for (size_t i = 0; i < invalid->count && i < INVALID_SHOWN_MAX; i++)
        fprintf(stderr, "assay eval: %s\n", invalid->lines[i]);
    if (invalid->total > INVALID_SHOWN_MAX)
        fprintf(stderr, "assay eval: and %zu more; --scores FILE says of each line why\n",
                invalid->total - INVALID_SHOWN_MAX);
}

static bool line_done(void *owner, const struct batch_line *line, struct error *error)
{
    struct run *run = owner;
    if (run->store && !eval_store_add(run->store, line, error))
        return false;
    tally_add(&run->tally, line);
    if (!run->scores) {
        note_invalid(run, line);
        return true;
    }
    buffer_reset(&run->line);
    eval_json_line(&run->line, line, run->many_files);
    return write_scores(run, error);
}

static void show_progress(void *owner, int64_t bytes, int64_t bytes_total)
{
    struct run *run = owner;
    double share = bytes_total > 0 ? (double)bytes / (double)bytes_total : -1;
    progress_show(&run->progress, share, run->tally.samples, "samples");
}

static bool open_scores(struct run *run, struct error *error)
{
    const char *path = run->options->scores;
    if (!path)
        return true;
    run->scores = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (!run->scores)
        return error_set(error, ERROR_FATAL, "%s: cannot open: %s", path, strerror(errno));
    return true;
}

/* A full disk may show only now. A run that failed before its first line has no summary. */
static bool close_scores(struct run *run, bool failed, struct error *error)
{
    if (!run->scores)
        return true;
    buffer_reset(&run->line);
    eval_json_summary(&run->line, &run->tally);
    bool empty = run->tally.samples + run->tally.invalid == 0;
    bool fine = (failed && empty) || write_scores(run, error);
    int closed = run->scores == stdout ? fflush(stdout) : fclose(run->scores);
    run->scores = NULL;
    if (fine && closed != 0)
        return error_set(error, ERROR_FATAL, "%s: cannot write: %s", run->options->scores,
                         strerror(errno));
    return fine;
}

static bool open_store(struct run *run, const struct rubric_set *set, const struct arg_list *files,
                       struct error *error)
{
    bool grouped = groups_are_compared(set);
    if (!run->options->store && !grouped)
        return true;
    if (grouped)
        run->groups = eval_groups_read(files->values, files->count, &interrupted);
    const struct eval_store_config config = {
        .dir = run->options->store,
        .set = set,
        .files = files->values,
        .file_count = files->count,
        .segment_keys = (const char *const *)run->segment_keys.words,
        .segment_key_count = run->segment_keys.count,
        .groups = run->groups,
        .redaction = &run->redaction,
        .text_share = run->options->text_share,
    };
    if (redaction_open(&run->redaction, run->text, error))
        run->store = eval_store_open(&config, error);
    return run->store != NULL;
}

static bool close_store(struct run *run, struct error *error)
{
    bool fine = !run->store || eval_store_finish(run->store, error);
    eval_store_close(run->store);
    eval_groups_free(run->groups);
    redaction_close(&run->redaction);
    run->redaction = (struct redaction){0};
    run->store = NULL;
    run->groups = NULL;
    return fine;
}

static void print_summary(struct run *run)
{
    bool taken = run->options->scores && strcmp(run->options->scores, "-") == 0;
    if (taken)
        return;
    if (!run->options->json) {
        eval_table_print(&run->tally, stdout);
        return;
    }
    buffer_reset(&run->line);
    eval_json_summary(&run->line, &run->tally);
    fwrite(run->line.data, 1, run->line.size, stdout);
}

static bool score_files(struct run *run, struct rubric_set *set, struct judge *judge,
                        const struct arg_list *files, struct error *error)
{
    interrupts_catch();
    if (!open_store(run, set, files, error) || !open_scores(run, error)) {
        close_store(run, error);
        return false;
    }
    struct batch batch = {.set = set,
                          .judge = judge,
                          .stop = &interrupted,
                          .done = line_done,
                          .progress = show_progress,
                          .owner = run};
    progress_start(&run->progress, "scoring");
    bool read = batch_run(&batch, files->values, files->count, error);
    progress_end(&run->progress);
    tell_invalid(run);
    read = read && (!judge || judge_fine(judge, error));
    struct error later = {0};
    bool written = close_store(run, &later);
    written = close_scores(run, !read, &later) && written;
    if (read && !written)
        *error = later;
    bool empty = run->tally.samples + run->tally.invalid == 0;
    if (!empty || (read && written))
        print_summary(run);
    if (run->options->scores && empty && read && written)
        fprintf(stderr, "assay eval: the input is empty: 0 samples\n");
    if (!read || !written)
        return false;
    if (!empty && run->tally.samples == 0 && !interrupted)
        return error_set(error, ERROR_INPUT, "not one of %lld lines could be read",
                         (long long)run->tally.invalid);
    return true;
}

static int run_batch(struct run *run, struct rubric_set *set, const struct arg_list *files)
{
    struct error error = {0};
    struct judge *judge = NULL;
    if (judge_wanted(&run->options->judge)) {
        judge = judge_open(&run->options->judge, run->options->store, &error);
        if (!judge) {
            fprintf(stderr, "assay eval: %s\n", error.text);
            return EXIT_COULD_NOT;
        }
    }
    bool fine = score_files(run, set, judge, files, &error);
    judge_close(judge);
    if (!fine)
        fprintf(stderr, "assay eval: %s\n", error.text);
    if (interrupted)
        fprintf(stderr, "assay eval: interrupted; what is shown is what was done so far\n");
    return interrupted ? EXIT_INTERRUPTED : fine ? EXIT_FINE : EXIT_COULD_NOT;
}

static int eval(const struct eval_options *options, const struct arg_list *files,
                struct rubric_set *set)
{
    struct run run = {.options = options, .many_files = files->count > 1};
    arg_words_split(&run.segment_keys, &options->segment_by);
    struct threshold *thresholds = memory_new(options->fail_under.count + 1, sizeof *thresholds);
    tally_init(&run.tally, set);
    bool known = text_policy_find(options->text, &run.text);
    if (!known)
        fprintf(stderr, "assay eval: --text must be redacted, full or none, not %s\n",
                options->text);
    for (size_t i = 0; i < options->fail_under.count && known; i++)
        known = read_threshold(options->fail_under.values[i], &run.tally, &thresholds[i]);
    int exit_code = known ? run_batch(&run, set, files) : EXIT_USAGE;
    if (exit_code == EXIT_FINE && !thresholds_met(thresholds, options->fail_under.count))
        exit_code = EXIT_BELOW;
    tally_clear(&run.tally);
    problems_clear(&run.invalid);
    buffer_clear(&run.line);
    arg_words_clear(&run.segment_keys);
    free(thresholds);
    return exit_code;
}

int cmd_eval(int argc, char **argv)
{
    struct eval_options options = {
        .text = "none", .text_share = .01, .judge = JUDGE_DEFAULTS};
    struct arg_list files = {0};
    int exit_code = EXIT_USAGE;
    if (!args_start(&TABLE, argc, argv, &options, &files, &exit_code))
        return exit_code;
    struct problems problems = {0};
    struct rubric_set *set = NULL;
    bool fine = segment_options_check(&options.segment_by, "--segment-by", &problems);
    if (fine && plugins_start("assay eval", &options.evaluators))
        set = rubric_list_load("assay eval", &options.rubrics, &options.judge.who);
    if (!fine)
        fprintf(stderr, "assay eval: %s\n", problems.lines[0]);
    problems_clear(&problems);
    if (set)
        exit_code = eval(&options, &files, set);
    rubric_set_release(set);
    args_clear(&TABLE, &options);
    arg_list_clear(&files);
    return exit_code;
}
