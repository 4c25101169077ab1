/* run_options: what `assay run` can be told; `assay doctor` is told the same. */
#ifndef ASSAY_RUN_OPTIONS_H
#define ASSAY_RUN_OPTIONS_H

#include "schema/base/problems.h"
#include "worker/options/args.h"
#include "worker/intake/source_kafka.h"
#include "worker/options/judge.h"
#include "worker/publish/publisher.h"
#include "worker/options/sample_options.h"
#include "worker/store/store.h"

enum { LANES_MAX = 64, RETENTION_DAYS_MAX = 36500 };

/* Borrowed from argv. A new option is a line in run_options.c and one in
 * schema/worker-config.schema.json (tests/test_doctor.py compares them). */
struct run_options {
    const char *config, *brokers, *topic, *rerun_topic, *group, *store, *from, *listen;
    const char *text, *metrics, *preset, *namespace;
    struct arg_list rubrics, kafka, models, labels, segment_by, evaluators;
    int64_t lanes;
    struct retention retention;
    double publish_every_s, text_share;
    bool until_end, query_form;
    struct judge_options judge;
    struct sample_options sample;
    const char *sample_key; /* NULL: the group's name */
};

struct run_options run_options_default(void);

enum { RUN_ARG_COUNT = 19, RUN_METRIC_ARG_COUNT = 7, RUN_GROUP_COUNT = 4 };
extern const struct arg RUN_ARGS[RUN_ARG_COUNT];
extern const struct arg RUN_METRIC_ARGS[RUN_METRIC_ARG_COUNT];
/* The groups of a command's table whose options hold a struct run_options at `at`. */
#define RUN_GROUPS(at)                                                                             \
    {"Options", RUN_ARGS, RUN_ARG_COUNT, (at)},                                                    \
        {"Sampling (strata are the segments of each model, told apart by stratum too)",            \
         SAMPLE_ARGS, SAMPLE_ARG_COUNT, (at) + offsetof(struct run_options, sample)},              \
        {"Metrics", RUN_METRIC_ARGS, RUN_METRIC_ARG_COUNT, (at)},                                  \
    {                                                                                              \
        "Models to ask", JUDGE_ARGS, JUDGE_ARG_COUNT, (at) + offsetof(struct run_options, judge)   \
    }

/* Lists what is missing and words that are none; true when there is nothing. */
bool run_options_check(const struct run_options *options, struct problems *problems);

/* The topic that is read, and the group that reads it. */
const char *run_options_topic(const struct run_options *options);
const char *run_options_group(const struct run_options *options);

/* Of options that were checked: */
enum kafka_from run_options_from(const struct run_options *options);
enum text_policy run_options_text(const struct run_options *options);
/* NULL for `none`. */
const struct publisher *run_options_publisher(const struct run_options *options);
struct metric_naming run_options_naming(const struct run_options *options);
/* Properties are borrowed. */
struct kafka_config run_options_kafka(const struct run_options *options);
/* Of each lane; strata are borrowed. */
struct sampler_config run_options_sampler(const struct run_options *options);

#endif
