/* batch: capture records scored in order, many questions in flight. */
#include "worker/eval/batch.h"

#include <stdlib.h>
#include "evaluators/registry.h"
#include "schema/base/buffer.h"
#include "schema/base/memory.h"

enum { BUFFER_KEPT_BYTES = 1 << 20, WAIT_MS_MAX = 200 };

/* One line on its way. Slots form a ring in input order; a slot does not move while it is used. */
struct slot {
    struct work *work;
    struct buffer record;
    struct evaluation evaluation;
    const char *file, *invalid;
    int64_t line;
    bool ready, unwanted;
};

struct work {
    const struct batch *batch;
    bool deliveries; /* as of the input */
    struct scratch *scratch;
    struct slot slots[BATCH_IN_FLIGHT_MAX];
    size_t first, count;               /* of the ring */
    size_t bytes_in_flight;            /* of records in the ring */
    bool refused;                      /* `done` said no: it is not called again */
};

/* ---- one sample ---- */

static void advance(struct slot *slot);

static void answered(void *owner, struct question *question)
{
    struct slot *slot = owner;
    judge_answered(slot->work->batch->judge, question);
    if (--slot->evaluation.unanswered == 0)
        advance(slot);
}

static void ask(struct slot *slot, struct question *question)
{
    const struct batch *batch = slot->work->batch;
    if (!batch->judge) {
        question_refuse(question);
        slot->evaluation.unanswered--;
        return;
    }
    judge_ask(batch->judge, question, &slot->evaluation.arena, answered, slot);
}

/* Round after round, until answers are waited for or nothing more is asked. */
static void advance(struct slot *slot)
{
    while (slot->evaluation.unanswered == 0 && !slot->ready) {
        size_t count;
        struct question **questions =
            evaluation_ask(&slot->evaluation, slot->work->scratch, &count);
        for (size_t i = 0; i < count; i++)
            ask(slot, questions[i]);
        if (count)
            continue;
        evaluation_finish(&slot->evaluation, slot->work->scratch);
        slot->ready = true;
    }
}

static struct str default_id(struct slot *slot)
{
    const char *slash = strrchr(slot->file, '/');
    const char *name = strcmp(slot->file, "-") == 0 ? "stdin" : slash ? slash + 1 : slot->file;
    if (slot->work->deliveries)
        return str_of(arena_printf(&slot->evaluation.arena, "%s/%lld", slot->file,
                                   (long long)slot->line));
    return str_of(
        arena_printf(&slot->evaluation.arena, "%.200s:%lld", name, (long long)slot->line));
}

static void start(struct slot *slot, bool too_long)
{
    slot->invalid = too_long ? "too_long" : NULL;
    slot->ready = too_long;
    if (too_long)
        return;
    evaluation_start(&slot->evaluation, slot->work->batch->set, buffer_str(&slot->record),
                     default_id(slot));
    if (slot->evaluation.state == TERMINAL_INVALID)
        slot->invalid = slot->evaluation.reason;
    const struct batch *batch = slot->work->batch;
    slot->unwanted = !slot->invalid && batch->begin &&
                     !batch->begin(batch->owner, &slot->evaluation, &slot->record);
    if (slot->unwanted)
        slot->ready = true;
    else
        advance(slot);
}

static void end(struct slot *slot)
{
    evaluation_clear(&slot->evaluation);
    if (slot->record.room > BUFFER_KEPT_BYTES)
        buffer_clear(&slot->record);
    slot->ready = slot->unwanted = false;
}

/* ---- the ring ---- */

static bool has_room(const struct work *work)
{
    return work->count < BATCH_IN_FLIGHT_MAX && work->bytes_in_flight < BATCH_BYTES_IN_FLIGHT_MAX;
}

/* Hands out what is ready at the front. */
static bool drain(struct work *work, struct error *error)
{
    while (!work->refused && work->count && work->slots[work->first].ready) {
        struct slot *slot = &work->slots[work->first];
        struct batch_line line = {.file = slot->file,
                                  .line = slot->line,
                                  .invalid = slot->invalid,
                                  .unwanted = slot->unwanted,
                                  .evaluation = slot->invalid ? NULL : &slot->evaluation};
        work->refused = !work->batch->done(work->batch->owner, &line, error);
        work->bytes_in_flight -= slot->record.size;
        end(slot);
        work->first = (work->first + 1) % BATCH_IN_FLIGHT_MAX;
        work->count--;
    }
    return !work->refused;
}

/* Lets answers come in; waits for them a moment when `idle`. */
static void turn(const struct work *work, bool idle)
{
    if (work->batch->judge)
        judge_turn(work->batch->judge, idle ? WAIT_MS_MAX : 0);
    if (work->batch->turn)
        work->batch->turn(work->batch->owner);
}

static bool stopped(const struct work *work)
{
    return work->batch->stop && *work->batch->stop;
}

/* Until there is room for `room_for_one`, or until nothing is in flight. */
static bool settle(struct work *work, bool room_for_one, struct error *error)
{
    turn(work, false);
    if (!drain(work, error))
        return false;
    while (!stopped(work) && work->count && !(room_for_one && has_room(work))) {
        turn(work, true);
        if (!drain(work, error))
            return false;
    }
    return true;
}

/* ---- the input ---- */

static void take(struct work *work, const char *file, int64_t line, bool too_long)
{
    struct slot *slot = &work->slots[(work->first + work->count++) % BATCH_IN_FLIGHT_MAX];
    slot->work = work;
    slot->file = file;
    slot->line = line;
    work->bytes_in_flight += slot->record.size;
    start(slot, too_long);
}

static bool run_records(struct work *work, const struct batch_input *input, struct error *error)
{
    while (!stopped(work)) {
        struct slot *slot = &work->slots[(work->first + work->count) % BATCH_IN_FLIGHT_MAX];
        const char *file = "";
        int64_t line = 0;
        enum lines_status status = input->next(input->owner, &slot->record, &file, &line, error);
        if (status == LINES_FAILED)
            return stopped(work); /* a signal ends a read from a pipe: no failure */
        if (status == LINES_END)
            return true;
        take(work, file, line, status == LINES_TOO_LONG);
        if (!settle(work, true, error))
            return false;
    }
    return true;
}

static void work_free(struct work *work)
{
    for (size_t i = 0; i < BATCH_IN_FLIGHT_MAX; i++) {
        struct slot *slot = &work->slots[i];
        if (work->batch->judge && slot->evaluation.unanswered)
            judge_cancel(work->batch->judge, slot);
        evaluation_clear(&slot->evaluation);
        arena_clear(&slot->evaluation.arena);
        buffer_clear(&slot->record);
    }
    scratch_free(work->scratch);
    free(work);
}

bool batch_run_input(const struct batch *batch, const struct batch_input *input,
                     struct error *error)
{
    struct work *work = memory_new(1, sizeof *work);
    work->batch = batch;
    work->deliveries = input->deliveries;
    work->scratch = scratch_new();
    bool fine = run_records(work, input, error);
    /* Also after a failure: what was read before it counts. */
    struct error later = {0};
    if (!settle(work, false, &later) && fine) {
        *error = later;
        fine = false;
    }
    work_free(work);
    return fine;
}
