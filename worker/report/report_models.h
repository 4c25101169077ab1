/* report_models: the models that stores hold scores of. */
#ifndef ASSAY_REPORT_MODELS_H
#define ASSAY_REPORT_MODELS_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/base/error.h"

/* Whether one of the stores has live scores of this model, of any time; of shards that cannot be
 * read nothing is known. False: `error` (INPUT) names those there are. */
bool report_model_known(const char *const *dirs, size_t count, const char *model,
                        struct error *error);

#endif
