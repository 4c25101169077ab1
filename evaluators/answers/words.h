/* words: the words of a text in any script. */
#ifndef ASSAY_WORDS_H
#define ASSAY_WORDS_H

#include "evaluators/answers/text.h"

/* In NFKC_Casefold: runs of letters and digits with the marks behind them; scripts without spaces
 * between words letter by letter; emoji and other symbols one by one. Punctuation is dropped. False
 * when there are more than TEXT_TOKENS_MAX, or the text is too long to fold. */
bool words_split(struct str text, struct arena *arena, struct text_tokens *out);

#endif
