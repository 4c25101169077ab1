/* Are a day's limits of calls and tokens kept, by any number of lanes, whenever they are killed? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include "worker/answer/budget.h"

enum { DAY = 86400000 };

struct ledger {
    int64_t day, amounts[BUDGET_UNITS]; /* of the newest day written down */
    unsigned writes;
    bool broken;
};

static bool write_down(void *owner, int64_t day, const int64_t amounts[BUDGET_UNITS])
{
    struct ledger *ledger = owner;
    if (ledger->broken)
        return false;
    for (size_t unit = 0; unit < BUDGET_UNITS; unit++)
        ledger->amounts[unit] = (ledger->day == day ? ledger->amounts[unit] : 0) + amounts[unit];
    ledger->day = day;
    ledger->writes++;
    return true;
}

static bool take(struct budget_share *share, int64_t wall_ms)
{
    struct budget_receipt receipt;
    return budget_take(share, 500, wall_ms, &receipt);
}

static int spend(struct budget_share *share, int64_t wall_ms)
{
    int count = 0;
    while (count < 1000 && take(share, wall_ms))
        count++;
    return count;
}

static void a_day_has_its_calls_and_no_more(void **state)
{
    (void)state;
    struct ledger ledger = {.day = -1};
    struct budget *budget = budget_new(25, BUDGET_UNLIMITED);
    struct budget_share *share = budget_share_new(budget, 10, 1000, write_down, &ledger);
    assert_int_equal(spend(share, 20000 * (int64_t)DAY), 25); /* chunks of 10, 10 and 5 */
    assert_int_equal(ledger.writes, 3);
    assert_int_equal(ledger.amounts[BUDGET_CALLS], 25);
    assert_int_equal(budget_left(budget, BUDGET_CALLS, 20000 * (int64_t)DAY), 0);
    assert_int_equal(spend(share, 20001 * (int64_t)DAY - 1), 0);
    assert_int_equal(budget_left(budget, BUDGET_CALLS, 20001 * (int64_t)DAY), 25);
    assert_true(take(share, 20001 * (int64_t)DAY));
    assert_int_equal(ledger.day, 20001);
    assert_int_equal(spend(share, 19999 * (int64_t)DAY), 24); /* a clock set back gains nothing */
    assert_int_equal(spend(share, 20001 * (int64_t)DAY), 0);
    budget_share_free(share);
    budget_free(budget);
}

/* What was written down before a kill counts, spent or not. */
static void a_kill_never_lets_the_limit_be_exceeded(void **state)
{
    (void)state;
    int64_t today = 20000 * (int64_t)DAY;
    struct ledger ledger = {.day = -1};
    int spent = 0;
    for (int life = 0; life < 12; life++) {
        struct budget *budget = budget_new(100, BUDGET_UNLIMITED);
        if (ledger.day >= 0)
            budget_restore(budget, ledger.day, ledger.amounts);
        struct budget_share *share = budget_share_new(budget, 10, 1000, write_down, &ledger);
        for (int i = 0; i < 13; i++) /* then it is killed: 7 of the second chunk are lost */
            spent += take(share, today);
        budget_share_free(share);
        budget_free(budget);
    }
    assert_int_equal(ledger.amounts[BUDGET_CALLS], 100);
    assert_int_equal(spent, 5 * 13); /* five lives of two chunks each */

    struct budget *yesterday = budget_new(100, BUDGET_UNLIMITED);
    budget_restore(yesterday, 19999, (const int64_t[]){100, 0});
    struct budget_share *share = budget_share_new(yesterday, 10, 1000, NULL, NULL);
    assert_int_equal(spend(share, today), 100);
    budget_restore(yesterday, 19998, (const int64_t[]){50, 0}); /* an older day: no more */
    assert_int_equal(budget_left(yesterday, BUDGET_CALLS, today), 0);
    budget_share_free(share);
    budget_free(yesterday);
}

static void nothing_is_spent_that_was_not_written_down(void **state)
{
    (void)state;
    struct ledger ledger = {.day = -1, .broken = true};
    struct budget *budget = budget_new(100, BUDGET_UNLIMITED);
    struct budget_share *share = budget_share_new(budget, 10, 1000, write_down, &ledger);
    assert_false(take(share, DAY));
    ledger.broken = false;
    assert_int_equal(spend(share, DAY), 90); /* the chunk of the failure is lost */
    budget_share_free(share);
    budget_free(budget);
}

