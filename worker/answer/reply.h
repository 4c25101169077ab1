/* reply: what a call's reply says: an answer, or what to do now. */
#ifndef ASSAY_REPLY_H
#define ASSAY_REPLY_H

#include "worker/answer/invoke.h"
#include "worker/answer/retry.h"

struct reply {
    struct retry_advice advice;
    int64_t asked_ms;            /* how long it asks to wait, within limits; 0: not at all */
    struct invoke_answer answer; /* with RETRY_NOT_NEEDED; texts are in the arena */
    bool unspent;                /* refused before a model saw it: it cost no tokens */
};

/* To `question`; NULL: nobody wants the answer any more, it is not read. */
void reply_read(const struct http_reply *from, const struct question *question,
                struct arena *arena, struct reply *out);

/* The most tokens that a call with this body can cost. */
int64_t reply_tokens_most(size_t body_bytes, int64_t max_tokens);
/* What it cost of them: as the reply says, or the most where it does not say. */
int64_t reply_tokens(const struct reply *reply, int64_t max_tokens, int64_t most);

#endif
