/* choice: which of the lettered options of a question an answer names. */
#ifndef ASSAY_CHOICE_H
#define ASSAY_CHOICE_H

#include "schema/base/arena.h"
#include "schema/base/str.h"

/* 'A' to 'Z', or 0. The letter is read from "B", "b)", "B. text", "(B)", "option B"; else the text
 * is looked up among the options that stand as lines "(B) text", "B) text" or "B. text" in the
 * prompt, compared as SQuAD's exact match compares. */
char choice_letter(struct str answer, struct str prompt, struct arena *arena);

#endif
