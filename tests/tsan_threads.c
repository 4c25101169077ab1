/* tsan_threads: threads and locks that ThreadSanitizer sees. gcc 12's does not know those of C11,
 * by which librdkafka starts its threads and locks, and crashes in the first allocation of one.
 * Here they are pthread's again, as they are inside glibc. Linked into the tsan preset only. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

#define SEEN __attribute__((visibility("default")))

struct start {
    thrd_start_t run;
    void *argument;
};

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    return (void *)(intptr_t)start.run(start.argument);
}

SEEN int thrd_create(thrd_t *out, thrd_start_t function, void *argument)
{
    struct start *start = malloc(sizeof *start);
    if (!start)
        return thrd_nomem;
    *start = (struct start){function, argument};
    return pthread_create(out, NULL, run, start) == 0 ? thrd_success : thrd_error;
}

SEEN int thrd_join(thrd_t thread, int *out)
{
    void *result;
    int failed = pthread_join(thread, &result);
    if (out)
        *out = (int)(intptr_t)result;
    return failed ? thrd_error : thrd_success;
}

static pthread_mutex_t *mutex(mtx_t *mtx)
{
    return (pthread_mutex_t *)mtx;
}

static pthread_cond_t *condition(cnd_t *cnd)
{
    return (pthread_cond_t *)cnd;
}

SEEN int mtx_init(mtx_t *mtx, int type)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE
                                                          : PTHREAD_MUTEX_NORMAL);
    int failed = pthread_mutex_init(mutex(mtx), &kind);
    pthread_mutexattr_destroy(&kind);
    return failed ? thrd_error : thrd_success;
}

SEEN void mtx_destroy(mtx_t *mtx)
{
    pthread_mutex_destroy(mutex(mtx));
}

SEEN int mtx_lock(mtx_t *mtx)
{
    return pthread_mutex_lock(mutex(mtx)) ? thrd_error : thrd_success;
}

SEEN int mtx_trylock(mtx_t *mtx)
{
    return pthread_mutex_trylock(mutex(mtx)) ? thrd_busy : thrd_success;
}

SEEN int mtx_unlock(mtx_t *mtx)
{
    return pthread_mutex_unlock(mutex(mtx)) ? thrd_error : thrd_success;
}

SEEN int cnd_init(cnd_t *cnd)
{
    return pthread_cond_init(condition(cnd), NULL) ? thrd_error : thrd_success;
}

SEEN void cnd_destroy(cnd_t *cnd)
{
    pthread_cond_destroy(condition(cnd));
}

SEEN int cnd_signal(cnd_t *cnd)
{
    return pthread_cond_signal(condition(cnd)) ? thrd_error : thrd_success;
}

SEEN int cnd_broadcast(cnd_t *cnd)
{
    return pthread_cond_broadcast(condition(cnd)) ? thrd_error : thrd_success;
}

SEEN int cnd_wait(cnd_t *cnd, mtx_t *mtx)
{
    return pthread_cond_wait(condition(cnd), mutex(mtx)) ? thrd_error : thrd_success;
}

SEEN int cnd_timedwait(cnd_t *cnd, mtx_t *mtx, const struct timespec *until)
{
    int failed = pthread_cond_timedwait(condition(cnd), mutex(mtx), until);
    return failed == 0 ? thrd_success : failed == ETIMEDOUT ? thrd_timedout : thrd_error;
}
