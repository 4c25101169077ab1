/* budget: a hard limit on the judge calls of a UTC day, shared by lanes without locks. */
#include "worker/answer/budget.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "schema/base/memory.h"

enum { DAY_MS = 86400000, CALLS_BITS = 41 };
static const int64_t CALLS_MAX = (int64_t)1 << (CALLS_BITS - 1);

struct budget {
    int64_t calls_a_day;
    _Atomic uint64_t taken; /* day << CALLS_BITS | calls: one word, so that both change at once */
};

struct budget_share {
    struct budget *budget;
    int64_t chunk, day, left; /* `left` of the chunk of `day` */
    budget_reserve *reserve;
    void *owner;
};

static int64_t day_of(uint64_t taken)
{
    return (int64_t)(taken >> CALLS_BITS);
}

static int64_t calls_of(uint64_t taken)
{
    return (int64_t)(taken & (((uint64_t)1 << CALLS_BITS) - 1));
}

static uint64_t pack(int64_t day, int64_t calls)
{
    return (uint64_t)day << CALLS_BITS | (uint64_t)calls;
}

struct budget *budget_new(int64_t calls_a_day)
{
    assert(calls_a_day == BUDGET_UNLIMITED || (calls_a_day >= 0 && calls_a_day <= CALLS_MAX));
    struct budget *budget = memory_new(1, sizeof *budget);
    budget->calls_a_day = calls_a_day;
    return budget;
}

void budget_free(struct budget *budget)
{
    free(budget);
}

/* Takes up to `wanted` of the day's limit (of a later day, when one has begun) and tells which day
 * it was. */
static int64_t take_chunk(struct budget *budget, int64_t limit, int64_t wanted, int64_t *day)
{
    uint64_t old = atomic_load(&budget->taken);
    for (;;) {
        bool later = *day > day_of(old);
        int64_t used = later ? 0 : calls_of(old);
        int64_t free_calls = limit > used ? limit - used : 0;
        int64_t got = wanted < free_calls ? wanted : free_calls;
        int64_t of_day = later ? *day : day_of(old);
        if (atomic_compare_exchange_weak(&budget->taken, &old, pack(of_day, used + got))) {
            *day = of_day;
            return got;
        }
    }
}

void budget_restore(struct budget *budget, int64_t day, int64_t calls)
{
    if (day < 0 || day < day_of(atomic_load(&budget->taken)) || calls <= 0)
        return;
    take_chunk(budget, CALLS_MAX, calls, &day);
}

int64_t budget_left(const struct budget *budget, int64_t wall_ms)
{
    if (budget->calls_a_day == BUDGET_UNLIMITED)
        return INT64_MAX;
    uint64_t taken = atomic_load(&((struct budget *)budget)->taken);
    int64_t used = wall_ms / DAY_MS > day_of(taken) ? 0 : calls_of(taken);
    return used < budget->calls_a_day ? budget->calls_a_day - used : 0;
}

struct budget_share *budget_share_new(struct budget *budget, int64_t chunk, budget_reserve *reserve,
                                      void *owner)
{
    assert(chunk >= 1);
    struct budget_share *share = memory_new(1, sizeof *share);
    *share = (struct budget_share){
        .budget = budget, .chunk = chunk, .day = -1, .reserve = reserve, .owner = owner};
    return share;
}

void budget_share_free(struct budget_share *share)
{
    free(share);
}

bool budget_take(struct budget_share *share, int64_t wall_ms)
{
    if (share->budget->calls_a_day == BUDGET_UNLIMITED)
        return true;
    int64_t day = wall_ms > 0 ? wall_ms / DAY_MS : 0;
    if (day > share->day)
        share->left = 0; /* yesterday's rest is not today's */
    if (share->left == 0) {
        int64_t got = take_chunk(share->budget, share->budget->calls_a_day, share->chunk, &day);
        if (got == 0 || (share->reserve && !share->reserve(share->owner, day, got)))
            return false;
        share->day = day;
        share->left = got;
    }
    share->left--;
    return true;
}
