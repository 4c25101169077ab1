/* budget: a hard limit on the judge's calls and tokens of a UTC day, for all who share a ledger. */
#include "worker/answer/budget.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "schema/base/memory.h"

enum {
    DAY_MS = 86400000,
    CHUNKS_LEFT_MIN = 64, /* a chunk is this part of what is left of the day, or less */
    LOOK_AGAIN_MS = 1000, /* in a ledger that could not give what was needed */
};
static const int64_t CHUNK_MAX[LEDGER_UNITS] = {[LEDGER_CALLS] = 50, [LEDGER_TOKENS] = 20000};
static const int64_t AMOUNT_MAX = (int64_t)1 << 40;

struct budget {
    int64_t a_day[LEDGER_UNITS];
    int64_t day;
    int64_t left[LEDGER_UNITS]; /* of the chunks of `day`; negative: owed */
    int64_t refused[LEDGER_UNITS], refused_ms; /* what the ledger did not have, and when */
    struct ledger *ledger;
    struct error *failed;
    _Atomic(int64_t) *cap; /* calls left in all; NULL: no such limit */
};

static inline bool is_limit(int64_t a_day) /* asserted only */
{
    return a_day == BUDGET_UNLIMITED || (a_day >= 0 && a_day <= AMOUNT_MAX);
}

struct budget *budget_new(int64_t calls_a_day, int64_t tokens_a_day, struct ledger *ledger,
                          struct error *out_failed)
{
    assert(is_limit(calls_a_day) && is_limit(tokens_a_day));
    assert(ledger || (calls_a_day == BUDGET_UNLIMITED && tokens_a_day == BUDGET_UNLIMITED));
    struct budget *budget = memory_new(1, sizeof *budget);
    *budget = (struct budget){.a_day = {calls_a_day, tokens_a_day},
                              .day = -1,
                              .ledger = ledger,
                              .failed = out_failed};
    return budget;
}

void budget_free(struct budget *budget)
{
    free(budget);
}

void budget_cap(struct budget *budget, _Atomic(int64_t) *left)
{
    budget->cap = left;
}

static bool take_of_cap(struct budget *budget)
{
    if (!budget->cap || atomic_fetch_sub(budget->cap, 1) > 0)
        return true;
    atomic_fetch_add(budget->cap, 1);
    return false;
}

static bool is_limited(const struct budget *budget, size_t unit)
{
    return budget->a_day[unit] != BUDGET_UNLIMITED;
}

/* ---- the ledger ---- */

/* False as well: it is no failure when others only hold it up. */
static bool not_now(struct budget *budget, const struct error *error)
{
    if (error->kind == ERROR_FATAL && budget->failed->kind == ERROR_NONE)
        *budget->failed = *error;
    return false;
}

static int64_t chunk_of(size_t unit, int64_t shortage, int64_t rest)
{
    int64_t chunk = rest / CHUNKS_LEFT_MIN;
    chunk = chunk < CHUNK_MAX[unit] ? chunk : CHUNK_MAX[unit];
    return chunk > shortage ? chunk : shortage;
}

/* What to take of each unit that is short; false when one cannot be had: then nothing is taken, for
 * another lane may have use for the other. */
static bool choose_chunks(struct budget *budget, const int64_t shortage[LEDGER_UNITS],
                          const int64_t reserved[LEDGER_UNITS], int64_t out[LEDGER_UNITS])
{
    bool enough = true;
    for (size_t unit = 0; unit < LEDGER_UNITS; unit++) {
        int64_t rest = budget->a_day[unit] - reserved[unit];
        bool has = shortage[unit] <= 0 || rest >= shortage[unit];
        budget->refused[unit] = has ? 0 : shortage[unit];
        out[unit] = shortage[unit] > 0 ? chunk_of(unit, shortage[unit], rest) : 0;
        enough &= has;
    }
    return enough;
}

/* A day that is used up is not asked again for every sample. */
static bool refused_lately(const struct budget *budget, const int64_t shortage[LEDGER_UNITS],
                           int64_t wall_ms)
{
    bool refused = false;
    for (size_t unit = 0; unit < LEDGER_UNITS; unit++)
        refused |= budget->refused[unit] > 0 && shortage[unit] >= budget->refused[unit];
    int64_t since_ms = wall_ms - budget->refused_ms;
    return refused && since_ms >= 0 && since_ms < LOOK_AGAIN_MS;
}

static bool reserve(struct budget *budget, const int64_t shortage[LEDGER_UNITS], int64_t wall_ms)
{
    static const int64_t nothing[LEDGER_UNITS];
    struct error error = {0};
    int64_t reserved[LEDGER_UNITS], chunks[LEDGER_UNITS];
    if (refused_lately(budget, shortage, wall_ms))
        return false;
    if (!ledger_begin(budget->ledger, budget->day, reserved, &error))
        return not_now(budget, &error);
    bool enough = choose_chunks(budget, shortage, reserved, chunks);
    budget->refused_ms = wall_ms;
    if (!ledger_commit(budget->ledger, budget->day, enough ? chunks : nothing, &error))
        return not_now(budget, &error);
    for (size_t unit = 0; enough && unit < LEDGER_UNITS; unit++)
        budget->left[unit] += chunks[unit];
    return enough;
}

/* ---- calls ---- */

static void begin_day(struct budget *budget, int64_t wall_ms)
{
    int64_t day = wall_ms > 0 ? wall_ms / DAY_MS : 0;
    if (day <= budget->day)
        return;
    budget->day = day;
    for (size_t unit = 0; unit < LEDGER_UNITS; unit++) {
        budget->left[unit] = 0; /* yesterday's rest is not today's, nor are its debts */
        budget->refused[unit] = 0;
    }
}

bool budget_take(struct budget *budget, int64_t tokens_most, int64_t wall_ms,
                 struct budget_receipt *out)
{
    const int64_t need[LEDGER_UNITS] = {[LEDGER_CALLS] = 1, [LEDGER_TOKENS] = tokens_most};
    int64_t shortage[LEDGER_UNITS];
    bool is_short = false;
    begin_day(budget, wall_ms);
    for (size_t unit = 0; unit < LEDGER_UNITS; unit++) {
        shortage[unit] = is_limited(budget, unit) ? need[unit] - budget->left[unit] : 0;
        is_short |= shortage[unit] > 0;
    }
    if (budget->failed->kind != ERROR_NONE || (is_short && !reserve(budget, shortage, wall_ms)))
        return false;
    if (!take_of_cap(budget))
        return false;
    for (size_t unit = 0; unit < LEDGER_UNITS; unit++)
        budget->left[unit] -= is_limited(budget, unit) ? need[unit] : 0;
    *out = (struct budget_receipt){budget->day, tokens_most};
    return true;
}

void budget_settle(struct budget *budget, const struct budget_receipt *receipt, int64_t tokens)
{
    if (is_limited(budget, LEDGER_TOKENS) && receipt->day == budget->day)
        budget->left[LEDGER_TOKENS] +=
            receipt->tokens - (tokens < AMOUNT_MAX ? tokens : AMOUNT_MAX);
}

void budget_give_back(struct budget *budget)
{
    struct error error = {0};
    int64_t back[LEDGER_UNITS], reserved[LEDGER_UNITS];
    bool any = false;
    for (size_t unit = 0; unit < LEDGER_UNITS; unit++) {
        back[unit] = -budget->left[unit];
        any |= back[unit] != 0;
        budget->left[unit] = 0; /* before it is written: a crash in between loses it, no more */
    }
    if (any && ledger_begin(budget->ledger, budget->day, reserved, &error))
        ledger_commit(budget->ledger, budget->day, back, &error);
}
