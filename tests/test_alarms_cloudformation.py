"""Does AWS take the alarms that `assay alarms cloudformation` writes, on the metrics that are really published?

cfn-lint reads the template as CloudFormation would; moto makes the stack. Of alarms moto's CloudFormation knows nothing, so
they are put by boto3 with what the template says of them; of composite ones moto knows nothing at all: botocore's model
of CloudWatch must take them. Names are compared with what a worker and a watcher publish."""
import ast
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from botocore.validate import validate_parameters

from alarm_traffic import HOUR, traffic
from kafka.clients import produce
from moto_server import REGION
from test_alarm_delivery import environment
from test_alarms import fall, keep  # noqa: F401 (a fixture)
from test_console import Console, until_counted

STACK, ACCOUNT = "chat-quality", "123456789012"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:quality"
ALL = ("--topic", TOPIC, "--variant", "blue", "--fallback", "green")
ODD = {"name": "odd", "composite": {"method": "minimum"}, "criteria": [
    {"name": "a", "dimension": "a.b", "evaluator": "length", "threshold": 0.4},
    {"name": "b", "dimension": "ab", "evaluator": "length", "weight": 3, "threshold": 1},
    {"name": "c", "dimension": "ab", "evaluator": "refusal", "threshold": 0.5},
    {"name": "d", "dimension": "shown-only", "evaluator": "refusal", "weight": 0},
    {"name": "e", "dimension": "safety", "evaluator": "regex", "threshold": 1,
     "options": {"forbid": [{"id": "x", "pattern": "SECRET"}]}}]}


@pytest.fixture
def template(run, tmp_path):
    def call(*options, model="m", endpoint="Chat-1", rubric="general"):
        if isinstance(rubric, dict):
            path = tmp_path / "rubric.json"
            path.write_text(json.dumps(rubric))
            rubric = path
        out = tmp_path / "template.json"
        done = run("alarms", "cloudformation", "--model", model, "--endpoint", endpoint, "--rubric", rubric, "--out", out,
                   *options)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return json.loads(out.read_text())
    return call


def resolve(value, template, parameters):
    """What CloudFormation makes of a value: Ref, Fn::Sub, Fn::If and Fn::GetAtt as this template uses them."""
    known = {name: parameters.get(name, of["Default"]) for name, of in template["Parameters"].items()}

    def ref(name):
        pseudo = {"AWS::StackName": STACK, "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws",
                  "AWS::NoValue": None}
        if name in known or name in pseudo:
            return known.get(name, pseudo.get(name))
        return resolve(template["Resources"][name]["Properties"]["AlarmName"], template, parameters)
    if isinstance(value, list):
        return [resolve(one, template, parameters) for one in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return ref(value["Ref"])
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: ref(found[1]), value["Fn::Sub"])
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        assert condition == "TellsTopic"
        return resolve(yes if known["TopicArn"] else no, template, parameters)
    made = {name: resolve(one, template, parameters) for name, one in value.items()}
    return {name: one for name, one in made.items() if one is not None}


def alarms_of(template, kind="", **parameters):
    return {name: resolve(one["Properties"], template, parameters) for name, one in template["Resources"].items()
            if one["Type"] in (f"AWS::CloudWatch::{kind}Alarm",)}


@pytest.mark.parametrize("rubric,options", [("general", ()), ("safety", ALL), ("support-chat", ALL), (ODD, ALL)],
                         ids=["general", "safety", "support-chat", "odd"])
