/* assay rubric test: runs the examples that rubrics and rule packs hold. */
#include <jansson.h>
#include <stdio.h>
#include "evaluators/rules/rule_examples.h"
#include "rubrics/packs.h"
#include "schema/base/json_read.h"
#include "worker/args.h"
#include "worker/cmd_rubric.h"
#include "worker/commands.h"

static const struct arg_table TABLE = {
    .operands = "FILE...",
    .operands_min = 1,
    .description =
        "Runs the examples of each FILE, or of what ships under a name, and tells those that do\n"
        "not come out as they say. Those of a rule pack are searched by machine code and by\n"
        "PCRE2's interpreter, with and without keywords; all four must agree. Exit status 1 when\n"
        "an example fails, 2 when a document is wrong.",
};

static bool test_pack(const char *path, const json_t *pack, struct problems *problems)
{
    (void)path;
    return rule_examples_check(pack, "", problems);
}

/* What has examples is known by a key of its own. A kind may be tested by its path alone. */
static const struct {
    const char *key, *kind;
    bool (*test)(const char *path, const json_t *document, struct problems *problems);
} KINDS[] = {
    {"rules", "rule pack", test_pack},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static int test_document(const char *path, const json_t *document)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (!json_object_get(document, KINDS[i].key))
            continue;
        struct problems problems = {0};
        bool fine = KINDS[i].test(path, document, &problems);
        if (fine)
            printf("%s: ok, every example of this %s\n", path, KINDS[i].kind);
        else
            fprintf(stderr, "%s: %zu problem%s\n", path, problems.total,
                    problems.total == 1 ? "" : "s");
        problems_print(&problems, stderr, path);
        problems_clear(&problems);
        return fine ? EXIT_FINE : EXIT_BELOW;
    }
    fprintf(stderr, "%s: nothing in it has examples that can be run; a rule pack has \"rules\"\n",
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
    struct arg_list names = {0};
    int exit_code = EXIT_FINE;
    if (args_start(&TABLE, argc, argv, NULL, &names, &exit_code)) {
        for (size_t i = 0; i < names.count; i++) {
            int one = test(names.values[i]);
            exit_code = one > exit_code ? one : exit_code;
        }
    }
    arg_list_clear(&names);
    return exit_code;
}
