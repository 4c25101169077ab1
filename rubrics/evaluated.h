/* evaluated: what one rubric says of one sample. */
#ifndef ASSAY_EVALUATED_H
#define ASSAY_EVALUATED_H

#include "rubrics/rubric.h"

struct evaluated {
    const struct rubric *rubric;
    struct score *scores;       /* one per criterion, in the rubric's order */
    struct question **answered; /* one list per criterion, newest first, NULL without questions */
    struct score composite;
    /* Bit i is criteria[i], while it is not scored: it waits for others; it asks nothing more. */
    uint64_t waiting, quiet;
};

#endif
