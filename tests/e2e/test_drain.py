"""What does a worker do that is asked to end while there is more to read? Against librdkafka's mock cluster."""

import json
import signal
import sqlite3
import time

import pytest
from confluent_kafka import Producer

from worker import JudgeStandIn, Worker, environment

TOPIC, RECORDS, PARTITIONS = "captures", 30_000, 4
RUBRIC = {"name": "asked", "criteria": [
    {"name": "relevant", "dimension": "relevance", "evaluator": "judge", "options": {"template": "relevance"}}]}
WINDOW = 2048  # deliveries a lane has in flight at most (worker/lane/lane_intake.c)


def produce(bootstrap: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(RECORDS):
        record = {"id": str(number), "model": "m", "prompt": f"({number})?", "response": f"answer {number}"}
        producer.produce(TOPIC, json.dumps(record).encode(), partition=number % PARTITIONS)
        producer.poll(0)
    assert producer.flush(60) == 0


def wait_until_some_are_scored(folder) -> None:
    deadline = time.monotonic() + 60
    while terminal_rows(folder) < 50:
        assert time.monotonic() < deadline, "nothing is scored"
        time.sleep(.1)


def terminal_rows(folder) -> int:
    shard = folder / "shard-0001.db"
    if not shard.exists():
        return 0
    with sqlite3.connect(f"file:{shard}?mode=ro", uri=True) as db:
        try:
            return db.execute("SELECT count(*) FROM delivery").fetchone()[0]
        except sqlite3.OperationalError:  # it is being made
            return 0


@pytest.mark.timeout(180)
def test_nothing_more_is_taken_in_after_sigterm(assay, mock_kafka, tmp_path):
    kafka = mock_kafka({TOPIC: PARTITIONS})
    produce(kafka.bootstrap)
    rubric, store = tmp_path / "rubric.json", tmp_path / "store"
    rubric.write_text(json.dumps(RUBRIC))
    judge = JudgeStandIn("--latency-ms", 20, "--sigma", 0.1)
    worker = Worker(assay, ["--brokers", kafka.bootstrap, "--topic", TOPIC, "--rubric", rubric, "--store", store,
                            "--lanes", 1, "--from", "earliest", "--judge-endpoint", "judge", "--metrics", "none"],
                    environment(judge.url, "http://127.0.0.1:1"), tmp_path / "log")
    try:
        worker.start()
        wait_until_some_are_scored(store)
        worker.process.send_signal(signal.SIGTERM)
        at_signal = terminal_rows(store)
        assert worker.wait(60) == 0
    finally:
        if worker.alive:
            worker.kill()
        judge.stop()
    # what was in flight is answered and recorded; what the topic still holds is left to others
    assert terminal_rows(store) <= at_signal + 2 * WINDOW < RECORDS
