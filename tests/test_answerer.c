/* Does a question always come back, whatever the endpoint does? (Against a live stand-in:
 * test_answerer.py.) */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "schema/base/clock.h"
#include "worker/answer/answerer.h"

static const struct question_part PARTS[] = {{PART_TEXT, {"good?", 5}}};
static const struct question_message MESSAGES[] = {{"user", PARTS, 1}};

enum { ASKED_MAX = 100 };

struct fixture {
    struct http *http;
    struct ledger *ledger;
    struct budget *budget;
    struct error failed;
    struct answerer *answerer;
    struct arena arena;
    struct question questions[ASKED_MAX];
    unsigned answers;
    struct keyring *keyring;
    struct answerer *cancels; /* an answer cancels this fixture's other questions */
};

static void answered(void *owner, struct question *question)
{
    struct fixture *fixture = owner;
    fixture->answers++;
    assert_int_not_equal(question->status, ANSWER_NONE);
    if (fixture->cancels)
        answerer_cancel_owner(fixture->cancels, fixture);
}

static void open_with(struct fixture *fixture, struct keyring *keyring, const char *url,
                      const char *endpoint, int64_t calls)
{
    struct answerer_config config = ANSWERER_DEFAULTS;
    config.region = "eu-central-1";
    config.endpoint_url = url;
    config.judge_endpoint = endpoint;
    config.retry_ms = 5;
    config.parked_ms = 20;
    struct error error = {0};
    *fixture = (struct fixture){.http = http_new(), .keyring = keyring};
    fixture->ledger = ledger_open(NULL, &error);
    fixture->budget =
        budget_new(calls, BUDGET_UNLIMITED, fixture->ledger, &fixture->failed);
    fixture->answerer = answerer_new(&config, fixture->http, keyring, fixture->budget, &error);
    assert_non_null(fixture->answerer);
}

static void open_fixture(struct fixture *fixture, const char *url, const char *endpoint,
                         int64_t calls)
{
    open_with(fixture, keyring_fixed("AKIDEXAMPLE", "secret", NULL), url, endpoint, calls);
}

static void close_fixture(struct fixture *fixture)
{
    answerer_free(fixture->answerer);
    http_free(fixture->http);
    budget_free(fixture->budget);
    ledger_close(fixture->ledger);
    if (fixture->keyring)
        keyring_close(fixture->keyring);
    arena_clear(&fixture->arena);
}

static struct question *ask(struct fixture *fixture, size_t index, enum question_target target,
                            const char *endpoint, int64_t patience_ms)
{
    struct question *question = &fixture->questions[index];
    *question = (struct question){.target = target,
                                  .purpose = "verdict",
                                  .messages = MESSAGES,
                                  .message_count = 1,
                                  .place.endpoint = str_of(endpoint),
                                  .max_tokens = 10};
    answerer_ask(fixture->answerer, question, &fixture->arena, clock_steady_ms() + patience_ms,
                 answered, fixture);
    return question;
}

static void turn_until_quiet(struct fixture *fixture, int64_t most_ms)
{
    int64_t end = clock_steady_ms() + most_ms;
    while (clock_steady_ms() < end &&
           (answerer_unanswered(fixture->answerer) || answerer_in_flight(fixture->answerer))) {
        http_turn(fixture->http);
        answerer_turn(fixture->answerer);
        int64_t wait = answerer_wait_ms(fixture->answerer);
        int http_wait = http_wait_ms(fixture->http);
        if (wait < 0 || (http_wait >= 0 && http_wait < wait))
            wait = http_wait;
        struct pollfd readable = {.fd = http_descriptor(fixture->http), .events = POLLIN};
        poll(&readable, 1, wait < 0 || wait > 50 ? 50 : (int)wait);
    }
}

static void assert_failure(const struct question *question, enum answer_status status,
                           const char *failure)
{
    assert_int_equal(question->status, status);
    assert_string_equal(question->failure, failure);
}

/* A port that nobody listens on: bound, then given back. */
static void closed_port(char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, 64, "http://127.0.0.1:%d", ntohs(address.sin_port));
    close(fd);
}

static void an_outage_skips_questions_at_their_deadline(void **state)
{
    (void)state;
    char url[64];
    struct fixture fixture;
    closed_port(url);
    open_fixture(&fixture, url, "judge", BUDGET_UNLIMITED);
    int64_t before = clock_steady_ms();
    for (size_t i = 0; i < 60; i++)
        ask(&fixture, i, ASK_JUDGE, NULL, 400);
    assert_int_equal(fixture.answers, 0); /* never from within answerer_ask */
    turn_until_quiet(&fixture, 5000);
    int64_t took = clock_steady_ms() - before;
    assert_true(took >= 400 && took < 3000);
    assert_int_equal(fixture.answers, 60);
    for (size_t i = 0; i < 60; i++)
        assert_failure(&fixture.questions[i], ANSWER_SKIPPED, "judge_unavailable");
    const struct answerer_counts *counts = answerer_counts(fixture.answerer);
    assert_int_equal(counts->skipped, 60);
    assert_true(counts->sent >= 20 && counts->sent < 90); /* the breaker opened; few retries */
    close_fixture(&fixture);
}

static void without_budget_nothing_is_sent(void **state)
{
    (void)state;
    char url[64];
    struct fixture fixture;
    closed_port(url);
    open_fixture(&fixture, url, "judge", 3);
    for (size_t i = 0; i < 10; i++)
        ask(&fixture, i, ASK_JUDGE, NULL, 300);
    turn_until_quiet(&fixture, 5000);
    assert_int_equal(fixture.answers, 10);
    assert_int_equal(answerer_counts(fixture.answerer)->sent, 3);
    for (size_t i = 3; i < 10; i++)
        assert_failure(&fixture.questions[i], ANSWER_SKIPPED, "budget");
    close_fixture(&fixture);
}

