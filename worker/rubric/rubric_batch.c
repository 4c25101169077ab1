/* rubric_batch: files scored for the commands of assay rubric. */
#include "worker/rubric/rubric_batch.h"

#include <stdio.h>
#include "worker/options/exit_code.h"
#include "worker/options/interrupts.h"

struct run {
    const char *command;
    void (*done)(void *owner, const struct evaluation *evaluation);
    void *owner;
};

struct rubric_set *rubric_batch_load(const char *command, const char *name,
                                     const struct judge_options *judge)
{
    struct problems problems = {0};
    const char *bad = NULL;
    struct rubric_set *set = rubric_set_load(&name, 1, NULL, &judge->who, &problems, &bad);
    if (!set) {
        fprintf(stderr, "%s: rubric %s cannot be used:\n", command, name);
        problems_print(&problems, stderr, name);
    }
    problems_clear(&problems);
    return set;
}

static bool line_done(void *owner, const struct batch_line *line, struct error *error)
{
    (void)error;
    struct run *run = owner;
    if (line->invalid)
        fprintf(stderr, "%s: %s:%lld is no capture record: %s\n", run->command, line->file,
                (long long)line->line, line->invalid);
    else
        run->done(run->owner, line->evaluation);
    return true;
}

int rubric_batch_run(const char *command, struct rubric_set *set,
                     const struct judge_options *options, const struct arg_list *files,
                     void (*done)(void *owner, const struct evaluation *evaluation), void *owner)
{
    struct error error = {0};
    struct judge *judge = judge_wanted(options) ? judge_open(options, NULL, &error) : NULL;
    interrupts_catch();
    struct run run = {command, done, owner};
    struct batch batch = {
        .set = set, .judge = judge, .stop = &interrupted, .done = line_done, .owner = &run};
    bool fine = !error.kind && batch_run(&batch, files->values, files->count, &error);
    judge_close(judge);
    if (!fine)
        fprintf(stderr, "%s: %s\n", command, error.text);
    return interrupted ? EXIT_INTERRUPTED : fine ? EXIT_FINE : EXIT_COULD_NOT;
}
