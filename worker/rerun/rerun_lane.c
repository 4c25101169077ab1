/* rerun_lane: one thread of a rerun: takes chunks, scores their records, writes what came out. */
#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"
#include "worker/eval/batch.h"
#include "worker/lane/groups.h"
#include "worker/rerun/rerun.h"
#include "worker/store/runs.h"

/* What records of a chunk came to. These, and those passed over, add up to its records. */
enum outcome { SCORED, UNMATCHED, INVALID, OUTCOMES };
static const char *const OUTCOME_NAMES[OUTCOMES] = {"scored", "unmatched", "invalid"};

struct rerun_lane {
    struct rerun *rerun;
    struct store *store;
    struct masker masker;
    struct store_config answers_config;
    struct answers *answers;
    struct judge *judge;
    struct arena arena;         /* of the record that is made */
    struct chunk *first, *last; /* taken and not yet written, in their order */
    struct chunk *spare;
    size_t next_record;                  /* of the last chunk: to be handed out */
    const struct history_record *record; /* that was handed out last */
    size_t recorded;            /* of the first chunk */
    /* Of it and those that it continues: */
    bool open; /* a transaction */
    int64_t opened_at; /* the first position */
    struct tenure tenure;
    int64_t outcomes[OUTCOMES], skipped[RECORD_SKIPS], filtered, masked;
    struct judge_counts told; /* what was written of the judge's counts */
};

/* ---- the first chunk is written ---- */

static bool open_chunk(struct rerun_lane *lane, struct error *error)
{
    const struct chunk *chunk = lane->first;
    const struct history_part *part =
        chunk->place ? chunk->place : &lane->rerun->history->parts[chunk->part];
    int64_t source =
        store_source(lane->store, part->topic, part->incarnation, part->partition);
    if (!store_run_tenure(lane->store, source, &lane->tenure, error))
        return false;
    memset(lane->outcomes, 0, sizeof lane->outcomes);
    memset(lane->skipped, 0, sizeof lane->skipped);
    lane->opened_at = chunk->first;
    lane->filtered = lane->masked = 0;
    store_begin(lane->store);
    lane->open = true;
    return true;
}

static void append_count(struct buffer *json, const char *name, int64_t count)
{
    if (count)
        buffer_printf(json, "%s\"%s\":%lld", json->size > 1 ? "," : "", name, (long long)count);
}

/* What the judge cost since the last chunk; what a kill interrupts is not counted. */
static void append_judge(struct rerun_lane *lane, struct buffer *json)
{
    if (!lane->judge)
        return;
    struct judge_counts now = judge_counts(lane->judge);
    append_count(json, RUN_JUDGE_CALLS, now.calls - lane->told.calls);
    append_count(json, RUN_REMEMBERED, now.remembered - lane->told.remembered);
    lane->told = now;
}

static void append_problem(const struct chunk *chunk, struct buffer *json)
{
    if (!chunk->problem[0])
        return;
    buffer_printf(json, "%s\"%s\":", json->size > 1 ? "," : "", RUN_PROBLEM);
    buffer_append_json(json, str_of(chunk->problem));
}

static void write_outcomes(struct rerun_lane *lane, struct buffer *json)
{
    lane->outcomes[INVALID] += lane->skipped[SKIP_INVALID];
    lane->skipped[SKIP_INVALID] = 0;
    lane->skipped[SKIP_FILTERED] += lane->filtered;
    buffer_append(json, "{", 1);
    for (size_t i = 0; i < OUTCOMES; i++)
        append_count(json, OUTCOME_NAMES[i], lane->outcomes[i]);
    for (size_t i = 0; i < RECORD_SKIPS; i++)
        append_count(json, record_skip_name((enum record_skip)i), lane->skipped[i]);
    append_count(json, RUN_MASKED, lane->masked);
    append_judge(lane, json);
    append_problem(lane->first, json);
    buffer_append(json, "}", 1);
}

static int64_t records_of(const struct chunk *chunk)
{
    int64_t records = (int64_t)chunk->count;
    for (size_t i = 0; i < RECORD_SKIPS; i++)
        records += chunk->skipped[i];
    return records;
}

/* Takes the first chunk off. */
static void drop_first(struct rerun_lane *lane)
{
    struct chunk *chunk = lane->first;
    lane->rerun->finished += records_of(chunk);
    lane->recorded = 0;
    lane->first = chunk->next;
    if (!lane->first)
        lane->last = NULL;
    chunk->next = lane->spare;
    lane->spare = chunk;
}

