/* call: one question on its way to an endpoint, and where it waits. */
#include "worker/answer/call.h"

void line_append(struct line *line, struct call *call)
{
    call->previous = line->last;
    call->next = NULL;
    *(line->last ? &line->last->next : &line->first) = call;
    line->last = call;
}

void line_remove(struct line *line, struct call *call)
{
    *(call->previous ? &call->previous->next : &line->first) = call->next;
    *(call->next ? &call->next->previous : &line->last) = call->previous;
    call->next = call->previous = NULL;
}

void waiting_in_line(struct waiting *waiting, struct call *call)
{
    call->in_line = true;
    line_append(&waiting->lines[call->line], call);
    schedule_set(&waiting->schedule, &call->scheduled, call->deadline_ms);
}

void waiting_parked(struct waiting *waiting, struct call *call, int64_t resume_ms)
{
    schedule_set(&waiting->schedule, &call->scheduled,
                 resume_ms < call->deadline_ms ? resume_ms : call->deadline_ms);
}

void waiting_leave(struct waiting *waiting, struct call *call)
{
    if (call->in_line)
        line_remove(&waiting->lines[call->line], call);
    call->in_line = false;
    schedule_remove(&waiting->schedule, &call->scheduled);
}
