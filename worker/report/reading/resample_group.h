/* resample_group: one group of responses, in all shards that hold some of it. */
#ifndef ASSAY_RESAMPLE_GROUP_H
#define ASSAY_RESAMPLE_GROUP_H

#include "rubrics/rubric.h"
#include "schema/base/arena.h"
#include "worker/report/reading/shard_names.h"
#include "worker/report/reading/stores.h"
#include "worker/store/store.h"

/* Several shards may have scored a response. */
enum { RESPONSES_MAX = 8 * GROUP_MEMBERS_MAX };

struct response {
    struct score_fix row; /* its score, as it was */
    const struct shard_source *from;
    int64_t number;       /* tells the responses of a group apart */
    size_t expected;      /* how many the group will have; 0 unknown */
    struct fingerprint fingerprint;
};

/* Zero-initialise but for the first part; the arena is the caller's to reset and clear. */
struct resample_group {
    struct stores *stores;     /* borrowed; what is found goes into its fixes */
    struct shard_names *names; /* of each shard; borrowed */
    struct rubric *rubric;
    const struct criterion *criterion; /* of it, that compares responses */
    struct response responses[RESPONSES_MAX];
    size_t count;
    struct arena arena; /* of the group at hand */
};

/* Adds a response, told by its row's shard, source, offset and criterion, its number and what it
 * expects, when its delivery counts. `units` as in table fingerprint. */
void resample_group_add(struct resample_group *group, const struct response *response,
                        struct str units);
/* A complete group has its score with the last of its expected responses, and with no other. */
void resample_group_settle(struct resample_group *group);
/* Composites of the fixes from `first` on, all of the group's rubric, whose hash this is. */
void resample_group_composites(struct resample_group *group, const char *hash, size_t first);

/* The place of a criterion in the rubric; criterion_count: it has none of this name. */
size_t resample_group_place(const struct rubric *rubric, const char *name);

#endif
