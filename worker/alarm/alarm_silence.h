/* alarm_silence: whether a model's rows stopped. */
#ifndef ASSAY_ALARM_SILENCE_H
#define ASSAY_ALARM_SILENCE_H

#include "worker/alarm/alarm_stream.h"

/* A model is silent when nothing came for rules.silent_ms, although rows came in at least
 * ALARM_BUSY_HOURS of the 24 hours before: a model that is asked now and then is never missed. */
enum { ALARM_BUSY_HOURS = 20 };

/* Zero-initialise but for the name. */
struct alarm_model {
    char *model;
    int64_t last_ms;   /* end of the latest bucket with rows */
    uint32_t hours;    /* of the last 24 hours with and before the latest, those with rows: bits */
    int64_t last_hour; /* number of the latest hour with rows */
    int64_t onset_ms;  /* since when it is silent; 0: it is not */
};

/* Rows came in the bucket that ends at close_ms. */
void alarm_silence_heard(struct alarm_model *model, int64_t close_ms);
void alarm_silence_close(struct alarm_model *model, const struct alarm_close *close);

#endif
