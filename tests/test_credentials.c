/* Do the keys come from where botocore would take them, and stay fresh? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "tests/standin_http.h"
#include "worker/aws/aws_error.h"
#include "worker/aws/credentials.h"
#include "worker/aws/keyring.h"
#include "worker/aws/region.h"
#include "worker/aws/xml_read.h"

enum { SETTINGS_MAX = 8, PATH_BYTES = 128 };

static char folder[] = "/tmp/assay-credentials-XXXXXX";

/* Every variable that says something about AWS is unset, and nothing beyond this machine asked. */
static int clean_environment(void **state)
{
    (void)state;
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CONFIG_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "AWS_CA_BUNDLE",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("HOME", folder, 1);
    return 0;
}

static const char *write_file(const char *name, const char *text)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static bool fetch(const char *profile, struct credentials *out, struct error *error)
{
    struct http *http = http_new();
    struct credential_options options = {.profile = profile};
    bool good = credentials_fetch(&options, http, out, error);
    http_free(http);
    return good;
}

static const char CREDENTIALS_FILE[] = "# a comment\n"
                                       "[default]\n"
                                       "aws_access_key_id = AKDEFAULT\n"
                                       "aws_secret_access_key=secret/default+\n"
                                       "; another\n"
                                       "[ other ]\r\n"
                                       "AWS_ACCESS_KEY_ID = AKOTHER\r\n"
                                       "aws_secret_access_key = secret-other\r\n"
                                       "aws_session_token = token-other\r\n"
                                       "[half]\n"
                                       "aws_access_key_id = AKHALF\n";
static const char CONFIG_FILE[] = "[default]\n"
                                  "region = eu-west-1\n"
                                  "s3 =\n"
                                  "  aws_access_key_id = AKNESTED\n"
                                  "[profile conf]\n"
                                  "aws_access_key_id = AKCONF\n"
                                  "aws_secret_access_key = secret-conf\n"
                                  "region = ap-south-1\n"
                                  "[ignored]\n"
                                  "aws_access_key_id = AKIGNORED\n"
                                  "[profile mfa]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = default\n"
                                  "mfa_serial = arn:aws:iam::1:mfa/p\n"
                                  "[profile alone]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "[profile both]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = default\n"
                                  "credential_source = Environment\n"
                                  "[profile strange]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "credential_source = Ether\n"
                                  "[profile lost]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = nobody\n"
                                  "[profile there]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = back\n"
                                  "[profile back]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "source_profile = there\n"
                                  "[profile person]\n"
                                  "sso_session = corp\n"
                                  "[profile process]\n"
                                  "credential_process = /bin/true\n";

static void write_shared_files(void)
{
    setenv("AWS_SHARED_CREDENTIALS_FILE", write_file("credentials", CREDENTIALS_FILE), 1);
    setenv("AWS_CONFIG_FILE", write_file("config", CONFIG_FILE), 1);
}

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
        clean_environment(NULL);
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
    clean_environment(NULL);
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

/* --- services --- */

static char *http_reply(const char *status, const char *body)
{
    struct buffer reply = {0};
    buffer_printf(&reply, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body),
                  body);
    return reply.data;
}

static void set_address(const char *name, const struct standin *standin, const char *path)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", standin_port(standin), path);
    setenv(name, url, 1);
}

static const char STS_REPLY[] =
    "<?xml version=\"1.0\"?>\n<!-- x --><AssumeRoleWithWebIdentityResponse "
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>"
    "<AssumedRoleUser><Arn>a</Arn></AssumedRoleUser><Empty/><Credentials>"
    "<SessionToken>tok&amp;en&#x3d;</SessionToken><SecretAccessKey>sec/ret</SecretAccessKey>"
    "<Expiration>2030-01-02T03:04:05Z</Expiration><AccessKeyId>ASIAWEB</AccessKeyId>"
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
static const char STS_ERROR[] =
    "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>the-token"
    "</Message></Error></ErrorResponse>";

