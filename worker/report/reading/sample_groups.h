/* sample_groups: the rows of each sample, of all shards, one sample after the other. */
#ifndef ASSAY_SAMPLE_GROUPS_H
#define ASSAY_SAMPLE_GROUPS_H

#include "schema/base/buffer.h"
#include "worker/report/reading/sample_rows.h"
#include "worker/report/reading/shard_names.h"
#include "worker/report/reading/stores.h"
#include "worker/store/lost_chunks.h"

/* One shard of the merge. */
struct group_shard {
    const struct open_shard *shard;
    struct shard_names names;
    int64_t runs[2]; /* ids of the two runs that are asked for; 0: it has none of this name */
    struct sample_rows rows;
    struct sample_row row; /* the one at hand, only while `more` */
    bool more;
    bool taken; /* it was told: go on before the next */
};

/* Merges what each shard gives in the order of the samples' ids: memory does not grow with the
 * stores. Zero-initialise; sample_groups_close gives all back. */
struct sample_groups {
    struct group_shard *shards;
    size_t count;
    struct lost_chunks lost; /* of reruns: what another shard holds, too */
    struct buffer sample; /* the id of the sample at hand */
};

void sample_groups_open(struct sample_groups *groups, const struct stores *stores,
                        const char *const run_names[2], struct time_range range);
/* Goes to the next sample, once all rows of the one before were told: its id is in groups->sample.
 * False: there is none. */
bool sample_groups_next(struct sample_groups *groups);
/* The next row of the sample at hand; its scores are read by sample_rows_next_score before the next
 * call. NULL: it has no further one. *out_runs: which of the two runs it is of, bit 0 and bit 1. */
struct group_shard *sample_groups_row(struct sample_groups *groups, struct sample_row *out,
                                      unsigned *out_runs);
void sample_groups_close(struct sample_groups *groups);

/* Which of two deliveries counts: the lower one, by topic, incarnation, partition and offset. Not 0
 * unless they are one. */
int sample_groups_order(const struct shard_source *a, int64_t a_offset,
                        const struct shard_source *b, int64_t b_offset);

#endif
