/* scratch: memory of one lane that outlives an evaluation. scratch_new and scratch_free are
 * declared in registry.h. */
#ifndef ASSAY_SCRATCH_H
#define ASSAY_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include "evaluators/registry.h"
#include "evaluators/rules/pattern.h"

/* One thread's. An evaluator that needs more adds a member here and two lines in scratch.c. */
struct scratch {
    struct pattern_scratch *patterns; /* rules: match data and JIT stack */
    size_t chunk_bytes;               /* rules: RULES_CHUNK_BYTES; checks make it smaller */
    bool every_rule;                  /* rules: also those whose keywords are absent, for checks */
};

#endif
