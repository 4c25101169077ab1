/* redaction: the masks that text at rest wears, made of the packs that ship. */
#ifndef ASSAY_REDACTION_H
#define ASSAY_REDACTION_H

#include "evaluators/rules/redact.h"
#include "worker/store/store.h"

/* Of the packs pii and secrets. NULL after adding problems; free with redactor_free. */
struct redactor *redaction_load(struct problems *problems);

/* "redacted", "full", "none". False: it is none of them. */
bool text_policy_find(const char *word, enum text_policy *out);

/* A policy as commands use it: one for all threads. */
struct redaction {
    enum text_policy policy;
    struct redactor *redactor; /* TEXT_REDACTED */
};
/* FATAL when the policy is TEXT_REDACTED and there is nothing to redact by. */
bool redaction_open(struct redaction *redaction, enum text_policy policy, struct error *error);
void redaction_close(struct redaction *redaction);

/* One thread's way to mask: what store_config.mask takes as its owner. */
struct masker {
    const struct redaction *redaction;
    struct scratch *scratch;
};
struct masker masker_make(const struct redaction *redaction);
struct str masker_mask(void *masker, struct str text, struct arena *arena);
void masker_clear(struct masker *masker);

#endif
