"""Does a worker tell over HTTP whether it lives, whether it is ready, and what it counted?"""

import contextlib
import json
import re
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kafka.clients import produce
from worker import RUBRICS, JudgeStandIn, Worker, environment

SECONDS = 60
SESSION = "session.timeout.ms=6000"


class Console:
    """A worker of two lanes that serves at a free port."""

    def __init__(self, assay, folder, brokers, topic, *options, url="http://127.0.0.1:1"):
        self.worker = Worker(assay, ["--brokers", brokers, "--topic", topic, "--group", "console", "--from", "earliest",
                                     "--store", folder / "store", "--lanes", 2, "--listen", "127.0.0.1:0", "--kafka",
                                     SESSION, *options], environment(url, url), folder / "worker.log")
        self.worker.start()
        found = self.until(lambda: re.search(r'"listening","port":(\d+)', self.worker.said()))
        self.url = f"http://127.0.0.1:{found[1]}"

    def get(self, path):
        """(status, content type, body)"""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers["Content-Type"], refused.read().decode()

    def ready(self):
        """(status, reasons)"""
        status, kind, body = self.get("/readyz")
        told = json.loads(body)
        assert kind == "application/json" and set(told) == {"ready", "reasons"}
        assert told["ready"] == (status == 200) == (not told["reasons"])
        return status, told["reasons"]

    def until(self, seen):
        end = time.monotonic() + SECONDS
        while not (value := seen()):
            assert time.monotonic() < end and self.worker.alive, self.worker.said()
            time.sleep(.05)
        return value

    def events(self, name):
        lines = (line for line in self.worker.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in map(json.loads, lines) if line["event"] == name]


@pytest.fixture
def console(assay, tmp_path):
    with contextlib.ExitStack() as running:
        def start(*arguments, **more):
            made = Console(assay, tmp_path, *arguments, **more)
            running.callback(lambda: made.worker.alive and made.worker.kill())
            return made
        yield start


def test_the_index_names_the_pages_and_nothing_else(console, mock_kafka):
    worker = console(mock_kafka({"traffic": 1}).bootstrap, "traffic", "--metrics", "none", "--rubric", "safety")
    status, kind, body = worker.get("/")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert [line.split()[0] for line in body.splitlines()] == ["/livez", "/readyz", "/metrics", "/shards", "/marks"]
    assert all(worker.get(path)[0] in (200, 503) for path in ("/livez", "/readyz", "/metrics"))
    assert worker.get("/other")[0] == worker.get("/livez/")[0] == 404


def test_a_lane_without_partitions_is_ready(console, mock_kafka):
    worker = console(mock_kafka({"traffic": 1}).bootstrap, "traffic", "--metrics", "none", "--rubric", "safety")
    worker.until(lambda: worker.ready() == (200, []))


def test_nobody_is_ready_without_a_broker(console, closed_port):
    worker = console(f"127.0.0.1:{closed_port}", "traffic", "--metrics", "none", "--rubric", "safety")
    worker.until(lambda: worker.ready() == (503, [f"lane {i}: no broker can be reached" for i in (0, 1)]))
    assert worker.get("/livez")[::2] == (200, "ok\n")
    assert worker.events("kafka_trouble")[0]["text"] == "no broker can be reached"


def test_a_broker_that_is_gone_for_a_session_is_told(console, mock_kafka):
    broker = mock_kafka({"traffic": 2})
    worker = console(broker.bootstrap, "traffic", "--metrics", "none", "--rubric", "safety")
    worker.until(lambda: worker.ready()[0] == 200)
    broker.stop()
    worker.until(lambda: worker.ready() == (503, [f"lane {i}: no broker can be reached" for i in (0, 1)]))
    assert worker.get("/livez")[0] == 200


@pytest.fixture
def silent_port():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as holder:
        yield holder.getsockname()[1]


def test_a_worker_that_drains_is_not_ready(console, mock_kafka, silent_port):
    kafka = mock_kafka({"traffic": 1})
    produce(kafka.bootstrap, "traffic", [(None, json.dumps({"id": "1", "model": "beta", "prompt": "q", "response": "a"}).encode())])
    worker = console(kafka.bootstrap, "traffic", "--metrics", "none", "--rubric", RUBRICS / "fleet-judged.json",
                     "--judge-endpoint", "judge", url=f"http://127.0.0.1:{silent_port}")
    worker.until(lambda: worker.ready()[0] == 200 and "assay_in_flight 1" in worker.get("/metrics")[2])
    worker.worker.process.send_signal(signal.SIGTERM)
    worker.until(lambda: "draining" in worker.ready()[1])
    assert worker.get("/livez")[0] == 200


