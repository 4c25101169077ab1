/* call: one question on its way to an endpoint, and where it waits; of the answerer alone. */
#ifndef ASSAY_CALL_H
#define ASSAY_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/question.h"
#include "worker/answer/budget.h"
#include "worker/answer/schedule.h"

enum { CALL_KEY_ID_BYTES = 130 }; /* AWS: at most 128 */

struct call {
    struct scheduled scheduled;   /* first */
    struct call *next, *previous; /* of the line, or of those in flight */
    bool in_line;
    size_t line;               /* which of the lines: that of its target */
    unsigned round;            /* of the target's throttle, when it was sent */
    struct answerer *answerer; /* NULL: it is gone, throw the reply away */
    struct question *question; /* NULL: cancelled, likewise */
    struct arena *arena;
    void (*answered)(void *owner, struct question *question);
    void *owner;
    int64_t deadline_ms;       /* steady clock */
    unsigned attempts, pauses; /* quick ones since the last pause; pauses so far */
    struct budget_receipt receipt; /* of the call in flight */
    bool refreshed;            /* new credentials were tried */
    const char *refusal;       /* the configuration forbids it: not to be sent at all */
    char nonce[QUESTION_NONCE_BYTES];
    char access_key_id[CALL_KEY_ID_BYTES]; /* that the call in flight was signed with */
};

struct line {
    struct call *first, *last;
};

void line_append(struct line *line, struct call *call);
void line_remove(struct line *line, struct call *call);

/* Every call that is not in flight: in one of the lines, scheduled for its deadline; or parked,
 * scheduled for the end of its pause or its deadline, whichever is sooner. */
struct waiting {
    struct line *lines; /* one for each target */
    struct schedule schedule;
};

/* At the end of its line; a parked one is parked no longer. */
void waiting_in_line(struct waiting *waiting, struct call *call);
/* Until `resume_ms` of the steady clock. The call stood nowhere. */
void waiting_parked(struct waiting *waiting, struct call *call, int64_t resume_ms);
/* Wherever it waits. */
void waiting_leave(struct waiting *waiting, struct call *call);

#endif
