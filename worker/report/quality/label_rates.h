/* label_rates: a series as people see it, from few labels and many scores. */
#ifndef ASSAY_LABEL_RATES_H
#define ASSAY_LABEL_RATES_H

#include "schema/base/str.h"
#include "worker/report/reading/level.h"
#include "worker/stats/rogan_gladen.h"

/* Below so many labels of a window nothing is said; PPI++ of graded labels wants more, of verdicts
 * PPI_RARER_LABELS_MIN of the rarer one; Rogan-Gladen so many of each verdict. */
enum { LABELS_MIN = 10, LABELS_GRADED_MIN = 50, CALIBRATION_MIN = 10 };

/* A label of a sample and what the series scored it. */
struct label_pair {
    const char *sample; /* borrowed */
    double label, judge;
    double weight; /* samples it stands for */
    bool drawn;    /* at random, from the window; else it tells how the judge errs */
};

/* Zero-initialise; label_pairs_clear gives the memory back. */
struct label_pairs {
    struct label_pair *items;
    size_t count;
    struct level_sums unlabelled; /* scores of the window without a label */
};

/* `label_probability`: NAN when it is not known. */
void label_pairs_add(struct label_pairs *pairs, const char *sample, double label, double judge,
                     double sample_probability, double label_probability, bool in_window);
void label_pairs_clear(struct label_pairs *pairs);

enum label_method {
    LABELS_TOO_FEW,
    LABELS_ALONE, /* Wilson's interval of verdicts, Student's of grades */
    LABELS_PPI,   /* PPI++: the scores of all samples, corrected by the labels */
};

struct label_rate {
    enum label_method method;
    size_t labels;  /* drawn at random from the window; one of each sample */
    size_t rarer;   /* of them, of the rarer verdict; 0 of grades */
    size_t wanted;  /* about so many more until PPI++; 0: it is PPI++, or nobody can tell */
    bool verdicts;  /* all labels are 0 or 1 */
    double mean;    /* NAN when there are too few */
    struct interval ci;
    double correlation;     /* of label and score; NAN when one is constant */
    double kappa;           /* beyond chance, where both are verdicts; else NAN */
    double bias;            /* how much higher the scores are than people's labels */
    struct interval bias_ci;
    /* what labels of other times make of the scores of this window: */
    size_t calibration; /* labels of other times, or not drawn at random; 0: no such labels */
    bool calibrated;    /* there are enough, of verdicts */
    struct rogan_gladen calibrated_rate;
    /* both ways said: mean minus the calibrated rate. Away from 0: the judge errs otherwise than it
     * did. NAN unless both are known. */
    double judge_drift;
    struct interval judge_drift_ci;
    bool judge_drifted;
};

/* `level`: of all scores of the window. Sorts the pairs, and keeps one of each sample. */
struct label_rate label_rate_of(struct label_pairs *pairs, const struct level *level, double alpha);

#endif
