/* alarm_complaint: that alarms do not reach somebody, on stderr. */
#ifndef ASSAY_ALARM_COMPLAINT_H
#define ASSAY_ALARM_COMPLAINT_H

#include "schema/base/complaint.h"
#include "schema/base/error.h"

/* A line of JSON when `error` is set and due to be told, or, without one, when the trouble is
 * over. */
void alarm_complain(struct complaint *complaint, const char *target, const struct error *error);

#endif
