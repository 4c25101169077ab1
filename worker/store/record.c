/* record: the rows of a delivery. */
#include <math.h>
#include <stdlib.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/store/shard.h"

/* ---- words and rubrics are rows of their own ---- */

static struct word *word_slot(struct store *store, struct str text)
{
    size_t at = (size_t)hash_sip(store->key, text) % WORDS_MAX;
    while (store->words[at].text &&
           !str_equal((struct str){store->words[at].text, store->words[at].size}, text))
        at = (at + 1) % WORDS_MAX;
    return &store->words[at];
}

static void forget_words(struct store *store)
{
    for (size_t i = 0; i < WORDS_MAX; i++) {
        free(store->words[i].text);
        store->words[i] = (struct word){0};
    }
    store->word_count = 0;
}

void shard_forget(struct store *store)
{
    forget_words(store);
    segments_forget(&store->segments);
    store->references = 0;
    store->rubric_count = 0;
}

int64_t shard_word(struct store *store, struct str text)
{
    if (store->word_count > WORDS_MAX / 2)
        forget_words(store);
    struct word *word = word_slot(store, text);
    if (word->text)
        return word->id;
    struct statement *make = db_sql(store->db, "INSERT OR IGNORE INTO word(text) VALUES(?)");
    db_bind_text(make, text);
    db_do(make);
    struct statement *read = db_sql(store->db, "SELECT id FROM word WHERE text = ?");
    db_bind_text(read, text);
    int64_t id = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    *word = (struct word){memory_resize(NULL, text.size + 1, 1), text.size, id};
    memcpy(word->text, text.data, text.size);
    store->word_count++;
    return id;
}

static int64_t criterion_row(struct store *store, int64_t rubric, const struct criterion *criterion)
{
    struct statement *make =
        db_sql(store->db, "INSERT OR IGNORE INTO criterion(rubric, hash, name, dimension, weight,"
                          "threshold, share) VALUES(?, ?, ?, ?, ?, ?, ?)");
    db_bind_int(make, rubric);
    db_bind_text(make, str_of(criterion->hash));
    db_bind_text(make, str_of(criterion->name));
    db_bind_text(make, str_of(criterion->dimension));
    db_bind_real(make, criterion->weight);
    db_bind_real(make, criterion->threshold);
    db_bind_real(make, criterion->sample);
    db_do(make);
    struct statement *read =
        db_sql(store->db, "SELECT id FROM criterion WHERE rubric = ? AND name = ?");
    db_bind_int(read, rubric);
    db_bind_text(read, str_of(criterion->name));
    int64_t id = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return id;
}

static int64_t rubric_row(struct store *store, const struct rubric *rubric)
{
    char *document = rubric->document ? json_dumps(rubric->document, JSON_COMPACT) : NULL;
    struct statement *make =
        db_sql(store->db, "INSERT OR IGNORE INTO rubric(hash, name, document) VALUES(?, ?, ?)");
    db_bind_text(make, str_of(rubric->hash));
    db_bind_text(make, str_of(rubric->name));
    db_bind_text(make, str_of(document ? document : "{}"));
    db_do(make);
    free(document);
    struct statement *read = db_sql(store->db, "SELECT id FROM rubric WHERE hash = ?");
    db_bind_text(read, str_of(rubric->hash));
    int64_t id = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return id;
}

const struct known_rubric *shard_rubric(struct store *store, const struct rubric *rubric)
{
    for (size_t i = 0; i < store->rubric_count; i++)
        if (strcmp(store->rubrics[i].hash, rubric->hash) == 0)
            return &store->rubrics[i];
    if (store->rubric_count == RUBRICS_KNOWN_MAX)
        store->rubric_count = 0;
    struct known_rubric *known = &store->rubrics[store->rubric_count++];
    memcpy(known->hash, rubric->hash, sizeof known->hash);
    int64_t row = rubric_row(store, rubric);
    for (size_t i = 0; i < rubric->criterion_count; i++)
        known->criteria[i] = criterion_row(store, row, &rubric->criteria[i]);
    struct criterion composite = {.name = "composite", .dimension = "composite", .sample = 1};
    memcpy(composite.hash, rubric->hash, sizeof composite.hash);
    known->criteria[rubric->criterion_count] = criterion_row(store, row, &composite);
    return known;
}

/* ---- rows ---- */

uint64_t store_sample_key(const struct store *store, struct str sample_id)
{
    return hash_sip(store->key, sample_id);
}

static void bind_word(struct store *store, struct statement *row, struct str text)
{
    if (text.data)
        db_bind_int(row, shard_word(store, text));
    else
        db_bind_null(row);
}

static void bind_positive(struct statement *row, int64_t value)
{
    if (value >= 0)
        db_bind_int(row, value);
    else
        db_bind_null(row);
}

