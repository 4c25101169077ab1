/* alarm_gauges: how far each stream is from its alarm, as metrics. */
#include "worker/alarm/alarm_gauges.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/alarm/alarm_complaint.h"

enum {
    BATCH_MAX = 1000,
    RETRY_MS = 60 * 1000,
    KEEP_MS = 24 * 60 * 60 * 1000, /* what is older than this is of no use any more */
};

struct alarm_gauges {
    const struct publisher *publisher;
    void *open;
    struct alarm_state *state;
    struct complaint trouble;
    bool publishing, again;
    int64_t now_ms, retry_ms; /* after a failure: when to try again */
    int turn_ms;              /* when the publisher wants its turn; -1: when published */
    struct error error;       /* the state could not be written */
};

void alarm_gauge_add(struct alarm_state *state, int64_t minute_ms, const char *model,
                     const char *name, const char *kind, double value)
{
    struct statement *write =
        db_sql(alarm_state_db(state), "INSERT INTO metric(state, minute_ms, model, name, kind, "
                                      "value) VALUES('ready', ?, ?, ?, ?, ?)");
    db_bind_int(write, minute_ms);
    db_bind_text(write, str_of(model));
    db_bind_text(write, str_of(name));
    db_bind_text(write, str_of(kind));
    db_bind_real(write, value);
    db_do(write);
}

/* ---- rows ---- */

static void mark(struct db *db, int64_t id, const char *to)
{
    struct statement *write = db_sql(db, "UPDATE metric SET state = ? WHERE id = ?");
    db_bind_text(write, str_of(to));
    db_bind_int(write, id);
    db_do(write);
}

static struct metric read_gauge(struct statement *row)
{
    double *value = memory_new(1, sizeof *value);
    uint32_t *count = memory_new(1, sizeof *count);
    *value = db_real(row, 5);
    *count = 1;
    return (struct metric){.id = db_int(row, 0),
                           .minute_ms = db_int(row, 1),
                           .model = memory_copy_str(db_text(row, 2)),
                           .name = memory_copy_str(db_text(row, 3)),
                           .kind = memory_copy_str(db_text(row, 4)),
                           .unit = METRIC_NONE,
                           .values = value,
                           .counts = count,
                           .count = 1};
}

static void free_metrics(struct metric *metrics, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)metrics[i].model);
        free((char *)metrics[i].name);
        free((char *)metrics[i].kind);
        free((double *)metrics[i].values);
        free((uint32_t *)metrics[i].counts);
    }
    free(metrics);
}

/* Only what is `ready` is of use: what is `sending` may have arrived. */
static void forget_settled(struct db *db, int64_t now_ms)
{
    struct statement *write =
        db_sql(db, "DELETE FROM metric WHERE state <> 'ready' OR minute_ms < ?");
    db_bind_int(write, now_ms - KEEP_MS);
    db_do(write);
}

/* Marks the oldest `sending`, durably. */
static size_t claim(struct alarm_gauges *gauges, struct metric *metrics)
{
    struct db *db = alarm_state_db(gauges->state);
    size_t count = 0;
    db_begin(db);
    forget_settled(db, gauges->now_ms);
    struct statement *rows =
        db_sql(db, "SELECT id, minute_ms, model, name, kind, value FROM metric "
                   "WHERE state = 'ready' ORDER BY id LIMIT ?");
    db_bind_int(rows, BATCH_MAX);
    while (count < BATCH_MAX && db_row(rows))
        metrics[count++] = read_gauge(rows);
    db_end(rows);
    for (size_t i = 0; i < count; i++)
        mark(db, metrics[i].id, "sending");
    return db_commit(db, &gauges->error) ? count : 0;
}

/* ---- publishing ---- */

static void published(void *owner, const struct publish_result *results, size_t count,
                      const struct error *error)
{
    static const char *const after[PUBLISH_OUTCOMES] = {
        [PUBLISH_SENT] = "sent",         [PUBLISH_FAILED] = "ready",
        [PUBLISH_AMBIGUOUS] = "sending", [PUBLISH_REFUSED] = "refused",
        [PUBLISH_TOO_OLD] = "expired",   [PUBLISH_TOO_NEW] = "expired",
        [PUBLISH_LEFT_OUT] = "refused",
    };
    struct alarm_gauges *gauges = owner;
    struct db *db = alarm_state_db(gauges->state);
    bool failed = false;
    db_begin(db);
    for (size_t i = 0; i < count; i++) {
        failed = failed || results[i].outcome == PUBLISH_FAILED;
        mark(db, results[i].id, after[results[i].outcome]);
    }
    db_commit(db, &gauges->error);
    alarm_complain(&gauges->trouble, "cloudwatch", error);
    gauges->retry_ms = failed ? gauges->now_ms + RETRY_MS : 0;
    gauges->publishing = false;
}

static void publish(struct alarm_gauges *gauges)
{
    struct metric *metrics = memory_new(BATCH_MAX, sizeof *metrics);
    size_t count = claim(gauges, metrics);
    gauges->publishing = count > 0;
    gauges->again = count == BATCH_MAX;
    if (count > 0)
        gauges->publisher->publish(gauges->open, metrics, count, published, gauges);
    free_metrics(metrics, count);
}

bool alarm_gauges_turn(struct alarm_gauges *gauges, int64_t now_ms, struct error *error)
{
    gauges->now_ms = now_ms;
    if (!gauges->publishing && now_ms >= gauges->retry_ms)
        publish(gauges);
    gauges->turn_ms = gauges->publisher->turn(gauges->open);
    return gauges->error.kind == ERROR_NONE ||
           error_set(error, gauges->error.kind, "%s", gauges->error.text);
}

int64_t alarm_gauges_wait_ms(const struct alarm_gauges *gauges, int64_t now_ms)
{
    if (gauges->publishing)
        return gauges->turn_ms >= 0 ? gauges->turn_ms : INT64_MAX;
    if (gauges->retry_ms > now_ms)
        return gauges->retry_ms - now_ms;
    return gauges->again || gauges->retry_ms > 0 ? 0 : INT64_MAX;
}

bool alarm_gauges_idle(const struct alarm_gauges *gauges)
{
    return !gauges->publishing && !gauges->again;
}

/* ---- the outside ---- */

struct alarm_gauges *alarm_gauges_new(const struct publisher *publisher,
                                      const struct publisher_config *config,
                                      struct alarm_state *state, struct error *error)
{
    void *open = publisher->open(config, error);
    if (!open)
        return NULL;
    struct alarm_gauges *gauges = memory_new(1, sizeof *gauges);
    *gauges = (struct alarm_gauges){
        .publisher = publisher, .open = open, .state = state, .turn_ms = -1};
    return gauges;
}

void alarm_gauges_free(struct alarm_gauges *gauges)
{
    if (!gauges)
        return;
    gauges->publisher->close(gauges->open);
    free(gauges);
}
