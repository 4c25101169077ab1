/* readings: questions to the judge about several responses, and what became of them. */
#include "evaluators/comparing/comparing.h"

#include <string.h>

static unsigned gravity(enum score_status status)
{
    static const unsigned of[] = {
        [SCORE_SCORED] = 0, [SCORE_NOT_APPLICABLE] = 1, [SCORE_SKIPPED] = 2, [SCORE_ERROR] = 3};
    return of[status];
}

bool readings_add(struct readings *readings, const struct judge *judge,
                  const struct question *question, const struct sample *shown,
                  struct arena *arena, struct score *out)
{
    struct score read = judge_read(judge, question, shown, arena);
    if (read.status == SCORE_SCORED) {
        readings->suspect |= read.reason != NULL;
        *out = read;
        return true;
    }
    if (!readings->failed || gravity(read.status) > gravity(readings->failure.status))
        readings->failure = read;
    readings->failed = true;
    return false;
}

struct question *comparing_question(const struct judge *judge, const struct sample *shown,
                                    unsigned about, struct question *list, struct arena *arena)
{
    struct question *question = judge_question(judge, shown, arena);
    question->about = about;
    question->next = list;
    return question;
}
