/* chunk_message: a part of a rerun's history, as a message that any worker can do.
 * schema/rerun-chunk.schema.json. */
#ifndef ASSAY_CHUNK_MESSAGE_H
#define ASSAY_CHUNK_MESSAGE_H

#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "worker/rerun/rerun.h"

/* Texts are borrowed from `document`. */
struct chunk_message {
    json_t *document;
    const char *run, *plan, *store, *text;
    double leave_for_live;
    int64_t number, count; /* of the plan's chunks, from 0 */
    int64_t planned;       /* records of the whole run */
    int64_t window_ms[2];
    const json_t *asked, *criteria;
    struct {
        const char *topic, *incarnation;
        int32_t partition;
        int64_t from, to; /* positions */
        int64_t records;  /* in them, when it was planned */
    } part;
};

/* INPUT: these bytes are something else. chunk_message_clear in any case. */
bool chunk_message_read(struct str bytes, struct chunk_message *out, struct error *error);
void chunk_message_clear(struct chunk_message *message);

/* The chunks of a run that was planned for a topic: each part in pieces of about so many records.
 * A function of the plan alone, so that a planner which was killed goes on where it was. */
struct chunk_plan {
    const struct rerun *rerun; /* its description */
    const json_t *parts;
    int64_t records;     /* of a chunk, about */
    int64_t count;       /* of chunks */
    char store[4096];    /* absolute */
    /* The next one: */
    int64_t number, piece;
    size_t part;
};
/* How many chunks there are, by the description of the run. */
int64_t chunk_plan_count(const json_t *description);
/* False: FATAL, the store's folder has no name. */
bool chunk_plan_start(struct chunk_plan *plan, const struct rerun *rerun, struct error *error);
/* Replaces what `out` held with the message of the next chunk; false: there are no more. */
bool chunk_plan_next(struct chunk_plan *plan, struct buffer *out);

#endif
