/* doctor_remote: checks of those the worker talks to: Kafka, AWS, the judge's endpoint. */
#include "worker/aws/aws_error.h"
#include "worker/aws/credentials.h"
#include "worker/doctor/doctor.h"
#include "worker/intake/kafka_check.h"
#include "worker/net/http.h"

enum { REACH_MS = 10000, REPLY_BYTES_MAX = 1 << 20, SKEW_MS_MAX = 4 * 60 * 1000 };

/* ---- Kafka ---- */

static void say_topic(struct doctor *doctor, const struct kafka_topic *topic)
{
    const struct run_options *options = doctor->options;
    doctor_say(doctor, VERDICT_OK, NULL, "%s: %d brokers answer", options->brokers, topic->brokers);
    if (topic->partitions == 0) {
        doctor_say(doctor, VERDICT_FAIL, "make it, or correct --topic", "there is no topic %s",
                   run_options_topic(options));
        return;
    }
    doctor_say(doctor, VERDICT_OK, NULL, "topic %s has %d partitions", run_options_topic(options),
               topic->partitions);
    if (options->lanes > topic->partitions)
        doctor_say(doctor, VERDICT_WARN, "lower --lanes, or add partitions",
                   "%lld lanes share %d partitions: some will idle", (long long)options->lanes,
                   topic->partitions);
    if (topic->bytes_max < 0)
        doctor_say(doctor, VERDICT_WARN, "allow DescribeConfigs on the topic to have it checked",
                   "the cluster does not tell the topic's max.message.bytes");
    else
        doctor_say(doctor, topic->bytes_max > topic->receive_max ? VERDICT_FAIL : VERDICT_OK,
                   topic->bytes_max > topic->receive_max
                       ? "say --kafka receive.message.max.bytes=N with a larger N"
                       : NULL,
                   "the topic's max.message.bytes is %lld, our receive.message.max.bytes %lld",
                   (long long)topic->bytes_max, (long long)topic->receive_max);
}

static void say_group(struct doctor *doctor, const struct kafka_group *group)
{
    const struct run_options *options = doctor->options;
    if (group->out_of_range)
        doctor_say(doctor, VERDICT_FAIL, "reset them by kafka-consumer-groups --reset-offsets",
                   "group %s: %d offsets are not in the topic any more", run_options_group(options),
                   group->out_of_range);
    if (group->without_offset && run_options_from(options) == FROM_COMMITTED)
        doctor_say(doctor, VERDICT_FAIL, "say --from earliest or --from latest",
                   "group %s has no offset for %d partitions", run_options_group(options),
                   group->without_offset);
    else
        doctor_say(doctor, VERDICT_OK, NULL,
                   "group %s: offsets for %d partitions, %lld messages behind; without one: %d",
                   run_options_group(options), group->with_offset, (long long)group->behind,
                   group->without_offset);
}

static void ask_kafka(struct doctor *doctor, struct kafka_check *check)
{
    struct error error = {0};
    struct kafka_topic topic;
    struct kafka_group group;
    if (!kafka_check_topic(check, &topic, &error)) {
        doctor_say(doctor, VERDICT_FAIL,
                   error.kind == ERROR_TRANSIENT
                       ? "is --brokers right, is it running, does a firewall stand in between?"
                       : "the brokers refuse: check the rights and --kafka sasl.* properties",
                   "%s: %s", doctor->options->brokers, error.text);
        return;
    }
    say_topic(doctor, &topic);
    if (topic.partitions == 0)
        return;
    if (kafka_check_group(check, &group, &error))
        say_group(doctor, &group);
    else
        doctor_say(doctor, VERDICT_FAIL, "may this user read the group and the topic?",
                   "group %s: %s", run_options_group(doctor->options), error.text);
}

void doctor_kafka(struct doctor *doctor)
{
    if (!doctor->options_good) {
        doctor_say(doctor, VERDICT_WARN, NULL, "not asked: correct the options first");
        return;
    }
    struct kafka_config config = run_options_kafka(doctor->options);
    struct error error = {0};
    struct kafka_check *check = kafka_check_open(&config, &error);
    if (check)
        ask_kafka(doctor, check);
    else
        doctor_say(doctor, VERDICT_FAIL, "correct --kafka", "%s", error.text);
    kafka_check_close(check);
}

/* ---- AWS ---- */

static bool wants_cloudwatch(const struct doctor *doctor)
{
    return doctor->options_good && run_options_publisher(doctor->options) == &PUBLISHER_CLOUDWATCH;
}

static bool wants_aws(const struct doctor *doctor)
{
    return wants_cloudwatch(doctor) || judge_wanted(&doctor->options->judge);
}

