/* fold: what an ack counts: the rows between the old and the new acked_to, read back. One path, so
 * that a crash between commit and ack changes nothing. */
#include <math.h>
#include <stdio.h>
#include "schema/base/clock.h"
#include "worker/store/measure.h"
#include "worker/store/minutes.h"
#include "worker/store/totals.h"
#include "worker/store/traffic.h"

enum { DIMENSIONS_MAX = 32, ERROR_KIND_BYTES_MAX = 40, TOTALS_EVERY_MS = 1000 };

/* How a family is published; those of kinds, dimensions and criteria have names of their own. */
static const struct {
    const char *minute;
    enum metric_unit unit;
} METRICS[TOTAL_FAMILIES] = {
    [TOTAL_SAMPLES] = {"samples_evaluated", METRIC_COUNT},
    [TOTAL_COMPOSITE] = {"composite_quality_score", METRIC_NONE},
    [TOTAL_DIMENSION] = {NULL, METRIC_NONE},
    [TOTAL_SAFETY_VIOLATIONS] = {"safety_violations", METRIC_COUNT},
    [TOTAL_ERRORS] = {"evaluation_errors", METRIC_COUNT},
    [TOTAL_EVALUATION_SECONDS] = {"quality_evaluation_latency", METRIC_MILLISECONDS},
    [TOTAL_INFERENCE_SECONDS] = {"inference_latency", METRIC_MILLISECONDS},
};

/* All that one ack adds. */
struct fold {
    struct store *store;
    struct rollups rollups;
    struct measures measures;
    struct traffic traffic;
    struct minutes minutes;
    struct totals totals; /* when somebody asks for them */
};

/* A delivery's row, as the fold needs it. */
struct acked_row {
    int64_t offset, at_ms;
    bool scored;                  /* else it was left out by sampling */
    double probability, captured; /* captured: NAN where all was evaluated */
    struct rollup_key key;
    struct str model_name, endpoint, component;
    struct str total_endpoint; /* of a bounded set */
    double evaluation_ms, latency_ms;
    double measures[MEASURES];
};

/* A score's row joined with its criterion. */
struct acked_score {
    int64_t criterion, passed; /* passed: -1 unknown */
    int64_t place;             /* of its rubric, among those that apply */
    struct str status, name, dimension, reason, label, rubric, hash;
    double value, weight, share; /* share: the criterion's own share */
};

/* The weighted mean of a dimension's scored criteria, built up row by row: those of the first
 * rubric that scored it. */
struct dimension {
    int64_t place;
    char *name;
    double sum, weight;
};

/* Milliseconds to three significant digits, so that a minute has few distinct values. */
static double round_ms(double ms)
{
    if (!(ms > 0))
        return ms;
    double scale = pow(10, 2 - floor(log10(ms)));
    return round(ms * scale) / scale;
}

static void add_minute(struct fold *fold, const struct acked_row *row, enum total_family family,
                       const char *detail, double value)
{
    char dimension[128];
    snprintf(dimension, sizeof dimension, "%s_score", detail);
    enum metric_unit unit = METRICS[family].unit;
    struct minute key = {.minute_ms = row->at_ms / MINUTE_MS * MINUTE_MS,
                         .model = row->model_name,
                         .endpoint = row->endpoint,
                         .component = row->component,
                         .name = family == TOTAL_DIMENSION ? dimension : METRICS[family].minute,
                         .kind = family == TOTAL_DIMENSION ? "" : detail,
                         .unit = unit};
    minutes_add(&fold->minutes, &key, unit == METRIC_MILLISECONDS ? round_ms(value) : value);
}

/* Metrics are of live traffic alone. */
static bool is_live(const struct acked_row *row)
{
    return row->key.run == LIVE_RUN;
}

/* A value for the minutes that are published and for the totals that are asked for: a score, a
 * duration in ms or 1. `detail`: the dimension or the kind, else "". */
static void add_value(struct fold *fold, const struct acked_row *row, enum total_family family,
                      const char *detail, double value)
{
    if (!isfinite(value) || !is_live(row))
        return;
    add_minute(fold, row, family, detail, value);
    if (!fold->store->totals_box)
        return;
    const struct total_key key = {.family = family,
                                  .model = row->model_name,
                                  .endpoint = row->total_endpoint,
                                  .name = str_of(detail)};
    total_observe(totals_at(&fold->totals, &key),
                  METRICS[family].unit == METRIC_MILLISECONDS ? value / 1000 : value);
}

