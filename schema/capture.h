/* capture: from a capture record's bytes to a sample. */
#ifndef ASSAY_CAPTURE_H
#define ASSAY_CAPTURE_H

#include "schema/base/arena.h"
#include "schema/base/error.h"
#include "schema/sample.h"

enum { CAPTURE_RECORD_BYTES_MAX = 128 << 20 }; /* from files; Kafka's limit is the topic's */

/* Why a record has no sample: a code that is stored, counted and shown, never its text. */
struct capture_reason {
    const char *code; /* "not_json", "invalid_utf8", "no_response", "error_response", ... static */
    size_t at; /* byte where it was noticed, after any byte order mark; 0: that says nothing */
};

/* Decodes one record of any known form (schema/README.md lists them). On success every text of
 * `out` lives in `record` or in the arena. `default_id` names samples that carry no id; the caller
 * keeps it alive. False and a reason otherwise. */
bool capture_decode(struct str record, struct str default_id, struct arena *arena,
                    struct sample *out, struct capture_reason *reason);

#endif
