/* mark_set: what happened to models from outside, of all stores. */
#ifndef ASSAY_MARK_SET_H
#define ASSAY_MARK_SET_H

#include "worker/report/reading/time_range.h"
#include "worker/store/mark.h"

struct owned_mark {
    char *model, *text;
    int64_t at_ms;
};

/* Zero-initialise; mark_set_clear gives all back. */
struct mark_set {
    struct owned_mark *items; /* after mark_set_finish: by time, model and text, each once */
    size_t count;
};

/* Adds the marks of a store: a folder, or the URL of a worker. */
void mark_set_add(struct mark_set *set, const char *store, struct problems *partial);
void mark_set_finish(struct mark_set *set);
void mark_set_clear(struct mark_set *set);

/* Whether a mark of a model, or of all, lies in [from_ms, to_ms). */
bool mark_is_of(const struct owned_mark *mark, const char *model, int64_t from_ms, int64_t to_ms);

#endif
