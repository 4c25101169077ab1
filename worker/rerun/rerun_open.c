/* rerun_open: what a rerun is asked for: rubrics, selection, source. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/lane/groups.h"
#include "worker/options/exit_code.h"
#include "worker/options/plugins.h"
#include "worker/options/segment_options.h"
#include "worker/report/reading/time_words.h"
#include "worker/rerun/rerun.h"
#include "worker/store/runs.h"

static bool read_results(struct rerun *rerun, struct error *error)
{
    const struct arg_list *where = &rerun->options->where;
    if (where->count > SELECTION_WHERE_MAX)
        return error_set(error, ERROR_INPUT, "--where is given more than %d times",
                         SELECTION_WHERE_MAX);
    if (where->count && (rerun->options->from.count || rerun->options->topic))
        return error_set(error, ERROR_INPUT,
                         "--where asks for earlier results, which only the store holds");
    for (size_t i = 0; i < where->count; i++)
        if (!earlier_result_parse(where->values[i], &rerun->results[i], error))
            return error_prefix(error, "--where ");
    rerun->selection.results = rerun->results;
    rerun->selection.result_count = where->count;
    return true;
}

static bool read_window(struct rerun *rerun, struct error *error)
{
    struct time_range window;
    rerun->selection.from_ms = -1;
    if (!rerun->options->window)
        return true;
    const struct time_words words = {.end_ms = clock_wall_ms(), .exact = true};
    if (!time_range_parse(rerun->options->window, "--window", &words, &window, error))
        return false;
    rerun->selection.from_ms = window.from_ms;
    rerun->selection.to_ms = window.to_ms;
    return true;
}

static bool is_twice(const struct rerun *rerun, const struct topic_range *range)
{
    for (size_t i = 0; i < rerun->range_count; i++)
        if (rerun->ranges[i].partition == range->partition)
            return true;
    return false;
}

static bool read_offsets(struct rerun *rerun, struct error *error)
{
    struct arg_words words = {0};
    bool fine = true;
    if (rerun->options->offsets.count && !rerun->options->topic)
        return error_set(error, ERROR_INPUT, "--offsets goes with --topic");
    arg_words_split(&words, &rerun->options->offsets);
    rerun->ranges = memory_new(words.count + 1, sizeof *rerun->ranges);
    for (size_t i = 0; fine && i < words.count; i++) {
        struct topic_range range;
        fine = topic_range_parse(words.words[i], &range, error) &&
               (!is_twice(rerun, &range) ||
                error_set(error, ERROR_INPUT, "--offsets names partition %d more than once",
                          range.partition));
        rerun->ranges[rerun->range_count++] = range;
    }
    arg_words_clear(&words);
    return fine;
}

static bool read_selection(struct rerun *rerun, struct error *error)
{
    arg_words_split(&rerun->models, &rerun->options->models);
    arg_words_split(&rerun->endpoints, &rerun->options->endpoints);
    arg_words_split(&rerun->strata, &rerun->options->strata);
    arg_words_split(&rerun->segment_keys, &rerun->options->segment_by);
    rerun->selection = (struct selection){
        .models = (const char *const *)rerun->models.words,
        .model_count = rerun->models.count,
        .endpoints = (const char *const *)rerun->endpoints.words,
        .endpoint_count = rerun->endpoints.count,
        .strata = (const char *const *)rerun->strata.words,
        .stratum_count = rerun->strata.count,
    };
    return read_window(rerun, error) && read_offsets(rerun, error) && read_results(rerun, error);
}

/* What the rows of scores do not hold cannot be asked for. */
static bool check_scores_only(const struct rerun_options *options, struct error *error)
{
    const struct {
        const char *option;
        bool given;
    } others[] = {
        {"--from", options->from.count}, {"--topic", options->topic != NULL},
        {"--stratum", options->strata.count},
        {"--segment-by", options->segment_by.count}, {"--dry-run", options->dry_run}};
    for (size_t i = 0; options->scores_only && i < sizeof others / sizeof *others; i++)
        if (others[i].given)
            return error_set(error, ERROR_INPUT, "--scores-only and %s do not go together",
                             others[i].option);
    return true;
}

static bool check_words(const struct rerun_options *options, struct error *error)
{
    struct problems problems = {0};
    bool fine = segment_options_check(&options->segment_by, "--segment-by", &problems) &&
                named_check(&(struct named){options->model_of.values, options->model_of.count},
                            "--model-of", &problems) &&
                named_check(
                    &(struct named){options->component_of.values, options->component_of.count},
                    "--component-of", &problems);
    if (!fine)
        error_set(error, ERROR_INPUT, "%s", problems.lines[0]);
    problems_clear(&problems);
    return fine;
}

/* Workers share no count of calls but that of a day. */
static bool check_fleet(const struct rerun_options *options, struct error *error)
{
    if (!options->to_topic)
        return !options->wait || error_set(error, ERROR_INPUT, "--wait goes with --to-topic");
    if (options->topic && strcmp(options->topic, options->to_topic) == 0)
        return error_set(error, ERROR_INPUT, "--to-topic must be another topic than --topic");
    return options->judge_calls < 0 ||
           error_set(error, ERROR_INPUT,
                     "--judge-calls and --to-topic do not go together: say --judge-calls-per-day "
                     "to the workers");
}

