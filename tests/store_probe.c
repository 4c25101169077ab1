/* store_probe DIR [RUBRIC]: plays the workers of a fleet on one store, by lines of standard input:
 *   shard N                            what follows is done by the Nth shard, from 0
 *   tenure PARTITION START AFTER       it takes a partition; AFTER is the shard it follows, or -
 *   row PARTITION OFFSET AT_MS MODEL PROBABILITY LANGUAGE VALUE [ID]
 *                                      VALUE: a score, or -, an error; ID: of the sample
 *   record PARTITION OFFSET JSON       a capture record, scored by RUBRIC, which asks nobody
 *   commit                             rows and low-water marks are durable
 *   ack PARTITION OFFSET               the broker accepted the commit of this offset
 * Rows told apart by language; of `row` one criterion, answer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluators/registry.h"
#include "worker/lane/groups.h"
#include "worker/store/store.h"

enum { SHARDS = 64, PARTITIONS = 16, LINE_BYTES = 4096 };

struct shard {
    struct store *store;
    struct tenure tenures[PARTITIONS];
    int64_t low_water[PARTITIONS];
    bool begun;
};

static struct shard shards[SHARDS];
static struct rubric_set *rubrics; /* of records */
static struct scratch *scratch;
static const char *const keys[] = {"language"};

static struct criterion criterion = {
    .name = "answer", .dimension = "accuracy", .weight = 1, .threshold = .5, .sample = 1,
    .hash = "c1"};
static struct rubric rubric = {
    .name = "r", .criteria = &criterion, .criterion_count = 1, .hash = "r1"};

static void fail(const struct error *error, const char *line)
{
    fprintf(stderr, "store_probe: %s: %s\n", line, error->text);
    exit(3);
}

static struct shard *take(const char *dir, size_t number)
{
    struct error error = {0};
    struct shard *shard = &shards[number % SHARDS];
    if (!shard->store)
        shard->store = store_take(
            &(struct store_config){.dir = dir, .segment_keys = keys, .segment_key_count = 1},
            &error);
    if (!shard->store)
        fail(&error, "shard");
    return shard;
}

static void open_tenure(struct shard *shard, unsigned partition, int64_t start, const char *after)
{
    struct error error = {0};
    char name[SHARD_UUID_BYTES + 32] = "";
    if (strcmp(after, "-") != 0) {
        const struct shard *other = &shards[strtoul(after, NULL, 10) % SHARDS];
        snprintf(name, sizeof name, "%s:%" PRId64, store_shard(other->store),
                 other->tenures[partition].number);
    }
    int64_t source = store_source(shard->store, "t", "c", (int32_t)partition);
    if (!store_open_tenure(shard->store, source, start, name, &shard->tenures[partition], &error))
        fail(&error, "tenure");
    shard->low_water[partition] = start;
}

static void keep(struct shard *shard, unsigned partition, const struct delivery *delivery)
{
    store_record(shard->store, delivery);
    shard->low_water[partition] = delivery->offset + 1;
}

static void begin(struct shard *shard)
{
    if (!shard->begun)
        store_begin(shard->store);
    shard->begun = true;
}

static void evaluate(struct shard *shard, unsigned partition, int64_t offset, const char *json)
{
    size_t questions;
    struct evaluation evaluation = {0};
    const struct group_place place = {
        .scope = 1, .source = shard->tenures[partition].source, .offset = offset};
    evaluation_start(&evaluation, rubrics, str_of(json), STR("s"));
    evaluation_ask(&evaluation, scratch, &questions);
    evaluation_finish(&evaluation, scratch);
    begin(shard);
    groups_settle(shard->store, &evaluation, &place);
    keep(shard, partition,
         &(struct delivery){.tenure = &shard->tenures[partition],
                            .offset = offset,
                            .state = evaluation.state,
                            .reason = evaluation.reason,
                            .sample_id = evaluation.sample.id,
                            .sample_key = store_sample_key(shard->store, evaluation.sample.id),
                            .sample = &evaluation.sample,
                            .evaluated = evaluation.evaluated,
                            .evaluated_count = evaluation.evaluated_count,
                            .evaluation_ms = 2});
    evaluation_clear(&evaluation);
    arena_clear(&evaluation.arena);
}

