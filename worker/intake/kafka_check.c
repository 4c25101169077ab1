/* kafka_check: what a cluster says about a topic and a group, asked once, without joining it. */
#include "worker/intake/kafka_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <librdkafka/rdkafka.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/intake/kafka_conf.h"

enum {
    ASK_MS = 10000,
    CONFIG_MS = 5000,
    LOOK_MS = 50,
    DOWN_MS = 2000, /* all brokers refused: time for a name's other addresses to be tried, too */
    TEXT_BYTES = 512,
};

struct kafka_check {
    struct kafka_config config;
    rd_kafka_t *client;
    int64_t receive_max;
    int partitions;
    bool all_down;            /* every broker's connection failed */
    char trouble[TEXT_BYTES]; /* the last thing a connection said */
};

static void keep_trouble(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    (void)client;
    struct kafka_check *check = opaque;
    check->all_down |= code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    snprintf(check->trouble, sizeof check->trouble, "%.300s", reason);
}

static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client, (void)level, (void)facility, (void)text;
}

struct kafka_check *kafka_check_open(const struct kafka_config *config, struct error *error)
{
    rd_kafka_conf_t *conf = kafka_conf_new(config, error);
    if (!conf)
        return NULL;
    struct kafka_check *check = memory_new(1, sizeof *check);
    check->config = *config;
    check->receive_max = kafka_conf_number(conf, "receive.message.max.bytes");
    rd_kafka_conf_set_opaque(conf, check);
    rd_kafka_conf_set_error_cb(conf, keep_trouble);
    rd_kafka_conf_set_log_cb(conf, ignore_log);
    char why[TEXT_BYTES];
    check->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (check->client)
        return check;
    rd_kafka_conf_destroy(conf);
    error_set(error, ERROR_INPUT, "Kafka client: %s", why);
    kafka_check_close(check);
    return NULL;
}

void kafka_check_close(struct kafka_check *check)
{
    if (!check)
        return;
    if (check->client)
        rd_kafka_destroy(check->client);
    free(check);
}

/* Connections tell what troubles them by events of the client's own queue. */
static bool no_answer(struct kafka_check *check, rd_kafka_resp_err_t code, struct error *error)
{
    rd_kafka_poll(check->client, 0);
    bool silent = code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                  code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    return error_set(error, silent ? ERROR_TRANSIENT : ERROR_FATAL, "%s%s%s",
                     rd_kafka_err2str(code), check->trouble[0] ? ": " : "", check->trouble);
}

/* ---- the topic's configuration ---- */

static rd_kafka_event_t *describe(struct kafka_check *check, rd_kafka_queue_t *answers)
{
    char why[TEXT_BYTES];
    rd_kafka_ConfigResource_t *topic =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, check->config.topic);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(check->client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(options, CONFIG_MS, why, sizeof why);
    rd_kafka_DescribeConfigs(check->client, &topic, 1, options, answers);
    rd_kafka_event_t *event = rd_kafka_queue_poll(answers, CONFIG_MS + 1000);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(topic);
    return event;
}

static int64_t number_in(const rd_kafka_event_t *event, const char *name)
{
    size_t count = 0;
    const rd_kafka_DescribeConfigs_result_t *result =
        rd_kafka_event_DescribeConfigs_result((rd_kafka_event_t *)event);
    const rd_kafka_ConfigResource_t **topics =
        result ? rd_kafka_DescribeConfigs_result_resources(result, &count) : NULL;
    if (count == 0)
        return -1;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(topics[0], &count);
    for (size_t i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value && strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
            return strtoll(value, NULL, 10);
    }
    return -1;
}

/* -1 when the cluster does not tell: no right to ask, or no such request. */
static int64_t ask_bytes_max(struct kafka_check *check)
{
    rd_kafka_queue_t *answers = rd_kafka_queue_new(check->client);
    rd_kafka_event_t *event = describe(check, answers);
    int64_t bytes = event && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR
                        ? number_in(event, "max.message.bytes")
                        : -1;
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(answers);
    return bytes;
}

/* ---- the topic ---- */

/* librdkafka sends a request for configuration to the controller, and waits to the end for one that
 * is not among the brokers (its own mock cluster names such a one). */
static bool has_controller(const struct kafka_check *check,
                           const struct rd_kafka_metadata *metadata)
{
    int32_t controller = rd_kafka_controllerid(check->client, 0);
    for (int i = 0; i < metadata->broker_cnt; i++)
        if (metadata->brokers[i].id == controller)
            return true;
    return false;
}

static bool read_topic(struct kafka_check *check, const struct rd_kafka_metadata *metadata,
                       struct kafka_topic *out, struct error *error)
{
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    *out = (struct kafka_topic){
        .brokers = metadata->broker_cnt, .bytes_max = -1, .receive_max = check->receive_max};
    if (metadata->topic_cnt == 0 || topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        topic->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return true;
    if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return no_answer(check, topic->err, error);
    check->partitions = out->partitions = topic->partition_cnt;
    return true;
}

/* Waits until a broker has answered; false when all refuse, well before ASK_MS is over. */
static bool anybody_answers(struct kafka_check *check)
{
    int64_t end = clock_steady_ms() + ASK_MS, down_end = INT64_MAX;
    for (int64_t now; (now = clock_steady_ms()) < end && now < down_end;) {
        char *cluster = rd_kafka_clusterid(check->client, LOOK_MS);
        if (cluster) {
            rd_kafka_mem_free(check->client, cluster);
            return true;
        }
        rd_kafka_poll(check->client, 0);
        if (check->all_down && down_end == INT64_MAX)
            down_end = now + DOWN_MS;
    }
    return !check->all_down;
}

bool kafka_check_topic(struct kafka_check *check, struct kafka_topic *out, struct error *error)
{
    if (!anybody_answers(check))
        return no_answer(check, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, error);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(check->client, check->config.topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(check->client, 0, topic, &metadata, ASK_MS);
    bool good = code == RD_KAFKA_RESP_ERR_NO_ERROR ? read_topic(check, metadata, out, error)
                                                   : no_answer(check, code, error);
    if (good && out->partitions > 0 && has_controller(check, metadata))
        out->bytes_max = ask_bytes_max(check);
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    if (topic)
        rd_kafka_topic_destroy(topic);
    return good;
}

/* ---- the group ---- */

static bool add_partition(struct kafka_check *check, const rd_kafka_topic_partition_t *one,
                          struct kafka_group *out, struct error *error)
{
    int64_t low = -1, high = -1;
    if (one->offset < 0) {
        out->without_offset++;
        return true;
    }
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        check->client, one->topic, one->partition, &low, &high, ASK_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return no_answer(check, code, error);
    out->with_offset++;
    if (one->offset < low || one->offset > high)
        out->out_of_range++;
    else
        out->behind += high - one->offset;
    return true;
}

bool kafka_check_group(struct kafka_check *check, struct kafka_group *out, struct error *error)
{
    struct kafka_group group = {0};
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(check->partitions);
    for (int i = 0; i < check->partitions; i++)
        rd_kafka_topic_partition_list_add(list, check->config.topic, i);
    rd_kafka_resp_err_t code =
        kafka_first_error(rd_kafka_committed(check->client, list, ASK_MS), list);
    bool good = code == RD_KAFKA_RESP_ERR_NO_ERROR || no_answer(check, code, error);
    for (int i = 0; good && i < list->cnt; i++)
        good = add_partition(check, &list->elems[i], &group, error);
    rd_kafka_topic_partition_list_destroy(list);
    if (good)
        *out = group;
    return good;
}
