/* eval_store: scores of files kept in a store, as a worker keeps those of a topic. */
#include "worker/eval/eval_store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "schema/base/buffer.h"
#include "schema/base/hash.h"
#include "schema/base/memory.h"
#include "worker/lane/groups.h"
#include "worker/store/store.h"

enum { TRANSACTION_LINES = 500, INCARNATION_BYTES = 16 };

struct eval_store {
    struct store *store;
    struct eval_store_config config;
    struct masker masker;
    uint64_t scope;       /* of groups: all the files */
    const char *file;     /* the tenure is of; borrowed, compared by address */
    struct tenure tenure; /* of the file that is being read */
    int64_t next;         /* offset: all lines before it are recorded */
    size_t pending;       /* lines recorded since the last commit */
};

/* What tells this content from any other. */
static void describe_file(const char *file, struct buffer *into)
{
    struct stat about;
    if (strcmp(file, "-") != 0 && stat(file, &about) == 0 && S_ISREG(about.st_mode)) {
        buffer_printf(into, "%lld %lld %lld %lld.%09ld\n", (long long)about.st_dev,
                      (long long)about.st_ino, (long long)about.st_size,
                      (long long)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    } else { /* a pipe can be read once only */
        uint8_t random[INCARNATION_BYTES];
        hash_random(random, sizeof random);
        buffer_append(into, random, sizeof random);
    }
}

static void describe_rubrics(const struct rubric_set *set, struct buffer *into)
{
    for (size_t i = 0; i < set->count; i++)
        buffer_printf(into, "%s\n", set->rubrics[i]->hash);
}

static uint64_t scope_of(struct store *store, const struct eval_store_config *config)
{
    struct buffer content = {0};
    for (size_t i = 0; i < config->file_count; i++)
        describe_file(config->files[i], &content);
    describe_rubrics(config->set, &content);
    uint64_t scope = store_sample_key(store, buffer_str(&content));
    buffer_clear(&content);
    return scope;
}

struct eval_store *eval_store_open(const struct eval_store_config *config, struct error *error)
{
    struct eval_store *store = memory_new(1, sizeof *store);
    store->config = *config;
    store->masker = masker_make(config->redaction);
    store->store = store_take(&(struct store_config){.dir = config->dir,
                                                     .segment_keys = config->segment_keys,
                                                     .segment_key_count = config->segment_key_count,
                                                     .unpublished = true,
                                                     .text = config->redaction->policy,
                                                     .text_share = config->text_share,
                                                     .mask = masker_mask,
                                                     .mask_owner = &store->masker},
                              error);
    if (!store->store) {
        eval_store_close(store);
        return NULL;
    }
    store->scope = scope_of(store->store, config);
    return store;
}

void eval_store_close(struct eval_store *store)
{
    if (!store)
        return;
    store_close(store->store);
    masker_clear(&store->masker);
    free(store);
}

static bool open_source(struct eval_store *store, const char *file, struct error *error)
{
    char real[PATH_MAX], topic[PATH_MAX + 8], incarnation[2 * INCARNATION_BYTES + 1];
    uint8_t digest[SHA256_BYTES];
    bool named = strcmp(file, "-") != 0 && realpath(file, real);
    snprintf(topic, sizeof topic, "file:%s", named ? real : "stdin");
    struct buffer content = {0};
    describe_file(file, &content);
    describe_rubrics(store->config.set, &content);
    hash_sha256(buffer_str(&content), digest);
    hash_hex(digest, INCARNATION_BYTES, incarnation);
    buffer_clear(&content);
    int64_t source = store_source(store->store, topic, incarnation, 0);
    if (!store_open_tenure(store->store, source, 0, "", &store->tenure, error))
        return false;
    store->file = file;
    store->next = 0;
    store_begin(store->store);
    return true;
}

/* Rows first, then what counts them. */
static bool commit(struct eval_store *store, struct error *error)
{
    store->pending = 0;
    store_low_water(store->store, &store->tenure, store->next);
    if (store_commit(store->store, error) &&
        store_ack(store->store, &store->tenure, store->next, error))
        return true;
    store->file = NULL; /* nothing is open any more: eval_store_finish has nothing to do */
    return false;
}

bool eval_store_finish(struct eval_store *store, struct error *error)
{
    if (!store->file)
        return true;
    bool fine = commit(store, error);
    store->file = NULL;
    return fine;
}

static void settle_group(struct eval_store *store, const struct batch_line *line)
{
    const struct group_place place = {
        .scope = store->scope,
        .source = store->tenure.source,
        .offset = line->line - 1,
        .expected = eval_groups_size(store->config.groups, &line->evaluation->sample)};
    groups_settle(store->store, line->evaluation, &place);
}

bool eval_store_add(struct eval_store *store, const struct batch_line *line, struct error *error)
{
    if (store->file != line->file &&
        (!eval_store_finish(store, error) || !open_source(store, line->file, error)))
        return false;
    if (!line->invalid)
        settle_group(store, line);
    if (store->config.dir) {
        struct delivery delivery =
            batch_delivery(line, store->store, &store->tenure, line->line - 1);
        store_record(store->store, &delivery);
    }
    store->next = line->line;
    if (++store->pending < TRANSACTION_LINES)
        return true;
    if (!commit(store, error))
        return false;
    store_begin(store->store);
    return true;
}
