/* Are metrics named as people's dashboards expect, and does nothing get lost when all ends at once?
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>

#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "tests/standin_http.h"
#include "worker/publish/publisher.h"

static void metrics_are_named_by_the_preset(void **state)
{
    (void)state;
    static const struct {
        const char *preset, *template;
        struct metric metric;
        const char *namespace; /* NULL: left out */
        const char *names, *dimensions;
    } cases[] = {
        {"default",
         NULL,
         {.model = "m", .name = "tone_score"},
         "/aws/sagemaker/inference-quality/m",
         "tone_score",
         ""},
        {"default",
         NULL,
         {.model = "m", .name = "tone_score", .endpoint = "ep"},
         "/aws/sagemaker/inference-quality/m",
         "tone_score",
         "EndpointName=ep;"},
        {"default",
         NULL,
         {.model = "m", .name = "x", .endpoint = "", .component = "ic"},
         "/aws/sagemaker/inference-quality/m",
         "x",
         ""},
        {"default", NULL, {.name = "x"}, "/aws/sagemaker/inference-quality/other", "x", ""},
        {"default",
         NULL,
         {.model = "a/b:c d", .name = "x"},
         "/aws/sagemaker/inference-quality/a/b:c d",
         "x",
         ""},
        {"default", "Mine/{model}/q", {.model = "m", .name = "x"}, "Mine/m/q", "x", ""},
        {"default", "Fixed", {.model = "m", .name = "x"}, "Fixed", "x", ""},
        {"default",
         NULL,
         {.model = "m", .name = "evaluation_errors", .kind = "time out\n"},
         "/aws/sagemaker/inference-quality/m",
         "evaluation_errors,evaluation_errors_time out_",
         ""},
        {"default",
         NULL,
         {.model = "m", .name = "x", .endpoint = ":\xc3\xa9"},
         "/aws/sagemaker/inference-quality/m",
         "x",
         "EndpointName=___;"},
        {"default",
         NULL,
         {.model = "m", .name = "x", .endpoint = "  "},
         "/aws/sagemaker/inference-quality/m",
         "x",
         "EndpointName=_;"},
        {"aws-sample",
         NULL,
         {.model = "m", .name = "tone_score", .endpoint = "ep", .component = "ic-1"},
         "SageMaker/InferenceQuality",
         "professional_tone_score",
         "InferenceComponentName=ic-1;InferenceComponentLabel=one;EndpointName=ep;"},
        {"aws-sample",
         NULL,
         {.model = "m", .name = "safety_score", .endpoint = "ep", .component = "ic-2"},
         "SageMaker/InferenceQuality",
         "safety_score",
         "InferenceComponentName=ic-2;InferenceComponentLabel=ic-2;EndpointName=ep;"},
        {"aws-sample",
         NULL,
         {.model = "m", .name = "safety_score", .endpoint = "ep", .component = "ic-3"},
         "SageMaker/InferenceQuality",
         "safety_score",
         "InferenceComponentName=ic-3;InferenceComponentLabel=a=b;EndpointName=ep;"},
        {"aws-sample",
         NULL,
         {.model = "m", .name = "safety_score"},
         "SageMaker/InferenceQuality",
         "safety_score",
         "InferenceComponentName=unknown;InferenceComponentLabel=unknown;EndpointName=unknown;"},
        {"aws-sample", NULL, {.model = "m", .name = "samples_evaluated"}, NULL, NULL, NULL},
    };
    static const char *const labels[] = {"ic-1=before", "ic-1=one", "ic-3=a=b"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct metric_naming naming = {.preset = metric_preset_find(cases[i].preset),
                                       .namespace_template = cases[i].template,
                                       .labels = labels,
                                       .label_count = 3};
        struct metric_address address;
        bool published = metric_address(&naming, &cases[i].metric, &address);
        assert_int_equal(published, cases[i].namespace != NULL);
        if (!published)
            continue;
        struct buffer names = {0}, dimensions = {0};
        for (size_t j = 0; j < address.name_count; j++)
            buffer_printf(&names, "%s%s", j ? "," : "", address.names[j]);
        for (size_t j = 0; j < address.dimension_count; j++)
            buffer_printf(&dimensions, "%s=%s;", address.dimensions[j].name,
                          address.dimensions[j].value);
        assert_string_equal(address.namespace, cases[i].namespace);
        assert_string_equal(buffer_str(&names).data, cases[i].names);
        assert_string_equal(buffer_str(&dimensions).data, cases[i].dimensions);
        buffer_clear(&names);
        buffer_clear(&dimensions);
    }
}

static void bad_namespaces_are_refused_at_the_start(void **state)
{
    (void)state;
    static const struct {
        const char *template;
        bool good;
    } cases[] = {
        {NULL, true},       {"A/{model}", true}, {"{model}", true},      {"AWS/{model}", false},
        {":x", false},      {"a\nb", false},     {"caf\xc3\xa9", false}, {"{model}/{model}", false},
        {"{other}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct metric_naming naming = {.preset = metric_preset_find("default"),
                                       .namespace_template = cases[i].template};
        assert_int_equal(metric_naming_check(&naming, NULL), cases[i].good);
    }
    assert_false(metric_naming_check(&(struct metric_naming){0}, NULL));
    assert_null(metric_preset_find("nobody's"));
}

/* --- outcomes --- */

enum { RESULTS_MAX = 3000 };

struct seen {
    size_t calls, count;
    struct publish_result results[RESULTS_MAX];
};

static void note(void *owner, const struct publish_result *results, size_t count,
                 const struct error *error)
{
    struct seen *seen = owner;
    (void)error;
    assert_true(count <= RESULTS_MAX);
    seen->calls++;
    seen->count = count;
    memcpy(seen->results, results, count * sizeof *results);
}