static void bind_sample(struct store *store, struct statement *row, const struct sample *sample,
                        int64_t now_ms, double evaluation_ms)
{
    bind_word(store, row, sample->model);
    bind_word(store, row, sample->endpoint);
    bind_word(store, row, sample->inference_component);
    db_bind_int(row, sample->observed_at_ms >= 0 ? sample->observed_at_ms : now_ms);
    db_bind_int(row, now_ms);
    db_bind_real(row, evaluation_ms);
    db_bind_real(row, sample->latency_ms >= 0 ? sample->latency_ms : NAN);
    bind_positive(row, sample->input_tokens);
    bind_positive(row, sample->output_tokens);
    db_bind_real(row, sample->probability);
    db_bind_int(row, (int64_t)sample->prompt.size);
    db_bind_int(row, (int64_t)sample->response.size);
}

/* What could not be read is live's: nothing says otherwise. */
static enum sample_run run_of(const struct delivery *delivery)
{
    return delivery->sample ? delivery->sample->run : SAMPLE_LIVE;
}

static void insert_delivery(struct store *store, const struct delivery *delivery)
{
    static const struct sample NOTHING = {.observed_at_ms = -1,
                                          .latency_ms = -1,
                                          .input_tokens = -1,
                                          .output_tokens = -1,
                                          .probability = 1};
    struct statement *row = db_sql(
        store->db, "INSERT INTO delivery VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
                   "ON CONFLICT DO NOTHING");
    db_bind_int(row, shard_run(store, run_of(delivery)));
    db_bind_int(row, delivery->tenure->source);
    db_bind_int(row, delivery->offset);
    db_bind_int(row, delivery->tenure->id);
    db_bind_text(row, str_of(terminal_state_name(delivery->state)));
    db_bind_text(row, str_of(delivery->reason));
    db_bind_int(row, (int64_t)delivery->sample_key);
    db_bind_text(row, delivery->sample_id);
    bind_sample(store, row, delivery->sample ? delivery->sample : &NOTHING, clock_wall_ms(),
                delivery->evaluation_ms);
    db_bind_int(row, segments_row(&store->segments, store, delivery->sample));
    db_bind_real(row, delivery->captured > 0 ? delivery->captured : NAN);
    db_do(row);
}

static void findings_as_json(const struct score *score, struct buffer *out)
{
    buffer_append(out, "[", 1);
    for (size_t i = 0; i < score->finding_count; i++) {
        const struct finding *one = &score->findings[i];
        buffer_printf(out, "%s{\"rule\":", i ? "," : "");
        buffer_append_json(out, str_of(one->rule));
        buffer_append_str(out, STR(",\"entity\":"));
        buffer_append_json(out, str_of(one->entity));
        buffer_printf(out, ",\"where\":\"%s\",\"start\":%zu,\"end\":%zu,", one->where, one->start,
                      one->end);
        buffer_printf(out, "\"start_byte\":%zu,\"end_byte\":%zu}", one->start_byte, one->end_byte);
    }
    buffer_append(out, "]", 1);
}

/* passed: -1 when there is no value to compare. `place`: of the rubric, among those that apply. */
static void insert_score(struct store *store, const struct delivery *delivery, int64_t criterion,
                         const struct score *score, int passed, size_t place)
{
    struct buffer findings = {0};
    if (score->finding_count)
        findings_as_json(score, &findings);
    struct statement *row = db_sql(store->db, "INSERT INTO score VALUES(?,?,?,?,?,?,?,?,?,?,?) "
                                              "ON CONFLICT DO NOTHING");
    db_bind_int(row, shard_run(store, run_of(delivery)));
    db_bind_int(row, delivery->tenure->source);
    db_bind_int(row, delivery->offset);
    db_bind_int(row, criterion);
    db_bind_text(row, str_of(score_status_name(score->status)));
    db_bind_real(row, score->status == SCORE_SCORED ? score->value : NAN);
    bind_positive(row, passed);
    db_bind_text(row, str_of(score->label));
    db_bind_text(row, str_of(score->reason));
    db_bind_text(row, findings.size ? buffer_str(&findings) : (struct str){0});
    db_bind_int(row, (int64_t)place);
    db_do(row);
    buffer_clear(&findings);
}

void store_record(struct store *store, const struct delivery *delivery)
{
    insert_delivery(store, delivery);
    shard_text(store, delivery);
    shard_answers(store, delivery);
    for (size_t i = 0; i < delivery->evaluated_count; i++) {
        const struct evaluated *one = &delivery->evaluated[i];
        const struct known_rubric *known = shard_rubric(store, one->rubric);
        size_t count = one->rubric->criterion_count;
        for (size_t c = 0; c < count; c++) {
            const struct criterion *criterion = &one->rubric->criteria[c];
            const struct score *score = &one->scores[c];
            int passed = score->status == SCORE_SCORED ? score->value >= criterion->threshold : -1;
            insert_score(store, delivery, known->criteria[c], score, passed, i);
        }
        insert_score(store, delivery, known->criteria[count], &one->composite, -1, i);
    }
}
