/* segment_ids: which of the stores' segments the ids of a shard are. */
#include "worker/report/reading/segment_ids.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/store/db.h"

enum { SEGMENT_ID_MAX = 1 << 20 };

void segment_ids_read(struct segment_ids *ids, struct stores *stores,
                      const struct open_shard *shard)
{
    struct statement *rows = db_sql(shard->db, "SELECT id, words FROM segment ORDER BY id");
    ids->numbers = memory_new(1, sizeof *ids->numbers);
    ids->numbers[0] = stores_segment(stores, "{}", 2);
    ids->count = 1;
    while (db_row(rows)) {
        size_t id = (size_t)db_int(rows, 0);
        if (id > SEGMENT_ID_MAX) /* damage */
            continue;
        struct str words = db_text(rows, 1);
        ids->numbers = memory_resize(ids->numbers, id + 1, sizeof *ids->numbers);
        for (; ids->count <= id; ids->count++)
            ids->numbers[ids->count] = ids->numbers[0];
        ids->numbers[id] = stores_segment(stores, words.data, words.size);
    }
    db_end(rows);
}

size_t segment_ids_find(const struct segment_ids *ids, int64_t id)
{
    bool known = id >= 0 && (size_t)id < ids->count;
    return ids->numbers[known ? id : 0];
}

void segment_ids_clear(struct segment_ids *ids)
{
    free(ids->numbers);
    *ids = (struct segment_ids){0};
}
