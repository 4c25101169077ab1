/* rule_examples: do a pack's rules match what their examples say they match? */
#ifndef ASSAY_RULE_EXAMPLES_H
#define ASSAY_RULE_EXAMPLES_H

#include <jansson.h>
#include "schema/base/problems.h"

/* Runs every example of every rule through both engines of PCRE2, with and without the keyword
 * prefilter. Each example that is not as said, each rule without examples of both kinds, and each
 * disagreement is a problem below `path`. True when all is well. */
bool rule_examples_check(const json_t *pack, const char *path, struct problems *problems);

#endif
