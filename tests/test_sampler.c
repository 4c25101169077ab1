/* test_sampler: are records kept with the probability that is told, within the budget? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include "worker/intake/sampler.h"

static struct sampler_config config_of(double share, double rate)
{
    return (struct sampler_config){.share = share, .rate = rate, .key = {1}};
}

static double probability(struct sampler *sampler, const char *stratum, const char *prompt)
{
    const struct sampler_record record = {.id = STR("x"),
                                          .name = str_of(stratum),
                                          .stratum = str_of(stratum),
                                          .prompt = prompt ? str_of(prompt) : (struct str){0}};
    return sampler_decide(sampler, &record, 0).probability;
}

/* Of `count` records of a stratum; the last one's probability. */
static double feed(struct sampler *sampler, const char *stratum, int count)
{
    double p = 0;
    for (int i = 0; i < count; i++)
        p = probability(sampler, stratum, NULL);
    return p;
}

static void a_bucket_sets_the_probabilities_of_the_next(void **state)
{
    (void)state;
    struct sampler_config config = config_of(0.05, 0);
    config.floor = 10;
    struct sampler *sampler = sampler_new(&config);
    assert_float_equal(feed(sampler, "a", 10), 1, 0); /* new: its first ones */
    double p = feed(sampler, "a", 8990);
    assert_true(fabs(log2(p / 0.05)) <= 0.125 + 1e-9); /* then the share, on the grid */
    feed(sampler, "b", 900);
    feed(sampler, "c", 100); /* ends the bucket: 9000, 900, 100 of 10000 */
    /* 500 by square roots: 94.87 : 30 : 10, all above the floor; the last takes 37 of its 100 */
    const double wanted[] = {500 * 94.868 / 134.868 / 9000, 500 * 30 / 134.868 / 900,
                             500 * 10 / 134.868 / 100};
    static const char *const strata[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        p = probability(sampler, strata[i], NULL);
        assert_true(fabs(log2(p / wanted[i])) <= 0.125 + 1e-3);
    }
    sampler_free(sampler);
}

static void a_floor_is_kept_and_what_is_gone_is_new(void **state)
{
    (void)state;
    struct sampler_config config = config_of(0.01, 0);
    config.floor = 50;
    struct sampler *sampler = sampler_new(&config);
    feed(sampler, "a", SAMPLER_BUCKET_RECORDS - 60);
    feed(sampler, "b", 60);
    double p = probability(sampler, "b", NULL);
    assert_true(p >= 50.0 / 60 * exp2(-0.125) && p <= 1);
    feed(sampler, "a", SAMPLER_BUCKET_RECORDS - 1); /* hardly any of the second */
    assert_float_equal(feed(sampler, "b", 1), 1, 0);
    feed(sampler, "a", 8 * SAMPLER_BUCKET_RECORDS);
    assert_float_equal(feed(sampler, "b", 50), 1, 0); /* none: it is new */
    sampler_free(sampler);
}

static void more_strata_than_there_is_room_for_are_one(void **state)
{
    (void)state;
    struct sampler_config config = config_of(0.5, 0);
    struct sampler *sampler = sampler_new(&config);
    for (int i = 0; i < 3 * SAMPLER_BUCKET_RECORDS; i++) {
        char stratum[16];
        snprintf(stratum, sizeof stratum, "%d", i);
        double p = probability(sampler, stratum, NULL);
        assert_true(p > 0 && p <= 1);
    }
    sampler_free(sampler);
}

static void a_probability_set_by_hand_stays(void **state)
{
    (void)state;
    static const char *const pairs[] = {"a=0.3", "b=0"};
    struct sampler_config config = config_of(1, 0);
    config.strata = (struct named){pairs, 2};
    struct sampler *sampler = sampler_new(&config);
    assert_float_equal(feed(sampler, "a", 2 * SAMPLER_BUCKET_RECORDS), 0.3, 1e-12);
    assert_float_equal(feed(sampler, "b", 1), 0, 0);
    assert_float_equal(feed(sampler, "c", 2 * SAMPLER_BUCKET_RECORDS), 1, 0);
    sampler_free(sampler);
}

/* ---- a play ---- */

