/* score: what one criterion says of one sample. */
#include "schema/score.h"

const char *score_status_name(enum score_status status)
{
    static const char *const names[] = {
        [SCORE_SCORED] = "scored",
        [SCORE_NOT_APPLICABLE] = "not_applicable",
        [SCORE_SKIPPED] = "skipped",
        [SCORE_ERROR] = "error",
    };
    return names[status];
}
