/* budget: a hard limit on the judge's calls and tokens of a UTC day, for all who share a ledger.
 *
 * Both are taken from what the ledger has left of the day's limits in chunks: durably written down
 * first, then spent call by call. So after a kill -9 the unspent rest of a chunk is lost, never
 * spent twice. Chunks shrink with what is left of the day, down to single calls, so that the limits
 * are reached and nobody sits on calls that another could make; they are never exceeded.
 *
 * How many tokens a call costs is known only afterwards: the most it can cost is taken before, and
 * the difference is given back to the lane (budget_settle).
 *
 * A lane's day never goes back: when the wall clock does, calls still count for the later day. */
#ifndef ASSAY_BUDGET_H
#define ASSAY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>
#include "worker/store/ledger.h"

enum { BUDGET_UNLIMITED = -1 };

struct budget; /* of one lane; not shared between threads */

/* Of each unit a day from 0 (never ask) to 2^40, or BUDGET_UNLIMITED. The ledger outlives it; NULL
 * is fine when nothing is limited. A ledger that is busy or full gives nothing for the moment; why
 * it cannot be used at all is told once in `*out_failed`, which outlives the budget too. */
struct budget *budget_new(int64_t calls_a_day, int64_t tokens_a_day, struct ledger *ledger,
                          struct error *out_failed);
void budget_free(struct budget *budget);
/* Beside the limits of the day: a call is taken only while `*left` is above 0, and counts it down.
 * Shared between threads; outlives the budget. */
void budget_cap(struct budget *budget, _Atomic(int64_t) *left);
/* When a lane ends as it should: what is left of its chunks is written down as not spent. What
 * calls that are still out have taken is no part of it. No call is taken afterwards. */
void budget_give_back(struct budget *budget);

/* What a call took. */
struct budget_receipt {
    int64_t day, tokens;
};
/* One call, about to be made, that costs at most so many tokens; also for every repeat of one.
 * False: not today. */
bool budget_take(struct budget *budget, int64_t tokens_most, int64_t wall_ms,
                 struct budget_receipt *out);
/* It cost so many tokens. If that is more than the most, the lane owes the difference. */
void budget_settle(struct budget *budget, const struct budget_receipt *receipt, int64_t tokens);

#endif
