/* rogan_gladen: a rate corrected for the judge's errors. */
#ifndef ASSAY_ROGAN_GLADEN_H
#define ASSAY_ROGAN_GLADEN_H

#include "worker/stats/interval.h"

/* Rogan and Gladen 1978. For older calibration labels: assumes that the judge errs as it did then,
 * and nothing about the rate. Needs sensitivity + specificity well above 1: a judge with 95 %
 * specificity cannot see a failure rate of 3 %. Counts may be real numbers, n > 0 throughout. */
struct judged_rate {
    double k, n;       /* this window: judged positive, judged at all */
    double k_se, n_se; /* calibration: truly positive, of which judged positive */
    double k_sp, n_sp; /* calibration: truly negative, of which judged negative */
};

struct rogan_gladen {
    double apparent, sensitivity, specificity;
    double rate;        /* (AP + Sp - 1) / (Se + Sp - 1): may lie outside [0,1] */
    double se;          /* delta method */
    double shift;       /* dP of Lang and Reiczigel */
    struct interval ci; /* Lang and Reiczigel 2014, cut to [0,1] */
};

/* NAN for a judge without information, Se + Sp <= 1; its interval is then [0, 1]. (The formula
 * printed in the paper has a sign slip; (1 - P)^2 is meant.) */
struct rogan_gladen rogan_gladen(struct judged_rate judged, double alpha);

#endif
