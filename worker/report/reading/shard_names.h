/* shard_names: what the ids of one shard mean. */
#ifndef ASSAY_SHARD_NAMES_H
#define ASSAY_SHARD_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct db;

/* A criterion of a rubric; the composite is the one named so, with the rubric's hash. */
struct shard_criterion {
    int64_t id;
    char *name, *dimension, *hash;
    char *rubric, *rubric_hash; /* name and hash */
    double weight, threshold;
    double share; /* the part of samples it is evaluated on, (0,1] */
    size_t owner; /* for the reader's own use */
};

struct shard_source {
    int64_t id;
    char *topic, *incarnation;
    int64_t partition;
};

struct shard_segment {
    int64_t id;
    char *words; /* JSON */
};

/* Ascending by id. Zero-initialise; shard_names_clear gives all back. */
struct shard_names {
    struct shard_criterion *criteria;
    size_t criterion_count;
    struct shard_source *sources;
    size_t source_count;
    struct shard_segment *segments;
    size_t segment_count;
};

void shard_names_read(struct shard_names *names, struct db *db);
/* NULL: the shard has no such row. */
struct shard_criterion *shard_names_criterion(const struct shard_names *names, int64_t id);
const struct shard_source *shard_names_source(const struct shard_names *names, int64_t id);
const struct shard_segment *shard_names_segment(const struct shard_names *names, int64_t id);
void shard_names_clear(struct shard_names *names);

#endif
