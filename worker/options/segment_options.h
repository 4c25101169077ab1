/* segment_options: the keys by which samples are told apart, as people type them. */
#ifndef ASSAY_SEGMENT_OPTIONS_H
#define ASSAY_SEGMENT_OPTIONS_H

#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "worker/options/args.h"
#include "worker/store/segment.h"

#define SEGMENT_BY_HELP                                                                            \
    "tell samples apart for reports by " SEGMENT_KEY_WORDS "; at most 64 combinations a shard, "   \
    "further ones are \"other\""

/* Keys may be joined by commas. `option` is how the command calls them: "--segment-by". */
bool segment_options_check(const struct arg_list *list, const char *option,
                           struct problems *problems);
/* The same of the --segment of a report; the first problem as an error (INPUT). */
bool segment_options_fit(const struct arg_list *list, struct error *error);

#endif
