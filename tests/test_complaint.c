/* Is a trouble that lasts told at once, then less and less often, and its end once? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "schema/base/complaint.h"

enum { SECOND_MS = 1000, START_MS = 5000 };

static void a_trouble_is_told_at_growing_intervals(void **state)
{
    (void)state;
    static const int64_t expected_s[] = {0,   10,   30,   70,   150,  310,
                                         630, 1270, 2550, 5110, 8710, 12310};
    enum { COUNT = sizeof expected_s / sizeof *expected_s };
    struct complaint complaint = {0};
    size_t told = 0;
    for (int64_t second = 0; second <= expected_s[COUNT - 1]; second++) {
        if (!complaint_due(&complaint, START_MS + second * SECOND_MS))
            continue;
        assert_true(told < COUNT);
        assert_int_equal(second, expected_s[told++]);
    }
    assert_int_equal(told, COUNT);
}

static void its_end_is_told_once(void **state)
{
    (void)state;
    struct complaint complaint = {0};
    int64_t lasted = -1;
    assert_false(complaint_over(&complaint, START_MS, &lasted));
    assert_true(complaint_due(&complaint, START_MS));
    assert_true(complaint_over(&complaint, START_MS + 7000, &lasted));
    assert_int_equal(lasted, 7000);
    assert_false(complaint_over(&complaint, START_MS + 8000, &lasted));
}

static void what_flaps_keeps_its_interval(void **state)
{
    (void)state;
    struct complaint complaint = {0};
    int64_t lasted;
    int told = 0;
    for (int64_t second = 0; second < 3600; second++) { /* comes and goes every second */
        told += complaint_due(&complaint, START_MS + second * SECOND_MS);
        complaint_over(&complaint, START_MS + second * SECOND_MS + 500, &lasted);
    }
    assert_in_range(told, 2, 12);
    assert_false(complaint_due(&complaint, START_MS + 3600 * SECOND_MS));
    assert_true(complaint_due(&complaint, START_MS + 4 * 3600 * SECOND_MS)); /* calm: anew */
    assert_int_equal(complaint.interval_ms, COMPLAINT_FIRST_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trouble_is_told_at_growing_intervals),
        cmocka_unit_test(its_end_is_told_once),
        cmocka_unit_test(what_flaps_keeps_its_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