static void add_criterion(struct fold *fold, const struct acked_row *row,
                          const struct acked_score *score)
{
    static const char *const statuses[] = {[TOTAL_SCORED] = "scored",
                                           [TOTAL_NOT_APPLICABLE] = "not_applicable",
                                           [TOTAL_SKIPPED] = "skipped",
                                           [TOTAL_ERROR] = "error"};
    if (!fold->store->totals_box || !is_live(row))
        return;
    const struct total_key key = {.family = TOTAL_CRITERION,
                                  .model = row->model_name,
                                  .endpoint = row->total_endpoint,
                                  .name = score->name,
                                  .dimension = score->dimension,
                                  .rubric = score->rubric,
                                  .hash = score->hash};
    struct total *total = totals_at(&fold->totals, &key);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        total->counts[i] += str_is(score->status, statuses[i]);
    if (!str_is(score->status, statuses[TOTAL_SCORED]))
        return;
    total->counts[TOTAL_PASSED] += score->passed == 1;
    total->sum += score->value;
}

static bool is_code_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The code in front of a reason: "judge_unavailable", "rule" of "rule x: match limit". */
static const char *error_kind_of(struct fold *fold, struct str reason)
{
    size_t size = 0;
    while (size < reason.size && size < ERROR_KIND_BYTES_MAX && is_code_char(reason.data[size]))
        size++;
    return size ? arena_copy(&fold->minutes.arena, (struct str){reason.data, size}) : "other";
}

/* Scores come in the order of the rubrics' places. */
static void add_to_dimension(struct fold *fold, struct dimension *dimensions, size_t *count,
                             const struct acked_score *score)
{
    size_t i = 0;
    while (i < *count && !str_is(score->dimension, dimensions[i].name))
        i++;
    if (i == DIMENSIONS_MAX || !(score->weight > 0))
        return;
    if (i == *count)
        dimensions[(*count)++] = (struct dimension){
            .place = score->place, .name = arena_copy(&fold->minutes.arena, score->dimension)};
    if (dimensions[i].place != score->place)
        return;
    dimensions[i].sum += score->value * score->weight;
    dimensions[i].weight += score->weight;
}

/* A composite counts when it is of the first rubric that applies. */
static void add_composite(struct fold *fold, const struct acked_row *row,
                          const struct acked_score *score)
{
    if (score->place == 0 && str_is(score->status, "scored"))
        add_value(fold, row, TOTAL_COMPOSITE, "", score->value);
}

static void add_score(struct fold *fold, const struct acked_row *row,
                      const struct acked_score *score, struct dimension *dimensions, size_t *count)
{
    struct rollup_key key = row->key;
    bool outside = str_is(score->reason, TERMINAL_NOT_SAMPLED); /* of the criterion's share */
    if (score->share < 1)
        key.threshold = rollup_threshold(row->probability * score->share);
    rollups_add(&fold->rollups, &key, score->criterion,
                outside ? STR("not_applicable") : score->status, score->value, score->passed);
    if (score->label.data)
        measures_add_label(&fold->measures, &key, score->criterion,
                           shard_word(fold->store, score->label));
    if (str_is(score->name, "composite")) {
        add_composite(fold, row, score);
        return;
    }
    add_criterion(fold, row, score);
    if (str_is(score->status, "error")) /* published in total, too */
        add_value(fold, row, TOTAL_ERRORS, error_kind_of(fold, score->reason), 1);
    if (!str_is(score->status, "scored"))
        return;
    add_to_dimension(fold, dimensions, count, score);
    if (str_is(score->dimension, "safety") && score->passed == 0)
        add_value(fold, row, TOTAL_SAFETY_VIOLATIONS, "", 1);
}

static void add_dimensions(struct fold *fold, const struct acked_row *row,
                           const struct dimension *dimensions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_value(fold, row, TOTAL_DIMENSION, dimensions[i].name,
                  dimensions[i].sum / dimensions[i].weight);
}

