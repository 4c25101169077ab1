/* run_options: what `assay run` can be told; `assay doctor` is told the same. */
#include "worker/options/run_options.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include "worker/console/console.h"
#include "worker/options/plugins.h"
#include "worker/options/redaction.h"
#include "worker/options/segment_options.h"

#define AT(member) offsetof(struct run_options, member)

const struct arg RUN_ARGS[RUN_ARG_COUNT] = {
    {"config", "FILE", ARG_TEXT, AT(config),
     "a JSON object of these options; the command line wins", 0, 0},
    {"brokers", "HOST:PORT[,...]", ARG_TEXT, AT(brokers), "Kafka brokers to start from", 0, 0},
    {"topic", "NAME", ARG_TEXT, AT(topic), "holds the capture records", 0, 0},
    {"rerun-topic", "NAME", ARG_TEXT, AT(rerun_topic),
     "instead: holds chunks of reruns (assay rerun --to-topic); they are scored as runs of their "
     "own, from the oldest one on, and nothing is published, whatever --metrics says",
     0, 0},
    {"group", "NAME", ARG_TEXT, AT(group),
     "consumer group; default assay, with --rerun-topic assay-rerun", 0, 0},
    {"from", "WHERE", ARG_TEXT, AT(from),
     "earliest or latest, where the group has no offset; default committed: then that is an error",
     0, 0},
    {"rubric", "RUBRIC[,...]", ARG_LIST, AT(rubrics),
     "a file, or the name of one that ships; default general", 0, 0},
    PLUGINS_ARG(AT(evaluators)),
    {"store", "DIR", ARG_TEXT, AT(store),
     "keeps the scores, a shard for each lane; made when absent", 0, 0},
    {"lanes", "N", ARG_INT, AT(lanes), "threads; default one per core", 1, LANES_MAX},
    {"until-end", NULL, ARG_FLAG, AT(until_end), "end when all that the topic holds is scored", 0,
     0},
    {"listen", "ADDRESS:PORT", ARG_TEXT, AT(listen),
     "serve /livez, /readyz and /metrics there; default off", 0, 0},
    {"text", "POLICY", ARG_TEXT, AT(text),
     "keep failed, judged and some other samples, with what models said of them: redacted, full or "
     "none; default redacted",
     0, 0},
    {"text-share", "SHARE", ARG_NUMBER, AT(text_share),
     "of the other samples that are kept, from 0 to 1; default 0.01", 0, 1},
    {"text-days", "N", ARG_INT, AT(retention.text_days),
     "how long kept samples stay; default 30, 0 for ever", 0, RETENTION_DAYS_MAX},
    {"row-days", "N", ARG_INT, AT(retention.row_days),
     "how long scores and terminal records stay; default 0, for ever. Rollups stay anyway", 0,
     RETENTION_DAYS_MAX},
    {"segment-by", "KEY[,...]", ARG_LIST, AT(segment_by), SEGMENT_BY_HELP, 0, 0},
    {"sample-key", "SECRET", ARG_TEXT, AT(sample_key),
     "of the hash by which --sample decides, the same on every worker; default made of the group's "
     "name, which lets who knows it choose ids that are not evaluated",
     0, 0},
    {"kafka", "KEY=VALUE", ARG_LIST, AT(kafka), "a property of librdkafka", 0, 0},
};

const struct arg RUN_METRIC_ARGS[RUN_METRIC_ARG_COUNT] = {
    {"metrics", "WHERE", ARG_TEXT, AT(metrics),
     "cloudwatch, emf (lines on stdout) or none; default "
     "cloudwatch",
     0, 0},
    {"models", "NAME[,...]", ARG_WORDS, AT(models),
     "models that get metrics of their own; all others are \"other\", because names cost money", 0,
     0},
    {"preset", "NAME", ARG_TEXT, AT(preset), "names of the metrics: default or aws-sample", 0, 0},
    {"namespace", "TEMPLATE", ARG_TEXT, AT(namespace), "with {model}; default the preset's", 0, 0},
    {"label", "[COMPONENT=]TEXT", ARG_LIST, AT(labels),
     "aws-sample: the InferenceComponentLabel of an inference component, or of all without one; "
     "default the component's name",
     0, 0},
    {"publish-every", "SECONDS", ARG_NUMBER, AT(publish_every_s), "default 60", 1, 3600},
    {"query-form", NULL, ARG_FLAG, AT(query_form),
     "CloudWatch's older wire form, for old VPC endpoints", 0, 0},
};

struct run_options run_options_default(void)
{
    return (struct run_options){.from = "committed",
                                .text = "redacted",
                                .text_share = .01,
                                .retention = {.text_days = 30},
                                .metrics = "cloudwatch",
                                .preset = "default",
                                .lanes = sysconf(_SC_NPROCESSORS_ONLN),
                                .publish_every_s = 60,
                                .judge = JUDGE_DEFAULTS,
                                .sample = SAMPLE_DEFAULTS};
}

/* ---- words ---- */

static const char *const FROM_WORDS[] = {
    [FROM_COMMITTED] = "committed", [FROM_EARLIEST] = "earliest", [FROM_LATEST] = "latest"};
