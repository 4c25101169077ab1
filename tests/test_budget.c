/* Are a day's limits of calls and tokens kept, by any number of lanes, whenever they are killed? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "worker/answer/budget.h"

enum { DAY = 86400000, PATH_BYTES = 256 };

/* A lane's life: begin, take, and an end in order or none at all. */
struct life {
    struct ledger *ledger;
    struct budget *budget;
    struct error failed;
};

static char folder[] = "/tmp/assay-test-budget-XXXXXX";

static void remove_ledger(void)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/budget.sqlite", folder);
    unlink(path);
}

static void begin(struct life *life, int64_t calls, int64_t tokens)
{
    struct error error = {0};
    *life = (struct life){.ledger = ledger_open(folder, &error)};
    assert_non_null(life->ledger);
    life->budget = budget_new(calls, tokens, life->ledger, &life->failed);
}

static void killed(struct life *life)
{
    budget_free(life->budget);
    ledger_close(life->ledger);
}

static void end(struct life *life)
{
    budget_give_back(life->budget);
    killed(life);
}

static int64_t reserved(int64_t day, enum ledger_unit unit)
{
    struct error error = {0};
    int64_t amounts[LEDGER_UNITS], nothing[LEDGER_UNITS] = {0};
    struct ledger *ledger = ledger_open(folder, &error);
    assert_true(ledger_begin(ledger, day, amounts, &error));
    assert_true(ledger_commit(ledger, day, nothing, &error));
    ledger_close(ledger);
    return amounts[unit];
}

static bool take(struct life *life, int64_t tokens, int64_t wall_ms)
{
    struct budget_receipt receipt;
    return budget_take(life->budget, tokens, wall_ms, &receipt);
}

static int spend(struct life *life, int64_t wall_ms)
{
    int count = 0;
    while (count < 1000 && take(life, 500, wall_ms))
        count++;
    return count;
}

static int fresh_ledger(void **state)
{
    (void)state;
    remove_ledger();
    return 0;
}

/* ---- calls ---- */

static void a_day_has_its_calls_and_no_more(void **state)
{
    (void)state;
    struct life life;
    begin(&life, 25, BUDGET_UNLIMITED);
    assert_int_equal(spend(&life, 20000 * (int64_t)DAY), 25);
    assert_int_equal(reserved(20000, LEDGER_CALLS), 25);
    assert_int_equal(spend(&life, 20001 * (int64_t)DAY), 25); /* another day */
    assert_int_equal(spend(&life, 20000 * (int64_t)DAY), 0);  /* the clock went back */
    end(&life);
}

static void a_kill_never_lets_the_limit_be_exceeded(void **state)
{
    (void)state;
    struct life life;
    int spent = 0;
    for (int i = 0; i < 40; i++) {
        begin(&life, 1000, BUDGET_UNLIMITED);
        for (int call = 0; call < 30 && take(&life, 500, DAY); call++)
            spent++;
        killed(&life);
    }
    assert_true(spent <= 1000 && spent >= 1000 - 40 * 15); /* a chunk is at most 1000 / 64 */
    assert_int_equal(reserved(1, LEDGER_CALLS), 1000);
}

static void an_almost_used_up_day_hands_out_single_calls(void **state)
{
    (void)state;
    struct life idle, busy;
    begin(&idle, 100, BUDGET_UNLIMITED);
    begin(&busy, 100, BUDGET_UNLIMITED);
    assert_true(take(&idle, 500, DAY)); /* and then it has nothing to ask */
    assert_int_equal(spend(&busy, DAY), 99);
    end(&idle);
    end(&busy);
}

static void no_limit_and_no_calls_are_limits_too(void **state)
{
    (void)state;
    struct life none, all;
    begin(&none, 0, BUDGET_UNLIMITED);
    begin(&all, BUDGET_UNLIMITED, BUDGET_UNLIMITED);
    assert_int_equal(spend(&none, DAY), 0);
    assert_int_equal(spend(&all, DAY), 1000);
    assert_int_equal(reserved(1, LEDGER_CALLS), 0);
    end(&none);
    end(&all);
}

