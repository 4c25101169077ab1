/* exit_code: how commands end. */
#ifndef ASSAY_EXIT_CODE_H
#define ASSAY_EXIT_CODE_H

enum exit_code {
    EXIT_FINE = 0,
    EXIT_BELOW = 1,         /* a threshold was not met, or a drift was found */
    EXIT_USAGE = 2,         /* the command line, a rubric or a configuration is wrong */
    EXIT_COULD_NOT = 3,     /* the world is in the way: a file, a broker, a disk */
    EXIT_INTERRUPTED = 130, /* Ctrl-C, as shells count it */
};

#endif
