/* demo_broker: a Kafka topic to show things with: a mock cluster in this process, or a real one. */
#include "worker/demo/demo_broker.h"

#include <stdlib.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include "schema/base/memory.h"

enum { WAIT_MS = 15000, WHY_BYTES = 256 };

struct demo_broker {
    rd_kafka_t *host;                 /* of the mock cluster */
    rd_kafka_mock_cluster_t *cluster; /* NULL: a real Kafka */
    rd_kafka_t *producer;
    rd_kafka_queue_t *answers; /* to what is asked of the cluster's administration */
    char *address, *topic;
    int partitions, sent, failed;
    bool made; /* the topic */
};

static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *owner)
{
    (void)producer;
    struct demo_broker *broker = owner;
    broker->failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_t *client_new(struct demo_broker *broker, const char *address, struct error *error)
{
    char why[WHY_BYTES] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "client.id", "assay-demo", why, sizeof why);
    rd_kafka_conf_set_log_cb(conf, NULL); /* errors are told by what fails */
    rd_kafka_conf_set_opaque(conf, broker);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    if (address)
        rd_kafka_conf_set(conf, "bootstrap.servers", address, why, sizeof why);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!client) {
        rd_kafka_conf_destroy(conf);
        error_set(error, ERROR_FATAL, "cannot make a Kafka client: %s", why);
    }
    return client;
}

/* ---- the topic ---- */

static bool make_mock(struct demo_broker *broker, struct error *error)
{
    broker->host = client_new(broker, NULL, error);
    if (!broker->host)
        return false;
    broker->cluster = rd_kafka_mock_cluster_new(broker->host, 1);
    if (!broker->cluster)
        return error_set(error, ERROR_FATAL, "cannot start the mock cluster on loopback");
    rd_kafka_resp_err_t code =
        rd_kafka_mock_topic_create(broker->cluster, broker->topic, broker->partitions, 1);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, ERROR_FATAL, "cannot make the topic: %s", rd_kafka_err2str(code));
    broker->address = memory_copy_string(rd_kafka_mock_cluster_bootstraps(broker->cluster));
    return true;
}

static bool make_topic(struct demo_broker *broker, struct error *error)
{
    char why[WHY_BYTES] = "";
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(broker->topic, broker->partitions, -1, why, sizeof why);
    if (!topic)
        return error_set(error, ERROR_FATAL, "cannot make the topic: %s", why);
    rd_kafka_CreateTopics(broker->producer, &topic, 1, NULL, broker->answers);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(broker->answers, WAIT_MS);
    const rd_kafka_CreateTopics_result_t *result =
        answer ? rd_kafka_event_CreateTopics_result(answer) : NULL;
    size_t count = 0;
    const rd_kafka_topic_result_t **topics =
        result ? rd_kafka_CreateTopics_result_topics(result, &count) : NULL;
    rd_kafka_resp_err_t code = count    ? rd_kafka_topic_result_error(topics[0])
                               : answer ? rd_kafka_event_error(answer)
                                        : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (answer)
        rd_kafka_event_destroy(answer);
    broker->made = count && code == RD_KAFKA_RESP_ERR_NO_ERROR;
    return broker->made || error_set(error, ERROR_FATAL, "%s: cannot make the topic %s: %s",
                                     broker->address, broker->topic, rd_kafka_err2str(code));
}

static void delete_topic(struct demo_broker *broker)
{
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(broker->topic);
    rd_kafka_DeleteTopics(broker->producer, &topic, 1, NULL, broker->answers);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(broker->answers, WAIT_MS);
    if (answer)
        rd_kafka_event_destroy(answer);
}

/* ---- opening, sending, closing ---- */

static bool open_all(struct demo_broker *broker, const char *brokers, struct error *error)
{
    if (brokers)
        broker->address = memory_copy_string(brokers);
    else if (!make_mock(broker, error))
        return false;
    broker->producer = client_new(broker, broker->address, error);
    if (!broker->producer)
        return false;
    broker->answers = rd_kafka_queue_new(broker->producer);
    return broker->cluster || make_topic(broker, error);
}

struct demo_broker *demo_broker_open(const char *brokers, const char *topic, int partitions,
                                     struct error *error)
{
    struct demo_broker *broker = memory_new(1, sizeof *broker);
    broker->topic = memory_copy_string(topic);
    broker->partitions = partitions;
    if (open_all(broker, brokers, error))
        return broker;
    demo_broker_close(broker);
    return NULL;
}

const char *demo_broker_address(const struct demo_broker *broker)
{
    return broker->address;
}

bool demo_broker_send(struct demo_broker *broker, struct str record, struct error *error)
{
    rd_kafka_resp_err_t code =
        rd_kafka_producev(broker->producer, RD_KAFKA_V_TOPIC(broker->topic),
                          RD_KAFKA_V_PARTITION(broker->sent++ % broker->partitions),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)record.data, record.size),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_FATAL, "%s: cannot send a record: %s", broker->address,
                     rd_kafka_err2str(code));
}

bool demo_broker_flush(struct demo_broker *broker, struct error *error)
{
    rd_kafka_resp_err_t code = rd_kafka_flush(broker->producer, WAIT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, ERROR_FATAL, "%s: records were not acknowledged: %s",
                         broker->address, rd_kafka_err2str(code));
    return broker->failed == 0 ||
           error_set(error, ERROR_FATAL, "%s: %d of %d records were not acknowledged",
                     broker->address, broker->failed, broker->sent);
}

void demo_broker_close(struct demo_broker *broker)
{
    if (!broker)
        return;
    if (broker->made)
        delete_topic(broker);
    if (broker->answers)
        rd_kafka_queue_destroy(broker->answers);
    if (broker->producer)
        rd_kafka_destroy(broker->producer);
    if (broker->cluster)
        rd_kafka_mock_cluster_destroy(broker->cluster);
    if (broker->host)
        rd_kafka_destroy(broker->host);
    free(broker->address);
    free(broker->topic);
    free(broker);
}
