/* history_topic: a range of a topic, read by an assignment of its own: no group knows of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/intake/history.h"
#include "worker/intake/kafka_conf.h"

enum { ASK_MS = 10000, POLL_MS = 200, SILENT_MS_MAX = 30000, TEXT_BYTES = 512 };

/* Kafka's times are those of producers or brokers: a clock may be that much ahead of events'. */
static const int64_t MARGIN_MS = 3600000;

struct topic {
    struct history *history;
    const struct history_topic_config *config;
    rd_kafka_t *client;
    const volatile sig_atomic_t *stop;
    size_t part; /* that is assigned, and where it stands; none: part_count */
    int64_t position;
    rd_kafka_message_t *held; /* the first one that did not fit into a chunk */
    char trouble[TEXT_BYTES]; /* the last thing a connection said */
};

static void keep_trouble(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct topic *topic = opaque;
    (void)client, (void)code;
    snprintf(topic->trouble, sizeof topic->trouble, "%.300s", reason);
}

static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client, (void)level, (void)facility, (void)text;
}

static bool no_answer(const struct topic *topic, rd_kafka_resp_err_t code, struct error *error)
{
    return error_set(error, ERROR_TRANSIENT, "topic %s: %s%s%s", topic->config->kafka.topic,
                     rd_kafka_err2str(code), topic->trouble[0] ? ": " : "", topic->trouble);
}

/* ---- ranges ---- */

