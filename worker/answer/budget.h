/* budget: a hard limit on the judge's calls and tokens of a UTC day, shared by lanes without locks.
 *
 * Both are taken from the day's limits in chunks. A lane takes chunks from the shared counts, has
 * them written down durably (the callback: an insert into its shard, committed), and only then
 * spends them call by call. What was written down today is given back to the counts by
 * budget_restore when a worker starts. So after a kill -9 the unspent rest of a chunk is lost,
 * never spent twice: the limits may be undershot by lanes * chunk, and are never exceeded.
 *
 * How many tokens a call costs is known only afterwards: the most it can cost is taken before, and
 * the difference is given back to the lane (budget_settle).
 *
 * The limits are of one process: a fleet of four gives each a quarter. The day never goes back:
 * when the wall clock does, calls still count for the later day. */
#ifndef ASSAY_BUDGET_H
#define ASSAY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum budget_unit { BUDGET_CALLS, BUDGET_TOKENS, BUDGET_UNITS };
enum { BUDGET_UNLIMITED = -1, BUDGET_CHUNK = 50, BUDGET_TOKENS_CHUNK = 20000 };

struct budget; /* shared by all lanes; outlives their shares */

/* Of each unit a day from 0 (never ask) to 2^40, or BUDGET_UNLIMITED. */
struct budget *budget_new(int64_t calls_a_day, int64_t tokens_a_day);
void budget_free(struct budget *budget);
/* So many were written down for `day` (days since 1970 UTC) by an earlier life of this worker; once
 * for each shard, before the first call is taken. */
void budget_restore(struct budget *budget, int64_t day, const int64_t amounts[BUDGET_UNITS]);
/* What is left of the day of `wall_ms` for chunks still to be taken; INT64_MAX when unlimited. */
int64_t budget_left(const struct budget *budget, enum budget_unit unit, int64_t wall_ms);

/* Writes down, durably, that the amounts of `day` will be spent, or (negative ones) will not; false
 * when that failed: the chunks are then lost and nothing of them is spent. */
typedef bool budget_reserve(void *owner, int64_t day, const int64_t amounts[BUDGET_UNITS]);

struct budget_share; /* of one lane; not shared between threads */

/* The chunks, >= 1: how much is reserved at once. `reserve` NULL: nothing is written down (for
 * commands that run once). */
struct budget_share *budget_share_new(struct budget *budget, int64_t calls_chunk,
                                      int64_t tokens_chunk, budget_reserve *reserve, void *owner);
void budget_share_free(struct budget_share *share);
/* When a lane ends as it should: what is left of its chunks is written down as not spent. What
 * calls that are still out have taken is no part of it. No call is taken afterwards. */
void budget_share_give_back(struct budget_share *share);

/* What a call took. */
struct budget_receipt {
    int64_t day, tokens;
};
/* One call, about to be made, that costs at most so many tokens; also for every repeat of one.
 * False: not today. */
bool budget_take(struct budget_share *share, int64_t tokens_most, int64_t wall_ms,
                 struct budget_receipt *out);
/* It cost so many tokens. If that is more than the most, the lane owes the difference. */
void budget_settle(struct budget_share *share, const struct budget_receipt *receipt,
                   int64_t tokens);

#endif
