/* Do STS, a container and an instance give keys as they promise, and only when asked rightly? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/aws_folder.h"

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
    clean_environment();
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

static void a_container_gives_keys_for_its_token(void **state)
{
    (void)state;
    struct standin_reply replies[] = {{.bytes = http_reply("500 Oops", "")},
                                      {.bytes = http_reply("200 OK", JSON_KEYS)},
                                      {.bytes = http_reply("403 No", "{}")}};
    struct standin *standin = standin_start(replies, 3);
    clean_environment();
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
    clean_environment();
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

int main(void)
{
    aws_folder_open();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_web_identity_is_exchanged_at_sts),
        cmocka_unit_test(a_container_gives_keys_for_its_token),
        cmocka_unit_test(an_instance_gives_keys_for_a_session_token),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aws_folder_close();
    return failed;
}
