/* Are regions and addresses taken from the usual places? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/aws_folder.h"
#include "worker/aws/region.h"

static void regions_and_addresses_come_from_the_usual_places(void **state)
{
    (void)state;
    clean_environment();
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
        clean_environment();
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

int main(void)
{
    aws_folder_open();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_and_addresses_come_from_the_usual_places),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aws_folder_close();
    return failed;
}
