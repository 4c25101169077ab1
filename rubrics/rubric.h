/* rubric: what we want of a model's answers: criteria, weights, gates, thresholds. */
#ifndef ASSAY_RUBRIC_H
#define ASSAY_RUBRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include "evaluators/evaluator.h"
#include "schema/base/hash.h"
#include "schema/base/problems.h"
#include "schema/sample.h"

enum { RUBRIC_CRITERIA_MAX = 64, RUBRICS_MAX = 32 };

struct criterion {
    const char *name;      /* unique in its rubric */
    const char *dimension; /* what it speaks for: "safety", "accuracy", ... */
    const struct evaluator *evaluator;
    void *state;           /* of the evaluator; read-only */
    double weight;         /* >= 0; 1 when not said */
    double threshold;      /* passed means value >= threshold; .5 when not said */
    bool gate;             /* when scored below its threshold, caps the composite */
    double gate_cap;       /* what the composite is capped to; 0 when not said */
    double sample;         /* share of samples it is evaluated on, (0,1]; 1 when not said */
    const json_t *applies_to; /* NULL: to every sample the rubric applies to */
    char hash[SHA256_HEX_BYTES]; /* of evaluator, options, packs, judge: what scores depend on */
};

/* Read-only after rubric_load; shared by lanes. Strings are borrowed from `document`. */
struct rubric {
    const char *name, *description;
    struct criterion *criteria;
    size_t criterion_count;
    char hash[SHA256_HEX_BYTES]; /* of the canonical document, its packs and its judges */
    const json_t *applies_to;
    json_t *document;
    struct packs *packs;
    const struct judge_identity *judge; /* NULL: nobody will be asked */
};

/* Loads a file, or a rubric that ships when `name_or_path` has no '/' and no ".json". `judge`, who
 * will be asked (NULL: nobody), enters the hashes of the criteria that ask; borrowed until
 * rubric_free. Every problem is listed; NULL when there is one. */
struct rubric *rubric_load(const char *name_or_path, const struct judge_identity *judge,
                           struct problems *problems);
void rubric_free(struct rubric *rubric);

/* Whether the rubric (or the criterion in it) is meant for this sample: model, endpoint, route and
 * tags by glob. */
bool rubric_applies(const struct rubric *rubric, const struct sample *sample);
bool criterion_applies(const struct criterion *criterion, const struct sample *sample);
/* Its own share, decided by a keyed hash of the sample's id and the criterion's hash: the same on
 * every worker. */
bool criterion_samples(const struct criterion *criterion, const struct sample *sample);
bool criterion_passed(const struct criterion *criterion, const struct score *score);

#endif
