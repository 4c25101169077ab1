/* assay feed: capture files, or an S3 prefix of them, into a Kafka topic, each record once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/options/args.h"
#include "worker/options/buckets.h"
#include "worker/commands/commands.h"
#include "worker/feed/feed.h"
#include "worker/feed/feed_summary.h"
#include "worker/intake/source_kafka.h"
#include "worker/options/interrupts.h"
#include "worker/options/progress.h"
#include "worker/options/sample_options.h"

enum { NAME_BYTES_MAX = 200, TOPIC_BYTES_MAX = 249 /* Kafka's */ };

static const char POSITIONS_SUFFIX[] = ".assay-feed";

/* ---- options ---- */

struct feed_options {
    const char *brokers, *topic, *positions, *name, *region, *profile, *url;
    struct arg_list from, models, components, truths, kafka;
    double rate, every_s, window_h;
    bool follow, json;
    struct sample_options sample;
};

#define AT(member) offsetof(struct feed_options, member)

static const struct arg ARGS[] = {
    {"brokers", "HOST:PORT[,...]", ARG_TEXT, AT(brokers), "Kafka brokers to start from", 0, 0},
    {"topic", "NAME", ARG_TEXT, AT(topic), "where the records go; it must be there", 0, 0},
    {"from", "WHERE", ARG_LIST, AT(from),
     "a file, a folder with all that is in it, or s3://bucket/prefix", 0, 0},
    {"model", "ENDPOINT[/VARIANT]=MODEL", ARG_LIST, AT(models),
     "the model that answers there, where records do not say it", 0, 0},
    {"component", "ENDPOINT[/VARIANT]=NAME", ARG_LIST, AT(components),
     "the inference component, likewise", 0, 0},
    {"follow", NULL, ARG_FLAG, AT(follow),
     "go on: feed what appears, late names too, and what grows; SIGTERM or Ctrl-C ends it", 0, 0},
    {"every", "SECONDS", ARG_NUMBER, AT(every_s),
     "with --follow: look again so long after a look, which lists all of WHERE; default 10", 0.1,
     86400},
    {"rate", "N", ARG_NUMBER, AT(rate), "records a second at most; default as fast as it goes",
     0.001, 1e9},
    {"name", "NAME", ARG_TEXT, AT(name),
     "of this feed: it goes on where the last one of its name ended, and puts out of work one that "
     "still runs; default main",
     0, 0},
    {"positions", "TOPIC", ARG_TEXT, AT(positions),
     "keeps how far each object was fed; made when missing; default the topic's name + "
     ".assay-feed",
     0, 0},
    {"kafka", "KEY=VALUE", ARG_LIST, AT(kafka), "a property of librdkafka", 0, 0},
    {"json", NULL, ARG_FLAG, AT(json), "print the summary as one JSON object, for programs", 0, 0},
};

static const struct arg TRUTH_ARGS[] = {
    {"ground-truth", "WHERE", ARG_LIST, AT(truths),
     "ground truth as SageMaker reads it, in files or objects like --from's: it becomes the "
     "reference of the sample of its inference id or event id; what comes after its sample sends "
     "it again, in run `references`",
     0, 0},
    {"ground-truth-window", "HOURS", ARG_NUMBER, AT(window_h),
     "joined when both objects were written no further apart; default 168", 0.001, 87600},
};

static const struct arg AWS_ARGS[] = {
    {"region", "NAME", ARG_TEXT, AT(region), "of the bucket; default as the AWS environment says",
     0, 0},
    {"profile", "NAME", ARG_TEXT, AT(profile), "of AWS's shared files; default AWS_PROFILE", 0, 0},
    {"s3-url", "URL", ARG_TEXT, AT(url), "S3 elsewhere: a VPC endpoint, a stand-in", 0, 0},
};

