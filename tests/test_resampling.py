"""Does `consistency` get its resamples from the endpoint a record came from, and its classes from a judge, within the
day's limit? `assay eval` against a stand-in of SageMaker that has botocore check every signature."""
import json
import math
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from worker import environment

STANDIN = Path(__file__).resolve().parent / "standins" / "model_endpoint.py"


class Endpoints:
    def __init__(self, *flags):
        self.process = subprocess.Popen([sys.executable, str(STANDIN), "--latency-ms", "1", *map(str, flags)],
                                        stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def told(self, what):
        with urllib.request.urlopen(f"{self.url}/control/{what}", timeout=10) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture
def endpoints():
    started = []

    def start(*flags):
        started.append(Endpoints(*flags))
        return started[-1]
    yield start
    for one in started:
        one.stop()


@pytest.fixture
def scored(assay, tmp_path):
    """Scores by sample, of rows by one criterion with these options."""
    def call(rows, options, url, *words):
        rubric = {"name": "again", "criteria": [{"name": "same", "dimension": "consistency", "evaluator": "consistency",
                                                 "options": options, "weight": 1, "threshold": 0.5}]}
        (tmp_path / "again.json").write_text(json.dumps(rubric))
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        done = subprocess.run([assay, "eval", "--rubric", tmp_path / "again.json", "--scores", "-", *map(str, words),
                               tmp_path / "rows.jsonl"], capture_output=True, text=True,
                              env=environment(url, "http://127.0.0.1:1"))
        assert done.returncode == 0, done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return {row["id"]: row["scores"]["same"] for row in found if "scores" in row}
    return call


def chat(number, answer, **more):
    return {"id": f"s{number}", "endpoint": "chat", "variant": "blue", "model": "tea",
            "request": {"messages": [{"role": "user", "content": f"question {number}"}], "max_tokens": 30, "seed": 7, "stream": True,
                        "temperature": 0.9, "top_p": 0.5},
            "response": {"choices": [{"message": {"role": "assistant", "content": answer}}]}, **more}


def test_the_endpoint_is_asked_again_with_the_request_it_was_sent(endpoints, scored):
    service = endpoints("--answers", json.dumps(["42", "41", "42"]))
    rows = [chat(i, "42") for i in range(20)]
    found = scored(rows, {"metric": "agreement", "resample": 3, "temperature": 1}, service.url, "--sampled-endpoint", "chat",
                   "--judge-calls-per-day", 1000)
    assert len(found) == 20 and all(row["value"] == pytest.approx(3 * 2 / (4 * 3)) for row in found.values())
    calls = service.told("calls")
    assert len(calls) == 60 and service.told("stats")["problems"] == []
    for call in calls:
        assert call["endpoint"] == "chat" and call["variant"] == "blue" and call["inference_id"]
        assert {key: value for key, value in call["body"].items() if key != "messages"} == \
            {"max_tokens": 30, "temperature": 1, "top_p": 0.5}
    asked = sorted(call["body"]["messages"][0]["content"] for call in calls)
    assert asked == sorted(f"question {i}" for i in range(20) for _ in range(3))


def test_only_endpoints_that_are_named_are_asked(endpoints, scored):
    service = endpoints()
    found = scored([chat(1, "42"), chat(2, "42", endpoint="other"), chat(3, "42", resamples=["42", "42"])],
                   {"metric": "agreement", "resample": 2}, service.url, "--sampled-endpoint", "other", "--judge-calls-per-day", 10)
    assert (found["s1"]["status"], found["s1"]["reason"]) == ("skipped", "endpoint_not_listed")
    assert found["s2"]["value"] == found["s3"]["value"] == 1  # s3 has its resamples already
    assert [call["endpoint"] for call in service.told("calls")] == ["other"] * 2


def test_the_day_s_limit_holds_for_resamples(endpoints, scored):
    service = endpoints()
    found = scored([chat(i, "42") for i in range(10)], {"metric": "agreement", "resample": 3}, service.url,
                   "--sampled-endpoint", "chat", "--judge-calls-per-day", 10)
    assert len(service.told("calls")) <= 10
    statuses = [row["status"] for row in found.values()]
    assert 0 < statuses.count("scored") <= 3 and statuses.count("scored") + statuses.count("skipped") == 10
    assert {row["reason"] for row in found.values() if row["status"] == "skipped"} == {"budget"}


def test_an_endpoint_that_fails_leaves_no_score(endpoints, scored):
    service = endpoints("--faults", json.dumps({"validation400": 1}))
    found = scored([chat(1, "42")], {"metric": "agreement", "resample": 2}, service.url, "--sampled-endpoint", "chat",
                   "--judge-calls-per-day", 10)
    assert found["s1"]["status"] == "error" and found["s1"]["value"] is None


def test_without_a_request_nothing_is_asked(endpoints, scored):
    service = endpoints()
    found = scored([{"id": "s1", "endpoint": "chat", "response": "42"}], {"metric": "agreement", "resample": 2}, service.url,
                   "--sampled-endpoint", "chat", "--judge-calls-per-day", 10)
    assert (found["s1"]["status"], found["s1"]["reason"]) == ("not_applicable", "no_request")
    assert service.told("calls") == []


def test_groups_of_texts_that_a_judge_compares_need_one_record(endpoints, scored):
    rows = [{"id": f"g{i}", "group": "g", "resample_count": 3, "prompt": "?", "response": "Rome"} for i in range(3)]
    found = scored(rows, {"metric": "contradiction"}, endpoints().url, "--judge-endpoint", "judge", "--judge-calls-per-day", 10)
    assert {(row["status"], row["reason"]) for row in found.values()} == {("not_applicable", "needs_one_record")}


def test_robustness_of_a_group_that_arrives_as_records(scored):
    texts = ["the tea is green and hot", "the tea is green and warm", "the tea is green and hot today"]
    rows = [{"id": f"o{i}", "group": "g", "resample_count": 4, "prompt": "?", "response": text} for i, text in enumerate(texts)]
    rows.insert(1, {"id": "changed", "group": "g", "resample_count": 4, "prompt": "??", "response": "no tea at all",
                    "tags": {"perturbed": "true"}})

    def lcs(a, b):
        row = [0] * (len(b) + 1)
        for x in a:
            diagonal = 0
            for j, y in enumerate(b, 1):
                diagonal, row[j] = row[j], diagonal + 1 if x == y else max(row[j], row[j - 1])
        return row[-1]

    def distance(a, b):
        a, b = a.split(), b.split()
        return 1 - 2 * lcs(a, b) / (len(a) + len(b))

    d = sum(distance("no tea at all", text) for text in texts) / 3
    base = sum(distance(texts[i], texts[j]) for i, j in ((0, 1), (0, 2), (1, 2))) / 3
    for order in (rows, rows[::-1], [rows[1], *rows[2:], rows[0]]):
        found = scored(order, {"metric": "robustness"}, "http://127.0.0.1:1")
        (value,) = [row["value"] for row in found.values() if row["status"] == "scored"]
        assert math.isclose(value, 1 - max(0, d - base), abs_tol=1e-12)
