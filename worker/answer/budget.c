/* budget: a hard limit on the judge's calls and tokens of a UTC day, shared by lanes without locks.
 */
#include "worker/answer/budget.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "schema/base/memory.h"

enum { DAY_MS = 86400000, AMOUNT_BITS = 41 };
static const int64_t AMOUNT_MAX = (int64_t)1 << (AMOUNT_BITS - 1);

/* One unit's limit and what was taken of it. */
struct allowance {
    int64_t a_day;
    _Atomic uint64_t taken; /* day << AMOUNT_BITS | amount: one word, so that both change at once */
};

struct budget {
    struct allowance units[BUDGET_UNITS];
};

struct budget_share {
    struct budget *budget;
    int64_t day;
    int64_t chunk[BUDGET_UNITS], left[BUDGET_UNITS]; /* `left` of the chunks of `day` */
    budget_reserve *reserve;
    void *owner;
};

/* ---- an allowance ---- */

static int64_t day_of(uint64_t taken)
{
    return (int64_t)(taken >> AMOUNT_BITS);
}

static int64_t amount_of(uint64_t taken)
{
    return (int64_t)(taken & (((uint64_t)1 << AMOUNT_BITS) - 1));
}

static uint64_t pack(int64_t day, int64_t amount)
{
    return (uint64_t)day << AMOUNT_BITS | (uint64_t)amount;
}

static int64_t used_on(uint64_t taken, int64_t day)
{
    return day > day_of(taken) ? 0 : amount_of(taken);
}

/* Takes up to `wanted` of the day's limit. Nothing when a later day has begun. */
static int64_t take_chunk(struct allowance *allowance, int64_t limit, int64_t wanted, int64_t day)
{
    uint64_t old = atomic_load(&allowance->taken);
    while (day >= day_of(old)) {
        int64_t used = used_on(old, day);
        int64_t rest = limit > used ? limit - used : 0;
        int64_t got = wanted < rest ? wanted : rest;
        if (atomic_compare_exchange_weak(&allowance->taken, &old, pack(day, used + got)))
            return got;
    }
    return 0;
}

/* ---- the budget ---- */

static bool is_limit(int64_t a_day)
{
    return a_day == BUDGET_UNLIMITED || (a_day >= 0 && a_day <= AMOUNT_MAX);
}

struct budget *budget_new(int64_t calls_a_day, int64_t tokens_a_day)
{
    assert(is_limit(calls_a_day) && is_limit(tokens_a_day));
    struct budget *budget = memory_new(1, sizeof *budget);
    budget->units[BUDGET_CALLS].a_day = calls_a_day;
    budget->units[BUDGET_TOKENS].a_day = tokens_a_day;
    return budget;
}

void budget_free(struct budget *budget)
{
    free(budget);
}

void budget_restore(struct budget *budget, int64_t day, const int64_t amounts[BUDGET_UNITS])
{
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++)
        if (day >= 0 && amounts[unit] > 0)
            take_chunk(&budget->units[unit], AMOUNT_MAX, amounts[unit], day);
}

int64_t budget_left(const struct budget *budget, enum budget_unit unit, int64_t wall_ms)
{
    const struct allowance *allowance = &budget->units[unit];
    if (allowance->a_day == BUDGET_UNLIMITED)
        return INT64_MAX;
    int64_t used = used_on(atomic_load(&allowance->taken), wall_ms / DAY_MS);
    return used < allowance->a_day ? allowance->a_day - used : 0;
}

/* The day of `wall_ms`, or the latest that any lane has counted for. */
static int64_t day_now(struct budget *budget, int64_t wall_ms)
{
    int64_t day = wall_ms > 0 ? wall_ms / DAY_MS : 0;
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++) {
        int64_t counted = day_of(atomic_load(&budget->units[unit].taken));
        day = counted > day ? counted : day;
    }
    return day;
}

/* ---- a lane's share ---- */

struct budget_share *budget_share_new(struct budget *budget, int64_t calls_chunk,
                                      int64_t tokens_chunk, budget_reserve *reserve, void *owner)
{
    assert(calls_chunk >= 1 && tokens_chunk >= 1);
    struct budget_share *share = memory_new(1, sizeof *share);
    *share = (struct budget_share){.budget = budget,
                                   .day = -1,
                                   .chunk = {calls_chunk, tokens_chunk},
                                   .reserve = reserve,
                                   .owner = owner};
    return share;
}

void budget_share_free(struct budget_share *share)
{
    free(share);
}

void budget_share_give_back(struct budget_share *share)
{
    int64_t back[BUDGET_UNITS];
    bool any = false;
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++) {
        back[unit] = -share->left[unit];
        any |= back[unit] != 0;
        share->left[unit] = 0; /* before it is written: a crash in between loses it, no more */
    }
    if (any && share->reserve)
        share->reserve(share->owner, share->day, back);
}

static void begin_day(struct budget_share *share, int64_t day)
{
    if (day <= share->day)
        return;
    share->day = day; /* yesterday's rest is not today's, nor are its debts */
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++)
        share->left[unit] = 0;
}

/* Fills up what is short by chunks, or by what is left of the day; false when a chunk could not be
 * written down. */
static bool fill_up(struct budget_share *share, const int64_t need[BUDGET_UNITS])
{
    int64_t got[BUDGET_UNITS] = {0};
    bool any = false;
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++) {
        struct allowance *allowance = &share->budget->units[unit];
        int64_t shortage = need[unit] - share->left[unit];
        if (shortage <= 0 || allowance->a_day == BUDGET_UNLIMITED)
            continue;
        int64_t wanted = shortage > share->chunk[unit] ? shortage : share->chunk[unit];
        got[unit] = take_chunk(allowance, allowance->a_day, wanted, share->day);
        any |= got[unit] > 0;
    }
    if (any && share->reserve && !share->reserve(share->owner, share->day, got))
        return false;
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++)
        share->left[unit] += got[unit];
    return true;
}

bool budget_take(struct budget_share *share, int64_t tokens_most, int64_t wall_ms,
                 struct budget_receipt *out)
{
    const int64_t need[BUDGET_UNITS] = {1, tokens_most};
    begin_day(share, day_now(share->budget, wall_ms));
    if (!fill_up(share, need))
        return false;
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++) {
        bool limited = share->budget->units[unit].a_day != BUDGET_UNLIMITED;
        if (limited && share->left[unit] < need[unit])
            return false;
    }
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++)
        if (share->budget->units[unit].a_day != BUDGET_UNLIMITED)
            share->left[unit] -= need[unit];
    *out = (struct budget_receipt){share->day, tokens_most};
    return true;
}

void budget_settle(struct budget_share *share, const struct budget_receipt *receipt, int64_t tokens)
{
    bool limited = share->budget->units[BUDGET_TOKENS].a_day != BUDGET_UNLIMITED;
    if (limited && receipt->day == share->day)
        share->left[BUDGET_TOKENS] += receipt->tokens - (tokens < AMOUNT_MAX ? tokens : AMOUNT_MAX);
}
