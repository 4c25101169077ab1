/* groups: responses to one request that arrive as samples of their own. */
#ifndef ASSAY_GROUPS_H
#define ASSAY_GROUPS_H

#include "worker/lane/evaluation.h"
#include "worker/store/store.h"

/* Where a sample came from. */
struct group_place {
    uint64_t scope; /* groups of one name in different scopes have nothing to do with each other */
    int64_t source, offset;
    size_t expected; /* responses in its group when neither record nor rubric says; 0 unknown */
};

/* Whether a criterion of the set compares responses. */
bool groups_are_compared(const struct rubric_set *set);

/* Whether the sample is one response of a group, the others being samples of their own. */
bool groups_hold(const struct sample *sample);
/* Tells the responses of a group apart: its index, else the hash of its id. */
uint64_t groups_number(const struct sample *sample, uint64_t id_hash);

/* Between store_begin and store_commit, after evaluation_finish: keeps what the group's criteria
 * compare of this response. Where it completes its group the criterion is scored, and the composite
 * with it; else it is not_applicable: group_open, group_late or group_duplicate. */
void groups_settle(struct store *store, struct evaluation *evaluation,
                   const struct group_place *place);

#endif
