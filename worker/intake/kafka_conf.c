/* kafka_conf: how we talk to Kafka: our defaults, then what the operator says. */
#include "worker/intake/kafka_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <librdkafka/rdkafka.h>

enum { TEXT_BYTES = 512 };

static const char *const DEFAULTS[] = {
    "enable.auto.commit=false",         "enable.auto.offset.store=false",
    "auto.offset.reset=error",          "partition.assignment.strategy=range",
    "isolation.level=read_committed",   "check.crcs=true",
    "enable.partition.eof=true",        "queued.min.messages=1000",
    "queued.max.messages.kbytes=16384", "receive.message.max.bytes=134217728",
    "socket.keepalive.enable=true",     "client.id=assay",
};

static bool set_property(rd_kafka_conf_t *conf, const char *pair, struct error *error)
{
    char key[TEXT_BYTES], why[TEXT_BYTES];
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair || (size_t)(equals - pair) >= sizeof key)
        return error_set(error, ERROR_INPUT, "Kafka property \"%.60s\" is not key=value", pair);
    snprintf(key, sizeof key, "%.*s", (int)(equals - pair), pair);
    if (rd_kafka_conf_set(conf, key, equals + 1, why, sizeof why) != RD_KAFKA_CONF_OK)
        return error_set(error, ERROR_INPUT, "Kafka property %s: %s", key, why);
    return true;
}

int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *key)
{
    char value[64] = "0";
    size_t size = sizeof value;
    rd_kafka_conf_get(conf, key, value, &size);
    return strtoll(value, NULL, 10);
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_config *config, struct error *error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = true;
    for (size_t i = 0; good && i < sizeof DEFAULTS / sizeof *DEFAULTS; i++)
        good = set_property(conf, DEFAULTS[i], error);
    for (size_t i = 0; good && i < config->property_count; i++)
        good = set_property(conf, config->properties[i], error);
    char why[TEXT_BYTES];
    if (good && (rd_kafka_conf_set(conf, "bootstrap.servers", config->brokers, why, sizeof why) ||
                 rd_kafka_conf_set(conf, "group.id", config->group, why, sizeof why)))
        good = error_set(error, ERROR_INPUT, "Kafka: %s", why);
    if (good)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

int kafka_first_error(int code, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

bool kafka_topic_exists(rd_kafka_t *client, const char *name, int timeout_ms)
{
    const struct rd_kafka_metadata *found = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    bool exists = rd_kafka_metadata(client, 0, topic, &found, timeout_ms) ==
                      RD_KAFKA_RESP_ERR_NO_ERROR &&
                  found->topic_cnt == 1 && found->topics[0].partition_cnt > 0;
    if (found)
        rd_kafka_metadata_destroy(found);
    rd_kafka_topic_destroy(topic);
    return exists;
}
