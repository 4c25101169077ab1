/* redaction: the masks that text at rest wears, made of the packs that ship. */
#ifndef ASSAY_REDACTION_H
#define ASSAY_REDACTION_H

#include "evaluators/rules/redact.h"

/* Of the packs pii and secrets. NULL after adding problems; free with redactor_free. */
struct redactor *redaction_load(struct problems *problems);

#endif
