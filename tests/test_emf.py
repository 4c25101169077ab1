"""Do the lines of --metrics emf hold what CloudWatch's specification of the embedded metric format demands, and
every value that was given?"""

import json
import subprocess
import time

import jsonschema
import pytest

MINUTE_MS = 60_000
THIS_MINUTE = int(time.time()) * 1000 // MINUTE_MS * MINUTE_MS
NONE, COUNT, MILLISECONDS = 0, 1, 2
UNITS = {NONE: "None", COUNT: "Count", MILLISECONDS: "Milliseconds"}
EVENT_BYTES_MAX = 256 * 1024

# Metadata by the specification's words; a metric's value in the form of OpenTelemetry's awsemf exporter.
NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 100}
VALUES = {"type": "object", "additionalProperties": False,
          "required": ["Values", "Counts", "Max", "Min", "Count", "Sum"],
          "properties": {"Values": NUMBERS, "Counts": NUMBERS, "Max": {"type": "number"}, "Min": {"type": "number"},
                         "Count": {"type": "number", "minimum": 1}, "Sum": {"type": "number"}}}
METRIC = {"type": "object", "additionalProperties": False, "required": ["Name", "Unit", "StorageResolution"],
          "properties": {"Name": {"type": "string", "pattern": r"\S", "maxLength": 255},
                         "Unit": {"enum": list(UNITS.values())}, "StorageResolution": {"enum": [1, 60]}}}
DIRECTIVE = {"type": "object", "additionalProperties": False, "required": ["Namespace", "Dimensions", "Metrics"],
             "properties": {"Namespace": {"type": "string", "pattern": r"^[^:]", "maxLength": 255},
                            "Dimensions": {"type": "array", "minItems": 1, "items": {
                                "type": "array", "maxItems": 30, "uniqueItems": True,
                                "items": {"type": "string", "minLength": 1, "maxLength": 250}}},
                            "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": METRIC}}}
LINE = {"type": "object", "required": ["_aws"], "properties": {
            "_aws": {"type": "object", "additionalProperties": False, "required": ["Timestamp", "CloudWatchMetrics"],
                     "properties": {"Timestamp": {"type": "integer", "minimum": 10 ** 12},
                                    "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": DIRECTIVE}}}},
        "additionalProperties": {"oneOf": [{"type": "string", "minLength": 1, "maxLength": 1024}, VALUES]}}


def metric(number, name, values, counts=None, *, model="m", minutes_ago=5, unit=NONE, **more):
    return {"id": number, "model": model, "name": name, "unit": unit, "values": values,
            "counts": counts or [1] * len(values), "minute_ms": THIS_MINUTE - minutes_ago * MINUTE_MS, **more}


@pytest.fixture
def publish(build):
    """publish(metrics, preset, words...) -> (rows, {id: outcome})"""
    def call(metrics, preset="default", *words):
        done = subprocess.run([build / "tests" / "publish_probe", "emf", preset, *words], text=True, timeout=120,
                              capture_output=True, input="".join(json.dumps(m) + "\n" for m in metrics), check=True,
                              env={"AWS_REGION": "us-east-1"})
        *lines, answer = done.stdout.splitlines()
        assert all(len(line.encode()) <= EVENT_BYTES_MAX for line in lines)
        return [json.loads(line) for line in lines], dict(json.loads(answer)["results"])
    return call


def check(row):
    """What a schema cannot say: the names that the directive speaks of are there, and nothing else. Gives
    (directive, its dimensions with their values)."""
    jsonschema.validate(row, LINE)
    (directive,) = row["_aws"]["CloudWatchMetrics"]
    (names,) = directive["Dimensions"]
    metrics = [m["Name"] for m in directive["Metrics"]]
    assert len(metrics) == len(set(metrics))
    assert set(row) == {"_aws", *names, *metrics}
    assert all(isinstance(row[name], str) for name in names)
    for name in metrics:
        cell = row[name]
        assert len(cell["Values"]) == len(cell["Counts"])
        assert cell["Count"] == sum(cell["Counts"])
        assert (cell["Min"], cell["Max"]) == (min(cell["Values"]), max(cell["Values"]))
        assert cell["Sum"] == pytest.approx(sum(v * n for v, n in zip(cell["Values"], cell["Counts"])))
    return directive, {name: row[name] for name in names}


