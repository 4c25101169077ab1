/* demo_judge: what the stand-in for a judge model replies. */
#ifndef ASSAY_DEMO_JUDGE_H
#define ASSAY_DEMO_JUDGE_H

#include <stdbool.h>
#include "schema/base/buffer.h"

/* Appends the reply to a body of chat completions that asks by the templates `relevance` or `tone`.
 * It counts words; no model is asked. Equal texts get equal verdicts. False when the body is
 * something else. */
bool demo_judge_reply(struct str body, struct buffer *out);

#endif
