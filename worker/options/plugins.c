/* plugins: evaluators from the shared objects that a command line names. */
#include "worker/options/plugins.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "evaluators/plugin.h"
#include "evaluators/registry.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

static const char SYMBOL[] = "assay_plugin";
static const size_t FILE_BYTES_MAX = 256 << 20;

/* What it is known by: a rubric's hash follows it, so that scores of two builds are two series. */
static bool hash_file(const char *path, struct evaluator_origin *origin, struct error *error)
{
    char *content;
    size_t size;
    if (!json_read_bytes(path, FILE_BYTES_MAX, &content, &size, error))
        return false;
    uint8_t digest[SHA256_BYTES];
    hash_sha256((struct str){content, size}, digest);
    hash_hex(digest, sizeof digest, origin->hash);
    free(content);
    return true;
}

/* What the loader says of `path`, without the path in front. */
static const char *loader_error(const char *path)
{
    const char *text = dlerror();
    size_t size = strlen(path);
    if (text && strncmp(text, path, size) == 0 && strncmp(text + size, ": ", 2) == 0)
        return text + size + 2;
    return text ? text : "no reason is known";
}

static bool check_sizes(const struct plugin *plugin, struct error *error)
{
    static const struct plugin ours = {PLUGIN_AS_COMPILED};
    const struct {
        const char *name;
        unsigned theirs, ours;
    } sizes[] = {
        {"evaluator", plugin->evaluator_bytes, ours.evaluator_bytes},
        {"evaluator_context", plugin->context_bytes, ours.context_bytes},
        {"sample", plugin->sample_bytes, ours.sample_bytes},
        {"question", plugin->question_bytes, ours.question_bytes},
        {"score", plugin->score_bytes, ours.score_bytes},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].theirs != sizes[i].ours)
            return error_set(error, ERROR_INPUT,
                             "its struct %s has %u bytes, that of this assay %u: build it again "
                             "with the headers of this assay (evaluators/plugin.h)",
                             sizes[i].name, sizes[i].theirs, sizes[i].ours);
    return true;
}

static bool check_plugin(const struct plugin *plugin, struct error *error)
{
    if (!plugin)
        return error_set(error, ERROR_INPUT,
                         "it exports no %s: is it a plugin of assay, with PLUGIN(...) of "
                         "evaluators/plugin.h in it?",
                         SYMBOL);
    if (plugin->abi != PLUGIN_ABI)
        return error_set(error, ERROR_INPUT,
                         "it was built for plugin ABI %u, this assay has %d: build it again with "
                         "the headers of this assay (evaluators/plugin.h)",
                         plugin->abi, PLUGIN_ABI);
    if (!check_sizes(plugin, error))
        return false;
    if (!plugin->evaluators || !plugin->evaluators[0])
        return error_set(error, ERROR_INPUT, "it holds no evaluator");
    return true;
}

static bool add_evaluators(const char *path, const struct evaluator_origin *origin,
                           struct error *error)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* never closed */
    if (!object)
        return error_set(error, ERROR_INPUT, "cannot be loaded as a shared object: %.400s",
                         loader_error(path));
    const struct plugin *plugin = dlsym(object, SYMBOL);
    if (!check_plugin(plugin, error))
        return false;
    for (const struct evaluator *const *one = plugin->evaluators; *one; one++)
        if (!evaluator_add(*one, origin, error))
            return false;
    return true;
}

static bool load(const char *file, struct error *error)
{
    struct evaluator_origin origin = {.file = file};
    if (!hash_file(file, &origin, error))
        return false;
    char *path = realpath(file, NULL); /* a bare name would be looked for in the system's folders */
    bool fine = path ? add_evaluators(path, &origin, error)
                     : error_set(error, ERROR_INPUT, "%s", strerror(errno));
    free(path);
    return fine || error_prefix(error, "%.200s: ", file);
}

bool plugins_load(const struct arg_list *files, struct problems *problems)
{
    for (size_t i = 0; i < files->count; i++) {
        struct error error = {0};
        if (!load(files->values[i], &error))
            problems_add(problems, "", "%s", error.text);
    }
    return problems->total == 0;
}

bool plugins_start(const char *command, const struct arg_list *files)
{
    struct problems problems = {0};
    bool fine = plugins_load(files, &problems);
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%s: --evaluator %s\n", command, problems.lines[i]);
    problems_clear(&problems);
    return fine;
}
