/* rerun_estimate: what a rerun would do and cost, from a few of its records. */
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/eval/batch.h"
#include "worker/rerun/rerun.h"
#include "worker/store/answers.h"

/* So many places of the plan are looked at, evenly spread, so many records at each. */
enum { PLACES = 20, RECORDS_AT_A_PLACE = 100, BYTES_A_TOKEN = 4 /* English, about */ };

static const double CALL_SECONDS = 1; /* assumed of a call of the judge */

struct estimator {
    struct rerun *rerun;
    struct answers *answers; /* NULL: no judge is named */
    struct chunk chunk;
    struct arena arena;
    size_t next_record, place;
    int64_t total; /* positions of all parts */
    /* What was seen: */
    int64_t looked_at, wanted, invalid, masked, skipped[RECORD_SKIPS];
    int64_t questions, remembered, input_tokens, output_tokens; /* tokens of the others */
};

/* ---- places ---- */

static int64_t positions_of(const struct history *history)
{
    int64_t total = 0;
    for (size_t i = 0; i < history->part_count; i++)
        total += history->parts[i].to - history->parts[i].from;
    return total;
}

/* The part of this place of all, and where in it. */
static size_t find_place(const struct history *history, int64_t place, int64_t *out_position)
{
    size_t at = 0;
    for (; at + 1 < history->part_count; at++) {
        int64_t size = history->parts[at].to - history->parts[at].from;
        if (place < size)
            break;
        place -= size;
    }
    *out_position = history->parts[at].from + place;
    return at;
}

/* Places of the plan, ascending; two of them may be one. */
struct place {
    size_t part;
    int64_t from, to;
};

static size_t choose_places(struct estimator *estimator, struct place out[PLACES])
{
    struct history *history = estimator->rerun->history;
    int64_t total = positions_of(history);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < PLACES && total > 0; i++) {
        int64_t position;
        size_t part = find_place(history, total * (int64_t)i / PLACES, &position);
        const struct place *before = count ? &out[count - 1] : NULL;
        if (before && before->part == part && position < before->to)
            position = before->to;
        int64_t end = history->parts[part].to;
        if (position < end)
            out[count++] = (struct place){
                part, position,
                end - position < RECORDS_AT_A_PLACE ? end : position + RECORDS_AT_A_PLACE};
    }
    for (size_t i = 0; i < history->part_count; i++) { /* others will not be opened */
        while (at < count && out[at].part < i)
            at++;
        if (at == count || out[at].part != i)
            history->parts[i].from = history->parts[i].to;
    }
    return count;
}

/* ---- records ---- */

struct reading {
    struct estimator *estimator;
    struct place places[PLACES];
    size_t place_count, place;
    const struct history_record *record;
};

static enum chunk_next read_place(struct reading *reading, struct error *error)
{
    struct estimator *estimator = reading->estimator;
    const struct history *history = estimator->rerun->history;
    if (reading->place == reading->place_count)
        return CHUNK_NONE;
    const struct place *place = &reading->places[reading->place++];
    estimator->next_record = 0;
    chunk_clear(&estimator->chunk);
    if (!history->kind->read(history->state, place->part, place->from, place->to,
                             &estimator->chunk, error))
        return CHUNK_FAILED;
    estimator->looked_at += (int64_t)estimator->chunk.count;
    for (size_t i = 0; i < RECORD_SKIPS; i++) {
        estimator->skipped[i] += estimator->chunk.skipped[i];
        estimator->looked_at += estimator->chunk.skipped[i];
    }
    return CHUNK_READ;
}

static enum lines_status next_record(void *owner, struct buffer *into, const char **out_file,
                                     int64_t *out_line, struct error *error)
{
    struct reading *reading = owner;
    struct estimator *estimator = reading->estimator;
    const struct history *history = estimator->rerun->history;
    const struct chunk *chunk = &estimator->chunk;
    while (estimator->next_record == chunk->count) {
        enum chunk_next next = *estimator->rerun->stop ? CHUNK_NONE : read_place(reading, error);
        if (next != CHUNK_READ)
            return next == CHUNK_NONE ? LINES_END : LINES_FAILED;
    }
    reading->record = &chunk->records[estimator->next_record++];
    *out_file = history->parts[chunk->part].topic;
    *out_line = reading->record->position + 1;
    arena_reset(&estimator->arena);
    bool whole = !reading->record->too_long &&
                 history->kind->record(history->state, chunk, reading->record, &estimator->arena,
                                       into);
    return whole ? LINES_READ : LINES_TOO_LONG;
}

static bool begin_record(void *owner, struct evaluation *evaluation, const struct buffer *bytes)
{
    struct reading *reading = owner;
    return rerun_wants(reading->estimator->rerun, reading->record, bytes, &evaluation->sample);
}

