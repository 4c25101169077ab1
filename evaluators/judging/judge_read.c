/* judge_read: from what became of a judge's question to a score. */
#include "evaluators/judging/judge.h"

#include <string.h>

/* A text that looks as if it were written for the judge is reported; the verdict stands. */
static bool suspicious(const struct judge *judge, const struct sample *sample)
{
    for (unsigned input = JUDGE_CONTEXT; input <= JUDGE_RESPONSE; input <<= 1)
        if ((judge->inputs & input) && judge_suspects(judge_shown(sample, input)))
            return true;
    return false;
}

/* The judge's reasoning may quote the sample: only the verdict is kept. */
static struct score read_reply(const struct judge *judge, const struct question *question,
                               const struct sample *sample, struct arena *arena)
{
    struct verdict verdict;
    if (question->finish_reason && strcmp(question->finish_reason, "length") == 0)
        return score_without_value(SCORE_ERROR, "truncated");
    const char *failure = verdict_parse(question->answer, question->nonce, &judge->scale, &verdict);
    if (failure)
        return score_without_value(SCORE_ERROR, failure);
    if (verdict.unknown)
        return score_without_value(SCORE_NOT_APPLICABLE, "judge_unknown");
    struct score score =
        score_value(verdict.value, suspicious(judge, sample) ? "injection_suspect" : NULL);
    score.label = verdict.label ? verdict.label->name
                                : arena_printf(arena, "%lld", (long long)verdict.number);
    return score;
}

struct score judge_read(const struct judge *judge, const struct question *question,
                        const struct sample *sample, struct arena *arena)
{
    switch (question ? question->status : ANSWER_NONE) {
    case ANSWER_RECEIVED:
        return read_reply(judge, question, sample, arena);
    case ANSWER_FAILED:
        return score_without_value(SCORE_ERROR, question->failure);
    case ANSWER_SKIPPED:
        return score_without_value(SCORE_SKIPPED, question->failure);
    case ANSWER_NONE:
        break;
    }
    return score_without_value(SCORE_SKIPPED, "judge_not_asked");
}
