/* mteval: the tokeniser that BLEU is published with (mteval-v13a). */
#ifndef ASSAY_MTEVAL_H
#define ASSAY_MTEVAL_H

#include "evaluators/answers/text.h"

enum { MTEVAL_BYTES_MAX = 4 << 20 };

/* As sacrebleu's `13a`: case is kept; ASCII punctuation stands alone, but "." and "," stay between
 * digits, and "-" is split off behind a digit only. The tokens lie in the arena. False when the
 * text is longer than MTEVAL_BYTES_MAX or has more than TEXT_TOKENS_MAX tokens. */
bool mteval_tokenise(struct str text, struct arena *arena, struct text_tokens *out);

#endif
