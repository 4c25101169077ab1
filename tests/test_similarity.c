/* Do tokenisers and similarities give what the published programs give? */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "evaluators/answers/similarity.h"
#include "evaluators/answers/text.h"

enum { LONGEST = 300 };

static void white_space_of_any_kind_is_trimmed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *trimmed;
    } cases[] = {
        {" a b\t\n", "a b"},
        {"\xC2\xA0\xE3\x80\x80x\xE2\x80\x83", "x"}, /* no-break, ideographic and em space */
        {"\xE2\x80\x8Bx", "\xE2\x80\x8Bx"},         /* U+200B is no white space */
        {"   ", ""},
        {"", ""},
        {"é", "é"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str trimmed = text_trim(str_of(cases[i].text));
        assert_true(str_is(trimmed, cases[i].trimmed));
    }
}

static void lower_case_knows_latin_greek_cyrillic_and_armenian(void **state)
{
    (void)state;
    struct arena arena = {0};
    /* expected: "...".lower() of Python, but for the last, which stays */
    static const struct {
        const char *text, *lower;
    } cases[] = {
        {"Hello, WORLD 1", "hello, world 1"},
        {"ÀÖØÞ×÷ÿŸ", "àöøþ×÷ÿÿ"},
        {"ĀāĮĹĺŊŽž", "āāįĺĺŋžž"},
        {"ΆΈΏΑΣΩ", "άέώασω"},
        {"ЀЯАЖѠ", "ѐяажѡ"},
        {"ԱՖ", "աֆ"},
        {"ẠỸ", "ạỹ"},
        {"ＡＺ", "ａｚ"},
        {"日本語😀", "日本語😀"},
        {"İ", "İ"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(str_is(text_lower(str_of(cases[i].text), &arena), cases[i].lower));
    arena_clear(&arena);
}

/* The tokens joined by "|". */
static void check_tokens(enum text_style style, const char *text, const char *expected)
{
    struct arena arena = {0};
    struct text_tokens tokens;
    assert_true(text_tokenise(style, str_of(text), &arena, &tokens));
    const char *joined = "";
    for (size_t i = 0; i < tokens.count; i++)
        joined = arena_printf(&arena, "%s%s%.*s", joined, i ? "|" : "", STR_ARGS(tokens.items[i]));
    assert_string_equal(joined, expected);
    arena_clear(&arena);
}

static void texts_are_tokenised_as_the_published_programs_do(void **state)
{
    (void)state;
    static const struct {
        enum text_style style;
        const char *text, *tokens;
    } cases[] = {
        {TEXT_SQUAD, "The Eiffel Tower, in Paris!", "eiffel|tower|in|paris"},
        {TEXT_SQUAD, "e.g. an apple", "eg|apple"}, /* punctuation is deleted, not replaced */
        {TEXT_SQUAD, "the\tend\na\nb", "end|b"},
        {TEXT_SQUAD, "theatre a1 a_b", "theatre|a1|ab"},
        {TEXT_SQUAD, "éa the—end", "éa|—end"}, /* \b knows é as a letter, and the dash as none */
        {TEXT_SQUAD, "a\xC2\xA0the", ""},
        {TEXT_SQUAD, "the", ""},
        {TEXT_SQUAD, "", ""},
        {TEXT_FMEVAL, "the\nend of a thing", "the|end|of|thing"}, /* only single spaces bound */
        {TEXT_FMEVAL, "\n the end", "end"},                       /* stripped first */
        {TEXT_FMEVAL, "a", ""},
        {TEXT_ROUGE, "It's 3.5% -- naïve", "it|s|3|5|na|ve"},
        {TEXT_ROUGE, "日本", ""},
        {TEXT_ROUGE, "x", "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_tokens(cases[i].style, cases[i].text, cases[i].tokens);
}

static void text_that_rouge_cannot_see_is_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool beyond;
    } cases[] = {
        {"日本語", true}, {"привет!", true}, {"مرحبا", true}, {"日本 a", false},
        {"1日", false},   {"", false},       {"?!", false},   {"- 😌😊 →", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_is_beyond_ascii(str_of(cases[i].text)), cases[i].beyond);
}

static void a_text_of_too_many_tokens_is_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t size = 2 * ((size_t)TEXT_TOKENS_MAX + 1);
    char *text = malloc(size);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 2 ? ' ' : 'x';
    struct text_tokens tokens;
    assert_false(text_tokenise(TEXT_ROUGE, (struct str){text, size}, &arena, &tokens));
    assert_true(text_tokenise(TEXT_ROUGE, (struct str){text, size - 2}, &arena, &tokens));
    assert_int_equal(tokens.count, TEXT_TOKENS_MAX);
    free(text);
    arena_clear(&arena);
}

static void equal_tokens_have_equal_ids(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct vocabulary vocabulary;
    vocabulary_init(&vocabulary, &arena);
    enum { WORDS = 5000 };
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < WORDS; i++) {
            struct str word = str_of(arena_printf(&arena, "w%u", i));
            assert_int_equal(vocabulary_id(&vocabulary, word), i);
        }
    assert_int_equal(vocabulary.count, WORDS);
    arena_clear(&arena);
}

/* The full tables of the textbooks, which the bit-parallel forms must agree with. */
static size_t plain_lcs(const uint32_t *a, size_t m, const uint32_t *b, size_t n)
{
    static size_t table[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0)
                table[i][j] = 0;
            else if (a[i - 1] == b[j - 1])
                table[i][j] = table[i - 1][j - 1] + 1;
            else
                table[i][j] = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];
        }
    return table[m][n];
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t plain_levenshtein(const uint32_t *a, size_t m, const uint32_t *b, size_t n)
{
    static size_t table[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0)
                table[i][j] = i + j;
            else
                table[i][j] = smaller(table[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
                                      smaller(table[i - 1][j], table[i][j - 1]) + 1);
        }
    return table[m][n];
}

