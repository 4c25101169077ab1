/* schedule: things to be looked at again, earliest first (a binary heap that knows its members). */
#ifndef ASSAY_SCHEDULE_H
#define ASSAY_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

/* Embed it as the first member of what is scheduled. */
struct scheduled {
    int64_t at_ms;   /* steady clock */
    size_t position; /* in the heap, from 1; 0: not scheduled */
};

/* Zero-initialise, then use. Members are borrowed. */
struct schedule {
    struct scheduled **heap;
    size_t count, room;
};

/* Adds it, or moves it when it is there already. */
void schedule_set(struct schedule *schedule, struct scheduled *one, int64_t at_ms);
/* Nothing when it is not scheduled. */
void schedule_remove(struct schedule *schedule, struct scheduled *one);
/* The earliest; NULL when there is none. */
struct scheduled *schedule_first(const struct schedule *schedule);
/* Forgets the members and gives the memory back. */
void schedule_clear(struct schedule *schedule);

#endif