/* The first offset from that time on; `low` where Kafka knows none, `high` beyond the last. */
static bool find_time(struct topic *topic, int32_t partition, int64_t low, int64_t high,
                      int64_t *out_offset, struct error *error)
{
    int64_t from_ms = topic->config->selection->from_ms - MARGIN_MS;
    *out_offset = low;
    if (from_ms < 0)
        return true;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *one =
        rd_kafka_topic_partition_list_add(list, topic->config->kafka.topic, partition);
    one->offset = from_ms;
    int code = kafka_first_error(rd_kafka_offsets_for_times(topic->client, list, ASK_MS), list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        *out_offset = one->offset >= 0 ? one->offset : high;
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || no_answer(topic, code, error);
}

/* NULL: nothing of the partition is wanted. */
static const struct topic_range *wanted_of(const struct topic *topic, int32_t partition)
{
    static const struct topic_range all = {.to = INT64_MAX};
    const struct history_topic_config *config = topic->config;
    for (size_t i = 0; i < config->range_count; i++)
        if (config->ranges[i].partition == partition)
            return &config->ranges[i];
    return config->range_count == 0 ? &all : NULL;
}

/* What is wanted and not there is named. */
static void clip(const struct topic_range *wanted, int64_t low, int64_t high, int64_t *from,
                 int64_t *to, const char *partition, struct problems *problems)
{
    if (wanted->from < low && *from == low)
        problems_add(problems, "",
                     "topic %s: offsets below %" PRId64 " are gone: retention has deleted them",
                     partition, low);
    if (wanted->to > high && wanted->to < INT64_MAX)
        problems_add(problems, "", "topic %s: there is nothing yet at offset %" PRId64 " or above",
                     partition, high);
    *to = wanted->to < high ? wanted->to : high;
    *from = *from < wanted->from ? wanted->from : *from;
    *from = *from < *to ? *from : *to;
}

static bool add_partition(struct topic *topic, const char *cluster, int32_t partition,
                          struct problems *problems, struct error *error)
{
    const char *name = topic->config->kafka.topic;
    const struct topic_range *wanted = wanted_of(topic, partition);
    int64_t low = 0, high = 0, from = 0, to = 0;
    char words[TEXT_BYTES], delivery[TEXT_BYTES];
    if (!wanted)
        return true;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(topic->client, name, partition,
                                                                &low, &high, ASK_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return no_answer(topic, code, error);
    if (!find_time(topic, partition, low, high, &from, error))
        return false;
    snprintf(words, sizeof words, "%s, partition %d", name, partition);
    clip(wanted, low, high, &from, &to, words, problems);
    snprintf(delivery, sizeof delivery, "%s/%d", name, partition);
    history_add_part(topic->history,
                     &(struct history_part){.name = memory_copy_string(delivery),
                                            .topic = memory_copy_string(name),
                                            .incarnation = memory_copy_string(cluster),
                                            .partition = partition,
                                            .from = from,
                                            .to = to});
    return true;
}

static int partition_count(struct topic *topic, struct error *error)
{
    const char *name = topic->config->kafka.topic;
    const struct rd_kafka_metadata *found = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(topic->client, name, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(topic->client, 0, handle, &found, ASK_MS);
    int count = -1;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        no_answer(topic, code, error);
    else if (found->topic_cnt == 1 && found->topics[0].partition_cnt > 0)
        count = found->topics[0].partition_cnt;
    else
        error_set(error, ERROR_FATAL, "there is no topic %s", name);
    if (found)
        rd_kafka_metadata_destroy(found);
    rd_kafka_topic_destroy(handle);
    return count;
}

static bool has_all(const struct topic *topic, int count, struct error *error)
{
    const struct history_topic_config *config = topic->config;
    for (size_t i = 0; i < config->range_count; i++)
        if (config->ranges[i].partition >= count)
            return error_set(error, ERROR_INPUT, "topic %s has no partition %d, only %d of them",
                             config->kafka.topic, config->ranges[i].partition, count);
    return true;
}

static bool list(void *state, const volatile sig_atomic_t *stop, struct problems *problems,
                 struct error *error)
{
    struct topic *topic = state;
    topic->stop = stop;
    int count = partition_count(topic, error);
    char *cluster = count > 0 ? rd_kafka_clusterid(topic->client, ASK_MS) : NULL;
    bool fine = count > 0 && has_all(topic, count, error);
    for (int i = 0; fine && i < count; i++)
        fine = add_partition(topic, cluster ? cluster : "", i, problems, error);
    if (cluster)
        rd_kafka_mem_free(topic->client, cluster);
    struct history *history = topic->history;
    if (history->part_count)
        qsort(history->parts, history->part_count, sizeof *history->parts, history_part_order);
    topic->part = history->part_count;
    return fine;
}

/* What an offset holds is known when it is read. */
static bool count(void *state, const volatile sig_atomic_t *stop, struct problems *problems,
                  struct error *error)
{
    struct topic *topic = state;
    (void)stop, (void)problems, (void)error;
    for (size_t i = 0; i < topic->history->part_count; i++) {
        struct history_part *part = &topic->history->parts[i];
        part->planned = part->to - part->from;
    }
    return true;
}

/* ---- reading ---- */

static void drop_held(struct topic *topic)
{
    if (topic->held)
        rd_kafka_message_destroy(topic->held);
    topic->held = NULL;
}

static bool go_to(struct topic *topic, size_t part, int64_t from, struct error *error)
{
    if (topic->part == part && topic->position == from)
        return true;
    drop_held(topic);
    const struct history_part *its = &topic->history->parts[part];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, its->topic, its->partition)->offset = from;
    rd_kafka_resp_err_t code = rd_kafka_assign(topic->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    topic->part = part;
    topic->position = from;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || no_answer(topic, code, error);
}

/* What was assigned before may still have been on its way. */
static bool is_of(const rd_kafka_message_t *message, const struct history_part *part)
{
    return message->partition == part->partition && message->rkt &&
           strcmp(rd_kafka_topic_name(message->rkt), part->topic) == 0;
}

/* The next record from the position on. NULL: there is none below `to`, as the end of the partition
 * tells; or `error`: INPUT, it was deleted meanwhile. */
static rd_kafka_message_t *next_message(struct topic *topic, int64_t to, struct error *error)
{
    const struct history_part *part = &topic->history->parts[topic->part];
    int64_t give_up_ms = clock_steady_ms() + SILENT_MS_MAX;
    rd_kafka_message_t *message = topic->held;
    topic->held = NULL;
    if (message)
        return message;
    while (!*topic->stop && clock_steady_ms() < give_up_ms) {
        message = rd_kafka_consumer_poll(topic->client, POLL_MS);
        if (message && !message->err && is_of(message, part) && message->offset >= topic->position)
            return message;
        rd_kafka_resp_err_t code = message ? message->err : RD_KAFKA_RESP_ERR_NO_ERROR;
        bool ended = code == RD_KAFKA_RESP_ERR__PARTITION_EOF && is_of(message, part) &&
                     message->offset >= to;
        if (message)
            rd_kafka_message_destroy(message);
        if (ended)
            return NULL;
        if (code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
            code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
            topic->part = topic->history->part_count;
            error_set(error, ERROR_INPUT,
                      "topic %s, partition %d: what was planned from offset %" PRId64
                      " on has been deleted meanwhile",
                      part->topic, part->partition, topic->position);
            return NULL;
        }
    }
    error_set(error, ERROR_TRANSIENT,
              "topic %s, partition %d: nothing came for %d seconds at offset %" PRId64
              " (no broker, or a transaction is open)%s%s",
              part->topic, part->partition, SILENT_MS_MAX / 1000, topic->position,
              topic->trouble[0] ? ": " : "", topic->trouble);
    return NULL;
}

static void take_message(const rd_kafka_message_t *message, struct chunk *out)
{
    out->records[out->count++] = (struct history_record){.position = message->offset,
                                                         .body = out->bytes.size,
                                                         .body_size = message->len};
    if (message->len)
        buffer_append(&out->bytes, message->payload, message->len);
}

static bool is_full(const struct chunk *chunk)
{
    return chunk->count == CHUNK_RECORDS_MAX || chunk->bytes.size >= CHUNK_BYTES_MAX;
}

/* Offsets between records hold none: they were compacted, aborted, or mark transactions. */
static bool read_range(void *state, size_t part, int64_t from, int64_t to, struct chunk *out,
                       struct error *error)
{
    struct topic *topic = state;
    out->part = part;
    out->first = from;
    if (!go_to(topic, part, from, error))
        return false;
    while (topic->position < to && !is_full(out)) {
        rd_kafka_message_t *message = next_message(topic, to, error);
        if (!message && error->kind != ERROR_NONE)
            return false;
        int64_t offset = message && message->offset < to ? message->offset : to;
        out->skipped[SKIP_NO_RECORD] += offset - topic->position;
        topic->position = offset;
        if (offset == to) {
            topic->held = message;
            break;
        }
        take_message(message, out);
        topic->position++;
        rd_kafka_message_destroy(message);
    }
    out->end = topic->position;
    return true;
}

static bool write_record(const void *state, const struct chunk *chunk,
                         const struct history_record *record, struct arena *arena,
                         struct buffer *into)
{
    (void)state;
    (void)arena;
    buffer_reset(into);
    buffer_append(into, chunk->bytes.data + record->body, record->body_size);
    return true;
}

static void close_topic(void *state)
{
    struct topic *topic = state;
    drop_held(topic);
    if (topic->client) {
        rd_kafka_consumer_close(topic->client);
        rd_kafka_destroy(topic->client);
    }
    free(topic);
}

static const struct history_kind HISTORY_TOPIC = {.name = "topic",
                                                  .deliveries = true,
                                                  .list = list,
                                                  .count = count,
                                                  .read = read_range,
                                                  .record = write_record,
                                                  .close = close_topic};

static bool open_client(struct topic *topic, struct error *error)
{
    char why[TEXT_BYTES];
    rd_kafka_conf_t *conf = kafka_conf_new(&topic->config->kafka, error);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, topic);
    rd_kafka_conf_set_error_cb(conf, keep_trouble);
    rd_kafka_conf_set_log_cb(conf, ignore_log);
    topic->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (topic->client) {
        rd_kafka_poll_set_consumer(topic->client);
        return true;
    }
    rd_kafka_conf_destroy(conf);
    return error_set(error, ERROR_INPUT, "Kafka client: %s", why);
}

struct history *history_topic_open(const struct history_topic_config *config, struct error *error)
{
    struct history *history = memory_new(1, sizeof *history);
    struct topic *topic = memory_new(1, sizeof *topic);
    *history = (struct history){.kind = &HISTORY_TOPIC, .state = topic};
    *topic = (struct topic){.history = history, .config = config};
    if (open_client(topic, error))
        return history;
    history_close(history);
    return NULL;
}