static void a_web_identity_is_exchanged_at_sts(void **state)
{
    (void)state;
    struct standin_reply replies[] = {{.bytes = http_reply("200 OK", STS_REPLY)},
                                      {.bytes = http_reply("400 Bad Request", STS_ERROR)},
                                      {.bytes = http_reply("200 OK", "<a><b></a>")}};
    struct standin *standin = standin_start(replies, 3);
    clean_environment(NULL);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", write_file("token", " the-token\n"), 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::123:role/a b", 1);
    set_address("AWS_ENDPOINT_URL_STS", standin, "");
    struct credentials found = {0};
    struct error error = {0};
    assert_true(fetch(NULL, &found, &error));
    assert_string_equal(found.source, "web-identity");
    assert_string_equal(found.access_key_id, "ASIAWEB");
    assert_string_equal(found.secret_access_key, "sec/ret");
    assert_string_equal(found.session_token, "tok&en=");
    assert_true(found.expires_at_ms == 1893553445000); /* date -d 2030-01-02T03:04:05Z +%s */
    credentials_clear(&found);

    assert_false(fetch(NULL, &found, &error));
    assert_int_equal(error.kind, ERROR_FATAL);
    assert_non_null(strstr(error.text, "InvalidIdentityToken"));
    assert_null(strstr(error.text, "the-token"));
    error_clear(&error);
    assert_false(fetch(NULL, &found, &error));
    assert_int_equal(error.kind, ERROR_TRANSIENT);

    standin_stop(standin);
    const char *sent = standin_request(standin, 0, NULL);
    assert_ptr_equal(strstr(sent, "POST / HTTP/1.1\r\n"), sent);
    assert_null(strcasestr(sent, "\r\nauthorization:")); /* unsigned */
    assert_non_null(strstr(sent, "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&"
                                 "RoleArn=arn%3Aaws%3Aiam%3A%3A123%3Arole%2Fa%20b&"
                                 "RoleSessionName=assay&WebIdentityToken=the-token"));
    standin_free(standin);
    for (size_t i = 0; i < 3; i++)
        free((char *)replies[i].bytes);
}

static const char JSON_KEYS[] = "{\"AccessKeyId\":\"ASIAJSON\",\"SecretAccessKey\":\"s\","
                                "\"Token\":\"t\",\"Expiration\":\"2030-01-02T03:04:05Z\","
                                "\"Code\":\"Success\"}";

static void a_container_gives_keys_for_its_token(void **state)
{
    (void)state;
    struct standin_reply replies[] = {{.bytes = http_reply("500 Oops", "")},
                                      {.bytes = http_reply("200 OK", JSON_KEYS)},
                                      {.bytes = http_reply("403 No", "{}")}};
    struct standin *standin = standin_start(replies, 3);
    clean_environment(NULL);
    set_address("AWS_CONTAINER_CREDENTIALS_FULL_URI", standin, "/v1/credentials?x=1");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "loses", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", write_file("pod-token", "wins\n"), 1);
    struct credentials found = {0};
    struct error error = {0};
    assert_true(fetch(NULL, &found, &error)); /* the second try */
    assert_string_equal(found.source, "container");
    assert_string_equal(found.access_key_id, "ASIAJSON");
    credentials_clear(&found);
    assert_false(fetch(NULL, &found, &error));
    assert_int_equal(error.kind, ERROR_FATAL);
    standin_stop(standin);
    assert_int_equal(standin_request_count(standin), 3); /* a 403 is not asked again */
    const char *sent = standin_request(standin, 1, NULL);
    assert_ptr_equal(strstr(sent, "GET /v1/credentials?x=1 HTTP/1.1\r\n"), sent);
    assert_non_null(strstr(sent, "\r\nAuthorization: wins\r\n"));
    standin_free(standin);
    for (size_t i = 0; i < 3; i++)
        free((char *)replies[i].bytes);
}

static void an_instance_gives_keys_for_a_session_token(void **state)
{
    (void)state;
    struct standin_reply replies[] = {{.bytes = http_reply("200 OK", "session-token")},
                                      {.bytes = http_reply("200 OK", "my-role\n")},
                                      {.bytes = http_reply("200 OK", JSON_KEYS)},
                                      {.bytes = http_reply("403 No", "")}};
    struct standin *standin = standin_start(replies, 4);
    clean_environment(NULL);
    unsetenv("AWS_EC2_METADATA_DISABLED");
    set_address("AWS_EC2_METADATA_SERVICE_ENDPOINT", standin, "/");
    struct credentials found = {0};
    struct error error = {0};
    assert_true(fetch(NULL, &found, &error));
    assert_string_equal(found.source, "imds");
    assert_string_equal(found.access_key_id, "ASIAJSON");
    credentials_clear(&found);
    assert_false(fetch(NULL, &found, &error)); /* version 1 alone is not asked */
    assert_non_null(strstr(error.text, "no AWS credentials"));
    standin_stop(standin);
    static const char *const expected[][2] = {
        {"PUT /latest/api/token HTTP/1.1\r\n",
         "\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"},
        {"GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n",
         "\r\nX-aws-ec2-metadata-token: session-token\r\n"},
        {"GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\n",
         "\r\nX-aws-ec2-metadata-token: session-token\r\n"},
    };
    for (size_t i = 0; i < 3; i++) {
        const char *sent = standin_request(standin, i, NULL);
        assert_ptr_equal(strstr(sent, expected[i][0]), sent);
        assert_non_null(strstr(sent, expected[i][1]));
    }
    assert_int_equal(standin_request_count(standin), 4);
    standin_free(standin);
    for (size_t i = 0; i < 4; i++)
        free((char *)replies[i].bytes);
}