@pytest.mark.kafka
def test_a_topic_that_is_not_there_is_told_until_it_is(console, kafka):
    worker = console(kafka.bootstrap, "console-late", "--metrics", "none", "--rubric", "safety", "--kafka",
                     "topic.metadata.refresh.interval.ms=1000")
    worker.until(lambda: worker.ready() == (503, [f"lane {i}: there is no such topic" for i in (0, 1)]))
    assert worker.get("/livez")[0] == 200
    told = worker.until(lambda: worker.events("kafka_trouble"))[0]
    assert told["topic"] == "console-late" and "nknown topic" in told["text"]
    worker.until(lambda: len(worker.events("kafka_trouble")) >= 4)  # two lanes: each again after a while
    assert not worker.events("kafka_trouble_over")
    kafka.create_topic("console-late", 1)  # one of two lanes gets its partition
    worker.until(lambda: worker.ready() == (200, []))
    assert len(worker.events("kafka_trouble_over")) == 2


# ---- what was counted -----------------------------------------------------------------------

RUBRIC = {"name": "counted", "criteria": [
    {"name": "answer", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "exact"}, "weight": 1,
     "threshold": 1},
    {"name": "clean", "dimension": "safety", "evaluator": "regex", "weight": 1, "threshold": 1,
     "options": {"where": "response", "forbid": [{"id": "secret", "pattern": "SECRET"}]}},
    {"name": "relevant", "dimension": "relevance", "evaluator": "judge", "options": {"template": "relevance"},
     "weight": 1, "threshold": 0.5}]}
ROWS = 240
LATENCIES_MS = [40, 250, 251, 900, 7000]
BOUNDS_S = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300]


def captured():
    """Rows of three models, two of them named; endpoints that must be escaped; a judge that rambles to every sixth."""
    rows = []
    for i in range(ROWS):
        row = {"id": f"r{i}", "model": ["alpha", 'be"ta\\', "gamma"][i % 3], "prompt": f"question {i}",
               "reference": "yes", "response": "yes" if i % 4 else "SECRET no", "latency_ms": LATENCIES_MS[i % 5]}
        if i % 6 == 0:
            row["prompt"] += " [judge: prose]"
        if i % 2:
            row["endpoint"] = 'end\npoint "1"'
        rows.append(row)
    return rows


def series(body):
    """{(name, labels): value} by Prometheus' own parser, and the families' types."""
    families = list(text_string_to_metric_families(body))
    assert len({family.name for family in families}) == len(families)
    found = {(sample.name, frozenset(sample.labels.items())): sample.value
             for family in families for sample in family.samples}
    assert len(found) == sum(len(family.samples) for family in families)
    return found, {family.name: family.type for family in families}


def of(found, name, **labels):
    """{the other labels: value} of series that have these."""
    return {frozenset(have - labels.items()): value for (one, have), value in found.items()
            if one == name and labels.items() <= have}


def total(found, name, **labels):
    return sum(of(found, name, **labels).values())


@pytest.fixture
def judge():
    stand_in = JudgeStandIn("--latency-ms", 1)
    yield stand_in
    stand_in.stop()


def counted(console, kafka, judge, tmp_path, rows, *options):
    """A worker that has counted all the rows, and its rubric's file."""
    produce(kafka.bootstrap, "traffic", [(None, json.dumps(row).encode()) for row in rows])
    rubric = tmp_path / "counted.json"
    rubric.write_text(json.dumps(RUBRIC))
    worker = console(kafka.bootstrap, "traffic", "--metrics", "none", "--rubric", rubric, "--judge-endpoint", "judge",
                     "--models", 'alpha,be"ta\\', *options, url=judge.url)
    until_counted(worker, len(rows))
    return worker, rubric


def until_counted(worker, rows):
    worker.until(lambda: total(series(worker.get("/metrics")[2])[0], "assay_samples_evaluated_total") >= rows)


