/* producer_positions: the topic of positions: made, and read back. */
#include <stdio.h>
#include <librdkafka/rdkafka.h>
#include "schema/base/clock.h"
#include "worker/feed/producer_inside.h"
#include "worker/intake/kafka_conf.h"

enum { ASK_MS = 30000, READ_MS_MAX = 600000, LOOK_MS = 200 };

/* ---- made ---- */

static bool made_fine(const rd_kafka_event_t *answer, const char *name, struct error *error)
{
    size_t count = 0;
    const rd_kafka_CreateTopics_result_t *result =
        answer ? rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)answer) : NULL;
    const rd_kafka_topic_result_t **topics =
        result ? rd_kafka_CreateTopics_result_topics(result, &count) : NULL;
    if (count == 0)
        return error_set(error, ERROR_TRANSIENT, "cannot make the topic %s: %s", name,
                         answer ? rd_kafka_event_error_string((rd_kafka_event_t *)(uintptr_t)answer)
                                : "no answer");
    rd_kafka_resp_err_t code = rd_kafka_topic_result_error(topics[0]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return true;
    return error_set(error, ERROR_FATAL,
                     "cannot make the topic %s: %s; make it with one partition and "
                     "cleanup.policy=compact, or name one with --positions",
                     name, rd_kafka_topic_result_error_string(topics[0]));
}

static bool make(rd_kafka_t *client, const char *name, struct error *error)
{
    char why[PRODUCER_TEXT_BYTES];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, 1, -1, why, sizeof why);
    if (!topic)
        return error_set(error, ERROR_FATAL, "cannot make the topic %s: %s", name, why);
    rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
    rd_kafka_queue_t *answers = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, &topic, 1, NULL, answers);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(answers, ASK_MS);
    bool fine = made_fine(answer, name, error);
    if (answer)
        rd_kafka_event_destroy(answer);
    rd_kafka_queue_destroy(answers);
    rd_kafka_NewTopic_destroy(topic);
    return fine;
}

/* Made means that the controller knows it; the brokers hear of it a moment later. */
static bool wait_for(rd_kafka_t *client, const char *name, struct error *error)
{
    for (int64_t end_ms = clock_steady_ms() + ASK_MS; clock_steady_ms() < end_ms;) {
        if (kafka_topic_exists(client, name, ASK_MS))
            return true;
        rd_kafka_poll(client, LOOK_MS);
    }
    return error_set(error, ERROR_TRANSIENT, "the topic %s was made and does not appear", name);
}

bool producer_make_topic(struct producer *producer, struct error *error)
{
    const char *name = producer->config.positions;
    rd_kafka_t *client = producer_reader_new(producer, error); /* its asking makes no topics */
    if (!client)
        return false;
    bool fine = kafka_topic_exists(client, name, ASK_MS) ||
                (make(client, name, error) && wait_for(client, name, error));
    rd_kafka_destroy(client);
    return fine;
}

/* ---- read back ---- */

/* One above the newest message, committed or not: what others have open is waited for, because ours
 * may stand behind it. */
static bool find_end(struct producer *producer, int64_t *out_end, struct error *error)
{
    int64_t low;
    struct kafka_config kafka = producer->kafka;
    const char *properties[PRODUCER_PROPERTIES_MAX + 1];
    size_t count = 0;
    for (; count < kafka.property_count; count++)
        properties[count] = kafka.properties[count];
    properties[count++] = "isolation.level=read_uncommitted";
    producer->kafka.properties = properties;
    producer->kafka.property_count = count;
    rd_kafka_t *client = producer_reader_new(producer, error);
    producer->kafka = kafka;
    if (!client)
        return false;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        client, producer->config.positions, 0, &low, out_end, ASK_MS);
    rd_kafka_destroy(client);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_TRANSIENT, "topic %s: %s", producer->config.positions,
                     rd_kafka_err2str(code));
}

/* Keys are NAME/object. */
static bool is_ours(const struct producer *producer, const rd_kafka_message_t *message)
{
    size_t size = strlen(producer->config.name);
    const char *key = message->key;
    return message->key_len > size && key[size] == '/' &&
           memcmp(key, producer->config.name, size) == 0 && message->payload;
}

struct reading {
    struct producer *producer;
    bool (*position)(void *owner, struct str value, struct error *error);
    void *owner;
    int64_t next; /* offset */
};

static bool take(struct reading *reading, const rd_kafka_message_t *message, struct error *error)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        reading->next = message->offset;
        return true;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, ERROR_TRANSIENT, "%s", rd_kafka_message_errstr(message));
    reading->next = message->offset + 1;
    return !is_ours(reading->producer, message) ||
           reading->position(reading->owner, (struct str){message->payload, message->len}, error);
}

static bool read_to(struct reading *reading, rd_kafka_t *client, int64_t end, struct error *error)
{
    int64_t end_ms = clock_steady_ms() + READ_MS_MAX;
    while (reading->next < end) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, LOOK_MS);
        bool fine = !message || take(reading, message, error);
        if (message)
            rd_kafka_message_destroy(message);
        if (!fine)
            return false;
        if (clock_steady_ms() > end_ms)
            return error_set(error, ERROR_TRANSIENT,
                             "offset %lld of %lld was reached: a transaction may be hanging",
                             (long long)reading->next, (long long)end);
    }
    return true;
}

bool producer_read_positions(struct producer *producer,
                             bool (*position)(void *owner, struct str value, struct error *error),
                             void *owner, struct error *error)
{
    int64_t end;
    struct reading reading = {.producer = producer, .position = position, .owner = owner};
    if (!find_end(producer, &end, error))
        return false;
    rd_kafka_t *client = producer_reader_new(producer, error);
    if (!client)
        return false;
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(all, producer->config.positions, 0)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(client, all);
    rd_kafka_topic_partition_list_destroy(all);
    bool fine = read_to(&reading, client, end, error) ||
                error_prefix(error, "topic %s: ", producer->config.positions);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    return fine;
}
