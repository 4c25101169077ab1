/* positions: how far each object was fed. */
#ifndef ASSAY_POSITIONS_H
#define ASSAY_POSITIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/buffer.h"
#include "schema/base/error.h"

/* schema/feed-position.schema.json is how it stands in Kafka. */
struct position {
    uint64_t etag;   /* position_etag of the object when it was read */
    int64_t lines;   /* done from the start of the object, blank ones counted */
    uint64_t digest; /* of these lines, so that an object that grew is told from another */
    bool done;       /* all of it was read */
};

uint64_t position_etag(const char *etag);
/* The digest after one more line. */
uint64_t position_digest(uint64_t before, struct str line);

struct positions; /* one thread; about 100 bytes an object, whatever its name */

struct positions *positions_new(void);
void positions_free(struct positions *positions);
/* NULL when the object was never fed. Until the next positions_set. */
const struct position *positions_find(const struct positions *positions, struct str object);
void positions_set(struct positions *positions, struct str object, const struct position *position);

/* The value of a position's message, and back; `etag` as text. False (FATAL): it is none. */
void position_write(struct str object, const char *etag, const struct position *position,
                    struct buffer *into);
bool position_read(struct str text, struct buffer *object, struct position *out,
                   struct error *error);

#endif
