/* redact: a text in which everything that rule packs find is replaced by masks. */
#ifndef ASSAY_REDACT_H
#define ASSAY_REDACT_H

#include "schema/base/arena.h"
#include "schema/base/problems.h"
#include "schema/base/str.h"
#include "evaluators/evaluator.h"

/* Read-only after redactor_new, shared by threads. */
struct redactor;

/* Rules of all the packs (NULL-terminated names), wherever they look. `context` gives the packs and
 * the path of problems. NULL when there was a problem. The packs need not outlive the call. */
struct redactor *redactor_new(const struct evaluator_context *context, const char *const *packs,
                              struct problems *problems);
void redactor_free(struct redactor *redactor);

/* The text (valid UTF-8) with a mask in place of each found span, "[redacted:email:v1:17]": rule,
 * version of its pack, length in code points. Spans that overlap become one mask, named by the most
 * severe rule, then the first. What looks like a mask in the text is masked itself
 * ("[redacted:mask:v0:10]"), so that every mask in the result is ours. The result lives in the
 * arena or is the text itself. Absent (data NULL) when a limit was hit or a rule found more than
 * RULES_MATCHES_MAX: such a text must not be stored. */
struct str redact(const struct redactor *redactor, struct str text, struct scratch *scratch,
                  struct arena *arena);

#endif