static void no_limit_and_no_calls_are_limits_too(void **state)
{
    (void)state;
    struct ledger ledger = {.day = -1};
    struct budget *none = budget_new(0, BUDGET_UNLIMITED);
    struct budget *all = budget_new(BUDGET_UNLIMITED, BUDGET_UNLIMITED);
    struct budget_share *of_none = budget_share_new(none, 10, 1000, write_down, &ledger);
    struct budget_share *of_all = budget_share_new(all, 10, 1000, write_down, &ledger);
    assert_int_equal(spend(of_none, DAY), 0);
    assert_int_equal(spend(of_all, DAY), 1000);
    assert_int_equal(ledger.writes, 0);
    budget_share_free(of_none);
    budget_share_free(of_all);
    budget_free(none);
    budget_free(all);
}

struct spender {
    struct budget *budget;
    int64_t chunk;
    int spent;
};

static void *spend_all(void *argument)
{
    struct spender *spender = argument;
    struct budget_share *share =
        budget_share_new(spender->budget, spender->chunk, 1000, NULL, NULL);
    while (take(share, DAY))
        spender->spent++;
    budget_share_free(share);
    return NULL;
}

static void lanes_share_one_limit(void **state)
{
    (void)state;
    enum { LANES = 4, CALLS = 50000 };
    struct budget *budget = budget_new(CALLS, BUDGET_UNLIMITED);
    struct spender spenders[LANES];
    pthread_t threads[LANES];
    for (int i = 0; i < LANES; i++) {
        spenders[i] = (struct spender){budget, 1 + i * 3, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, spend_all, &spenders[i]), 0);
    }
    int spent = 0;
    for (int i = 0; i < LANES; i++) {
        pthread_join(threads[i], NULL);
        spent += spenders[i].spent;
    }
    assert_int_equal(spent, CALLS);
    budget_free(budget);
}

/* ---- tokens ---- */

static void tokens_that_were_not_needed_are_spent_again(void **state)
{
    (void)state;
    struct ledger ledger = {.day = -1};
    struct budget *budget = budget_new(BUDGET_UNLIMITED, 10000);
    struct budget_share *share = budget_share_new(budget, 1, 1000, write_down, &ledger);
    struct budget_receipt receipt;
    int64_t spent = 0;
    int calls = 0;
    while (calls < 1000 && budget_take(share, 900, DAY, &receipt)) {
        assert_int_equal(receipt.tokens, 900);
        budget_settle(share, &receipt, 100);
        spent += 100;
        calls++;
    }
    /* With 900 left of 10000 one more may be asked, with 800 none: (10000 - 900) / 100 + 1. */
    assert_int_equal(calls, 92);
    assert_true(spent <= 10000 && ledger.amounts[BUDGET_TOKENS] <= 10000);
    assert_true(budget_take(share, 800, DAY, &receipt)); /* a smaller question still fits */
    assert_false(budget_take(share, 1, DAY, &receipt));
    budget_share_free(share);
    budget_free(budget);
}

/* In flight together: each has its most reserved, so that whatever they cost the limit holds. */
static void calls_in_flight_reserve_the_most_they_can_cost(void **state)
{
    (void)state;
    struct budget *budget = budget_new(BUDGET_UNLIMITED, 5000);
    struct budget_share *share = budget_share_new(budget, 1, 1000, NULL, NULL);
    struct budget_receipt receipts[10];
    int count = 0;
    while (count < 10 && budget_take(share, 900, DAY, &receipts[count]))
        count++;
    assert_int_equal(count, 5);
    budget_settle(share, &receipts[0], 0); /* refused: it cost nothing */
    assert_true(budget_take(share, 900, DAY, &receipts[0]));
    assert_false(budget_take(share, 900, DAY, &receipts[5]));
    budget_share_free(share);
    budget_free(budget);
}

static void a_call_that_cost_more_than_the_most_is_paid_by_later_ones(void **state)
{
    (void)state;
    struct budget *budget = budget_new(BUDGET_UNLIMITED, 5000);
    struct budget_share *share = budget_share_new(budget, 1, 1000, NULL, NULL);
    struct budget_receipt receipt;
    assert_true(budget_take(share, 900, DAY, &receipt));
    budget_settle(share, &receipt, 4200);
    assert_false(budget_take(share, 900, DAY, &receipt)); /* 800 are left */
    assert_true(budget_take(share, 800, DAY, &receipt));
    budget_settle(share, &receipt, INT64_MAX); /* nonsense overflows nothing */
    assert_false(budget_take(share, 1, DAY, &receipt));
    assert_true(budget_take(share, 900, 2 * (int64_t)DAY, &receipt)); /* a new day, without debts */
    budget_share_free(share);
    budget_free(budget);
}

