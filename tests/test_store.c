/* Does a shard keep each delivery once, count what was acked once, and send a minute once? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "worker/store/db.h"
#include "worker/store/store.h"

static char folder[64];
static const char *const models[] = {"m1"};

static struct store *take(void)
{
    struct error error = {0};
    struct store *store = store_take(
        &(struct store_config){.dir = folder, .models = models, .model_count = 1}, &error);
    if (!store)
        fail_msg("%s", error.text);
    return store;
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/assay-store-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", folder, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    return 0;
}

/* A rubric with one criterion of dimension accuracy, threshold .5. */
static struct criterion criterion = {
    .name = "answer", .dimension = "accuracy", .weight = 1, .threshold = .5, .sample = 1,
    .hash = "c1"};
static struct rubric rubric = {
    .name = "r", .criteria = &criterion, .criterion_count = 1, .hash = "r1"};

static void record_of(struct store *store, const struct tenure *tenure, int64_t offset,
                      double value, const char *model, enum sample_run run)
{
    struct score score = score_value(value, NULL);
    struct question *none = NULL;
    struct evaluated evaluated = {
        .rubric = &rubric, .scores = &score, .answered = &none, .composite = score};
    struct sample sample = {.id = STR("s"),
                            .observed_at_ms = 1795528200000,
                            .model = str_of(model),
                            .response = STR("x"),
                            .run = run,
                            .probability = 1,
                            .latency_ms = -1,
                            .input_tokens = -1,
                            .output_tokens = -1};
    struct delivery delivery = {.tenure = tenure,
                                .offset = offset,
                                .state = TERMINAL_SCORED,
                                .sample_id = sample.id,
                                .sample_key = (uint64_t)offset,
                                .sample = &sample,
                                .evaluated = &evaluated,
                                .evaluated_count = 1,
                                .evaluation_ms = 2};
    store_record(store, &delivery);
}

static void record_value(struct store *store, const struct tenure *tenure, int64_t offset,
                         double value, const char *model)
{
    record_of(store, tenure, offset, value, model, SAMPLE_LIVE);
}

static void commit(struct store *store)
{
    struct error error = {0};
    if (!store_commit(store, &error))
        fail_msg("%s", error.text);
}

static struct tenure open_tenure(struct store *store, int64_t start)
{
    struct error error = {0};
    struct tenure tenure;
    int64_t source = store_source(store, "t", "c", 0);
    if (!store_open_tenure(store, source, start, "", &tenure, &error))
        fail_msg("%s", error.text);
    return tenure;
}

static void ack(struct store *store, struct tenure *tenure, int64_t to)
{
    struct error error = {0};
    if (!store_ack(store, tenure, to, &error))
        fail_msg("%s", error.text);
}

/* The mean of a metric that waits in the outbox and how many values it has; claims everything. */
static double claim_mean(struct store *store, const char *name, const char *model,
                         uint32_t *out_times)
{
    struct error error = {0};
    struct metric *metrics;
    size_t count;
    double sum = 0;
    *out_times = 0;
    assert_true(outbox_claim(store, 1000, &metrics, &count, &error));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(metrics[i].name, name) != 0 || strcmp(metrics[i].model, model) != 0)
            continue;
        for (size_t v = 0; v < metrics[i].count; v++) {
            sum += metrics[i].values[v] * metrics[i].counts[v];
            *out_times += metrics[i].counts[v];
        }
    }
    outbox_free(metrics, count);
    return *out_times ? sum / *out_times : -1;
}

static void only_acked_rows_are_published(void **state)
{
    (void)state;
    struct store *store = take();
    struct tenure tenure = open_tenure(store, 0);
    store_begin(store);
    record_value(store, &tenure, 0, 1, "m1");
    record_value(store, &tenure, 1, 0, "m1");
    record_value(store, &tenure, 2, .25, "elsewhere");
    store_low_water(store, &tenure, 3);
    commit(store);
    assert_int_equal(outbox_count(store, "ready"), 0);
    ack(store, &tenure, 2);
    uint32_t times;
    assert_true(claim_mean(store, "accuracy_score", "m1", &times) == .5);
    assert_int_equal(times, 2);
    ack(store, &tenure, 3);
    assert_true(claim_mean(store, "composite_quality_score", "other", &times) == .25);
    assert_int_equal(times, 1);
    store_close(store);
}

