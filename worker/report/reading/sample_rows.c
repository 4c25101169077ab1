/* sample_rows: the scored samples of a shard, one by one, with their scores. */
#include "worker/report/reading/sample_rows.h"

#include <math.h>

#include "worker/store/db.h"

/* The last column: of a run that nothing but its end confirms, or acked and so in rollups. */
#define SELECT_ROWS                                                                                \
    "SELECT coalesce(sample, ''), coalesce(m.text, ''), coalesce(e.text, ''),"                     \
    "coalesce(c.text, ''), run, source, off, observed_at_ms, probability, latency_ms,"             \
    "input_tokens, output_tokens, segment, run <> 1 OR EXISTS (SELECT 1 FROM tenure t WHERE "      \
    "t.source = d.source AND t.run = d.run AND d.off >= t.start AND d.off < t.acked_to) "          \
    "FROM delivery d LEFT JOIN word m ON m.id = model LEFT JOIN word e ON e.id = endpoint "        \
    "LEFT JOIN word c ON c.id = component WHERE run IN (?, ?) AND state = 'scored' "               \
    "AND observed_at_ms >= ? AND observed_at_ms < ? "

static const char BY_DELIVERY[] = SELECT_ROWS "ORDER BY run, source, off";
static const char BY_ID[] = SELECT_ROWS "ORDER BY coalesce(sample, ''), run, source, off";

void sample_rows_open(struct sample_rows *rows, const struct stores *stores, size_t shard,
                      enum sample_order order, const int64_t runs[2], struct time_range range)
{
    struct db *db = stores->shards[shard].db;
    *rows = (struct sample_rows){.stores = stores, .shard = shard, .db = db};
    if (stores->shards[shard].counts_only)
        return;
    rows->rows = db_sql(db, order == SAMPLES_BY_ID ? BY_ID : BY_DELIVERY);
    db_bind_int(rows->rows, runs[0]);
    db_bind_int(rows->rows, runs[1]);
    db_bind_int(rows->rows, range.from_ms);
    db_bind_int(rows->rows, range.to_ms);
}

static void end_scores(struct sample_rows *rows)
{
    if (rows->scores)
        db_end(rows->scores);
    rows->scores = NULL;
}

/* Goes to the next row that counts. */
static bool go_on(struct sample_rows *rows)
{
    struct statement *row = rows->rows;
    while (row && db_row(row))
        if (db_int(row, 13) ||
            stores_in_tail(rows->stores, rows->shard, db_int(row, 5), db_int(row, 6)))
            return true;
    return false;
}

bool sample_rows_next(struct sample_rows *rows, struct sample_row *out)
{
    struct statement *row = rows->rows;
    end_scores(rows);
    if (!go_on(rows))
        return false;
    *out = (struct sample_row){.sample = db_text(row, 0),
                               .model = db_text(row, 1),
                               .endpoint = db_text(row, 2),
                               .component = db_text(row, 3),
                               .run = db_int(row, 4),
                               .source = db_int(row, 5),
                               .offset = db_int(row, 6),
                               .at_ms = db_int(row, 7),
                               .probability = db_real(row, 8),
                               .latency_ms = db_real(row, 9),
                               .input_tokens = db_real(row, 10),
                               .output_tokens = db_real(row, 11),
                               .segment = db_int(row, 12)};
    return true;
}

/* What it is once all shards are put together. */
static void apply_fix(const struct sample_rows *rows, const struct sample_row *row,
                      struct row_score *score)
{
    const struct score_fixes *fixes = &rows->stores->fixes;
    if (fixes->count == 0 || row->run != 1)
        return;
    const struct score_fix *fix =
        score_fixes_of_row(fixes, rows->shard, row->source, row->offset, score->criterion);
    if (!fix)
        return;
    score->status = fix->is.status;
    score->value = fix->is.value;
    score->passed = fix->is.passed;
    score->label = fix->label ? str_of(fix->label) : (struct str){0};
    score->reason = fix->reason ? str_of(fix->reason) : (struct str){0};
}

bool sample_rows_next_score(struct sample_rows *rows, const struct sample_row *row,
                            struct row_score *out)
{
    if (!rows->scores) {
        rows->scores = db_sql(rows->db, "SELECT criterion, status, value, passed, label, reason "
                                        "FROM score WHERE run = ? AND source = ? AND off = ?");
        db_bind_int(rows->scores, row->run);
        db_bind_int(rows->scores, row->source);
        db_bind_int(rows->scores, row->offset);
    }
    if (!db_row(rows->scores))
        return false;
    double passed = db_real(rows->scores, 3);
    *out = (struct row_score){.criterion = db_int(rows->scores, 0),
                              .status = row_status_of(db_text(rows->scores, 1),
                                                      db_text(rows->scores, 5)),
                              .value = db_real(rows->scores, 2),
                              .passed = isnan(passed) ? -1 : passed != 0,
                              .label = db_text(rows->scores, 4),
                              .reason = db_text(rows->scores, 5)};
    if (out->status == ROW_SCORED && !(out->value >= 0 && out->value <= 1))
        out->status = ROW_ERROR; /* by another hand */
    apply_fix(rows, row, out);
    return true;
}

void sample_rows_end(struct sample_rows *rows)
{
    end_scores(rows);
    if (rows->rows)
        db_end(rows->rows);
    *rows = (struct sample_rows){0};
}

int64_t sample_rows_run(struct db *db, const char *name)
{
    struct statement *read = db_sql(db, "SELECT id FROM run WHERE name = ?");
    db_bind_text(read, str_of(name));
    int64_t id = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return id;
}