def test_every_value_is_there_within_the_limits(publish):
    metrics = [metric(i, f"metric_{i}", [j / 977 + i for j in range(i % 250 + 1)],
                      [j % 3 + 1 for j in range(i % 250 + 1)], endpoint=f"ep-{i % 2}", minutes_ago=5 + i % 3,
                      unit=MILLISECONDS) for i in range(700)]
    rows, outcomes = publish([*metrics, metric(10000, "safety_score", [1.0], minutes_ago=15 * 24 * 60)])
    assert outcomes.pop(10000) == "too_old" and set(outcomes.values()) == {"sent"}
    found = {}
    for row in rows:
        directive, dimensions = check(row)
        assert directive["Namespace"] == "/aws/sagemaker/inference-quality/m"
        for one in directive["Metrics"]:
            assert one["Unit"] == "Milliseconds"
            key = (row["_aws"]["Timestamp"], dimensions["EndpointName"], one["Name"])
            found.setdefault(key, []).extend(zip(row[one["Name"]]["Values"], row[one["Name"]]["Counts"]))
    assert found == {(m["minute_ms"], m["endpoint"], m["name"]): list(zip(m["values"], m["counts"])) for m in metrics}


def test_errors_count_by_kind_and_in_total(publish):
    rows, _ = publish([metric(1, "evaluation_errors", [4.0], unit=COUNT, kind="timeout"),
                       metric(2, "evaluation_errors", [2.0], unit=COUNT, kind="refusal")])
    sums = {}
    for row in rows:
        directive, dimensions = check(row)
        assert dimensions == {}, "an endpoint that is not known is no dimension"
        for one in directive["Metrics"]:
            assert one["Unit"] == "Count"
            sums[one["Name"]] = sums.get(one["Name"], 0) + row[one["Name"]]["Sum"]
    assert sums == {"evaluation_errors": 6, "evaluation_errors_timeout": 4, "evaluation_errors_refusal": 2}


@pytest.mark.parametrize("preset, namespace, known, unknown", [
    ("default", "/aws/sagemaker/inference-quality/m", {"EndpointName": "ep"}, {}),
    ("aws-sample", "SageMaker/InferenceQuality",
     {"InferenceComponentName": "ic-1", "InferenceComponentLabel": "candidate", "EndpointName": "ep"},
     {"InferenceComponentName": "unknown", "InferenceComponentLabel": "unknown", "EndpointName": "unknown"}),
])
def test_namespace_and_dimensions_are_the_presets(publish, preset, namespace, known, unknown):
    rows, outcomes = publish([metric(1, "safety_score", [0.0, 1.0], [1, 9], endpoint="ep", component="ic-1"),
                              metric(2, "safety_score", [1.0])], preset, "--label", "ic-1=candidate")
    assert outcomes == {1: "sent", 2: "sent"}
    seen = [check(row) for row in rows]
    assert {directive["Namespace"] for directive, _ in seen} == {namespace}
    assert [dimensions for _, dimensions in seen].count(known) == 1
    assert [dimensions for _, dimensions in seen].count(unknown) == 1


def test_text_from_outside_stays_within_the_limits(publish):
    """Names of models and endpoints come with the traffic: long, foreign, blank, with line ends in them."""
    rows, outcomes = publish([metric(1, "safety_score", [1.0], endpoint="x" * 5000, model="m" * 5000),
                              metric(2, "safety_score", [1.0], endpoint="line\nend", model=":colon"),
                              metric(3, "safety_score", [1.0], endpoint="é\u2028", model="naïve"),
                              metric(4, "safety_score", [1.0], endpoint="   ")])
    assert set(outcomes.values()) == {"sent"}
    seen = [check(row) for row in rows]
    assert len(seen) == 4
    assert all(text.isascii() and text.isprintable() and text.strip()
               for directive, dimensions in seen for text in (directive["Namespace"], *dimensions.values()))
