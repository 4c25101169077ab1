/* topic_reader: what a topic holds now, and how far a group is, without joining one. */
#include "worker/intake/topic_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <librdkafka/rdkafka.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/intake/kafka_check.h"
#include "worker/intake/kafka_conf.h"

enum { ASK_MS = 10000, LOOK_MS = 200, SILENT_MS_MAX = 30000, TEXT_BYTES = 512 };

struct topic_reader {
    struct kafka_config config;
    const char *properties[KAFKA_PROPERTIES_MAX + 1];
    rd_kafka_t *client;
    int partitions;
    int64_t *next; /* offset to read, of each partition */
    bool *ended;   /* read to its end of now */
};

static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client, (void)level, (void)facility, (void)text;
}

static bool no_answer(const struct topic_reader *reader, int code, struct error *error)
{
    return error_set(error, ERROR_TRANSIENT, "topic %s: %s", reader->config.topic,
                     rd_kafka_err2str((rd_kafka_resp_err_t)code));
}

static bool find_partitions(struct topic_reader *reader, struct error *error)
{
    struct kafka_topic topic = {0};
    struct kafka_check *check = kafka_check_open(&reader->config, error);
    bool fine = check && kafka_check_topic(check, &topic, error);
    kafka_check_close(check);
    if (!fine)
        return error_prefix(error, "%s: ", reader->config.brokers);
    reader->partitions = topic.partitions;
    return topic.partitions > 0 ||
           error_set(error, ERROR_FATAL, "there is no topic %s at %s", reader->config.topic,
                     reader->config.brokers);
}

static bool open_client(struct topic_reader *reader, struct error *error)
{
    char why[TEXT_BYTES];
    rd_kafka_conf_t *conf = kafka_conf_new(&reader->config, error);
    if (!conf)
        return false;
    rd_kafka_conf_set_log_cb(conf, ignore_log); /* errors are told by what fails */
    reader->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (reader->client) {
        rd_kafka_poll_set_consumer(reader->client);
        return true;
    }
    rd_kafka_conf_destroy(conf);
    return error_set(error, ERROR_INPUT, "Kafka client: %s", why);
}

/* A broker holds an answer back until there is something new: here the end is what is wanted. */
static void take_config(struct topic_reader *reader, const struct kafka_config *config)
{
    size_t count = 0;
    reader->config = *config;
    reader->properties[count++] = "fetch.wait.max.ms=20";
    for (size_t i = 0; i < config->property_count && i < KAFKA_PROPERTIES_MAX; i++)
        reader->properties[count++] = config->properties[i];
    reader->config.properties = reader->properties;
    reader->config.property_count = count;
}

struct topic_reader *topic_reader_open(const struct kafka_config *config, struct error *error)
{
    struct topic_reader *reader = memory_new(1, sizeof *reader);
    take_config(reader, config);
    if (!find_partitions(reader, error) || !open_client(reader, error)) {
        topic_reader_close(reader);
        return NULL;
    }
    reader->next = memory_new((size_t)reader->partitions, sizeof *reader->next);
    reader->ended = memory_new((size_t)reader->partitions, sizeof *reader->ended);
    for (int i = 0; i < reader->partitions; i++)
        reader->next[i] = RD_KAFKA_OFFSET_BEGINNING;
    return reader;
}

void topic_reader_close(struct topic_reader *reader)
{
    if (!reader)
        return;
    if (reader->client) /* it never joined a group that it could leave */
        rd_kafka_destroy_flags(reader->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    free(reader->next);
    free(reader->ended);
    free(reader);
}

int topic_reader_partitions(const struct topic_reader *reader)
{
    return reader->partitions;
}

/* ---- messages ---- */

static rd_kafka_topic_partition_list_t *all_partitions(const struct topic_reader *reader)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(reader->partitions);
    for (int i = 0; i < reader->partitions; i++)
        rd_kafka_topic_partition_list_add(list, reader->config.topic, i)->offset = reader->next[i];
    return list;
}

/* Where the read stands after this message; true when it is one. */
static bool take(struct topic_reader *reader, const rd_kafka_message_t *message,
                 struct error *error)
{
    bool known = message->partition >= 0 && message->partition < reader->partitions;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && known) {
        reader->next[message->partition] = message->offset;
        reader->ended[message->partition] = true;
        return false;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return no_answer(reader, message->err, error);
    if (known)
        reader->next[message->partition] = message->offset + 1;
    return known;
}

static int count_ended(const struct topic_reader *reader)
{
    int count = 0;
    for (int i = 0; i < reader->partitions; i++)
        count += reader->ended[i];
    return count;
}

bool topic_reader_read(struct topic_reader *reader,
                       bool (*each)(void *owner, int32_t partition, int64_t offset,
                                    struct str value, struct error *error),
                       void *owner, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = all_partitions(reader);
    int64_t give_up_ms = clock_steady_ms() + SILENT_MS_MAX;
    memset(reader->ended, 0, (size_t)reader->partitions * sizeof *reader->ended);
    rd_kafka_assign(reader->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    bool fine = true;
    while (fine && count_ended(reader) < reader->partitions) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->client, LOOK_MS);
        if (message && take(reader, message, error))
            fine = each(owner, message->partition, message->offset,
                        (struct str){message->payload ? message->payload : "", message->len},
                        error);
        if (message) {
            give_up_ms = clock_steady_ms() + SILENT_MS_MAX;
            rd_kafka_message_destroy(message);
        }
        if (clock_steady_ms() > give_up_ms)
            no_answer(reader, RD_KAFKA_RESP_ERR__TIMED_OUT, error);
        fine = fine && error->kind == ERROR_NONE;
    }
    rd_kafka_assign(reader->client, NULL);
    return fine;
}

/* ---- a group ---- */

bool topic_reader_committed(struct topic_reader *reader, int64_t *out_offsets, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = all_partitions(reader);
    int code = kafka_first_error(rd_kafka_committed(reader->client, list, ASK_MS), list);
    for (int i = 0; i < list->cnt; i++)
        out_offsets[i] = list->elems[i].offset < 0 ? -1 : list->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || no_answer(reader, code, error);
}