static bool write_chunk(struct rerun_lane *lane, struct error *error)
{
    const struct rerun_tasks *tasks = lane->rerun->tasks;
    struct buffer outcomes = {0};
    write_outcomes(lane, &outcomes);
    store_chunk(lane->store, &lane->tenure, lane->opened_at, lane->first->end, outcomes.data);
    buffer_clear(&outcomes);
    if (tasks)
        store_run_note(lane->store);
    lane->open = false;
    if (!store_commit(lane->store, error))
        return false;
    if (tasks)
        tasks->written(tasks->owner, lane->first->task);
    return true;
}

static bool close_chunk(struct rerun_lane *lane, struct error *error)
{
    for (size_t i = 0; i < RECORD_SKIPS; i++)
        lane->skipped[i] += lane->first->skipped[i];
    if (!lane->first->continued && !write_chunk(lane, error))
        return false;
    drop_first(lane);
    return true;
}

/* Writes chunks whose records are all recorded: those in which there are none, too. */
static bool write_done(struct rerun_lane *lane, struct error *error)
{
    while (lane->first) {
        if (!lane->open && !open_chunk(lane, error))
            return false;
        if (lane->recorded < lane->first->count)
            return true;
        if (!close_chunk(lane, error))
            return false;
    }
    return true;
}

/* ---- records come in ---- */

static struct chunk *empty_chunk(struct rerun_lane *lane)
{
    struct chunk *chunk = lane->spare;
    if (!chunk)
        return memory_new(1, sizeof *chunk);
    lane->spare = chunk->next;
    chunk_clear(chunk);
    return chunk;
}

static void chunks_free(struct chunk *chunk)
{
    for (struct chunk *next; chunk; chunk = next) {
        next = chunk->next;
        buffer_clear(&chunk->bytes);
        free(chunk);
    }
}

static enum chunk_next take_chunk(struct rerun_lane *lane, struct error *error)
{
    struct chunk *chunk = empty_chunk(lane);
    enum chunk_next next = rerun_next_chunk(lane->rerun, chunk, error);
    if (next != CHUNK_READ) {
        chunks_free(chunk);
        return next;
    }
    lane->next_record = 0;
    if (lane->last)
        lane->last->next = chunk;
    else
        lane->first = chunk;
    lane->last = chunk;
    return write_done(lane, error) ? CHUNK_READ : CHUNK_FAILED;
}

static enum lines_status next_record(void *owner, struct buffer *into, const char **out_file,
                                     int64_t *out_line, struct error *error)
{
    struct rerun_lane *lane = owner;
    const struct history *history = lane->rerun->history;
    while (!lane->last || lane->next_record == lane->last->count) {
        enum chunk_next next = *lane->rerun->stop ? CHUNK_NONE : take_chunk(lane, error);
        if (next != CHUNK_READ)
            return next == CHUNK_NONE ? LINES_END : LINES_FAILED;
    }
    const struct history_record *record = &lane->last->records[lane->next_record++];
    lane->record = record;
    const struct history_part *part = &history->parts[lane->last->part];
    *out_file = part->name ? part->name : part->topic;
    *out_line = record->position + !history->kind->deliveries; /* lines are counted from 1 */
    arena_reset(&lane->arena);
    bool whole = !record->too_long && history->kind->record(history->state, lane->last, record,
                                                            &lane->arena, into);
    return whole ? LINES_READ : LINES_TOO_LONG;
}

static bool begin_record(void *owner, struct evaluation *evaluation, const struct buffer *bytes)
{
    struct rerun_lane *lane = owner;
    return rerun_wants(lane->rerun, lane->record, bytes, &evaluation->sample);
}

/* ---- records are scored ---- */

static const char BUDGET_GONE[] =
    "no more calls of the judge may be made (--judge-calls, or the limits of the day): what is "
    "done stays; the same command goes on from there";

/* Nothing is written of a sample that the budget left half scored: the run goes on another day. */
static bool within_budget(const struct evaluation *evaluation, struct error *error)
{
    for (size_t i = 0; i < evaluation->evaluated_count; i++) {
        const struct evaluated *one = &evaluation->evaluated[i];
        for (size_t c = 0; c < one->rubric->criterion_count; c++)
            for (const struct question *q = one->answered[c]; q; q = q->next)
                if (q->status == ANSWER_SKIPPED && strcmp(q->failure, "budget") == 0)
                    return error_set(error, ERROR_TRANSIENT, "%s", BUDGET_GONE);
    }
    return true;
}

static enum outcome outcome_of(const struct batch_line *line)
{
    if (line->invalid)
        return INVALID;
    return line->evaluation->state == TERMINAL_UNMATCHED ? UNMATCHED : SCORED;
}

