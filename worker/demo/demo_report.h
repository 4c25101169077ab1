/* demo_report: what was scored and what was published, and whether the two agree. */
#ifndef ASSAY_DEMO_REPORT_H
#define ASSAY_DEMO_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "schema/base/error.h"
#include "worker/demo/demo_metrics.h"

struct demo_report; /* one thread */

/* Reads the score rows of a topic from the shards' documented views, and what was published. The
 * shards must be closed by their writers. NULL and `error`. */
struct demo_report *demo_report_open(const char *const *shards, size_t shard_count,
                                     const char *topic, const struct demo_metrics *published,
                                     struct error *error);
/* How many deliveries were scored. */
int64_t demo_report_scored(struct demo_report *report);
/* Means for each model before and after `middle_ms` (since 1970 UTC). */
void demo_report_halves(struct demo_report *report, int64_t middle_ms, FILE *out);
/* What was published for each namespace and metric, beside what SQL says. */
void demo_report_published(struct demo_report *report, FILE *out);
/* Whether count and mean of every metric in every minute are what SQL says over score rows:
 * composites, dimensions, safety violations, samples. False with `error` when SQL failed. */
bool demo_report_equal(struct demo_report *report, bool *out_equal, struct error *error);
void demo_report_close(struct demo_report *report);

#endif