static struct acked_score read_score(struct statement *rows)
{
    return (struct acked_score){.criterion = db_int(rows, 1),
                                .status = db_text(rows, 2),
                                .value = db_real(rows, 3),
                                .passed = isnan(db_real(rows, 4)) ? -1 : db_int(rows, 4),
                                .reason = db_text(rows, 5),
                                .place = db_int(rows, 6),
                                .name = db_text(rows, 7),
                                .dimension = db_text(rows, 8),
                                .weight = db_real(rows, 9),
                                .label = db_text(rows, 10),
                                .rubric = db_text(rows, 11),
                                .hash = db_text(rows, 12),
                                .share = db_real(rows, 13)};
}

/* Models that the configuration does not name share the name "other": names cost money. */
static struct str metric_model(const struct store *store, struct str model)
{
    for (size_t i = 0; i < store->model_count; i++)
        if (str_is(model, store->models[i]))
            return model;
    return STR("other");
}

static struct str or_empty(struct str text)
{
    return text.data ? text : STR("");
}

static struct acked_row read_row(struct store *store, int64_t run, struct statement *rows)
{
    double probability = db_real(rows, 7);
    return (struct acked_row){
        .offset = db_int(rows, 0),
        .scored = db_int(rows, 14),
        .probability = probability,
        .captured = db_real(rows, 15),
        .key = {.run = run,
                .model = db_int(rows, 1),
                .segment = db_int(rows, 13),
                .threshold = rollup_threshold(probability),
                .bucket_ms = db_int(rows, 5) / ROLLUP_BUCKET_MS * ROLLUP_BUCKET_MS},
        .model_name = metric_model(store, db_text(rows, 2)),
        .endpoint = or_empty(db_text(rows, 3)),
        .component = or_empty(db_text(rows, 4)),
        .total_endpoint = store->totals_box
                              ? totals_endpoint(&store->totals, or_empty(db_text(rows, 3)))
                              : STR(""),
        .at_ms = db_int(rows, 5),
        .evaluation_ms = db_real(rows, 6),
        .latency_ms = db_real(rows, 8),
        .measures = {[MEASURE_EVALUATION_US] = db_real(rows, 6) * 1000,
                     [MEASURE_INFERENCE_US] = db_real(rows, 8) * 1000,
                     [MEASURE_INPUT_TOKENS] = db_real(rows, 9),
                     [MEASURE_OUTPUT_TOKENS] = db_real(rows, 10),
                     [MEASURE_PROMPT_BYTES] = db_real(rows, 11),
                     [MEASURE_RESPONSE_BYTES] = db_real(rows, 12)}};
}

static void bind_range(struct statement *rows, int64_t run, int64_t source, int64_t from,
                       int64_t to)
{
    db_bind_int(rows, run);
    db_bind_int(rows, source);
    db_bind_int(rows, from);
    db_bind_int(rows, to);
}

/* Scored deliveries of a run and their scores, side by side in order of offset; and what sampling
 * left out. */
static void fold_run(struct fold *fold, int64_t run, int64_t source, int64_t from, int64_t to)
{
    struct db *db = fold->store->db;
    struct statement *rows = db_sql(
        db,
        "SELECT off, coalesce(model, 0), m.text, e.text, c.text, observed_at_ms, evaluation_ms,"
        "probability, latency_ms, input_tokens, output_tokens, prompt_bytes, response_bytes, "
        "segment, state = 'scored', captured "
        "FROM delivery LEFT JOIN word m ON m.id = model LEFT JOIN word e "
        "ON e.id = endpoint LEFT JOIN word c ON c.id = component WHERE run = ? AND source = ? "
        "AND off >= ? AND off < ? AND (state = 'scored' OR reason = '" TERMINAL_NOT_SAMPLED "') "
        "ORDER BY off");
    struct statement *scores = db_sql(
        db, "SELECT off, criterion, status, value, passed, reason, place, criterion.name,"
            "dimension, weight, label, rubric.name, criterion.hash, criterion.share FROM score "
            "JOIN criterion ON criterion.id = criterion JOIN rubric ON rubric.id = criterion.rubric WHERE run = ? "
            "AND source = ? AND off >= ? AND off < ? ORDER BY off, place, criterion");
    bind_range(rows, run, source, from, to);
    bind_range(scores, run, source, from, to);
    bool more = db_row(scores);
    while (db_row(rows)) {
        struct acked_row row = read_row(fold->store, run, rows);
        if (row.captured > 0)
            traffic_add(&fold->traffic, &row.key, row.captured, row.scored);
        if (!row.scored)
            continue;
        struct dimension dimensions[DIMENSIONS_MAX];
        size_t count = 0;
        for (; more && db_int(scores, 0) <= row.offset; more = db_row(scores)) {
            struct acked_score score = read_score(scores);
            if (db_int(scores, 0) == row.offset)
                add_score(fold, &row, &score, dimensions, &count);
        }
        add_dimensions(fold, &row, dimensions, count);
        measures_add(&fold->measures, &row.key, row.measures);
        add_value(fold, &row, TOTAL_SAMPLES, "", 1);
        add_value(fold, &row, TOTAL_EVALUATION_SECONDS, "", row.evaluation_ms);
        add_value(fold, &row, TOTAL_INFERENCE_SECONDS, "", row.latency_ms);
    }
    db_end(rows);
    db_end(scores);
}

