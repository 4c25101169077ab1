/* batch_files: files as the input of a batch, one after the other. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "schema/capture.h"
#include "worker/eval/batch.h"

struct files {
    const struct batch *batch;
    const char *const *names;
    size_t count, at;
    struct lines *lines;               /* of names[at]; NULL before it is opened */
    int64_t bytes_before, bytes_total; /* of files already read, of all */
};

static void leave(struct files *files)
{
    files->bytes_before += lines_bytes_total(files->lines);
    lines_close(files->lines);
    files->lines = NULL;
    files->at++;
}

static enum lines_status next(void *owner, struct buffer *into, const char **out_file,
                              int64_t *out_line, struct error *error)
{
    struct files *files = owner;
    const struct batch *batch = files->batch;
    for (; files->at < files->count; leave(files)) {
        const char *name = files->names[files->at];
        if (!files->lines)
            files->lines = lines_open(name, CAPTURE_RECORD_BYTES_MAX, error);
        if (!files->lines)
            return LINES_FAILED;
        enum lines_status status = lines_next(files->lines, into, error);
        if (status == LINES_END)
            continue;
        *out_file = name;
        *out_line = lines_number(files->lines);
        if (batch->progress && status != LINES_FAILED)
            batch->progress(batch->owner, files->bytes_before + lines_bytes(files->lines),
                            files->bytes_total);
        return status;
    }
    return LINES_END;
}

/* A name that is wrong is told before anything is read. */
static bool measure(struct files *files, struct error *error)
{
    bool known = true;
    for (size_t i = 0; i < files->count; i++) {
        struct stat about = {0};
        const char *name = files->names[i];
        bool is_stdin = strcmp(name, "-") == 0;
        if (!is_stdin && (stat(name, &about) != 0 || access(name, R_OK) != 0))
            return error_set(error, ERROR_INPUT, "%s: cannot open: %s", name, strerror(errno));
        if (S_ISDIR(about.st_mode))
            return error_set(error, ERROR_INPUT, "%s: is a folder; name its files", name);
        known = known && S_ISREG(about.st_mode);
        files->bytes_total += about.st_size;
    }
    files->bytes_total = known ? files->bytes_total : 0;
    return true;
}

bool batch_run(const struct batch *batch, const char *const *names, size_t count,
               struct error *error)
{
    struct files files = {.batch = batch, .names = names, .count = count};
    const struct batch_input input = {.next = next, .owner = &files};
    bool fine = measure(&files, error) && batch_run_input(batch, &input, error);
    lines_close(files.lines);
    return fine;
}
