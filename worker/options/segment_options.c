/* segment_options: the keys by which samples are told apart, as people type them. */
#include "worker/options/segment_options.h"

#include "worker/options/rubric_list.h"

bool segment_options_check(const struct arg_list *list, const char *option,
                           struct problems *problems)
{
    struct arg_words keys = {0};
    size_t before = problems->total;
    arg_words_split(&keys, list);
    for (size_t i = 0; i < keys.count; i++)
        if (!segment_key_valid(keys.words[i]))
            problems_add(problems, "", "%s \"%.80s\" is none of %s", option, keys.words[i],
                         SEGMENT_KEY_WORDS);
    if (keys.count > SEGMENT_KEYS_MAX)
        problems_add(problems, "", "%s has more than %d keys", option, SEGMENT_KEYS_MAX);
    arg_words_clear(&keys);
    return problems->total == before;
}

bool segment_options_fit(const struct arg_list *list, struct error *error)
{
    struct problems problems = {0};
    if (!segment_options_check(list, "--segment", &problems))
        error_set(error, ERROR_INPUT, "%s", problems.lines[0]);
    problems_clear(&problems);
    return error->kind == ERROR_NONE;
}
