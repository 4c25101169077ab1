/* assay rerun: score again what was already seen, as a run of its own. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "worker/options/args.h"
#include "worker/commands/commands.h"
#include "worker/options/interrupts.h"
#include "worker/options/plugins.h"
#include "worker/rerun/rerun.h"
#include "worker/rerun/rerun_fleet.h"
#include "worker/options/segment_options.h"
#include "worker/store/runs.h"

#define AT(member) offsetof(struct rerun_options, member)

static const struct arg ARGS[] = {
    {"store", "DIR", ARG_TEXT, AT(store),
     "holds what live stored; the run is kept in runs/NAME below it", 0, 0},
    {"name", "NAME", ARG_TEXT, AT(name),
     "of the run; the same command goes on with one that has not ended", 0, 0},
    {"from", "WHERE", ARG_LIST, AT(from),
     "capture records instead of what the store kept: a file, a folder with all that is in it, or "
     "s3://bucket/prefix, plain, gzip or Zstandard",
     0, 0},
    {"topic", "NAME", ARG_TEXT, AT(topic),
     "what this topic holds now, instead; no offset of a group is touched", 0, 0},
    {"offsets", "PARTITION:FROM..TO[,...]", ARG_LIST, AT(offsets),
     "of the topic these offsets only, TO behind the last one; FROM or TO may be left out", 0, 0},
    {"brokers", "HOST:PORT[,...]", ARG_TEXT, AT(brokers),
     "with --topic and --to-topic: Kafka brokers to ask", 0, 0},
    {"kafka", "KEY=VALUE", ARG_LIST, AT(kafka), "likewise: a property of librdkafka", 0, 0},
    {"rubric", "RUBRIC[,...]", ARG_LIST, AT(rubrics),
     "a file, or the name of one that ships; default general", 0, 0},
    {"criteria", "NAME[,...]", ARG_LIST, AT(criteria), "of the rubrics, these criteria only", 0, 0},
    PLUGINS_ARG(AT(evaluators)),
    {"scores-only", NULL, ARG_FLAG, AT(scores_only),
     "weigh what live scored by other thresholds, weights and gates: no text is read and no model "
     "asked; a criterion that live did not score just so is skipped, not_stored",
     0, 0},
    {"dry-run", NULL, ARG_FLAG, AT(dry_run), "tell what would be done and what it would cost", 0,
     0},
    {"threads", "N", ARG_INT, AT(threads), "default one per core", 1, RERUN_THREADS_MAX},
    {"segment-by", "KEY[,...]", ARG_LIST, AT(segment_by), SEGMENT_BY_HELP, 0, 0},
    {"text", "POLICY", ARG_TEXT, AT(text),
     "which answers of the judge are remembered, so that none is paid for twice: full all, "
     "redacted those in which nothing is found to mask, none; default full",
     0, 0},
    {"json", NULL, ARG_FLAG, AT(json), "print one JSON object, for programs", 0, 0},
};

static const struct arg FLEET_ARGS[] = {
    {"to-topic", "NAME", ARG_TEXT, AT(to_topic),
     "plan only, and send the chunks to this topic, each once: `assay run --rerun-topic NAME` does "
     "them, in any number of workers, which must be able to read what the plan names",
     0, 0},
    {"wait", NULL, ARG_FLAG, AT(wait), "until the workers' group has done all of them", 0, 0},
    {"group", "NAME", ARG_TEXT, AT(group), "of the workers, for --wait; default " RERUN_GROUP, 0,
     0},
};

static const struct arg SELECTION_ARGS[] = {
    {"model", "NAME[,...]", ARG_LIST, AT(models), "samples of these models only", 0, 0},
    {"endpoint", "NAME[,...]", ARG_LIST, AT(endpoints), "likewise", 0, 0},
    {"stratum", "NAME[,...]", ARG_LIST, AT(strata), "likewise", 0, 0},
    {"window", "FROM..TO", ARG_TEXT, AT(window),
     "samples of this time: RFC 3339 or dates, or a length up to now, as 30d", 0, 0},
    {"where", "CONDITION", ARG_LIST, AT(where),
     "samples whose live score is so: tone<0.5, safety=failed, relevance=skipped; all of several",
     0, 0},
};

static const struct arg OBJECT_ARGS[] = {
    {"model-of", "ENDPOINT[/VARIANT]=MODEL", ARG_LIST, AT(model_of),
     "the model that answers there, where records do not say it", 0, 0},
    {"component-of", "ENDPOINT[/VARIANT]=NAME", ARG_LIST, AT(component_of),
     "the inference component, likewise", 0, 0},
    {"s3-url", "URL", ARG_TEXT, AT(s3_url), "S3 elsewhere: a VPC endpoint, a stand-in", 0, 0},
};

static const struct arg COST_ARGS[] = {
    {"judge-calls", "N", ARG_INT, AT(judge_calls),
     "calls of the judge that the run may make in all, repeats included; default no limit beside "
     "those of the day",
     0, 1e12},
    {"leave-for-live", "PERCENT", ARG_NUMBER, AT(leave_for_live),
     "of the limits of the day, which the workers of the store share; default 50", 0, 100},
    {"price-input", "AMOUNT", ARG_NUMBER, AT(price_input),
     "of a million tokens of questions, for --dry-run", 0, 1e9},
    {"price-output", "AMOUNT", ARG_NUMBER, AT(price_output), "of answers, likewise", 0, 1e9},
};

static const struct arg_group GROUPS[] = {
    {"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0},
    {"A fleet of workers", FLEET_ARGS, sizeof FLEET_ARGS / sizeof *FLEET_ARGS, 0},
    {"Which samples", SELECTION_ARGS, sizeof SELECTION_ARGS / sizeof *SELECTION_ARGS, 0},
    {"Capture records", OBJECT_ARGS, sizeof OBJECT_ARGS / sizeof *OBJECT_ARGS, 0},
    {"Costs", COST_ARGS, sizeof COST_ARGS / sizeof *COST_ARGS, 0},
    {"Judge", JUDGE_ARGS, JUDGE_ARG_COUNT, AT(judge)},
};

static const struct arg_table TABLE = {
    .description =
        "Scores samples again by the rubrics named, as a run of its own beside live, which it\n"
        "never changes. A worker keeps texts as its --text and --text-share say; what it did not\n"
        "keep is counted. What is to be done is fixed when the run begins; a run that was stopped\n"
        "or killed goes on with the same command, and asks no model again what it has answered.\n"
        "`assay compare live NAME` tells what changed; `assay runs` lists, shows, deletes runs.\n\n"
        "Exit status: 0 fine, 2 wrong usage, 3 something could not be read, or it could not go on.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

/* ---- the run ---- */

