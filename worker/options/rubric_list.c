/* rubric_list: the rubrics that a command line names. */
#include "worker/options/rubric_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool holds_criterion(const struct rubric_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        for (size_t c = 0; c < set->rubrics[i]->criterion_count; c++)
            if (strcmp(set->rubrics[i]->criteria[c].name, name) == 0)
                return true;
    return false;
}

struct rubric_set *rubric_list_load(const char *command, const struct arg_list *list,
                                    const struct judge_identity *judge)
{
    return rubric_list_load_part(command, list, &(struct arg_list){0}, judge);
}

struct rubric_set *rubric_list_load_part(const char *command, const struct arg_list *list,
                                         const struct arg_list *criteria,
                                         const struct judge_identity *judge)
{
    struct arg_words names = {0}, wanted = {0};
    arg_words_split(&wanted, criteria);
    const struct rubric_part part = {(const char *const *)wanted.words, wanted.count};
    struct problems problems = {0};
    const char *bad = NULL;
    if (list->count)
        arg_words_split(&names, list);
    else
        words_add(&names, "general", strlen("general"));
    struct rubric_set *set = rubric_set_load((const char *const *)names.words, names.count, &part,
                                             judge, &problems, &bad);
    if (!set) {
        bad = *bad ? bad : "\"\"";
        fprintf(stderr, "%s: rubric %s cannot be used:\n", command, bad);
        problems_print(&problems, stderr, bad);
    }
    for (size_t i = 0; set && i < wanted.count; i++) {
        if (holds_criterion(set, wanted.words[i]))
            continue;
        fprintf(stderr, "%s: no rubric has a criterion \"%.80s\"\n", command, wanted.words[i]);
        rubric_set_release(set);
        set = NULL;
    }
    problems_clear(&problems);
    arg_words_clear(&wanted);
    arg_words_clear(&names);
    return set;
}
