/* Does a command line say what its table says, and is a slip told with its remedy? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "worker/options/args.h"
#include "worker/commands/commands.h"

struct inner {
    const char *region;
};

struct options {
    bool json;
    const char *scores;
    int64_t lanes;
    double share;
    struct arg_list rubrics;
    struct inner inner;
};

static const struct arg ARGS[] = {
    {"json", NULL, ARG_FLAG, offsetof(struct options, json), "for programs", 0, 0},
    {"scores", "FILE", ARG_TEXT, offsetof(struct options, scores), "where to", 0, 0},
    {"lanes", "N", ARG_INT, offsetof(struct options, lanes), "how many", 1, 64},
    {"share", "X", ARG_NUMBER, offsetof(struct options, share), "how much", 0, 1},
    {"rubric", "FILE", ARG_LIST, offsetof(struct options, rubrics), "by what", 0, 0},
};

static const struct arg INNER[] = {
    {"region", "R", ARG_TEXT, offsetof(struct inner, region), "where", 0, 0},
};

static const struct arg_group GROUPS[] = {
    {"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0},
    {"AWS", INNER, 1, offsetof(struct options, inner)},
};

static const struct arg_table TABLE = {.operands = "FILE...",
                                       .operands_min = 1,
                                       .description = "Does things.",
                                       .groups = GROUPS,
                                       .group_count = 2};

enum { WORDS_MAX = 16 };

static bool parse(const struct arg_table *table, const char *const *words, struct options *out,
                  struct arg_list *operands, struct problems *problems)
{
    char *argv[WORDS_MAX + 1] = {"assay test"};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    const struct arg_line line = {.argc = argc, .argv = argv};
    return args_parse(table, &line, out, operands, problems);
}

static void every_kind_is_read_in_both_spellings(void **state)
{
    (void)state;
    static const char *const words[] = {
        "--json",       "a",        "--scores=-", "--lanes", "8",  "--share=.5", "--rubric", "x",
        "--rubric=y=z", "--region", "eu-1",       "-",       "--", "--json",     NULL};
    struct options options = {0};
    struct arg_list operands = {0};
    struct problems problems = {0};
    assert_true(parse(&TABLE, words, &options, &operands, &problems));
    assert_true(options.json);
    assert_string_equal(options.scores, "-");
    assert_int_equal(options.lanes, 8);
    assert_true(options.share == .5);
    assert_int_equal(options.rubrics.count, 2);
    assert_string_equal(options.rubrics.values[0], "x");
    assert_string_equal(options.rubrics.values[1], "y=z");
    assert_string_equal(options.inner.region, "eu-1");
    assert_int_equal(operands.count, 3);
    assert_string_equal(operands.values[0], "a");
    assert_string_equal(operands.values[1], "-");
    assert_string_equal(operands.values[2], "--json");
    args_clear(&TABLE, &options);
    assert_null(options.rubrics.values);
    arg_list_clear(&operands);
}

static void a_slip_is_told_with_its_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *told;
    } cases[] = {
        {{"--score", "x", "f"}, "there is no option --score; did you mean --scores?"},
        {{"--jsno", "f"}, "there is no option --jsno; did you mean --json?"},
        {{"--regoin=x", "f"}, "there is no option --regoin; did you mean --region?"},
        {{"--qqqqqqqq", "f"}, "there is no option --qqqqqqqq; --help lists them"},
        {{"-j", "f"}, "there is no option -j; options are spelled out, as --help shows"},
        {{"f", "--scores"}, "--scores needs a value: --scores FILE"},
        {{"--json=yes", "f"}, "--json takes no value"},
        {{"--lanes=x", "f"}, "--lanes must be a whole number, not \"x\""},
        {{"--lanes=3x", "f"}, "--lanes must be a whole number, not \"3x\""},
        {{"--scores=", "f"}, "--scores is empty; it needs a value: --scores FILE"},
        {{"--rubric", "", "f"}, "--rubric is empty; it needs a value: --rubric FILE"},
        {{"--help=x", "f"}, "--help takes no value"},
        {{"--lanes=", "f"}, "--lanes must be a whole number, not \"\""},
        {{"--lanes=0", "f"}, "--lanes must be between 1 and 64"},
        {{"--lanes=99999999999999999999", "f"},
         "--lanes must be a whole number, not \"99999999999999999999\""},
        {{"--share=nan", "f"}, "--share must be a number, not \"nan\""},
        {{"--share=1.01", "f"}, "--share must be between 0 and 1"},
        {{"--json"}, "FILE... is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options options = {0};
        struct arg_list operands = {0};
        struct problems problems = {0};
        assert_false(parse(&TABLE, cases[i].words, &options, &operands, &problems));
        assert_int_equal(problems.total, 1);
        assert_string_equal(problems.lines[0], cases[i].told);
        problems_clear(&problems);
        args_clear(&TABLE, &options);
        arg_list_clear(&operands);
    }
}

static void all_slips_are_told_those_of_a_file_with_their_place(void **state)
{
    (void)state;
    char *argv[] = {"assay test", "--lanez=3",  "--json=x", "--lanes",  "--share=.5",
                    "--lanes=a",  "--share=2", "--score=1", "f"};
    const struct arg_line words = {
        .argc = sizeof argv / sizeof *argv, .argv = argv, .file = "c.json", .from_file = 4};
    static const char told[] = "assay test: c.json: lanez: there is no such option; did you mean "
                               "lanes?\n"
                               "assay test: c.json: json: takes no value\n"
                               "assay test: c.json: lanes: needs a value: --lanes N\n"
                               "assay test: --lanes must be a whole number, not \"a\"\n"
                               "assay test: --share must be between 0 and 1\n"
                               "assay test: there is no option --score; did you mean --scores?\n"
                               "assay test: c.json: json: may not be so\n";
    struct options options = {0};
    struct arg_list operands = {0};
    struct problems problems = {0};
    assert_false(args_parse(&TABLE, &words, &options, &operands, &problems));
    problems_add(&problems, "", "--json may not be so"); /* found later, where the file said it */
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    args_print_problems(&words, &problems, out);
    fclose(out);
    assert_string_equal(text, told);
    free(text);
    problems_clear(&problems);
    arg_list_clear(&operands);
}

