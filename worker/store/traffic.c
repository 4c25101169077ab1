/* traffic: how many samples came, and how many of them a worker's sampling kept. */
#include "worker/store/traffic.h"

#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/store/shard.h"

/* An ack holds few cells, and mostly the ones that were added last. */
static struct traffic_cell *cell_of(struct traffic *traffic, const struct rollup_key *key)
{
    for (size_t i = traffic->count; i-- > 0;)
        if (rollup_same_key(&traffic->cells[i].key, key))
            return &traffic->cells[i];
    traffic->cells = memory_resize(traffic->cells, traffic->count + 1, sizeof *traffic->cells);
    traffic->cells[traffic->count] = (struct traffic_cell){.key = *key};
    return &traffic->cells[traffic->count++];
}

void traffic_add(struct traffic *traffic, const struct rollup_key *key, double captured, bool kept)
{
    struct rollup_key came = *key;
    came.threshold = rollup_threshold(captured);
    cell_of(traffic, &came)->arrived++;
    if (kept)
        cell_of(traffic, key)->kept++;
}

void traffic_write(const struct traffic *traffic, struct store *store)
{
    for (size_t i = 0; i < traffic->count; i++) {
        const struct traffic_cell *cell = &traffic->cells[i];
        struct statement *write =
            db_sql(store->db, "INSERT INTO traffic VALUES(?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                              "arrived = arrived + excluded.arrived, kept = kept + excluded.kept");
        db_bind_int(write, cell->key.run);
        db_bind_int(write, cell->key.bucket_ms);
        db_bind_int(write, cell->key.model);
        db_bind_int(write, cell->key.segment);
        db_bind_int(write, cell->key.threshold);
        db_bind_int(write, cell->arrived);
        db_bind_int(write, cell->kept);
        db_do(write);
    }
}

void traffic_clear(struct traffic *traffic)
{
    free(traffic->cells);
    *traffic = (struct traffic){0};
}
