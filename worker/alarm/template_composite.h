/* template_composite: what quality and quantity say together. */
#ifndef ASSAY_TEMPLATE_COMPOSITE_H
#define ASSAY_TEMPLATE_COMPOSITE_H

#include "worker/alarm/alarm_floors.h"

#include <jansson.h>

/* What the metric alarms are called that these are made of; those of dimensions are
 * TEMPLATE_DIMENSION_LOW of their floor's id. */
#define TEMPLATE_DIMENSION_LOW "Dimension%sLow"

/* How the name of the one ends that says that nothing but the model explains it. */
extern const char TEMPLATE_WRONG_ALONE[];

void template_composites(json_t *template, const struct alarm_floors *floors);

#endif
