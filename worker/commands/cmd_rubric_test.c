/* assay rubric test: runs the examples that rubrics and rule packs hold. */
#include <jansson.h>
#include <stdio.h>
#include "evaluators/rules/rule_examples.h"
#include "rubrics/packs.h"
#include "schema/base/json_read.h"
#include "worker/options/args.h"
#include "worker/commands/cmd_rubric.h"
#include "worker/commands/commands.h"
#include "worker/options/plugins.h"
#include "worker/rubric/rubric_examples_run.h"

struct options {
    struct arg_list evaluators;
};

static const struct arg ARGS[] = {PLUGINS_ARG(offsetof(struct options, evaluators))};

static const struct arg_group GROUPS[] = {{"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0}};

static const struct arg_table TABLE = {
    .operands = "FILE...",
    .operands_min = 1,
    .description =
        "Runs the examples of each FILE, or of what ships under a name, and tells those that do\n"
        "not come out as they say. Those of a rubric are scored without a judge and as if every\n"
        "share were 1; a rubric without any is a problem. Those of a rule pack are searched by\n"
        "machine code and by PCRE2's interpreter, with and without keywords; all four must agree.\n"
        "Exit status 1 when an example fails, 2 when a document is wrong.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

static int test_pack(const char *path, const json_t *pack, struct problems *problems)
{
    (void)path;
    return rule_examples_check(pack, "", problems) ? EXIT_FINE : EXIT_BELOW;
}

static int test_rubric(const char *path, const json_t *document, struct problems *problems)
{
    bool loaded = false;
    (void)document; /* read again, with what it extends */
    bool fine = rubric_examples_run(path, &loaded, problems);
    return fine ? EXIT_FINE : loaded ? EXIT_BELOW : EXIT_USAGE;
}

/* What has examples is known by a key of its own. A kind may be tested by its path alone. */
static const struct {
    const char *key, *kind;
    int (*test)(const char *path, const json_t *document, struct problems *problems);
} KINDS[] = {
    {"rules", "rule pack", test_pack},
    {"criteria", "rubric", test_rubric},
    {"extends", "rubric", test_rubric},
    {"include", "rubric", test_rubric},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static int test_document(const char *path, const json_t *document)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (!json_object_get(document, KINDS[i].key))
            continue;
        struct problems problems = {0};
        int exit_code = KINDS[i].test(path, document, &problems);
        if (exit_code == EXIT_FINE)
            printf("%s: ok, every example of this %s\n", path, KINDS[i].kind);
        else
            fprintf(stderr, "%s: %zu problem%s\n", path, problems.total,
                    problems.total == 1 ? "" : "s");
        problems_print(&problems, stderr, path);
        problems_clear(&problems);
        return exit_code;
    }
    fprintf(stderr,
            "%s: nothing in it has examples that can be run; a rule pack has \"rules\", a rubric "
            "\"criteria\"\n",
            path);
    return EXIT_USAGE;
}

static int test(const char *name)
{
    char located[PACKS_PATH_BYTES];
    bool is_name = packs_name_valid(name) && !strstr(name, ".json");
    const char *path = is_name && packs_locate(name, located) ? located : name;
    struct error error = {0};
    json_t *document = json_read_file(path, &JSON_LIMITS_DOCUMENT, &error);
    if (!document) {
        fprintf(stderr, "%s\n", error.text);
        return EXIT_USAGE;
    }
    int exit_code = test_document(path, document);
    json_decref(document);
    return exit_code;
}

int cmd_rubric_test(int argc, char **argv)
{
    struct options options = {0};
    struct arg_list names = {0};
    int exit_code = EXIT_FINE;
    if (args_start(&TABLE, argc, argv, &options, &names, &exit_code)) {
        bool fine = plugins_start(argv[0], &options.evaluators);
        exit_code = fine ? EXIT_FINE : EXIT_USAGE;
        for (size_t i = 0; fine && i < names.count; i++) {
            int one = test(names.values[i]);
            exit_code = one > exit_code ? one : exit_code;
        }
    }
    args_clear(&TABLE, &options);
    arg_list_clear(&names);
    return exit_code;
}
