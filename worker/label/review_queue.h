/* review_queue: samples for people to look at, drawn at random with known probabilities. */
#ifndef ASSAY_REVIEW_QUEUE_H
#define ASSAY_REVIEW_QUEUE_H

#include "worker/report/reading/stores.h"
#include "worker/report/reading/time_range.h"

enum { REVIEW_MAX = 100000, REVIEW_STRATA_MAX = 5, REVIEW_SCORES_MAX = 256 };

/* A sample of the queue. */
struct review_item {
    uint64_t rank; /* random: the lowest are drawn */
    char *sample, *model;
    int64_t at_ms;
    size_t stratum;
    double probability;     /* with which a sample of its stratum is drawn */
    char *prompt, *response; /* NULL: not kept */
    const char *text;        /* "full" or "redacted"; NULL: none was kept */
    char *scores;            /* JSON: criterion to value; what people should not see before */
};

/* The samples of one part of the scores: all together, or quarters of [0,1] and those without. */
struct review_stratum {
    uint64_t population;
    struct review_item *items; /* the lowest ranks, ascending; at most REVIEW_MAX */
    size_t count;
};

/* Zero-initialise but for what is asked; review_queue_clear gives all but the stores back. */
struct review_queue {
    struct stores *stores; /* borrowed */
    const char *model;     /* NULL: every model */
    struct time_range window;
    const char *stratify_by; /* criterion or composite whose score tells strata apart; NULL: none */
    uint64_t seed;
    size_t wanted; /* at most REVIEW_MAX */
    /* answers: */
    struct review_stratum strata[REVIEW_STRATA_MAX];
    uint64_t population; /* samples of the window, each once for each model */
    struct review_item *items; /* by rank: in random order; borrow from the strata */
    size_t count, with_text;
};

/* Draws from the live samples that count: a simple random sample without replacement, of each
 * stratum one, sizes by the square roots of populations. The same seed draws the same, and more of
 * them when more are wanted. */
void review_queue_draw(struct review_queue *queue);
void review_queue_clear(struct review_queue *queue);

#endif