/* --- the keyring --- */

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
    clean_environment(NULL);
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
    clean_environment(NULL);
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
    snprintf(been, sizeof been, "%s/been", folder);
    snprintf(script, sizeof script,
             "if [ -e %s ]; then touch %s2; sleep 60; fi; touch %s; echo "
             "'{\"Version\":1,\"AccessKeyId\":\"K\",\"SecretAccessKey\":\"s\","
             "\"Expiration\":\"%s\"}'",
             been, been, been, until);
    clean_environment(NULL);
    snprintf(config, sizeof config, "[default]\ncredential_process = sh %s\n",
             write_file("script", script));
    setenv("AWS_CONFIG_FILE", write_file("config", config), 1);
    struct keyring_options options = {
        .advisory_ms = 100000, .mandatory_ms = 1000, .retry_ms_min = 100};
    struct error error = {0};
    struct keyring *keyring = keyring_open(&options, &error);
    assert_non_null(keyring);
    snprintf(been, sizeof been, "%s/been2", folder);
    while (access(been, F_OK) != 0)
        poll(NULL, 0, 10);
    int64_t start_ms = clock_steady_ms();
    keyring_close(keyring);
    assert_true(clock_steady_ms() - start_ms < 5000); /* not the minute that it sleeps */
}

/* --- regions, addresses, replies --- */

static void regions_and_addresses_come_from_the_usual_places(void **state)
{
    (void)state;
    clean_environment(NULL);
    write_shared_files();
    char region[REGION_BYTES];
    struct error error = {0};
    assert_true(region_find(NULL, NULL, region, &error));
    assert_string_equal(region, "eu-west-1");
    assert_true(region_find(NULL, "conf", region, &error));
    assert_string_equal(region, "ap-south-1");
    setenv("AWS_DEFAULT_REGION", "us-east-2", 1);
    assert_true(region_find(NULL, NULL, region, &error));
    assert_string_equal(region, "us-east-2");
    setenv("AWS_REGION", "us-west-2", 1);
    assert_true(region_find("", NULL, region, &error));
    assert_string_equal(region, "us-west-2");
    assert_true(region_find("cn-north-1", NULL, region, &error));
    assert_string_equal(region, "cn-north-1");
    assert_false(region_find("evil.example/", NULL, region, &error));

    static const struct {
        const char *configured, *variable, *region, *url, *host, *path; /* url NULL: refused */
    } cases[] = {
        {NULL, NULL, "us-west-2", "https://monitoring.us-west-2.amazonaws.com",
         "monitoring.us-west-2.amazonaws.com", ""},
        {NULL, NULL, "cn-north-1", "https://monitoring.cn-north-1.amazonaws.com.cn",
         "monitoring.cn-north-1.amazonaws.com.cn", ""},
        {NULL, "http://localhost:4566/", "x", "http://localhost:4566", "localhost:4566", ""},
        {"https://vpce.example:443/a/", "http://no", "x", "https://vpce.example:443/a",
         "vpce.example", "/a"},
        {"http://h:80", NULL, "x", "http://h:80", "h", ""},
        {"http://[::1]:80", NULL, "x", "http://[::1]:80", "[::1]", ""},
        {"ftp://h", NULL, "x", NULL, NULL, NULL},
        {"https://", NULL, "x", NULL, NULL, NULL},
        {"https://user@h", NULL, "x", NULL, NULL, NULL},
        {"https://h/?q", NULL, "x", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct endpoint endpoint = {0};
        clean_environment(NULL);
        if (cases[i].variable)
            setenv("AWS_ENDPOINT_URL_CLOUDWATCH", cases[i].variable, 1);
        bool good = endpoint_find(cases[i].configured, "CLOUDWATCH", "monitoring", cases[i].region,
                                  &endpoint, &error);
        assert_int_equal(good, cases[i].url != NULL);
        if (good) {
            assert_string_equal(endpoint.url, cases[i].url);
            assert_string_equal(endpoint.host, cases[i].host);
            assert_string_equal(endpoint.path, cases[i].path);
        }
        endpoint_clear(&endpoint);
    }
}

static void xml_gives_one_text_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *path, *text; /* NULL: none */
    } cases[] = {
        {"<a><b>1</b><b>2</b></a>", "a/b", "1"},
        {"<a><b>1</b><b>2</b></a>", "b", "1"},
        {"<a><c><b>1</b></c><b>2</b></a>", "a/b", "2"},
        {"<x:a y='<'><x:b>1</x:b></x:a>", "a/b", NULL},
        {"<a y='>' z=\">'\"><b>1</b></a>", "a/b", "1"},
        {"<x:a y='z'><x:b q=\"r\">1</x:b></x:a>", "a/b", "1"},
        {"<a><b></b></a>", "a/b", ""},
        {"<a><b/></a>", "a/b", NULL},
        {"<a>&lt;&gt;&quot;&apos;&amp;&#65;&#xe9;</a>", "a", "<>\"'&A\xc3\xa9"},
        {"<a>&evil;</a>", "a", NULL},
        {"<a>&#xd800;</a>", "a", NULL},
        {"<a>&#0;</a>", "a", NULL},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>1</a>", "a", NULL},
        {"<a><b>1</c></a>", "b", "1"}, /* read no further than needed */
        {"<a><c>1</b></c><d>2</d></a>", "d", NULL},
        {"<a><b>1", "b", NULL},
        {"</a>", "a", NULL},
        {"<", "a", NULL},
        {"", "a", NULL},
        {"<>x</>", "a", NULL},
        {"<a><!-- <b>no</b> --><b>1</b></a>", "b", "1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};
        bool good = xml_text(str_of(cases[i].xml), cases[i].path, &out);
        if (good != (cases[i].text != NULL))
            print_error("%s\n", cases[i].xml);
        assert_int_equal(good, cases[i].text != NULL);
        if (good)
            assert_true(str_equal(buffer_str(&out), str_of(cases[i].text)));
        buffer_clear(&out);
    }
}

