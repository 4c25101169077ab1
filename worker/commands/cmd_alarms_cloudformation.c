/* assay alarms cloudformation: CloudWatch alarms on quality and quantity, as a template. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/utf8.h"
#include "worker/alarm/alarm_template.h"
#include "worker/options/args.h"
#include "worker/commands/cmd_alarms.h"
#include "worker/commands/commands.h"
#include "worker/options/plugins.h"

enum { MODEL_BYTES_MAX = 128, SAGEMAKER_NAME_MAX = 63 };

struct template_options {
    struct arg_list evaluators;
    const char *model, *endpoint, *variant, *fallback, *rubric, *topic, *namespace, *out;
    double latency_ms;
};

#define AT(member) offsetof(struct template_options, member)

static const struct arg ARGS[] = {
    {"model", "NAME", ARG_TEXT, AT(model),
     "as in --models of assay run and assay alarms run; other: all that are not in it", 0, 0},
    {"endpoint", "NAME", ARG_TEXT, AT(endpoint),
     "of SageMaker, as capture records name it: metrics carry it as EndpointName", 0, 0},
    {"variant", "NAME", ARG_TEXT, AT(variant), "of the endpoint; default AllTraffic", 0, 0},
    {"rubric", "RUBRIC", ARG_TEXT, AT(rubric),
     "a file, or the name of one that ships: its dimensions are watched, its thresholds are their "
     "floors; default general",
     0, 0},
    {"topic", "ARN", ARG_TEXT, AT(topic),
     "the SNS topic that is told; default the parameter TopicArn, empty", 0, 0},
    {"latency-ms", "MS", ARG_NUMBER, AT(latency_ms),
     "90 % of the model's replies shall be faster; default 5000", 1, 3600000},
    {"fallback", "VARIANT", ARG_TEXT, AT(fallback),
     "where the answer, once it is ENABLED, sends all traffic; default fallback", 0, 0},
    {"namespace", "TEMPLATE", ARG_TEXT, AT(namespace),
     "of the metrics, with {model}; default that of assay run --preset default, whose names these "
     "are",
     0, 0},
    PLUGINS_ARG(AT(evaluators)),
    {"out", "FILE", ARG_TEXT, AT(out), "default standard output", 0, 0},
};

static const struct arg_group GROUPS[] = {{"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0}};

static const struct arg_table TABLE = {
    .description =
        "Writes a CloudFormation template (JSON) of CloudWatch alarms: on the metrics of assay run "
        "and assay alarms run\n--metrics cloudwatch, on SageMaker's own, and composites of both: "
        "healthy and wrong, slow and wrong, wrong alone,\nserving unseen. Each threshold is a "
        "parameter of the stack. An EventBridge rule that answers wrong-alone by\nshifting the "
        "weights of variants is in it as an example; AnswerState is DISABLED until you say "
        "ENABLED.\n\n  aws cloudformation deploy --template-file FILE --stack-name NAME "
        "--capabilities CAPABILITY_IAM\n\nExit status: 0 written, 2 wrong usage, 3 it could not be "
        "written.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* SageMaker's rule for names of endpoints and variants. */
static bool check_name(const char *option, const char *name, struct problems *problems)
{
    size_t size = name ? strlen(name) : 0;
    bool good = size > 0 && size <= SAGEMAKER_NAME_MAX && name[0] != '-' && name[size - 1] != '-';
    for (size_t i = 0; i < size; i++)
        good = good && (is_letter_or_digit(name[i]) || name[i] == '-');
    if (!name)
        problems_add(problems, "", "--%s is missing", option);
    else if (!good)
        problems_add(problems, "",
                     "--%s \"%.80s\" is no name of SageMaker's: letters, digits and hyphens "
                     "between them, at most 63",
                     option, name);
    return good;
}

static bool check(const struct template_options *options, const struct metric_naming *naming,
                  struct problems *problems)
{
    struct error error = {0};
    if (!options->model || !*options->model)
        problems_add(problems, "", "--model is missing: a name in --models of assay run, or other");
    else if (strlen(options->model) > MODEL_BYTES_MAX || !utf8_valid(str_of(options->model)))
        problems_add(problems, "", "--model must be UTF-8 of at most %d bytes", MODEL_BYTES_MAX);
    check_name("endpoint", options->endpoint, problems);
    check_name("variant", options->variant, problems);
    check_name("fallback", options->fallback, problems);
    if (strcmp(options->variant, options->fallback) == 0)
        problems_add(problems, "", "--fallback must be another variant than --variant");
    if (options->topic && strncmp(options->topic, "arn:", 4) != 0)
        problems_add(problems, "", "--topic \"%.80s\" is no ARN: arn:aws:sns:REGION:ACCOUNT:NAME",
                     options->topic);
    if (!metric_naming_check(naming, &error))
        problems_add(problems, "", "--%s", error.text);
    return problems->total == 0;
}

static int write_template(const struct template_options *options, const json_t *document)
{
    FILE *file = options->out ? fopen(options->out, "we") : stdout;
    bool good = file && json_dumpf(document, file, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0 &&
                putc('\n', file) != EOF && fflush(file) == 0;
    int why = errno;
    if (file && file != stdout)
        good = fclose(file) == 0 && good;
    if (!good)
        fprintf(stderr, "assay alarms cloudformation: %s: cannot write: %s\n",
                options->out ? options->out : "standard output", strerror(why));
    return good ? EXIT_FINE : EXIT_COULD_NOT;
}

static int write_alarms(const char *command, const struct template_options *options,
                        struct problems *problems)
{
    const struct metric_naming naming = {.preset = metric_preset_find("default"),
                                         .namespace_template = options->namespace};
    struct rubric *rubric = NULL;
    if (!check(options, &naming, problems)) {
        args_print_problems(&(struct arg_line){.argv = (char *[]){(char *)command}}, problems,
                            stderr);
        return EXIT_USAGE;
    }
    if (!(rubric = rubric_load(options->rubric, NULL, problems))) {
        problems_print(problems, stderr, options->rubric);
        return EXIT_USAGE;
    }
    const struct alarm_template template = {.naming = &naming,
                                            .model = options->model,
                                            .endpoint = options->endpoint,
                                            .variant = options->variant,
                                            .fallback = options->fallback,
                                            .topic = options->topic,
                                            .rubric = rubric,
                                            .latency_ms = options->latency_ms};
    json_t *document = alarm_template_new(&template);
    int exit_code = write_template(options, document);
    json_decref(document);
    rubric_free(rubric);
    return exit_code;
}

int cmd_alarms_cloudformation(int argc, char **argv)
{
    struct template_options options = {.variant = "AllTraffic",
                                       .fallback = "fallback",
                                       .rubric = "general",
                                       .latency_ms = 5000};
    struct problems problems = {0};
    struct arg_list operands = {0};
    int exit_code;
    if (args_start(&TABLE, argc, argv, &options, &operands, &exit_code))
        exit_code = plugins_start(argv[0], &options.evaluators)
                        ? write_alarms(argv[0], &options, &problems)
                        : EXIT_USAGE;
    problems_clear(&problems);
    args_clear(&TABLE, &options);
    arg_list_clear(&operands);
    return exit_code;
}