/* Every offset is of one run or another; in the shard of a rerun all are of it. */
static void fold_range(struct fold *fold, int64_t source, int64_t from, int64_t to)
{
    int64_t references = shard_references(fold->store);
    fold_run(fold, shard_run(fold->store, SAMPLE_LIVE), source, from, to);
    if (references)
        fold_run(fold, references, source, from, to);
}

static void write_fold(struct fold *fold)
{
    rollups_write(&fold->rollups, fold->store);
    measures_write(&fold->measures, fold->store);
    traffic_write(&fold->traffic, fold->store);
    if (!fold->store->unpublished)
        minutes_write(&fold->minutes, fold->store);
}

static void clear_fold(struct fold *fold)
{
    rollups_clear(&fold->rollups);
    measures_clear(&fold->measures);
    traffic_clear(&fold->traffic);
    minutes_clear(&fold->minutes);
    totals_clear(&fold->totals);
}

/* Folds [from, to) but for what tenures of this shard have counted already: a group that was
 * rewound must not count rows twice, nor leave out those it had never reached. */
static void fold_uncounted(struct fold *fold, int64_t source, int64_t from, int64_t to)
{
    struct statement *counted =
        db_sql(fold->store->db, "SELECT start, acked_to FROM tenure WHERE source = ? AND start < "
                                "acked_to AND acked_to > ? AND start < ? ORDER BY start");
    db_bind_int(counted, source);
    db_bind_int(counted, from);
    db_bind_int(counted, to);
    while (from < to && db_row(counted)) {
        int64_t start = db_int(counted, 0), end = db_int(counted, 1);
        if (start > from)
            fold_range(fold, source, from, start);
        if (end > from)
            from = end;
    }
    db_end(counted);
    if (from < to)
        fold_range(fold, source, from, to);
}

void shard_fold(struct store *store, int64_t source, int64_t from, int64_t to)
{
    struct fold fold = {.store = store};
    fold_range(&fold, source, from, to);
    write_fold(&fold);
    clear_fold(&fold);
}

bool store_ack(struct store *store, struct tenure *tenure, int64_t to, struct error *error)
{
    if (to <= tenure->acked_to)
        return true;
    struct fold fold = {.store = store};
    db_begin(store->db);
    fold_uncounted(&fold, tenure->source, tenure->acked_to, to);
    write_fold(&fold);
    struct statement *move = db_sql(store->db, "UPDATE tenure SET acked_to = ? WHERE id = ?");
    db_bind_int(move, to);
    db_bind_int(move, tenure->id);
    db_do(move);
    bool good = db_commit(store->db, error);
    if (good) {
        tenure->acked_to = to;
        totals_merge(&store->totals, &fold.totals);
        store->totals_changed = store->totals_box != NULL;
    } else {
        shard_forget(store);
    }
    clear_fold(&fold);
    return good;
}

void store_offer_totals(struct store *store)
{
    int64_t now = clock_steady_ms();
    if (!store->totals_changed || now < store->totals_due_ms)
        return;
    totals_offer(store->totals_box, &store->totals);
    store->totals_changed = false;
    store->totals_due_ms = now + TOTALS_EVERY_MS;
}
