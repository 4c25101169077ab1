/* rubric: what we want of a model's answers: criteria, weights, gates, thresholds. */
#ifndef ASSAY_RUBRIC_H
#define ASSAY_RUBRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include "rubrics/criterion.h"
#include "schema/base/problems.h"

enum { RUBRIC_CRITERIA_MAX = 64, RUBRICS_MAX = 32, RUBRIC_PATH_BYTES = 128 };

/* One number from many: see composite.h. */
enum composite_method { COMPOSITE_MEAN, COMPOSITE_GEOMETRIC, COMPOSITE_MINIMUM };

/* Read-only after rubric_load; shared by lanes. Strings are borrowed from `document`. */
struct rubric {
    const char *name, *description;
    struct criterion *criteria;
    size_t criterion_count;
    char **criterion_paths; /* where each was written: "criteria[2]", "extends.criteria[0]" */
    uint64_t awaited;       /* bit i: another criterion waits for criteria[i] */
    enum composite_method composite;
    char hash[SHA256_HEX_BYTES]; /* of the resolved document, its packs and its judges */
    const json_t *applies_to;
    json_t *document; /* resolved: what it extends and includes is in it */
    struct packs *packs;
    const struct judge_identity *judge; /* NULL: nobody will be asked */
};

/* Loads a file, or a rubric that ships when `name_or_path` has no '/' and no ".json". `judge`, who
 * will be asked (NULL: nobody), enters the hashes of the criteria that ask; borrowed until
 * rubric_free. Every problem is listed, without `name_or_path` in front; NULL when there is one. */
struct rubric *rubric_load(const char *name_or_path, const struct judge_identity *judge,
                           struct problems *problems);
/* Some criteria of a rubric, by name; borrowed. */
struct rubric_part {
    const char *const *criteria;
    size_t count; /* 0: all */
};
/* The same of these criteria only; a rubric that holds none of them, or one that waits for another
 * that is not named, is a problem. The composite is of what is left. `part` may be NULL: all. */
struct rubric *rubric_load_part(const char *name_or_path, const struct rubric_part *part,
                                const struct judge_identity *judge, struct problems *problems);
/* The whole of a document in hand, as if it were read from `path`. Takes ownership of it. */
struct rubric *rubric_load_document(json_t *document, const char *path,
                                    const struct judge_identity *judge, struct problems *problems);
void rubric_free(struct rubric *rubric);

/* Whether the rubric is meant for this sample: model, endpoint, route and tags by glob. */
bool rubric_applies(const struct rubric *rubric, const struct sample *sample);

/* "mean", "geometric", "minimum". */
const char *rubric_composite_name(enum composite_method method);

#endif
