/* alarm_template: CloudWatch alarms on quality and quantity, as a CloudFormation template.
 *
 * Metric alarms tell nobody: composites of them do (template_composite.c), so that one trouble is
 * one page. */
#include "worker/alarm/alarm_template.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/alarm/alarm_floors.h"
#include "worker/alarm/template_answer.h"
#include "worker/alarm/template_composite.h"
#include "worker/alarm/template_json.h"

enum { PERIOD_SECONDS = 300, ID_BYTES = 128 };

/* Whose metric it is. */
enum source {
    OF_WORKERS,  /* assay run, of the endpoint */
    OF_WATCHER,  /* assay alarms run, of a whole model */
    OF_REQUESTS, /* SageMaker, of a variant's invocations */
    OF_HARDWARE, /* SageMaker, of a variant's instances */
};

/* What a period without a datapoint means. */
static const char NOT_BAD[] = "notBreaching", BAD[] = "breaching", AS_BEFORE[] = "ignore";

struct watched {
    const char *id, *suffix;
    enum source source;
    const char *metric, *statistic;
    const char *comparison; /* less, or at least: of `limit` when `parameter` is NULL */
    const char *parameter;
    double limit;
    const char *missing;
    int datapoints; /* that must be so, of the last three; a drift alarm is one already */
    const char *description;
};

static const char BELOW[] = "LessThanThreshold", ABOVE[] = "GreaterThanThreshold",
                  AT_LEAST[] = "GreaterThanOrEqualToThreshold";

static const struct watched WATCHED[] = {
    {"CompositeLow", "composite-low", OF_WORKERS, "composite_quality_score", "Average", BELOW,
     "CompositeFloor", 0, NOT_BAD, 2,
     "The mean composite score is below its floor. No samples are no bad samples: scores-missing "
     "tells of those."},
    {"Drift", "drift", OF_WATCHER, "drift_alarm", "Maximum", AT_LEAST, NULL, 1, AS_BEFORE, 1,
     "assay alarms run says that a criterion's scores fell against their baseline. While it says "
     "nothing, what it said last holds: a watcher that is away has not seen the end."},
    {"ScoresMissing", "scores-missing", OF_WORKERS, "samples_evaluated", "Sum", BELOW, NULL, 1, BAD,
     3, "Nothing was scored for a quarter of an hour: no datapoint is just what this is about."},
    {"Traffic", "traffic", OF_REQUESTS, "Invocations", "Sum", AT_LEAST, NULL, 1, NOT_BAD, 3,
     "The endpoint is asked. No trouble: part of serving-unseen. SageMaker sends nothing when "
     "nothing is asked."},
    {"ModelLatencyHigh", "model-latency", OF_REQUESTS, "ModelLatency", "p90", ABOVE,
     "ModelLatencyMicroseconds", 0, NOT_BAD, 2,
     "One reply in ten is slower than that. Without requests there is no latency."},
    {"OverheadLatencyHigh", "overhead-latency", OF_REQUESTS, "OverheadLatency", "p90", ABOVE,
     "OverheadLatencyMicroseconds", 0, NOT_BAD, 2,
     "One request in ten waits so long in SageMaker itself. Without requests there is no latency."},
    {"ServerErrorsHigh", "server-errors", OF_REQUESTS, "Invocation5XXErrors", "Average", ABOVE,
     "ServerErrorShare", 0, NOT_BAD, 2,
     "More than this share of requests failed on the server's side (the metric's average is the "
     "share). Without requests none fails."},
    {"GpuBusy", "gpu-busy", OF_HARDWARE, "GPUUtilization", "Average", ABOVE,
     "GpuUtilizationPercent", 0, NOT_BAD, 3,
     "The GPUs are at their limit. Instances without a GPU send nothing."},
};

static json_t *dimension(const char *name, const char *value)
{
    return json_pack("{ssss}", "Name", name, "Value", value);
}

