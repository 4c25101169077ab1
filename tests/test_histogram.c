/* Are histograms at rest read as they were written, and merged without being unpacked? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "worker/store/histogram.h"

/* Expected: the sum by hand, and of random bins the dense sum. */
static void sparse_histograms_are_merged(void **state)
{
    (void)state;
    struct buffer a = {0}, b = {0}, sum = {0};
    uint32_t left[BINS] = {0}, right[BINS] = {0}, both[BINS] = {0}, read[BINS] = {0};
    for (uint32_t i = 0; i < BINS; i++) {
        left[i] = i % 3 == 0 ? i + 1 : 0;
        right[i] = i % 7 == 1 || i == BINS - 1 ? 300 * i : 0;
        both[i] = left[i] + right[i];
    }
    bins_write(left, BINS, &a);
    bins_write(right, BINS, &b);
    assert_true(bins_merge(buffer_str(&a), buffer_str(&b), &sum));
    assert_true(bins_read(read, BINS, buffer_str(&sum)));
    assert_memory_equal(read, both, sizeof both);
    buffer_reset(&sum);
    assert_true(bins_merge(STR(""), STR(""), &sum));
    assert_int_equal(sum.size, 0);
    assert_true(bins_merge(buffer_str(&a), STR(""), &sum));
    assert_true(str_equal(buffer_str(&sum), buffer_str(&a)));
    static const struct str damaged[] = {STR("\xff"), STR("\x01"), STR("\x01\x01\x01"),
                                         STR("\x01\x80")};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        assert_false(bins_merge(buffer_str(&a), damaged[i], &sum));
        assert_false(bins_merge(damaged[i], buffer_str(&a), &sum));
    }
    buffer_clear(&a);
    buffer_clear(&b);
    buffer_clear(&sum);
}

static void histograms_read_back_what_they_wrote(void **state)
{
    (void)state;
    struct histogram histogram = {0}, again = {0};
    struct buffer text = {0};
    histogram_add(&histogram, 1, 2);
    histogram_add(&histogram, .1, 1);
    histogram_add(&histogram, 1, 1);
    histogram_write(&histogram, &text);
    assert_string_equal(text.data, "[[0.1,1],[1,3]]");
    assert_true(histogram_read(&again, buffer_str(&text)));
    assert_int_equal(again.count, 2);
    assert_int_equal(again.counts[1], 3);
    assert_false(histogram_read(&again, STR("[[1]]")));
    buffer_clear(&text);

    uint32_t bins[BINS] = {0}, read[BINS] = {0};
    bins[0] = 1;
    bins[7] = 300;
    bins[BINS - 1] = 70000;
    bins_write(bins, BINS, &text);
    assert_true(bins_read(read, BINS, buffer_str(&text)));
    assert_memory_equal(bins, read, sizeof bins);
    assert_false(bins_read(read, BINS, STR("\xff")));
    assert_false(bins_read(read, BINS, STR("\xff\x7f\x01"))); /* a bin beyond the last */
    buffer_clear(&text);
    histogram_clear(&histogram);
    histogram_clear(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histograms_read_back_what_they_wrote),
        cmocka_unit_test(sparse_histograms_are_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
