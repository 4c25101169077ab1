/* Are numbers found in text as people write them, and compared as decimals? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "evaluators/answers/numbers.h"

static void numbers_are_found_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text, *first, *last; /* canonical; NULL: none */
    } cases[] = {
        {"42", "42e0", "42e0"},
        {"it is 3... or so", "3e0", "3e0"},
        {"x = 3/4", "75e-2", "75e-2"},
        {"$1,234.50.", "12345e-1", "12345e-1"},
        {"1,234,567", "1234567e0", "1234567e0"},
        {"1,45,000 rupees", "145e3", "145e3"},
        {"6, 7", "6e0", "7e0"},
        {"1,23", "1e0", "23e0"},
        {"1234,567", "1234e0", "567e0"}, /* not a group of thousands */
        {"10{,}000 and 2\\,500", "1e4", "25e2"},
        {"-5 to -3", "-5e0", "-3e0"},
        {"\xE2\x88\x92"
         "7",
         "-7e0", "-7e0"}, /* U+2212 */
        {"答案：-5", "-5e0", "-5e0"},
        {"-$10,000", "-1e4", "-1e4"},
        {"pages 10-20", "1e1", "2e1"},
        {"(3)-2", "3e0", "2e0"},
        {"- 5 apples", "5e0", "5e0"},
        {"COVID-19", "19e0", "19e0"},
        {"20%", "2e1", "2e1"},
        {".5", "5e-1", "5e-1"},
        {"a.5", "5e0", "5e0"},
        {"0.000", "0", "0"},
        {"-0", "0", "0"},
        {"007", "7e0", "7e0"},
        {"1e-3", "1e-3", "1e-3"},
        {"2.5E+3x", "25e-1", "3e0"}, /* no exponent before a letter */
        {"2e5", "2e5", "2e5"},
        {"1e999", "1e999", "1e999"},
        {"1 3/4 cups", "175e-2", "175e-2"},
        {"3/4/2024", "3e0", "2024e0"},
        {"1/0", "1e0", "0"},
        {"\\frac{3}{4}", "75e-2", "75e-2"},
        {"-1\\dfrac{1}{2}", "-15e-1", "-15e-1"},
        {"\\frac{3}{0}", "3e0", "0"},
        {"1/3", "333333333333333333e-18", "333333333333333333e-18"},
        {"1.2.3", "12e-1", "3e0"},
        {"99999999999999999999999999", "99999999999999999999999999e0",
         "99999999999999999999999999e0"},
        {"no number", NULL, NULL},
        {"½ ١٢٣ NaN inf", NULL, NULL},
        {"-", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct number number;
        bool found = number_first(str_of(cases[i].text), &arena, &number);
        assert_int_equal(found, cases[i].first != NULL);
        if (found) {
            assert_string_equal(number_canonical(&number, &arena).data, cases[i].first);
            assert_true(number_last(str_of(cases[i].text), &arena, &number));
            assert_string_equal(number_canonical(&number, &arena).data, cases[i].last);
        } else {
            assert_false(number_last(str_of(cases[i].text), &arena, &number));
        }
        arena_clear(&arena);
    }
}

static void a_text_that_is_one_number_is_told_from_others(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {" $1,234.50. ", true}, {"20%", true},     {"20\\%", true}, {"5 €", false}, {"5€", true},
        {"-3", true},           {"5 eggs", false}, {"is 5", false}, {"", false},    {"$", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct number number;
        assert_int_equal(number_whole_text(str_of(cases[i].text), &arena, &number), cases[i].is);
        arena_clear(&arena);
    }
}

static void numbers_are_equal_as_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        double tolerance;
        bool equal;
    } cases[] = {
        {"1,234.50", "1234.5", NUMBER_TOLERANCE_DEFAULT, true},
        {"0.1", "1e-1", 0, true},
        {"-0", "0", 0, true},
        {"5", "-5", NUMBER_TOLERANCE_DEFAULT, false},
        {"1000000000", "1000000001", NUMBER_TOLERANCE_DEFAULT, false}, /* whole: exactly */
        {"10.6666666666", "32/3", NUMBER_TOLERANCE_DEFAULT, true},
        {"10.67", "32/3", NUMBER_TOLERANCE_DEFAULT, false},
        {"10.67", "32/3", 0.001, true},
        {"1/2", "0.5", 0, true},
        {"4/2", "2", 0, true},
        {"3.0000000001", "3", 0, false},
        {"100", "101", 0.01, true},
        {"100", "102", 0.01, false},
        {"1e999", "1e999", 0, true},
        {"1e9999", "1e9998", 0.5, false}, /* beyond what a long double holds */
        {"0", "1e-30", 0.5, false},
        {"123456789012345678901", "123456789012345678902", NUMBER_TOLERANCE_DEFAULT, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct number a, b;
        assert_true(number_first(str_of(cases[i].a), &arena, &a));
        assert_true(number_first(str_of(cases[i].b), &arena, &b));
        assert_int_equal(number_equal(&a, &b, cases[i].tolerance), cases[i].equal);
        assert_int_equal(number_equal(&b, &a, cases[i].tolerance), cases[i].equal);
        arena_clear(&arena);
    }
}

static void an_absolute_difference_may_be_allowed(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct number a, b;
    assert_true(number_first(STR("9.75"), &arena, &a) && number_first(STR("10"), &arena, &b));
    assert_true(number_near(&a, &b, 0.25));
    assert_false(number_near(&a, &b, 0.2));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_found_as_people_write_them),
        cmocka_unit_test(a_text_that_is_one_number_is_told_from_others),
        cmocka_unit_test(numbers_are_equal_as_decimals),
        cmocka_unit_test(an_absolute_difference_may_be_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