static void *spend_all(void *argument)
{
    int *spent = argument;
    struct life life;
    begin(&life, 1000, BUDGET_UNLIMITED);
    while (take(&life, 500, DAY))
        ++*spent;
    end(&life);
    return NULL;
}

static void lanes_share_one_limit(void **state)
{
    (void)state;
    enum { LANES = 4 };
    int spent[LANES] = {0}, sum = 0;
    pthread_t threads[LANES];
    for (int i = 0; i < LANES; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, spend_all, &spent[i]), 0);
    for (int i = 0; i < LANES; i++) {
        pthread_join(threads[i], NULL);
        sum += spent[i];
    }
    assert_int_equal(sum, 1000);
}

/* Each child ends with the number of calls it was given. */
static void processes_share_one_limit(void **state)
{
    (void)state;
    enum { PROCESSES = 4, CALLS = 200 };
    pid_t children[PROCESSES];
    int sum = 0;
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct life life;
            begin(&life, CALLS, BUDGET_UNLIMITED);
            int spent = spend(&life, DAY);
            end(&life);
            _exit(spent);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    assert_int_equal(sum, CALLS);
}

static void nothing_is_spent_that_was_not_written_down(void **state)
{
    (void)state;
    char path[PATH_BYTES];
    struct error error = {0};
    struct life life;
    begin(&life, 100, BUDGET_UNLIMITED);
    snprintf(path, sizeof path, "%s/budget.sqlite", folder);
    int file = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(file, "this is no database, and long enough to tell", 44), 44);
    close(file);
    assert_int_equal(spend(&life, DAY), 0);
    assert_int_equal(life.failed.kind, ERROR_FATAL);
    assert_non_null(strstr(life.failed.text, "budget.sqlite"));
    killed(&life);
    assert_null(ledger_open(folder, &error));
    assert_non_null(strstr(error.text, "budget.sqlite"));
}

/* ---- tokens ---- */

static void tokens_that_were_not_needed_are_spent_again(void **state)
{
    (void)state;
    struct life life;
    struct budget_receipt receipt;
    int64_t spent = 0;
    begin(&life, BUDGET_UNLIMITED, 10000);
    while (budget_take(life.budget, 900, DAY, &receipt)) {
        budget_settle(life.budget, &receipt, 100);
        spent += 100;
    }
    assert_true(spent > 10000 - 900 && spent <= 10000);
    assert_true(take(&life, 10000 - spent, DAY)); /* a smaller question still fits */
    assert_false(take(&life, 1, DAY));
    end(&life);
    assert_int_equal(reserved(1, LEDGER_TOKENS), 10000);
}

static void calls_in_flight_reserve_the_most_they_can_cost(void **state)
{
    (void)state;
    struct life life;
    struct budget_receipt receipts[10];
    int count = 0;
    begin(&life, BUDGET_UNLIMITED, 5000);
    while (count < 10 && budget_take(life.budget, 900, DAY, &receipts[count]))
        count++;
    assert_int_equal(count, 5);
    budget_settle(life.budget, &receipts[0], 0); /* refused: it cost nothing */
    assert_true(take(&life, 900, DAY));
    assert_false(take(&life, 900, DAY));
    end(&life);
}

static void a_call_that_cost_more_than_the_most_is_paid_by_later_ones(void **state)
{
    (void)state;
    struct life life;
    struct budget_receipt receipt;
    begin(&life, BUDGET_UNLIMITED, 5000);
    assert_true(budget_take(life.budget, 900, DAY, &receipt));
    budget_settle(life.budget, &receipt, 4200);
    assert_false(budget_take(life.budget, 900, DAY, &receipt)); /* 800 are left */
    assert_true(budget_take(life.budget, 800, DAY, &receipt));
    budget_settle(life.budget, &receipt, INT64_MAX); /* nonsense overflows nothing */
    assert_false(take(&life, 1, DAY));
    assert_true(take(&life, 900, 2 * (int64_t)DAY)); /* a new day, without debts */
    end(&life);
}

