"""feeding: what the tests of `assay feed` share: captures, a feed that runs to its end, one that follows, what is in the topic."""

import json
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from kafka import clients
from moto_server import CREDENTIALS

ROOT = Path(__file__).resolve().parents[1]
PARTITIONS = 3
LAYOUT = "2026/02/19/01"


def schema(name):
    return jsonschema.Draft202012Validator(json.loads((ROOT / "schema" / f"{name}.schema.json").read_text()))


def read_committed(bootstrap, topic):
    """[(partition, key, value)] of what a reader of committed records sees, in order within a partition."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "assay-tests-feed", "enable.auto.commit": False,
                       "isolation.level": "read_committed", "enable.partition.eof": True, **clients.QUIET})
    ends = clients.end_offsets(bootstrap, topic)
    reader.assign([TopicPartition(topic, p, 0) for p in ends])
    found, left = [], set(ends)
    deadline = time.monotonic() + 120
    while left:
        for message in reader.consume(5000, timeout=1):
            if message.error() is None:
                found.append((message.partition(), message.key() and message.key().decode(), message.value()))
            elif message.offset() >= ends[message.partition()]:
                left.discard(message.partition())
        assert time.monotonic() < deadline, f"a transaction hangs: {left}"
    reader.close()
    return found


@pytest.fixture
def topic(kafka):
    name = f"feed-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(name, PARTITIONS)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:  # brokers hear of it one after the other
        try:
            clients.end_offsets(kafka.bootstrap, name)
            break
        except KafkaException:
            time.sleep(0.1)
    return name


@pytest.fixture
def feed(run, kafka, topic):
    """feed(where, ...) -> (exit code, summary or None, what it said); the summary adds up."""
    def call(*where, options=(), **more):
        given = [word for one in where for word in ("--from", one)]
        done = run("feed", "--brokers", kafka.bootstrap, "--topic", topic, *given, "--json", *options, **more)
        summary = json.loads(done.stdout) if done.stdout else None
        if summary:
            schema("feed-summary").validate(summary)
            for kind in ("lines", "ground_truth"):
                assert summary[kind]["read"] == sum(summary[kind].values()) - summary[kind]["read"]
        return done.returncode, summary, done.stderr
    return call


def capture(number, output=True, **metadata):
    body = {"endpointInput": {"observedContentType": "application/json", "mode": "INPUT", "encoding": "JSON",
                              "data": json.dumps({"inputs": f"question {number} ü"})}}
    if output:
        body["endpointOutput"] = {"observedContentType": "application/json", "mode": "OUTPUT", "encoding": "JSON",
                                  "data": json.dumps([{"generated_text": f"answer {number}"}])}
    return {"captureData": body, "eventMetadata": {"eventId": f"e-{number}", "inferenceTime": "2026-02-19T01:34:30Z", **metadata},
            "eventVersion": "0"}


def line_counts(**counts):
    """What the summary says of lines, those it does not name being 0."""
    return {"read": 0, "sent": 0, "left_out": 0, "bad": 0, "too_large": 0, **counts}


def text_of(records):
    return "".join(json.dumps(record) + "\n" for record in records)


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def records_in(kafka, topic):
    return [(partition, key, json.loads(value)) for partition, key, value in read_committed(kafka.bootstrap, topic)]


def committed(kafka, topic):
    """Records that are in the topic for good, and markers: grows while a feed works."""
    return sum(clients.end_offsets(kafka.bootstrap, topic).values())


def wait_until_it_feeds(process, kafka, topic, before):
    deadline = time.monotonic() + 60
    while committed(kafka, topic) <= before and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def feeding(assay, kafka, topic, where, *options):
    return subprocess.Popen([assay, "feed", "--brokers", kafka.bootstrap, "--topic", topic, "--from", where, "--json", *options],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Following:
    """A feed that follows; ended by its process id."""

    def __init__(self, assay, kafka, topic, *where, options=()):
        given = [word for one in where for word in ("--from", one)]
        self.kafka, self.topic = kafka, topic
        self.process = subprocess.Popen([assay, "feed", "--brokers", kafka.bootstrap, "--topic", topic, *given, "--json", "--follow",
                                         "--every", "0.2", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait(self, ids):
        """Until these are there, each once."""
        deadline = time.monotonic() + 60
        while (found := sorted(key for _, key, _ in read_committed(self.kafka.bootstrap, self.topic))) != sorted(ids):
            assert time.monotonic() < deadline and self.process.poll() is None, found
            time.sleep(0.1)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        out, said = self.process.communicate(timeout=60)
        summary = json.loads(out)
        schema("feed-summary").validate(summary)
        return self.process.returncode, summary, said


@pytest.fixture
def follow(assay, kafka, topic):
    made = []

    def call(*where, options=()):
        made.append(Following(assay, kafka, topic, *where, options=options))
        return made[-1]
    yield call
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


@pytest.fixture
def bucket(aws, monkeypatch):
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": aws.url}.items():
        monkeypatch.setenv(name, value)
    client = aws.client("s3")
    client.create_bucket(Bucket="captures")
    return lambda key, body: client.put_object(Bucket="captures", Key=key, Body=body)


class Stumbling(BaseHTTPRequestHandler):
    """In front of moto: what `server.fault(key)` says, a status and a code, is answered; else moto does. The key of a listing is ""."""

    def do_GET(self):
        fault = self.server.fault(unquote(self.path.partition("?")[0]).removeprefix("/captures").removeprefix("/"))
        if fault:
            return self.answer(fault[0], f"<Error><Code>{fault[1]}</Code><Message>m</Message></Error>".encode(), {})
        asked = urllib.request.Request(self.server.behind + self.path, headers=dict(self.headers.items()))
        try:
            with urllib.request.urlopen(asked, timeout=30) as reply:
                return self.answer(reply.status, reply.read(), reply.headers)
        except urllib.error.HTTPError as reply:
            return self.answer(reply.code, reply.read(), reply.headers)

    def answer(self, status, body, headers):
        self.send_response(status)
        for name in ("ETag", "Last-Modified", "Content-Range"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def stumbling(aws, bucket, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stumbling)
    server.fault, server.behind = (lambda key: None), aws.url
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
