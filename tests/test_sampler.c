/* test_sampler: does the sampler share its budget as its header says? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "worker/feed/sampler.h"

static const uint8_t KEY[SIPHASH_KEY_BYTES] = {1};

/* Feeds `count` records of a stratum; returns the last one's probability. */
static double feed(struct sampler *sampler, uint64_t stratum, int count)
{
    double p = 0;
    for (int i = 0; i < count; i++)
        p = sampler_probability(sampler, stratum, 0);
    return p;
}

static void a_bucket_sets_the_rates_of_the_next(void **state)
{
    (void)state;
    struct sampler *sampler = sampler_new(&(struct sampler_config){.share = 0.05, .floor = 10});
    assert_float_equal(feed(sampler, 1, 10), 1, 0); /* new: its first ones */
    double p = feed(sampler, 1, 8990);
    assert_true(fabs(log2(p / 0.05)) <= 0.125 + 1e-9); /* then the share, on the grid */
    feed(sampler, 2, 900);
    feed(sampler, 3, 100); /* ends the bucket: 9000, 900, 100 of 10000 */
    /* 500 by square roots: 94.87 : 30 : 10, all above the floor; the last one takes 37 of its 100 */
    const double wanted[] = {500 * 94.868 / 134.868 / 9000, 500 * 30 / 134.868 / 900,
                             500 * 10 / 134.868 / 100};
    for (uint64_t stratum = 1; stratum <= 3; stratum++) {
        p = sampler_probability(sampler, stratum, 0);
        assert_true(fabs(log2(p / wanted[stratum - 1])) <= 0.125 + 1e-3);
    }
    sampler_free(sampler);
}

static void a_floor_is_kept_and_what_is_gone_is_new(void **state)
{
    (void)state;
    struct sampler *sampler = sampler_new(&(struct sampler_config){.share = 0.01, .floor = 50});
    feed(sampler, 1, SAMPLER_BUCKET_RECORDS - 60);
    feed(sampler, 2, 60);
    double p = sampler_probability(sampler, 2, 0);
    assert_true(p >= 50.0 / 60 * exp2(-0.125) && p <= 1);
    feed(sampler, 1, SAMPLER_BUCKET_RECORDS - 1); /* hardly any of the second */
    assert_float_equal(feed(sampler, 2, 1), 1, 0);
    feed(sampler, 1, 2 * SAMPLER_BUCKET_RECORDS);
    assert_float_equal(feed(sampler, 2, 50), 1, 0); /* none: it is new */
    sampler_free(sampler);
}

static void more_strata_than_there_is_room_for_are_one(void **state)
{
    (void)state;
    struct sampler *sampler = sampler_new(&(struct sampler_config){.share = 0.5});
    for (int i = 0; i < 3 * SAMPLER_BUCKET_RECORDS; i++) {
        double p = sampler_probability(sampler, (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15), 0);
        assert_true(p > 0 && p <= 1);
    }
    sampler_free(sampler);
}

static void shapes_are_alike_in_kind_not_in_words(void **state)
{
    (void)state;
    uint64_t one = sampler_shape(KEY, STR("Summarise ticket 17 for me, please"));
    assert_true(one == sampler_shape(KEY, STR("summarise  Ticket 985 of them, please")));
    assert_true(one != sampler_shape(KEY, STR("translate ticket 17 for me, please")));
    assert_true(one != sampler_shape(KEY, STR("Summarise ticket 17 for me")));
    assert_true(sampler_shape(KEY, STR("")) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_sets_the_rates_of_the_next),
        cmocka_unit_test(a_floor_is_kept_and_what_is_gone_is_new),
        cmocka_unit_test(more_strata_than_there_is_room_for_are_one),
        cmocka_unit_test(shapes_are_alike_in_kind_not_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
