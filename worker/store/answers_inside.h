/* answers_inside: rows of answers, for the files of this room. */
#ifndef ASSAY_ANSWERS_INSIDE_H
#define ASSAY_ANSWERS_INSIDE_H

#include "schema/question.h"
#include "worker/store/shard.h"

/* What the text policy says of an answer: it may quote the sample. */
bool answer_may_be_kept(const struct store_config *config, struct str answer);
/* Into table answer, in a transaction. One that is there stays. */
void answer_insert(struct db *db, const uint8_t key[SHA256_BYTES], const struct question *question);

#endif