/* Sets the namespace, name and dimensions of a metric, ours exactly as the publisher does. */
static void add_address(const struct alarm_template *template, enum source source,
                        const char *metric, json_t *out)
{
    json_t *dimensions = json_array();
    if (source == OF_REQUESTS || source == OF_HARDWARE) {
        json_object_set_new(
            out, "Namespace",
            json_string(source == OF_REQUESTS ? "AWS/SageMaker" : "/aws/sagemaker/Endpoints"));
        json_object_set_new(out, "MetricName", json_string(metric));
        json_array_append_new(dimensions, dimension("EndpointName", template->endpoint));
        json_array_append_new(dimensions, dimension("VariantName", template->variant));
    } else {
        struct metric_naming naming = *template->naming;
        naming.endpoint = source == OF_WORKERS ? template->endpoint : NULL;
        struct metric_address *address = memory_new(1, sizeof *address);
        const struct metric ours = {.model = template->model, .name = metric};
        metric_address(&naming, &ours, address);
        json_object_set_new(out, "Namespace", json_string(address->namespace));
        json_object_set_new(out, "MetricName", json_string(address->names[0]));
        for (size_t i = 0; i < address->dimension_count; i++)
            json_array_append_new(
                dimensions, dimension(address->dimensions[i].name, address->dimensions[i].value));
        free(address);
    }
    if (json_array_size(dimensions) > 0)
        json_object_set(out, "Dimensions", dimensions);
    json_decref(dimensions);
}

static json_t *alarm_properties(const struct watched *watched)
{
    int periods = watched->datapoints > 1 ? 3 : 1;
    return json_pack("{sossssso sisi ss}", "AlarmName", template_stack_name(watched->suffix),
                     "AlarmDescription", watched->description, "ComparisonOperator",
                     watched->comparison, "Threshold",
                     watched->parameter ? template_ref(watched->parameter)
                                        : json_real(watched->limit),
                     "EvaluationPeriods", periods, "DatapointsToAlarm", watched->datapoints,
                     "TreatMissingData", watched->missing);
}

static void add_alarm(json_t *out, const struct alarm_template *template,
                      const struct watched *watched)
{
    json_t *properties = alarm_properties(watched);
    add_address(template, watched->source, watched->metric, properties);
    json_object_set_new(properties, "Period", json_integer(PERIOD_SECONDS));
    bool percentile = watched->statistic[0] == 'p';
    json_object_set_new(properties, percentile ? "ExtendedStatistic" : "Statistic",
                        json_string(watched->statistic));
    template_resource(out, watched->id, "AWS::CloudWatch::Alarm", properties);
}

static json_t *sum_of(const struct alarm_template *template, const char *id, const char *metric)
{
    json_t *address = json_object();
    add_address(template, OF_WORKERS, metric, address);
    return json_pack("{ss s{so si ss} sb}", "Id", id, "MetricStat", "Metric", address, "Period",
                     PERIOD_SECONDS, "Stat", "Sum", "ReturnData", 0);
}

/* Errors in proportion to samples: by arithmetic of CloudWatch's. */
static void add_error_alarm(json_t *out, const struct alarm_template *template)
{
    static const struct watched errors = {
        .id = "EvaluationErrors",
        .suffix = "evaluation-errors",
        .comparison = ABOVE,
        .parameter = "EvaluationErrorsPer100",
        .missing = NOT_BAD,
        .datapoints = 3,
        .description = "More criteria than this per 100 samples could not be judged: what scores "
                       "say is of the others only. No errors are sent as no datapoint."};
    json_t *properties = alarm_properties(&errors);
    json_t *metrics = json_pack(
        "[oo{ss ss ss sb}]", sum_of(template, "errors", "evaluation_errors"),
        sum_of(template, "samples", "samples_evaluated"), "Id", "share", "Expression",
        "100 * FILL(errors, 0) / samples", "Label", "evaluation errors per 100 samples",
        "ReturnData", 1);
    json_object_set_new(properties, "Metrics", metrics);
    template_resource(out, errors.id, "AWS::CloudWatch::Alarm", properties);
}

