/* totals: what acked rows add up to since the process began, for Prometheus. */
#ifndef ASSAY_TOTALS_H
#define ASSAY_TOTALS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"

/* What is counted. To add one: a line here, in METRICS of fold.c, and in FAMILIES of
 * ../publish/prometheus.c. */
enum total_family {
    TOTAL_SAMPLES,            /* evaluated */
    TOTAL_COMPOSITE,          /* composite scores */
    TOTAL_DIMENSION,          /* scores of a dimension: the key's name */
    TOTAL_CRITERION,          /* scores of a criterion: the key's name */
    TOTAL_SAFETY_VIOLATIONS,  /* scores below the threshold of criteria of safety */
    TOTAL_ERRORS,             /* of a kind: the key's name */
    TOTAL_EVALUATION_SECONDS, /* how long evaluations took */
    TOTAL_INFERENCE_SECONDS,  /* how long inferences took, where captured */
    TOTAL_FAMILIES,
};

enum {
    TOTALS_MAX = 20000,   /* series; what is beyond is counted together, unnamed */
    TOTAL_COUNTS = 17,    /* of one series */
    ENDPOINTS_MAX = 50,   /* with a name of their own; the others are "other" */
    ENDPOINT_BYTES = 128, /* longer names are "other", too */
};

/* What a criterion's counts are of. */
enum total_score {
    TOTAL_SCORED,
    TOTAL_NOT_APPLICABLE,
    TOTAL_SKIPPED,
    TOTAL_ERROR,
    TOTAL_PASSED, /* of the scored */
};

/* Texts that do not apply are empty. */
struct total_key {
    enum total_family family;
    struct str model, endpoint;         /* bounded sets */
    struct str name;                    /* of the dimension, criterion or kind of error */
    struct str dimension, rubric, hash; /* of a criterion */
};

struct total {
    struct total_key key;
    /* A histogram's: values up to each bound and above the one before, the last above all; a
     * criterion's: by enum total_score; of others the first alone. */
    uint64_t counts[TOTAL_COUNTS];
    double sum; /* of values */
};

/* One thread. Zero-initialise; totals_clear gives the memory back. */
struct totals {
    struct arena arena; /* of the keys' texts */
    struct total *items;
    size_t count, room;
    uint32_t *slots; /* open addressing: 1 + index into items, 0 free */
    size_t slot_count;
    struct total beyond; /* additions to series that found no room */
    struct str endpoints[ENDPOINTS_MAX];
    size_t endpoint_count;
};

/* The series of a key, made when it is new; valid until the next call. */
struct total *totals_at(struct totals *totals, const struct total_key *key);
/* Counts one value: seconds, a score, or 1. */
void total_observe(struct total *total, double value);
/* The name under which an endpoint is counted: its own for the first ENDPOINTS_MAX that come. */
struct str totals_endpoint(struct totals *totals, struct str endpoint);
void totals_merge(struct totals *into, const struct totals *from);
void totals_clear(struct totals *totals);

/* Upper bounds of a family's buckets, ascending, the one above all left out; NULL and 0 for a
 * family that is no histogram. */
const double *total_bounds(enum total_family family, size_t *out_count);

/* ---- from a lane to whoever asks ------------------------------------------------------------ */

/* Holds the newest copy until somebody takes it: a copy changes owner and is never written. */
struct totals_box {
    _Atomic(struct totals *) offered;
};

/* Puts a copy in; frees one that nobody took. By one thread. */
void totals_offer(struct totals_box *box, const struct totals *totals);
/* Takes the copy out: NULL when nothing was offered since. Free with totals_free. Any thread. */
struct totals *totals_take(struct totals_box *box);
void totals_free(struct totals *totals);

#endif
