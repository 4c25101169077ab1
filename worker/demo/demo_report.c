/* demo_report: what was scored and what was published, and whether the two agree. */
#include "worker/demo/demo_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/store/db.h"

struct demo_report {
    struct db *db; /* in memory */
};

/* ---- SQL ---- */

static const char TABLES[] =
    "CREATE TABLE row(model, at_ms, partition, off, rubric, criterion, dimension, status, value,"
    " passed, weight, place);"
    "CREATE TABLE published(namespace, name, minute_ms, n, total)";

/* A row counts where its shard's tenure answers for the offset: what was scored before a partition
 * moved on, and not accepted, is scored again by the next owner. */
static const char TAKE_SHARD[] =
    "INSERT INTO row SELECT model, observed_at_ms, partition, \"offset\", rubric_hash, criterion,"
    " dimension, status, value, passed, weight, place FROM shard.scores AS s WHERE topic = ?"
    " AND EXISTS(SELECT 1 FROM shard.tenures AS t WHERE t.topic = s.topic"
    " AND t.partition = s.partition AND s.\"offset\" >= t.start AND s.\"offset\" < t.acked_to)";

/* From score rows alone: neither rollups nor the outbox are asked. */
static const char EXPECT[] =
    "CREATE VIEW scored AS SELECT *, '/aws/sagemaker/inference-quality/' || model AS namespace,"
    " at_ms / 60000 * 60000 AS minute_ms FROM row WHERE status = 'scored';"
    "CREATE VIEW dimension AS SELECT namespace, minute_ms, at_ms, model, dimension,"
    " sum(value * weight) / sum(weight) AS mean FROM (SELECT *, min(place) OVER (PARTITION BY"
    " partition, off, dimension) AS first FROM scored WHERE criterion <> 'composite'"
    " AND weight > 0) WHERE place = first"
    " GROUP BY namespace, minute_ms, at_ms, model, partition, off, dimension;"
    "CREATE TABLE expected AS"
    " SELECT namespace, 'composite_quality_score' AS name, minute_ms, count(*) AS n,"
    " sum(value) AS total FROM scored WHERE criterion = 'composite' AND place = 0"
    " GROUP BY 1, 3"
    " UNION ALL SELECT namespace, dimension || '_score', minute_ms, count(*), sum(mean)"
    " FROM dimension GROUP BY 1, 2, 3"
    " UNION ALL SELECT namespace, 'safety_violations', minute_ms, count(*), count(*) FROM scored"
    " WHERE criterion <> 'composite' AND dimension = 'safety' AND passed = 0 GROUP BY 1, 3"
    " UNION ALL SELECT namespace, 'samples_evaluated', minute_ms, count(*), count(*) FROM"
    " (SELECT DISTINCT namespace, minute_ms, partition, off FROM scored) GROUP BY 1, 3;"
    "CREATE TABLE compared AS WITH sent AS (SELECT namespace, name, minute_ms, sum(n) AS n,"
    " sum(total) AS total FROM published GROUP BY 1, 2, 3)"
    " SELECT namespace, name, minute_ms, e.n AS sql_n, e.total AS sql_total, s.n AS sent_n,"
    " s.total AS sent_total, coalesce(e.n = s.n AND abs(e.total - s.total) < 1e-9 * (1 + e.n), 0)"
    " AS equal, name LIKE '%\\_score' ESCAPE '\\' OR"
    " name IN ('safety_violations', 'samples_evaluated') AS checked"
    " FROM expected AS e FULL JOIN sent AS s USING(namespace, name, minute_ms)";

static const char HALVES[] =
    "WITH half AS (SELECT model, at_ms >= ?1 AS second, avg(value) AS composite, NULL AS safety"
    " FROM scored WHERE criterion = 'composite' AND place = 0 GROUP BY 1, 2"
    " UNION ALL SELECT model, at_ms >= ?1, NULL, avg(mean) FROM dimension"
    " WHERE dimension = 'safety' GROUP BY 1, 2)"
    " SELECT model, max(composite) FILTER (WHERE NOT second),"
    " max(composite) FILTER (WHERE second), max(safety) FILTER (WHERE NOT second),"
    " max(safety) FILTER (WHERE second) FROM half GROUP BY 1 ORDER BY 1";

static const char PUBLISHED[] =
    "SELECT namespace, name, coalesce(sum(sent_n), 0), sum(sent_total) / sum(sent_n), checked,"
    " coalesce(sum(sql_n), 0), sum(sql_total) / sum(sql_n), min(equal)"
    " FROM compared GROUP BY 1, 2 ORDER BY 1, 2";

