/* fleet_run: the run that a worker of a fleet is doing chunks of, as the first of them names it. */
#include "worker/rerun/fleet_run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/store/runs.h"
#include "worker/store/store.h"

struct fleet_run {
    json_t *document; /* whose texts the options borrow */
    const char *plan;
    struct rerun_options options;
    struct rerun rerun;
    struct rerun_lane *lane;
    int lock; /* the run cannot be deleted meanwhile */
    bool opened;
};

/* ---- what was asked for ---- */

static bool take_list(const json_t *words, struct arg_list *out)
{
    size_t i;
    const json_t *word;
    out->values = memory_new(json_array_size(words) + 1, sizeof *out->values);
    json_array_foreach(words, i, word)
        if (json_is_string(word))
            out->values[out->count++] = json_string_value(word);
    return json_is_array(words) && out->count == json_array_size(words);
}

static bool take_lists(const struct chunk_message *message, struct rerun_options *out)
{
    const struct {
        const char *key;
        struct arg_list *list;
    } lists[] = {
        {"from", &out->from},         {"models", &out->models},
        {"endpoints", &out->endpoints}, {"strata", &out->strata},
        {"where", &out->where},       {"model_of", &out->model_of},
        {"component_of", &out->component_of}, {"segment_by", &out->segment_by},
    };
    bool fine = take_list(message->criteria, &out->criteria);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        fine = take_list(json_object_get(message->asked, lists[i].key), lists[i].list) && fine;
    return fine;
}

/* As the command that planned it was told, and as this worker was. */
static bool take_options(struct fleet_run *run, const struct chunk_message *message,
                         const struct run_options *worker, struct error *error)
{
    const char *topic = json_string_value(json_object_get(message->asked, "topic"));
    run->options = (struct rerun_options){
        .command = "assay run",
        .store = worker->store,
        .live = message->store,
        .name = message->run,
        .text = message->text,
        .topic = topic,
        .brokers = topic ? worker->brokers : NULL,
        .kafka = worker->kafka,
        .rubrics = worker->rubrics,
        .scores_only = json_is_true(json_object_get(message->asked, "scores_only")),
        .judge = worker->judge,
        .judge_calls = -1,
        .leave_for_live = message->leave_for_live,
    };
    return take_lists(message, &run->options) ||
           error_set(error, ERROR_FATAL, "run %s: its chunks are damaged: plan it again",
                     message->run);
}

static void options_clear(struct rerun_options *options)
{
    struct arg_list *const lists[] = {
        &options->criteria, &options->from,     &options->models,       &options->endpoints,
        &options->strata,   &options->where,    &options->model_of,     &options->component_of,
        &options->segment_by};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        free(lists[i]->values);
}

/* ---- is it the same here? ---- */

static bool check_same(const struct fleet_run *run, const struct chunk_message *message,
                       struct error *error)
{
    json_t *here = rerun_asked(&run->rerun);
    const char *differs = NULL;
    if (!json_equal(json_object_get(here, "rubrics"), json_object_get(message->asked, "rubrics")))
        differs = "rubrics: --rubric must name the same, unchanged";
    else if (!json_equal(json_object_get(here, "judge"), json_object_get(message->asked, "judge")))
        differs = "a judge: --judge-endpoint, --judge-model and --judge-component must be the same";
    json_decref(here);
    return !differs || error_set(error, ERROR_FATAL,
                                 "run %s was planned with other %s as in `assay rerun --to-topic`",
                                 message->run, differs);
}

/* Of another plan by this name rows must not be mixed with these. */
static bool check_plan(const struct fleet_run *run, const json_t *description, struct error *error)
{
    const json_t *id = json_object_get(json_object_get(description, "plan"), "id");
    if (json_is_null(description) ||
        (json_is_string(id) && strcmp(json_string_value(id), run->plan) == 0))
        return true;
    return error_set(error, ERROR_FATAL,
                     "%s holds another run %s: delete it (assay runs delete), or plan this one by "
                     "another name",
                     run->options.store, run->options.name);
}

