/* time_words: windows of time, as people type them. */
#ifndef ASSAY_TIME_WORDS_H
#define ASSAY_TIME_WORDS_H

#include <stdbool.h>

#include "schema/base/error.h"
#include "worker/report/reading/mark_set.h"
#include "worker/report/reading/time_range.h"

/* What words of time are counted from. */
struct time_words {
    int64_t end_ms;               /* where lengths end */
    const struct mark_set *marks; /* whose texts are names of times; NULL: there are none */
    const char *model;            /* marks of it, or of all models; NULL: of any */
    bool exact;                   /* to the millisecond, for who reads rows instead of rollups */
};

/* A length, "90m", "24h", "7d", in milliseconds; 0 when it is none, or longer than 400 days. */
int64_t time_length_parse(const char *text);

/* A length that ends at words->end_ms, or "FROM..TO", each RFC 3339, a date (its midnight UTC) or
 * the text of a mark (the latest that is not after words->end_ms); TO may be a length that begins
 * at FROM. Both ends are rounded down to 5 minutes, the grain of rollups, unless words->exact.
 * False (INPUT): anything else, an empty or a backward range. `what` names it in the error
 * ("--window"). */
bool time_range_parse(const char *text, const char *what, const struct time_words *words,
                      struct time_range *out, struct error *error);

#endif
