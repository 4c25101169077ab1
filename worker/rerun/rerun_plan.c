/* rerun_plan: what a run is to do, fixed when it begins, and what of it is done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/hash.h"
#include "schema/base/memory.h"
#include "worker/rerun/rerun.h"
#include "worker/store/runs.h"

enum { PLAN_ID_BYTES = 16, CHUNK_RECORDS_ASKING = 50 };

/* ---- what was asked for ---- */

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

static json_t *list_json(const struct arg_list *list)
{
    return texts_json(list->values, list->count);
}

static json_t *words_json(const struct arg_words *words)
{
    return texts_json((const char *const *)words->words, words->count);
}

/* Criteria that ask models: what they say can differ from one call to the next. */
static json_t *asking_json(const struct rubric *rubric)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (rubric->criteria[i].evaluator->ask)
            json_array_append_new(list, json_string(rubric->criteria[i].name));
    return list;
}

static json_t *rubrics_json(const struct rubric_set *set)
{
    json_t *list = json_array();
    for (size_t i = 0; i < set->count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", set->rubrics[i]->name,
                                              "hash", set->rubrics[i]->hash, "asks_models",
                                              asking_json(set->rubrics[i])));
    return list;
}

json_t *rerun_asked(const struct rerun *rerun)
{
    const struct rerun_options *options = rerun->options;
    const struct judge_identity *who = &rerun->judge.who;
    json_t *asked = json_pack(
        "{s:s, s:b, s:s?, s:s?, s:s?, s:{s:s?, s:s?, s:s?}}", "source", rerun->history->kind->name,
        "scores_only", options->scores_only, "topic", options->topic, "to_topic",
        options->to_topic, "window", options->window,
        "judge", "endpoint", who->endpoint, "component", who->component, "model", who->model);
    const struct {
        const char *key;
        json_t *value;
    } lists[] = {
        {"from", list_json(&options->from)},         {"model_of", list_json(&options->model_of)},
        {"where", list_json(&options->where)},       {"strata", words_json(&rerun->strata)},
        {"rubrics", rubrics_json(rerun->set)},       {"models", words_json(&rerun->models)},
        {"endpoints", words_json(&rerun->endpoints)},
        {"component_of", list_json(&options->component_of)},
        {"segment_by", words_json(&rerun->segment_keys)},
        {"offsets", options->offsets.count ? list_json(&options->offsets) : json_null()},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        json_object_set_new(asked, lists[i].key, lists[i].value);
    return asked;
}

/* What an older program did not know was not asked for. */
static bool is_same(const json_t *then, const json_t *now)
{
    return then ? json_equal(then, now) : json_is_null(now);
}

/* A run keeps the question it began with: half of one and half of another would answer neither. */
static bool check_same(const char *name, const json_t *then, const json_t *now,
                       struct error *error)
{
    static const char *const options[][2] = {
        {"source", "--from"},
        {"scores_only", "--scores-only"},
        {"from", "--from"},
        {"topic", "--topic"},
        {"offsets", "--offsets"},
        {"to_topic", "--to-topic"},
        {"rubrics", "--rubric or --criteria"},
        {"model_of", "--model-of"},
        {"component_of", "--component-of"},
        {"models", "--model"},
        {"strata", "--stratum"},
        {"endpoints", "--endpoint"},
        {"where", "--where"},
        {"window", "--window"},
        {"judge", "the judge"},
        {"segment_by", "--segment-by"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (!is_same(json_object_get(then, options[i][0]), json_object_get(now, options[i][0])))
            return error_set(error, ERROR_INPUT,
                             "run %s began with another answer to %s: give this one another "
                             "--name, or ask as then (assay runs show %s)",
                             name, options[i][1], name);
    return true;
}

/* ---- parts ---- */

/* Tells this run from others that had its name. */
static json_t *id_json(void)
{
    uint8_t random[PLAN_ID_BYTES];
    char id[2 * PLAN_ID_BYTES + 1];
    hash_random(random, sizeof random);
    hash_hex(random, sizeof random, id);
    return json_string(id);
}

/* What a worker loses when it is killed is a chunk: answers of models are dear. */
static int64_t chunk_records(const struct rubric_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->rubrics[i]->criterion_count; j++)
            if (set->rubrics[i]->criteria[j].evaluator->ask)
                return CHUNK_RECORDS_ASKING;
    return CHUNK_RECORDS_MAX;
}

static json_t *plan_json(const struct rerun *rerun)
{
    json_t *parts = json_array(), *problems = json_array();
    json_int_t planned = 0;
    for (size_t i = 0; i < rerun->history->part_count; i++) {
        const struct history_part *part = &rerun->history->parts[i];
        planned += part->planned;
        json_array_append_new(
            parts, json_pack("{s:s, s:s, s:i, s:I, s:I, s:I}", "topic", part->topic, "incarnation",
                             part->incarnation, "partition", part->partition, "from",
                             (json_int_t)part->from, "to", (json_int_t)part->to, "planned",
                             (json_int_t)part->planned));
    }
    for (size_t i = 0; i < rerun->problems.count; i++)
        json_array_append_new(problems, json_string(rerun->problems.lines[i]));
    json_t *plan = json_pack("{s:I, s:[I, I], s:o, s:o}", "planned", planned, "window_ms",
                             (json_int_t)rerun->selection.from_ms,
                             (json_int_t)rerun->selection.to_ms, "problems", problems, "parts",
                             parts);
    if (rerun->options->to_topic)
        json_object_update_new(plan, json_pack("{s:o, s:I}", "id", id_json(), "chunk_records",
                                               (json_int_t)chunk_records(rerun->set)));
    return plan;
}

/* The window is that of then, also where it was told as a length. */
static void take_window(struct rerun *rerun, const json_t *plan)
{
    const json_t *window = json_object_get(plan, "window_ms");
    rerun->selection.from_ms = json_integer_value(json_array_get(window, 0));
    rerun->selection.to_ms = json_integer_value(json_array_get(window, 1));
}

/* What came to the history since is no part of the run; what left it is missed at the end. */
static void keep_to_plan(struct rerun *rerun, const json_t *plan)
{
    const json_t *one;
    size_t i;
    for (i = 0; i < rerun->history->part_count; i++)
        rerun->history->parts[i].from = rerun->history->parts[i].to = 0;
    json_array_foreach(json_object_get(plan, "parts"), i, one)
    {
        struct history_part *part = history_find_part(
            rerun->history, json_string_value(json_object_get(one, "topic")),
            json_string_value(json_object_get(one, "incarnation")),
            (int32_t)json_integer_value(json_object_get(one, "partition")));
        if (!part) {
            problems_add(&rerun->problems, "", "%s is gone, or another one, since it was planned",
                         json_string_value(json_object_get(one, "topic")));
            continue;
        }
        part->from = json_integer_value(json_object_get(one, "from"));
        part->to = json_integer_value(json_object_get(one, "to"));
    }
}

/* ---- what is done ---- */

static void add_done(void *owner, const char *topic, const char *incarnation, int32_t partition,
                     int64_t first, int64_t end)
{
    struct rerun *rerun = owner;
    const struct history_part *part =
        history_find_part(rerun->history, topic, incarnation, partition);
    if (!part)
        return;
    rerun->done = memory_resize(rerun->done, rerun->done_count + 1, sizeof *rerun->done);
    rerun->done[rerun->done_count++] =
        (struct done_range){(size_t)(part - rerun->history->parts), first, end};
}

static int by_place(const void *left, const void *right)
{
    const struct done_range *a = left, *b = right;
    if (a->part != b->part)
        return a->part < b->part ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

/* How far it was, and what it has paid for. */
static bool read_progress(struct rerun *rerun, struct error *error)
{
    json_t *summary = run_summary(&rerun->options->store, 1, rerun->options->name, error);
    if (!summary)
        return false;
    rerun->finished = json_integer_value(json_object_get(summary, "done"));
    rerun->complete = json_is_string(json_object_get(summary, "ended_at"));
    rerun->calls_left -= json_integer_value(
        json_object_get(json_object_get(summary, "judge"), "calls"));
    if (rerun->calls_left < 0)
        rerun->calls_left = 0;
    json_decref(summary);
    return true;
}

/* A part of which nothing is left will not be opened. */
static void leave_out_done(struct rerun *rerun)
{
    size_t at = 0;
    for (size_t i = 0; i < rerun->history->part_count; i++) {
        struct history_part *part = &rerun->history->parts[i];
        int64_t position = part->from;
        for (; at < rerun->done_count && rerun->done[at].part == i; at++)
            if (rerun->done[at].first <= position && rerun->done[at].end > position)
                position = rerun->done[at].end;
        if (position >= part->to)
            part->from = part->to;
    }
}

/* A place that is not there is no wrong question: FATAL. */
static bool list_parts(struct rerun *rerun, struct error *error)
{
    const struct history *history = rerun->history;
    if (history->kind->list(history->state, rerun->stop, &rerun->notes, error))
        return true;
    error->kind = error->kind == ERROR_INPUT ? ERROR_FATAL : error->kind;
    return false;
}

static bool go_on(struct rerun *rerun, const json_t *asked, struct error *error)
{
    const struct rerun_options *options = rerun->options;
    const json_t *plan = json_object_get(rerun->description, "plan");
    if (!check_same(options->name, json_object_get(rerun->description, "asked"), asked, error))
        return false;
    take_window(rerun, plan);
    if (options->to_topic) /* it is planned, and others do it */
        return read_progress(rerun, error);
    if (!list_parts(rerun, error))
        return false;
    keep_to_plan(rerun, plan);
    if (!run_each_chunk(options->store, options->name, add_done, rerun, error))
        return false;
    if (rerun->done_count)
        qsort(rerun->done, rerun->done_count, sizeof *rerun->done, by_place);
    leave_out_done(rerun);
    return read_progress(rerun, error);
}

static bool begin(struct rerun *rerun, json_t *asked, struct error *error)
{
    const struct history *history = rerun->history;
    if (!list_parts(rerun, error) ||
        !history->kind->count(history->state, rerun->stop, &rerun->problems, error))
        return false;
    rerun->description = json_pack("{s:O, s:o}", "asked", asked, "plan", plan_json(rerun));
    return true;
}

bool rerun_plan(struct rerun *rerun, struct error *error)
{
    const struct rerun_options *options = rerun->options;
    json_t *asked = rerun_asked(rerun);
    json_t *then = options->dry_run ? json_null()
                                    : run_description(options->store, options->name, error);
    bool fine = then != NULL;
    if (fine && json_is_object(then)) {
        rerun->description = then;
        rerun->resumed = true;
        fine = go_on(rerun, asked, error);
    } else if (fine) {
        fine = begin(rerun, asked, error);
    }
    json_decref(asked);
    if (fine)
        rerun->planned = json_integer_value(
            json_object_get(json_object_get(rerun->description, "plan"), "planned"));
    return fine;
}

/* ---- handing out ---- */

/* The first range of the part that ends beyond the position, or NULL. */
static const struct done_range *next_done(const struct rerun *rerun)
{
    size_t low = 0, high = rerun->done_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct done_range *one = &rerun->done[middle];
        if (one->part < rerun->part || (one->part == rerun->part && one->end <= rerun->position))
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < rerun->done_count && rerun->done[low].part == rerun->part;
    return found ? &rerun->done[low] : NULL;
}

/* Moves the cursor to what is not done; *out_to is where that ends. False: all is. */
static bool find_gap(struct rerun *rerun, int64_t *out_to)
{
    const struct history *history = rerun->history;
    for (; rerun->part < history->part_count; rerun->part++, rerun->position = -1) {
        const struct history_part *part = &history->parts[rerun->part];
        if (rerun->position < part->from)
            rerun->position = part->from;
        const struct done_range *done = next_done(rerun);
        while (done && done->first <= rerun->position) {
            rerun->position = done->end;
            done = next_done(rerun);
        }
        *out_to = done && done->first < part->to ? done->first : part->to;
        if (rerun->position < *out_to)
            return true;
    }
    return false;
}

/* The rest of a part that cannot be read is passed over: it stays undone, and is named. */
static void pass_over(struct rerun *rerun, struct error *error)
{
    problems_add(&rerun->problems, "", "%s", error->text);
    error_clear(error);
    rerun->part++;
    rerun->position = -1;
}

static enum chunk_next read_next(struct rerun *rerun, struct chunk *out, struct error *error)
{
    const struct history *history = rerun->history;
    int64_t to;
    while (find_gap(rerun, &to)) {
        if (history->kind->read(history->state, rerun->part, rerun->position, to, out, error)) {
            rerun->position = out->end;
            return CHUNK_READ;
        }
        if (error->kind != ERROR_INPUT)
            return CHUNK_FAILED;
        pass_over(rerun, error);
        chunk_clear(out);
    }
    return CHUNK_NONE;
}

enum chunk_next rerun_next_chunk(struct rerun *rerun, struct chunk *out, struct error *error)
{
    if (rerun->tasks)
        return rerun->tasks->next(rerun->tasks->owner, out, error);
    pthread_mutex_lock(&rerun->lock);
    enum chunk_next result = read_next(rerun, out, error);
    pthread_mutex_unlock(&rerun->lock);
    return result;
}