/* A store that did not plan the run knows of it what its chunks say. */
static bool keep_description(const struct fleet_run *run, const struct chunk_message *message,
                             struct error *error)
{
    json_t *description =
        json_pack("{s:O, s:{s:s, s:I, s:[I, I], s:[], s:[]}}", "asked", message->asked, "plan",
                  "id", message->plan, "planned", (json_int_t)message->planned, "window_ms",
                  (json_int_t)message->window_ms[0], (json_int_t)message->window_ms[1], "problems",
                  "parts");
    char *text = json_dumps(description, JSON_COMPACT | JSON_SORT_KEYS);
    bool fine = store_run_begin(rerun_lane_store(run->lane), text, error);
    free(text);
    json_decref(description);
    return fine;
}

static bool open_shard(struct fleet_run *run, const struct chunk_message *message,
                       struct error *error)
{
    run->lock = run_lock(run->options.store, run->options.name, true, error);
    json_t *then =
        run->lock >= 0 ? run_description(run->options.store, run->options.name, error) : NULL;
    bool known = json_is_object(then);
    bool fine = then && check_plan(run, then, error);
    json_decref(then);
    if (fine)
        run->lane = rerun_lane_new(&run->rerun, error);
    return run->lane && (known || keep_description(run, message, error));
}

/* ---- the history ---- */

/* Nothing of it is read until a chunk asks for it. */
static bool list_history(struct rerun *rerun, struct error *error)
{
    struct history *history = rerun->history;
    if (!history->kind->list(history->state, rerun->stop, &rerun->notes, error))
        return false;
    for (size_t i = 0; i < history->part_count; i++)
        history->parts[i].from = history->parts[i].to = 0;
    return true;
}

static bool open_all(struct fleet_run *run, const struct chunk_message *message,
                     const struct run_options *worker, const struct rerun_tasks *tasks,
                     volatile sig_atomic_t *stop, struct error *error)
{
    int exit_code;
    if (!take_options(run, message, worker, error))
        return false;
    run->opened = true;
    if (!rerun_open(&run->rerun, &run->options, stop, &exit_code))
        return error_set(error, ERROR_FATAL, "run %s cannot be done here", message->run);
    run->rerun.tasks = tasks;
    run->rerun.selection.from_ms = message->window_ms[0];
    run->rerun.selection.to_ms = message->window_ms[1];
    if (!check_same(run, message, error) || !open_shard(run, message, error))
        return false;
    return list_history(&run->rerun, error) ||
           error_prefix(error, "what run %s is about: ", message->run);
}

struct fleet_run *fleet_run_open(const struct chunk_message *message,
                                 const struct run_options *options,
                                 const struct rerun_tasks *tasks, volatile sig_atomic_t *stop,
                                 struct error *error)
{
    struct fleet_run *run = memory_new(1, sizeof *run);
    run->document = json_incref(message->document);
    run->plan = message->plan;
    run->lock = -1;
    if (open_all(run, message, options, tasks, stop, error))
        return run;
    error->kind = ERROR_FATAL;
    fleet_run_close(run);
    return NULL;
}

void fleet_run_close(struct fleet_run *run)
{
    if (!run)
        return;
    rerun_lane_free(run->lane);
    if (run->opened)
        rerun_clear(&run->rerun);
    if (run->lock >= 0)
        close(run->lock);
    options_clear(&run->options);
    json_decref(run->document);
    free(run);
}

bool fleet_run_is(const struct fleet_run *run, const struct chunk_message *message)
{
    return strcmp(run->plan, message->plan) == 0;
}

struct rerun *fleet_run_rerun(struct fleet_run *run)
{
    return &run->rerun;
}

struct rerun_lane *fleet_run_lane(struct fleet_run *run)
{
    return run->lane;
}
