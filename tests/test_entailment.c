/* Are answers that entail each other made one class as the published algorithm makes them, and in
 * as few questions as were promised? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "evaluators/comparing/entailment.h"

/* What is true of each ordered pair: row by row, 'e', 'n' or 'c'. */
struct truth {
    size_t count;
    const char *said;
};

static enum relation truth_of(const struct truth *truth, struct answer_pair pair)
{
    char said = truth->said[pair.from * truth->count + pair.to];
    return said == 'e' ? RELATION_ENTAILS : said == 'n' ? RELATION_NEUTRAL : RELATION_CONTRADICTS;
}

/* Asks round after round, as the evaluator does. Returns how many pairs were asked about. */
static size_t ask_all(const struct truth *truth, struct relations *relations, unsigned *out_rounds)
{
    struct answer_pair missing[ENTAILMENT_PAIRS_MAX];
    size_t asked = 0, count;
    for (*out_rounds = 0; *out_rounds < ENTAILMENT_ROUNDS; ++*out_rounds) {
        count = entailment_missing(relations, *out_rounds + 1 == ENTAILMENT_ROUNDS, missing);
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(relations->of[missing[i].from][missing[i].to], RELATION_UNKNOWN);
            relations->of[missing[i].from][missing[i].to] =
                (unsigned char)truth_of(truth, missing[i]);
        }
        asked += count;
    }
    assert_int_equal(entailment_missing(relations, true, missing), 0);
    return asked;
}

static void classes_are_those_of_the_published_loop(void **state)
{
    (void)state;
    /* Worked by hand from `get_semantic_ids` of jlko/semantic_uncertainty, an item that has a class
     * keeping it. */
    static const struct {
        struct truth truth;
        bool lax;
        size_t classes[6], asked;
        unsigned rounds;
    } cases[] = {
        {{1, "-"}, false, {0}, 0, 0},
        {{2, "-e"
             "e-"}, false, {0, 0}, 2, 1},
        {{2, "-e" /* one way only */
             "n-"}, false, {0, 1}, 2, 1},
        {{2, "-e"
             "n-"}, true, {0, 0}, 2, 1},
        {{2, "-n" /* both neutral */
             "n-"}, true, {0, 1}, 2, 1},
        {{2, "-e"
             "c-"}, true, {0, 1}, 2, 1},
        {{4, "-nen" /* 0 1 0 1 */
             "n-ne"
             "en-n"
             "nen-"}, false, {0, 1, 0, 1}, 8, 2},
        /* not transitive: 0~1, 0~2, 1 not~ 2: the founder decides */
        {{3, "-ee"
             "e-c"
             "ec-"}, false, {0, 0, 0}, 4, 1},
        /* 1~2 and 0~1: 2 may not take 1 away again */
        {{3, "-en"
             "e-e"
             "ne-"}, false, {0, 0, 1}, 4, 1},
        /* all differ: everything is asked, in three rounds */
        {{5, "-nnnn"
             "n-nnn"
             "nn-nn"
             "nnn-n"
             "nnnn-"}, false, {0, 1, 2, 3, 4}, 20, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct relations relations = {.count = cases[i].truth.count, .lax = cases[i].lax};
        size_t classes[ENTAILMENT_ANSWERS_MAX], n = 0;
        unsigned rounds;
        assert_int_equal(ask_all(&cases[i].truth, &relations, &rounds), cases[i].asked);
        assert_int_equal(rounds, cases[i].rounds);
        size_t made = entailment_classes(&relations, classes);
        for (size_t j = 0; j < relations.count; j++) {
            assert_int_equal(classes[j], cases[i].classes[j]);
            n = classes[j] + 1 > n ? classes[j] + 1 : n;
        }
        assert_int_equal(made, n);
    }
}

static void nothing_is_asked_twice_nor_in_more_rounds(void **state)
{
    (void)state;
    unsigned seed = 1;
    char said[12 * 12 + 1] = {0};
    for (unsigned turn = 0; turn < 2000; turn++) {
        size_t count = 1 + turn % 12;
        for (size_t i = 0; i < count * count; i++) {
            seed = seed * 1103515245 + 12345;
            said[i] = "eeenc"[(seed >> 16) % 5];
        }
        struct truth truth = {count, said};
        struct relations relations = {.count = count, .lax = turn % 2};
        unsigned rounds;
        assert_true(ask_all(&truth, &relations, &rounds) <= count * (count - 1));
        assert_true(rounds <= ENTAILMENT_ROUNDS);
    }
}

static void no_answers_are_no_classes(void **state)
{
    (void)state;
    struct relations relations = {.count = 0};
    struct answer_pair missing[ENTAILMENT_PAIRS_MAX];
    size_t classes[ENTAILMENT_ANSWERS_MAX];
    assert_int_equal(entailment_missing(&relations, true, missing), 0);
    assert_int_equal(entailment_classes(&relations, classes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_those_of_the_published_loop),
        cmocka_unit_test(nothing_is_asked_twice_nor_in_more_rounds),
        cmocka_unit_test(no_answers_are_no_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
