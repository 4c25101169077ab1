/* envelope: a line of a capture object becomes the record that the worker reads. */
#ifndef ASSAY_ENVELOPE_H
#define ASSAY_ENVELOPE_H

#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/json_tape.h"
#include "schema/sample.h"
#include "worker/intake/named.h"
#include "worker/intake/object_key.h"

enum { ENVELOPE_IDS = 3 };

/* A line that was read. Its texts live in the line or in the arena. */
struct envelope {
    struct str line;
    struct json_token *object;    /* the line */
    struct json_token *inner;     /* the record when the line is an envelope itself, else NULL */
    struct str key;               /* group, else session, inference id, event id, id, or absent */
    struct str endpoint, variant; /* what the record says, else what the object's name says */
    struct str stratum;           /* what the record says, else the endpoint */
    double probability;           /* with which it was sampled before; 1 when not said */
    bool grouped;                 /* it is one of the responses to a request */
    bool shared;                  /* other records may have its key: a group, or a session */
    struct str ids[ENVELOPE_IDS]; /* inference id, event id, id; absent ones too */
    bool referenced;              /* it says its reference itself */
    /* What envelope_write adds, set by who knows it. */
    struct str reference; /* JSON; absent: none */
    enum sample_run run;
};

/* NULL, or why the line cannot be fed: "invalid_utf8", "wrong_type", "bad_probability",
 * "ground_truth" (it is no capture), or a code of json_tape_read.
 * What it is good for beyond being an object is the worker's to say. */
const char *envelope_read(struct envelope *envelope, struct str line, const struct object_key *name,
                          struct arena *arena);

struct envelope_options {
    struct named models, components; /* by endpoint, or endpoint/variant */
    bool sampled;                    /* records carry their stratum and probability */
};

/* Writes the record: {"endpoint": ..., "record": LINE}. What the record says itself is left to it.
 * A line that is an envelope already gets the keys it lacks. `probability` is that of this feed:
 * where there is sampling the record carries its product with the one from before. */
void envelope_write(const struct envelope *envelope, const struct envelope_options *options,
                    double probability, struct buffer *into);

#endif
