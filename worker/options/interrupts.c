/* interrupts: Ctrl-C ends a command's work in order; a second one ends the program at once. */
#include "worker/options/interrupts.h"

#include <stddef.h>
#include "worker/net/http.h"

volatile sig_atomic_t interrupted;
static struct http *volatile client;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
    if (client)
        http_interrupt(client);
}

void interrupts_catch(void)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupts_wake(struct http *waiting)
{
    client = waiting;
}