static void a_command_without_operands_takes_none(void **state)
{
    (void)state;
    struct arg_table table = TABLE;
    table.operands = NULL;
    table.operands_min = 0;
    struct options options = {0};
    struct arg_list operands = {0};
    struct problems problems = {0};
    static const char *const words[] = {"x", NULL};
    assert_false(parse(&table, words, &options, &operands, &problems));
    assert_string_equal(problems.lines[0], "\"x\" is not expected here");
    problems_clear(&problems);
}

static void what_is_not_named_keeps_its_default(void **state)
{
    (void)state;
    struct options options = {.lanes = 2, .share = .25, .scores = "old"};
    struct arg_list operands = {0};
    struct problems problems = {0};
    static const char *const words[] = {"f", NULL};
    assert_true(parse(&TABLE, words, &options, &operands, &problems));
    assert_int_equal(options.lanes, 2);
    assert_true(options.share == .25);
    assert_string_equal(options.scores, "old");
    arg_list_clear(&operands);
}

static void help_names_every_option(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    args_help(&TABLE, "assay test", out);
    fclose(out);
    static const char *const told[] = {"Usage: assay test [options] FILE...",
                                       "--json",
                                       "--scores FILE",
                                       "--lanes N",
                                       "--rubric FILE",
                                       "AWS:",
                                       "--region R",
                                       "(may be given again)",
                                       "--help"};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        assert_non_null(strstr(text, told[i]));
    free(text);
}

static int ran; /* argc of the command that ran last */

static int run_one(int argc, char **argv)
{
    assert_string_equal(argv[0], "assay one");
    ran = argc;
    return 7;
}

static void commands_are_found_by_name(void **state)
{
    (void)state;
    static const struct command commands[] = {{"one", "the first", run_one}};
    static const struct {
        const char *words[3];
        int exit_code, ran;
    } cases[] = {
        {{"one", "x"}, 7, 2},           {{"help", "one"}, 7, 2}, {{"--help"}, EXIT_FINE, 0},
        {{"on"}, EXIT_USAGE, 0},        {{NULL}, EXIT_USAGE, 0}, {{"help", "two"}, EXIT_FINE, 0},
        {{"--verison"}, EXIT_USAGE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *argv[4] = {"assay"};
        int argc = 1;
        for (; argc < 4 && cases[i].words[argc - 1]; argc++)
            argv[argc] = (char *)cases[i].words[argc - 1];
        ran = 0;
        assert_int_equal(commands_run(commands, 1, "It.", argc, argv), cases[i].exit_code);
        assert_int_equal(ran, cases[i].ran);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read_in_both_spellings),
        cmocka_unit_test(a_slip_is_told_with_its_remedy),
        cmocka_unit_test(all_slips_are_told_those_of_a_file_with_their_place),
        cmocka_unit_test(a_command_without_operands_takes_none),
        cmocka_unit_test(what_is_not_named_keeps_its_default),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(commands_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
