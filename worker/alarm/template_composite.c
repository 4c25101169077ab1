/* template_composite: what quality and quantity say together. */
#include "worker/alarm/template_composite.h"

#include "schema/base/buffer.h"
#include "worker/alarm/template_json.h"

const char TEMPLATE_WRONG_ALONE[] = "wrong-alone";

/* Rules are Fn::Sub texts: ${Id} becomes the alarm's name. */
static const struct {
    const char *id, *suffix;
    bool tells; /* people; the others are parts of rules, or for machines */
    const char *rule, *description;
} COMPOSITES[] = {
    {"Strained", "strained", false,
     "ALARM(\"${ModelLatencyHigh}\") OR ALARM(\"${OverheadLatencyHigh}\") OR "
     "ALARM(\"${ServerErrorsHigh}\") OR ALARM(\"${GpuBusy}\")",
     "The endpoint is slow, fails or is at its limit. Part of other alarms; tells nobody."},
    {"HealthyAndWrong", "healthy-and-wrong", true,
     "ALARM(\"${Wrong}\") AND NOT ALARM(\"${Strained}\")",
     "Answers got worse while latency, errors and GPU are as they should be: no other dashboard "
     "shows it. Look at what changed in the model, the prompt, retrieval or the traffic: assay "
     "report drift says since when and where."},
    {"SlowAndWrong", "slow-and-wrong", true, "ALARM(\"${Wrong}\") AND ALARM(\"${Strained}\")",
     "Answers got worse while the endpoint is slow, fails or is at its limit. Look at capacity "
     "first: answers that are cut off or time out score badly."},
    {"WrongAlone", TEMPLATE_WRONG_ALONE, false,
     "ALARM(\"${Drift}\") AND NOT ALARM(\"${Strained}\") AND NOT ALARM(\"${EvaluationErrors}\") "
     "AND NOT ALARM(\"${ScoresMissing}\")",
     "Scores fell by the measure that has a budget of false alarms, and neither the endpoint nor "
     "the evaluators explain it: sure enough for a machine to answer. People are told by "
     "healthy-and-wrong."},
    {"ServingUnseen", "serving-unseen", true,
     "ALARM(\"${Traffic}\") AND ALARM(\"${ScoresMissing}\")",
     "The endpoint answers and nothing is scored: quality is unknown. Look at assay run, at its "
     "Kafka topic and at data capture: assay doctor."},
};

/* Wrong: any of what watches quality. */
static json_t *wrong_rule(const struct alarm_floors *floors)
{
    struct buffer rule = {0};
    buffer_printf(&rule, "ALARM(\"${Drift}\") OR ALARM(\"${CompositeLow}\")");
    for (size_t i = 0; i < floors->count; i++)
        buffer_printf(&rule, " OR ALARM(\"${" TEMPLATE_DIMENSION_LOW "}\")", floors->each[i].id);
    json_t *text = json_stringn(rule.data, rule.size);
    buffer_clear(&rule);
    return text;
}

/* Rule is owned by the template then. */
static void add_composite(json_t *template, const char *id, const char *suffix, bool tells,
                          json_t *rule, const char *description)
{
    json_t *properties =
        json_pack("{sosss{so}}", "AlarmName", template_stack_name(suffix), "AlarmDescription",
                  description, "AlarmRule", "Fn::Sub", rule);
    if (tells) {
        json_t *whom = json_pack("{s[so{ss}]}", "Fn::If", "TellsTopic",
                                 json_pack("[o]", template_ref("TopicArn")), "Ref", "AWS::NoValue");
        json_object_set(properties, "AlarmActions", whom);
        json_object_set_new(properties, "OKActions", whom);
    }
    template_resource(template, id, "AWS::CloudWatch::CompositeAlarm", properties);
}

void template_composites(json_t *template, const struct alarm_floors *floors)
{
    add_composite(template, "Wrong", "wrong", false, wrong_rule(floors),
                  "Answers got worse. Part of other alarms; tells nobody.");
    for (size_t i = 0; i < sizeof COMPOSITES / sizeof *COMPOSITES; i++)
        add_composite(template, COMPOSITES[i].id, COMPOSITES[i].suffix, COMPOSITES[i].tells,
                      json_string(COMPOSITES[i].rule), COMPOSITES[i].description);
}