static void add_dimension_alarm(json_t *out, const struct alarm_template *template,
                                const struct alarm_floor *floor)
{
    char id[ID_BYTES], parameter[ID_BYTES], suffix[ID_BYTES], metric[METRIC_TEXT_BYTES];
    char says[METRIC_TEXT_BYTES * 2];
    snprintf(id, sizeof id, TEMPLATE_DIMENSION_LOW, floor->id);
    snprintf(parameter, sizeof parameter, "Dimension%sFloor", floor->id);
    snprintf(suffix, sizeof suffix, "dimension-%s-low", floor->id);
    snprintf(metric, sizeof metric, "%s_score", floor->dimension);
    snprintf(says, sizeof says,
             "The mean of what speaks for %s is below its floor. No samples are no bad samples.",
             floor->dimension);
    add_alarm(out, template,
              &(struct watched){id, suffix, OF_WORKERS, metric, "Average", BELOW, parameter, 0,
                                NOT_BAD, 2, says});
}

/* ---- parameters ---- */

static void add_parameters(json_t *out, const struct alarm_template *template,
                           const struct alarm_floors *floors)
{
    template_parameter(out, "TopicArn", json_string(template->topic ? template->topic : ""),
                       "The SNS topic that is told; empty: none.");
    template_parameter(out, "CompositeFloor", json_real(floors->composite),
                       "The mean composite score alarms below it.");
    for (size_t i = 0; i < floors->count; i++) {
        char name[ID_BYTES], says[METRIC_TEXT_BYTES];
        snprintf(name, sizeof name, "Dimension%sFloor", floors->each[i].id);
        snprintf(says, sizeof says, "The mean of %s_score alarms below it.",
                 floors->each[i].dimension);
        template_parameter(out, name, json_real(floors->each[i].value), says);
    }
    template_parameter(out, "EvaluationErrorsPer100", json_integer(10),
                       "So many errors of criteria per 100 samples are borne.");
    template_parameter(out, "ModelLatencyMicroseconds",
                       json_integer(llround(template->latency_ms * 1000)),
                       "90 % of replies of the model shall be faster.");
    template_parameter(out, "OverheadLatencyMicroseconds", json_integer(1000000),
                       "90 % of requests shall wait less in SageMaker itself.");
    template_parameter(out, "ServerErrorShare", json_real(0.01),
                       "This share of requests may fail on the server's side.");
    template_parameter(out, "GpuUtilizationPercent", json_integer(95),
                       "The sum over an instance's GPUs, as SageMaker tells it: 4 GPUs can reach "
                       "400.");
}

json_t *alarm_template_new(const struct alarm_template *template)
{
    struct alarm_floors *floors = memory_new(1, sizeof *floors);
    alarm_floors_of(template->rubric, floors);
    json_t *out = json_pack(
        "{ssso}", "AWSTemplateFormatVersion", "2010-09-09", "Description",
        json_sprintf("Quality of %.200s beside latency, errors and GPU of endpoint %.63s, variant "
                     "%.63s; floors by rubric %.100s. Written by assay alarms cloudformation.",
                     template->model, template->endpoint, template->variant,
                     template->rubric->name));
    add_parameters(out, template, floors);
    json_object_set_new(out, "Conditions",
                        json_pack("{s{s[{s[os]}]}}", "TellsTopic", "Fn::Not", "Fn::Equals",
                                  template_ref("TopicArn"), ""));
    for (size_t i = 0; i < sizeof WATCHED / sizeof *WATCHED; i++)
        add_alarm(out, template, &WATCHED[i]);
    for (size_t i = 0; i < floors->count; i++)
        add_dimension_alarm(out, template, &floors->each[i]);
    add_error_alarm(out, template);
    template_composites(out, floors);
    template_answer(out, TEMPLATE_WRONG_ALONE, template->endpoint, template->variant,
                    template->fallback);
    free(floors);
    return out;
}