static void a_reply_of_yesterday_gives_nothing_back_today(void **state)
{
    (void)state;
    struct budget *budget = budget_new(BUDGET_UNLIMITED, 1000);
    struct budget_share *share = budget_share_new(budget, 1, 1000, NULL, NULL);
    struct budget_receipt yesterday, today;
    assert_true(budget_take(share, 1000, DAY, &yesterday));
    assert_true(budget_take(share, 1000, 2 * (int64_t)DAY, &today));
    budget_settle(share, &yesterday, 0);
    assert_false(budget_take(share, 1, 2 * (int64_t)DAY, &today));
    budget_share_free(share);
    budget_free(budget);
}

static void either_limit_ends_the_asking(void **state)
{
    (void)state;
    struct ledger ledger = {.day = -1};
    struct budget *budget = budget_new(3, 100000);
    struct budget_share *share = budget_share_new(budget, 10, 1000, write_down, &ledger);
    assert_int_equal(spend(share, DAY), 3);
    assert_int_equal(ledger.amounts[BUDGET_CALLS], 3);
    assert_int_equal(ledger.amounts[BUDGET_TOKENS], 2000); /* 3 * 500 in chunks of 1000 */
    budget_share_free(share);
    budget_free(budget);
}

/* Unlike a kill, an end in order loses nothing. */
static void an_end_in_order_gives_back_what_is_left(void **state)
{
    (void)state;
    struct ledger ledger = {.day = -1};
    int calls = 0;
    for (int life = 0; life < 30; life++) {
        struct budget *budget = budget_new(100, 10000);
        if (ledger.day >= 0)
            budget_restore(budget, ledger.day, ledger.amounts);
        struct budget_share *share = budget_share_new(budget, 10, 1000, write_down, &ledger);
        struct budget_receipt done, out;
        if (budget_take(share, 900, DAY, &done) && budget_take(share, 900, DAY, &out))
            calls += 2;
        budget_settle(share, &done, 100); /* the other is still out: it may cost the most */
        budget_share_give_back(share);
        budget_share_free(share);
        budget_free(budget);
        assert_int_equal(ledger.amounts[BUDGET_CALLS], calls);
        assert_int_equal(ledger.amounts[BUDGET_TOKENS], calls / 2 * (900 + 100));
        if (calls == 18)
            break;
    }
    assert_int_equal(calls, 18); /* nine lives of 1000 tokens; what is left is short of 1800 */
}

static void a_restart_remembers_the_tokens(void **state)
{
    (void)state;
    struct ledger ledger = {.day = -1};
    int64_t spent = 0;
    for (int life = 0; life < 20; life++) {
        struct budget *budget = budget_new(BUDGET_UNLIMITED, 10000);
        if (ledger.day >= 0)
            budget_restore(budget, ledger.day, ledger.amounts);
        struct budget_share *share = budget_share_new(budget, 1, 1000, write_down, &ledger);
        spent += take(share, DAY) ? 500 : 0; /* then it is killed: 500 of the chunk are lost */
        budget_share_free(share);
        budget_free(budget);
    }
    assert_int_equal(ledger.amounts[BUDGET_TOKENS], 10000);
    assert_int_equal(spent, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_has_its_calls_and_no_more),
        cmocka_unit_test(a_kill_never_lets_the_limit_be_exceeded),
        cmocka_unit_test(nothing_is_spent_that_was_not_written_down),
        cmocka_unit_test(no_limit_and_no_calls_are_limits_too),
        cmocka_unit_test(lanes_share_one_limit),
        cmocka_unit_test(tokens_that_were_not_needed_are_spent_again),
        cmocka_unit_test(calls_in_flight_reserve_the_most_they_can_cost),
        cmocka_unit_test(a_call_that_cost_more_than_the_most_is_paid_by_later_ones),
        cmocka_unit_test(a_reply_of_yesterday_gives_nothing_back_today),
        cmocka_unit_test(either_limit_ends_the_asking),
        cmocka_unit_test(a_restart_remembers_the_tokens),
        cmocka_unit_test(an_end_in_order_gives_back_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
