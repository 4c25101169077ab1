/* taken_up: whether a sentence speaks of what was asked. */
#ifndef ASSAY_TAKEN_UP_H
#define ASSAY_TAKEN_UP_H

#include "schema/base/arena.h"
#include "schema/base/str.h"

enum { QUESTION_WORDS_MAX = 64 }; /* more of a question are not looked at */

/* The share of the question's words that stand in the sentence too, in [0,1]; 0 when it has none.
 * English words that carry no meaning of their own ("why", "should") do not count, and two words
 * are the same when their first five characters are: "steal" and "stealing". Both texts are valid
 * UTF-8 and short, some kilobytes. */
double taken_up(struct str question, struct str sentence, struct arena *arena);

#endif
