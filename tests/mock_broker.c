/* mock_broker: librdkafka's mock cluster in a process of its own: a fast stand-in for Kafka where a
 * test needs a group and offsets but not a real broker.
 *   mock_broker TOPIC PARTITIONS [TOPIC PARTITIONS ...]
 * prints the bootstrap address on one line and serves until standard input ends. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { TEXT_BYTES = 512 };

int main(int argc, char **argv)
{
    char why[TEXT_BYTES];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "client.id", "mock_broker", why, sizeof why);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!client) {
        fprintf(stderr, "mock_broker: %s\n", why);
        return 3;
    }
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(client, 1);
    for (int i = 1; i + 1 < argc; i += 2) {
        int partitions = (int)strtol(argv[i + 1], NULL, 10);
        rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(cluster, argv[i], partitions, 1);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fprintf(stderr, "mock_broker: topic %s: %s\n", argv[i], rd_kafka_err2str(code));
            return 3;
        }
    }
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    char ignored[TEXT_BYTES];
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
        ;
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(client);
    return 0;
}
