/* sample_options: which part of the traffic is kept, as people say it to `feed` and `run`. */
#ifndef ASSAY_SAMPLE_OPTIONS_H
#define ASSAY_SAMPLE_OPTIONS_H

#include "schema/base/problems.h"
#include "worker/options/args.h"
#include "worker/intake/sampler.h"

/* Borrowed from argv. */
struct sample_options {
    const char *budget; /* "5%", "50/s"; NULL: everything */
    struct arg_list strata; /* STRATUM=P */
    double floor, novelty;
};

extern const struct sample_options SAMPLE_DEFAULTS;
enum { SAMPLE_ARG_COUNT = 4 };
extern const struct arg SAMPLE_ARGS[SAMPLE_ARG_COUNT];

bool sample_options_check(const struct sample_options *options, struct problems *problems);
/* Whether a part is left out at all. */
bool sample_options_wanted(const struct sample_options *options);
/* What each of so many samplers is to do, which share a rate out; of options that were checked. The
 * key is left to the caller. */
struct sampler_config sample_options_config(const struct sample_options *options, int64_t samplers);

#endif
