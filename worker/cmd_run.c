/* assay run: the worker: lanes over a Kafka topic, until it is told to stop. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/aws/keyring.h"
#include "worker/aws/region.h"
#include "worker/commands.h"
#include "worker/config_file.h"
#include "worker/console/console.h"
#include "worker/judge.h"
#include "worker/lane/lane.h"
#include "worker/rubric_list.h"

enum { LANES_MAX = 64, LOOK_MS = 100, IDLE_LOOKS = 10 };

/* ---- options ---- */

struct run_options {
    const char *config, *brokers, *topic, *group, *store, *from, *listen;
    const char *metrics, *preset, *namespace, *label;
    struct arg_list rubrics, kafka, models;
    int64_t lanes;
    double publish_every_s;
    bool until_end, query_form;
    struct judge_options judge;
};

#define AT(member) offsetof(struct run_options, member)

static const struct arg ARGS[] = {
    {"config", "FILE", ARG_TEXT, AT(config),
     "a JSON object of these options; the command line wins", 0, 0},
    {"brokers", "HOST:PORT[,...]", ARG_TEXT, AT(brokers), "Kafka brokers to start from", 0, 0},
    {"topic", "NAME", ARG_TEXT, AT(topic), "holds the capture records", 0, 0},
    {"group", "NAME", ARG_TEXT, AT(group), "consumer group; default assay", 0, 0},
    {"from", "WHERE", ARG_TEXT, AT(from),
     "earliest or latest, where the group has no offset; default committed: then that is an error",
     0, 0},
    {"rubric", "RUBRIC[,...]", ARG_LIST, AT(rubrics),
     "a file, or the name of one that ships; default general", 0, 0},
    {"store", "DIR", ARG_TEXT, AT(store),
     "keeps the scores, a shard for each lane; made when absent", 0, 0},
    {"lanes", "N", ARG_INT, AT(lanes), "threads; default one per core", 1, LANES_MAX},
    {"until-end", NULL, ARG_FLAG, AT(until_end), "end when all that the topic holds is scored", 0,
     0},
    {"listen", "ADDRESS:PORT", ARG_TEXT, AT(listen),
     "serve /livez, /readyz and /metrics there; default off", 0, 0},
    {"kafka", "KEY=VALUE", ARG_LIST, AT(kafka), "a property of librdkafka", 0, 0},
};

static const struct arg METRIC_ARGS[] = {
    {"metrics", "WHERE", ARG_TEXT, AT(metrics),
     "cloudwatch, emf (lines on stdout) or none; default "
     "cloudwatch",
     0, 0},
    {"models", "NAME[,...]", ARG_LIST, AT(models),
     "models that get metrics of their own; all others are \"other\", because names cost money", 0,
     0},
    {"preset", "NAME", ARG_TEXT, AT(preset), "names of the metrics: default or aws-sample", 0, 0},
    {"namespace", "TEMPLATE", ARG_TEXT, AT(namespace), "with {model}; default the preset's", 0, 0},
    {"label", "TEXT", ARG_TEXT, AT(label), "aws-sample: InferenceComponentLabel", 0, 0},
    {"publish-every", "SECONDS", ARG_NUMBER, AT(publish_every_s), "default 60", 1, 3600},
    {"query-form", NULL, ARG_FLAG, AT(query_form),
     "CloudWatch's older wire form, for old VPC endpoints", 0, 0},
};

static const struct arg_table TABLE = {
    .operands = NULL,
    .description =
        "Scores the capture records of a Kafka topic by rubrics, keeps every score in a store and\n"
        "publishes metrics. SIGTERM drains and ends; SIGHUP reads the rubrics again.\n\n"
        "Exit status: 0 ended as asked, 2 wrong usage or rubric, 3 it could not go on.",
    .groups =
        (const struct arg_group[]){
            {"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0},
            {"Metrics", METRIC_ARGS, sizeof METRIC_ARGS / sizeof *METRIC_ARGS, 0},
            {"Models to ask", JUDGE_ARGS, JUDGE_ARG_COUNT, AT(judge)},
        },
    .group_count = 3,
};

static const char *const FROM_WORDS[] = {
    [FROM_COMMITTED] = "committed", [FROM_EARLIEST] = "earliest", [FROM_LATEST] = "latest"};

static bool usage(const char *text, const char *value)
{
    fprintf(stderr, "assay run: %s%s\n", text, value);
    return false;
}

static bool read_from(const char *word, enum kafka_from *out)
{
    for (size_t i = 0; i < sizeof FROM_WORDS / sizeof *FROM_WORDS; i++) {
        if (strcmp(word, FROM_WORDS[i]) == 0) {
            *out = (enum kafka_from)i;
            return true;
        }
    }
    return usage("--from must be earliest, latest or committed, not ", word);
}

static bool check_needed(const struct run_options *options)
{
    const struct {
        const char *name, *value;
    } needed[] = {
        {"--brokers", options->brokers}, {"--topic", options->topic}, {"--store", options->store}};
    bool complete = true;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!needed[i].value)
            complete = usage("needed and not given: ", needed[i].name);
    return complete;
}