static void what_the_configuration_forbids_is_skipped(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, "http://127.0.0.1:1", NULL, BUDGET_UNLIMITED);
    const struct question *judge = ask(&fixture, 0, ASK_JUDGE, NULL, 10000);
    const struct question *other = ask(&fixture, 1, ASK_ENDPOINT, "elsewhere", 10000);
    const struct question *unnamed = ask(&fixture, 2, ASK_ENDPOINT, NULL, 10000);
    assert_int_equal(fixture.answers, 0);
    assert_int_equal(answerer_wait_ms(fixture.answerer), 0);
    answerer_turn(fixture.answerer);
    assert_int_equal(fixture.answers, 3);
    assert_failure(judge, ANSWER_SKIPPED, "no_judge");
    assert_failure(other, ANSWER_SKIPPED, "endpoint_not_listed");
    assert_failure(unnamed, ANSWER_SKIPPED, "no_endpoint");
    assert_int_equal(answerer_counts(fixture.answerer)->sent, 0);
    close_fixture(&fixture);
}

static void without_credentials_questions_wait_for_them(void **state)
{
    (void)state;
    struct fixture fixture;
    open_with(&fixture, NULL, "http://127.0.0.1:1", "judge", BUDGET_UNLIMITED);
    const struct question *question = ask(&fixture, 0, ASK_JUDGE, NULL, 100);
    turn_until_quiet(&fixture, 5000);
    assert_failure(question, ANSWER_SKIPPED, "no_credentials");
    assert_int_equal(answerer_counts(fixture.answerer)->sent, 0);
    close_fixture(&fixture);
}

static void cancelled_questions_are_never_answered(void **state)
{
    (void)state;
    char url[64];
    struct fixture fixture;
    closed_port(url);
    open_fixture(&fixture, url, "judge", BUDGET_UNLIMITED);
    for (size_t i = 0; i < ASKED_MAX; i++)
        ask(&fixture, i, ASK_JUDGE, NULL, 60000);
    answerer_turn(fixture.answerer); /* 8 in flight, as many as a slow start allows; 92 in line */
    assert_int_equal(answerer_in_flight(fixture.answerer), 8);
    answerer_cancel_owner(fixture.answerer, &fixture);
    assert_int_equal(answerer_unanswered(fixture.answerer), 0);
    assert_int_equal(answerer_counts(fixture.answerer)->cancelled, ASKED_MAX);
    turn_until_quiet(&fixture, 5000);
    assert_int_equal(answerer_in_flight(fixture.answerer), 0);
    assert_int_equal(fixture.answers, 0);
    close_fixture(&fixture);
}

static void an_answer_may_cancel_the_rest(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, "http://127.0.0.1:1", "judge", 0);
    fixture.cancels = fixture.answerer;
    for (size_t i = 0; i < 10; i++)
        ask(&fixture, i, ASK_JUDGE, NULL, 60000);
    turn_until_quiet(&fixture, 5000);
    assert_int_equal(fixture.answers, 1);
    close_fixture(&fixture);
}

static void ending_with_calls_in_flight_leaks_and_calls_nothing(void **state)
{
    (void)state;
    for (int http_first = 0; http_first < 2; http_first++) {
        struct fixture fixture;
        int listener = socket(AF_INET, SOCK_STREAM, 0); /* takes connections, never answers */
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        char url[64];
        assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(listener, 10), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
        open_fixture(&fixture, url, "judge", BUDGET_UNLIMITED);
        ask(&fixture, 0, ASK_JUDGE, NULL, 60000);
        answerer_turn(fixture.answerer);
        http_turn(fixture.http);
        assert_int_equal(answerer_in_flight(fixture.answerer), 1);
        if (http_first) {
            http_free(fixture.http);
            fixture.http = NULL;
            assert_failure(&fixture.questions[0], ANSWER_SKIPPED, "cancelled");
        }
        close_fixture(&fixture);
        assert_int_equal(fixture.answers, http_first);
        close(listener);
    }
}

static void a_wrong_configuration_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *region, *url, *endpoint, *says;
    } cases[] = {
        {NULL, NULL, "j", "no region"},
        {"eu central", NULL, "j", "no region"},
        {"eu-central-1", "ftp://x", "j", "must begin with https://"},
        {"eu-central-1", NULL, "j/../k", "endpoint's name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answerer_config config = ANSWERER_DEFAULTS;
        struct error error = {0};
        config.region = cases[i].region;
        config.endpoint_url = cases[i].url;
        config.judge_endpoint = cases[i].endpoint;
        assert_null(answerer_new(&config, NULL, NULL, NULL, &error));
        assert_int_equal(error.kind, ERROR_FATAL);
        assert_non_null(strstr(error.text, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_skips_questions_at_their_deadline),
        cmocka_unit_test(without_budget_nothing_is_sent),
        cmocka_unit_test(what_the_configuration_forbids_is_skipped),
        cmocka_unit_test(without_credentials_questions_wait_for_them),
        cmocka_unit_test(cancelled_questions_are_never_answered),
        cmocka_unit_test(an_answer_may_cancel_the_rest),
        cmocka_unit_test(ending_with_calls_in_flight_leaks_and_calls_nothing),
        cmocka_unit_test(a_wrong_configuration_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
