/* progress: how far a command is, on a terminal, when it takes longer than a second. */
#ifndef ASSAY_PROGRESS_H
#define ASSAY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Plain data; one thread. */
struct progress {
    const char *label; /* "scoring" */
    int64_t started_ms, drawn_ms;
    bool shown, terminal;
};

void progress_start(struct progress *progress, const char *label);
/* May be called often: draws on standard error at most ten times a second, and only on a terminal.
 * `share` of the work is in [0,1], negative when it is not known; `count` things are done. */
void progress_show(struct progress *progress, double share, int64_t count, const char *things);
/* Takes the bar away, so that what is printed next stands on a clean line. */
void progress_end(struct progress *progress);

#endif
