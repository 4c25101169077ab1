/* demo_broker: a Kafka topic to show things with: a mock cluster in this process, or a real one. */
#ifndef ASSAY_DEMO_BROKER_H
#define ASSAY_DEMO_BROKER_H

#include "schema/base/error.h"
#include "schema/base/str.h"

struct demo_broker; /* one thread */

/* Makes the topic. `brokers` NULL: in a mock cluster of librdkafka that lives in this process. NULL
 * and `error` (FATAL) when no broker answers within seconds or the topic cannot be made. */
struct demo_broker *demo_broker_open(const char *brokers, const char *topic, int partitions,
                                     struct error *error);
/* "HOST:PORT", borrowed. */
const char *demo_broker_address(const struct demo_broker *broker);
/* Copies the record and sends it, to one partition after the other. */
bool demo_broker_send(struct demo_broker *broker, struct str record, struct error *error);
/* Waits until every record is acknowledged. */
bool demo_broker_flush(struct demo_broker *broker, struct error *error);
/* Deletes the topic where it is a real one. NULL is fine. */
void demo_broker_close(struct demo_broker *broker);

#endif
