/* report_options: what commands that read stores are told. */
#ifndef ASSAY_REPORT_OPTIONS_H
#define ASSAY_REPORT_OPTIONS_H

#include "schema/base/error.h"
#include "worker/options/args.h"
#include "worker/report/drift/drift.h"
#include "worker/report/reading/stores.h"

struct report_options {
    struct arg_list stores;
    const char *model, *window, *at, *format;
};

/* A group of args.h: --store, --model, --window, --at, --format. */
enum { REPORT_ARG_COUNT = 5, REPORT_WHAT_ARG_COUNT = 4 /* the first, without --format */ };
extern const struct arg REPORT_ARGS[REPORT_ARG_COUNT];

/* Whether --store is there and --format one of `formats`, which ends with NULL; *out_format is its
 * place. False: INPUT. */
bool report_options_check(const struct report_options *options, const char *const *formats,
                          size_t *out_format, struct error *error);
/* The two of most reports: their places are false and true. */
extern const char *const REPORT_TEXT_OR_JSON[];
/* --at, else the time now. False: INPUT. */
bool report_options_at(const struct report_options *options, int64_t *out_ms, struct error *error);
/* The range of --window, counted back from --at. False (INPUT). */
bool report_options_window(const struct report_options *options, struct time_range *out,
                           struct error *error);
/* Opens the stores. False (INPUT): one is none, or no shard at all can be read. */
bool report_options_open(const struct report_options *options, struct stores *out,
                         struct error *error);

#endif