static void what_is_owed_at_the_end_is_written_down(void **state)
{
    (void)state;
    struct life life;
    struct budget_receipt receipt;
    begin(&life, BUDGET_UNLIMITED, 5000);
    assert_true(budget_take(life.budget, 900, DAY, &receipt));
    budget_settle(life.budget, &receipt, 4200);
    end(&life);
    assert_int_equal(reserved(1, LEDGER_TOKENS), 4200);
}

static void a_reply_of_yesterday_gives_nothing_back_today(void **state)
{
    (void)state;
    struct life life;
    struct budget_receipt yesterday;
    begin(&life, BUDGET_UNLIMITED, 1000);
    assert_true(budget_take(life.budget, 1000, DAY, &yesterday));
    assert_true(take(&life, 1000, 2 * (int64_t)DAY));
    budget_settle(life.budget, &yesterday, 0);
    assert_false(take(&life, 1, 2 * (int64_t)DAY));
    end(&life);
}

static void either_limit_ends_the_asking(void **state)
{
    (void)state;
    struct life life;
    begin(&life, 3, 100000);
    assert_int_equal(spend(&life, DAY), 3);
    end(&life);
    assert_int_equal(reserved(1, LEDGER_CALLS), 3);
    assert_int_equal(reserved(1, LEDGER_TOKENS), 3 * 500);
}

/* Unlike a kill, an end in order loses nothing. */
static void an_end_in_order_gives_back_what_is_left(void **state)
{
    (void)state;
    int calls = 0;
    for (int i = 0; i < 30 && calls < 18; i++) {
        struct life life;
        struct budget_receipt done, out;
        begin(&life, 100000, 10000);
        if (budget_take(life.budget, 900, DAY, &done) && budget_take(life.budget, 900, DAY, &out))
            calls += 2;
        budget_settle(life.budget, &done, 100); /* the other is out: it may cost the most */
        end(&life);
        assert_int_equal(reserved(1, LEDGER_CALLS), calls);
        assert_int_equal(reserved(1, LEDGER_TOKENS), calls / 2 * (900 + 100));
    }
    assert_int_equal(calls, 18); /* nine lives of 1000 tokens; what is left is short of 1800 */
}

/* A day that is used up is not asked again for every sample, but it is asked again. */
static void what_others_give_back_is_found_a_second_later(void **state)
{
    (void)state;
    struct life first, second;
    begin(&first, BUDGET_UNLIMITED, 1000);
    begin(&second, BUDGET_UNLIMITED, 1000);
    struct budget_receipt receipt;
    assert_true(budget_take(first.budget, 900, DAY, &receipt));
    assert_false(take(&second, 900, DAY));
    budget_settle(first.budget, &receipt, 10);
    end(&first);
    assert_false(take(&second, 900, DAY + 999));
    assert_true(take(&second, 900, DAY + 1000));
    end(&second);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
#define TEST(name) cmocka_unit_test_setup(name, fresh_ledger)
    const struct CMUnitTest tests[] = {
        TEST(a_day_has_its_calls_and_no_more),
        TEST(a_kill_never_lets_the_limit_be_exceeded),
        TEST(an_almost_used_up_day_hands_out_single_calls),
        TEST(no_limit_and_no_calls_are_limits_too),
        TEST(lanes_share_one_limit),
        TEST(processes_share_one_limit),
        TEST(nothing_is_spent_that_was_not_written_down),
        TEST(tokens_that_were_not_needed_are_spent_again),
        TEST(calls_in_flight_reserve_the_most_they_can_cost),
        TEST(a_call_that_cost_more_than_the_most_is_paid_by_later_ones),
        TEST(what_is_owed_at_the_end_is_written_down),
        TEST(a_reply_of_yesterday_gives_nothing_back_today),
        TEST(either_limit_ends_the_asking),
        TEST(an_end_in_order_gives_back_what_is_left),
        TEST(what_others_give_back_is_found_a_second_later),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_ledger();
    rmdir(folder);
    return failed;
}
