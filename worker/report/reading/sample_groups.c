/* sample_groups: the rows of each sample, of all shards, one sample after the other. */
#include "worker/report/reading/sample_groups.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/memory.h"

/* To the next row that counts. */
static void go_on(const struct sample_groups *groups, struct group_shard *one)
{
    const struct sample_row *row = &one->row;
    do
        one->more = sample_rows_next(&one->rows, &one->row);
    while (one->more && lost_chunks_hold(&groups->lost, (size_t)(one - groups->shards), row->run,
                                         row->source, row->offset));
}

static void find_lost(struct sample_groups *groups, const struct stores *stores,
                      const char *const run_names[2])
{
    struct db **shards = memory_new(groups->count + 1, sizeof *shards);
    for (size_t i = 0; i < groups->count; i++)
        shards[i] = stores->shards[i].db;
    for (size_t r = 0; r < 2; r++)
        if (r == 0 || strcmp(run_names[0], run_names[1]) != 0)
            lost_chunks_find(&groups->lost, shards, groups->count, run_names[r]);
    free(shards);
}

void sample_groups_open(struct sample_groups *groups, const struct stores *stores,
                        const char *const run_names[2], struct time_range range)
{
    *groups = (struct sample_groups){.count = stores->shard_count};
    groups->shards = memory_new(groups->count + 1, sizeof *groups->shards);
    find_lost(groups, stores, run_names);
    for (size_t i = 0; i < groups->count; i++) {
        struct group_shard *one = &groups->shards[i];
        one->shard = &stores->shards[i];
        shard_names_read(&one->names, one->shard->db);
        for (size_t r = 0; r < 2; r++)
            one->runs[r] = sample_rows_run(one->shard->db, run_names[r]);
        sample_rows_open(&one->rows, stores, i, SAMPLES_BY_ID, one->runs, range);
        go_on(groups, one);
    }
}

static int compare(struct str a, struct str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, common);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool sample_groups_next(struct sample_groups *groups)
{
    const struct group_shard *least = NULL;
    for (size_t i = 0; i < groups->count; i++) {
        const struct group_shard *one = &groups->shards[i];
        if (one->more && (!least || compare(one->row.sample, least->row.sample) < 0))
            least = one;
    }
    if (!least)
        return false;
    buffer_reset(&groups->sample);
    buffer_append_str(&groups->sample, least->row.sample);
    return true;
}

struct group_shard *sample_groups_row(struct sample_groups *groups, struct sample_row *out,
                                      unsigned *out_runs)
{
    struct str sample = buffer_str(&groups->sample);
    for (size_t i = 0; i < groups->count; i++) {
        struct group_shard *one = &groups->shards[i];
        if (one->taken) {
            one->taken = false;
            go_on(groups, one);
        }
        if (!one->more || !str_equal(one->row.sample, sample))
            continue;
        one->taken = true;
        *out = one->row;
        *out_runs = (one->row.run == one->runs[0]) | (unsigned)(one->row.run == one->runs[1]) << 1;
        return one;
    }
    return NULL;
}

void sample_groups_close(struct sample_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        sample_rows_end(&groups->shards[i].rows);
        shard_names_clear(&groups->shards[i].names);
    }
    free(groups->shards);
    lost_chunks_clear(&groups->lost);
    buffer_clear(&groups->sample);
    *groups = (struct sample_groups){0};
}

int sample_groups_order(const struct shard_source *a, int64_t a_offset,
                        const struct shard_source *b, int64_t b_offset)
{
    int order = strcmp(a->topic, b->topic);
    if (order == 0)
        order = strcmp(a->incarnation, b->incarnation);
    if (order == 0)
        order = (a->partition > b->partition) - (a->partition < b->partition);
    return order ? order : (a_offset > b_offset) - (a_offset < b_offset);
}