static struct publisher_config config_for(const struct standin *standin, struct http *http,
                                          struct keyring *keyring)
{
    static char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", standin_port(standin));
    return (struct publisher_config){.naming.preset = metric_preset_find("default"),
                                     .region = "us-east-1",
                                     .endpoint_url = url,
                                     .http = http,
                                     .keyring = keyring};
}

static void values_that_cannot_be_sent_are_refused_before(void **state)
{
    (void)state;
    static const struct {
        double value;
        uint32_t count;
        enum publish_outcome outcome;
    } cases[] = {
        {1.0, 1, PUBLISH_SENT},         {NAN, 1, PUBLISH_REFUSED},
        {INFINITY, 1, PUBLISH_REFUSED}, {1e300, 1, PUBLISH_REFUSED}, /* 2^360 is 2.3e108 */
        {-1e108, 1, PUBLISH_SENT},      {1.0, 0, PUBLISH_REFUSED},
    };
    enum { COUNT = sizeof cases / sizeof *cases };
    static const struct standin_reply reply = {
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"};
    struct standin *standin = standin_start(&reply, 1);
    struct http *http = http_new();
    struct keyring *keyring = keyring_fixed("AKID", "secret", NULL);
    struct publisher_config config = config_for(standin, http, keyring);
    void *publisher = PUBLISHER_CLOUDWATCH.open(&config, NULL);
    assert_non_null(publisher);
    struct metric metrics[COUNT + 1];
    for (size_t i = 0; i < COUNT; i++)
        metrics[i] = (struct metric){.id = (int64_t)i + 70,
                                     .model = "m",
                                     .name = "x",
                                     .minute_ms = clock_wall_ms(),
                                     .values = &cases[i].value,
                                     .counts = &cases[i].count,
                                     .count = 1};
    metrics[COUNT] = (struct metric){.id = 1, .name = "x", .minute_ms = clock_wall_ms()};
    struct seen seen = {0};
    PUBLISHER_CLOUDWATCH.publish(publisher, metrics, COUNT + 1, note, &seen);
    while (!seen.calls) {
        struct pollfd ready = {.fd = http_descriptor(http), .events = POLLIN};
        poll(&ready, 1, 1000);
        http_turn(http);
    }
    assert_int_equal(seen.count, COUNT + 1);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(seen.results[i].id, i + 70);
        assert_int_equal(seen.results[i].outcome, cases[i].outcome);
    }
    assert_int_equal(seen.results[COUNT].outcome, PUBLISH_REFUSED);
    http_free(http);
    PUBLISHER_CLOUDWATCH.close(publisher);
    keyring_close(keyring);
    standin_free(standin);
}

/* 3000 metrics are at least three calls; the service takes the first and never answers. */
static void everything_is_called_back_once_when_http_ends(void **state)
{
    (void)state;
    static const struct standin_reply reply = {.delay_ms = 5000};
    struct standin *standin = standin_start(&reply, 1);
    struct http *http = http_new();
    struct keyring *keyring = keyring_fixed("AKID", "secret", NULL);
    struct publisher_config config = config_for(standin, http, keyring);
    void *publisher = PUBLISHER_CLOUDWATCH.open(&config, NULL);
    struct metric *metrics = calloc(RESULTS_MAX, sizeof *metrics);
    static const double value = 1;
    static const uint32_t count = 1;
    for (size_t i = 0; i < RESULTS_MAX; i++)
        metrics[i] = (struct metric){.id = (int64_t)i,
                                     .model = i % 7 ? "a" : "b",
                                     .name = "x",
                                     .minute_ms = clock_wall_ms(),
                                     .values = &value,
                                     .counts = &count,
                                     .count = 1};
    struct seen first = {0}, second = {0}, none = {0};
    PUBLISHER_CLOUDWATCH.publish(publisher, metrics, RESULTS_MAX, note, &first);
    PUBLISHER_CLOUDWATCH.publish(publisher, metrics, RESULTS_MAX, note, &second);
    PUBLISHER_CLOUDWATCH.publish(publisher, NULL, 0, note, &none);
    assert_int_equal(none.calls, 1);
    free(metrics); /* read during publish only */
    for (int i = 0; i < 5; i++) {
        struct pollfd ready = {.fd = http_descriptor(http), .events = POLLIN};
        poll(&ready, 1, 20);
        http_turn(http);
        PUBLISHER_CLOUDWATCH.turn(publisher);
    }
    assert_int_equal(first.calls + second.calls, 0);
    http_free(http);
    PUBLISHER_CLOUDWATCH.close(publisher);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 1);
    size_t outcomes[PUBLISH_OUTCOMES] = {0};
    for (size_t i = 0; i < RESULTS_MAX; i++) {
        outcomes[first.results[i].outcome]++;
        outcomes[second.results[i].outcome]++;
    }
    /* Four calls may be in flight: those nobody knows about; the others never left. */
    assert_true(outcomes[PUBLISH_AMBIGUOUS] > 0);
    assert_true(outcomes[PUBLISH_FAILED] > 0);
    assert_int_equal(outcomes[PUBLISH_AMBIGUOUS] + outcomes[PUBLISH_FAILED], 2 * RESULTS_MAX);
    keyring_close(keyring);
    standin_free(standin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_named_by_the_preset),
        cmocka_unit_test(bad_namespaces_are_refused_at_the_start),
        cmocka_unit_test(values_that_cannot_be_sent_are_refused_before),
        cmocka_unit_test(everything_is_called_back_once_when_http_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