/* ---- the worker ---- */

struct worker {
    const struct run_options *options;
    struct lane_config config;
    struct answerer_config answerer;
    struct words models;
    struct endpoint judge_address, metric_address;
    char region[REGION_BYTES];
    struct keyring *keyring;
    struct budget *budget;
    struct rubric_set *set;
    struct lane *lanes[LANES_MAX];
    const struct counters *counters[LANES_MAX];
    pthread_t threads[LANES_MAX];
    size_t lane_count, thread_count;
    struct console *console;
};

static bool open_aws(struct worker *worker, struct error *error)
{
    const struct judge_options *judge = &worker->options->judge;
    bool cloudwatch = worker->config.publisher == &PUBLISHER_CLOUDWATCH;
    if (!cloudwatch && !judge_wanted(judge))
        return true;
    const struct keyring_options keys = {
        .credentials = {.profile = judge->profile, .region = judge->region}};
    if (!region_find(judge->region, judge->profile, worker->region, error))
        return error_prefix(error, "%s", cloudwatch ? "for CloudWatch (or --metrics none): " : "");
    worker->keyring = keyring_open(&keys, error);
    if (!worker->keyring)
        return error_prefix(error, "%s", cloudwatch ? "for CloudWatch (or --metrics none): " : "");
    worker->config.keyring = worker->keyring;
    return endpoint_find(judge->url, "CLOUDWATCH", "monitoring", worker->region,
                         &worker->metric_address, error) &&
           endpoint_find(judge->url, "SAGEMAKER_RUNTIME", "runtime.sagemaker", worker->region,
                         &worker->judge_address, error);
}

static void configure_answerer(struct worker *worker)
{
    const struct judge_options *judge = &worker->options->judge;
    if (!judge_wanted(judge))
        return;
    worker->answerer = ANSWERER_DEFAULTS;
    worker->answerer.region = worker->region;
    worker->answerer.endpoint_url = worker->judge_address.url;
    worker->answerer.judge_endpoint = judge->endpoint;
    worker->answerer.judge_model = judge->model;
    worker->answerer.inference_component = judge->component;
    worker->answerer.sampled_endpoints = judge->sampled.values;
    worker->answerer.sampled_endpoint_count = judge->sampled.count;
    worker->answerer.max_in_flight = (unsigned)judge->in_flight;
    worker->budget = budget_new(judge->calls_a_day);
    worker->config.answerer = &worker->answerer;
    worker->config.budget = worker->budget;
    worker->config.answer_deadline_ms = judge->deadline_s * 1000;
}

static bool configure_metrics(struct worker *worker)
{
    const struct run_options *options = worker->options;
    const char *where = options->metrics;
    if (strcmp(where, "cloudwatch") == 0)
        worker->config.publisher = &PUBLISHER_CLOUDWATCH;
    else if (strcmp(where, "emf") == 0)
        worker->config.publisher = &PUBLISHER_EMF;
    else if (strcmp(where, "none") != 0)
        return usage("--metrics must be cloudwatch, emf or none, not ", where);
    struct metric_naming naming = {.preset = metric_preset_find(options->preset),
                                   .namespace_template = options->namespace,
                                   .label = options->label};
    if (!naming.preset)
        return usage("--preset must be default or aws-sample, not ", options->preset);
    struct error error = {0};
    if (!metric_naming_check(&naming, &error))
        return usage("", error.text);
    worker->config.publish = (struct publisher_config){
        .naming = naming, .query_form = options->query_form, .out = stdout};
    worker->config.publish_every_ms = (int64_t)(options->publish_every_s * 1000);
    return true;
}

static bool configure(struct worker *worker)
{
    const struct run_options *options = worker->options;
    struct kafka_config *kafka = &worker->config.kafka;
    if (!check_needed(options) || !read_from(options->from, &kafka->from) ||
        !configure_metrics(worker))
        return false;
    kafka->brokers = options->brokers;
    kafka->topic = options->topic;
    kafka->group = options->group;
    kafka->properties = options->kafka.values;
    kafka->property_count = options->kafka.count;
    words_split(&worker->models, &options->models);
    worker->config.store =
        (struct store_config){.dir = options->store,
                              .models = (const char *const *)worker->models.words,
                              .model_count = worker->models.count};
    return true;
}

static bool open_lanes(struct worker *worker, struct error *error)
{
    if (!open_aws(worker, error))
        return false;
    worker->config.publish.region = worker->region;
    worker->config.publish.endpoint_url = worker->metric_address.url;
    worker->config.publish.keyring = worker->keyring;
    configure_answerer(worker);
    for (int64_t i = 0; i < worker->options->lanes; i++) {
        struct lane *lane = lane_new(&worker->config, worker->set, error);
        if (!lane)
            return false;
        worker->counters[worker->lane_count] = lane_counters(lane);
        worker->lanes[worker->lane_count++] = lane;
    }
    if (!worker->options->listen)
        return true;
    worker->console =
        console_open(worker->options->listen, worker->counters, worker->lane_count, error);
    if (worker->console)
        fprintf(stderr, "{\"level\":\"info\",\"event\":\"listening\",\"port\":%d}\n",
                console_port(worker->console));
    return worker->console != NULL;
}