def test_cloudformation_has_nothing_against_it(template, tmp_path, rubric, options):
    template(*options, rubric=rubric)
    done = subprocess.run([Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", tmp_path / "template.json"],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_the_stack_is_made_and_the_answer_is_off(template, aws):
    body = json.dumps(template("--fallback", "green", "--variant", "blue"))
    stacks, events = aws.client("cloudformation"), aws.client("events")
    for name, parameters, state in (("off", [], "DISABLED"), ("on", [("AnswerState", "ENABLED")], "ENABLED")):
        stacks.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"], Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters])
        assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        rule = events.describe_rule(Name=f"{name}-answer")
        assert rule["State"] == state
        pattern = json.loads(rule["EventPattern"])
        assert pattern == {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"],
                           "detail": {"alarmName": [f"{name}-wrong-alone"], "state": {"value": ["ALARM"]}}}
        (target,) = events.list_targets_by_rule(Rule=f"{name}-answer")["Targets"]
        machine = aws.client("stepfunctions").describe_state_machine(stateMachineArn=target["Arn"])
        roles = {role["Arn"]: role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]}
        for arn, action in ((target["RoleArn"], "states:StartExecution"),
                            (machine["roleArn"], "sagemaker:UpdateEndpointWeightsAndCapacities")):
            policy = aws.client("iam").get_role_policy(RoleName=roles[arn], PolicyName="only-this")["PolicyDocument"]
            (statement,) = ast.literal_eval(policy)["Statement"]  # moto writes it as Python does
            assert (statement["Effect"], statement["Action"]) == ("Allow", action) and "*" not in statement["Resource"]
        assert statement["Resource"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/chat-1"


def test_the_answer_shifts_all_traffic(template):
    resources = template("--fallback", "green", "--variant", "blue")["Resources"]
    assert resources["Answer"]["Properties"]["EventPattern"]["detail"]["alarmName"] == [
        resources["WrongAlone"]["Properties"]["AlarmName"]]
    (state,) = resources["ShiftWeights"]["Properties"]["Definition"]["States"].values()
    assert state["Resource"].endswith(":aws-sdk:sagemaker:updateEndpointWeightsAndCapacities") and state["End"]
    assert state["Parameters"] == {"EndpointName": "Chat-1", "DesiredWeightsAndCapacities": [
        {"VariantName": "blue", "DesiredWeight": 0}, {"VariantName": "${Fallback}", "DesiredWeight": 1}]}


def test_cloudwatch_takes_the_alarms_and_holds_them_as_written(template, aws):
    made, client = template("--topic", TOPIC, "--latency-ms", "2500"), aws.client("cloudwatch")
    put = alarms_of(made, DimensionSafetyFloor=0.97)
    for alarm in put.values():
        client.put_metric_alarm(**alarm)
    metric = {alarm["AlarmName"]: alarm for alarm in client.describe_alarms(MaxRecords=100)["MetricAlarms"]}
    for alarm in put.values():
        assert alarm == {name: metric[alarm["AlarmName"]][name] for name in alarm}
    composite = {alarm["AlarmName"]: alarm for alarm in alarms_of(made, "Composite").values()}
    for alarm in composite.values():
        validate_parameters(alarm, client.meta.service_model.operation_model("PutCompositeAlarm").input_shape)
        assert len(alarm["AlarmRule"]) <= 10240
    assert len(metric) == len(put) and len(composite) == len(alarms_of(made, "Composite")) == 6
    assert metric[f"{STACK}-model-latency"]["Threshold"] == 2_500_000
    assert metric[f"{STACK}-dimension-Safety-low"]["Threshold"] == 0.97
    for alarm in put.values():  # composites tell people, and nothing else does
        assert "AlarmActions" not in alarm
        assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"] and alarm.get("Period", 300) == 300
    assert {name: set(alarm["AlarmActions"]) | set(alarm["OKActions"]) for name, alarm in composite.items()
            if alarm.get("AlarmActions")} == {f"{STACK}-{name}": {TOPIC} for name in (
                "healthy-and-wrong", "slow-and-wrong", "serving-unseen")}
    children = {child for alarm in composite.values() for child in re.findall(r'ALARM\("([^"]+)"\)', alarm["AlarmRule"])}
    assert children <= set(metric) | set(composite)
    assert set(metric) <= children  # none watches in vain
    bare = alarms_of(template(), "Composite")
    assert not any(set(alarm) & {"AlarmActions", "OKActions"} for alarm in bare.values())


def truth(made, firing):
    """Which composite alarms fire when these metric alarms do."""
    rules = {alarm["AlarmName"].removeprefix(f"{STACK}-"): alarm["AlarmRule"] for alarm in alarms_of(made, "Composite").values()}

    def fires(name):
        if name not in rules:
            return name in firing
        words = re.sub(r'ALARM\("([^"]+)"\)', lambda found: str(fires(found[1].removeprefix(f"{STACK}-"))), rules[name])
        return eval(words.replace("AND", "and").replace("OR", "or").replace("NOT", "not"))  # noqa: S307
    return {name for name in rules if fires(name)} - {"wrong", "strained"}


@pytest.mark.parametrize("firing,told", [
    ([], []),
    (["model-latency"], []), (["server-errors", "gpu-busy"], []), (["traffic"], []), (["evaluation-errors"], []),
    (["drift", "traffic"], ["healthy-and-wrong", "wrong-alone"]),
    (["composite-low"], ["healthy-and-wrong"]), (["dimension-Safety-low"], ["healthy-and-wrong"]),
    (["drift", "evaluation-errors"], ["healthy-and-wrong"]),
    (["drift", "model-latency"], ["slow-and-wrong"]), (["dimension-Tone-low", "overhead-latency"], ["slow-and-wrong"]),
    (["drift", "gpu-busy"], ["slow-and-wrong"]), (["composite-low", "server-errors"], ["slow-and-wrong"]),
    (["scores-missing"], []), (["scores-missing", "traffic"], ["serving-unseen"]),
    (["drift", "scores-missing", "traffic"], ["healthy-and-wrong", "serving-unseen"])], ids=str)
def test_quality_and_quantity_together(template, firing, told):
    assert truth(template(), set(firing)) == set(told)


def test_missing_data_means_what_it_must(template):
    missing = {}
    for name, alarm in alarms_of(template()).items():
        missing.setdefault(alarm["TreatMissingData"], set()).add(name)
    assert missing["ignore"] == {"Drift"} and missing["breaching"] == {"ScoresMissing"}
    assert set(missing) == {"ignore", "breaching", "notBreaching"}


def test_floors_come_from_the_rubric(template):
    defaults = {name: of["Default"] for name, of in template(rubric=ODD)["Parameters"].items() if name.endswith("Floor")}
    assert defaults == {"CompositeFloor": 0.4, "DimensionABFloor": 0.4,
                        "DimensionAbFloor": pytest.approx((3 * 0.95 + 0.5) / 4, abs=1e-6), "DimensionSafetyFloor": 0.99}


def key_of(alarm):
    return (alarm["Namespace"], alarm["MetricName"],
            tuple(sorted((one["Name"], one["Value"]) for one in alarm.get("Dimensions", []))))


@pytest.mark.parametrize("namespace,named", [((), True), (("--namespace", "Our Team/{model}/q"), True),
                                             (("--namespace", "Ours"), True), ((), False)],
                         ids=["default", "own", "without-model", "other"])
def test_quality_alarms_watch_what_is_published(template, assay, mock_kafka, aws, keep, run, tmp_path,  # noqa: F811
                                                namespace, named):
    """A name that CloudWatch does not take as it is, in an endpoint that a record names; or one that is not in --models."""
    model, rubric = "Chat@7", tmp_path / "kept.json"
    rubric.write_text(json.dumps(ODD))
    models = ("--models", model) if named else ()
    kafka, now = mock_kafka({"traffic": 1}), int(time.time() * 1000)
    rows = [{"id": str(n), "model": model, "endpoint": "Chat-1", "timestamp": now - 60_000, "prompt": "?",
             "response": "Yes, it is."} for n in range(20)]
    produce(kafka.bootstrap, "traffic", [(None, json.dumps(row).encode()) for row in rows])
    worker = Console(assay, tmp_path, kafka.bootstrap, "traffic", "--rubric", rubric, *models, *namespace,
                     url=aws.url)
    try:
        until_counted(worker, len(rows))
        assert worker.worker.end(60) == 0, worker.worker.said()
    finally:
        if worker.worker.alive:
            worker.worker.kill()
    start = now // HOUR * HOUR - 110 * HOUR
    store = keep([row | {"model": model} for row in traffic(1, (0, 105), 20, fall, start=start)], "watched")
    done = run("alarms", "run", "--store", store, "--state", tmp_path / "state", "--once", "--baseline", "4d", "--metrics",
               "cloudwatch", *models, *namespace, env=environment(aws.url))
    assert done.returncode in (0, 1), done.stderr
    published = {key_of(metric) for metric in aws.client("cloudwatch").list_metrics()["Metrics"]}
    alarms = alarms_of(template(*namespace, model=model if named else "other", rubric=ODD))
    watched = {name: key_of(alarm) for name, alarm in alarms.items()
               if "Namespace" in alarm and "sagemaker/Endpoints" not in alarm["Namespace"]
               and alarm["Namespace"] != "AWS/SageMaker"}
    assert set(watched) == {"CompositeLow", "Drift", "ScoresMissing", "DimensionABLow", "DimensionAbLow", "DimensionSafetyLow"}
    assert set(watched.values()) <= published
    errors, samples = (key_of(one["MetricStat"]["Metric"]) for one in alarms["EvaluationErrors"]["Metrics"][:2])
    assert samples in published  # without an error nothing is sent of errors: the same place, another name
    assert errors == (samples[0], "evaluation_errors", samples[2])


def test_sagemakers_metrics_are_those_of_the_variant(template):
    alarms = alarms_of(template("--variant", "blue"))
    assert {name: alarm["Namespace"] for name, alarm in alarms.items() if {"Name": "VariantName", "Value": "blue"} in alarm.get(
        "Dimensions", [])} == {"Traffic": "AWS/SageMaker", "ModelLatencyHigh": "AWS/SageMaker",
                               "OverheadLatencyHigh": "AWS/SageMaker", "ServerErrorsHigh": "AWS/SageMaker",
                               "GpuBusy": "/aws/sagemaker/Endpoints"}
    (errors, samples, share) = alarms["EvaluationErrors"]["Metrics"]
    assert [key_of(one["MetricStat"]["Metric"])[1] for one in (errors, samples)] == ["evaluation_errors", "samples_evaluated"]
    assert share["Expression"] == "100 * FILL(errors, 0) / samples" and share["ReturnData"]


def test_the_same_words_on_standard_output(template, run, tmp_path):
    template()
    done = run("alarms", "cloudformation", "--model", "m", "--endpoint", "Chat-1")
    assert (done.returncode, done.stdout) == (0, (tmp_path / "template.json").read_text())


@pytest.mark.parametrize("options,words,status", [
    (["--endpoint", "e"], "--model is missing", 2), (["--model", "m"], "--endpoint is missing", 2),
    (["--model", "m", "--endpoint", "a_b"], "is no name of SageMaker's", 2),
    (["--model", "m", "--endpoint", "e" * 64], "is no name of SageMaker's", 2),
    (["--model", "m" * 129, "--endpoint", "e"], "at most 128 bytes", 2),
    (["--model", "m", "--endpoint", "e", "--topic", "quality"], "is no ARN", 2),
    (["--model", "m", "--endpoint", "e", "--variant", "fallback"], "another variant", 2),
    (["--model", "m", "--endpoint", "e", "--namespace", "AWS/x"], "keeps AWS/", 2),
    (["--model", "m", "--endpoint", "e", "--rubric", "nix"], "no rubric of that name", 2),
    (["--model", "m", "--endpoint", "e", "--out", "/dev/null/x"], "cannot write", 3)], ids=str)
def test_a_wrong_command_line_says_what_is_wrong(run, options, words, status):
    done = run("alarms", "cloudformation", *options)
    assert (done.returncode, done.stdout) == (status, "") and words in done.stderr
