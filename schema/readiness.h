/* readiness: whether a lane has its part in the work, or why not. */
#ifndef ASSAY_READINESS_H
#define ASSAY_READINESS_H

enum readiness {
    READINESS_NO_ASSIGNMENT, /* not told which partitions are its own; in a rebalance, too */
    READINESS_NO_BROKER,     /* the same, and no broker can be reached */
    READINESS_NO_TOPIC,      /* the cluster has no such topic */
    READINESS_KAFKA_ERROR,   /* the consumer is told of an error */
    READINESS_READY,         /* its partitions are known, maybe none */
    READINESS_STATES,
};

#endif
