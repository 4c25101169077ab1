/* source_files: capture objects that are files: one, or all of a folder and of those in it. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "schema/base/memory.h"
#include "worker/intake/source.h"

enum { DEPTH_MAX = 32 };

struct files {
    char *root; /* absolute, no links in it: one file has one name */
    struct source_object *found;
    size_t count, room, next; /* next to hand out */
};

static void *files_open(const char *where, const struct source_aws *aws, struct error *error)
{
    (void)aws;
    char *root = realpath(where, NULL);
    if (!root) {
        error_set(error, ERROR_INPUT, "%s: cannot open: %s", where, strerror(errno));
        return NULL;
    }
    struct files *files = memory_new(1, sizeof *files);
    files->root = root;
    return files;
}

static void forget(struct files *files)
{
    for (size_t i = files->next; i < files->count; i++)
        free(files->found[i].name);
    files->count = files->next = 0;
}

static void files_close(void *self)
{
    struct files *files = self;
    forget(files);
    free(files->found);
    free(files->root);
    free(files);
}

static void add(struct files *files, const char *path, const struct stat *about)
{
    if (files->count == files->room) {
        files->room = files->room ? files->room * 2 : 64;
        files->found = memory_resize(files->found, files->room, sizeof *files->found);
    }
    struct source_object *object = &files->found[files->count++];
    *object = (struct source_object){.name = memory_copy_string(path), .size = about->st_size,
                                      .modified_ms = about->st_mtim.tv_sec * INT64_C(1000) +
                                                     about->st_mtim.tv_nsec / 1000000};
    snprintf(object->etag, sizeof object->etag, "%" PRId64 "-%" PRId64 ".%09ld",
             (int64_t)about->st_size, (int64_t)about->st_mtim.tv_sec, about->st_mtim.tv_nsec);
}

static bool walk(struct files *files, const char *path, unsigned depth, struct error *error);

static bool walk_folder(struct files *files, const char *path, unsigned depth, struct error *error)
{
    DIR *folder = depth < DEPTH_MAX ? opendir(path) : NULL;
    if (!folder)
        return error_set(error, ERROR_INPUT, "%s: cannot open: %s", path,
                         depth < DEPTH_MAX ? strerror(errno) : "more than 32 folders deep");
    bool fine = true;
    struct buffer inside = {0};
    for (struct dirent *one; fine && (one = readdir(folder));) {
        if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0)
            continue;
        buffer_reset(&inside);
        buffer_printf(&inside, "%s/%s", strcmp(path, "/") == 0 ? "" : path, one->d_name);
        fine = walk(files, inside.data, depth + 1, error);
    }
    buffer_clear(&inside);
    closedir(folder);
    return fine;
}

/* What is gone since its folder was read is passed over; links to folders are not followed. */
static bool walk(struct files *files, const char *path, unsigned depth, struct error *error)
{
    struct stat about;
    if (lstat(path, &about) != 0)
        return depth > 0 || error_set(error, ERROR_INPUT, "%s: %s", path, strerror(errno));
    if (S_ISDIR(about.st_mode))
        return walk_folder(files, path, depth, error);
    if (S_ISLNK(about.st_mode) && stat(path, &about) != 0)
        return true;
    if (S_ISREG(about.st_mode))
        add(files, path, &about);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct source_object *)a)->name, ((const struct source_object *)b)->name);
}

static bool files_page(void *self, bool again, struct source_page *out, struct error *error)
{
    struct files *files = self;
    if (again) {
        forget(files);
        if (!walk(files, files->root, 0, error))
            return false;
        if (files->count)
            qsort(files->found, files->count, sizeof *files->found, by_name);
    }
    while (out->count < SOURCE_PAGE_OBJECTS && files->next < files->count)
        out->objects[out->count++] = files->found[files->next++];
    return true;
}

static struct lines *files_lines(void *self, const struct source_object *object,
                                 size_t line_bytes_max, struct error *error)
{
    (void)self;
    return lines_open(object->name, line_bytes_max, error);
}

const struct source_class SOURCE_FILES = {
    .open = files_open, .close = files_close, .page = files_page, .lines = files_lines};
