/* fleet_worker: `assay run --rerun-topic`: lanes over a topic of chunks, until they are to stop. */
#include "worker/rerun/fleet_worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "worker/options/exit_code.h"
#include "worker/options/plugins.h"
#include "worker/rerun/fleet_lane.h"

enum { LOOK_MS = 100, IDLE_LOOKS = 10 };

struct worker {
    struct fleet_lane *lanes[LANES_MAX];
    pthread_t threads[LANES_MAX];
    size_t count;
};

static bool start_lanes(struct worker *worker, const struct run_options *options,
                        struct error *error)
{
    for (int64_t i = 0; i < options->lanes; i++) {
        struct fleet_lane *lane = fleet_lane_new(options);
        if (pthread_create(&worker->threads[i], NULL, fleet_lane_run, lane) != 0) {
            fleet_lane_free(lane);
            return error_set(error, ERROR_FATAL, "cannot start a thread: %s", strerror(errno));
        }
        worker->lanes[worker->count++] = lane;
    }
    return true;
}

static void stop_lanes(struct worker *worker)
{
    for (size_t i = 0; i < worker->count; i++)
        fleet_lane_stop(worker->lanes[i]);
    for (size_t i = 0; i < worker->count; i++)
        pthread_join(worker->threads[i], NULL);
}

static bool all_idle(const struct worker *worker)
{
    for (size_t i = 0; i < worker->count; i++)
        if (!fleet_lane_idle(worker->lanes[i]))
            return false;
    return true;
}

static const struct error *first_error(const struct worker *worker)
{
    for (size_t i = 0; i < worker->count; i++)
        if (fleet_lane_error(worker->lanes[i]))
            return fleet_lane_error(worker->lanes[i]);
    return NULL;
}

/* Until a signal, the end of the topic or a lane's error. */
static void supervise(const struct worker *worker, bool until_end, const sigset_t *signals)
{
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
    for (int idle = 0; idle < IDLE_LOOKS && !first_error(worker);) {
        int signal = sigtimedwait(signals, NULL, &look);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        idle = until_end && all_idle(worker) ? idle + 1 : 0;
    }
}

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP); /* a run keeps the rubrics it was planned with */
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int fleet_worker_run(const struct run_options *options)
{
    struct worker worker = {0};
    struct error error = {0};
    sigset_t signals;
    if (!plugins_start("assay run", &options->evaluators))
        return EXIT_USAGE;
    block_signals(&signals);
    if (start_lanes(&worker, options, &error))
        supervise(&worker, options->until_end, &signals);
    stop_lanes(&worker);
    const struct error *why = error.kind == ERROR_NONE ? first_error(&worker) : &error;
    if (why)
        fprintf(stderr, "assay run: %s\n", why->text);
    int exit_code = why ? EXIT_COULD_NOT : EXIT_FINE;
    for (size_t i = 0; i < worker.count; i++)
        fleet_lane_free(worker.lanes[i]);
    return exit_code;
}
