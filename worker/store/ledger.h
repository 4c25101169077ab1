/* ledger: what was reserved of a day's judge calls and tokens, by all processes that share a store.
 *
 * One small SQLite file in the store's folder, the only one that many write: so it keeps a rollback
 * journal and no WAL, and whoever reserves holds its lock from reading what is left until what it
 * takes is on the disk. */
#ifndef ASSAY_LEDGER_H
#define ASSAY_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/error.h"

enum ledger_unit { LEDGER_CALLS, LEDGER_TOKENS, LEDGER_UNITS };

struct ledger; /* one connection, one thread: each lane opens its own */

/* Of the store in `dir`, made when absent; NULL: in memory, of nobody else. NULL: FATAL. */
struct ledger *ledger_open(const char *dir, struct error *error);
void ledger_close(struct ledger *ledger);

/* Locks the ledger, waiting a few seconds for others, and reads what is reserved of `day` (days
 * since 1970 UTC). When true, ledger_commit must follow. False: TRANSIENT when others hold it too
 * long, else FATAL. */
bool ledger_begin(struct ledger *ledger, int64_t day, int64_t out_reserved[LEDGER_UNITS],
                  struct error *error);
/* Adds to what is reserved of `day`; negative amounts give back. Durable when true, else nothing is
 * reserved: TRANSIENT (the disk is full, say) or FATAL. */
bool ledger_commit(struct ledger *ledger, int64_t day, const int64_t amounts[LEDGER_UNITS],
                   struct error *error);

#endif
