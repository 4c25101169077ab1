/* packs: finds rule packs and rubrics by name, and remembers which packs a rubric uses. */
#include "rubrics/packs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "schema/base/hash.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

enum { FOLDERS_MAX = 32, BESIDE_MAX = 8 };

struct pack {
    char name[PACKS_NAME_BYTES_MAX + 1];
    json_t *document;
    char hash[SHA256_HEX_BYTES]; /* of the canonical document */
    bool marked;                 /* asked for since packs_mark */
};

struct packs {
    char *beside[BESIDE_MAX]; /* folders of the rubric's file and of those it extends */
    size_t beside_count;
    struct pack pack[PACKS_PER_RUBRIC_MAX];
    size_t count;
};

bool packs_name_valid(const char *name)
{
    size_t size = strlen(name);
    return size >= 1 && size <= PACKS_NAME_BYTES_MAX && !strchr("._-", name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == size;
}

/* ---- folders ---- */

struct folders {
    char *paths[FOLDERS_MAX];
    size_t count;
};

static void folders_add(struct folders *folders, const char *path, size_t size)
{
    if (size == 0 || folders->count == FOLDERS_MAX)
        return;
    char *copy = memory_new(size + 1, 1);
    memcpy(copy, path, size);
    folders->paths[folders->count++] = copy;
}

/* Where rubrics and packs are that belong to no file: the user's first, then what ships. */
static void folders_shared(struct folders *folders)
{
    const char *list = getenv("ASSAY_RUBRICS");
    while (list && *list) {
        size_t size = strcspn(list, ":");
        folders_add(folders, list, size);
        list += size + (list[size] == ':');
    }
    folders_add(folders, ASSAY_RUBRICS_INSTALLED, strlen(ASSAY_RUBRICS_INSTALLED));
    folders_add(folders, ASSAY_RUBRICS_SOURCE, strlen(ASSAY_RUBRICS_SOURCE));
}

static void folders_clear(struct folders *folders)
{
    for (size_t i = 0; i < folders->count; i++)
        free(folders->paths[i]);
    folders->count = 0;
}

static bool file_at(const char *folder, const char *below, const char *name,
                    char out_path[PACKS_PATH_BYTES])
{
    int size = snprintf(out_path, PACKS_PATH_BYTES, "%s%s/%s.json", folder, below, name);
    return size > 0 && size < PACKS_PATH_BYTES && access(out_path, R_OK) == 0;
}

bool packs_locate_rubric(const char *name, char out_path[PACKS_PATH_BYTES])
{
    struct folders folders = {0};
    folders_shared(&folders);
    bool found = false;
    for (size_t i = 0; i < folders.count && !found; i++)
        found = file_at(folders.paths[i], "", name, out_path);
    folders_clear(&folders);
    return found;
}

bool packs_locate(const char *name, char out_path[PACKS_PATH_BYTES])
{
    struct folders folders = {0};
    folders_shared(&folders);
    bool found = false;
    for (size_t i = 0; i < folders.count && !found; i++)
        found = file_at(folders.paths[i], "/packs", name, out_path);
    folders_clear(&folders);
    return found || packs_locate_rubric(name, out_path);
}

void packs_describe_folders(struct buffer *into)
{
    struct folders folders = {0};
    folders_shared(&folders);
    for (size_t i = 0; i < folders.count; i++)
        buffer_printf(into, "%s%s", i ? ", " : "", folders.paths[i]);
    folders_clear(&folders);
}

/* ---- packs ---- */

struct packs *packs_new(const char *rubric_path)
{
    struct packs *packs = memory_new(1, sizeof *packs);
    packs_look_beside(packs, rubric_path);
    return packs;
}

void packs_look_beside(struct packs *packs, const char *rubric_path)
{
    if (packs->beside_count == BESIDE_MAX)
        return;
    const char *slash = strrchr(rubric_path, '/');
    char *folder = memory_copy_string(slash ? rubric_path : ".");
    if (slash)
        folder[slash == rubric_path ? 1 : slash - rubric_path] = '\0';
    packs->beside[packs->beside_count++] = folder;
}

void packs_free(struct packs *packs)
{
    if (!packs)
        return;
    for (size_t i = 0; i < packs->count; i++)
        json_decref(packs->pack[i].document);
    for (size_t i = 0; i < packs->beside_count; i++)
        free(packs->beside[i]);
    free(packs);
}

static struct pack *known_pack(struct packs *packs, const char *name)
{
    for (size_t i = 0; i < packs->count; i++)
        if (strcmp(packs->pack[i].name, name) == 0)
            return &packs->pack[i];
    return NULL;
}

/* A new reference; NULL with or without `error`: unreadable, or not a pack (go on looking). */
static json_t *read_pack(const char *path, struct error *error)
{
    json_t *document = json_read_file(path, &JSON_LIMITS_DOCUMENT, error);
    if (document && json_object_get(document, "criteria")) {
        json_decref(document); /* a rubric of the same name, as rubrics/pii.json is */
        return NULL;
    }
    return document;
}

static json_t *search_pack(const struct packs *packs, const char *name, struct error *error)
{
    struct folders folders = {0};
    for (size_t i = 0; i < packs->beside_count; i++)
        folders_add(&folders, packs->beside[i], strlen(packs->beside[i]));
    folders_shared(&folders);
    static const char *const below[] = {"/packs", ""};
    char path[PACKS_PATH_BYTES];
    json_t *document = NULL;
    for (size_t i = 0; i < folders.count && !document && !error->kind; i++)
        for (size_t j = 0; j < 2 && !document && !error->kind; j++)
            if (file_at(folders.paths[i], below[j], name, path))
                document = read_pack(path, error);
    folders_clear(&folders);
    return document;
}

static struct pack *add_pack(struct packs *packs, const char *name, json_t *document)
{
    struct pack *pack = &packs->pack[packs->count++];
    snprintf(pack->name, sizeof pack->name, "%s", name);
    pack->document = document;
    char *canonical = json_canonical(document);
    uint8_t digest[SHA256_BYTES];
    hash_sha256(str_of(canonical), digest);
    hash_hex(digest, sizeof digest, pack->hash);
    free(canonical);
    return pack;
}

static struct pack *load_pack(struct packs *packs, const char *name, const char *path,
                              struct problems *problems)
{
    if (!packs_name_valid(name)) {
        problems_add(problems, path, "\"%.80s\" cannot be the name of a pack", name);
        return NULL;
    }
    if (packs->count == PACKS_PER_RUBRIC_MAX) {
        problems_add(problems, path, "a rubric uses at most %d packs", PACKS_PER_RUBRIC_MAX);
        return NULL;
    }
    struct error error = {0};
    json_t *document = search_pack(packs, name, &error);
    if (document)
        return add_pack(packs, name, document);
    if (error.kind) {
        problems_add(problems, path, "pack \"%s\": %s", name, error.text);
        return NULL;
    }
    struct buffer folders = {0};
    packs_describe_folders(&folders);
    problems_add(problems, path,
                 "there is no pack \"%s\": looked for %s.json in packs/ of, and in, %s, %.*s", name,
                 name, packs->beside[0], STR_ARGS(buffer_str(&folders)));
    buffer_clear(&folders);
    return NULL;
}

const json_t *packs_find(void *packs, const char *name, const char *path, struct problems *problems)
{
    struct pack *pack = known_pack(packs, name);
    if (!pack)
        pack = load_pack(packs, name, path, problems);
    if (!pack)
        return NULL;
    pack->marked = true;
    return pack->document;
}

void packs_mark(struct packs *packs)
{
    for (size_t i = 0; i < packs->count; i++)
        packs->pack[i].marked = false;
}

static int by_name(const void *a, const void *b)
{
    const struct pack *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

void packs_append_hashes(const struct packs *packs, bool all, struct buffer *into)
{
    const struct pack *chosen[PACKS_PER_RUBRIC_MAX];
    size_t count = 0;
    for (size_t i = 0; i < packs->count; i++)
        if (all || packs->pack[i].marked)
            chosen[count++] = &packs->pack[i];
    qsort(chosen, count, sizeof *chosen, by_name);
    for (size_t i = 0; i < count; i++)
        buffer_printf(into, "pack %s %s\n", chosen[i]->name, chosen[i]->hash);
}
