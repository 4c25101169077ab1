/* label: what people said of samples, in shards of their own: the folder labels of a store. */
#ifndef ASSAY_LABEL_H
#define ASSAY_LABEL_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "schema/base/str.h"

/* A verdict or a score. */
struct label {
    struct str sample, model; /* ids; model "" when it has none */
    struct str target;        /* a criterion, a dimension, or composite */
    struct str labeller;
    int64_t labelled_at_ms;
    double value;       /* [0,1] */
    double probability; /* of being asked about, (0,1]; NAN: not known */
    struct str note;    /* absent without */
};

struct label_writer;

/* Takes a shard of the store's labels that no process holds. NULL: FATAL. */
struct label_writer *label_writer_open(const char *dir, struct error *error);
/* Adds a label; one that is there already stays as it is. */
void label_writer_add(struct label_writer *writer, const struct label *label);
/* All labels added, durably, or none of them. FATAL. */
bool label_writer_commit(struct label_writer *writer, struct error *error);
void label_writer_close(struct label_writer *writer);

/* Calls back for all labels of a store, shard by shard; texts are borrowed for the call. A shard
 * that cannot be read is named in `partial`. No labels is no problem. */
void labels_each(const char *dir, void (*take)(void *owner, const struct label *label), void *owner,
                 struct problems *partial);

#endif