/* A judge that is named needs keys whatever else is wrong with the options. */
static bool may_look_for_aws(struct doctor *doctor)
{
    return judge_wanted(&doctor->options->judge) || doctor_may_look(doctor);
}

void doctor_region(struct doctor *doctor)
{
    const struct judge_options *judge = &doctor->options->judge;
    struct error error = {0};
    if (!may_look_for_aws(doctor))
        return;
    if (!wants_aws(doctor))
        doctor_say(doctor, VERDICT_OK, NULL, "not needed");
    else if (region_find(judge->region, judge->profile, doctor->region, &error))
        doctor_say(doctor, VERDICT_OK, NULL, "%s", doctor->region);
    else
        doctor_say(doctor, VERDICT_FAIL, "say --region, or --metrics none without AWS", "%s",
                   error.text);
}

void doctor_credentials(struct doctor *doctor)
{
    if (!may_look_for_aws(doctor))
        return;
    if (!wants_aws(doctor)) {
        doctor_say(doctor, VERDICT_OK, NULL, "not needed");
        return;
    }
    const struct credential_options options = {.profile = doctor->options->judge.profile,
                                               .region = *doctor->region ? doctor->region : NULL};
    struct http *http = http_new();
    struct credentials credentials = {0};
    struct error error = {0};
    char text[CREDENTIALS_TEXT_BYTES];
    if (credentials_fetch(&options, http, &credentials, &error)) {
        credentials_describe(&credentials, text);
        doctor_say(doctor, VERDICT_OK, NULL, "%s", text);
    } else {
        doctor_say(doctor, VERDICT_FAIL,
                   "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a "
                   "--profile, or give this machine a role",
                   "%s", error.text);
    }
    credentials_clear(&credentials);
    http_free(http);
}

static void say_clock(struct doctor *doctor, const struct http_reply *reply)
{
    int64_t offset_ms = aws_clock_offset_ms(reply);
    if (offset_ms > SKEW_MS_MAX || offset_ms < -SKEW_MS_MAX)
        doctor_say(doctor, VERDICT_WARN, "set this machine's clock: signatures hold 5 minutes",
                   "our clock is off by %lld s", (long long)(offset_ms / 1000));
}

/* Any reply will do: an unsigned GET is refused, costs nothing, and proves the way there. */
static void reach(struct doctor *doctor, const char *variable, const char *prefix)
{
    struct endpoint address = {0};
    struct error error = {0};
    if (!*doctor->region) {
        doctor_say(doctor, VERDICT_WARN, NULL, "not asked: the region is not known");
        return;
    }
    if (!endpoint_find(doctor->options->judge.url, variable, prefix, doctor->region, &address,
                       &error)) {
        doctor_say(doctor, VERDICT_FAIL, "correct --aws-endpoint-url", "%s", error.text);
        return;
    }
    struct http *http = http_new();
    struct http_reply reply;
    const struct http_request request = {.method = "GET",
                                         .url = address.url,
                                         .timeout_ms = REACH_MS,
                                         .reply_bytes_max = REPLY_BYTES_MAX};
    if (http_fetch(http, &request, &reply)) {
        doctor_say(doctor, VERDICT_OK, NULL, "%s answers in %lld ms", address.url,
                   (long long)reply.duration_ms);
        say_clock(doctor, &reply);
    } else {
        doctor_say(doctor, VERDICT_FAIL,
                   "is the region right; is there a route, a proxy or a VPC endpoint?",
                   "%s does not answer: %s", address.url, http_failure_name(reply.failure));
    }
    http_free(http);
    endpoint_clear(&address);
}

void doctor_judge(struct doctor *doctor)
{
    const struct judge_options *judge = &doctor->options->judge;
    if (!judge_wanted(judge)) {
        doctor_say(doctor, VERDICT_OK, NULL, "none is configured");
        return;
    }
    if (judge->calls_a_day < 0 && judge->tokens_a_day < 0)
        doctor_say(doctor, VERDICT_WARN, "say --judge-calls-per-day or --judge-tokens-per-day",
                   "neither calls nor tokens are limited");
    reach(doctor, "SAGEMAKER_RUNTIME", "runtime.sagemaker");
}

void doctor_cloudwatch(struct doctor *doctor)
{
    if (!doctor_may_look(doctor))
        return;
    if (!wants_cloudwatch(doctor))
        doctor_say(doctor, VERDICT_OK, NULL, "not used: --metrics %s", doctor->options->metrics);
    else
        reach(doctor, "CLOUDWATCH", "monitoring");
}
