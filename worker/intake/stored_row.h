/* stored_row: a row of a delivery becomes a record of history. */
#ifndef ASSAY_STORED_ROW_H
#define ASSAY_STORED_ROW_H

#include "worker/intake/history.h"
#include "worker/store/db.h"

/* Columns of stored_rows_sql; others are this file's own. */
enum {
    STORED_OFFSET, STORED_STATE, STORED_SAMPLE, STORED_MODEL, STORED_ENDPOINT, STORED_COMPONENT,
    STORED_OBSERVED, STORED_LATENCY, STORED_INPUT_TOKENS, STORED_OUTPUT_TOKENS, STORED_PROBABILITY,
    STORED_POLICY, STORED_BYTES, STORED_BODY, STORED_PROMPT_BYTES, STORED_RESPONSE_BYTES,
    STORED_FORM, STORED_SHARE,
};

/* Live's deliveries of a source, from an offset up to another, with their texts; ascending. Of a
 * shard of this schema version. Static. */
const char *stored_rows_sql(int64_t version);

/* Adds the capture record that was kept. */
void stored_row_text(struct statement *row, struct chunk *out);
/* Adds what is known without the text: what the row says, and the scores of the delivery, as
 * stored_scores.h reads them. */
void stored_row_scores(struct statement *row, struct db *db, int64_t source, struct chunk *out);

#endif
