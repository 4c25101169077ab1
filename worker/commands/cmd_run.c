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
#include "worker/commands/commands.h"
#include "worker/options/config_file.h"
#include "worker/console/console.h"
#include "worker/lane/lane.h"
#include "worker/options/plugins.h"
#include "worker/options/redaction.h"
#include "worker/rerun/fleet_worker.h"
#include "worker/options/rubric_list.h"
#include "worker/options/run_options.h"

enum { LOOK_MS = 100, IDLE_LOOKS = 10 };

/* ---- options ---- */

static const struct arg_table TABLE = {
    .operands = NULL,
    .description =
        "Scores the capture records of a Kafka topic by rubrics, keeps every score in a store and\n"
        "publishes metrics. SIGTERM drains and ends, within 60 seconds: let whoever kills it wait\n"
        "so long (stop_grace_period, terminationGracePeriodSeconds). SIGHUP reads the rubrics\n"
        "again. With --rerun-topic it does chunks of reruns instead.\n\n"
        "Exit status: 0 ended as asked, 2 wrong usage or rubric, 3 it could not go on.",
    .groups = (const struct arg_group[]){RUN_GROUPS(0)},
    .group_count = RUN_GROUP_COUNT,
};

static bool check(const void *options, struct problems *problems)
{
    return run_options_check(options, problems);
}

/* ---- the worker ---- */

struct worker {
    const struct run_options *options;
    struct lane_config config;
    struct answerer_config answerer;
    struct arg_words models, segment_keys;
    struct sampler_config sampler;
    struct endpoint judge_address, metric_address;
    char region[REGION_BYTES];
    struct keyring *keyring;
    struct rubric_set *set;
    struct lane *lanes[LANES_MAX];
    struct redaction redaction;
    const struct counters *counters[LANES_MAX];
    struct totals_box *totals[LANES_MAX];
    const char *shards[LANES_MAX];
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
    worker->answerer.judge_endpoint = judge->who.endpoint;
    worker->answerer.judge_model = judge->who.model;
    worker->answerer.inference_component = judge->who.component;
    worker->answerer.sampled_endpoints = judge->sampled.values;
    worker->answerer.sampled_endpoint_count = judge->sampled.count;
    worker->answerer.max_in_flight = (unsigned)judge->in_flight;
    worker->config.answerer = &worker->answerer;
    worker->config.calls_a_day = judge->calls_a_day;
    worker->config.tokens_a_day = judge->tokens_a_day;
    worker->config.answer_deadline_ms = judge->deadline_s * 1000;
}

/* Traffic is counted by segment: strata must be told apart by it. */
static void configure_sampling(struct worker *worker)
{
    static const char *stratum[] = {"stratum"};
    bool told = false;
    for (size_t i = 0; i < worker->segment_keys.count; i++)
        told |= strcmp(worker->segment_keys.words[i], *stratum) == 0;
    if (!told)
        arg_words_split(&worker->segment_keys, &(struct arg_list){stratum, 1});
    worker->sampler = run_options_sampler(worker->options);
    worker->config.sampler = &worker->sampler;
}

static void configure(struct worker *worker)
{
    const struct run_options *options = worker->options;
    struct lane_config *config = &worker->config;
    config->kafka = run_options_kafka(options);
    config->publisher = run_options_publisher(options);
    config->publish = (struct publisher_config){
        .naming = run_options_naming(options), .query_form = options->query_form, .out = stdout};
    config->publish_every_ms = (int64_t)(options->publish_every_s * 1000);
    arg_words_split(&worker->models, &options->models);
    arg_words_split(&worker->segment_keys, &options->segment_by);
    if (sample_options_wanted(&options->sample))
        configure_sampling(worker);
    config->store = (struct store_config){.dir = options->store,
                                          .models = (const char *const *)worker->models.words,
                                          .model_count = worker->models.count,
                                          .segment_keys =
                                              (const char *const *)worker->segment_keys.words,
                                          .segment_key_count = worker->segment_keys.count,
                                          .text_share = options->text_share};
    config->retention = options->retention;
    config->totals_wanted = options->listen != NULL;
}

static struct console *open_console(struct worker *worker, struct error *error)
{
    const struct console_config config = {.address = worker->options->listen,
                                          .counters = worker->counters,
                                          .totals = worker->totals,
                                          .shards = worker->shards,
                                          .store = worker->options->store,
                                          .lane_count = worker->lane_count};
    return console_open(&config, error);
}

/* Text is kept only through masks, unless the operator says otherwise. */
static bool open_redactor(struct worker *worker, struct error *error)
{
    worker->config.store.text = run_options_text(worker->options);
    bool fine = redaction_open(&worker->redaction, worker->config.store.text, error);
    worker->config.redactor = worker->redaction.redactor;
    return fine;
}

static bool open_lanes(struct worker *worker, struct error *error)
{
    if (!open_redactor(worker, error) || !open_aws(worker, error))
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
        worker->totals[worker->lane_count] = lane_totals(lane);
        worker->shards[worker->lane_count] = lane_store_path(lane);
        worker->lanes[worker->lane_count++] = lane;
    }
    if (!worker->options->listen)
        return true;
    worker->console = open_console(worker, error);
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
    redaction_close(&worker->redaction);
    keyring_close(worker->keyring);
    endpoint_clear(&worker->judge_address);
    endpoint_clear(&worker->metric_address);
    arg_words_clear(&worker->models);
    arg_words_clear(&worker->segment_keys);
}

/* ---- running ---- */

static void reload(struct worker *worker)
{
    struct rubric_set *set = rubric_list_load("assay run", &worker->options->rubrics,
                                              &worker->options->judge.who);
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
    configure(worker);
    if (plugins_start("assay run", &options->evaluators))
        worker->set = rubric_list_load("assay run", &options->rubrics, &options->judge.who);
    if (worker->set)
        exit_code = run(worker);
    rubric_set_release(worker->set);
    free(worker);
    return exit_code;
}

int cmd_run(int argc, char **argv)
{
    struct run_options options = run_options_default();
    struct config_args args;
    int exit_code = EXIT_USAGE;
    if (config_file_start(&TABLE, argc, argv, check, &args, &options, &exit_code)) {
        forbid_core_dumps();
        exit_code = options.rerun_topic ? fleet_worker_run(&options) : run_with(&options);
    }
    args_clear(&TABLE, &options);
    config_file_clear(&args);
    return exit_code;
}
