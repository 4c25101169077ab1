/* label_targets: what labels may be of: criteria, dimensions, the composite. */
#ifndef ASSAY_LABEL_TARGETS_H
#define ASSAY_LABEL_TARGETS_H

#include <stdbool.h>
#include "schema/base/buffer.h"
#include "worker/report/reading/stores.h"

bool label_target_known(const struct stores *stores, struct str target);
/* "accuracy, composite, exact": all there are, ascending. */
void label_targets_list(const struct stores *stores, struct buffer *out);

#endif
