/* report_models: the models that stores hold scores of. */
#ifndef ASSAY_REPORT_MODELS_H
#define ASSAY_REPORT_MODELS_H

#include "worker/report/reading/stores.h"

/* Whether one of the open shards has live scores of this model, of any time that was asked for; of
 * shards that cannot be read nothing is known. False: `error` (INPUT) names those there are. */
bool report_model_known(const struct stores *stores, const char *model, struct error *error);

#endif
