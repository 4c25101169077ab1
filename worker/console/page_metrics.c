/* page_metrics: what the worker counted, in Prometheus' text format. */
#include "worker/console/console_inside.h"
#include "worker/store/quality.h"

struct family {
    const char *name, *type, *help, *labels; /* labels: "" or {state="scored"} */
    enum counter counter;
};

/* Lines of one name stand together. */
static const struct family FAMILIES[] = {
    {"assay_messages_consumed_total", "counter", "Messages taken in.", "", COUNT_DELIVERED},
    {"assay_messages_adopted_total", "counter", "Messages whose rows the shard held already.", "",
     COUNT_ADOPTED},
    {"assay_terminal_total", "counter", "Deliveries by how they ended.", "{state=\"scored\"}",
     COUNT_SCORED},
    {"assay_terminal_total", "counter", "", "{state=\"duplicate\"}", COUNT_DUPLICATE},
    {"assay_terminal_total", "counter", "", "{state=\"unmatched\"}", COUNT_UNMATCHED},
    {"assay_terminal_total", "counter", "", "{state=\"invalid\"}", COUNT_INVALID},
    {"assay_store_transactions_total", "counter", "Transactions of rows.", "", COUNT_TRANSACTIONS},
    {"assay_commits_total", "counter", "Offset commits by the broker's answer.",
     "{answer=\"accepted\"}", COUNT_COMMITS},
    {"assay_commits_total", "counter", "", "{answer=\"refused\"}", COUNT_COMMITS_REFUSED},
    {"assay_answers_skipped_total", "counter", "Questions a rule left unanswered.", "",
     COUNT_ANSWERS_SKIPPED},
    {"assay_metrics_total", "counter", "Published metric minutes by outcome.", "{outcome=\"sent\"}",
     COUNT_METRICS_SENT},
    {"assay_metrics_total", "counter", "", "{outcome=\"ambiguous\"}", COUNT_METRICS_AMBIGUOUS},
    {"assay_metrics_total", "counter", "", "{outcome=\"refused\"}", COUNT_METRICS_REFUSED},
    {"assay_in_flight", "gauge", "Deliveries not yet recorded.", "", COUNT_IN_FLIGHT},
    {"assay_partitions_owned", "gauge", "Partitions owned now.", "", COUNT_PARTITIONS},
};

static int64_t sum(const struct console *console, enum counter counter)
{
    int64_t total = 0;
    for (size_t i = 0; i < console->config.lane_count; i++)
        total += atomic_load(&console->config.counters[i]->value[counter]);
    return total;
}

/* A label's value: quotes, backslashes and line ends escaped. */
static void write_label(struct buffer *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buffer_append_str(out, STR("\\"));
        buffer_append(out, *value == '\n' ? " " : value, 1);
    }
}

static void write_labels(struct buffer *out, const char *name, const struct quality_line *line)
{
    buffer_printf(out, "%s{model=\"", name);
    write_label(out, line->model);
    buffer_append_str(out, STR("\",criterion=\""));
    write_label(out, line->criterion);
    buffer_append_str(out, STR("\",dimension=\""));
    write_label(out, line->dimension);
    buffer_append_str(out, STR("\""));
}

static void write_statuses(struct buffer *out, const struct quality_line *line)
{
    const struct {
        const char *status;
        int64_t count;
    } counts[] = {{"scored", line->scored},
                  {"not_applicable", line->not_applicable},
                  {"skipped", line->skipped},
                  {"error", line->error}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        write_labels(out, "assay_scores_total", line);
        buffer_printf(out, ",status=\"%s\"} %lld\n", counts[i].status, (long long)counts[i].count);
    }
}

/* Counters of acked rows: a rate of sums over a rate of counts is a mean. */
static void write_quality(const struct console *console, struct buffer *out)
{
    struct quality quality = {0};
    struct error error = {0};
    const struct console_config *config = &console->config;
    for (size_t i = 0; i < config->lane_count; i++)
        quality_add(&quality, config->shards[i], config->models, config->model_count, &error);
    buffer_append_str(out, STR("# HELP assay_scores_total Scores by status.\n"
                               "# TYPE assay_scores_total counter\n"));
    for (size_t i = 0; i < quality.count; i++)
        write_statuses(out, &quality.lines[i]);
    buffer_append_str(out, STR("# HELP assay_score_sum Sum of scored values, each 0 to 1.\n"
                               "# TYPE assay_score_sum counter\n"));
    for (size_t i = 0; i < quality.count; i++) {
        write_labels(out, "assay_score_sum", &quality.lines[i]);
        buffer_printf(out, "} %.10g\n", quality.lines[i].sum);
    }
    buffer_append_str(out,
                      STR("# HELP assay_scores_passed_total Scores at or above the threshold.\n"
                          "# TYPE assay_scores_passed_total counter\n"));
    for (size_t i = 0; i < quality.count; i++) {
        write_labels(out, "assay_scores_passed_total", &quality.lines[i]);
        buffer_printf(out, "} %lld\n", (long long)quality.lines[i].passed);
    }
    quality_clear(&quality);
}

unsigned page_metrics(struct console *console, struct buffer *out)
{
    for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++) {
        const struct family *one = &FAMILIES[i];
        if (one->help[0])
            buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", one->name, one->help, one->name,
                          one->type);
        buffer_printf(out, "%s%s %lld\n", one->name, one->labels,
                      (long long)sum(console, one->counter));
    }
    buffer_printf(out,
                  "# HELP assay_build_info The version that runs.\n"
                  "# TYPE assay_build_info gauge\nassay_build_info{version=\"%s\"} 1\n",
                  ASSAY_VERSION);
    write_quality(console, out);
    return STATUS_OK;
}
