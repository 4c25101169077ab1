/* assay demo: the main job on one machine with nothing beside it. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/base/hash.h"
#include "schema/base/memory.h"
#include "worker/commands/commands.h"
#include "worker/demo/demo_aws.h"
#include "worker/demo/demo_broker.h"
#include "worker/demo/demo_report.h"
#include "worker/demo/demo_traffic.h"
#include "worker/lane/lane.h"
#include "worker/options/progress.h"
#include "worker/options/rubric_list.h"

enum {
    LANES = 2,
    PARTITIONS = 4,
    TRAFFIC_HOURS = 8, /* the traffic's times span the last hours */
    HOUR_MS = 60 * 60 * 1000,
    LOOK_MS = 50,
    SCORING_MS_MAX = 35000, /* then it is given up */
    ANSWER_DEADLINE_MS = 20000,
    PUBLISH_EVERY_MS = 2000,
    TOPIC_BYTES = 32,
    PATH_BYTES = 4096,
};

static const struct judge_identity JUDGE = {.endpoint = "demo-judge"};

struct demo_options {
    const char *brokers, *store;
};

static const struct arg ARGS[] = {
    {"brokers", "HOST:PORT[,...]", ARG_TEXT, offsetof(struct demo_options, brokers),
     "a real Kafka: a topic assay-demo-... is made there and deleted at the end", 0, 0},
    {"store", "DIR", ARG_TEXT, offsetof(struct demo_options, store),
     "keeps the scores: absent or empty; default a new folder for temporary files, kept too", 0, 0},
};

