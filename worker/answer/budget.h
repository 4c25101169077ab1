/* budget: a hard limit on the judge calls of a UTC day, shared by lanes without locks.
 *
 * Calls are taken from the day's limit in chunks. A lane takes a chunk from the shared count, has
 * it written down durably (the callback: an insert into its shard, committed), and only then spends
 * it call by call. What was written down today is given back to the count by budget_restore when a
 * worker starts. So after a kill -9 the unspent rest of a chunk is lost, never spent twice: the
 * limit may be undershot by lanes * chunk calls, and is never exceeded.
 *
 * The limit is of one process: a fleet of four gives each a quarter. The day never goes back: when
 * the wall clock does, calls still count for the later day. */
#ifndef ASSAY_BUDGET_H
#define ASSAY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum { BUDGET_UNLIMITED = -1, BUDGET_CHUNK = 50 };

struct budget; /* shared by all lanes; outlives their shares */

/* `calls_a_day` from 0 (never ask) to 2^40, or BUDGET_UNLIMITED. */
struct budget *budget_new(int64_t calls_a_day);
void budget_free(struct budget *budget);
/* `calls` were written down for `day` (days since 1970 UTC) by an earlier life of this worker; once
 * for each shard, before the first call is taken. */
void budget_restore(struct budget *budget, int64_t day, int64_t calls);
/* What is left of the day of `wall_ms` for chunks still to be taken; INT64_MAX when unlimited. */
int64_t budget_left(const struct budget *budget, int64_t wall_ms);

/* Writes down, durably, that `calls` of `day` will be spent; false when that failed: the chunk is
 * then lost and nothing of it is spent. */
typedef bool budget_reserve(void *owner, int64_t day, int64_t calls);

struct budget_share; /* of one lane; not shared between threads */

/* `chunk` >= 1: how many calls are reserved at once. `reserve` NULL: nothing is written down (for
 * commands that run once). */
struct budget_share *budget_share_new(struct budget *budget, int64_t chunk, budget_reserve *reserve,
                                      void *owner);
void budget_share_free(struct budget_share *share);
/* One call, about to be made; also for every repeat of one. False: not today. */
bool budget_take(struct budget_share *share, int64_t wall_ms);

#endif
