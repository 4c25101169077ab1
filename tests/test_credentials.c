/* Do the keys come from where botocore would take them, in its order? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/aws_folder.h"

enum { SETTINGS_MAX = 8 };

static void the_first_place_that_has_keys_wins(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *settings[SETTINGS_MAX][2];
        const char *profile;              /* by configuration */
        const char *key, *token, *source; /* key NULL: an error */
        const char *error;                /* that holds this */
    } cases[] = {
        {"environment before files",
         {{"AWS_ACCESS_KEY_ID", "AKENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}},
         NULL,
         "AKENV",
         NULL,
         "environment",
         NULL},
        {"with a token",
         {{"AWS_ACCESS_KEY_ID", "AKENV"},
          {"AWS_SECRET_ACCESS_KEY", "s"},
          {"AWS_SESSION_TOKEN", "t=="}},
         NULL,
         "AKENV",
         "t==",
         "environment",
         NULL},
        {"with the token's former name",
         {{"AWS_ACCESS_KEY_ID", "AKENV"},
          {"AWS_SECRET_ACCESS_KEY", "s"},
          {"AWS_SECURITY_TOKEN", "old"}},
         NULL,
         "AKENV",
         "old",
         "environment",
         NULL},
        {"half of it is an error",
         {{"AWS_ACCESS_KEY_ID", "AKENV"}},
         NULL,
         NULL,
         NULL,
         NULL,
         "AWS_SECRET_ACCESS_KEY is not"},
        {"a line break in a key",
         {{"AWS_ACCESS_KEY_ID", "AK\r\nX: y"}, {"AWS_SECRET_ACCESS_KEY", "s"}},
         NULL,
         NULL,
         NULL,
         NULL,
         "malformed"},
        {"the default profile", {{0}}, NULL, "AKDEFAULT", NULL, "profile", NULL},
        {"AWS_PROFILE",
         {{"AWS_PROFILE", "other"}},
         NULL,
         "AKOTHER",
         "token-other",
         "profile",
         NULL},
        {"AWS_PROFILE does not switch the environment off",
         {{"AWS_PROFILE", "other"}, {"AWS_ACCESS_KEY_ID", "AKENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}},
         NULL,
         "AKENV",
         NULL,
         "environment",
         NULL},
        {"a profile by configuration does",
         {{"AWS_ACCESS_KEY_ID", "AKENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}},
         "other",
         "AKOTHER",
         "token-other",
         "profile",
         NULL},
        {"a profile of the config file", {{0}}, "conf", "AKCONF", NULL, "config", NULL},
        {"a config section without the word profile",
         {{0}},
         "ignored",
         NULL,
         NULL,
         NULL,
         "in neither"},
        {"a profile that is not there",
         {{"AWS_PROFILE", "nobody"}},
         NULL,
         NULL,
         NULL,
         NULL,
         "nobody is in neither"},
        {"half a profile", {{0}}, "half", NULL, NULL, NULL, "secret access key is missing"},
        {"a role that needs a person", {{0}}, "mfa", NULL, NULL, NULL, "mfa: mfa_serial asks"},
        {"a role without a source", {{0}}, "alone", NULL, NULL, NULL, "needs a source_profile"},
        {"a role with two sources", {{0}}, "both", NULL, NULL, NULL, "are both set"},
        {"a source of no known kind", {{0}}, "strange", NULL, NULL, NULL, "not Ether"},
        {"a source that is not there", {{0}}, "lost", NULL, NULL, NULL, "nobody is in neither"},
        {"a circle of roles", {{0}}, "there", NULL, NULL, NULL, "a circle of source_profile"},
        {"signing in is refused by name", {{0}}, "person", NULL, NULL, NULL, "uses sso_session"},
        {"a process without keys", {{0}}, "process", NULL, NULL, NULL, "not a JSON object"},
        {"a token file without a role",
         {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/x"}},
         NULL,
         NULL,
         NULL,
         NULL,
         "AWS_ROLE_ARN"},
        {"a token file that is not there",
         {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/x"}, {"AWS_ROLE_ARN", "arn"}},
         NULL,
         NULL,
         NULL,
         NULL,
         "/nowhere/x"},
        {"nothing at all",
         {{"AWS_SHARED_CREDENTIALS_FILE", "/nowhere"}, {"AWS_CONFIG_FILE", "/nowhere"}},
         NULL,
         NULL,
         NULL,
         NULL,
         "no AWS credentials"},
        {"container over plain HTTP to anywhere",
         {{"AWS_SHARED_CREDENTIALS_FILE", "/nowhere"},
          {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/x"}},
         NULL,
         NULL,
         NULL,
         NULL,
         "must be https"},
        {"container with a user in the address",
         {{"AWS_SHARED_CREDENTIALS_FILE", "/nowhere"},
          {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost@192.0.2.1/x"}},
         NULL,
         NULL,
         NULL,
         NULL,
         "must be https"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct credentials found = {0};
        struct error error = {0};
        clean_environment();
        write_shared_files();
        for (size_t j = 0; j < SETTINGS_MAX && cases[i].settings[j][0]; j++)
            setenv(cases[i].settings[j][0], cases[i].settings[j][1], 1);
        bool good = fetch(cases[i].profile, &found, &error);
        if (good != (cases[i].key != NULL))
            print_error("%s: %s\n", cases[i].label, error.text);
        assert_int_equal(good, cases[i].key != NULL);
        if (good) {
            assert_string_equal(found.access_key_id, cases[i].key);
            assert_string_equal(found.source, cases[i].source);
            if (cases[i].token)
                assert_string_equal(found.session_token, cases[i].token);
            else
                assert_null(found.session_token);
        } else {
            if (!strstr(error.text, cases[i].error))
                print_error("%s: %s\n", cases[i].label, error.text);
            assert_non_null(strstr(error.text, cases[i].error));
        }
        credentials_clear(&found);
    }
}

static void a_description_never_holds_the_secret(void **state)
{
    (void)state;
    clean_environment();
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "topsecret", 1);
    setenv("AWS_SESSION_TOKEN", "toptoken", 1);
    setenv("AWS_CREDENTIAL_EXPIRATION", "2030-01-02T03:04:05Z", 1);
    struct credentials found = {0};
    char text[CREDENTIALS_TEXT_BYTES];
    assert_true(fetch(NULL, &found, NULL));
    credentials_describe(&found, text);
    assert_string_equal(text, "environment, key ending in MPLE, until 2030-01-02T03:04:05.000Z");
    credentials_clear(&found);
}

int main(void)
{
    aws_folder_open();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_place_that_has_keys_wins),
        cmocka_unit_test(a_description_never_holds_the_secret),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aws_folder_close();
    return failed;
}
