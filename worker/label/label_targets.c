/* label_targets: what labels may be of: criteria, dimensions, the composite. */
#include "worker/label/label_targets.h"

#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/report/reading/shard_names.h"

enum { TARGETS_MAX = 1024 };

/* Adds a name that is not there yet. */
static void add(const char **names, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    if (*count < TARGETS_MAX)
        names[(*count)++] = name;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names are borrowed from `names`, which the caller clears. */
static size_t find_targets(const struct stores *stores, struct shard_names *names,
                           const char **targets)
{
    size_t count = 0;
    for (size_t i = 0; i < stores->shard_count; i++) {
        shard_names_read(&names[i], stores->shards[i].db);
        for (size_t c = 0; c < names[i].criterion_count; c++) {
            add(targets, &count, names[i].criteria[c].name);
            add(targets, &count, names[i].criteria[c].dimension);
        }
    }
    qsort(targets, count, sizeof *targets, by_text);
    return count;
}

struct targets {
    struct shard_names *names;
    const char *found[TARGETS_MAX];
    size_t count;
};

static void open_targets(struct targets *targets, const struct stores *stores)
{
    targets->names = memory_new(stores->shard_count + 1, sizeof *targets->names);
    targets->count = find_targets(stores, targets->names, targets->found);
}

static void close_targets(struct targets *targets, const struct stores *stores)
{
    for (size_t i = 0; i < stores->shard_count; i++)
        shard_names_clear(&targets->names[i]);
    free(targets->names);
}

bool label_target_known(const struct stores *stores, struct str target)
{
    struct targets targets;
    bool known = false;
    open_targets(&targets, stores);
    for (size_t i = 0; i < targets.count; i++)
        known |= str_is(target, targets.found[i]);
    close_targets(&targets, stores);
    return known;
}

void label_targets_list(const struct stores *stores, struct buffer *out)
{
    struct targets targets;
    open_targets(&targets, stores);
    for (size_t i = 0; i < targets.count; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", targets.found[i]);
    close_targets(&targets, stores);
}
