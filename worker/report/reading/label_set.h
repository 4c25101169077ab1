/* label_set: the labels of stores, one verdict for each sample and target. */
#ifndef ASSAY_LABEL_SET_H
#define ASSAY_LABEL_SET_H

#include "worker/store/label.h"

/* What people say of a sample: the mean of the latest label of each labeller. */
struct sample_label {
    char *sample, *model, *target;
    double value;
    double probability; /* of being asked about; NAN: not known */
    size_t labellers;
};

/* A label as it stands in a store; texts are owned. */
struct stored_label {
    char *sample, *model, *target, *labeller, *note; /* note: NULL without */
    int64_t labelled_at_ms;
    double value, probability;
};

/* Zero-initialise; label_set_clear gives all back. */
struct label_set {
    struct stored_label *stored; /* after label_set_finish: by sample, model, target, labeller and
                                    time; each once */
    size_t stored_count;
    struct sample_label *items; /* by sample, model and target; borrow from `stored` */
    size_t count;
};

/* Adds the labels of the store in `dir`. */
void label_set_add(struct label_set *set, const char *dir, struct problems *partial);
void label_set_finish(struct label_set *set);
void label_set_clear(struct label_set *set);

/* The labels of a sample of a model, of all targets: `*out_count` of them. NULL: it has none. */
const struct sample_label *label_set_find(const struct label_set *set, struct str sample,
                                          struct str model, size_t *out_count);
/* The labeller's latest label of a sample and target, or that of the very time; NULL: none. */
const struct stored_label *label_set_latest(const struct label_set *set, const struct label *like);
const struct stored_label *label_set_at(const struct label_set *set, const struct label *like);

#endif