static const struct arg_table TABLE = {
    .description =
        "Shows the worker with nothing beside it: a mock Kafka in this process, made-up answers "
        "of\n"
        "two models, one of which gets worse half-way, and stand-ins on loopback for the judge "
        "and\n"
        "for CloudWatch. No AWS account is used.\n\n"
        "Exit status: 0 what was published is what SQL says, 1 it is not, 2 wrong usage,\n"
        "3 it could not go on.",
    .groups = (const struct arg_group[]){{"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0}},
    .group_count = 1,
};

struct demo {
    const struct demo_options *options;
    char topic[TOPIC_BYTES], store[PATH_BYTES];
    int64_t from_ms, to_ms; /* of the traffic */
    struct demo_broker *broker;
    struct demo_aws *aws;
    struct keyring *keyring;
    struct rubric_set *set;
    struct answerer_config answerer;
    struct lane_config config;
    struct lane *lanes[LANES];
    pthread_t threads[LANES];
    int lane_count, thread_count;
    char *shards[LANES];
};

/* ---- the store's folder ---- */

static bool is_empty(const char *path, struct error *error)
{
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ||
               error_set(error, ERROR_INPUT, "--store %s: %s", path, strerror(errno));
    int entries = 0;
    while (readdir(folder) && entries <= 2) /* . and .. */
        entries++;
    closedir(folder);
    return entries <= 2 ||
           error_set(error, ERROR_INPUT, "--store %s: not empty; a demo wants a folder of its own",
                     path);
}

static bool choose_store(struct demo *demo, struct error *error)
{
    if (demo->options->store) {
        snprintf(demo->store, sizeof demo->store, "%s", demo->options->store);
        return is_empty(demo->store, error);
    }
    const char *folder = getenv("TMPDIR");
    snprintf(demo->store, sizeof demo->store, "%s/assay-demo-XXXXXX",
             folder && *folder ? folder : "/tmp");
    return mkdtemp(demo->store) || error_set(error, ERROR_FATAL, "%s: cannot make a folder: %s",
                                             demo->store, strerror(errno));
}

/* ---- traffic ---- */

static void choose_topic(struct demo *demo)
{
    uint8_t random[4];
    char hex[2 * sizeof random + 1];
    hash_random(random, sizeof random);
    hash_hex(random, sizeof random, hex);
    snprintf(demo->topic, sizeof demo->topic, "assay-demo-%s", hex);
}

static bool send_traffic(struct demo *demo, struct error *error)
{
    struct buffer record = {0};
    bool fine = true;
    for (int i = 0; i < DEMO_RECORDS && fine; i++) {
        buffer_reset(&record);
        demo_traffic_record(i, demo->from_ms, demo->to_ms, &record);
        fine = demo_broker_send(demo->broker, buffer_str(&record), error);
    }
    buffer_clear(&record);
    return fine && demo_broker_flush(demo->broker, error);
}

/* ---- lanes ---- */

/* librdkafka's mock coordinator (2.0.2) now and then does not answer a member that is second to ask
 * for its part; it asks again when its session is over. */
static const char *const SHORT_SESSION[] = {"session.timeout.ms=6000", "heartbeat.interval.ms=500"};

static void configure(struct demo *demo)
{
    demo->answerer = ANSWERER_DEFAULTS;
    demo->answerer.region = "us-east-1";
    demo->answerer.endpoint_url = demo_aws_url(demo->aws);
    demo->answerer.judge_endpoint = JUDGE.endpoint;
    demo->config = (struct lane_config){
        .kafka = {.brokers = demo_broker_address(demo->broker),
                  .topic = demo->topic,
                  .group = demo->topic,
                  .from = FROM_EARLIEST,
                  .properties = SHORT_SESSION,
                  .property_count = sizeof SHORT_SESSION / sizeof *SHORT_SESSION},
        .store = {.dir = demo->store, .models = DEMO_MODEL_NAMES, .model_count = DEMO_MODELS,
                  .text = TEXT_FULL, .text_share = 1}, /* nobody's, and a rerun wants it */
        .answerer = &demo->answerer,
        .answer_deadline_ms = ANSWER_DEADLINE_MS,
        .keyring = demo->keyring,
        .calls_a_day = BUDGET_UNLIMITED,
        .tokens_a_day = BUDGET_UNLIMITED,
        .publisher = &PUBLISHER_CLOUDWATCH,
        .publish = {.naming = {.preset = metric_preset_find("default")},
                    .region = "us-east-1",
                    .endpoint_url = demo_aws_url(demo->aws),
                    .keyring = demo->keyring},
        .publish_every_ms = PUBLISH_EVERY_MS,
    };
}

static bool start_lanes(struct demo *demo, struct error *error)
{
    configure(demo);
    for (; demo->lane_count < LANES; demo->lane_count++) {
        struct lane *lane = lane_new(&demo->config, demo->set, error);
        if (!lane)
            return false;
        demo->lanes[demo->lane_count] = lane;
        demo->shards[demo->lane_count] = memory_copy_string(lane_store_path(lane));
    }
    for (; demo->thread_count < LANES; demo->thread_count++)
        if (pthread_create(&demo->threads[demo->thread_count], NULL, lane_run,
                           demo->lanes[demo->thread_count]) != 0)
            return error_set(error, ERROR_FATAL, "cannot start a thread");
    return true;
}

/* Returns when all is drained and published. */
static void stop_lanes(struct demo *demo)
{
    for (int i = 0; i < demo->lane_count; i++)
        lane_stop(demo->lanes[i]);
    for (int i = 0; i < demo->thread_count; i++)
        pthread_join(demo->threads[i], NULL);
    for (int i = 0; i < demo->lane_count; i++)
        lane_free(demo->lanes[i]);
    demo->lane_count = demo->thread_count = 0;
}

static int64_t scored_so_far(const struct demo *demo, bool *out_idle)
{
    int64_t scored = 0;
    *out_idle = true;
    for (int i = 0; i < demo->lane_count; i++) {
        *out_idle = *out_idle && lane_idle(demo->lanes[i]);
        scored += atomic_load(&lane_counters(demo->lanes[i])->value[COUNT_SCORED]);
    }
    return scored;
}

static bool lanes_fine(const struct demo *demo, struct error *error)
{
    for (int i = 0; i < demo->lane_count; i++)
        if (lane_error(demo->lanes[i]))
            return error_set(error, ERROR_FATAL, "%s", lane_error(demo->lanes[i])->text);
    return true;
}

static bool wait_until_scored(struct demo *demo, struct error *error)
{
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t deadline = clock_steady_ms() + SCORING_MS_MAX, scored = 0;
    struct progress progress;
    progress_start(&progress, "scoring");
    for (bool idle = false; (!idle || scored < DEMO_RECORDS) && lanes_fine(demo, error);) {
        nanosleep(&look, NULL);
        scored = scored_so_far(demo, &idle);
        progress_show(&progress, (double)scored / DEMO_RECORDS, scored, "answers");
        if (clock_steady_ms() > deadline) {
            error_set(error, ERROR_FATAL, "after %d s only %" PRId64 " of %d answers are scored",
                      SCORING_MS_MAX / 1000, scored, DEMO_RECORDS);
            break;
        }
    }
    progress_end(&progress);
    return error->kind == ERROR_NONE;
}

/* ---- the demo ---- */

static bool load_rubrics(struct demo *demo)
{
    struct arg_list names = {.values = (const char *[]){"general,support-chat"}, .count = 1};
    demo->set = rubric_list_load("assay demo", &names, &JUDGE);
    return demo->set != NULL;
}

static bool open_all(struct demo *demo, struct error *error)
{
    choose_topic(demo);
    demo->to_ms = clock_wall_ms();
    demo->from_ms = demo->to_ms - (int64_t)TRAFFIC_HOURS * HOUR_MS;
    demo->keyring = keyring_fixed(DEMO_AWS_KEY, "no-secret-at-all", NULL);
    demo->aws = demo_aws_open(error);
    if (!demo->aws)
        return false;
    demo->broker = demo_broker_open(demo->options->brokers, demo->topic, PARTITIONS, error);
    return demo->broker != NULL;
}

static void close_all(struct demo *demo)
{
    stop_lanes(demo);
    demo_broker_close(demo->broker);
    demo_aws_close(demo->aws);
    keyring_close(demo->keyring);
    rubric_set_release(demo->set);
    for (int i = 0; i < LANES; i++)
        free(demo->shards[i]);
}

static void introduce(const struct demo *demo)
{
    printf("assay demo: THIS IS A DEMONSTRATION. The traffic is made up; the judge and CloudWatch\n"
           "are stand-ins in this process (the judge counts words); no AWS account is used.\n"
           "Kafka: %s\n\n",
           demo->options->brokers ? demo->options->brokers
                                  : "librdkafka's mock cluster, in this process");
    fflush(stdout);
}

static bool summarise(struct demo *demo, bool *out_equal, struct error *error)
{
    demo_aws_stop(demo->aws);
    struct demo_report *report = demo_report_open((const char *const *)demo->shards, LANES,
                                                  demo->topic, demo_aws_metrics(demo->aws), error);
    if (!report)
        return false;
    int64_t scored = demo_report_scored(report);
    printf("Scored: %" PRId64 " of %d answers, by general and support-chat; %" PRId64
           " verdicts of the stand-in judge.\n\n",
           scored, DEMO_RECORDS, demo_aws_verdicts(demo->aws));
    demo_report_halves(report, (demo->from_ms + demo->to_ms) / 2, stdout);
    printf("\n");
    demo_report_published(report, stdout);
    bool equal = false, fine = demo_report_equal(report, &equal, error);
    equal = equal && scored == DEMO_RECORDS;
    if (fine)
        printf("\npublished metrics equal SQL: %s\n", equal ? "yes" : "no");
    demo_report_close(report);
    *out_equal = equal;
    return fine;
}

static void hint(const struct demo *demo, int64_t started_ms)
{
    const char *program = program_invocation_name, *store = demo->store;
    printf("\nThe demo took %.1f s. Its scores stay in %s.\n"
           "Which model got worse, since when, how sure is that?\n"
           "  %s report drift --store %s --window %dh --baseline %dh\n"
           "How good is each, and what are its worst answers?\n"
           "  %s report quality --store %s --window %dh\n"
           "How would it have looked by another rubric?\n"
           "  %s rerun --store %s --name by-safety --rubric safety --window %dh\n"
           "  %s compare live by-safety --store %s\n"
           "And the rows themselves:\n"
           "  sqlite3 %s 'select * from scores limit 5'\n",
           (double)(clock_steady_ms() - started_ms) / 1000, store, program, store,
           TRAFFIC_HOURS / 2, TRAFFIC_HOURS / 2, program, store, TRAFFIC_HOURS + 1, program, store,
           TRAFFIC_HOURS + 1, program, store, demo->shards[0]);
}

static int run(struct demo *demo)
{
    int64_t started_ms = clock_steady_ms();
    struct error error = {0};
    bool equal = false;
    if (!choose_store(demo, &error)) {
        fprintf(stderr, "assay demo: %s\n", error.text);
        return error.kind == ERROR_INPUT ? EXIT_USAGE : EXIT_COULD_NOT;
    }
    introduce(demo);
    bool fine = load_rubrics(demo) && open_all(demo, &error) && send_traffic(demo, &error) &&
                start_lanes(demo, &error) && wait_until_scored(demo, &error);
    stop_lanes(demo);
    if (fine && summarise(demo, &equal, &error)) {
        hint(demo, started_ms);
        return equal ? EXIT_FINE : EXIT_BELOW;
    }
    fprintf(stderr, "assay demo: %s\n", error.text);
    return EXIT_COULD_NOT;
}

int cmd_demo(int argc, char **argv)
{
    struct demo_options options = {0};
    struct arg_list operands = {0};
    int exit_code = EXIT_USAGE;
    if (args_start(&TABLE, argc, argv, &options, &operands, &exit_code)) {
        struct demo *demo = memory_new(1, sizeof *demo);
        demo->options = &options;
        signal(SIGPIPE, SIG_IGN);
        exit_code = run(demo);
        close_all(demo);
        free(demo);
    }
    args_clear(&TABLE, &options);
    arg_list_clear(&operands);
    return exit_code;
}
