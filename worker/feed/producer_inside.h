/* producer_inside: what the files of the producer share. */
#ifndef ASSAY_FEED_PRODUCER_INSIDE_H
#define ASSAY_FEED_PRODUCER_INSIDE_H

#include "worker/feed/producer.h"
#include "worker/intake/source_kafka.h"

enum { PRODUCER_TEXT_BYTES = 512, PRODUCER_PROPERTIES_MAX = KAFKA_PROPERTIES_MAX + 8 };

struct producer {
    struct producer_config config;
    struct kafka_config kafka; /* for kafka_conf_new; properties are `properties` */
    const char *properties[PRODUCER_PROPERTIES_MAX];
    char id[PRODUCER_TEXT_BYTES];      /* the transactional id, and the group of the reader */
    char trouble[PRODUCER_TEXT_BYTES]; /* the last thing a connection or a delivery said */
    int64_t bytes_max;
    struct rd_kafka_s *client;
};

/* A client that reads; NULL and `error`. */
struct rd_kafka_s *producer_reader_new(struct producer *producer, struct error *error);
/* Makes the topic of positions unless it is there. */
bool producer_make_topic(struct producer *producer, struct error *error);

#endif