static int64_t bytes_of(const struct question *question)
{
    int64_t bytes = (int64_t)question->body.size;
    for (size_t i = 0; i < question->message_count; i++)
        for (size_t j = 0; j < question->messages[i].part_count; j++)
            bytes += (int64_t)question->messages[i].parts[j].text.size;
    return bytes;
}

static void add_question(struct estimator *estimator, const struct question *question,
                         struct arena *arena)
{
    uint8_t key[SHA256_BYTES];
    struct question known = *question;
    question_answer_key(question, &estimator->rerun->judge.who, key);
    if (answers_find(estimator->answers, key, &known, arena)) {
        estimator->remembered++;
        return;
    }
    estimator->questions++;
    estimator->input_tokens += bytes_of(question) / BYTES_A_TOKEN;
    estimator->output_tokens += question->max_tokens;
}

static bool line_done(void *owner, const struct batch_line *line, struct error *error)
{
    struct estimator *estimator = ((struct reading *)owner)->estimator;
    (void)error;
    if (line->unwanted)
        estimator->skipped[SKIP_FILTERED]++;
    else if (line->invalid)
        estimator->invalid++;
    if (line->unwanted || line->invalid)
        return true;
    estimator->wanted++;
    estimator->masked += line->evaluation->sample.masked;
    for (size_t i = 0; estimator->answers && i < line->evaluation->evaluated_count; i++) {
        const struct evaluated *one = &line->evaluation->evaluated[i];
        for (size_t c = 0; c < one->rubric->criterion_count; c++)
            for (const struct question *q = one->answered[c]; q; q = q->next)
                add_question(estimator, q, &line->evaluation->arena);
    }
    return true;
}

/* ---- the estimate ---- */

static bool look(struct estimator *estimator, struct error *error)
{
    struct rerun *rerun = estimator->rerun;
    const struct store_config config = {.dir = rerun->options->store, .text = TEXT_FULL};
    struct reading reading = {.estimator = estimator};
    const struct batch batch = {.set = rerun->set,
                                .stop = rerun->stop,
                                .begin = begin_record,
                                .done = line_done,
                                .owner = &reading};
    const struct batch_input input = {.next = next_record, .owner = &reading};
    if (judge_wanted(&rerun->judge) && !(estimator->answers = answers_open(&config, error)))
        return false;
    reading.place_count = choose_places(estimator, reading.places);
    bool fine = batch_run_input(&batch, &input, error);
    answers_close(estimator->answers);
    return fine;
}

static json_t *estimate_json(const struct estimator *estimator, double seconds)
{
    const struct rerun *rerun = estimator->rerun;
    const struct rerun_options *options = rerun->options;
    double planned = (double)rerun->planned;
    double scale = estimator->looked_at ? planned / (double)estimator->looked_at : 0;
    double calls = scale * (double)estimator->questions;
    double input = scale * (double)estimator->input_tokens;
    double output = scale * (double)estimator->output_tokens;
    double waiting = calls * CALL_SECONDS / (double)options->judge.in_flight;
    json_t *skipped = json_object();
    for (int i = 0; i < RECORD_SKIPS; i++)
        json_object_set_new(
            skipped, record_skip_name((enum record_skip)i),
            json_integer((json_int_t)(scale * (double)(estimator->skipped[i] +
                                      (i == SKIP_INVALID ? estimator->invalid : 0)) + .5)));
    return json_pack(
        "{s:I, s:I, s:I, s:o, s:I, s:{s:I, s:I, s:I, s:I, s:f}, s:f, s:O, s:O}", "planned",
        (json_int_t)rerun->planned, "looked_at", (json_int_t)estimator->looked_at, "scored",
        (json_int_t)(scale * (double)estimator->wanted + .5), "skipped", skipped, "masked",
        (json_int_t)(scale * (double)estimator->masked + .5), "judge", "calls",
        (json_int_t)(calls + .5), "remembered",
        (json_int_t)(scale * (double)estimator->remembered + .5), "input_tokens",
        (json_int_t)(input + .5), "output_tokens_most", (json_int_t)(output + .5), "cost_most",
        (input * options->price_input + output * options->price_output) / 1e6, "seconds",
        scale * seconds + waiting, "asked", json_object_get(rerun->description, "asked"),
        "problems", json_object_get(json_object_get(rerun->description, "plan"), "problems"));
}

json_t *rerun_estimate(struct rerun *rerun, struct error *error)
{
    struct estimator estimator = {.rerun = rerun};
    int64_t start_us = clock_steady_us();
    bool fine = look(&estimator, error);
    double seconds = (double)(clock_steady_us() - start_us) / 1e6;
    buffer_clear(&estimator.chunk.bytes);
    arena_clear(&estimator.arena);
    return fine ? estimate_json(&estimator, seconds) : NULL;
}
