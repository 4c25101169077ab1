/* run_outcomes: what becomes of records that a rerun does not score, in words. */
#include "worker/store/runs.h"

const struct run_outcome RUN_OUTCOMES[RUN_OUTCOME_COUNT] = {
    {"unmatched", "no rubric is meant for them"},
    {"no_record", "offsets that hold no record: compacted, aborted, or marks of transactions"},
    {"no_text", "their text was not kept, or is kept no longer"},
    {"duplicate", "deliveries of samples that were scored before"},
    {"invalid", "no capture records"},
    {"unreadable", "cannot be read any more"},
    {"filtered", "not wanted by --model, --endpoint, --stratum, --window or --where"},
};
