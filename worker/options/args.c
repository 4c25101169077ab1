/* args: a command line read by a table, which also prints the help. */
#include "worker/options/args.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/error.h"
#include "schema/base/memory.h"
#include "schema/base/str.h"
#include "worker/options/exit_code.h"

enum { WORD_BYTES_MAX = 64, OPTIONS_MAX = 256, HELP_COLUMN = 32 };

static const char HELP[] = "help";

/* ---- lists ---- */

static bool list_add(struct arg_list *list, const char *value, struct error *error)
{
    if (list->count == ARGS_VALUES_MAX)
        return error_set(error, ERROR_INPUT, "more than %d values", ARGS_VALUES_MAX);
    list->values = memory_resize(list->values, list->count + 1, sizeof *list->values);
    list->values[list->count++] = value;
    return true;
}

void arg_list_clear(struct arg_list *list)
{
    free(list->values);
    *list = (struct arg_list){0};
}

/* ---- the nearest word ---- */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein; words are cut at WORD_BYTES_MAX. */
static size_t distance(const char *a, const char *b)
{
    size_t m = strnlen(a, WORD_BYTES_MAX), n = strnlen(b, WORD_BYTES_MAX);
    size_t row[WORD_BYTES_MAX + 1];
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[n];
}

const char *args_nearest(const char *word, const char *const *known, size_t count)
{
    const char *nearest = NULL;
    size_t best = strnlen(word, WORD_BYTES_MAX) / 2 + 1; /* farther than half a word is a guess */
    for (size_t i = 0; i < count; i++) {
        size_t far = distance(word, known[i]);
        if (far >= best)
            continue;
        best = far;
        nearest = known[i];
    }
    return nearest;
}

/* ---- parsing ---- */

static const struct arg *find(const struct arg_table *table, const char *name, size_t size,
                              const struct arg_group **out_group)
{
    for (size_t i = 0; i < table->group_count; i++) {
        const struct arg_group *group = &table->groups[i];
        for (size_t j = 0; j < group->count; j++) {
            const struct arg *arg = &group->args[j];
            if (strlen(arg->name) != size || memcmp(arg->name, name, size) != 0)
                continue;
            *out_group = group;
            return arg;
        }
    }
    return NULL;
}

static bool in_range(const struct arg *arg, double number, struct error *error)
{
    if (arg->max > arg->min && !(number >= arg->min && number <= arg->max))
        return error_set(error, ERROR_INPUT, "--%s must be between %g and %g", arg->name, arg->min,
                         arg->max);
    return true;
}

static bool parse_int(const struct arg *arg, const char *text, int64_t *out, struct error *error)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return error_set(error, ERROR_INPUT, "--%s must be a whole number, not \"%.60s\"",
                         arg->name, text);
    if (!in_range(arg, (double)number, error))
        return false;
    *out = number;
    return true;
}

static bool parse_number(const struct arg *arg, const char *text, double *out, struct error *error)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number))
        return error_set(error, ERROR_INPUT, "--%s must be a number, not \"%.60s\"", arg->name,
                         text);
    if (!in_range(arg, number, error))
        return false;
    *out = number;
    return true;
}

static bool is_list(const struct arg *arg)
{
    return arg->kind == ARG_LIST || arg->kind == ARG_WORDS;
}

static bool set(const struct arg *arg, const char *value, void *member, struct error *error)
{
    switch (arg->kind) {
    case ARG_FLAG:
        *(bool *)member = true;
        return true;
    case ARG_TEXT:
        *(const char **)member = value;
        return true;
    case ARG_INT:
        return parse_int(arg, value, member, error);
    case ARG_NUMBER:
        return parse_number(arg, value, member, error);
    case ARG_WORDS:
    case ARG_LIST:
        if (!*value) /* words: none are named */
            return true;
        return list_add(member, value, error) || error_prefix(error, "--%s takes no ", arg->name);
    }
    return false;
}

