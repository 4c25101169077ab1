/* priority_sample: k items that estimate any subset's sum. */
#ifndef ASSAY_PRIORITY_SAMPLE_H
#define ASSAY_PRIORITY_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Duffield, Lund, Thorup 2007: an item of weight w gets the priority w / u, u uniform in (0, 1];
 * the k largest are kept, and stand for max(w, tau), tau the (k+1)-th. The sum of these over any
 * subset is unbiased for the subset's weight. With u from the keyed hash of the item's id, workers
 * merge by adding each other's items. */
struct priority_item {
    uint64_t id;
    double weight; /* > 0 */
    double priority;
};

struct priority_sample {
    struct priority_item *items; /* a heap, the least priority first; memory is the caller's */
    size_t room;                 /* k + 1 */
    size_t count;
};

/* `items` has room for k + 1. */
void priority_sample_init(struct priority_sample *sample, struct priority_item *items, size_t k);
void priority_sample_add(struct priority_sample *sample, uint64_t id, double weight, double u);
/* Adds what another sample, of the same k, holds. */
void priority_sample_merge(struct priority_sample *into, const struct priority_sample *other);
/* The (k+1)-th priority; 0 while all items are kept. */
double priority_sample_tau(const struct priority_sample *sample);
/* Items kept: indices first .. count - 1 of `items`, in no order. */
size_t priority_sample_first(const struct priority_sample *sample);
/* What a kept item stands for. */
double priority_sample_weight(const struct priority_sample *sample, size_t index);

#endif
