/* rubric_resolve: a rubric with what it extends and the packs it includes. */
#include "rubrics/rubric_resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rubrics/packs.h"
#include "rubrics/rubric_read.h"
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

enum { CRITERIA_MERGED_MAX = 4096 }; /* beyond it nothing is merged by name: refused later */

/* ---- where ---- */

static bool is_path(const char *name_or_path)
{
    size_t size = strlen(name_or_path);
    return strchr(name_or_path, '/') || (size > 5 && strcmp(name_or_path + size - 5, ".json") == 0);
}

bool rubric_locate(const char *name_or_path, const char *from, char *out_path, const char *place,
                   struct problems *problems)
{
    if (is_path(name_or_path)) {
        const char *slash = from && name_or_path[0] != '/' ? strrchr(from, '/') : NULL;
        int folder = slash ? (int)(slash - from) + 1 : 0;
        int size = snprintf(out_path, PACKS_PATH_BYTES, "%.*s%s", folder, folder ? from : "",
                            name_or_path);
        return size < PACKS_PATH_BYTES || problems_add(problems, place, "the path is too long");
    }
    if (packs_name_valid(name_or_path) && packs_locate_rubric(name_or_path, out_path))
        return true;
    if (!*name_or_path)
        return problems_add(problems, place, "a rubric without a name; is there a comma too many?");
    struct buffer folders = {0};
    packs_describe_folders(&folders);
    problems_add(problems, place,
                 "there is no rubric of that name in %.*s; for a file write its path, "
                 "./NAME.json say",
                 STR_ARGS(buffer_str(&folders)));
    buffer_clear(&folders);
    return false;
}

/* ---- merging ---- */

/* What is resolved so far: the bases first. */
struct merge {
    struct rubric *rubric;
    json_t *criteria;
    char **paths; /* of the criteria; NULL ends */
    const json_t *applies_to, *composite;
    json_t *documents[RUBRIC_EXTENDS_MAX + 1]; /* owned: what the pointers above point into */
    size_t document_count;
    struct problems *problems;
};

static void append(struct merge *merge, json_t *criterion, const char *path)
{
    size_t count = json_array_size(merge->criteria);
    merge->paths = memory_resize(merge->paths, count + 2, sizeof *merge->paths);
    merge->paths[count] = memory_copy_string(path);
    merge->paths[count + 1] = NULL;
    json_array_append(merge->criteria, criterion);
}

static size_t find(const struct merge *merge, size_t count, const char *name)
{
    size_t i = 0;
    for (; name && i < count && count <= CRITERIA_MERGED_MAX; i++) {
        const json_t *one = json_array_get(merge->criteria, i);
        const char *other = json_string_value(json_object_get(one, "name"));
        if (other && strcmp(other, name) == 0)
            return i;
    }
    return count;
}

static void remove_at(struct merge *merge, size_t index)
{
    json_array_remove(merge->criteria, index);
    free(merge->paths[index]);
    for (size_t i = index; merge->paths[i]; i++)
        merge->paths[i] = merge->paths[i + 1];
}

/* {"name": ..., "remove": true}: true when the entry is one, fine or not. */
static bool removes(struct merge *merge, const json_t *criterion, size_t *base_count,
                    const char *path)
{
    const json_t *remove = json_object_get(criterion, "remove");
    if (!remove)
        return false;
    char at[RUBRIC_PATH_BYTES];
    snprintf(at, sizeof at, "%.110s.remove", path);
    const char *name = json_string_value(json_object_get(criterion, "name"));
    size_t index = find(merge, *base_count, name);
    if (!json_is_true(remove) || json_object_size(criterion) != 2) {
        problems_add(merge->problems, at, "is true, and stands beside nothing but name");
    } else if (!name || index == *base_count) {
        problems_add(merge->problems, at,
                     "what is extended has no criterion of that name to take away");
    } else {
        remove_at(merge, index);
        --*base_count;
    }
    return true;
}

/* A criterion of its own, or keys that replace those of one that is there. */
static void merge_criterion(struct merge *merge, json_t *criterion, size_t *base_count,
                            const char *path)
{
    if (removes(merge, criterion, base_count, path))
        return;
    const char *name = json_string_value(json_object_get(criterion, "name"));
    size_t index = find(merge, *base_count, name);
    if (index == *base_count) {
        append(merge, criterion, path);
        return;
    }
    json_t *whole = json_copy(json_array_get(merge->criteria, index));
    json_object_update(whole, criterion);
    json_array_set_new(merge->criteria, index, whole);
    free(merge->paths[index]);
    merge->paths[index] = memory_copy_string(path);
}

