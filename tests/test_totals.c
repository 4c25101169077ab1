/* Do totals keep every series apart, add up over lanes, and reach whoever asks? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "worker/store/totals.h"

static struct total_key key_of(enum total_family family, const char *name, const char *hash)
{
    return (struct total_key){.family = family,
                              .model = STR("m"),
                              .endpoint = STR("e"),
                              .name = str_of(name),
                              .dimension = STR("d"),
                              .rubric = STR("r"),
                              .hash = str_of(hash)};
}

static void observe(struct totals *totals, struct total_key key, double value)
{
    total_observe(totals_at(totals, &key), value);
}

static void keys_that_differ_anywhere_are_apart(void **state)
{
    (void)state;
    struct totals totals = {0};
    struct total_key base = key_of(TOTAL_DIMENSION, "a", "1"), others[7];
    for (size_t i = 0; i < 7; i++)
        others[i] = base;
    others[0].family = TOTAL_ERRORS;
    others[1].model = STR("me"); /* with the endpoint "" it would read the same in a row */
    others[1].endpoint = STR("");
    others[2].endpoint = STR("f");
    others[3].name = STR("b");
    others[4].dimension = STR("x");
    others[5].rubric = STR("x");
    others[6].hash = STR("2");
    for (size_t round = 0; round < 3; round++) {
        observe(&totals, base, .5);
        for (size_t i = 0; i < 7; i++)
            observe(&totals, others[i], 1);
    }
    assert_int_equal(totals.count, 8);
    assert_true(totals_at(&totals, &base)->sum == 1.5);
    assert_true(totals_at(&totals, &others[6])->sum == 3);
    totals_clear(&totals);
}

/* Bounds of scores: 0, .25, .5, .7, .8, .9, 1; a value at a bound is below it. */
static void a_value_is_in_its_bucket(void **state)
{
    (void)state;
    static const struct {
        double value;
        size_t bucket;
    } cases[] = {{0, 0},  {.01, 1}, {.25, 1}, {.26, 2}, {.7, 3},
                 {.9, 5}, {.95, 6}, {1, 6},   {1.5, 7}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct totals totals = {0};
        struct total_key key = key_of(TOTAL_COMPOSITE, "", "");
        observe(&totals, key, cases[i].value);
        assert_int_equal(totals_at(&totals, &key)->counts[cases[i].bucket], 1);
        totals_clear(&totals);
    }
}

static void lanes_add_up(void **state)
{
    (void)state;
    struct totals one = {0}, two = {0}, sum = {0};
    char name[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "name-%d", i);
        observe(&one, key_of(TOTAL_ERRORS, name, ""), 1);
        if (i % 2)
            observe(&two, key_of(TOTAL_ERRORS, name, ""), 1);
    }
    totals_merge(&sum, &one);
    totals_merge(&sum, &two);
    totals_clear(&one); /* nothing is borrowed from them */
    totals_clear(&two);
    assert_int_equal(sum.count, 3000);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "name-%d", i);
        struct total_key key = key_of(TOTAL_ERRORS, name, "");
        assert_int_equal(totals_at(&sum, &key)->counts[0], 1 + i % 2);
    }
    totals_clear(&sum);
}

static void what_finds_no_room_is_counted_together(void **state)
{
    (void)state;
    struct totals totals = {0};
    char name[32];
    for (int i = 0; i < TOTALS_MAX + 10; i++) {
        snprintf(name, sizeof name, "name-%d", i);
        observe(&totals, key_of(TOTAL_ERRORS, name, ""), 1);
    }
    assert_int_equal(totals.count, TOTALS_MAX);
    assert_int_equal(totals.beyond.counts[0], 10);
    totals_clear(&totals);
}

static void endpoints_are_a_bounded_set(void **state)
{
    (void)state;
    struct totals totals = {0};
    char name[ENDPOINT_BYTES + 2];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_true(str_is(totals_endpoint(&totals, str_of(name)), "other"));
    assert_true(str_is(totals_endpoint(&totals, STR("")), ""));
    for (int i = 0; i < 2 * ENDPOINTS_MAX; i++) {
        snprintf(name, sizeof name, "e-%d", i);
        struct str counted = totals_endpoint(&totals, str_of(name));
        assert_true(str_is(counted, i < ENDPOINTS_MAX ? name : "other"));
    }
    assert_true(str_is(totals_endpoint(&totals, STR("e-7")), "e-7"));
    totals_clear(&totals);
}

static void a_box_holds_the_newest_copy_once(void **state)
{
    (void)state;
    struct totals totals = {0};
    struct totals_box box = {0};
    struct total_key key = key_of(TOTAL_SAMPLES, "", "");
    assert_null(totals_take(&box));
    for (int i = 0; i < 3; i++) {
        observe(&totals, key, 1);
        totals_offer(&box, &totals);
    }
    struct totals *taken = totals_take(&box);
    observe(&totals, key, 1);
    assert_non_null(taken);
    assert_int_equal(totals_at(taken, &key)->counts[0], 3);
    assert_null(totals_take(&box));
    totals_free(taken);
    totals_clear(&totals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_differ_anywhere_are_apart),
        cmocka_unit_test(a_value_is_in_its_bucket),
        cmocka_unit_test(lanes_add_up),
        cmocka_unit_test(what_finds_no_room_is_counted_together),
        cmocka_unit_test(endpoints_are_a_bounded_set),
        cmocka_unit_test(a_box_holds_the_newest_copy_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
