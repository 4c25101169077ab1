/* Do keys stay fresh, and does closing wait for nobody? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "tests/aws_folder.h"
#include "worker/aws/keyring.h"

static char *keys_until(const char *key, int64_t ms_from_now)
{
    char until[CLOCK_TEXT_BYTES], body[256];
    clock_format_rfc3339(clock_wall_ms() + ms_from_now, until);
    snprintf(body, sizeof body,
             "{\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
             "\"Expiration\":\"%s\"}",
             key, until);
    return http_reply("200 OK", body);
}

static const char *current_key(const struct keyring *keyring)
{
    const struct credentials *current = keyring_current(keyring);
    return current ? current->access_key_id : "(expired)";
}

static bool becomes(const struct keyring *keyring, const char *key)
{
    int64_t end_ms = clock_steady_ms() + 10000;
    while (strcmp(current_key(keyring), key) != 0) {
        if (clock_steady_ms() > end_ms)
            return false;
        poll(NULL, 0, 10);
    }
    return true;
}

static void keys_are_replaced_before_they_end_and_kept_while_they_hold(void **state)
{
    (void)state;
    struct standin_reply replies[] = {{.bytes = keys_until("FIRST", 1500)},
                                      {.bytes = http_reply("404 Gone", "")},
                                      {.bytes = keys_until("SECOND", 60000)},
                                      {.bytes = keys_until("THIRD", 2500)},
                                      {.bytes = http_reply("404 Gone", "")}};
    struct standin *standin = standin_start(replies, 5);
    clean_environment();
    set_address("AWS_CONTAINER_CREDENTIALS_FULL_URI", standin, "/");
    struct keyring_options options = {
        .advisory_ms = 1400, .mandatory_ms = 1000, .retry_ms_min = 100};
    struct error error = {0};
    struct keyring *keyring = keyring_open(&options, &error);
    assert_non_null(keyring);
    assert_string_equal(current_key(keyring), "FIRST");
    struct keyring_status status;
    do { /* the failed try leaves the first keys in place */
        poll(NULL, 0, 5);
        keyring_status(keyring, &status);
    } while (status.failures == 0);
    assert_true(becomes(keyring, "SECOND"));
    keyring_renew(keyring, "FIRST"); /* replaced meanwhile: nothing happens */
    poll(NULL, 0, 400);
    assert_string_equal(current_key(keyring), "SECOND");
    keyring_renew(keyring, "SECOND");
    assert_true(becomes(keyring, "THIRD"));
    assert_true(becomes(keyring, "(expired)")); /* no new ones came: better none than dead ones */
    keyring_close(keyring);
    standin_free(standin);
    for (size_t i = 0; i < 5; i++)
        free((char *)replies[i].bytes);
}

static void closing_does_not_wait_for_a_service(void **state)
{
    (void)state;
    struct standin_reply replies[] = {{.bytes = keys_until("FIRST", 60000)}, {.delay_ms = 8000}};
    struct standin *standin = standin_start(replies, 2);
    clean_environment();
    set_address("AWS_CONTAINER_CREDENTIALS_FULL_URI", standin, "/");
    struct keyring_options options = {
        .advisory_ms = 100000, .mandatory_ms = 1000, .retry_ms_min = 100};
    struct keyring *keyring = keyring_open(&options, NULL);
    assert_non_null(keyring);
    while (standin_request_count(standin) < 2)
        poll(NULL, 0, 10);
    int64_t start_ms = clock_steady_ms();
    keyring_close(keyring);
    assert_true(clock_steady_ms() - start_ms < 1500);
    standin_free(standin);
    for (size_t i = 0; i < 2; i++)
        free((char *)replies[i].bytes);
}

/* The program gives keys that end soon, then hangs. */
static void closing_does_not_wait_for_a_program(void **state)
{
    (void)state;
    char until[CLOCK_TEXT_BYTES], script[1024], config[256], been[64];
    clock_format_rfc3339(clock_wall_ms() + 60000, until);
    snprintf(been, sizeof been, "%s/been", aws_folder);
    snprintf(script, sizeof script,
             "if [ -e %s ]; then touch %s2; sleep 60; fi; touch %s; echo "
             "'{\"Version\":1,\"AccessKeyId\":\"K\",\"SecretAccessKey\":\"s\","
             "\"Expiration\":\"%s\"}'",
             been, been, been, until);
    clean_environment();
    snprintf(config, sizeof config, "[default]\ncredential_process = sh %s\n",
             write_file("script", script));
    setenv("AWS_CONFIG_FILE", write_file("config", config), 1);
    struct keyring_options options = {
        .advisory_ms = 100000, .mandatory_ms = 1000, .retry_ms_min = 100};
    struct error error = {0};
    struct keyring *keyring = keyring_open(&options, &error);
    assert_non_null(keyring);
    snprintf(been, sizeof been, "%s/been2", aws_folder);
    while (access(been, F_OK) != 0)
        poll(NULL, 0, 10);
    int64_t start_ms = clock_steady_ms();
    keyring_close(keyring);
    assert_true(clock_steady_ms() - start_ms < 5000); /* not the minute that it sleeps */
}

int main(void)
{
    aws_folder_open();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_replaced_before_they_end_and_kept_while_they_hold),
        cmocka_unit_test(closing_does_not_wait_for_a_service),
        cmocka_unit_test(closing_does_not_wait_for_a_program),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aws_folder_close();
    return failed;
}
