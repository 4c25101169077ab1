/* check_script: is the response written in the script that is expected? */
#include "evaluators/formats/check.h"

static const double CLEARLY = 0.8; /* of a prompt's letters: else it asks in no one script */

/* The script a prompt is clearly written in, or SCRIPT_NONE. */
static enum script script_of_prompt(const struct sample *sample)
{
    struct str text = sample->last_user.data ? sample->last_user : sample->prompt;
    struct script_counts counts = script_count(check_tail(text));
    for (size_t script = 0; script < SCRIPT_COUNT; script++)
        if (script_share(&counts, (enum script)script) >= CLEARLY)
            return (enum script)script;
    return SCRIPT_NONE;
}

enum check_result check_script(const struct check_options *options, const struct sample *sample,
                               struct arena *arena, const char **out_reason)
{
    (void)arena;
    bool same = options->script == SCRIPT_NONE;
    enum script expected = same ? script_of_prompt(sample) : options->script;
    struct script_counts counts = script_count(sample->response);
    *out_reason = expected == SCRIPT_NONE ? "no_script" : "no_letters";
    if (expected == SCRIPT_NONE || counts.all == 0)
        return CHECK_UNKNOWN;
    *out_reason = "wrong_script";
    return script_share(&counts, expected) >= options->script_share ? CHECK_FINE : CHECK_BROKEN;
}
