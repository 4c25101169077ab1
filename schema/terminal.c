/* terminal: how a delivery ended. */
#include "schema/terminal.h"

const char *terminal_state_name(enum terminal_state state)
{
    static const char *const names[] = {
        [TERMINAL_SCORED] = "scored",       [TERMINAL_DUPLICATE] = "duplicate",
        [TERMINAL_UNMATCHED] = "unmatched", [TERMINAL_INVALID] = "invalid",
        [TERMINAL_DEAD_LETTERED] = "dead_lettered",
    };
    return names[state];
}
