/* kafka_conf: how we talk to Kafka: our defaults, then what the operator says. */
#ifndef ASSAY_KAFKA_CONF_H
#define ASSAY_KAFKA_CONF_H

#include <stdint.h>
#include "worker/intake/source_kafka.h"

struct rd_kafka_s;
struct rd_kafka_topic_partition_list_s;
struct rd_kafka_conf_s; /* librdkafka's rd_kafka_conf_t; its header is for this room's .c files */

/* A configuration for a client of the group; rd_kafka_new takes it. NULL and `error` (INPUT) when a
 * property is not known or its value is wrong. */
struct rd_kafka_conf_s *kafka_conf_new(const struct kafka_config *config, struct error *error);
/* A property that is a number; 0 when it is not there. */
int64_t kafka_conf_number(const struct rd_kafka_conf_s *conf, const char *key);
/* `code`, or when that is none the first error of a partition in the list: a request may succeed
 * and still say of one that it could not be answered. */
int kafka_first_error(int code, const struct rd_kafka_topic_partition_list_s *list);
/* Asks the cluster; false, too, when it does not answer in time. */
bool kafka_topic_exists(struct rd_kafka_s *client, const char *topic, int timeout_ms);

#endif