static uint32_t random_below(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1664525u + 1013904223u; /* Numerical Recipes */
    return (*seed >> 8) % limit;
}

static void bit_parallel_forms_agree_with_the_textbook_tables(void **state)
{
    (void)state;
    uint32_t seed = 2026, a[LONGEST], b[LONGEST];
    struct arena arena = {0};
    struct similarity similarity;
    similarity_init(&similarity, &arena);
    for (int round = 0; round < 300; round++) {
        uint32_t letters = 1 + random_below(&seed, round % 3 == 0 ? 3 : 200);
        size_t m = random_below(&seed, LONGEST + 1), n = random_below(&seed, LONGEST + 1);
        if (round % 5 == 0) /* the edges of a block */
            m = 64 * (1 + random_below(&seed, 4)), n = m - random_below(&seed, 2);
        for (size_t i = 0; i < m; i++)
            a[i] = random_below(&seed, letters);
        for (size_t i = 0; i < n; i++) /* half of b is a, so that there is much to find */
            b[i] = i < m && random_below(&seed, 2) ? a[i] : random_below(&seed, letters);
        struct sequence left = {a, m}, right = {b, n};
        size_t length = 999, distance = 999;
        assert_true(similarity_lcs(&similarity, left, right, letters, &length));
        assert_true(similarity_levenshtein(&similarity, left, right, letters, &distance));
        assert_int_equal(length, plain_lcs(a, m, b, n));
        assert_int_equal(distance, plain_levenshtein(a, m, b, n));
    }
    arena_clear(&arena);
}

static void a_comparison_beyond_the_budget_is_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct similarity similarity;
    similarity_init(&similarity, &arena);
    similarity.steps = 20; /* ten items against two blocks, once */
    uint32_t ids[128] = {0}, others[128];
    for (size_t i = 0; i < 128; i++)
        others[i] = 1;
    struct sequence ten = {ids, 10}, two_blocks = {others, 128};
    size_t length, distance;
    assert_true(similarity_lcs(&similarity, ten, two_blocks, 2, &length));
    assert_int_equal(length, 0);
    assert_false(similarity_lcs(&similarity, ten, two_blocks, 2, &length));
    assert_false(similarity_levenshtein(&similarity, ten, two_blocks, 2, &distance));
    assert_true(similarity_levenshtein(&similarity, ten, ten, 2, &distance)); /* costs nothing */
    assert_int_equal(distance, 0);
    arena_clear(&arena);
}

static void code_points_are_compared_and_not_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"kitten", "sitting", 3}, {"", "", 0},     {"abc", "", 3},
        {"日本", "日木", 1},      {"é", "e", 1},   {"😀😀", "😀", 1},
        {"abc", "abc", 0},        {"ab", "ba", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct vocabulary vocabulary;
        struct similarity similarity;
        vocabulary_init(&vocabulary, &arena);
        similarity_init(&similarity, &arena);
        struct sequence a = vocabulary_code_points(&vocabulary, str_of(cases[i].a));
        struct sequence b = vocabulary_code_points(&vocabulary, str_of(cases[i].b));
        size_t distance;
        assert_true(similarity_levenshtein(&similarity, a, b, vocabulary.count, &distance));
        assert_int_equal(distance, cases[i].distance);
        arena_clear(&arena);
    }
}

static void overlaps_count_multisets_and_sets(void **state)
{
    (void)state;
    struct arena arena = {0};
    /* "yes no no" against "yes yes no": SQuAD 2/3, as sets 1 */
    struct sequence prediction = {(uint32_t[]){0, 1, 1}, 3}, reference = {(uint32_t[]){0, 0, 1}, 3};
    struct overlap overlap = similarity_multiset(prediction, reference, 2, &arena);
    assert_true(fabs(overlap.f - 2.0 / 3) < 1e-15);
    overlap = similarity_set(prediction, reference, 2, &arena);
    assert_true(fabs(overlap.f - 1) < 1e-15);
    overlap = similarity_multiset(prediction, (struct sequence){NULL, 0}, 2, &arena);
    assert_true(fabs(overlap.f - 0) < 1e-15);
    overlap = similarity_set((struct sequence){NULL, 0}, (struct sequence){NULL, 0}, 0, &arena);
    assert_true(fabs(overlap.precision - 0) < 1e-15);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_of_any_kind_is_trimmed),
        cmocka_unit_test(lower_case_knows_latin_greek_cyrillic_and_armenian),
        cmocka_unit_test(texts_are_tokenised_as_the_published_programs_do),
        cmocka_unit_test(text_that_rouge_cannot_see_is_recognised),
        cmocka_unit_test(a_text_of_too_many_tokens_is_refused),
        cmocka_unit_test(equal_tokens_have_equal_ids),
        cmocka_unit_test(bit_parallel_forms_agree_with_the_textbook_tables),
        cmocka_unit_test(a_comparison_beyond_the_budget_is_refused),
        cmocka_unit_test(code_points_are_compared_and_not_bytes),
        cmocka_unit_test(overlaps_count_multisets_and_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
