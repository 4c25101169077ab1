/* rubric_list: the rubrics that a command line names. */
#include "worker/rubric_list.h"

#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"

static void words_add(struct arg_words *words, const char *start, size_t size)
{
    words->words = memory_resize(words->words, words->count + 1, sizeof *words->words);
    char *word = memory_new(size + 1, 1);
    memcpy(word, start, size);
    words->words[words->count++] = word;
}

void arg_words_split(struct arg_words *words, const struct arg_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        for (const char *start = list->values[i];;) {
            size_t size = strcspn(start, ",");
            words_add(words, start, size);
            if (!start[size])
                break;
            start += size + 1;
        }
    }
}

void arg_words_clear(struct arg_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->words[i]);
    free(words->words);
    *words = (struct arg_words){0};
}

struct rubric_set *rubric_list_load(const char *command, const struct arg_list *list,
                                    const struct judge_identity *judge)
{
    struct arg_words names = {0};
    struct problems problems = {0};
    const char *bad = NULL;
    if (list->count)
        arg_words_split(&names, list);
    else
        words_add(&names, "general", strlen("general"));
    struct rubric_set *set =
        rubric_set_load((const char *const *)names.words, names.count, judge, &problems, &bad);
    if (!set) {
        bad = *bad ? bad : "\"\"";
        fprintf(stderr, "%s: rubric %s cannot be used:\n", command, bad);
        problems_print(&problems, stderr, bad);
    }
    problems_clear(&problems);
    arg_words_clear(&names);
    return set;
}
