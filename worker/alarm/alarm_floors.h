/* alarm_floors: below which mean of a dimension's scores something is wrong, by a rubric. */
#ifndef ASSAY_ALARM_FLOORS_H
#define ASSAY_ALARM_FLOORS_H

#include <stddef.h>

#include "rubrics/rubric.h"

enum { ALARM_FLOOR_ID_BYTES = 96 };

struct alarm_floor {
    const char *dimension;         /* borrowed from the rubric */
    char id[ALARM_FLOOR_ID_BYTES]; /* letters and digits: unique among the floors */
    double value, weight;
};

struct alarm_floors {
    struct alarm_floor each[RUBRIC_CRITERIA_MAX]; /* a dimension each, in the rubric's order */
    size_t count;
    double composite;
};

/* A threshold is of one sample, a floor of a mean. Where a sample may score below 1 and pass, its
 * criterion's threshold is the floor; where every sample should score 1, so many may fail: 1 % of
 * those that speak for safety, else 5 %. Of several criteria: the mean by weight, as scores are
 * put together; of a composite that is no such mean: the least. */
void alarm_floors_of(const struct rubric *rubric, struct alarm_floors *out);

#endif
