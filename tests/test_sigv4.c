/* Do our signatures equal the published ones? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "worker/aws/sigv4.h"

/* AWS's documentation example key. */
static char key_id[] = "AKIDEXAMPLE";
static char secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
static char token[] = "SESSION/TOK+EN==";
static const struct credentials with_token = {key_id, secret, token, 0, "test"};

static int64_t at(const char *rfc3339)
{
    int64_t ms = 0;
    assert_true(clock_parse_rfc3339(str_of(rfc3339), &ms));
    return ms;
}

/* Expected values: botocore 1.43.11, SigV4Auth, 2026-11-22T12:00:00Z, us-west-2. */
static void headers_are_signed_as_botocore_signs_them(void **state)
{
    (void)state;
    static const struct http_header cloudwatch_headers[] = {
        {"Content-Type", "application/x-amz-json-1.0"},
        {"X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData"},
        {"x-amzn-query-mode", "true"},
        {"User-Agent", "changes on the way"},
    };
    static const struct http_header sagemaker_headers[] = {
        {"Accept", "application/json"},
        {"Content-Type", "application/json"},
        {"X-Amzn-SageMaker-Inference-Component", "my-ic"},
        {"X-Amzn-SageMaker-Inference-Id", "abc-1"},
    };
    static const struct {
        const char *host, *path, *service, *body;
        const struct http_header *headers;
        size_t header_count;
        const char *body_sha256, *canonical_sha256, *key, *signed_headers, *signature;
    } cases[] = {
        {"monitoring.us-west-2.amazonaws.com", "/", "monitoring",
         "{\"Namespace\":\"/aws/sagemaker/inference-quality/m\",\"MetricData\":[{\"MetricName\":"
         "\"safety_score\",\"Value\":1.0}]}",
         cloudwatch_headers, 4, "0baec5a4c65ce7f17f91c82d208070d234e8aded9272a76f57a7da3ce827a2fe",
         "e3aee050e384cd9a6965780f97ec8a83ddcdeb549d8fc5283a6fb0db9516ccdc",
         "ab62b42bc53e3c2e76571a43fb4e954a8d253c451bb02335112287e5b4db5803",
         "content-type;host;x-amz-date;x-amz-security-token;x-amz-target;x-amzn-query-mode",
         "a6af8850a71da1a2be4717ebbb09d9a27b03f6f2690fc43236743da9cd12debe"},
        {"runtime.sagemaker.us-west-2.amazonaws.com", "/endpoints/my-ep/invocations", "sagemaker",
         "{\"inputs\":\"x\"}", sagemaker_headers, 4,
         "61cc482010d0850e4f5a625d889d136d8fbee83ad0983776ffbf0a79f3173c6b",
         "1ca5007d03e608b744198a8ff7c5f8d9b074860363bdfbc995dbc6a93f3dd8be",
         "715c77185fdefcfecf305282300637f3a17f3e6dd5fc54a8cbfa083852de26c4",
         "accept;content-type;host;x-amz-date;x-amz-security-token;"
         "x-amzn-sagemaker-inference-component;x-amzn-sagemaker-inference-id",
         "d3198169538e2ae8096dd2a5505e8dc3a7aaed183e2360afd5cb20cd0ecac52a"},
    };
    struct sigv4_signer signer = {0}; /* shared: the key's cache must not mix services up */
    struct sigv4_signed out = {0};
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct sigv4_request request = {
                .method = "POST",
                .host = cases[i].host,
                .path = str_of(cases[i].path),
                .headers = cases[i].headers,
                .header_count = cases[i].header_count,
                .body = str_of(cases[i].body),
                .region = "us-west-2",
                .service = cases[i].service,
                .now_ms = at("2026-11-22T12:00:00Z"),
            };
            sigv4_sign(&signer, &request, &with_token, &out);
            char hex[SHA256_HEX_BYTES], authorization[1024];
            hash_hex(signer.key, sizeof signer.key, hex);
            assert_string_equal(out.body_sha256, cases[i].body_sha256);
            assert_string_equal(out.canonical_sha256, cases[i].canonical_sha256);
            assert_string_equal(hex, cases[i].key);
            assert_string_equal(out.signature, cases[i].signature);
            snprintf(authorization, sizeof authorization,
                     "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/%s/aws4_request, "
                     "SignedHeaders=%s, Signature=%s",
                     cases[i].service, cases[i].signed_headers, cases[i].signature);
            assert_int_equal(out.header_count, 3);
            assert_string_equal(out.headers[0].value, "20261122T120000Z");
            assert_string_equal(out.headers[1].value, token);
            assert_string_equal(out.headers[2].value, authorization);
        }
    sigv4_signed_clear(&out);
}

