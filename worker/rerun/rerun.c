/* rerun: the threads of a run, its progress and its end. */
#include "worker/rerun/rerun.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/lane/groups.h"
#include "worker/options/progress.h"
#include "worker/store/store.h"

enum { LOOK_MS = 100 };

static const char MASK[] = "[redacted:"; /* as evaluators/rules/redact.h writes them */

/* A thread, and what became of it. */
struct worker {
    struct rerun *rerun;
    struct rerun_lane *lane;
    pthread_t thread;
    bool started, fine;
    struct error error;
    int ended; /* eventfd of all: one is added when it has ended */
};

bool rerun_wants(const struct rerun *rerun, const struct history_record *record,
                 const struct buffer *bytes, struct sample *sample)
{
    const struct selection *selection = &rerun->selection;
    sample->masked = record->redacted &&
                     memmem(bytes->data, bytes->size, MASK, sizeof MASK - 1) != NULL;
    return selection_takes(selection, sample->model, sample->endpoint, sample->observed_at_ms) &&
           selection_takes_stratum(selection, sample->stratum);
}

static void *run_lane(void *owner)
{
    struct worker *worker = owner;
    worker->fine = rerun_lane_run(worker->lane, &worker->error);
    if (!worker->fine)
        *worker->rerun->stop = 1; /* the others end, too */
    eventfd_write(worker->ended, 1);
    return NULL;
}

/* Responses of a group are compared where all of them meet: in one thread's shard. */
static size_t thread_count(const struct rerun *rerun)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t wanted = rerun->options->threads ? rerun->options->threads : cores < 1 ? 1 : cores;
    if (groups_are_compared(rerun->set))
        return 1;
    return (size_t)(wanted < RERUN_THREADS_MAX ? wanted : RERUN_THREADS_MAX);
}

static bool keep_description(struct rerun *rerun, struct store *store, struct error *error)
{
    if (rerun->resumed)
        return true;
    char *text = json_dumps(rerun->description, JSON_COMPACT | JSON_SORT_KEYS);
    bool fine = store_run_begin(store, text, error);
    free(text);
    return fine;
}

static bool open_lanes(struct rerun *rerun, struct worker *workers, size_t count,
                       struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        workers[i].rerun = rerun;
        workers[i].lane = rerun_lane_new(rerun, error);
        if (!workers[i].lane)
            return false;
    }
    return keep_description(rerun, rerun_lane_store(workers[0].lane), error);
}

/* Shows progress until `count` threads have ended. */
static void watch(const struct rerun *rerun, int ended, size_t count)
{
    struct pollfd look = {.fd = ended, .events = POLLIN};
    struct progress progress;
    int64_t before = rerun->finished;
    double planned = (double)(rerun->planned - before);
    progress_start(&progress, "scoring");
    while (count) {
        eventfd_t one;
        if (poll(&look, 1, LOOK_MS) == 1 && eventfd_read(ended, &one) == 0)
            count--;
        int64_t done = rerun->finished - before;
        progress_show(&progress, planned > 0 ? (double)done / planned : 1, done, "samples");
    }
    progress_end(&progress);
}

static size_t start_lanes(struct worker *workers, size_t count, int ended)
{
    size_t started = 0;
    for (size_t i = 0; i < count; i++) {
        workers[i].ended = ended;
        workers[i].started = pthread_create(&workers[i].thread, NULL, run_lane, &workers[i]) == 0;
        started += workers[i].started;
    }
    return started;
}

static bool run_lanes(struct rerun *rerun, struct worker *workers, size_t count,
                      struct error *error)
{
    int ended = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    if (ended < 0)
        return error_set(error, ERROR_FATAL, "cannot make an eventfd: %s", strerror(errno));
    watch(rerun, ended, start_lanes(workers, count, ended));
    for (size_t i = 0; i < count; i++) {
        if (workers[i].started)
            pthread_join(workers[i].thread, NULL);
        else
            error_set(&workers[i].error, ERROR_FATAL, "cannot start a thread");
        if (workers[i].error.kind != ERROR_NONE && error->kind == ERROR_NONE)
            *error = workers[i].error;
    }
    close(ended);
    return error->kind == ERROR_NONE;
}

bool rerun_run(struct rerun *rerun, struct error *error)
{
    size_t count = thread_count(rerun);
    struct worker *workers = memory_new(count, sizeof *workers);
    rerun->part = 0;
    rerun->position = -1;
    bool fine = open_lanes(rerun, workers, count, error) &&
                run_lanes(rerun, workers, count, error) &&
                (rerun->finished < rerun->planned ||
                 store_run_end(rerun_lane_store(workers[0].lane), error));
    for (size_t i = 0; i < count; i++)
        rerun_lane_free(workers[i].lane);
    free(workers);
    return fine;
}
