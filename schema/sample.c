/* sample: names of what a sample may say. */
#include "schema/sample.h"

const char *sample_run_name(enum sample_run run)
{
    static const char *const names[] = {[SAMPLE_LIVE] = "live", [SAMPLE_REFERENCES] = "references"};
    return names[run];
}
