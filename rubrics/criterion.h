/* criterion: one line of a rubric: an evaluator with options, and what its scores count for. */
#ifndef ASSAY_CRITERION_H
#define ASSAY_CRITERION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "evaluators/evaluator.h"
#include "schema/base/hash.h"
#include "schema/sample.h"

/* Read-only after rubric_load. Strings are borrowed from the rubric's document. */
struct criterion {
    const char *name;      /* unique in its rubric */
    const char *dimension; /* what it speaks for: "safety", "accuracy", ... */
    const struct evaluator *evaluator;
    void *state;        /* of the evaluator; read-only */
    json_t *options;    /* owned where they differ from the document's, else NULL */
    bool negated;       /* "not-": the value is 1 minus the evaluator's */
    double weight;      /* >= 0; 1 when not said */
    double threshold;   /* passed means value >= threshold; .5 when not said */
    bool gate;          /* when scored below its threshold, caps the composite */
    double gate_cap;    /* what the composite is capped to; 0 when not said */
    double sample;      /* share of samples it is evaluated on, (0,1]; 1 when not said */
    const json_t *when; /* as written; NULL: it waits for no other criterion */
    /* Bit i is criteria[i] of the rubric: it waits for all of these, and is evaluated when one of
     * the first failed or one of the second passed. */
    uint64_t when_failed, when_passed;
    const json_t *applies_to;    /* NULL: to every sample the rubric applies to */
    char hash[SHA256_HEX_BYTES]; /* of evaluator, options, packs, judge: what scores depend on */
};

/* Whether it is meant for this sample: model, endpoint, route and tags by glob. */
bool criterion_applies(const struct criterion *criterion, const struct sample *sample);
/* Its own share, decided by a keyed hash of the sample's id and the criterion's hash: the same on
 * every worker. */
bool criterion_samples(const struct criterion *criterion, const struct sample *sample);
bool criterion_passed(const struct criterion *criterion, const struct score *score);

/* evaluator_score and evaluator_compare, turned round where the criterion is negated. A failure is
 * not turned into a value, nor is a response in which no answer was found. */
struct score criterion_score(const struct criterion *criterion, const struct sample *sample,
                             const struct question *answered, struct scratch *scratch,
                             struct arena *arena);
struct score criterion_compare(const struct criterion *criterion,
                               const struct fingerprint *responses, size_t count,
                               struct arena *arena);

#endif
