/* progress: how far a command is, on a terminal, when it takes longer than a second. */
#include "worker/options/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "schema/base/clock.h"

enum { SILENT_MS = 1000, REDRAW_MS = 100, BAR_CELLS = 30 };

void progress_start(struct progress *progress, const char *label)
{
    *progress = (struct progress){
        .label = label, .started_ms = clock_steady_ms(), .terminal = isatty(STDERR_FILENO) == 1};
}

static void draw_bar(double share)
{
    char bar[BAR_CELLS + 1];
    int full = (int)(share * BAR_CELLS);
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    fprintf(stderr, " [%s] %3d %%", bar, (int)(share * 100));
}

void progress_show(struct progress *progress, double share, int64_t count, const char *things)
{
    int64_t now_ms = clock_steady_ms();
    if (!progress->terminal || now_ms - progress->started_ms < SILENT_MS ||
        now_ms - progress->drawn_ms < REDRAW_MS)
        return;
    progress->drawn_ms = now_ms;
    progress->shown = true;
    fprintf(stderr, "\r\033[K%s", progress->label);
    if (share >= 0)
        draw_bar(share > 1 ? 1 : share);
    double seconds = (double)(now_ms - progress->started_ms) / 1000;
    fprintf(stderr, " %lld %s, %.0f a second", (long long)count, things, (double)count / seconds);
    if (share > .01)
        fprintf(stderr, ", %.0f s left", seconds * (1 - share) / share);
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}