/* ---- words ---- */

/* How a value is told to be wrong, and where: each function adds one problem. */
struct reading {
    const struct arg_table *table;
    const struct arg_line *words;
    struct problems *problems;
    int at;
};

static bool in_file(const struct reading *reading)
{
    return reading->at <= reading->words->from_file;
}

/* The error's text begins with "--name ". */
static void refuse(const struct reading *reading, const char *name, const struct error *error)
{
    if (in_file(reading))
        problems_add(reading->problems, "", "%s: %s: %s", reading->words->file, name,
                     error->text + strlen(name) + 3);
    else
        problems_add(reading->problems, "", "%s", error->text);
}

/* Of a key of the file, or of an option. */
static void unknown(const struct reading *reading, const char *name, size_t size)
{
    const struct arg_table *table = reading->table;
    const char *known[OPTIONS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < table->group_count; i++)
        for (size_t j = 0; j < table->groups[i].count && count < OPTIONS_MAX; j++)
            known[count++] = table->groups[i].args[j].name;
    char word[WORD_BYTES_MAX + 1];
    snprintf(word, sizeof word, "%.*s", (int)size, name);
    const char *nearest = args_nearest(word, known, count);
    if (in_file(reading))
        problems_add(reading->problems, "", "%s: %s: there is no such option%s%s%s",
                     reading->words->file, word,
                     nearest ? "; did you mean " : "; --help lists them", nearest ? nearest : "",
                     nearest ? "?" : "");
    else if (nearest)
        problems_add(reading->problems, "", "there is no option --%s; did you mean --%s?", word,
                     nearest);
    else
        problems_add(reading->problems, "", "there is no option --%s; --help lists them", word);
}

/* The word is an option; `at` ends on its last word. */
static void read_option(struct reading *reading, void *out)
{
    const char *name = reading->words->argv[reading->at] + 2;
    size_t size = strcspn(name, "=");
    const char *value = name[size] ? name + size + 1 : NULL;
    const struct arg_group *group;
    struct error error = {0};
    const struct arg *arg = find(reading->table, name, size, &group);
    if (!arg && value && !in_file(reading) && str_is((struct str){name, size}, HELP)) {
        problems_add(reading->problems, "", "--%s takes no value", HELP);
        return;
    }
    if (!arg) {
        unknown(reading, name, size);
        return;
    }
    if (arg->kind == ARG_FLAG && value)
        error_set(&error, ERROR_INPUT, "--%s takes no value", arg->name);
    bool last = in_file(reading) || reading->at + 1 >= reading->words->argc;
    if (arg->kind != ARG_FLAG && !value && last)
        error_set(&error, ERROR_INPUT, "--%s needs a value: --%s %s", arg->name, arg->name,
                  arg->value);
    else if (arg->kind != ARG_FLAG && !value)
        value = reading->words->argv[++reading->at];
    bool is_text = arg->kind == ARG_TEXT || arg->kind == ARG_LIST; /* numbers say more themselves */
    if (is_text && value && !*value)
        error_set(&error, ERROR_INPUT, "--%s is empty; it needs a value: --%s %s", arg->name,
                  arg->name, arg->value);
    if (error.kind != ERROR_NONE ||
        !set(arg, value, (char *)out + group->offset + arg->offset, &error))
        refuse(reading, arg->name, &error);
}

static void read_operand(struct reading *reading, const char *word, struct arg_list *operands)
{
    struct error error = {0};
    if (!reading->table->operands)
        problems_add(reading->problems, "", "\"%.100s\" is not expected here", word);
    else if (!list_add(operands, word, &error))
        problems_add(reading->problems, "", "%s", error.text);
}