static void error_replies_are_understood_by_their_code(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *header, *value, *body, *code;
        enum aws_error meaning;
    } cases[] = {
        {200, "x", "", "{}", "", AWS_OK},
        {400, "x-amzn-errortype", "ThrottlingException:http://x/", "{\"message\":null}",
         "ThrottlingException", AWS_THROTTLED},
        {400, "x-amzn-query-error", "Throttling;Sender", "", "Throttling", AWS_THROTTLED},
        {400, "x", "", "{\"__type\":\"com.amazonaws#Throttling\"}", "Throttling", AWS_THROTTLED},
        {400, "x", "", "{\"code\":\"SlowDown\"}", "SlowDown", AWS_THROTTLED},
        {400, "x", "",
         "<ErrorResponse><Error><Code>RequestLimitExceeded</Code></Error></ErrorResponse>",
         "RequestLimitExceeded", AWS_THROTTLED},
        {400, "x", "", "{\"__type\":\"ValidationError\"}", "ValidationError", AWS_INVALID},
        {400, "x", "", "not json", "", AWS_INVALID},
        {403, "x", "", "{\"__type\":\"ExpiredTokenException\"}", "ExpiredTokenException",
         AWS_EXPIRED},
        {403, "x", "", "{\"__type\":\"InvalidSignatureException\",\"message\":\"no match\"}",
         "InvalidSignatureException", AWS_DENIED},
        {403, "x", "",
         "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: 2026\"}",
         "InvalidSignatureException", AWS_SKEWED},
        {403, "x", "", "", "", AWS_DENIED},
        {429, "x", "", "", "", AWS_THROTTLED},
        {500, "x", "", "{\"__type\":\"InternalServiceError\"}", "InternalServiceError", AWS_BROKEN},
        {502, "x", "", "<html>", "", AWS_BROKEN},
        {503, "x", "", "", "", AWS_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_header header = {cases[i].header, cases[i].value};
        struct http_reply reply = {.status = cases[i].status,
                                   .body = str_of(cases[i].body),
                                   .headers = &header,
                                   .header_count = 1};
        char code[AWS_ERROR_CODE_BYTES];
        aws_error_code(&reply, code);
        assert_string_equal(code, cases[i].code);
        assert_int_equal(aws_error_of(&reply, code), cases[i].meaning);
    }
    for (unsigned attempt = 1; attempt < 40; attempt++)
        for (int i = 0; i < 50; i++) {
            int64_t most = attempt > 5 ? 20000 : 1000ll << (attempt - 1);
            int64_t ms = aws_backoff_ms(attempt);
            assert_true(ms >= 0 && ms < (most < 20000 ? most : 20000));
        }
}

int main(void)
{
    assert_non_null(mkdtemp(folder));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_place_that_has_keys_wins),
        cmocka_unit_test(a_description_never_holds_the_secret),
        cmocka_unit_test(a_web_identity_is_exchanged_at_sts),
        cmocka_unit_test(a_container_gives_keys_for_its_token),
        cmocka_unit_test(an_instance_gives_keys_for_a_session_token),
        cmocka_unit_test(keys_are_replaced_before_they_end_and_kept_while_they_hold),
        cmocka_unit_test(closing_does_not_wait_for_a_service),
        cmocka_unit_test(closing_does_not_wait_for_a_program),
        cmocka_unit_test(regions_and_addresses_come_from_the_usual_places),
        cmocka_unit_test(xml_gives_one_text_or_none),
        cmocka_unit_test(error_replies_are_understood_by_their_code),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    static const char *const files[] = {"credentials", "config", "token", "pod-token"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return failed;
}