static void what_was_on_its_way_at_a_crash_is_never_sent_again(void **state)
{
    (void)state;
    struct store *store = take();
    int64_t sending = outbox_count(store, "sending");
    assert_true(sending > 0); /* claimed by the test before, never settled */
    assert_int_equal(outbox_count(store, "ready"), 0);
    store_close(store);
}

static void a_row_that_is_there_stays_as_it_is(void **state)
{
    (void)state;
    struct store *store = take();
    struct tenure tenure = open_tenure(store, 10);
    for (int again = 0; again < 2; again++) {
        store_begin(store);
        record_value(store, &tenure, 10, again ? 0 : 1, "m1");
        commit(store);
    }
    ack(store, &tenure, 11);
    uint32_t times;
    assert_true(claim_mean(store, "accuracy_score", "m1", &times) == 1);
    assert_int_equal(times, 1);
    store_close(store);
}

static void a_rewound_group_counts_nothing_twice(void **state)
{
    (void)state;
    struct store *store = take();
    struct tenure tenure = open_tenure(store, 0); /* 0 to 2 were acked by another tenure */
    ack(store, &tenure, 3);
    assert_int_equal(outbox_count(store, "ready"), 0);
    store_close(store);
}

/* Started at 20, acked to 22, then reset to 18: 18 and 19 are new, 20 and 21 are not, 22 is. */
static void a_rewound_group_counts_what_it_had_not_reached(void **state)
{
    (void)state;
    uint32_t times;
    struct error error = {0};
    struct store *store = store_take(&(struct store_config){.dir = NULL}, &error);
    struct tenure first = open_tenure(store, 20);
    store_begin(store);
    record_value(store, &first, 20, 1, "m1");
    record_value(store, &first, 21, 1, "m1");
    commit(store);
    ack(store, &first, 22);
    assert_true(claim_mean(store, "accuracy_score", "other", &times) == 1);
    assert_int_equal(times, 2);
    struct tenure second = open_tenure(store, 18);
    assert_true(store_acked(store, second.source) == 22);
    store_begin(store);
    record_value(store, &second, 18, 0, "m1");
    record_value(store, &second, 19, 0, "m1");
    record_value(store, &second, 22, 0, "m1");
    commit(store);
    ack(store, &second, 23);
    assert_true(claim_mean(store, "accuracy_score", "other", &times) == 0);
    assert_int_equal(times, 3);
    store_close(store);
}

static void note_held(void *owner, int64_t offset, const uint64_t *scored_key)
{
    int64_t *held = owner;
    assert_non_null(scored_key);
    held[++held[0]] = offset;
}

static void what_a_shard_holds_is_adopted(void **state)
{
    (void)state;
    struct store *store = take();
    struct error error = {0};
    int64_t held[16] = {0};
    int64_t source = store_source(store, "t", "c", 0);
    assert_true(store_held(store, source, 2, note_held, held, &error));
    assert_int_equal(held[0], 2);
    assert_int_equal(held[1], 2);
    assert_int_equal(held[2], 10);
    assert_int_equal(store_highest(store, source), 10);
    store_close(store);
}

static void a_failed_transaction_keeps_nothing(void **state)
{
    (void)state;
    struct store *store = take();
    struct tenure tenure = open_tenure(store, 50);
    store_begin(store);
    record_value(store, &tenure, 50, 2, "m1"); /* a value no score may have: CHECK refuses it */
    struct error error = {0};
    assert_false(store_commit(store, &error));
    assert_int_equal(error.kind, ERROR_FATAL);
    assert_true(store_highest(store, tenure.source) == 10);
    store_begin(store);
    record_value(store, &tenure, 50, 1, "m1"); /* words and rubrics made in it are made again */
    commit(store);
    assert_true(store_highest(store, tenure.source) == 50);
    store_close(store);
}