bool args_parse(const struct arg_table *table, const struct arg_line *words, void *out,
                struct arg_list *operands, struct problems *problems)
{
    struct reading reading = {table, words, problems, 1};
    bool options = true;
    for (; reading.at < words->argc; reading.at++) {
        const char *word = words->argv[reading.at];
        bool is_option = options && word[0] == '-' && word[1];
        if (!is_option)
            read_operand(&reading, word, operands);
        else if (strcmp(word, "--") == 0)
            options = false;
        else if (word[1] == '-')
            read_option(&reading, out);
        else
            problems_add(problems, "",
                         "there is no option %.20s; options are spelled out, as --help shows",
                         word);
    }
    if (operands->count < table->operands_min)
        problems_add(problems, "", "%s is missing", table->operands);
    return problems->total == 0;
}

/* ---- problems ---- */

/* Whether the last word that names this option stood in the file. */
static bool file_said(const struct arg_line *words, const char *name, size_t size)
{
    for (int i = words->argc - 1; i > 0; i--) {
        const char *word = words->argv[i];
        if (strncmp(word, name, size) == 0 && (word[size] == '=' || word[size] == '\0'))
            return i <= words->from_file;
    }
    return false;
}

void args_print_problems(const struct arg_line *words, const struct problems *problems, FILE *out)
{
    for (size_t i = 0; i < problems->count; i++) {
        const char *line = problems->lines[i];
        size_t size = strcspn(line, " ");
        bool moved = strncmp(line, "--", 2) == 0 && file_said(words, line, size);
        if (moved && line[size])
            fprintf(out, "%s: %s: %.*s: %s\n", words->argv[0], words->file, (int)size - 2, line + 2,
                    line + size + 1);
        else
            fprintf(out, "%s: %s\n", words->argv[0], line);
    }
    if (problems->total > problems->count)
        fprintf(out, "%s: and %zu more\n", words->argv[0], problems->total - problems->count);
}

void args_clear(const struct arg_table *table, void *out)
{
    for (size_t i = 0; i < table->group_count; i++) {
        const struct arg_group *group = &table->groups[i];
        for (size_t j = 0; j < group->count; j++)
            if (is_list(&group->args[j]))
                arg_list_clear((void *)((char *)out + group->offset + group->args[j].offset));
    }
}

/* ---- help ---- */

static void help_arg(const struct arg *arg, FILE *out)
{
    char left[128];
    snprintf(left, sizeof left, "--%s%s%s", arg->name, arg->value ? " " : "",
             arg->value ? arg->value : "");
    if (strlen(left) + 4 > HELP_COLUMN)
        fprintf(out, "  %s\n%*s%s", left, HELP_COLUMN, "", arg->help);
    else
        fprintf(out, "  %-*s%s", HELP_COLUMN - 2, left, arg->help);
    fprintf(out, "%s\n", is_list(arg) ? " (may be given again)" : "");
}

void args_help(const struct arg_table *table, const char *command, FILE *out)
{
    fprintf(out, "Usage: %s [options]%s%s\n\n%s\n", command, table->operands ? " " : "",
            table->operands ? table->operands : "", table->description);
    for (size_t i = 0; i < table->group_count; i++) {
        fprintf(out, "\n%s:\n", table->groups[i].title);
        for (size_t j = 0; j < table->groups[i].count; j++)
            help_arg(&table->groups[i].args[j], out);
    }
    fprintf(out, "  --%-*s%s\n", HELP_COLUMN - 4, HELP, "show this");
}

bool args_wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

bool args_start(const struct arg_table *table, int argc, char **argv, void *out,
                struct arg_list *operands, int *out_exit_code)
{
    if (args_wants_help(argc, argv)) {
        args_help(table, argv[0], stdout);
        *out_exit_code = EXIT_FINE;
        return false;
    }
    const struct arg_line words = {.argc = argc, .argv = argv};
    struct problems problems = {0};
    bool good = args_parse(table, &words, out, operands, &problems);
    args_print_problems(&words, &problems, stderr);
    problems_clear(&problems);
    if (good)
        return true;
    args_clear(table, out);
    arg_list_clear(operands);
    *out_exit_code = EXIT_USAGE;
    return false;
}
