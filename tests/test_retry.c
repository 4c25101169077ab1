/* Is a call repeated when that helps, later each time, and rarely in an outage? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "worker/answer/breaker.h"
#include "worker/answer/retry.h"
#include "worker/answer/schedule.h"
#include "worker/answer/throttle.h"

static void faults_are_told_apart_by_code_before_status(void **state)
{
    (void)state;
    static const struct {
        enum http_failure failure;
        long status;
        const char *code;
        long original;
        bool no_capacity;
        enum retry_kind kind;
        const char *reason;
    } cases[] = {
        {HTTP_OK, 200, NULL, -1, false, RETRY_NOT_NEEDED, ""},
        {HTTP_OK, 202, "ThrottlingException", -1, false, RETRY_NOT_NEEDED, ""},
        {HTTP_OK, 400, "ValidationError", -1, false, RETRY_NEVER, "request_invalid"},
        {HTTP_OK, 400, "ThrottlingException", -1, false, RETRY_SLOWER, "throttled"},
        {HTTP_OK, 400, "TooManyRequestsException", -1, false, RETRY_SLOWER, "throttled"},
        {HTTP_OK, 400, "ValidationError", -1, true, RETRY_SOON, "no_capacity"},
        {HTTP_OK, 400, "", -1, false, RETRY_NEVER, "request_invalid"},
        {HTTP_OK, 400, "Whatever", -1, false, RETRY_NEVER, "request_invalid"},
        {HTTP_OK, 400, "ExpiredTokenException", -1, false, RETRY_REFRESH, "credentials_expired"},
        {HTTP_OK, 403, "ExpiredToken", -1, false, RETRY_REFRESH, "credentials_expired"},
        {HTTP_OK, 403, "InvalidSignatureException", -1, false, RETRY_REFRESH, "signature_refused"},
        {HTTP_OK, 403, "AccessDeniedException", -1, false, RETRY_NEVER, "access_denied"},
        {HTTP_OK, 403, NULL, -1, false, RETRY_NEVER, "access_denied"},
        {HTTP_OK, 404, NULL, -1, false, RETRY_NEVER, "not_found"},
        {HTTP_OK, 408, NULL, -1, false, RETRY_SOON, "timeout"},
        {HTTP_OK, 413, NULL, -1, false, RETRY_NEVER, "request_too_long"},
        {HTTP_OK, 422, NULL, -1, false, RETRY_NEVER, "request_invalid"},
        {HTTP_OK, 424, "ModelError", 500, false, RETRY_SOON, "model_error"},
        {HTTP_OK, 424, "ModelError", 503, false, RETRY_SOON, "model_error"},
        {HTTP_OK, 424, "ModelError", 429, false, RETRY_SLOWER, "throttled"},
        {HTTP_OK, 424, "ModelError", 0, false, RETRY_SOON, "timeout"},
        {HTTP_OK, 424, "ModelError", 400, false, RETRY_NEVER, "model_refused"},
        {HTTP_OK, 424, "ModelError", 422, false, RETRY_NEVER, "model_refused"},
        {HTTP_OK, 424, NULL, -1, false, RETRY_SOON, "model_error"},
        {HTTP_OK, 429, NULL, -1, false, RETRY_SLOWER, "throttled"},
        {HTTP_OK, 429, "ModelNotReadyException", -1, false, RETRY_SOON, "model_not_ready"},
        {HTTP_OK, 500, "InternalFailure", -1, false, RETRY_SOON, "unavailable"},
        {HTTP_OK, 502, NULL, -1, false, RETRY_SOON, "unavailable"},
        {HTTP_OK, 503, "ServiceUnavailable", -1, false, RETRY_SOON, "unavailable"},
        {HTTP_OK, 504, NULL, -1, false, RETRY_SOON, "unavailable"},
        {HTTP_OK, 530, "InternalDependencyException", -1, false, RETRY_SOON, "unavailable"},
        {HTTP_OK, 301, NULL, -1, false, RETRY_NEVER, "redirected"},
        {HTTP_CONNECT, 0, NULL, -1, false, RETRY_SOON, "unreachable"},
        {HTTP_TIMEOUT, 0, NULL, -1, false, RETRY_SOON, "timeout"},
        {HTTP_BROKEN, 200, NULL, -1, false, RETRY_SOON, "unreachable"},
        {HTTP_TOO_LONG, 200, NULL, -1, false, RETRY_NEVER, "reply_too_long"},
        {HTTP_CANCELLED, 0, NULL, -1, false, RETRY_NEVER, "cancelled"},
        {HTTP_INVALID, 0, NULL, -1, false, RETRY_NEVER, "request_invalid"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct retry_advice advice = retry_advise(&(struct retry_outcome){
            .failure = cases[i].failure,
            .status = cases[i].status,
            .code = cases[i].code,
            .original_status = cases[i].original,
            .no_capacity = cases[i].no_capacity,
        });
        if (advice.kind != cases[i].kind || strcmp(advice.reason, cases[i].reason) != 0)
            fail_msg("case %zu: kind %d, %s", i, advice.kind, advice.reason);
    }
}

static void delays_double_up_to_a_limit_with_full_jitter(void **state)
{
    (void)state;
    static const struct {
        int64_t base;
        unsigned retry;
        double uniform;
        int64_t quick, parked;
    } cases[] = {
        {1000, 0, 0, 0, 500},
        {1000, 0, .5, 500, 750},
        {1000, 1, .5, 1000, 1500},
        {1000, 4, .5, 8000, 12000},
        {1000, 5, .5, 10000, 24000},  /* min(20 s, 32 s) */
        {1000, 9, .5, 10000, 225000}, /* min(5 min, 512 s): 150 s and half of 150 s */
        {1000, 4000000000u, .25, 5000, 187500},
        {30000, 0, 0, 0, 15000},
        {0, 7, .9, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(retry_delay_ms(cases[i].base, cases[i].retry, cases[i].uniform),
                         cases[i].quick);
        assert_int_equal(retry_parked_ms(cases[i].base, cases[i].retry, cases[i].uniform),
                         cases[i].parked);
    }
}

/* Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110's example, is 784111777 (date -d ... +%s). */
static void what_a_reply_asks_for_is_waited_within_limits(void **state)
{
    (void)state;
    static const int64_t now = 784111777000 - 12000;
    static const struct {
        const char *retry_after, *aws;
        int64_t ms;
    } cases[] = {
        {NULL, NULL, 0},
        {"0", NULL, 0},
        {"7", NULL, 7000},
        {"60", NULL, 60000},
        {"61", NULL, 60000},
        {"99999999999999999999999", NULL, 60000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", NULL, 12000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", NULL, 12000},
        {"Sun Nov  6 08:49:37 1994", NULL, 12000},
        {"Sun, 06 Nov 1994 08:49:24 GMT", NULL, 0},      /* over */
        {"Sun, 06 Nov 2094 08:49:37 GMT", NULL, 60000},  /* a mistake, or no friend */
        {"Sun, 06 Nov 1994 08:49:37 CET", NULL, 0},
        {"", NULL, 0},
        {"-5", NULL, 0},
        {"1.5", NULL, 0},
        {"5 s", NULL, 0},
        {"soon", NULL, 0},
        {NULL, "1500", 1500},
        {NULL, "999999", 5000},
        {NULL, "later", 0},
        {"7", "1500", 1500},
        {"7", "later", 7000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (retry_asked_ms(cases[i].retry_after, cases[i].aws, now) != cases[i].ms)
            fail_msg("case %zu: %lld", i,
                     (long long)retry_asked_ms(cases[i].retry_after, cases[i].aws, now));
}

static int spend_all(struct retry_budget *budget)
{
    int spent = 0;
    while (retry_budget_spend(budget))
        spent++;
    return spent;
}

static void a_tenth_of_the_calls_may_be_repeats(void **state)
{
    (void)state;
    struct retry_budget budget = {RETRY_TOKENS_START};
    assert_int_equal(spend_all(&budget), 10); /* a few before anything was earned */
    for (int i = 0; i < 95; i++)
        retry_budget_earn(&budget);
    assert_int_equal(spend_all(&budget), 9);
    for (int i = 0; i < 100000; i++)
        retry_budget_earn(&budget);
    assert_int_equal(spend_all(&budget), 50); /* a good day is no licence for a storm */
}

/* --- throttle --- */

/* `count` calls out together and back with one outcome. */
static void burst(struct throttle *throttle, unsigned count, enum throttle_outcome outcome)
{
    unsigned rounds[100];
    for (unsigned i = 0; i < count; i++)
        rounds[i] = throttle_sent(throttle);
    for (unsigned i = 0; i < count; i++)
        throttle_ended(throttle, rounds[i], outcome);
}

static void an_endpoint_that_copes_is_given_more_one_that_refuses_half(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_init(&throttle, 32);
    assert_int_equal(throttle.limit, 8);
    burst(&throttle, 8, THROTTLE_COPED);
    assert_int_equal(throttle.limit, 16); /* slow start: doubled by each window */
    burst(&throttle, 16, THROTTLE_COPED);
    burst(&throttle, 32, THROTTLE_COPED);
    assert_int_equal(throttle.limit, 32); /* and never more than was configured */
    burst(&throttle, 32, THROTTLE_REFUSED);
    assert_int_equal(throttle.limit, 16); /* once for the burst */
    burst(&throttle, 15, THROTTLE_COPED);
    assert_int_equal(throttle.limit, 16);
    burst(&throttle, 1, THROTTLE_COPED);
    assert_int_equal(throttle.limit, 17); /* one for a window */
    burst(&throttle, 17, THROTTLE_UNKNOWN);
    assert_int_equal(throttle.limit, 17); /* a fault says nothing of the load */
    for (int i = 0; i < 6; i++)
        burst(&throttle, 1, THROTTLE_REFUSED);
    assert_int_equal(throttle.limit, 1); /* never none: who would find out that it is over? */
    burst(&throttle, 1, THROTTLE_COPED);
    assert_int_equal(throttle.limit, 2);
}

static void a_late_refusal_of_an_old_burst_does_not_count_again(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_init(&throttle, 8);
    unsigned before = throttle_sent(&throttle), too = throttle_sent(&throttle);
    throttle_ended(&throttle, before, THROTTLE_REFUSED);
    unsigned after = throttle_sent(&throttle);
    throttle_ended(&throttle, too, THROTTLE_REFUSED);
    assert_int_equal(throttle.limit, 4);
    throttle_ended(&throttle, after, THROTTLE_REFUSED);
    assert_int_equal(throttle.limit, 2);
}

static void calls_wait_for_room_and_for_the_time_that_was_asked_for(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_init(&throttle, 2);
    unsigned round = throttle_sent(&throttle);
    assert_true(throttle_allows(&throttle, 1000));
    throttle_sent(&throttle);
    assert_false(throttle_allows(&throttle, 1000));
    assert_int_equal(throttle_wait_ms(&throttle, 1000), -1);
    throttle_ended(&throttle, round, THROTTLE_UNKNOWN);
    throttle_hold(&throttle, 5000);
    throttle_hold(&throttle, 3000); /* the longest counts */
    assert_int_equal(throttle_wait_ms(&throttle, 1000), 4000);
    assert_false(throttle_allows(&throttle, 4999));
    assert_true(throttle_allows(&throttle, 5000));
}

static void end_calls(struct breaker *breaker, int64_t now, int count, bool failed)
{
    for (int i = 0; i < count; i++)
        breaker_ended(breaker, now, failed);
}

static void a_breaker_opens_at_half_of_twenty_and_probes_with_one(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    int64_t now = 1000000;
    end_calls(&breaker, now, 19, true);
    assert_true(breaker_allows(&breaker, now)); /* 19 say nothing yet */
    breaker_ended(&breaker, now, false);
    assert_false(breaker_allows(&breaker, now)); /* 19 of 20 */
    assert_int_equal(breaker_wait_ms(&breaker, now), 5000);
    assert_false(breaker_allows(&breaker, now + 4999));
    assert_true(breaker_allows(&breaker, now + 5000)); /* the probe */
    assert_false(breaker_allows(&breaker, now + 5000));
    assert_int_equal(breaker_wait_ms(&breaker, now + 5000), -1);
    breaker_ended(&breaker, now + 6000, true);
    assert_int_equal(breaker_wait_ms(&breaker, now + 6000), 10000); /* twice as long */
    assert_true(breaker_allows(&breaker, now + 16000));
    breaker_ended(&breaker, now + 16000, false);
    assert_true(breaker_allows(&breaker, now + 16000));
    assert_true(breaker_allows(&breaker, now + 16000));
}

static void a_breaker_stays_closed_below_half_and_forgets_after_30_s(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    int64_t now = 3000000;
    end_calls(&breaker, now, 30, false);
    end_calls(&breaker, now, 29, true);
    assert_true(breaker_allows(&breaker, now));
    end_calls(&breaker, now, 1, true); /* 30 of 60 */
    assert_false(breaker_allows(&breaker, now));

    struct breaker slow = {0};
    end_calls(&slow, now, 15, true);
    end_calls(&slow, now + 31000, 15, true); /* the first 15 are out of the window */
    assert_true(breaker_allows(&slow, now + 31000));
    end_calls(&slow, now + 33000, 5, true);
    assert_false(breaker_allows(&slow, now + 33000));
}

static void a_forgotten_probe_lets_the_next_one_go(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    end_calls(&breaker, 50000, 20, true);
    assert_true(breaker_allows(&breaker, 60000));
    breaker_forget(&breaker);
    assert_true(breaker_allows(&breaker, 60000));
}

static void a_schedule_gives_the_earliest_first(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct scheduled members[COUNT];
    struct schedule schedule = {0};
    uint32_t random = 12345;
    for (int i = 0; i < COUNT; i++) {
        random = random * 1664525 + 1013904223;
        schedule_set(&schedule, &members[i], random >> 20);
    }
    for (int i = 0; i < COUNT; i += 3)
        schedule_remove(&schedule, &members[i]);
    schedule_remove(&schedule, &members[0]); /* not there any more: nothing happens */
    for (int i = 1; i < COUNT; i += 3) {
        random = random * 1664525 + 1013904223;
        schedule_set(&schedule, &members[i], random >> 20); /* moved */
    }
    int64_t before = -1;
    int count = 0;
    for (struct scheduled *first; (first = schedule_first(&schedule)); count++) {
        assert_true(first->at_ms >= before);
        before = first->at_ms;
        schedule_remove(&schedule, first);
    }
    assert_int_equal(count, COUNT - (COUNT + 2) / 3);
    schedule_clear(&schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_told_apart_by_code_before_status),
        cmocka_unit_test(delays_double_up_to_a_limit_with_full_jitter),
        cmocka_unit_test(what_a_reply_asks_for_is_waited_within_limits),
        cmocka_unit_test(a_tenth_of_the_calls_may_be_repeats),
        cmocka_unit_test(an_endpoint_that_copes_is_given_more_one_that_refuses_half),
        cmocka_unit_test(a_late_refusal_of_an_old_burst_does_not_count_again),
        cmocka_unit_test(calls_wait_for_room_and_for_the_time_that_was_asked_for),
        cmocka_unit_test(a_breaker_opens_at_half_of_twenty_and_probes_with_one),
        cmocka_unit_test(a_breaker_stays_closed_below_half_and_forgets_after_30_s),
        cmocka_unit_test(a_forgotten_probe_lets_the_next_one_go),
        cmocka_unit_test(a_schedule_gives_the_earliest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
