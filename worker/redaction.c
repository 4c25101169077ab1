/* redaction: the masks that text at rest wears. */
#include "worker/redaction.h"

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
