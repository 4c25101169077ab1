/* pattern_trial: refuses a pattern that a hostile text can make slow. */
#include "evaluators/rules/pattern_trial.h"

#include "schema/base/arena.h"
#include "evaluators/rules/pattern_subjects.h"

enum {
    SHORTEST_BYTES = 256,
    SHOWN_BYTES_MAX = 60, /* of a repetition, in a message */
    SURELY = 4,           /* so many budgets expected: it is not tried further */
};

struct trial {
    const struct pattern *pattern;
    struct str source;
    struct pattern_scratch *scratch;
    size_t *steps_left;
    struct error *error;
};

/* What one text cost. */
struct cost {
    size_t bytes, steps;
    bool within; /* the budget, and the limit of one place */
};

static struct cost cost_at(const struct trial *trial, const struct subject *subject, size_t bytes)
{
    struct arena arena = {0};
    struct str text = subject_text(subject, bytes, &arena);
    struct cost cost = {.bytes = text.size};
    size_t allowed = *trial->steps_left < TRIAL_STEPS_MAX ? *trial->steps_left : TRIAL_STEPS_MAX;
    cost.within =
        pattern_count_steps(trial->pattern, text, allowed, trial->scratch, &cost.steps);
    *trial->steps_left -= cost.steps < allowed ? cost.steps : allowed;
    arena_clear(&arena);
    return cost;
}

/* Steps at the longest subject when they go on growing as they did from one cost to the next, at
 * least in proportion. */
static double expected_steps(const struct cost *before, const struct cost *last)
{
    double growth = (double)last->steps / (double)(before->steps + 1);
    double steps = (double)last->steps;
    for (size_t bytes = last->bytes; bytes < PATTERN_SUBJECT_BYTES_MAX; bytes *= 2)
        steps *= growth > 2 ? growth : 2;
    return steps;
}

/* The repetition as a message shows it: whole characters, not too many. */
static struct str shown(const struct subject *subject)
{
    struct str text = subject->repetition;
    if (text.size == 0)
        return STR("the pattern");
    if (text.size <= SHOWN_BYTES_MAX)
        return text;
    text.size = SHOWN_BYTES_MAX;
    while (((unsigned char)text.data[text.size] & 0xc0) == 0x80)
        text.size--;
    return text;
}

static bool refuse(const struct trial *trial, const struct subject *subject, size_t bytes,
                   double steps)
{
    struct str text = shown(subject);
    size_t offset =
        subject->repetition.size ? (size_t)(subject->repetition.data - trial->source.data) : 0;
    return error_set(trial->error, ERROR_INPUT,
                     "%.*s at offset %zu can be made slow: a text of %zu bytes takes %.2g steps, "
                     "allowed are %.2g; %s, or put a literal in front of it that its own "
                     "characters do not repeat",
                     STR_ARGS(text), offset, bytes, steps, (double)TRIAL_STEPS_MAX,
                     subject->is_endless ? "bound it, as {1,200}" : "make its bounds smaller");
}

static bool refuse_one_place(const struct trial *trial, const struct subject *subject, size_t bytes)
{
    struct str text = shown(subject);
    size_t offset =
        subject->repetition.size ? (size_t)(subject->repetition.data - trial->source.data) : 0;
    return error_set(trial->error, ERROR_INPUT,
                     "%.*s at offset %zu can be made slow: a text of %zu bytes takes more than %d "
                     "steps at one place, since it can be divided in many ways; make the inner "
                     "repetition possessive (a++), or let each part begin with a character that "
                     "the part before it does not match",
                     STR_ARGS(text), offset, bytes, PATTERN_STEPS_MAX);
}

static bool refuse_cost(const struct trial *trial, const struct subject *subject,
                        const struct cost *cost)
{
    if (*trial->steps_left == 0)
        return error_set(trial->error, ERROR_INPUT,
                         "the patterns before this one took all %.2g steps that trying a set of "
                         "rules may take; mend those that were refused, or make it two criteria",
                         (double)TRIAL_STEPS_OF_SET);
    if (cost->steps <= TRIAL_STEPS_MAX)
        return refuse_one_place(trial, subject, cost->bytes);
    return refuse(trial, subject, cost->bytes, (double)cost->steps);
}

static bool try_subject(const struct trial *trial, const struct subject *subject)
{
    size_t fixed = subject->prefix.size + subject->pump.size + subject->end.size;
    size_t bytes = SHORTEST_BYTES > 2 * fixed ? SHORTEST_BYTES : 2 * fixed;
    struct cost last = cost_at(trial, subject, bytes);
    while (last.within && bytes < PATTERN_SUBJECT_BYTES_MAX) {
        struct cost before = last;
        bytes = 2 * bytes < PATTERN_SUBJECT_BYTES_MAX ? 2 * bytes : PATTERN_SUBJECT_BYTES_MAX;
        last = cost_at(trial, subject, bytes);
        double expected = expected_steps(&before, &last);
        if (last.within && expected <= TRIAL_STEPS_MAX)
            return true;
        if (last.within && before.bytes >= subject->settled_bytes &&
            expected > (double)SURELY * TRIAL_STEPS_MAX)
            return refuse(trial, subject, PATTERN_SUBJECT_BYTES_MAX, expected);
    }
    return last.within || refuse_cost(trial, subject, &last);
}

bool pattern_trial(struct str source, unsigned flags, struct pattern_scratch *scratch,
                   size_t *steps_left, struct error *error)
{
    struct pattern *pattern = pattern_compile_counted(source, flags, error);
    struct arena arena = {0};
    struct trial trial = {pattern, source, scratch, steps_left, error};
    struct subject *subjects = arena_new(&arena, PATTERN_SUBJECTS_MAX, sizeof *subjects);
    size_t count = pattern ? pattern_subjects(source, flags, scratch, &arena, subjects) : 0;
    bool fine = pattern != NULL;
    for (size_t i = 0; i < count && fine; i++)
        fine = try_subject(&trial, &subjects[i]);
    arena_clear(&arena);
    pattern_free(pattern);
    return fine;
}
