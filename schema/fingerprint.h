/* fingerprint: what two responses to one request are compared by. */
#ifndef ASSAY_FINGERPRINT_H
#define ASSAY_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

/* Units in order; equal units stand for equal parts. FINGERPRINT_NOTHING equals no other, itself
 * included. The same response gives the same units on every machine. */
struct fingerprint {
    const uint64_t *units;
    size_t count;
};

enum {
    FINGERPRINT_NOTHING = 0,
    FINGERPRINT_UNITS_MAX = 4096, /* of one that is kept: 32 KiB */
};

#endif