static const struct arg_group GROUPS[] = {
    {"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0},
    {"Sampling (a record that names no stratum is of its endpoint's)", SAMPLE_ARGS,
     SAMPLE_ARG_COUNT, AT(sample)},
    {"Ground truth", TRUTH_ARGS, sizeof TRUTH_ARGS / sizeof *TRUTH_ARGS, 0},
    {"Buckets", AWS_ARGS, sizeof AWS_ARGS / sizeof *AWS_ARGS, 0},
};

static const struct arg_table TABLE = {
    .description =
        "Puts the capture records in files of JSON lines, plain or gzip, into a Kafka topic, each\n"
        "exactly once however often it is stopped or killed: records and positions are committed\n"
        "in one transaction, so readers must read committed ones only, as `assay run` does.\n"
        "Endpoint and variant are read from names as SageMaker lays them out,\n"
        "prefix/endpoint/variant/yyyy/mm/dd/hh/file.jsonl. Records of one group, session or\n"
        "inference id go to one partition.\n\n"
        "Exit status: 0 fine, 2 wrong usage, 3 an object could not be read, or it could not go on.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

/* Letters that Kafka takes in names of topics. */
static bool is_name(const char *text, size_t bytes_max)
{
    static const char LETTERS[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t size = strlen(text);
    return size > 0 && size <= bytes_max && strspn(text, LETTERS) == size;
}

/* What comes later is told of the samples that were sent by deciding again. */
static void check_sampling(const struct feed_options *options, struct problems *problems)
{
    if (options->sample.budget && options->truths.count > 0)
        problems_add(problems, "",
                     "--sample learns as it goes, and --ground-truth must know later what was "
                     "sent: give --sample-stratum STRATUM=P instead");
    sample_options_check(&options->sample, problems);
}

static bool check(const struct feed_options *options, struct problems *problems)
{
    if (!options->brokers)
        problems_add(problems, "", "--brokers is missing: where Kafka listens");
    if (!options->topic)
        problems_add(problems, "", "--topic is missing: where the records go");
    else if (!is_name(options->topic, TOPIC_BYTES_MAX - sizeof POSITIONS_SUFFIX + 1))
        problems_add(problems, "", "--topic %.100s is no name of a topic", options->topic);
    if (options->positions && !is_name(options->positions, TOPIC_BYTES_MAX))
        problems_add(problems, "", "--positions %.100s is no name of a topic", options->positions);
    if (options->topic && options->positions && strcmp(options->topic, options->positions) == 0)
        problems_add(problems, "", "--positions must be another topic than --topic");
    if (options->from.count == 0)
        problems_add(problems, "", "--from is missing: a file, a folder, or s3://bucket/prefix");
    if (!is_name(options->name, NAME_BYTES_MAX))
        problems_add(problems, "", "--name may hold letters, digits, '.', '_' and '-', up to %d",
                     NAME_BYTES_MAX);
    if (options->kafka.count > KAFKA_PROPERTIES_MAX)
        problems_add(problems, "", "--kafka may be given %d times", KAFKA_PROPERTIES_MAX);
    named_check(&(struct named){options->models.values, options->models.count}, "--model",
                problems);
    named_check(&(struct named){options->components.values, options->components.count},
                "--component", problems);
    check_sampling(options, problems);
    return problems->total == 0;
}

/* ---- the run ---- */

struct run {
    const struct feed_options *options;
    struct progress progress;
    struct problems problems;
    struct buffer positions; /* the topic's name */
    struct buckets buckets;
};

static void tell(void *owner, const char *sentence)
{
    struct run *run = owner;
    problems_add(&run->problems, "", "%s", sentence);
    if (run->problems.total > PROBLEMS_MAX)
        return;
    progress_end(&run->progress);
    fprintf(stderr, "assay feed: %s\n", sentence);
    if (run->problems.total == PROBLEMS_MAX)
        fprintf(stderr, "assay feed: further ones are only counted\n");
}

static void show(void *owner, const struct feed_counts *counts)
{
    struct run *run = owner;
    progress_show(&run->progress, -1, counts->lines.sent, "records");
}

static struct feed_config configure(struct run *run)
{
    const struct feed_options *options = run->options;
    return (struct feed_config){
        .kafka = {.brokers = options->brokers,
                  .topic = options->topic,
                  .positions = options->positions ? options->positions : run->positions.data,
                  .command = "feed",
                  .name = options->name,
                  .properties = options->kafka.values,
                  .property_count = options->kafka.count},
        .from = options->from.values,
        .from_count = options->from.count,
        .truths = options->truths.values,
        .truth_count = options->truths.count,
        .window_ms = (int64_t)(options->window_h * 3600000),
        .aws = run->buckets.aws,
        .envelope = {.models = {options->models.values, options->models.count},
                     .components = {options->components.values, options->components.count},
                     .sampled = sample_options_wanted(&options->sample)},
        .sampler = sample_options_config(&options->sample, 1),
        .rate = options->rate,
        .follow_ms = options->follow ? (int64_t)(options->every_s * 1000) : 0,
        .stop = &interrupted,
        .tell = tell,
        .progress = show,
        .owner = run};
}

static void print_summary(struct run *run, const struct feed_summary *summary)
{
    struct buffer text = {0};
    if (run->options->json)
        feed_summary_json(summary, &text);
    else
        feed_summary_text(summary, &text);
    fwrite(text.data, 1, text.size, stdout);
    buffer_clear(&text);
}

/* Of captures and of ground truth; texts are borrowed. */
static struct arg_list all_places(const struct feed_options *options)
{
    const struct arg_list *const lists[] = {&options->from, &options->truths};
    struct arg_list all = {memory_new(options->from.count + options->truths.count + 1,
                                      sizeof *all.values),
                           0};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < lists[i]->count; j++)
            all.values[all.count++] = lists[i]->values[j];
    return all;
}

static int feed(struct run *run)
{
    struct error error = {0};
    struct feed_summary summary = {.problems = &run->problems, .topic = run->options->topic};
    int64_t start_ms = clock_steady_ms();
    interrupts_catch();
    const struct bucket_options buckets = {
        run->options->region, run->options->profile, run->options->url};
    struct arg_list places = all_places(run->options);
    bool open = buckets_open(&run->buckets, &buckets, &places, &error), fine = false;
    if (open) {
        interrupts_wake(run->buckets.aws.http);
        struct feed_config config = configure(run);
        progress_start(&run->progress, "feeding");
        fine = feed_run(&config, &summary.counts, &error);
        progress_end(&run->progress);
    }
    interrupts_wake(NULL);
    buckets_close(&run->buckets);
    arg_list_clear(&places);
    summary.seconds = (double)(clock_steady_ms() - start_ms) / 1000;
    summary.interrupted = interrupted != 0;
    if (!fine)
        fprintf(stderr, "assay feed: %s\n", error.text);
    if (fine || summary.counts.lines.read || summary.counts.truths.read)
        print_summary(run, &summary);
    bool early = interrupted && !run->options->follow;
    if (early)
        fprintf(stderr, "assay feed: interrupted; what is shown is in the topic, and the next feed "
                        "of the name goes on from there\n");
    if (fine && early)
        return EXIT_INTERRUPTED;
    bool whole = summary.counts.objects.failed == 0 && summary.counts.truths.lost == 0;
    return fine && whole ? EXIT_FINE : EXIT_COULD_NOT;
}

int cmd_feed(int argc, char **argv)
{
    struct feed_options options = {
        .name = "main", .every_s = 10, .window_h = 168, .sample = SAMPLE_DEFAULTS};
    struct arg_list operands = {0};
    struct problems problems = {0};
    int exit_code = EXIT_USAGE;
    if (!args_start(&TABLE, argc, argv, &options, &operands, &exit_code))
        return exit_code;
    if (check(&options, &problems)) {
        struct run run = {.options = &options};
        buffer_printf(&run.positions, "%s%s", options.topic, POSITIONS_SUFFIX);
        exit_code = feed(&run);
        buffer_clear(&run.positions);
        problems_clear(&run.problems);
    } else {
        args_print_problems(&(struct arg_line){.argc = argc, .argv = argv}, &problems, stderr);
    }
    problems_clear(&problems);
    args_clear(&TABLE, &options);
    arg_list_clear(&operands);
    return exit_code;
}
