/* alarm_outbox: events on their way out. */
#include "worker/alarm/alarm_outbox.h"

#include <stdlib.h>

#include "schema/base/memory.h"

void alarm_outbox_add(struct alarm_state *state, int64_t event, const char *alarm, bool over,
                      const char *const *targets, size_t target_count, int64_t now_ms)
{
    for (size_t i = 0; i < target_count; i++) {
        struct statement *write = db_sql(
            alarm_state_db(state),
            "INSERT INTO outbox(event, target, state, attempts, due_ms, made_ms) "
            "SELECT ?1, ?2, 'ready', 0, ?3, ?3 WHERE NOT ?4 OR EXISTS("
            "SELECT 1 FROM event JOIN outbox ON outbox.event = event.number WHERE alarm = ?5 AND "
            "number < ?1 AND target = ?2 AND state IN ('ready','sending','sent'))");
        db_bind_int(write, event);
        db_bind_text(write, str_of(targets[i]));
        db_bind_int(write, now_ms);
        db_bind_int(write, over);
        db_bind_text(write, str_of(alarm));
        db_do(write);
    }
}

static bool is_target(struct str name, const char *const *targets, size_t target_count)
{
    for (size_t i = 0; i < target_count; i++)
        if (str_is(name, targets[i]))
            return true;
    return false;
}

static void expire_others(struct db *db, const char *const *targets, size_t target_count)
{
    struct statement *rows = db_sql(db, "SELECT id, target FROM outbox WHERE state = 'ready'");
    while (db_row(rows)) {
        if (is_target(db_text(rows, 1), targets, target_count))
            continue;
        struct statement *write = db_sql(db, "UPDATE outbox SET state = 'expired' WHERE id = ?");
        db_bind_int(write, db_int(rows, 0));
        db_do(write);
    }
    db_end(rows);
}

bool alarm_outbox_start(struct alarm_state *state, const char *const *targets, size_t target_count,
                        struct error *error)
{
    struct db *db = alarm_state_db(state);
    db_begin(db);
    db_run(db, "UPDATE outbox SET state = 'ready' WHERE state = 'sending'");
    expire_others(db, targets, target_count);
    return db_commit(db, error);
}

/* ---- one delivery ---- */

/* What may go: one at a time to a target, and the end of an alarm after its beginning. */
#define FREE                                                                                       \
    " FROM outbox o JOIN event e ON e.number = o.event WHERE o.state = 'ready' AND NOT EXISTS("    \
    "SELECT 1 FROM outbox p WHERE p.target = o.target AND p.state = 'sending') AND NOT EXISTS("    \
    "SELECT 1 FROM event f JOIN outbox p ON p.event = f.number WHERE f.alarm = e.alarm AND "       \
    "f.number < e.number AND p.target = o.target AND p.state = 'ready')"

static void mark(struct db *db, int64_t id, const char *to, int64_t due_ms, int64_t more_attempts)
{
    struct statement *write = db_sql(db, "UPDATE outbox SET state = ?, due_ms = ?, "
                                         "attempts = attempts + ? WHERE id = ?");
    db_bind_text(write, str_of(to));
    db_bind_int(write, due_ms);
    db_bind_int(write, more_attempts);
    db_bind_int(write, id);
    db_do(write);
}

bool alarm_outbox_claim(struct alarm_state *state, int64_t now_ms, struct alarm_delivery *out,
                        struct error *error)
{
    struct db *db = alarm_state_db(state);
    db_begin(db);
    struct statement *find =
        db_sql(db, "SELECT o.id, o.target, e.id, e.alarm, e.body, e.at_ms, o.made_ms, "
                   "o.attempts" FREE " AND o.due_ms <= ? ORDER BY o.event, o.id LIMIT 1");
    db_bind_int(find, now_ms);
    bool found = db_row(find);
    if (found)
        *out = (struct alarm_delivery){
            .id = db_int(find, 0),
            .target = memory_copy_str(db_text(find, 1)),
            .event_id = memory_copy_str(db_text(find, 2)),
            .alarm = memory_copy_str(db_text(find, 3)),
            .json = memory_copy_str(db_text(find, 4)),
            .at_ms = db_int(find, 5),
            .made_ms = db_int(find, 6),
            .attempts = (unsigned)db_int(find, 7) + 1,
        };
    db_end(find);
    if (found)
        mark(db, out->id, "sending", now_ms, 1);
    if (db_commit(db, error))
        return found;
    if (found)
        alarm_delivery_clear(out);
    return false;
}

void alarm_delivery_clear(struct alarm_delivery *delivery)
{
    free(delivery->target);
    free(delivery->event_id);
    free(delivery->alarm);
    free(delivery->json);
    *delivery = (struct alarm_delivery){0};
}

/* Who was not told of the beginning is not told of the end. */
static void expire_end(struct db *db, const struct alarm_delivery *delivery)
{
    struct statement *write = db_sql(
        db, "UPDATE outbox SET state = 'expired' WHERE state = 'ready' AND target = ? AND event IN "
            "(SELECT number FROM event WHERE alarm = ?)");
    db_bind_text(write, str_of(delivery->target));
    db_bind_text(write, str_of(delivery->alarm));
    db_do(write);
}

bool alarm_outbox_settle(struct alarm_state *state, const struct alarm_delivery *delivery,
                         enum alarm_outcome outcome, int64_t now_ms, int64_t due_ms,
                         struct error *error)
{
    static const char *const after[] = {
        [ALARM_SENT] = "sent", [ALARM_AGAIN] = "ready", [ALARM_REFUSED] = "refused"};
    bool too_late = outcome == ALARM_AGAIN && due_ms - delivery->made_ms > ALARM_TELL_MS;
    struct db *db = alarm_state_db(state);
    db_begin(db);
    mark(db, delivery->id, too_late ? "expired" : after[outcome],
         outcome == ALARM_AGAIN ? due_ms : now_ms, 0);
    if (too_late || outcome == ALARM_REFUSED)
        expire_end(db, delivery);
    return db_commit(db, error);
}

int64_t alarm_outbox_due_ms(struct alarm_state *state)
{
    struct statement *read = db_sql(alarm_state_db(state),
                                    "SELECT o.due_ms" FREE " ORDER BY o.due_ms LIMIT 1");
    int64_t due_ms = db_row(read) ? db_int(read, 0) : INT64_MAX;
    db_end(read);
    return due_ms;
}