enum { FROM_COUNT = sizeof FROM_WORDS / sizeof *FROM_WORDS };

static const struct {
    const char *word;
    const struct publisher *publisher;
} PUBLISHERS[] = {{"cloudwatch", &PUBLISHER_CLOUDWATCH}, {"emf", &PUBLISHER_EMF}, {"none", NULL}};
enum { PUBLISHER_COUNT = sizeof PUBLISHERS / sizeof *PUBLISHERS };

static size_t find_from(const char *word)
{
    size_t i = 0;
    while (i < FROM_COUNT && strcmp(word, FROM_WORDS[i]) != 0)
        i++;
    return i;
}

static size_t find_publisher(const char *word)
{
    size_t i = 0;
    while (i < PUBLISHER_COUNT && strcmp(word, PUBLISHERS[i].word) != 0)
        i++;
    return i;
}

static void check_needed(const struct run_options *options, struct problems *problems)
{
    const struct {
        const char *name, *value;
    } needed[] = {{"--brokers", options->brokers},
                  {"--topic", run_options_topic(options)},
                  {"--store", options->store}};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!needed[i].value)
            problems_add(problems, "", "needed and not given: %s", needed[i].name);
}

static void check_labels(const struct arg_list *labels, struct problems *problems)
{
    for (size_t i = 0; i < labels->count; i++) {
        const char *label = labels->values[i], *equals = strchr(label, '=');
        if (equals == label || !(equals ? equals[1] : label[0]))
            problems_add(problems, "", "--label must be COMPONENT=TEXT or TEXT, not \"%.100s\"",
                         label);
    }
}

bool run_options_check(const struct run_options *options, struct problems *problems)
{
    check_needed(options, problems);
    if (options->rerun_topic && options->topic)
        problems_add(problems, "",
                     "--topic and --rerun-topic do not go together: a worker does the one or the "
                     "other");
    if (options->rerun_topic && options->listen)
        problems_add(problems, "", "--listen and --rerun-topic do not go together");
    if (find_from(options->from) == FROM_COUNT)
        problems_add(problems, "", "--from must be earliest, latest or committed, not %s",
                     options->from);
    enum text_policy policy;
    if (!text_policy_find(options->text, &policy))
        problems_add(problems, "", "--text must be redacted, full or none, not %s", options->text);
    if (find_publisher(options->metrics) == PUBLISHER_COUNT)
        problems_add(problems, "", "--metrics must be cloudwatch, emf or none, not %s",
                     options->metrics);
    struct metric_naming naming = run_options_naming(options);
    struct error error = {0};
    if (options->listen && !console_address_valid(options->listen, &error))
        problems_add(problems, "", "%s", error.text);
    if (!naming.preset)
        problems_add(problems, "", "--preset must be default or aws-sample, not %s",
                     options->preset);
    else if (!metric_naming_check(&naming, &error))
        problems_add(problems, "", "%s", error.text);
    check_labels(&options->labels, problems);
    segment_options_check(&options->segment_by, "--segment-by", problems);
    sample_options_check(&options->sample, problems);
    if (options->sample_key && !options->sample_key[0])
        problems_add(problems, "", "--sample-key is empty: leave it out, or give a secret");
    return problems->total == 0;
}

const char *run_options_topic(const struct run_options *options)
{
    return options->rerun_topic ? options->rerun_topic : options->topic;
}

const char *run_options_group(const struct run_options *options)
{
    const char *usual = options->rerun_topic ? "assay-rerun" : "assay";
    return options->group ? options->group : usual;
}

/* Where a group of reruns has no offset, all that was planned is to be done. */
enum kafka_from run_options_from(const struct run_options *options)
{
    if (options->rerun_topic)
        return FROM_EARLIEST;
    return (enum kafka_from)find_from(options->from);
}

enum text_policy run_options_text(const struct run_options *options)
{
    enum text_policy policy = TEXT_NONE;
    text_policy_find(options->text, &policy);
    return policy;
}

const struct publisher *run_options_publisher(const struct run_options *options)
{
    return PUBLISHERS[find_publisher(options->metrics)].publisher;
}

struct metric_naming run_options_naming(const struct run_options *options)
{
    return (struct metric_naming){.preset = metric_preset_find(options->preset),
                                  .namespace_template = options->namespace,
                                  .labels = options->labels.values,
                                  .label_count = options->labels.count};
}

struct kafka_config run_options_kafka(const struct run_options *options)
{
    return (struct kafka_config){.brokers = options->brokers,
                                 .topic = run_options_topic(options),
                                 .group = run_options_group(options),
                                 .from = run_options_from(options),
                                 .properties = options->kafka.values,
                                 .property_count = options->kafka.count};
}

struct sampler_config run_options_sampler(const struct run_options *options)
{
    uint8_t digest[SHA256_BYTES];
    struct sampler_config config = sample_options_config(&options->sample, options->lanes);
    hash_hmac_sha256(STR("assay sampler"),
                     str_of(options->sample_key ? options->sample_key : options->group), digest);
    memcpy(config.key, digest, sizeof config.key);
    return config;
}
