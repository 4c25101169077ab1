/* kafka_probe: one member of a consumer group, driven by lines on standard input, so that a test
 * can say what Debian's librdkafka does against a broker it did not know. One JSON object a line
 * out: poll MS                       takes what comes for MS milliseconds;
 * {"took":[[partition,offset],...]} commit PARTITION OFFSET TEXT  an explicit commit with metadata;
 * {"commit":"NO_ERROR"} committed PARTITION           {"offset":N,"metadata":"..."} close leaves
 * the group and ends Rebalances are told as they are served: {"assigned":[...]},
 * {"revoked":[...],"lost":false}. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <librdkafka/rdkafka.h>

enum { LINE_BYTES = 512, ANSWER_MS = 10000, TOOK_MAX = 100000 };

struct probe {
    rd_kafka_t *client;
    const char *topic;
};

static long long steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void tell_partitions(const char *what, const rd_kafka_topic_partition_list_t *list)
{
    printf("{\"%s\":[", what);
    for (int i = 0; i < list->cnt; i++)
        printf("%s%d", i ? "," : "", list->elems[i].partition);
    printf("]");
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    (void)opaque;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        tell_partitions("assigned", list);
        rd_kafka_assign(client, list);
        printf("}\n");
        return;
    }
    tell_partitions("revoked", list);
    printf(",\"lost\":%s}\n", rd_kafka_assignment_lost(client) ? "true" : "false");
    rd_kafka_assign(client, NULL);
}

static void poll_for(struct probe *probe, long milliseconds)
{
    long long end = steady_ms() + milliseconds;
    static struct {
        int partition;
        long long offset;
    } took[TOOK_MAX];
    int count = 0;
    while (steady_ms() < end && count < TOOK_MAX) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(probe->client, 50);
        if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            took[count].partition = message->partition;
            took[count++].offset = message->offset;
        }
        if (message)
            rd_kafka_message_destroy(message);
    }
    printf("{\"took\":[");
    for (int i = 0; i < count; i++)
        printf("%s[%d,%lld]", i ? "," : "", took[i].partition, took[i].offset);
    printf("]}\n");
}

static void commit(struct probe *probe, int partition, long long offset, const char *metadata)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *one =
        rd_kafka_topic_partition_list_add(list, probe->topic, partition);
    one->offset = offset;
    one->metadata_size = strlen(metadata);
    one->metadata = strdup(metadata);
    rd_kafka_resp_err_t code = rd_kafka_commit(probe->client, list, 0);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = one->err;
    rd_kafka_topic_partition_list_destroy(list);
    printf("{\"commit\":\"%s\"}\n", rd_kafka_err2name(code));
}

static void committed(struct probe *probe, int partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *one =
        rd_kafka_topic_partition_list_add(list, probe->topic, partition);
    rd_kafka_resp_err_t code = rd_kafka_committed(probe->client, list, ANSWER_MS);
    printf("{\"error\":\"%s\",\"offset\":%lld,\"metadata\":\"%.*s\"}\n", rd_kafka_err2name(code),
           (long long)one->offset, (int)one->metadata_size,
           one->metadata ? (const char *)one->metadata : "");
    rd_kafka_topic_partition_list_destroy(list);
}

/* False when the probe is to end. */
static bool serve(struct probe *probe, const char *line)
{
    int partition = 0;
    long milliseconds = 0;
    long long offset = 0;
    char text[LINE_BYTES] = "";
    if (sscanf(line, "poll %ld", &milliseconds) == 1)
        poll_for(probe, milliseconds);
    else if (sscanf(line, "commit %d %lld %511s", &partition, &offset, text) >= 2)
        commit(probe, partition, offset, text);
    else if (sscanf(line, "committed %d", &partition) == 1)
        committed(probe, partition);
    else
        return false;
    return true;
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char why[LINE_BYTES];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "kafka_probe: %s\n", why);
        exit(2);
    }
}

static rd_kafka_t *join(const char *brokers, const char *topic, const char *group,
                        const char *session_ms)
{
    char why[LINE_BYTES];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", group);
    set(conf, "session.timeout.ms", session_ms);
    set(conf, "heartbeat.interval.ms", "300");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "partition.assignment.strategy", "range");
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!client) {
        fprintf(stderr, "kafka_probe: %s\n", why);
        exit(3);
    }
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return client;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "use: kafka_probe BROKERS TOPIC GROUP SESSION_MS\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct probe probe = {join(argv[1], argv[2], argv[3], argv[4]), argv[2]};
    printf("{\"librdkafka\":\"%s\"}\n", rd_kafka_version_str());
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin) && serve(&probe, line))
        ;
    rd_kafka_consumer_close(probe.client);
    rd_kafka_destroy(probe.client);
    printf("{\"closed\":true}\n");
    return 0;
}
