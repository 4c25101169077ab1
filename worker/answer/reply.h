/* reply: what a call's reply says: an answer, or what to do now. */
#ifndef ASSAY_REPLY_H
#define ASSAY_REPLY_H

#include "worker/answer/invoke.h"
#include "worker/answer/retry.h"

struct reply {
    struct retry_advice advice;
    int64_t asked_ms;            /* how long it asks to wait, within limits; 0: not at all */
    struct invoke_answer answer; /* with RETRY_NOT_NEEDED; texts are in the arena */
};

/* `arena` NULL: nobody wants the answer any more, it is not read. */
void reply_read(const struct http_reply *from, struct arena *arena, struct reply *out);

#endif
