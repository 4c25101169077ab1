/* label_import: what of a file of labels is new, what is known, and what is wrong. */
#ifndef ASSAY_LABEL_IMPORT_H
#define ASSAY_LABEL_IMPORT_H

#include "worker/label/label_file.h"
#include "worker/report/reading/label_set.h"
#include "worker/report/reading/stores.h"

/* Zero-initialise but for what is asked; label_import_clear gives back what it made. */
struct label_import {
    const struct label_file *file;  /* borrowed */
    const struct label_set *known;  /* the store's labels; borrowed */
    struct stores *stores;          /* its shards; borrowed */
    int64_t now_ms;                 /* of labels that do not say when */
    /* answers: */
    struct label *labels; /* to be added; texts are borrowed, models from `models` too */
    size_t count;
    size_t repeated; /* that the store or the file has said before */
    size_t strange;  /* of samples that the store does not hold: they wait for them */
    char **models;
    size_t model_count;
};

/* Checks targets and samples, fills in the model where a sample is of one only, finds what is said
 * twice. Problems stand at "line N". */
void label_import_check(struct label_import *import, struct problems *problems);
void label_import_clear(struct label_import *import);

#endif
