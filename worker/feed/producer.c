/* producer: batches of messages in transactions, by one producer of a name at a time. */
#include "worker/feed/producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <librdkafka/rdkafka.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/feed/producer_inside.h"
#include "worker/intake/kafka_check.h"
#include "worker/intake/kafka_conf.h"

enum {
    START_MS = 90000, /* longer than a transaction that somebody left open may take to end */
    ASK_MS = 30000,
    STUMBLE_MS_MAX = 300000, /* of one batch: then the cluster is down */
    PAUSE_MS = 500,
    BYTES_MAX_UNKNOWN = 1000000, /* librdkafka's default */
    FRAME_BYTES = 512,           /* of a batch of one message, with room */
};

static const char *const DEFAULTS[] = {
    "linger.ms=5",
    "compression.type=lz4",
    "partitioner=murmur2_random", /* as Java's, so that other producers' groups meet ours */
};
enum { DEFAULT_COUNT = sizeof DEFAULTS / sizeof *DEFAULTS };

static void keep_trouble(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    (void)client, (void)code;
    struct producer *producer = opaque;
    snprintf(producer->trouble, sizeof producer->trouble, "%.300s", reason);
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return; /* by our own abort */
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        keep_trouble(client, message->err, rd_kafka_err2str(message->err), opaque);
}

static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client, (void)level, (void)facility, (void)text;
}

static rd_kafka_conf_t *conf_new(struct producer *producer, struct error *error)
{
    rd_kafka_conf_t *conf = kafka_conf_new(&producer->kafka, error);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_error_cb(conf, keep_trouble);
    rd_kafka_conf_set_log_cb(conf, ignore_log); /* errors are told by what fails */
    return conf;
}

static rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error)
{
    char why[PRODUCER_TEXT_BYTES];
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (client)
        return client;
    rd_kafka_conf_destroy(conf);
    error_set(error, ERROR_INPUT, "Kafka client: %s", why);
    return NULL;
}

rd_kafka_t *producer_reader_new(struct producer *producer, struct error *error)
{
    rd_kafka_conf_t *conf = conf_new(producer, error);
    return conf ? client_new(RD_KAFKA_CONSUMER, conf, error) : NULL;
}

/* ---- opening ---- */

/* What is told of a failure of librdkafka's transactions; takes it. */
static bool refuse(struct producer *producer, rd_kafka_error_t *failure, struct error *error)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
    bool fatal = rd_kafka_error_is_fatal(failure);
    if (fatal)
        code = rd_kafka_fatal_error(producer->client, NULL, 0);
    if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
        code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH)
        error_set(error, ERROR_FATAL,
                  "another assay %s of the name %s took over: give one of them another --name",
                  producer->config.command, producer->config.name);
    else
        error_set(error, fatal ? ERROR_FATAL : ERROR_TRANSIENT, "Kafka: %s%s%s",
                  rd_kafka_error_string(failure), producer->trouble[0] ? ": " : "",
                  producer->trouble);
    rd_kafka_error_destroy(failure);
    return false;
}

/* The topic must be there; how large a message may be is asked of it. */
static bool check_topic(struct producer *producer, struct error *error)
{
    struct kafka_topic topic;
    struct kafka_check *check = kafka_check_open(&producer->kafka, error);
    bool good = check && kafka_check_topic(check, &topic, error);
    kafka_check_close(check);
    if (!good)
        return error_prefix(error, "%s: ", producer->config.brokers);
    if (topic.partitions == 0)
        return error_set(error, ERROR_FATAL, "there is no topic %s at %s: make it first",
                         producer->config.topic, producer->config.brokers);
    producer->bytes_max = topic.bytes_max > 0 ? topic.bytes_max : BYTES_MAX_UNKNOWN;
    return true;
}

static bool start(struct producer *producer, struct error *error)
{
    char why[PRODUCER_TEXT_BYTES], bytes[32];
    rd_kafka_conf_t *conf = conf_new(producer, error);
    if (!conf)
        return false;
    int64_t most = producer->bytes_max < 1000      ? 1000 /* librdkafka's least and most */
                   : producer->bytes_max > 1000000000 ? 1000000000
                                                      : producer->bytes_max;
    snprintf(bytes, sizeof bytes, "%lld", (long long)most);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    if (rd_kafka_conf_set(conf, "transactional.id", producer->id, why, sizeof why) ||
        rd_kafka_conf_set(conf, "message.max.bytes", bytes, why, sizeof why)) {
        rd_kafka_conf_destroy(conf);
        return error_set(error, ERROR_INPUT, "Kafka: %s", why);
    }
    producer->client = client_new(RD_KAFKA_PRODUCER, conf, error);
    if (!producer->client)
        return false;
    rd_kafka_error_t *failure = rd_kafka_init_transactions(producer->client, START_MS);
    return !failure || refuse(producer, failure, error);
}

