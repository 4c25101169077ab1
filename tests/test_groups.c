/* Is a group of deliveries compared once, whole, and the same in any order of its responses? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "schema/base/arena.h"
#include "worker/store/store.h"

static struct criterion criterion = {
    .name = "agree", .dimension = "consistency", .weight = 1, .threshold = .5, .sample = 1,
    .hash = "c1"};
static struct rubric rubric = {
    .name = "r", .criteria = &criterion, .criterion_count = 1, .hash = "r1"};

struct shard {
    struct store *store;
    struct arena arena;
    struct fingerprint *all;
    size_t count;
};

static int open_shard(void **state)
{
    static struct shard shard;
    struct error error = {0};
    shard = (struct shard){.store = store_take(&(struct store_config){.dir = NULL}, &error)};
    *state = &shard;
    return shard.store ? 0 : -1;
}

static int close_shard(void **state)
{
    struct shard *shard = *state;
    arena_clear(&shard->arena);
    store_close(shard->store);
    return 0;
}

/* One response of group 7, its unit given. */
static enum member_place add(struct shard *shard, uint64_t number, int64_t offset, size_t expected,
                             uint64_t unit)
{
    struct error error = {0};
    struct member member = {.rubric = &rubric,
                            .group = 7,
                            .number = number,
                            .source = 1,
                            .offset = offset,
                            .expected = expected,
                            .fingerprint = {&unit, 1}};
    shard->all = NULL;
    shard->count = 0;
    store_begin(shard->store);
    enum member_place place =
        store_group_add(shard->store, &member, &shard->arena, &shard->all, &shard->count);
    assert_true(store_commit(shard->store, &error));
    return place;
}

static void the_last_response_completes(void **state)
{
    struct shard *shard = *state;
    assert_int_equal(add(shard, 0, 10, 3, 5), MEMBER_OPEN);
    assert_int_equal(add(shard, 2, 11, 3, 6), MEMBER_OPEN);
    assert_int_equal(add(shard, 1, 12, 3, 5), MEMBER_COMPLETES);
    assert_int_equal(shard->count, 3);
    /* in order of number: equal units stay equal, and are not kept as they came */
    assert_true(shard->all[0].units[0] == shard->all[1].units[0]);
    assert_true(shard->all[0].units[0] != shard->all[2].units[0]);
    assert_true(shard->all[0].units[0] != 5);
}

static void what_comes_after_that_is_late(void **state)
{
    struct shard *shard = *state;
    add(shard, 0, 10, 2, 5);
    assert_int_equal(add(shard, 1, 11, 2, 5), MEMBER_COMPLETES);
    assert_int_equal(add(shard, 2, 12, 2, 5), MEMBER_LATE);
}

static void a_response_told_twice_counts_once(void **state)
{
    struct shard *shard = *state;
    assert_int_equal(add(shard, 0, 10, 2, 5), MEMBER_OPEN);
    assert_int_equal(add(shard, 0, 11, 2, 6), MEMBER_DUPLICATE);
    assert_int_equal(add(shard, 1, 12, 2, 5), MEMBER_COMPLETES);
    assert_true(shard->all[0].units[0] == shard->all[1].units[0]);
}

static void a_delivery_told_again_has_the_place_it_had(void **state)
{
    struct shard *shard = *state;
    add(shard, 0, 10, 2, 5);
    add(shard, 1, 11, 2, 5);
    assert_int_equal(add(shard, 0, 10, 2, 5), MEMBER_OPEN);
    assert_int_equal(add(shard, 1, 11, 2, 5), MEMBER_COMPLETES);
    assert_int_equal(shard->count, 2);
}

static void the_first_word_on_the_size_is_believed(void **state)
{
    struct shard *shard = *state;
    assert_int_equal(add(shard, 0, 10, 0, 5), MEMBER_OPEN);
    assert_int_equal(add(shard, 1, 11, 3, 5), MEMBER_OPEN);
    assert_int_equal(add(shard, 2, 12, 2, 5), MEMBER_COMPLETES);
    assert_int_equal(shard->count, 3);
}

static void a_group_without_a_size_stays_open_and_bounded(void **state)
{
    struct shard *shard = *state;
    for (int i = 0; i < GROUP_MEMBERS_MAX; i++)
        assert_int_equal(add(shard, (uint64_t)i, i, 0, 5), MEMBER_OPEN);
    assert_int_equal(add(shard, GROUP_MEMBERS_MAX, GROUP_MEMBERS_MAX, 0, 5), MEMBER_LATE);
}

static void nothing_stays_nothing(void **state)
{
    struct shard *shard = *state;
    add(shard, 0, 10, 2, FINGERPRINT_NOTHING);
    assert_int_equal(add(shard, 1, 11, 2, FINGERPRINT_NOTHING), MEMBER_COMPLETES);
    assert_true(shard->all[0].units[0] == FINGERPRINT_NOTHING);
    assert_true(shard->all[1].units[0] == FINGERPRINT_NOTHING);
}

static void names_are_told_apart_where_they_end(void **state)
{
    struct shard *shard = *state;
    struct sample a = {.model = STR("m"), .model_version = STR("1"), .group = STR("g")};
    struct sample b = {.model = STR("m1"), .model_version = STR(""), .group = STR("g")};
    uint64_t key = store_group_key(shard->store, 1, &a);
    assert_true(key == store_group_key(shard->store, 1, &a));
    assert_true(key != store_group_key(shard->store, 2, &a));
    assert_true(key != store_group_key(shard->store, 1, &b));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_shard, close_shard)
    const struct CMUnitTest tests[] = {
        CASE(the_last_response_completes),
        CASE(what_comes_after_that_is_late),
        CASE(a_response_told_twice_counts_once),
        CASE(a_delivery_told_again_has_the_place_it_had),
        CASE(the_first_word_on_the_size_is_believed),
        CASE(a_group_without_a_size_stays_open_and_bounded),
        CASE(nothing_stays_nothing),
        CASE(names_are_told_apart_where_they_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
