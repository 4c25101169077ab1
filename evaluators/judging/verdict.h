/* verdict: reads the reply of a judge, which is untrusted text, and fails closed. */
#ifndef ASSAY_VERDICT_H
#define ASSAY_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/str.h"

enum {
    VERDICT_REPLY_BYTES_MAX = 256 << 10,
    VERDICT_SCAN_BYTES_MAX = 4 << 20, /* looked at while objects are searched for in one reply */
    VERDICT_LABELS_MAX = 16,
};

/* The word a judge says when it cannot tell; part of every scale of whole numbers. */
#define VERDICT_UNKNOWN "unknown"

struct verdict_label {
    const char *name;
    double value; /* [0,1]; NaN: the judge cannot tell */
};

/* Either labels, or whole numbers from min to max (both inclusive, min < max). */
struct verdict_scale {
    const struct verdict_label *labels; /* NULL: whole numbers */
    size_t label_count;
    int64_t min, max;
};

struct verdict {
    bool unknown;                      /* the judge said that it cannot tell */
    double value;                      /* [0,1], 1 is best; NaN when unknown */
    int64_t number;                    /* on a scale of whole numbers, when not unknown */
    const struct verdict_label *label; /* on a scale of labels: which one of them */
};

/* Looks for {"nonce":…,"reasoning":…,"verdict":…} in the reply: the whole of it, a fenced block, or
 * the last such object among other text. Counted is only an object that is complete, has no other
 * keys, is on the scale and carries `nonce`; objects without the nonce are text that the judge
 * quotes. Nothing is repaired, rounded or clamped. NULL and *out when there is such a verdict, else
 * a code (static):
 *   empty_reply, reply_too_long, invalid_utf8    the reply as a whole
 *   no_verdict            no object in it
 *   invalid_json          an object that is not strict JSON (duplicate keys, too deep, 1e309 ...)
 *   truncated             an object that never ends
 *   wrong_nonce           verdicts without our nonce only
 *   conflicting_verdicts  several that are valid and differ
 *   unknown_key, no_verdict_key, wrong_type, out_of_range, unknown_label   what is wrong with the
 *                         last object that carries the nonce
 */
const char *verdict_parse(struct str reply, const char *nonce, const struct verdict_scale *scale,
                          struct verdict *out);

/* Reads one verdict value (of an example in a rubric, say). NULL and *out, or a code as above. */
struct json_t;
const char *verdict_read(const struct json_t *value, const struct verdict_scale *scale,
                         struct verdict *out);

#endif
