"""Is the limit of tokens kept although the worker is killed while its judge works? The judge counts."""

import contextlib
import json
import sqlite3
import time

import pytest

from kafka.clients import produce
from worker import RUBRICS, JudgeStandIn, Worker, environment

pytestmark = pytest.mark.kafka

RECORDS, LIMIT, CALLS_A_LIFE = 1500, 150_000, 200
SECONDS = 120


def records():
    return [(None, json.dumps({"id": f"t{i}", "model": "beta", "prompt": f"question {i}",
                               "response": f"answer {i}"}).encode()) for i in range(RECORDS)]


@pytest.fixture
def judge():
    stand_in = JudgeStandIn("--latency-ms", 20)
    yield stand_in
    stand_in.stop()


def wait_for_calls(judge, number):
    end = time.monotonic() + SECONDS
    while judge.stats().get("calls", 0) < number:
        assert time.monotonic() < end, judge.stats()
        time.sleep(.02)


def query(store, sql):
    rows = []
    for path in sorted(store.glob("*.db")):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as shard:
            rows += shard.execute(sql).fetchall()
    return rows


def test_a_killed_worker_does_not_spend_its_tokens_again(kafka, assay, judge, tmp_path):
    kafka.create_topic("token-limit", 2)
    produce(kafka.bootstrap, "token-limit", records())
    store = tmp_path / "store"
    worker = Worker(assay, ["--brokers", kafka.bootstrap, "--topic", "token-limit", "--group", "token-limit",
                            "--from", "earliest", "--rubric", RUBRICS / "fleet-judged.json", "--lanes", 2,
                            "--store", store, "--metrics", "none", "--judge-endpoint", "judge",
                            "--judge-tokens-per-day", LIMIT, "--judge-in-flight", 4,
                            "--kafka", "session.timeout.ms=6000"],
                    environment(judge.url, judge.url), tmp_path / "worker.log")
    worker.start()
    wait_for_calls(judge, CALLS_A_LIFE)
    worker.kill()
    for _ in range(2):  # the second finds nothing to do
        worker.start("--until-end")
        assert worker.wait(SECONDS) == 0, worker.said()
    stats = judge.stats()
    assert stats["problems"] == []
    assert stats["tokens"] <= LIMIT
    with contextlib.closing(sqlite3.connect(store / "budget.sqlite")) as ledger:
        assert ledger.execute("SELECT sum(tokens) FROM reserved").fetchone()[0] <= 2 * LIMIT  # two days at midnight
        assert ledger.execute("SELECT max(tokens) FROM reserved").fetchone()[0] <= LIMIT
    reasons = dict(query(store, "SELECT coalesce(reason, status), count(*) FROM scores WHERE criterion = 'relevant' "
                                "GROUP BY 1 HAVING count(*) > 0"))
    assert set(reasons) == {"scored", "budget"}
    assert len(query(store, "SELECT DISTINCT sample FROM terminal WHERE state = 'scored'")) >= RECORDS
