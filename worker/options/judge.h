/* judge: a command's way to ask models: one answerer with all it stands on. */
#ifndef ASSAY_JUDGE_H
#define ASSAY_JUDGE_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/error.h"
#include "schema/question.h"
#include "worker/options/args.h"
#include "worker/store/answers.h"

/* What the command line says; borrowed from argv. Start from JUDGE_DEFAULTS. */
struct judge_options {
    struct judge_identity who;          /* without an endpoint there is no judge */
    struct arg_list sampled;            /* endpoints that may be asked for further responses */
    const char *region, *profile, *url; /* NULL: as the AWS environment says */
    int64_t calls_a_day, tokens_a_day;  /* -1: no limit */
    int64_t in_flight;
    int64_t deadline_s; /* for one question, repeats included */
};
extern const struct judge_options JUDGE_DEFAULTS;
/* Fills a struct judge_options: a group for tables of options. */
enum { JUDGE_ARG_COUNT = 11, JUDGE_WHO_ARG_COUNT = 3 /* the first, of `who` */ };
extern const struct arg JUDGE_ARGS[JUDGE_ARG_COUNT];

/* Whether any model may be asked. */
bool judge_wanted(const struct judge_options *options);

struct judge; /* one thread */

/* The limits of a day are shared with all that use `store`; NULL: they are of this run alone.
 * NULL and `error` (FATAL) when region, credentials or a name is wrong or missing. The options must
 * outlive it. */
struct judge *judge_open(const struct judge_options *options, const char *store,
                         struct error *error);
void judge_close(struct judge *judge);
/* False: why what may be spent could not be reserved; since then questions are skipped. */
bool judge_fine(const struct judge *judge, struct error *error);

/* From now on questions whose answers are known are not asked, and what is answered is remembered,
 * durably before judge_turn returns. The answers are borrowed until judge_close. */
void judge_remember(struct judge *judge, struct answers *answers);
/* No more calls than `*left` says, repeats included, beside the limits of the day; counted down,
 * and shared with other judges. Questions beyond it are skipped: budget. */
void judge_cap(struct judge *judge, _Atomic(int64_t) *left);
/* Calls made, repeats included, and questions that needed none. */
struct judge_counts {
    int64_t calls, remembered;
};
struct judge_counts judge_counts(const struct judge *judge);

/* As answerer_ask, with the deadline of the options. */
void judge_ask(struct judge *judge, struct question *question, struct arena *arena,
               void (*answered)(void *owner, struct question *question), void *owner);
/* Call it when a question was answered: the answer is remembered, if that was asked for. */
void judge_answered(struct judge *judge, const struct question *question);
/* Moves everything that can move; before that waits for a reply, wait_ms_max at most. */
void judge_turn(struct judge *judge, int wait_ms_max);
/* Forgets the questions of an owner. */
void judge_cancel(struct judge *judge, const void *owner);

#endif