static void write_record(struct rerun_lane *lane, const struct batch_line *line)
{
    int64_t position = lane->first->records[lane->recorded].position;
    if (!line->invalid) {
        const struct group_place place = {.source = lane->tenure.source, .offset = position};
        groups_settle(lane->store, line->evaluation, &place);
        lane->masked += line->evaluation->sample.masked;
    }
    struct delivery delivery = batch_delivery(line, lane->store, &lane->tenure, position);
    store_record(lane->store, &delivery);
    lane->outcomes[outcome_of(line)]++;
}

static bool line_done(void *owner, const struct batch_line *line, struct error *error)
{
    struct rerun_lane *lane = owner;
    if (line->evaluation && !within_budget(line->evaluation, error))
        return false;
    if (line->unwanted)
        lane->filtered++;
    else
        write_record(lane, line);
    lane->recorded++;
    return write_done(lane, error);
}

/* Nothing is asked and nothing is scored, so records are done one by one. */
static bool replay_all(struct rerun_lane *lane, struct error *error)
{
    struct evaluation evaluation = {0};
    struct buffer record = {0};
    enum lines_status status;
    bool fine = true;
    do {
        struct batch_line line = {.evaluation = &evaluation};
        status = next_record(lane, &record, &line.file, &line.line, error);
        if (status != LINES_READ)
            break;
        if (!rerun_replay(lane->rerun, buffer_str(&record), &evaluation))
            line = (struct batch_line){.file = line.file, .line = line.line, .invalid = "damaged"};
        fine = line_done(lane, &line, error);
        evaluation_clear(&evaluation);
    } while (fine);
    buffer_clear(&record);
    arena_clear(&evaluation.arena);
    return fine && status != LINES_FAILED;
}

static void turn(void *owner)
{
    const struct rerun_tasks *tasks = ((struct rerun_lane *)owner)->rerun->tasks;
    if (tasks)
        tasks->turn(tasks->owner);
}

bool rerun_lane_run(struct rerun_lane *lane, struct error *error)
{
    if (lane->rerun->options->scores_only)
        return replay_all(lane, error);
    const struct batch batch = {.set = lane->rerun->set,
                                .judge = lane->judge,
                                .stop = lane->rerun->stop,
                                .turn = turn,
                                .begin = begin_record,
                                .done = line_done,
                                .owner = lane};
    const struct batch_input input = {.next = next_record,
                                      .owner = lane,
                                      .deliveries = lane->rerun->history->kind->deliveries};
    return batch_run_input(&batch, &input, error) &&
           (!lane->judge || judge_fine(lane->judge, error));
}

/* ---- life ---- */

static bool open_judge(struct rerun_lane *lane, struct error *error)
{
    struct rerun *rerun = lane->rerun;
    const struct rerun_options *options = rerun->options;
    if (!judge_wanted(&rerun->judge) || options->scores_only)
        return true;
    lane->answers_config = (struct store_config){.dir = options->store,
                                                 .text = rerun->redaction.policy,
                                                 .mask = masker_mask,
                                                 .mask_owner = &lane->masker};
    lane->answers = answers_open(&lane->answers_config, error);
    lane->judge = lane->answers ? judge_open(&rerun->judge, options->store, error) : NULL;
    if (!lane->judge)
        return false;
    judge_remember(lane->judge, lane->answers);
    if (options->judge_calls >= 0)
        judge_cap(lane->judge, &rerun->calls_left);
    return true;
}

struct rerun_lane *rerun_lane_new(struct rerun *rerun, struct error *error)
{
    struct rerun_lane *lane = memory_new(1, sizeof *lane);
    lane->rerun = rerun;
    lane->masker = masker_make(&rerun->redaction);
    lane->store = store_take(
        &(struct store_config){.dir = rerun->options->store,
                               .run = rerun->options->name,
                               .segment_keys = (const char *const *)rerun->segment_keys.words,
                               .segment_key_count = rerun->segment_keys.count,
                               .unpublished = true},
        error);
    if (lane->store && open_judge(lane, error))
        return lane;
    rerun_lane_free(lane);
    return NULL;
}

struct store *rerun_lane_store(struct rerun_lane *lane)
{
    return lane->store;
}

void rerun_lane_free(struct rerun_lane *lane)
{
    if (!lane)
        return;
    judge_close(lane->judge);
    answers_close(lane->answers);
    store_close(lane->store);
    masker_clear(&lane->masker);
    chunks_free(lane->first);
    chunks_free(lane->spare);
    arena_clear(&lane->arena);
    free(lane);
}
