/* demo_traffic: made-up questions to a support assistant and what two models answered. */
#ifndef ASSAY_DEMO_TRAFFIC_H
#define ASSAY_DEMO_TRAFFIC_H

#include <stdint.h>
#include "schema/base/buffer.h"

enum { DEMO_RECORDS = 400, DEMO_MODELS = 2 };

/* The second gets worse half-way. */
extern const char *const DEMO_MODEL_NAMES[DEMO_MODELS];

/* Appends capture record `index` of DEMO_RECORDS (the flat form). Their times lie evenly in
 * [from_ms, to_ms), since 1970 UTC, in the order of their indices, the models in turn. Equal
 * arguments give equal bytes. */
void demo_traffic_record(int index, int64_t from_ms, int64_t to_ms, struct buffer *out);

#endif
