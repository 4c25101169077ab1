/* truths: references that are known, and which object each sample that was fed lies in. */
#ifndef ASSAY_FEED_TRUTHS_H
#define ASSAY_FEED_TRUTHS_H

#include "worker/feed/ids.h"
#include "worker/intake/source.h"

/* A reference. */
struct truth {
    char *reference;     /* JSON */
    int64_t modified_ms; /* of its object */
    bool fresh;          /* read by this feed, not by one before */
    enum {
        TRUTH_HELD,    /* for samples that are still to come */
        TRUTH_PENDING, /* its sample was fed without it */
        TRUTH_USED,    /* a sample went with it */
    } state;
};

/* An object with samples that were fed. */
struct fed_object {
    struct source_object object;
    struct source *source;
    int64_t records, bytes; /* sent from it */
};

struct truths; /* one thread */

/* Names are lists of ids, each of which names it; absent and empty ones are passed over. What joins
 * lies in objects that were written no more than window_ms apart. */
struct truths *truths_new(int64_t window_ms);
void truths_free(struct truths *truths);

/* False: a reference of this name is known; the first one stays. Takes a copy. */
bool truths_add(struct truths *truths, const struct str *ids, size_t count, struct str reference,
                const struct truth *about, struct truth **out);
/* NULL: there is none. Until the next truths_add or truths_sweep. */
struct truth *truths_find(const struct truths *truths, const struct str *ids, size_t count,
                          int64_t modified_ms);

/* The number of an object, as it is now. */
uint32_t truths_object(struct truths *truths, struct source *source,
                       const struct source_object *object);
struct fed_object *truths_object_at(const struct truths *truths, uint32_t number);
/* A sample of this name was sent from the object, a record of so many bytes. */
void truths_add_sample(struct truths *truths, uint32_t object, const struct str *ids, size_t count,
                       int64_t bytes);
/* Its object; IDS_NONE: there is none. */
uint32_t truths_find_sample(const struct truths *truths, const struct str *ids, size_t count,
                            int64_t modified_ms);

/* Forgets what lies in objects written before. */
void truths_sweep(struct truths *truths, int64_t before_ms);

#endif