/* Five strata: 1000, 300, 100, 20 and 1 of 1421. */
static size_t stratum_of(size_t i)
{
    static const size_t ends[] = {1000, 1300, 1400, 1420};
    size_t at = i * 7919 % 1421, stratum = 0;
    while (stratum < 4 && at >= ends[stratum])
        stratum++;
    return stratum;
}

struct outcome {
    size_t arrived[5], kept[5];
    double weight[5];
};

/* `count` records, `a_second` of them, with their own ids; `shapes`: prompts of 17576 shapes. */
static struct outcome play(const struct sampler_config *config, size_t count, size_t a_second,
                           bool shapes)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    struct outcome outcome = {0};
    struct sampler *sampler = sampler_new(config);
    char id[32], text[8];
    for (size_t i = 0; i < count; i++) {
        size_t stratum = stratum_of(i);
        snprintf(id, sizeof id, "id-%zu", i);
        snprintf(text, sizeof text, "%c%c%c", shapes ? (char)('a' + i % 26) : 'h',
                 shapes ? (char)('a' + i / 26 % 26) : 'e',
                 shapes ? (char)('a' + i / 676 % 26) : 'y');
        const struct sampler_record record = {
            .id = str_of(id), .stratum = str_of(names[stratum]), .prompt = str_of(text)};
        struct sampler_decision decision =
            sampler_decide(sampler, &record, (int64_t)(i * 1000 / a_second));
        outcome.arrived[stratum]++;
        if (decision.keep) {
            outcome.kept[stratum]++;
            outcome.weight[stratum] += 1 / decision.probability;
        }
    }
    sampler_free(sampler);
    return outcome;
}

static size_t total(const size_t counts[5])
{
    return counts[0] + counts[1] + counts[2] + counts[3] + counts[4];
}

/* 5 standard deviations of the sum of weights: sum of (1 - p) / p over all, at most kept / p^2. */
static void weights_sum_to_what_arrived(const struct outcome *outcome)
{
    for (size_t i = 0; i < 5; i++) {
        double n = (double)outcome->arrived[i], w = outcome->weight[i];
        double kept = (double)outcome->kept[i], spread = kept > 0 ? w / sqrt(kept) : n;
        assert_true(fabs(w - n) <= 5 * spread);
    }
}

static void a_share_is_kept_and_rare_strata_more(void **state)
{
    (void)state;
    struct sampler_config config = config_of(.05, 0);
    struct outcome outcome = play(&config, 400000, 1000, false);
    double share = (double)total(outcome.kept) / 400000;
    assert_true(share > .05 / 1.2 && share < .05 * 1.2); /* rungs are 2^(1/4) apart */
    weights_sum_to_what_arrived(&outcome);
    double common = (double)outcome.kept[0] / (double)outcome.arrived[0];
    double rare = (double)outcome.kept[4] / (double)outcome.arrived[4];
    assert_true(common < .05 && rare > .5); /* sqrt 1000 : sqrt 1 */
}

static void a_rate_is_kept_also_in_a_surge(void **state)
{
    (void)state;
    struct sampler_config config = config_of(0, 50);
    struct outcome outcome = play(&config, 400000, 1000, false);
    double rate = (double)total(outcome.kept) / 400;
    assert_true(rate > 50 / 1.25 && rate < 50 * 1.25);
    weights_sum_to_what_arrived(&outcome);
    struct outcome surge = play(&config, 400000, 100000, false); /* 4 s from nothing */
    assert_true(total(surge.kept) < 4 * 50 * 1.25 + 200);
    struct outcome slow = play(&config, 4000, 20, false); /* less than the rate: all of it */
    assert_int_equal(total(slow.kept), 4000);
}

static void a_floor_lifts_a_stratum(void **state)
{
    (void)state;
    struct sampler_config config = config_of(.002, 0);
    double without = (double)play(&config, 400000, 1000, false).kept[3];
    config.floor = 10; /* of about 141 of 10,000 */
    double with = (double)play(&config, 400000, 1000, false).kept[3];
    assert_true(with > 400 / 1.5 && with < 400 * 1.5 && with > 2 * without);
}

