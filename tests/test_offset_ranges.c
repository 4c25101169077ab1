/* test_offset_ranges: do ranges hold what a plain set of their offsets holds? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include "worker/report/reading/offset_ranges.h"

enum { OFFSETS = 64, ROUNDS = 2000, ADDS_MAX = 12 };

static int64_t any_offset(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (int64_t)(*seed >> 16) % OFFSETS;
}

static void check_ascending(const struct offset_ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        assert_true(ranges->items[i].from < ranges->items[i].to);
        assert_true(i == 0 || ranges->items[i - 1].to < ranges->items[i].from);
    }
}

/* The first run of offsets in [from, to) that the set does not hold. */
static struct offset_range plain_free(const bool *set, int64_t from, int64_t to)
{
    while (from < to && set[from])
        from++;
    int64_t end = from;
    while (end < to && !set[end])
        end++;
    return (struct offset_range){from, end};
}

static void test_ranges_are_a_set(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int round = 0; round < ROUNDS; round++) {
        struct offset_ranges ranges = {0};
        bool set[OFFSETS] = {false};
        for (int i = 0; i < 1 + round % ADDS_MAX; i++) {
            int64_t from = any_offset(&seed), to = any_offset(&seed);
            offset_ranges_add(&ranges, from, to);
            for (int64_t at = from; at < to; at++)
                set[at] = true;
        }
        check_ascending(&ranges);
        int64_t from = any_offset(&seed), to = any_offset(&seed);
        struct offset_range mine = offset_ranges_free(&ranges, from, to);
        struct offset_range wanted = plain_free(set, from, to);
        if (wanted.from < wanted.to) {
            assert_int_equal(mine.from, wanted.from);
            assert_int_equal(mine.to, wanted.to);
        } else {
            assert_true(mine.from >= mine.to);
        }
        offset_ranges_clear(&ranges);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranges_are_a_set)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
