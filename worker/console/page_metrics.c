/* page_metrics: what the worker counted, in Prometheus' text format. */
#include "worker/console/console_inside.h"
#include "worker/publish/prometheus.h"

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
    {"assay_terminal_total", "counter", "", "{state=\"not_sampled\"}", COUNT_NOT_SAMPLED},
    {"assay_terminal_total", "counter", "", "{state=\"invalid\"}", COUNT_INVALID},
    {"assay_unknown_keys_total", "counter", "Keys of capture records that nobody knows.", "",
     COUNT_UNKNOWN_KEYS},
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

/* Adds up what the lanes' acks came to: a lane that has nothing new is what it was. */
static void write_totals(struct console *console, struct buffer *out)
{
    struct totals totals = {0};
    for (size_t i = 0; i < console->config.lane_count; i++) {
        struct totals *newer = totals_take(console->config.totals[i]);
        if (newer) {
            totals_free(console->newest[i]);
            console->newest[i] = newer;
        }
        if (console->newest[i])
            totals_merge(&totals, console->newest[i]);
    }
    prometheus_write(&totals, out);
    totals_clear(&totals);
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
    write_totals(console, out);
    return STATUS_OK;
}
