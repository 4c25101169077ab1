/* quality: what the rollups of shards say about each model and criterion, in total. */
#ifndef ASSAY_QUALITY_H
#define ASSAY_QUALITY_H

#include "worker/store/store.h"

enum { QUALITY_NAME_BYTES = 128, QUALITY_LINES_MAX = 2000 };

struct quality_line {
    char model[QUALITY_NAME_BYTES], criterion[QUALITY_NAME_BYTES], dimension[QUALITY_NAME_BYTES];
    int64_t scored, not_applicable, skipped, error, passed;
    double sum; /* of the scored values, to 1/1000 each */
};

/* Zero-initialise, then use. */
struct quality {
    struct quality_line *lines;
    size_t count;
};

/* Adds the live, acked rows of the shard at `path`, which is opened for reading only. Models that
 * are not named share "other", criteria of one name their line. False and `error` when it cannot be
 * read. Any thread. */
bool quality_add(struct quality *quality, const char *path, const char *const *models,
                 size_t model_count, struct error *error);
void quality_clear(struct quality *quality);

#endif