static void print_json(const json_t *object)
{
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
}

static int estimate(struct rerun *rerun, struct error *error)
{
    json_t *plan = rerun_plan(rerun, error) ? rerun_estimate(rerun, error) : NULL;
    if (!plan)
        return EXIT_COULD_NOT;
    if (rerun->options->json)
        print_json(plan);
    else
        rerun_print_estimate(plan, stdout);
    json_decref(plan);
    return rerun->problems.total ? EXIT_COULD_NOT : EXIT_FINE;
}

/* Of this command, and of when it was planned. */
static json_t *all_problems(const struct rerun *rerun)
{
    const json_t *plan = json_object_get(rerun->description, "plan");
    json_t *all = json_copy(json_object_get(plan, "problems"));
    size_t known = rerun->resumed ? 0 : json_array_size(all);
    for (size_t i = known; i < rerun->problems.count; i++)
        json_array_append_new(all, json_string(rerun->problems.lines[i]));
    return all;
}

/* Asked before the store is: what the group has committed is in it. NULL without workers. */
static json_t *ask_progress(const struct rerun *rerun, struct error *error)
{
    const struct kafka_config kafka = rerun_kafka(rerun->options);
    return rerun->options->to_topic ? rerun_fleet_progress(&kafka, rerun->description, error)
                                    : NULL;
}

