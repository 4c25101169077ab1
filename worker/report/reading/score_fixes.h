/* score_fixes: scores that read otherwise once all shards are put together. */
#ifndef ASSAY_SCORE_FIXES_H
#define ASSAY_SCORE_FIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/str.h"
#include "worker/report/reading/level.h"

/* As table score spells them; numbers are those of enum score_status. */
enum row_status { ROW_SCORED, ROW_NOT_APPLICABLE, ROW_SKIPPED, ROW_ERROR };
/* Outside of the criterion's own share, as the reason says, nothing is missing. */
enum row_status row_status_of(struct str text, struct str reason);

/* What a score counts as. */
struct counted_score {
    enum row_status status;
    double value; /* NAN unless scored */
    int passed;   /* 1 reached its threshold, 0 did not, -1 not known */
};

/* A score row of the live run, and where it counts: ids are those of its shard. */
struct score_fix {
    size_t shard; /* its number in the stores */
    int64_t source, offset, criterion;
    int64_t model, segment, at_ms; /* model 0: none */
    double probability;            /* of the sample */
    uint64_t threshold;            /* of sampling, within the criterion's own share */
    struct counted_score was, is;
    char *reason, *label; /* of what it is; NULL without */
};

/* Zero-initialise; score_fixes_clear gives the memory back. */
struct score_fixes {
    struct score_fix *items;
    size_t count;
    size_t *by_row; /* after score_fixes_sort: items by shard, source, offset and criterion */
};

/* Takes the reason and the label over. */
void score_fixes_add(struct score_fixes *fixes, const struct score_fix *fix);
/* Once all are added: by shard and where they count. */
void score_fixes_sort(struct score_fixes *fixes);
void score_fixes_clear(struct score_fixes *fixes);

/* The fix of a row; NULL: it stands as it is. */
const struct score_fix *score_fixes_of_row(const struct score_fixes *fixes, size_t shard,
                                           int64_t source, int64_t offset, int64_t criterion);
/* The first fix of a shard, and behind its last one. */
void score_fixes_of_shard(const struct score_fixes *fixes, size_t shard, size_t *out_first,
                          size_t *out_end);
/* The first of [first, end), which are of one shard, that is not below `like`'s place and time. */
size_t score_fixes_at(const struct score_fixes *fixes, size_t first, size_t end,
                      const struct score_fix *like);
/* By criterion, model, segment and threshold. */
bool score_fix_same_place(const struct score_fix *a, const struct score_fix *b);

/* Counts of a cell, `scores` ascending by bin with room for one more. */
struct cell_counts {
    struct status_counts *statuses;
    uint64_t *passed;
    struct bin_count *scores;
    size_t *score_count;
};
/* Moves the score from what it was to what it is. False: it was not counted there, and nothing
 * changed. */
bool score_fix_cell(const struct score_fix *fix, const struct cell_counts *counts);

#endif
