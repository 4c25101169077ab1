/* lane_jobs: deliveries in flight, in lists. */
#include "schema/base/memory.h"
#include "worker/lane/lane_inside.h"

void jobs_add(struct jobs *jobs, struct job *job)
{
    job->next = NULL;
    job->previous = jobs->last;
    if (jobs->last)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
    jobs->count++;
}

void jobs_remove(struct jobs *jobs, struct job *job)
{
    if (job->previous)
        job->previous->next = job->next;
    else
        jobs->first = job->next;
    if (job->next)
        job->next->previous = job->previous;
    else
        jobs->last = job->previous;
    jobs->count--;
}

struct job *job_new(struct lane *lane)
{
    struct job *job = lane->spare.last;
    if (job)
        jobs_remove(&lane->spare, job);
    else
        job = memory_new(1, sizeof *job);
    job->lane = lane;
    job->counted = false;
    job->captured = 0;
    return job;
}

void job_end(struct job *job)
{
    struct lane *lane = job->lane;
    evaluation_clear(&job->evaluation);
    kafka_release(job->handle);
    lane->bytes_in_flight -= job->bytes;
    jobs_add(&lane->spare, job);
}