struct producer *producer_open(const struct producer_config *config, struct error *error)
{
    struct producer *producer = memory_new(1, sizeof *producer);
    producer->config = *config;
    snprintf(producer->id, sizeof producer->id, "assay-%s-%s", config->command, config->name);
    size_t count = 0;
    for (size_t i = 0; i < DEFAULT_COUNT; i++)
        producer->properties[count++] = DEFAULTS[i];
    for (size_t i = 0; i < config->property_count && i < KAFKA_PROPERTIES_MAX; i++)
        producer->properties[count++] = config->properties[i];
    producer->kafka = (struct kafka_config){.brokers = config->brokers,
                                            .topic = config->topic,
                                            .group = producer->id,
                                            .properties = producer->properties,
                                            .property_count = count};
    if (check_topic(producer, error) &&
        (!config->positions || producer_make_topic(producer, error)) && start(producer, error))
        return producer;
    producer_close(producer);
    return NULL;
}

void producer_close(struct producer *producer)
{
    if (!producer)
        return;
    if (producer->client)
        rd_kafka_destroy(producer->client);
    free(producer);
}

int64_t producer_bytes_max(const struct producer *producer)
{
    return producer->bytes_max - FRAME_BYTES;
}

/* ---- a batch ---- */

/* Waits where librdkafka's queue is full; any other failure shows in the transaction. */
static rd_kafka_error_t *send_one(struct producer *producer, const char *topic,
                                  const struct message *message)
{
    for (;;) {
        rd_kafka_vu_t parts[] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
            {.vtype = RD_KAFKA_VTYPE_KEY,
             .u.mem = {(void *)(uintptr_t)message->key.data, message->key.size}},
            {.vtype = RD_KAFKA_VTYPE_VALUE,
             .u.mem = {(void *)(uintptr_t)message->value.data, message->value.size}},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = 0}, /* the batch outlives the transaction */
        };
        rd_kafka_error_t *failure =
            rd_kafka_produceva(producer->client, parts, sizeof parts / sizeof *parts);
        if (!failure || rd_kafka_error_code(failure) != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return failure;
        rd_kafka_error_destroy(failure);
        rd_kafka_poll(producer->client, 100);
    }
}

static rd_kafka_error_t *send_all(struct producer *producer, const char *topic,
                                  const struct message *messages, size_t count)
{
    rd_kafka_error_t *failure = NULL;
    for (size_t i = 0; i < count && !failure; i++) {
        failure = send_one(producer, topic, &messages[i]);
        if (i % 1000 == 0)
            rd_kafka_poll(producer->client, 0);
    }
    return failure;
}

/* An answer that did not come in time may be asked for again without a new transaction. */
static rd_kafka_error_t *commit(struct producer *producer)
{
    rd_kafka_error_t *failure;
    while ((failure = rd_kafka_commit_transaction(producer->client, ASK_MS)) &&
           rd_kafka_error_is_retriable(failure) && !rd_kafka_error_txn_requires_abort(failure))
        rd_kafka_error_destroy(failure);
    return failure;
}

static rd_kafka_error_t *abort_all(struct producer *producer)
{
    rd_kafka_error_t *failure;
    while ((failure = rd_kafka_abort_transaction(producer->client, ASK_MS)) &&
           rd_kafka_error_is_retriable(failure))
        rd_kafka_error_destroy(failure);
    return failure;
}

/* Whether the batch may be tried again: the transaction is gone, whole. Takes `failure`. */
static bool recover(struct producer *producer, rd_kafka_error_t *failure, bool late,
                    struct error *error)
{
    bool fatal = rd_kafka_error_is_fatal(failure);
    rd_kafka_error_t *later = fatal ? NULL : abort_all(producer);
    if (later) {
        rd_kafka_error_destroy(failure);
        return refuse(producer, later, error);
    }
    if (fatal || late)
        return refuse(producer, failure, error);
    rd_kafka_error_destroy(failure);
    rd_kafka_poll(producer->client, PAUSE_MS);
    return true;
}

bool producer_commit(struct producer *producer, const struct message *records, size_t record_count,
                     const struct message *positions, size_t position_count, struct error *error)
{
    int64_t end_ms = clock_steady_ms() + STUMBLE_MS_MAX;
    for (;;) {
        rd_kafka_error_t *failure = rd_kafka_begin_transaction(producer->client);
        if (failure)
            return refuse(producer, failure, error);
        failure = send_all(producer, producer->config.topic, records, record_count);
        if (!failure)
            failure =
                send_all(producer, producer->config.positions, positions, position_count);
        if (!failure)
            failure = commit(producer);
        if (!failure)
            return true;
        if (!recover(producer, failure, clock_steady_ms() >= end_ms, error))
            return false;
    }
}