/* 17576 shapes; each is new once in 17576 records. */
static void rare_shapes_get_a_part_and_weights_stay_right(void **state)
{
    (void)state;
    struct sampler_config config = config_of(.05, 0);
    config.novelty = 3;
    struct outcome outcome = play(&config, 400000, 1000, true);
    double share = (double)total(outcome.kept) / 400000;
    assert_true(share < .05 * 1.4);
    weights_sum_to_what_arrived(&outcome);
}

/* ---- shapes, groups, keys, products ---- */

static void shapes_are_alike_in_kind_not_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *prompt;
        bool alike;
    } cases[] = {{"summarise  Ticket 985 of them, please", true},
                 {"translate ticket 17 for me, please", false},
                 {"Summarise ticket 17 for me", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sampler_config config = config_of(0.001, 0);
        config.novelty = 1;
        struct sampler *sampler = sampler_new(&config);
        feed(sampler, "a", SAMPLER_BUCKET_RECORDS); /* of no shape: nothing of their part is used */
        for (int n = 0; n < 900; n++)
            probability(sampler, "a", "Summarise ticket 17 for me, please");
        double p = probability(sampler, "a", cases[i].prompt);
        assert_true(cases[i].alike ? p < 0.01 : p > 0.2);
        sampler_free(sampler);
    }
}

static void samplers_of_one_key_choose_alike_and_others_not(void **state)
{
    (void)state;
    struct sampler_config config = config_of(.5, 0), other = config;
    other.key[0] = 2;
    struct sampler *a = sampler_new(&config), *b = sampler_new(&config);
    struct sampler *c = sampler_new(&other);
    size_t alike = 0;
    for (size_t i = 0; i < 90; i++) {
        char id[16];
        snprintf(id, sizeof id, "%zu", i);
        const struct sampler_record record = {.id = str_of(id), .stratum = STR("s")};
        bool here = sampler_decide(a, &record, 10).keep;
        assert_int_equal(here, sampler_decide(b, &record, 20).keep);
        alike += here == sampler_decide(c, &record, 10).keep;
    }
    assert_in_range(alike, 20, 70);
    sampler_free(a);
    sampler_free(b);
    sampler_free(c);
}

static void a_group_is_whole(void **state)
{
    (void)state;
    struct sampler_config config = config_of(.25, 0);
    struct sampler *sampler = sampler_new(&config);
    for (size_t group = 0; group < 6000; group++) {
        char name[16];
        snprintf(name, sizeof name, "%zu", group);
        int kept = 0;
        for (size_t i = 0; i < 4; i++) {
            const struct sampler_record record = {
                .id = str_of(name), .stratum = STR("s"), .grouped = true};
            struct sampler_decision decision = sampler_decide(sampler, &record, 0);
            assert_true(decision.probability == .25);
            kept += decision.keep;
        }
        assert_true(kept == 0 || kept == 4);
    }
    sampler_free(sampler);
}

static void products_stay_on_the_grid(void **state)
{
    (void)state;
    for (int a = 0; a < 32; a++)
        for (int b = 0; b < 32; b++)
            assert_true(sampler_product(exp2(-a / 4.0), exp2(-b / 4.0)) == exp2(-(a + b) / 4.0));
    assert_true(sampler_product(0.3, 0.5) == 0.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_sets_the_probabilities_of_the_next),
        cmocka_unit_test(a_floor_is_kept_and_what_is_gone_is_new),
        cmocka_unit_test(more_strata_than_there_is_room_for_are_one),
        cmocka_unit_test(a_probability_set_by_hand_stays),
        cmocka_unit_test(a_share_is_kept_and_rare_strata_more),
        cmocka_unit_test(a_rate_is_kept_also_in_a_surge),
        cmocka_unit_test(a_floor_lifts_a_stratum),
        cmocka_unit_test(rare_shapes_get_a_part_and_weights_stay_right),
        cmocka_unit_test(shapes_are_alike_in_kind_not_in_words),
        cmocka_unit_test(samplers_of_one_key_choose_alike_and_others_not),
        cmocka_unit_test(a_group_is_whole),
        cmocka_unit_test(products_stay_on_the_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