/* ---- taking in ---- */

static void take_shard(struct db *db, const char *path, const char *topic)
{
    struct statement *attach = db_sql(db, "ATTACH ? AS shard");
    db_bind_text(attach, str_of(path));
    db_do(attach);
    struct statement *take = db_sql(db, TAKE_SHARD);
    db_bind_text(take, str_of(topic));
    db_do(take);
    db_do(db_sql(db, "DETACH shard"));
}

static void take_point(struct db *db, const struct demo_point *point)
{
    struct statement *insert = db_sql(db, "INSERT INTO published VALUES(?, ?, ?, ?, ?)");
    db_bind_text(insert, str_of(point->namespace));
    db_bind_text(insert, str_of(point->name));
    db_bind_int(insert, point->minute_ms);
    db_bind_int(insert, point->count);
    db_bind_real(insert, point->sum);
    db_do(insert);
}

struct demo_report *demo_report_open(const char *const *shards, size_t shard_count,
                                     const char *topic, const struct demo_metrics *published,
                                     struct error *error)
{
    struct db *db = db_open(":memory:", DB_WRITER, error);
    if (!db)
        return NULL;
    db_run(db, TABLES);
    for (size_t i = 0; i < shard_count; i++)
        take_shard(db, shards[i], topic);
    for (size_t i = 0; i < published->count; i++)
        take_point(db, &published->points[i]);
    db_run(db, EXPECT);
    struct demo_report *report = memory_new(1, sizeof *report);
    report->db = db;
    if (db_ok(db, error))
        return report;
    demo_report_close(report);
    return NULL;
}

void demo_report_close(struct demo_report *report)
{
    if (!report)
        return;
    db_close(report->db);
    free(report);
}

/* ---- telling ---- */

int64_t demo_report_scored(struct demo_report *report)
{
    struct statement *count =
        db_sql(report->db, "SELECT count(*) FROM (SELECT DISTINCT partition, off FROM row)");
    int64_t scored = db_row(count) ? db_int(count, 0) : 0;
    db_end(count);
    return scored;
}

void demo_report_halves(struct demo_report *report, int64_t middle_ms, FILE *out)
{
    fprintf(out, "%-12s %21s   %21s\n%-12s %10s %10s   %10s %10s\n", "", "composite, mean",
            "safety, mean", "model", "1st half", "2nd half", "1st half", "2nd half");
    struct statement *rows = db_sql(report->db, HALVES);
    db_bind_int(rows, middle_ms);
    while (db_row(rows))
        fprintf(out, "%-12.*s %10.3f %10.3f   %10.3f %10.3f\n", STR_ARGS(db_text(rows, 0)),
                db_real(rows, 1), db_real(rows, 2), db_real(rows, 3), db_real(rows, 4));
    db_end(rows);
}

static void print_metric(struct statement *row, FILE *out)
{
    fprintf(out, "  %-28.*s %8" PRId64 " %10.4f", STR_ARGS(db_text(row, 1)), db_int(row, 2),
            db_real(row, 3));
    if (db_int(row, 4))
        fprintf(out, " %8" PRId64 " %10.4f  %s\n", db_int(row, 5), db_real(row, 6),
                db_int(row, 7) ? "yes" : "NO");
    else
        fprintf(out, " %8s %10s  not a score\n", "", "");
}

void demo_report_published(struct demo_report *report, FILE *out)
{
    char *last = memory_copy_string("");
    struct statement *rows = db_sql(report->db, PUBLISHED);
    fprintf(out, "%-30s %19s %19s\n%-30s %8s %10s %8s %10s  %s\n", "", "published", "SQL",
            "namespace, metric", "count", "mean", "count", "mean", "equal");
    while (db_row(rows)) {
        struct str namespace = db_text(rows, 0);
        if (!str_is(namespace, last)) {
            fprintf(out, "%.*s\n", STR_ARGS(namespace));
            free(last);
            last = memory_copy_str(namespace);
        }
        print_metric(rows, out);
    }
    db_end(rows);
    free(last);
}

bool demo_report_equal(struct demo_report *report, bool *out_equal, struct error *error)
{
    struct statement *row =
        db_sql(report->db, "SELECT count(*) > 0 AND min(equal) FROM compared WHERE checked");
    bool equal = db_row(row) && db_int(row, 0) == 1;
    db_end(row);
    if (!db_ok(report->db, error))
        return false;
    *out_equal = equal;
    return true;
}
