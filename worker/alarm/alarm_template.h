/* alarm_template: CloudWatch alarms on quality and quantity, as a CloudFormation template. */
#ifndef ASSAY_ALARM_TEMPLATE_H
#define ASSAY_ALARM_TEMPLATE_H

#include <jansson.h>

#include "rubrics/rubric.h"
#include "worker/publish/metric_names.h"

/* All borrowed. */
struct alarm_template {
    const struct metric_naming *naming; /* as the worker publishes; its endpoint is not read */
    const char *model;                  /* named in --models, or "other" */
    const char *endpoint, *variant;     /* of SageMaker */
    const char *fallback;               /* the variant that takes over when somebody wants it so */
    const char *topic;                  /* ARN; NULL: the operator gives one, or none is told */
    const struct rubric *rubric;        /* its dimensions, and their floors */
    double latency_ms;                  /* 90 % of replies are faster */
};

/* Every threshold is a parameter of the template. Owned by the caller. */
json_t *alarm_template_new(const struct alarm_template *template);

#endif
