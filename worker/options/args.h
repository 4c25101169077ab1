/* args: a command line read by a table, which also prints the help. */
#ifndef ASSAY_ARGS_H
#define ASSAY_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "schema/base/problems.h"

enum { ARGS_VALUES_MAX = 4096 }; /* in one list, operands too */

/* What an option takes, and the type of the member it fills. */
enum arg_kind {
    ARG_FLAG,   /* bool: no value */
    ARG_TEXT,   /* const char *, borrowed from argv */
    ARG_INT,    /* int64_t */
    ARG_NUMBER, /* double */
    ARG_LIST,   /* struct arg_list: the option may be given again */
    ARG_WORDS,  /* the same of names that may be none: an empty value, as a template leaves it */
};

/* Zero-initialise; values are borrowed from argv. */
struct arg_list {
    const char **values;
    size_t count;
};
void arg_list_clear(struct arg_list *list);

struct arg {
    const char *name;  /* without the dashes: "fail-under" */
    const char *value; /* what people are shown: "FILE"; NULL for flags */
    enum arg_kind kind;
    size_t offset;    /* of the member in the struct of its group */
    const char *help; /* one sentence, lower case, no full stop; says the default and the unit */
    double min, max;  /* of numbers, inclusive, when max > min */
};

/* Options that belong together: commands share groups (the judge's, say). */
struct arg_group {
    const char *title; /* "Options", "Judge" */
    const struct arg *args;
    size_t count;
    size_t offset; /* of the group's struct in the command's options */
};

struct arg_table {
    const char *operands; /* as the usage line shows them, "FILE..."; NULL: none are taken */
    size_t operands_min;
    const char *description; /* sentences below the usage line */
    const struct arg_group *groups;
    size_t group_count;
};

/* The words of a command line; the first `from_file` after argv[0] stood in `file` as keys. */
struct arg_line {
    int argc;
    char **argv;
    const char *file; /* for messages */
    int from_file;
};

/* Fills the members that are named and the operands; the others keep what they held. `--name
 * value`, `--name=value`; `--` ends the options; `-` alone is an operand. False: `problems` lists
 * every unknown option, with the nearest known one; every missing or wrong value; too few operands.
 */
bool args_parse(const struct arg_table *table, const struct arg_line *words, void *out,
                struct arg_list *operands, struct problems *problems);
/* One line each: "command: sentence". Where a sentence begins with an option, "--lanes must be",
 * and the file said it last, the place is told instead: "command: c.json: lanes: must be". */
void args_print_problems(const struct arg_line *words, const struct problems *problems, FILE *out);
bool args_wants_help(int argc, char **argv);
void args_help(const struct arg_table *table, const char *command, FILE *out);

/* args_parse for a command: true when it shall go on. Otherwise help (to stdout, when asked for by
 * --help or -h) or every problem (to stderr) is printed, and *out_exit_code is what to return. */
bool args_start(const struct arg_table *table, int argc, char **argv, void *out,
                struct arg_list *operands, int *out_exit_code);

/* Gives back the lists that args_parse made in `out`. */
void args_clear(const struct arg_table *table, void *out);

/* The nearest of `count` words that is near enough to be meant, or NULL. */
const char *args_nearest(const char *word, const char *const *known, size_t count);

#endif
