/* answers: what models answered, remembered by what was asked, in a file of the store.
 *
 * A rerun asks it before it asks a model, so that unchanged questions cost nothing, and a rerun
 * that was killed pays for no answer twice. It holds the answers that reruns paid for
 * (answers.sqlite, written by many: see db.h) and looks into the shards of live for those that
 * workers kept. */
#ifndef ASSAY_ANSWERS_H
#define ASSAY_ANSWERS_H

#include <stdbool.h>
#include "schema/base/arena.h"
#include "schema/base/error.h"
#include "schema/question.h"
#include "worker/store/store.h"

struct answers; /* one thread */

/* Of `config->dir`; its text policy says what may be kept: TEXT_NONE nothing, TEXT_REDACTED answers
 * in which nothing is found to mask. The config is borrowed. NULL: FATAL. */
struct answers *answers_open(const struct store_config *config, struct error *error);
/* NULL is fine. */
void answers_close(struct answers *answers);

/* Fills the second half of the question, its texts in the arena, when the answer is known. */
bool answers_find(struct answers *answers, const uint8_t key[SHA256_BYTES],
                  struct question *question, struct arena *arena);
/* Takes in an answer that was received; durable after answers_commit. */
void answers_keep(struct answers *answers, const uint8_t key[SHA256_BYTES],
                  const struct question *question);
/* Durable when true; else nothing since the last one is kept. */
bool answers_commit(struct answers *answers, struct error *error);

#endif