/* `why` tells what stopped it, if anything did. */
static int summarise(const struct rerun *rerun, const struct error *why, struct error *error)
{
    json_t *progress = ask_progress(rerun, error);
    json_t *summary = run_summary(&rerun->options->store, 1, rerun->options->name, error);
    if (!summary) {
        json_decref(progress);
        return EXIT_COULD_NOT;
    }
    if (progress)
        json_object_set_new(summary, "fleet", progress);
    if (!rerun->options->to_topic)
        json_object_set_new(summary, "problems", all_problems(rerun));
    if (why->kind != ERROR_NONE || interrupted)
        json_object_set_new(summary, "stopped",
                            json_string(why->kind != ERROR_NONE ? why->text : "interrupted"));
    bool whole = json_array_size(json_object_get(summary, "problems")) == 0;
    if (rerun->options->json)
        print_json(summary);
    else
        rerun_print_summary(summary, stdout);
    json_decref(summary);
    return whole && error->kind == ERROR_NONE ? EXIT_FINE : EXIT_COULD_NOT;
}

static bool do_it(struct rerun *rerun, int lock, struct error *error)
{
    if (rerun->options->to_topic)
        return rerun_fleet_run(rerun, lock, error);
    return rerun->complete || rerun_run(rerun, error);
}

static int run_locked(struct rerun *rerun, int lock, struct error *error)
{
    if (!rerun_plan(rerun, error))
        return error->kind == ERROR_INPUT ? EXIT_USAGE : EXIT_COULD_NOT;
    if (rerun->planned == 0)
        fprintf(stderr, "assay rerun: nothing is there to be scored\n");
    struct error why = {0};
    bool fine = do_it(rerun, lock, &why);
    int exit_code = summarise(rerun, &why, error);
    if (!fine)
        *error = why;
    return fine ? exit_code : EXIT_COULD_NOT;
}

static int run(struct rerun *rerun, struct error *error)
{
    const struct rerun_options *options = rerun->options;
    interrupts_catch();
    interrupts_wake(rerun->buckets.aws.http);
    if (options->dry_run)
        return estimate(rerun, error);
    bool shared = options->to_topic && run_exists(options->store, options->name);
    int lock = run_lock(options->store, options->name, shared, error);
    if (lock < 0)
        return EXIT_COULD_NOT;
    int exit_code = run_locked(rerun, lock, error);
    close(lock);
    return exit_code;
}

int cmd_rerun(int argc, char **argv)
{
    struct rerun_options options = {
        .command = "assay rerun", .text = "full", .group = RERUN_GROUP, .judge_calls = -1,
        .leave_for_live = 50, .judge = JUDGE_DEFAULTS};
    struct arg_list operands = {0};
    struct rerun rerun = {0};
    struct error error = {0};
    int exit_code = EXIT_USAGE;
    if (!args_start(&TABLE, argc, argv, &options, &operands, &exit_code))
        return exit_code;
    if (rerun_open(&rerun, &options, &interrupted, &exit_code)) {
        exit_code = run(&rerun, &error);
        for (size_t i = 0; i < rerun.notes.count; i++)
            fprintf(stderr, "assay rerun: %s\n", rerun.notes.lines[i]);
        if (error.kind != ERROR_NONE)
            fprintf(stderr, "assay rerun: %s\n", error.text);
        else if (interrupted)
            fprintf(stderr, "assay rerun: interrupted; the same command goes on from there\n");
        if (error.kind == ERROR_NONE && interrupted)
            exit_code = EXIT_INTERRUPTED;
    }
    interrupts_wake(NULL);
    rerun_clear(&rerun);
    args_clear(&TABLE, &options);
    arg_list_clear(&operands);
    return exit_code;
}
