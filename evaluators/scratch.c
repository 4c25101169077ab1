/* scratch: memory of one lane that outlives an evaluation. */
#include "evaluators/scratch.h"

#include <stdlib.h>
#include "schema/base/memory.h"
#include "evaluators/rules/rules.h"

struct scratch *scratch_new(void)
{
    struct scratch *scratch = memory_new(1, sizeof *scratch);
    scratch->patterns = pattern_scratch_new();
    scratch->chunk_bytes = RULES_CHUNK_BYTES;
    return scratch;
}

void scratch_free(struct scratch *scratch)
{
    if (!scratch)
        return;
    pattern_scratch_free(scratch->patterns);
    free(scratch);
}