static void a_shard_has_one_holder(void **state)
{
    (void)state;
    struct store *first = take(), *second = take();
    assert_string_not_equal(store_path(first), store_path(second));
    assert_string_not_equal(store_shard(first), store_shard(second));
    assert_true(store_sample_key(first, STR("s")) == store_sample_key(second, STR("s")));
    store_close(second);
    store_close(first);
}

/* A worker recorded offsets 100 to 105 and asked the broker to commit 104, but died before it
 * heard; the next one began there and said after whom. */
static void what_a_successor_proves_is_counted(void **state)
{
    (void)state;
    struct error error = {0};
    struct store *dead = take(), *successor = take();
    struct tenure tenure = open_tenure(dead, 100), next;
    char metadata[SHARD_UUID_BYTES + 24];
    snprintf(metadata, sizeof metadata, "%s:%lld", store_shard(dead), (long long)tenure.number);
    store_begin(dead);
    for (int64_t offset = 100; offset < 106; offset++)
        record_value(dead, &tenure, offset, 1, "m1");
    store_low_water(dead, &tenure, 106);
    commit(dead);
    store_close(dead);

    dead = take();
    assert_true(store_recover(dead, NULL, 0, &error)); /* nobody has followed yet */
    assert_int_equal(outbox_count(dead, "ready"), 0);
    int64_t source = store_source(successor, "t", "c", 0);
    assert_true(store_open_tenure(successor, source, 104, metadata, &next, &error));
    const struct tenure *going_on[] = {&tenure};
    assert_true(store_recover(dead, going_on, 1, &error)); /* it may hear of it itself */
    assert_int_equal(outbox_count(dead, "ready"), 0);
    assert_true(store_recover(dead, NULL, 0, &error));
    uint32_t times;
    assert_true(claim_mean(dead, "accuracy_score", "m1", &times) == 1);
    assert_int_equal(times, 4);
    assert_true(store_recover(dead, NULL, 0, &error)); /* and only once */
    assert_int_equal(outbox_count(dead, "ready"), 0);
    store_close(successor);
    store_close(dead);
}

static int64_t held_from(struct store *store, int64_t source)
{
    struct error error = {0};
    int64_t held[64] = {0};
    assert_true(store_held(store, source, 0, note_held, held, &error));
    return held[0] ? held[1] : -1;
}

static void rows_that_are_old_and_acked_go(void **state)
{
    (void)state;
    const int64_t day_ms = 86400000;
    struct error error = {0};
    bool more = false;
    struct store *store = store_take(&(struct store_config){.dir = NULL}, &error);
    struct tenure tenure = open_tenure(store, 0);
    store_begin(store);
    for (int64_t offset = 0; offset < 4; offset++)
        record_value(store, &tenure, offset, 1, "m1");
    commit(store);
    ack(store, &tenure, 3);
    int64_t now = clock_wall_ms();
    const struct retention forever = {0}, two_days = {.row_days = 2};
    assert_true(store_prune(store, &forever, now + 3 * day_ms, &more, &error));
    assert_int_equal(held_from(store, tenure.source), 0);
    assert_true(store_prune(store, &two_days, now + day_ms, &more, &error));
    assert_int_equal(held_from(store, tenure.source), 0);
    assert_true(store_prune(store, &two_days, now + 3 * day_ms, &more, &error));
    assert_false(more);
    assert_int_equal(held_from(store, tenure.source), 3); /* it is not acked yet */
    store_close(store);
}

static int64_t count_of(const struct store *store, const char *query)
{
    struct error error = {0};
    struct db *db = db_open(store_path(store), DB_READER, &error);
    struct statement *read = db_sql(db, query);
    int64_t count = db_row(read) ? db_int(read, 0) : -1;
    db_end(read);
    db_close(db);
    return count;
}

static int64_t texts_held(const struct store *store)
{
    return count_of(store, "SELECT count(*) FROM text");
}