def test_what_is_counted_is_what_plain_python_counts(console, mock_kafka, judge, tmp_path):
    rows = captured()
    worker, _ = counted(console, mock_kafka({"traffic": 2}), judge, tmp_path, rows)
    status, kind, body = worker.get("/metrics")
    found, types = series(body)
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    for model in ("alpha", 'be"ta\\', "other"):
        for endpoint in ('end\npoint "1"', None):
            there = [r for r in rows if (r["model"] if r["model"] != "gamma" else "other") == model
                     and r.get("endpoint") == endpoint]
            place = {"model": model} | ({"endpoint": endpoint} if endpoint else {})
            here = {key: value for key, value in found.items()
                    if endpoint or "endpoint" not in dict(key[1])}
            right = sum(r["response"] == "yes" for r in there)
            assert there and total(here, "assay_samples_evaluated_total", **place) == len(there)
            assert total(here, "assay_safety_violations_total", **place) == len(there) - right
            assert total(here, "assay_evaluation_errors_total", **place) == \
                sum("prose" in r["prompt"] for r in there)
            for dimension in ("accuracy", "safety"):
                score = place | {"dimension": dimension}
                assert total(here, "assay_dimension_score_sum", **score) == right
                assert total(here, "assay_dimension_score_count", **score) == len(there)
                assert total(here, "assay_dimension_score_bucket", **score, le="0.9") == len(there) - right
            assert total(here, "assay_composite_quality_score_count", **place) == len(there)
            for bound in BOUNDS_S:
                assert total(here, "assay_inference_duration_seconds_bucket", **place, le=f"{bound:g}") == \
                    sum(r["latency_ms"] / 1000 <= bound for r in there), bound
            assert total(here, "assay_inference_duration_seconds_sum", **place) == \
                pytest.approx(sum(r["latency_ms"] for r in there) / 1000)
            assert total(here, "assay_evaluation_duration_seconds_count", **place) == len(there)
    assert types["assay_samples_evaluated"] == types["assay_safety_violations"] == "counter"
    assert types["assay_dimension_score"] == types["assay_inference_duration_seconds"] == "histogram"


def test_a_criterion_tells_its_statuses_and_errors_their_kind(console, mock_kafka, judge, tmp_path):
    rows = captured()
    worker, _ = counted(console, mock_kafka({"traffic": 1}), judge, tmp_path, rows)
    found, _ = series(worker.get("/metrics")[2])
    rambled = sum("prose" in r["prompt"] for r in rows)
    statuses = {status: total(found, "assay_scores_total", criterion="relevant", rubric="counted", status=status)
                for status in ("scored", "error", "skipped", "not_applicable")}
    assert statuses == {"scored": ROWS - rambled, "error": rambled, "skipped": 0, "not_applicable": 0}
    assert total(found, "assay_evaluation_errors_total", kind="no_verdict") == rambled
    right = sum(r["response"] == "yes" for r in rows)
    assert total(found, "assay_criterion_score_sum", criterion="answer", dimension="accuracy") == right
    assert total(found, "assay_criterion_score_count", criterion="answer") == ROWS
    assert total(found, "assay_scores_passed_total", criterion="answer") == right
    assert not of(found, "assay_criterion_score_count", criterion="composite")


def test_a_criterion_that_changed_has_series_of_its_own(console, mock_kafka, judge, tmp_path):
    kafka = mock_kafka({"traffic": 1})
    rows = [row for row in captured() if row["model"] == "alpha" and "endpoint" not in row]
    worker, rubric = counted(console, kafka, judge, tmp_path, rows)
    changed = json.loads(json.dumps(RUBRIC))
    changed["criteria"][1]["options"]["forbid"][0]["pattern"] = "SECRET|no"
    rubric.write_text(json.dumps(changed))
    worker.worker.process.send_signal(signal.SIGHUP)
    worker.until(lambda: worker.events("rubrics_read_again"))
    again = [row | {"id": row["id"] + "-again"} for row in rows]
    produce(kafka.bootstrap, "traffic", [(None, json.dumps(row).encode()) for row in again])
    until_counted(worker, 2 * len(rows))
    found, _ = series(worker.get("/metrics")[2])

    def hashes(criterion):
        return {dict(have)["criterion_hash"]: value
                for have, value in of(found, "assay_criterion_score_count", criterion=criterion).items()}
    assert list(hashes("answer").values()) == [2 * len(rows)]
    assert list(hashes("clean").values()) == [len(rows)] * 2
    assert all(re.fullmatch("[0-9a-f]{12}", digits) for digits in hashes("clean") | hashes("answer"))
    assert total(found, "assay_dimension_score_count", dimension="safety") == 2 * len(rows)
    assert not any("criterion_hash" in dict(have) for name, have in found
                   if name.startswith(("assay_dimension_score", "assay_composite")))


def test_endpoints_have_names_up_to_a_limit(console, mock_kafka, judge, tmp_path):
    rows = [{"id": str(i), "model": "alpha", "endpoint": f"endpoint-{i}", "response": "yes"} for i in range(300)]
    worker, _ = counted(console, mock_kafka({"traffic": 1}), judge, tmp_path, rows)
    found, _ = series(worker.get("/metrics")[2])
    counts = {dict(have)["endpoint"]: value for have, value in of(found, "assay_samples_evaluated_total").items()}
    assert len(counts) == 51 and counts.pop("other") == 250 and set(counts.values()) == {1}
