/* eval_groups: how many responses each group of some files has. */
#include "worker/eval/eval_groups.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/hash.h"
#include "schema/base/memory.h"
#include "schema/capture.h"
#include "worker/lane/groups.h"
#include "worker/intake/lines.h"
#include "worker/options/progress.h"

/* One response. Sorted by group, then by number. */
struct response {
    uint64_t group, number;
};

struct eval_groups {
    struct response *responses;
    size_t count, room;
    uint8_t key[SIPHASH_KEY_BYTES];
};

static uint64_t group_of(const struct eval_groups *groups, const struct sample *sample)
{
    uint64_t parts[] = {hash_sip(groups->key, sample->model),
                        hash_sip(groups->key, sample->model_version),
                        hash_sip(groups->key, sample->group)};
    return hash_sip(groups->key, (struct str){(const char *)parts, sizeof parts});
}

static void add(struct eval_groups *groups, const struct sample *sample)
{
    if (!groups_hold(sample))
        return;
    if (groups->count == groups->room) {
        groups->room = groups->room ? groups->room * 2 : 1024;
        groups->responses =
            memory_resize(groups->responses, groups->room, sizeof *groups->responses);
    }
    groups->responses[groups->count++] = (struct response){
        group_of(groups, sample), groups_number(sample, hash_sip(groups->key, sample->id))};
}

static int compare(const void *a, const void *b)
{
    const struct response *one = a, *other = b;
    if (one->group != other->group)
        return one->group > other->group ? 1 : -1;
    return (one->number > other->number) - (one->number < other->number);
}

static void sort_and_drop_duplicates(struct eval_groups *groups)
{
    size_t kept = 0;
    if (groups->count)
        qsort(groups->responses, groups->count, sizeof *groups->responses, compare);
    for (size_t i = 0; i < groups->count; i++)
        if (kept == 0 || compare(&groups->responses[kept - 1], &groups->responses[i]) != 0)
            groups->responses[kept++] = groups->responses[i];
    groups->count = kept;
}

/* What is wrong with the file or a line of it is told when it is scored. */
static void read_file(struct eval_groups *groups, const char *file, size_t number,
                      const volatile sig_atomic_t *stop, struct progress *progress)
{
    struct error error = {0};
    struct lines *lines = lines_open(file, CAPTURE_RECORD_BYTES_MAX, &error);
    if (!lines)
        return;
    struct buffer record = {0};
    struct arena arena = {0};
    enum lines_status status;
    while (!*stop && (status = lines_next(lines, &record, &error)) < LINES_END) {
        char id[64];
        struct sample sample;
        struct capture_reason reason;
        snprintf(id, sizeof id, "%zu:%" PRId64, number, lines_number(lines));
        if (status == LINES_READ &&
            capture_decode(buffer_str(&record), str_of(id), &arena, &sample, &reason))
            add(groups, &sample);
        arena_reset(&arena);
        int64_t total = lines_bytes_total(lines);
        progress_show(progress, total ? (double)lines_bytes(lines) / (double)total : -1,
                      (int64_t)groups->count, "responses");
    }
    buffer_clear(&record);
    arena_clear(&arena);
    lines_close(lines);
}

static bool can_be_read_twice(const char *file)
{
    struct stat about;
    return strcmp(file, "-") != 0 && stat(file, &about) == 0 && S_ISREG(about.st_mode);
}

struct eval_groups *eval_groups_read(const char *const *files, size_t file_count,
                                     const volatile sig_atomic_t *stop)
{
    for (size_t i = 0; i < file_count; i++)
        if (!can_be_read_twice(files[i]))
            return NULL;
    struct eval_groups *groups = memory_new(1, sizeof *groups);
    hash_random(groups->key, sizeof groups->key);
    struct progress progress;
    progress_start(&progress, "finding groups");
    for (size_t i = 0; i < file_count; i++)
        read_file(groups, files[i], i, stop, &progress);
    progress_end(&progress);
    sort_and_drop_duplicates(groups);
    return groups;
}

/* The first response of a group at or above `group`. */
static size_t lower_bound(const struct eval_groups *groups, uint64_t group)
{
    size_t low = 0, high = groups->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (groups->responses[middle].group < group)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t eval_groups_size(const struct eval_groups *groups, const struct sample *sample)
{
    if (!groups || !groups_hold(sample))
        return 0;
    uint64_t group = group_of(groups, sample);
    size_t first = lower_bound(groups, group), size = 0;
    while (first + size < groups->count && groups->responses[first + size].group == group)
        size++;
    return size;
}

void eval_groups_free(struct eval_groups *groups)
{
    if (!groups)
        return;
    free(groups->responses);
    free(groups);
}