static void old_texts_go_before_their_rows(void **state)
{
    (void)state;
    struct error error = {0};
    bool more = false;
    struct store *store =
        store_take(&(struct store_config){.dir = folder, .text = TEXT_FULL}, &error);
    struct tenure tenure = open_tenure(store, 200);
    store_begin(store);
    record_value(store, &tenure, 200, 0, "m1"); /* failed: its text is kept */
    commit(store);
    const struct retention a_week = {.text_days = 7};
    assert_int_equal(texts_held(store), 1);
    assert_true(store_prune(store, &a_week, clock_wall_ms(), &more, &error));
    assert_int_equal(texts_held(store), 1);
    assert_true(store_prune(store, &a_week, clock_wall_ms() + 8 * 86400000LL, &more, &error));
    assert_int_equal(texts_held(store), 0);
    assert_int_equal(store_highest(store, tenure.source), 200);
    store_close(store);
}

static void note_keys(void *owner, int64_t offset, const uint64_t *scored_key)
{
    ((uint64_t *)owner)[offset - 300] = *scored_key;
}

/* One offset of live, two of references. */
static void late_references_are_kept_apart(void **state)
{
    (void)state;
    struct error error = {0};
    struct store *store =
        store_take(&(struct store_config){.dir = folder, .text = TEXT_FULL}, &error);
    struct tenure tenure = open_tenure(store, 300);
    uint32_t times;
    claim_mean(store, "", "", &times);
    store_begin(store);
    record_of(store, &tenure, 300, 1, "m9", SAMPLE_LIVE);
    record_of(store, &tenure, 301, 0, "m9", SAMPLE_REFERENCES);
    record_of(store, &tenure, 302, 0, "m9", SAMPLE_REFERENCES);
    store_low_water(store, &tenure, 303);
    commit(store);
    ack(store, &tenure, 303);
    assert_int_equal(store_highest(store, tenure.source), 302);
    assert_true(claim_mean(store, "accuracy_score", "other", &times) == 1);
    assert_int_equal(times, 1);
#define OF_RUN(table, what, run)                                                                   \
    count_of(store, "SELECT " what " FROM " table " WHERE run = '" run "' AND model = 'm9'")
    assert_int_equal(OF_RUN("rollups", "sum(scored)", "live"), 2); /* and the composite */
    assert_int_equal(OF_RUN("rollups", "sum(scored)", "references"), 4);
    assert_int_equal(OF_RUN("rollups", "sum(passed)", "references"), 0);
    assert_int_equal(OF_RUN("measures", "sum(n)", "references"), 2 * 3);
    assert_int_equal(OF_RUN("scores", "count(*)", "references"), 4);
#undef OF_RUN
    uint64_t keys[3] = {0};
    assert_true(store_held(store, tenure.source, 300, note_keys, keys, &error));
    assert_true(keys[0] == store_run_key(300, SAMPLE_LIVE));
    assert_true(keys[1] == store_run_key(301, SAMPLE_REFERENCES));
    assert_true(store_run_key(301, SAMPLE_LIVE) != store_run_key(301, SAMPLE_REFERENCES));
    bool more;
    const struct retention two_days = {.row_days = 2};
    int64_t later_ms = clock_wall_ms() + 3 * 86400000LL;
    assert_true(store_prune(store, &two_days, later_ms, &more, &error));
    assert_int_equal(count_of(store, "SELECT count(*) FROM delivery WHERE off >= 300"), 0);
    assert_int_equal(count_of(store, "SELECT count(*) FROM text WHERE off >= 300"), 0);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_acked_rows_are_published),
        cmocka_unit_test(what_was_on_its_way_at_a_crash_is_never_sent_again),
        cmocka_unit_test(a_row_that_is_there_stays_as_it_is),
        cmocka_unit_test(a_rewound_group_counts_nothing_twice),
        cmocka_unit_test(a_rewound_group_counts_what_it_had_not_reached),
        cmocka_unit_test(what_a_shard_holds_is_adopted),
        cmocka_unit_test(a_failed_transaction_keeps_nothing),
        cmocka_unit_test(a_shard_has_one_holder),
        cmocka_unit_test(what_a_successor_proves_is_counted),
        cmocka_unit_test(rows_that_are_old_and_acked_go),
        cmocka_unit_test(old_texts_go_before_their_rows),
        cmocka_unit_test(late_references_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