static bool start_threads(struct worker *worker, struct error *error)
{
    for (; worker->thread_count < worker->lane_count; worker->thread_count++)
        if (pthread_create(&worker->threads[worker->thread_count], NULL, lane_run,
                           worker->lanes[worker->thread_count]) != 0)
            return error_set(error, ERROR_FATAL, "cannot start a thread: %s", strerror(errno));
    return true;
}

static void close_worker(struct worker *worker)
{
    for (size_t i = 0; i < worker->lane_count; i++)
        lane_stop(worker->lanes[i]);
    for (size_t i = 0; i < worker->thread_count; i++)
        pthread_join(worker->threads[i], NULL);
    console_close(worker->console);
    for (size_t i = 0; i < worker->lane_count; i++)
        lane_free(worker->lanes[i]);
    budget_free(worker->budget);
    keyring_close(worker->keyring);
    endpoint_clear(&worker->judge_address);
    endpoint_clear(&worker->metric_address);
    words_clear(&worker->models);
}

/* ---- running ---- */

static void reload(struct worker *worker)
{
    struct rubric_set *set = rubric_list_load("assay run", &worker->options->rubrics);
    fprintf(stderr, "{\"level\":\"%s\",\"event\":\"rubrics_%s\"}\n", set ? "info" : "error",
            set ? "read_again" : "kept_as_they_were");
    if (!set)
        return;
    for (size_t i = 0; i < worker->lane_count; i++)
        lane_swap(worker->lanes[i], set);
    rubric_set_release(worker->set);
    worker->set = set;
}

static bool all_idle(const struct worker *worker)
{
    for (size_t i = 0; i < worker->lane_count; i++)
        if (!lane_idle(worker->lanes[i]))
            return false;
    return true;
}

static const struct error *first_error(const struct worker *worker)
{
    for (size_t i = 0; i < worker->lane_count; i++)
        if (lane_error(worker->lanes[i]))
            return lane_error(worker->lanes[i]);
    return NULL;
}

/* Looks after the lanes until a signal, the end of the topic or a lane's error. */
static int supervise(struct worker *worker, const sigset_t *signals)
{
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
    for (int idle = 0; idle < IDLE_LOOKS;) {
        int signal = sigtimedwait(signals, NULL, &look);
        if (signal == SIGHUP)
            reload(worker);
        else if (signal > 0)
            break;
        const struct error *error = first_error(worker);
        if (error) {
            fprintf(stderr, "assay run: %s\n", error->text);
            return EXIT_COULD_NOT;
        }
        idle = worker->options->until_end && all_idle(worker) ? idle + 1 : 0;
    }
    console_drain(worker->console);
    return EXIT_FINE;
}

static int run(struct worker *worker)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* threads inherit it: only supervise hears them */
    signal(SIGPIPE, SIG_IGN);
    struct error error = {0};
    int exit_code = EXIT_COULD_NOT;
    if (open_lanes(worker, &error) && start_threads(worker, &error))
        exit_code = supervise(worker, &signals);
    else
        fprintf(stderr, "assay run: %s\n", error.text);
    close_worker(worker);
    return exit_code;
}

/* What is in memory stays there: samples are other people's texts. */
static void forbid_core_dumps(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0);
}

static int run_with(const struct run_options *options)
{
    struct worker *worker = memory_new(1, sizeof *worker);
    worker->options = options;
    int exit_code = EXIT_USAGE;
    if (configure(worker)) {
        worker->set = rubric_list_load("assay run", &options->rubrics);
        if (worker->set)
            exit_code = run(worker);
    }
    rubric_set_release(worker->set);
    free(worker);
    return exit_code;
}

int cmd_run(int argc, char **argv)
{
    struct run_options options = {.group = "assay",
                                  .from = "committed",
                                  .metrics = "cloudwatch",
                                  .preset = "default",
                                  .lanes = sysconf(_SC_NPROCESSORS_ONLN),
                                  .publish_every_s = 60,
                                  .judge = JUDGE_DEFAULTS};
    struct config_args args;
    struct problems problems = {0};
    struct arg_list operands = {0};
    const char *path = NULL;
    int exit_code = EXIT_USAGE;
    bool read = config_file_args(argc, argv, &args, &path, &problems);
    if (!read)
        problems_print(&problems, stderr, path);
    else if (args_start(&TABLE, args.argc, args.argv, &options, &operands, &exit_code)) {
        forbid_core_dumps();
        exit_code = run_with(&options);
    }
    args_clear(&TABLE, &options);
    arg_list_clear(&operands);
    config_file_clear(&args);
    problems_clear(&problems);
    return exit_code;
}
