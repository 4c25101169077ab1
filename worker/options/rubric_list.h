/* rubric_list: the rubrics that a command line names. */
#ifndef ASSAY_RUBRIC_LIST_H
#define ASSAY_RUBRIC_LIST_H

#include "worker/options/args.h"
#include "worker/lane/evaluation.h"

/* `--rubric a,b --rubric c`: files, or names of rubrics that ship; `general` when none is named.
 * `judge` as rubric_load takes it. NULL after every problem was printed to stderr, behind
 * `command`. The caller releases. */
struct rubric_set *rubric_list_load(const char *command, const struct arg_list *list,
                                    const struct judge_identity *judge);

/* The same of some of their criteria, "--criteria a,b"; all when none is named. A name that no
 * rubric has is told, too. */
struct rubric_set *rubric_list_load_part(const char *command, const struct arg_list *list,
                                         const struct arg_list *criteria,
                                         const struct judge_identity *judge);

/* A list whose values may be lists themselves, "a,b": one by one. Owns its text. */
struct arg_words {
    char **words;
    size_t count;
};
void arg_words_split(struct arg_words *words, const struct arg_list *list);
void arg_words_clear(struct arg_words *words);

#endif
