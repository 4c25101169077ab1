/* terminal: how a delivery ended. Every delivered offset ends in exactly one of these states. */
#ifndef ASSAY_TERMINAL_H
#define ASSAY_TERMINAL_H

enum terminal_state {
    TERMINAL_SCORED,        /* at least one rubric spoke; single criteria may still have errored */
    TERMINAL_DUPLICATE,     /* the same sample id came before in this tenure */
    TERMINAL_UNMATCHED,     /* no rubric is meant for it; or it is a call of assay's own; or it was
                               not chosen by sampling (reason TERMINAL_NOT_SAMPLED) */
    TERMINAL_INVALID,       /* no sample could be read: the reason has the code */
    TERMINAL_DEAD_LETTERED, /* set aside for a person */
};

/* The reason of a delivery that counts as traffic and is not evaluated. */
#define TERMINAL_NOT_SAMPLED "not_sampled"

/* As JSON, SQL and metrics spell it. */
const char *terminal_state_name(enum terminal_state state);

#endif
