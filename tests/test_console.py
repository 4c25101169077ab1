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

from kafka.clients import produce
from worker import RUBRICS, Worker, environment

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
    assert [line.split()[0] for line in body.splitlines()] == ["/livez", "/readyz", "/metrics"]
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
