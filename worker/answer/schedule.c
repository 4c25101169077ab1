/* schedule: things to be looked at again, earliest first (a binary heap that knows its members). */
#include "worker/answer/schedule.h"

#include <stdlib.h>
#include "schema/base/memory.h"

static void put(struct schedule *schedule, struct scheduled *one, size_t position)
{
    schedule->heap[position - 1] = one;
    one->position = position;
}

static void rise(struct schedule *schedule, struct scheduled *one)
{
    size_t at = one->position;
    while (at > 1 && schedule->heap[at / 2 - 1]->at_ms > one->at_ms) {
        put(schedule, schedule->heap[at / 2 - 1], at);
        at /= 2;
    }
    put(schedule, one, at);
}

static void sink(struct schedule *schedule, struct scheduled *one)
{
    size_t at = one->position;
    while (2 * at <= schedule->count) {
        size_t child = 2 * at;
        if (child < schedule->count &&
            schedule->heap[child]->at_ms < schedule->heap[child - 1]->at_ms)
            child++;
        if (schedule->heap[child - 1]->at_ms >= one->at_ms)
            break;
        put(schedule, schedule->heap[child - 1], at);
        at = child;
    }
    put(schedule, one, at);
}

void schedule_set(struct schedule *schedule, struct scheduled *one, int64_t at_ms)
{
    if (one->position == 0) {
        if (schedule->count == schedule->room) {
            schedule->room = schedule->room ? 2 * schedule->room : 64;
            schedule->heap = memory_resize(schedule->heap, schedule->room, sizeof *schedule->heap);
        }
        put(schedule, one, ++schedule->count);
    }
    one->at_ms = at_ms;
    rise(schedule, one);
    sink(schedule, one);
}

void schedule_remove(struct schedule *schedule, struct scheduled *one)
{
    if (one->position == 0)
        return;
    struct scheduled *last = schedule->heap[--schedule->count];
    if (last != one) {
        put(schedule, last, one->position);
        rise(schedule, last);
        sink(schedule, last);
    }
    one->position = 0;
}

struct scheduled *schedule_first(const struct schedule *schedule)
{
    return schedule->count ? schedule->heap[0] : NULL;
}

void schedule_clear(struct schedule *schedule)
{
    free(schedule->heap);
    *schedule = (struct schedule){0};
}
