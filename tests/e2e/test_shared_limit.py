"""Do workers that share a store share its limit of calls a day, whoever is killed? The judge counts."""

import contextlib
import json
import sqlite3
import time

import pytest

from kafka.clients import produce
from worker import RUBRICS, JudgeStandIn, Worker, environment

RECORDS, PARTITIONS, CAP = 400, 4, 10
SECONDS = 120


@pytest.fixture
def judge():
    stand_in = JudgeStandIn("--latency-ms", 50)
    yield stand_in
    stand_in.stop()


@pytest.fixture
def workers(mock_kafka, assay, judge, tmp_path):
    """Two worker processes on one store, and a topic of their own for each: both always have samples."""
    topics = ["first", "second"]
    cluster = mock_kafka({topic: PARTITIONS for topic in topics})
    rows = [(None, json.dumps({"id": f"r{i}", "model": "beta", "prompt": f"question {i}",
                               "response": f"answer {i}"}).encode()) for i in range(RECORDS)]
    made = []
    for topic in topics:
        produce(cluster.bootstrap, topic, rows)
        made.append(Worker(assay, ["--brokers", cluster.bootstrap, "--topic", topic, "--group", topic,
                                   "--from", "earliest", "--rubric", RUBRICS / "fleet-judged.json", "--lanes", 2,
                                   "--store", tmp_path / "store", "--metrics", "none", "--judge-endpoint", "judge",
                                   "--judge-calls-per-day", CAP, "--judge-in-flight", 4,
                                   "--kafka", "session.timeout.ms=6000"],
                           environment(judge.url, judge.url), tmp_path / f"{topic}.log"))
    yield made
    for worker in made:
        if worker.alive:
            worker.kill()


def ledger(store):
    with contextlib.closing(sqlite3.connect(store / "budget.sqlite")) as db:
        return db.execute("SELECT sum(calls) FROM reserved").fetchone()[0]


def wait_for_calls(judge, number):
    end = time.monotonic() + SECONDS
    while judge.stats().get("calls", 0) < number:
        assert time.monotonic() < end, judge.stats()
        time.sleep(.005)


def test_two_processes_make_as_many_calls_as_one_may(workers, judge, tmp_path):
    for worker in workers:
        worker.start("--until-end")
    for worker in workers:
        assert worker.wait(SECONDS) == 0, worker.said()
    assert judge.stats()["calls"] == CAP
    assert ledger(tmp_path / "store") == CAP


def test_a_killed_process_takes_its_reservations_with_it(workers, judge, tmp_path):
    killed, other = workers
    killed.start()
    other.start("--until-end")
    wait_for_calls(judge, 2)
    killed.kill()
    assert other.wait(SECONDS) == 0, other.said()
    killed.start("--until-end")
    assert killed.wait(SECONDS) == 0, killed.said()
    assert 2 <= judge.stats()["calls"] <= CAP
    assert ledger(tmp_path / "store") == CAP


def test_a_file_scored_into_the_store_takes_from_the_same_day(run, judge, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"id": str(i), "model": "beta", "prompt": "?", "response": "!"}) + "\n"
                            for i in range(30)))

    def evaluate(*more):
        done = run("eval", "--rubric", RUBRICS / "fleet-judged.json", "--judge-endpoint", "judge",
                   "--judge-calls-per-day", CAP, *more, rows, env=environment(judge.url, judge.url))
        assert done.returncode == 0, done.stderr
        return judge.stats()["calls"]
    assert evaluate("--store", tmp_path / "store") == CAP
    assert evaluate("--store", tmp_path / "store") == CAP
    assert evaluate() == 2 * CAP  # without a store each run has a day of its own
