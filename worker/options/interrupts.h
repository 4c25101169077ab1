/* interrupts: Ctrl-C ends a command's work in order; a second one ends the program at once. */
#ifndef ASSAY_INTERRUPTS_H
#define ASSAY_INTERRUPTS_H

#include <signal.h>

struct http;

extern volatile sig_atomic_t interrupted; /* 1 from the first SIGINT or SIGTERM that was caught on */

/* Catches the next SIGINT and the next SIGTERM. */
void interrupts_catch(void);
/* The client (borrowed; NULL: none) whose wait ends with a signal. */
void interrupts_wake(struct http *waiting);

#endif