/* A pack's name, or an object that names it, as a criterion. A new reference, or NULL. */
static json_t *criterion_of_pack(const json_t *entry, const char *path, struct problems *problems)
{
    const json_t *pack = json_is_object(entry) ? json_object_get(entry, "pack") : entry;
    const char *name = json_string_value(pack);
    if (!name || json_object_get(entry, "evaluator")) {
        problems_add(
            problems, path,
            "must be the name of a rule pack, or {\"pack\": NAME} with keys of a criterion "
            "beside it, but for evaluator");
        return NULL;
    }
    json_t *options = json_object_get(entry, "options");
    if (json_object_get(options, "packs")) {
        problems_add(problems, path, "options.packs is not said here; the pack is named by pack");
        return NULL;
    }
    json_t *criterion =
        json_pack("{s:s, s:s, s:s}", "name", name, "dimension", "safety", "evaluator", "regex");
    json_object_update(criterion, (json_t *)entry);
    json_object_del(criterion, "pack");
    if (options && !json_is_object(options))
        return criterion; /* told when the criterion is read */
    options = options ? json_copy(options) : json_object();
    json_object_set_new(options, "packs", json_pack("[s]", name));
    json_object_set_new(criterion, "options", options);
    return criterion;
}

static void merge_document(struct merge *merge, const json_t *document, const char *prefix)
{
    char path[RUBRIC_PATH_BYTES];
    size_t base_count = json_array_size(merge->criteria), i;
    json_t *one;
    json_array_foreach(json_object_get(document, "criteria"), i, one)
    {
        snprintf(path, sizeof path, "%scriteria[%zu]", prefix, i);
        merge_criterion(merge, one, &base_count, path);
    }
    json_array_foreach(json_object_get(document, "include"), i, one)
    {
        snprintf(path, sizeof path, "%sinclude[%zu]", prefix, i);
        json_t *criterion = criterion_of_pack(one, path, merge->problems);
        if (criterion)
            merge_criterion(merge, criterion, &base_count, path);
        json_decref(criterion);
    }
    const json_t *applies_to = json_object_get(document, "applies_to");
    const json_t *composite = json_object_get(document, "composite");
    merge->applies_to = applies_to ? applies_to : merge->applies_to;
    merge->composite = composite ? composite : merge->composite;
}

/* ---- the chain ---- */

static bool merge_all(struct merge *merge, const json_t *document, const char *file,
                      const char *prefix);

/* What `document`, read from `file`, extends. */
static bool merge_base(struct merge *merge, const char *name, const char *file, const char *prefix)
{
    char path[PACKS_PATH_BYTES], place[RUBRIC_PATH_BYTES], below[RUBRIC_PATH_BYTES];
    struct error error = {0};
    snprintf(place, sizeof place, "%.100sextends", prefix);
    snprintf(below, sizeof below, "%.110s.", place);
    if (merge->document_count > RUBRIC_EXTENDS_MAX)
        return problems_add(merge->problems, place,
                            "more than %d rubrics stand one on the other; do they go in a circle?",
                            RUBRIC_EXTENDS_MAX);
    if (!rubric_locate(name, file, path, place, merge->problems))
        return false;
    json_t *document = json_read_file(path, &JSON_LIMITS_DOCUMENT, &error);
    if (!document)
        return problems_add(merge->problems, place, "%s", error.text);
    merge->documents[merge->document_count++] = document;
    packs_look_beside(merge->rubric->packs, path);
    return rubric_read_keys(document, place, merge->problems) &&
           merge_all(merge, document, path, below);
}

static bool merge_all(struct merge *merge, const json_t *document, const char *file,
                      const char *prefix)
{
    const char *base = json_string_value(json_object_get(document, "extends"));
    if (base && !merge_base(merge, base, file, prefix))
        return false;
    merge_document(merge, document, prefix);
    return true;
}

/* The document itself with what was merged in place of how it was said. */
static void put_together(const struct merge *merge, json_t **document)
{
    json_t *whole = json_copy(*document);
    json_object_del(whole, "extends");
    json_object_del(whole, "include");
    json_object_set(whole, "criteria", merge->criteria);
    if (merge->applies_to)
        json_object_set(whole, "applies_to", (json_t *)merge->applies_to);
    if (merge->composite)
        json_object_set(whole, "composite", (json_t *)merge->composite);
    json_t *own = json_deep_copy(whole); /* defaults are written into it: it shares nothing */
    json_decref(whole);
    json_decref(*document);
    *document = own;
}

/* A document that nothing was added to or taken from stays itself. */
static bool is_plain(const struct merge *merge, const json_t *document)
{
    return !json_object_get(document, "extends") && !json_object_get(document, "include") &&
           json_array_size(json_object_get(document, "criteria")) ==
               json_array_size(merge->criteria);
}

bool rubric_resolve(struct rubric *rubric, const char *path, struct problems *problems)
{
    struct merge merge = {.rubric = rubric, .criteria = json_array(), .problems = problems};
    rubric_read_keys(rubric->document, "", problems);
    bool readable =
        json_is_object(rubric->document) && merge_all(&merge, rubric->document, path, "");
    if (readable && !is_plain(&merge, rubric->document))
        put_together(&merge, &rubric->document);
    rubric->criterion_paths = merge.paths;
    for (size_t i = 0; i < merge.document_count; i++)
        json_decref(merge.documents[i]);
    json_decref(merge.criteria);
    return readable;
}
