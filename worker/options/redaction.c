/* redaction: the masks that text at rest wears. */
#include "worker/options/redaction.h"

#include <string.h>
#include "evaluators/registry.h"
#include "rubrics/packs.h"

struct redactor *redaction_load(struct problems *problems)
{
    static const char *const names[] = {"pii", "secrets", NULL};
    char path[PACKS_PATH_BYTES];
    if (!packs_locate_rubric("general", path)) {
        problems_add(problems, "", "the rule packs that ship are not found; set ASSAY_RUBRICS");
        return NULL;
    }
    struct packs *packs = packs_new(path); /* the packs that stand beside the shipped rubrics */
    const struct evaluator_context context = {.path = "packs", .pack = packs_find, .packs = packs};
    struct redactor *redactor = redactor_new(&context, names, problems);
    packs_free(packs);
    return redactor;
}

bool text_policy_find(const char *word, enum text_policy *out)
{
    static const char *const words[] = {
        [TEXT_NONE] = "none", [TEXT_REDACTED] = "redacted", [TEXT_FULL] = "full"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0) {
            *out = (enum text_policy)i;
            return true;
        }
    return false;
}

bool redaction_open(struct redaction *redaction, enum text_policy policy, struct error *error)
{
    struct problems problems = {0};
    *redaction = (struct redaction){.policy = policy};
    if (policy == TEXT_REDACTED) {
        redaction->redactor = redaction_load(&problems);
        if (!redaction->redactor)
            error_set(error, ERROR_FATAL, "cannot redact (or --text none): %s",
                      problems.count ? problems.lines[0] : "no packs");
    }
    problems_clear(&problems);
    return policy != TEXT_REDACTED || redaction->redactor;
}

void redaction_close(struct redaction *redaction)
{
    redactor_free(redaction->redactor);
}

struct masker masker_make(const struct redaction *redaction)
{
    return (struct masker){redaction, scratch_new()};
}

struct str masker_mask(void *masker, struct str text, struct arena *arena)
{
    const struct masker *one = masker;
    return redact(one->redaction->redactor, text, one->scratch, arena);
}

void masker_clear(struct masker *masker)
{
    scratch_free(masker->scratch);
}
