/* outbox: minutes of metrics on their way out, each sent at most once. */
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/store/minutes.h"

static void bind_key(struct statement *statement, const struct minute *minute)
{
    db_bind_int(statement, minute->minute_ms);
    db_bind_text(statement, str_of(minute->name));
    db_bind_text(statement, minute->model);
    db_bind_text(statement, minute->endpoint);
    db_bind_text(statement, minute->component);
    db_bind_text(statement, str_of(minute->kind));
}

/* The id of the row that waits, 0 when there is none; its values are added to `values`. */
static int64_t waiting_row(struct store *store, const struct minute *minute,
                           struct histogram *values)
{
    struct statement *read = db_sql(
        store->db, "SELECT id, histogram FROM outbox WHERE state = 'ready' AND minute_ms = ? AND "
                   "name = ? AND model = ? AND endpoint = ? AND component = ? AND kind = ?");
    bind_key(read, minute);
    int64_t id = 0;
    if (db_row(read)) {
        id = db_int(read, 0);
        histogram_read(values, db_text(read, 1));
    }
    db_end(read);
    return id;
}

void outbox_add(struct store *store, const struct minute *minute)
{
    struct histogram values = {0};
    int64_t id = waiting_row(store, minute, &values);
    for (size_t i = 0; i < minute->values.count; i++)
        histogram_add(&values, minute->values.values[i], minute->values.counts[i]);
    struct buffer json = {0};
    histogram_write(&values, &json);
    struct statement *write;
    if (id) {
        write = db_sql(store->db, "UPDATE outbox SET histogram = ?1 WHERE id = ?2");
        db_bind_text(write, buffer_str(&json));
        db_bind_int(write, id);
    } else {
        write = db_sql(store->db, "INSERT INTO outbox(state, minute_ms, name, model, endpoint,"
                                  "component, kind, unit, histogram) "
                                  "VALUES('ready', ?, ?, ?, ?, ?, ?, ?, ?)");
        bind_key(write, minute);
        db_bind_int(write, minute->unit);
        db_bind_text(write, buffer_str(&json));
    }
    db_do(write);
    buffer_clear(&json);
    histogram_clear(&values);
}

static char *copy_or_null(struct str text)
{
    if (text.size == 0)
        return NULL;
    char *copy = memory_resize(NULL, text.size + 1, 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static void read_metric(struct statement *rows, struct metric *out)
{
    struct histogram values = {0};
    histogram_read(&values, db_text(rows, 8));
    *out = (struct metric){.id = db_int(rows, 0),
                           .minute_ms = db_int(rows, 1),
                           .name = copy_or_null(db_text(rows, 2)),
                           .model = copy_or_null(db_text(rows, 3)),
                           .endpoint = copy_or_null(db_text(rows, 4)),
                           .component = copy_or_null(db_text(rows, 5)),
                           .kind = copy_or_null(db_text(rows, 6)),
                           .unit = (enum metric_unit)db_int(rows, 7),
                           .values = values.values,
                           .counts = values.counts,
                           .count = values.count};
}

static void set_state(struct store *store, int64_t id, const char *state)
{
    struct statement *move = db_sql(store->db, "UPDATE outbox SET state = ? WHERE id = ?");
    db_bind_text(move, str_of(state));
    db_bind_int(move, id);
    db_do(move);
}

bool outbox_claim(struct store *store, size_t max, struct metric **out_metrics, size_t *out_count,
                  struct error *error)
{
    struct metric *metrics = memory_new(max, sizeof *metrics);
    size_t count = 0;
    db_begin(store->db);
    struct statement *rows = db_sql(
        store->db, "SELECT id, minute_ms, name, model, endpoint, component, kind, unit, histogram "
                   "FROM outbox WHERE state = 'ready' ORDER BY minute_ms LIMIT ?");
    db_bind_int(rows, (int64_t)max);
    while (count < max && db_row(rows))
        read_metric(rows, &metrics[count++]);
    db_end(rows);
    for (size_t i = 0; i < count; i++)
        set_state(store, metrics[i].id, "sending");
    if (!db_commit(store->db, error)) {
        outbox_free(metrics, count);
        return false;
    }
    *out_metrics = metrics;
    *out_count = count;
    return true;
}

void outbox_free(struct metric *metrics, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)metrics[i].name);
        free((char *)metrics[i].model);
        free((char *)metrics[i].endpoint);
        free((char *)metrics[i].component);
        free((char *)metrics[i].kind);
        free((double *)metrics[i].values);
        free((uint32_t *)metrics[i].counts);
    }
    free(metrics);
}

bool outbox_settle(struct store *store, const int64_t *ids, const enum outbox_outcome *outcomes,
                   size_t count, struct error *error)
{
    static const char *const state_after[] = {
        [OUTBOX_SENT] = "sent",       [OUTBOX_RETRY] = "ready",     [OUTBOX_AMBIGUOUS] = "sending",
        [OUTBOX_REFUSED] = "refused", [OUTBOX_EXPIRED] = "expired",
    };
    db_begin(store->db);
    for (size_t i = 0; i < count; i++)
        set_state(store, ids[i], state_after[outcomes[i]]);
    return db_commit(store->db, error);
}

int64_t outbox_count(struct store *store, const char *state)
{
    struct statement *read = db_sql(store->db, "SELECT count(*) FROM outbox WHERE state = ?");
    db_bind_text(read, str_of(state));
    int64_t count = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return count;
}