static void record(struct shard *shard, unsigned partition, int64_t offset, int64_t at_ms,
                   char texts[5][64])
{
    bool known = strcmp(texts[3], "-") != 0;
    struct score score = known ? score_value(strtod(texts[3], NULL), NULL)
                               : score_without_value(SCORE_ERROR, "judge_reply");
    struct question *none = NULL;
    struct evaluated evaluated = {
        .rubric = &rubric, .scores = &score, .answered = &none, .composite = score};
    struct tag tag = {STR("language"), str_of(texts[2])};
    struct sample sample = {.id = str_of(texts[4]),
                            .observed_at_ms = at_ms,
                            .model = str_of(texts[0]),
                            .response = STR("x"),
                            .tags = &tag,
                            .tag_count = 1,
                            .probability = strtod(texts[1], NULL),
                            .latency_ms = -1,
                            .input_tokens = -1,
                            .output_tokens = -1};
    struct delivery delivery = {.tenure = &shard->tenures[partition],
                                .offset = offset,
                                .state = TERMINAL_SCORED,
                                .sample_id = sample.id,
                                .sample_key = (uint64_t)offset,
                                .sample = &sample,
                                .evaluated = &evaluated,
                                .evaluated_count = 1,
                                .evaluation_ms = 2};
    begin(shard);
    keep(shard, partition, &delivery);
}

static void commit(struct shard *shard)
{
    struct error error = {0};
    if (!shard->begun)
        return;
    for (size_t i = 0; i < PARTITIONS; i++)
        if (shard->tenures[i].id)
            store_low_water(shard->store, &shard->tenures[i], shard->low_water[i]);
    if (!store_commit(shard->store, &error))
        fail(&error, "commit");
    shard->begun = false;
}

static bool obey(const char *dir, struct shard **shard, const char *line)
{
    struct error error = {0};
    char texts[5][64] = {[4] = "s"};
    int json;
    size_t number;
    unsigned partition;
    int64_t offset, at_ms;
    if (sscanf(line, "shard %zu", &number) == 1)
        *shard = take(dir, number);
    else if (sscanf(line, "tenure %u %" SCNd64 " %63s", &partition, &offset, texts[0]) == 3)
        open_tenure(*shard, partition % PARTITIONS, offset, texts[0]);
    else if (sscanf(line, "row %u %" SCNd64 " %" SCNd64 " %63s %63s %63s %63s %63s", &partition,
                    &offset, &at_ms, texts[0], texts[1], texts[2], texts[3], texts[4]) >= 7)
        record(*shard, partition % PARTITIONS, offset, at_ms, texts);
    else if (rubrics &&
             sscanf(line, "record %u %" SCNd64 " %n", &partition, &offset, &json) == 2)
        evaluate(*shard, partition % PARTITIONS, offset, line + json);
    else if (strcmp(line, "commit\n") == 0)
        commit(*shard);
    else if (sscanf(line, "ack %u %" SCNd64, &partition, &offset) == 2) {
        struct tenure *tenure = &(*shard)->tenures[partition % PARTITIONS];
        if (!store_ack((*shard)->store, tenure, offset, &error))
            fail(&error, line);
    } else {
        return false;
    }
    return true;
}

static bool load(const char *name)
{
    struct problems problems = {0};
    const char *bad;
    rubrics = rubric_set_load(&name, 1, NULL, NULL, &problems, &bad);
    problems_print(&problems, stderr, name);
    problems_clear(&problems);
    scratch = scratch_new();
    return rubrics != NULL;
}

int main(int argc, char **argv)
{
    char line[LINE_BYTES] = "";
    struct shard *shard = argc > 1 ? take(argv[1], 0) : NULL;
    bool fine = shard != NULL && (argc == 2 || load(argv[2]));
    while (fine && fgets(line, sizeof line, stdin))
        fine = obey(argv[1], &shard, line);
    for (size_t i = 0; i < SHARDS; i++)
        store_close(shards[i].store);
    if (!fine)
        fprintf(stderr, "store_probe: not understood: %s\n", argc > 1 ? line : "give a folder");
    rubric_set_release(rubrics);
    scratch_free(scratch);
    return fine ? 0 : 2;
}