/* Expected values as above, SigV4QueryAuth. */
static void queries_are_presigned_as_botocore_presigns_them(void **state)
{
    (void)state;
    static const struct {
        const char *method, *host, *query, *service, *canonical_sha256, *signature;
    } cases[] = {
        {"POST", "sagemaker.amazonaws.com", "Action=CallWithBearerToken", "sagemaker",
         "0352d0fe84739e76e81559fb2f749b5d17c8c121ae46f364d17484459ae67e4e",
         "3b4754b15bbf31ccc23d91e974ddfe4a03bfa631e6db0e40345960c15b94ab53"},
        {"GET", "kafka.us-west-2.amazonaws.com", "Action=kafka-cluster%3AConnect", "kafka-cluster",
         "76cd77c3eb17e5f73296a6550c1b27d8f096d6f041bf1dff2c73192b2dbc4428",
         "abdeb3ce5adebfad5a183d7f5bbeef0b02196a2a731baaa841d571367d99e272"},
    };
    struct sigv4_signer signer = {0};
    struct sigv4_signed out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sigv4_request request = {
            .method = cases[i].method,
            .host = cases[i].host,
            .path = STR("/"),
            .query = str_of(cases[i].query),
            .region = "us-west-2",
            .service = cases[i].service,
            .now_ms = at("2026-11-22T12:00:00Z"),
        };
        struct buffer url = {0};
        sigv4_presign(&signer, &request, &with_token, 900, &out, &url);
        assert_string_equal(out.canonical_sha256, cases[i].canonical_sha256);
        assert_string_equal(out.signature, cases[i].signature);
        char expected[1024];
        snprintf(expected, sizeof expected,
                 "https://%s/?%s&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%%"
                 "2F20261122%%2Fus-west-2%%2F%s%%2Faws4_request&X-Amz-Date=20261122T120000Z&"
                 "X-Amz-Expires=900&X-Amz-Security-Token=SESSION%%2FTOK%%2BEN%%3D%%3D&"
                 "X-Amz-SignedHeaders=host&X-Amz-Signature=%s",
                 cases[i].host, cases[i].query, cases[i].service, cases[i].signature);
        assert_string_equal(url.data, expected);
        buffer_clear(&url);
    }
    sigv4_signed_clear(&out);
}

/* --- botocore's suite: raw requests and what they must become --- */

enum { SUITE_HEADERS_MAX = 16, SUITE_CASES = 34 };
static const char SUITE[] = "../shared/data/sigv4/dev_botocore_suite.jsonl";

/* A raw request taken apart, in place. */
struct raw {
    char *method, *path, *query, *host, *body;
    struct http_header headers[SUITE_HEADERS_MAX];
    size_t header_count;
};

/* A line that begins with white space continues the header before it. */
static char *next_line(char **rest, bool unfold)
{
    char *line = *rest, *end = line;
    for (; *end; end++)
        if (*end == '\n' && !(unfold && end[1] == ' '))
            break;
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return line;
}

static void take_apart(char *text, struct raw *out)
{
    char *rest = text, *first = next_line(&rest, false), *version = strrchr(first, ' ');
    *version = '\0';
    out->method = first;
    out->path = strchr(first, ' ');
    *out->path++ = '\0';
    out->query = strchr(out->path, '?');
    if (out->query)
        *out->query++ = '\0';
    for (char *line; *(line = next_line(&rest, true));) {
        char *colon = strchr(line, ':');
        *colon = '\0';
        if (strcmp(line, "Host") == 0)
            out->host = colon + 1;
        assert_true(out->header_count < SUITE_HEADERS_MAX);
        out->headers[out->header_count++] = (struct http_header){line, colon + 1};
    }
    out->body = rest;
}

/* The token a case is signed with stands in its canonical request, if it has one. */
static char *token_of(const char *canonical)
{
    static const char name[] = "\nx-amz-security-token:";
    const char *start = strstr(canonical, name);
    return start ? strndup(start + strlen(name), strcspn(start + strlen(name), "\n")) : NULL;
}

static void check_suite_case(const json_t *row)
{
    const char *canonical = json_string_value(json_object_get(row, "creq"));
    char *text = strdup(json_string_value(json_object_get(row, "req")));
    struct raw raw = {0};
    take_apart(text, &raw);
    struct credentials credentials = {key_id, secret, token_of(canonical), 0, "test"};
    struct sigv4_request request = {
        .method = raw.method,
        .host = raw.host,
        .path = str_of(raw.path),
        .query = str_of(raw.query),
        .headers = raw.headers,
        .header_count = raw.header_count,
        .body = str_of(raw.body),
        .region = "us-east-1",
        .service = "service",
        .now_ms = at("2015-08-30T12:36:00Z"),
    };
    struct sigv4_signer signer = {0};
    struct sigv4_signed out = {0};
    sigv4_sign(&signer, &request, &credentials, &out);
    const char *expected = json_string_value(json_object_get(row, "authz"));
    if (strcmp(out.headers[out.header_count - 1].value, expected) != 0)
        print_error("case %s\n", json_string_value(json_object_get(row, "id")));
    assert_string_equal(out.headers[out.header_count - 1].value, expected);
    const char *to_sign = json_string_value(json_object_get(row, "sts"));
    assert_string_equal(out.canonical_sha256, strrchr(to_sign, '\n') + 1);
    sigv4_signed_clear(&out);
    free(credentials.session_token);
    free(text);
}

static void botocores_suite_passes(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size, cases = 0;
    struct error error = {0};
    if (!json_read_bytes(SUITE, 1 << 20, &text, &size, &error)) {
        print_message("SKIPPED: no %s\n", SUITE);
        skip();
    }
    char *rest = text;
    for (char *line; *(line = next_line(&rest, false)); cases++) {
        json_t *row = json_read(str_of(line), &JSON_LIMITS_DOCUMENT, &error);
        assert_non_null(row);
        check_suite_case(row);
        json_decref(row);
    }
    assert_int_equal(cases, SUITE_CASES);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_signed_as_botocore_signs_them),
        cmocka_unit_test(queries_are_presigned_as_botocore_presigns_them),
        cmocka_unit_test(botocores_suite_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
