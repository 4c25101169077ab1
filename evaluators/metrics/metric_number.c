/* metric_number: answers that are a number, or the letter of an option. */
#include "evaluators/metrics/metric.h"

#include <string.h>
#include "evaluators/answers/choice.h"

/* A marked answer begins with its number; unmarked reasoning ends with it. */
static bool number_of(struct extracted answer, struct arena *arena, struct number *out)
{
    return answer.marked ? number_first(answer.text, arena, out)
                         : number_last(answer.text, arena, out);
}

const char *metric_read_number(struct comparison *comparison)
{
    if (number_of(comparison->answer, comparison->arena, &comparison->number))
        return NULL;
    return comparison->answer.marked ? "not_a_number" : "no_answer";
}

/* A reference of one line is an answer as it stands; of a worked solution, its marked answer. */
static bool number_of_reference(const struct comparison *comparison, struct str reference,
                                struct number *out)
{
    struct extracted answer;
    if (!extract_answer(EXTRACT_FINAL_ANSWER, comparison->options->field, reference,
                        comparison->arena, &answer))
        return false;
    answer.marked = answer.marked || !memchr(answer.text.data, '\n', answer.text.size);
    return number_of(answer, comparison->arena, out);
}

const char *compare_numeric(struct comparison *comparison, struct str reference,
                            struct nearness *out)
{
    const struct metric_options *options = comparison->options;
    const struct number *actual = &comparison->number;
    struct number expected;
    if (!number_of_reference(comparison, reference, &expected))
        return "reference_not_a_number";
    bool equal =
        !comparison->failure && (number_equal(actual, &expected, options->tolerance) ||
                                 (options->tolerance_absolute >= 0 &&
                                  number_near(actual, &expected, options->tolerance_absolute)));
    *out = nearness_of(equal);
    return NULL;
}

const char *compare_choice(struct comparison *comparison, struct str reference,
                           struct nearness *out)
{
    struct str prompt = comparison->sample->prompt;
    char expected = choice_letter(reference, prompt, comparison->arena);
    if (!expected)
        return compare_tokens_equal(comparison, reference, out);
    *out =
        nearness_of(choice_letter(comparison->answer.text, prompt, comparison->arena) == expected);
    return NULL;
}
