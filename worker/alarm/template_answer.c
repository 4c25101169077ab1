/* template_answer: an example of how a machine may answer an alarm; off until somebody wants it. */
#include "worker/alarm/template_answer.h"

#include "worker/alarm/template_json.h"

/* A role that a service takes on to do one thing with these resources (owned by the template
 * then). */
static void add_role(json_t *template, const char *id, const char *service, const char *action,
                     json_t *resources)
{
    json_t *trust = json_pack("{sss[{sss{ss}ss}]}", "Version", "2012-10-17", "Statement", "Effect",
                              "Allow", "Principal", "Service", service, "Action", "sts:AssumeRole");
    json_t *policy = json_pack("{sss[{sssssO}]}", "Version", "2012-10-17", "Statement", "Effect",
                               "Allow", "Action", action, "Resource", resources);
    json_decref(resources);
    template_resource(template, id, "AWS::IAM::Role",
                      json_pack("{sos[{ssso}]}", "AssumeRolePolicyDocument", trust, "Policies",
                                "PolicyName", "only-this", "PolicyDocument", policy));
}

/* ARNs of endpoints are in lower case whatever the name is; patterns of policies are not. */
static json_t *endpoint_arn(const char *endpoint)
{
    char lower[64] = ""; /* SageMaker: at most 63 letters, digits and hyphens */
    for (size_t i = 0; endpoint[i] && i + 1 < sizeof lower; i++)
        lower[i] = endpoint[i] >= 'A' && endpoint[i] <= 'Z' ? (char)(endpoint[i] - 'A' + 'a')
                                                            : endpoint[i];
    return json_pack("{so}", "Fn::Sub",
                     json_sprintf("arn:${AWS::Partition}:sagemaker:${AWS::Region}:"
                                  "${AWS::AccountId}:endpoint/%s",
                                  lower));
}

/* Step Functions calls SageMaker itself: there is no code to keep. An endpoint that is being
 * updated refuses: it is asked again for some minutes. */
static json_t *machine(const char *endpoint, const char *variant)
{
    json_t *weights = json_pack("[{sssi}{sssi}]", "VariantName", variant, "DesiredWeight", 0,
                                "VariantName", "${Fallback}", "DesiredWeight", 1);
    json_t *retry = json_pack("[{s[s]sisisi}]", "ErrorEquals", "States.ALL", "IntervalSeconds", 30,
                              "MaxAttempts", 5, "BackoffRate", 2);
    return json_pack("{sss{s{ssss+s{ssso}sosb}}}", "StartAt", "ShiftWeights", "States",
                     "ShiftWeights", "Type", "Task", "Resource", "arn:aws:states:::",
                     "aws-sdk:sagemaker:updateEndpointWeightsAndCapacities", "Parameters",
                     "EndpointName", endpoint, "DesiredWeightsAndCapacities", weights, "Retry",
                     retry, "End", 1);
}

static void add_rule(json_t *template, const char *answered)
{
    json_t *pattern =
        json_pack("{s[s]s[s]s{s[o]s{s[s]}}}", "source", "aws.cloudwatch", "detail-type",
                  "CloudWatch Alarm State Change", "detail", "alarmName",
                  template_stack_name(answered), "state", "value", "ALARM");
    json_t *target = json_pack("{sssoso}", "Id", "shift-weights", "Arn",
                               template_ref("ShiftWeights"), "RoleArn", template_arn("AnswerRole"));
    json_t *properties =
        json_pack("{soss+sososo}", "Name", template_stack_name("answer"), "Description",
                  "An example: when wrong-alone alarms, all traffic goes to the fallback variant, ",
                  "which must exist and have the capacity. Weights stay so until a person changes "
                  "them.",
                  "State", template_ref("AnswerState"), "EventPattern", pattern, "Targets",
                  json_pack("[o]", target));
    template_resource(template, "Answer", "AWS::Events::Rule", properties);
}

void template_answer(json_t *template, const char *answered, const char *endpoint,
                     const char *variant, const char *fallback)
{
    template_parameter(template, "AnswerState", json_string("DISABLED"),
                       "ENABLED: when wrong-alone alarms, all traffic goes to FallbackVariant.");
    json_object_set_new(
        json_object_get(json_object_get(template, "Parameters"), "AnswerState"), "AllowedValues",
        json_pack("[ss]", "DISABLED", "ENABLED"));
    template_parameter(template, "FallbackVariant", json_string(fallback),
                       "The variant of the endpoint that takes over; it must have the capacity.");
    add_rule(template, answered);
    add_role(template, "AnswerRole", "events.amazonaws.com", "states:StartExecution",
             template_ref("ShiftWeights"));
    json_t *properties =
        json_pack("{soso s{so}}", "RoleArn", template_arn("ShiftRole"), "Definition",
                  machine(endpoint, variant), "DefinitionSubstitutions", "Fallback",
                  template_ref("FallbackVariant"));
    template_resource(template, "ShiftWeights", "AWS::StepFunctions::StateMachine", properties);
    add_role(template, "ShiftRole", "states.amazonaws.com",
             "sagemaker:UpdateEndpointWeightsAndCapacities", endpoint_arn(endpoint));
}
