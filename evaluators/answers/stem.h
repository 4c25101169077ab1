/* stem: English words without their endings (Porter's algorithm as NLTK extends it). */
#ifndef ASSAY_STEM_H
#define ASSAY_STEM_H

#include "schema/base/arena.h"
#include "schema/base/str.h"

/* What NLTK's PorterStemmer gives in its default mode, which rouge_scorer uses: Porter 1980, with
 * Porter's own later changes (bli, logi) and NLTK's (a list of irregular words, "ies"/"ied" of
 * short words, y only behind a consonant, alli, fulli). Snowball's `porter` differs from it:
 * "dying" is "dy" there and "die" here. `word` is ASCII in lower case; the stem is the word itself
 * or lies in the arena. */
struct str stem_porter(struct str word, struct arena *arena);

#endif