static bool check(struct rerun *rerun, struct error *error)
{
    const struct rerun_options *options = rerun->options;
    enum text_policy policy;
    if (!options->store)
        return error_set(error, ERROR_INPUT, "--store is missing: name the folder of the shards");
    if (!options->name && !options->dry_run)
        return error_set(error, ERROR_INPUT, "--name is missing: a rerun is a run of its own");
    if (options->name && !run_name_valid(options->name))
        return error_set(error, ERROR_INPUT,
                         "--name \"%.80s\" must be of up to 64 lower-case letters, digits, '.', "
                         "'_' and '-', the first a letter or a digit, and not live",
                         options->name);
    if (!text_policy_find(options->text, &policy))
        return error_set(error, ERROR_INPUT, "--text must be redacted, full or none, not %.80s",
                         options->text);
    rerun->redaction.policy = policy;
    bool kafka = options->topic || options->to_topic;
    if (kafka != (options->brokers != NULL) || (options->topic && options->from.count) ||
        options->kafka.count > KAFKA_PROPERTIES_MAX)
        return error_set(error, ERROR_INPUT,
                         "--brokers goes with --topic or --to-topic, and --topic not with --from");
    return check_fleet(options, error) && check_scores_only(options, error) &&
           check_words(options, error);
}

/* The rest is for live traffic. */
static int64_t part_of_limit(int64_t a_day, double left_percent)
{
    return a_day < 0 ? a_day : (int64_t)((double)a_day * (100 - left_percent) / 100);
}

static bool open_history(struct rerun *rerun, struct error *error)
{
    const struct rerun_options *options = rerun->options;
    const struct bucket_options buckets = {options->judge.region, options->judge.profile,
                                           options->s3_url};
    if (options->topic) {
        rerun->topic = (struct history_topic_config){
            .kafka = {.brokers = options->brokers,
                      .topic = options->topic,
                      .group = "assay-rerun",
                      .properties = options->kafka.values,
                      .property_count = options->kafka.count},
            .selection = &rerun->selection,
            .ranges = rerun->ranges,
            .range_count = rerun->range_count};
        rerun->history = history_topic_open(&rerun->topic, error);
        return rerun->history != NULL;
    }
    if (options->from.count == 0) {
        rerun->history = history_store_open(options->live ? options->live : options->store,
                                            &rerun->selection, options->scores_only, error);
        return rerun->history != NULL;
    }
    if (!buckets_open(&rerun->buckets, &buckets, &options->from, error))
        return false;
    rerun->objects = (struct history_objects_config){
        .from = options->from.values,
        .from_count = options->from.count,
        .aws = &rerun->buckets.aws,
        .envelope = {.models = {options->model_of.values, options->model_of.count},
                     .components = {options->component_of.values, options->component_of.count}},
        .selection = &rerun->selection};
    rerun->history = history_objects_open(&rerun->objects, error);
    return rerun->history != NULL;
}

static bool open_all(struct rerun *rerun, struct error *error)
{
    return open_history(rerun, error) &&
           redaction_open(&rerun->redaction, rerun->redaction.policy, error);
}

/* All of a group must meet in one shard. */
static bool check_groups(const struct rubric_set *set, struct error *error)
{
    return !groups_are_compared(set) ||
           error_set(error, ERROR_INPUT,
                     "the rubric compares responses of a group, which must meet in one place: "
                     "leave --to-topic out");
}

bool rerun_open(struct rerun *rerun, const struct rerun_options *options,
                volatile sig_atomic_t *stop, int *out_exit_code)
{
    struct error error = {0};
    *rerun = (struct rerun){.options = options, .judge = options->judge, .stop = stop};
    pthread_mutex_init(&rerun->lock, NULL);
    rerun->judge.calls_a_day = part_of_limit(options->judge.calls_a_day, options->leave_for_live);
    rerun->judge.tokens_a_day = part_of_limit(options->judge.tokens_a_day, options->leave_for_live);
    rerun->calls_left = options->judge_calls;
    *out_exit_code = EXIT_USAGE;
    bool fine = check(rerun, &error) && read_selection(rerun, &error);
    if (fine) {
        if (!plugins_start(options->command, &options->evaluators))
            return false;
        rerun->set = rubric_list_load_part(options->command, &options->rubrics, &options->criteria,
                                           &rerun->judge.who);
        if (!rerun->set)
            return false;
        fine = (!options->scores_only || rerun_check_replay(rerun->set, &error)) &&
               (!options->to_topic || check_groups(rerun->set, &error));
    }
    if (fine) {
        *out_exit_code = EXIT_COULD_NOT;
        fine = open_all(rerun, &error);
    }
    if (!fine)
        fprintf(stderr, "%s: %s\n", options->command, error.text);
    return fine;
}

void rerun_clear(struct rerun *rerun)
{
    history_close(rerun->history);
    buckets_close(&rerun->buckets);
    redaction_close(&rerun->redaction);
    rubric_set_release(rerun->set);
    arg_words_clear(&rerun->models);
    arg_words_clear(&rerun->endpoints);
    arg_words_clear(&rerun->strata);
    arg_words_clear(&rerun->segment_keys);
    problems_clear(&rerun->problems);
    problems_clear(&rerun->notes);
    json_decref(rerun->description);
    free(rerun->ranges);
    free(rerun->done);
    pthread_mutex_destroy(&rerun->lock);
}
