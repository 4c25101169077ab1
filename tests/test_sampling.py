"""Is the part that `--sample` names evaluated, the rest counted, each once, killed or not?"""

import collections
import json
import math
import sqlite3
import time

import pytest
from confluent_kafka import Producer

from worker import Worker, environment

TOPIC, RECORDS, PARTITIONS = "captures", 20_000, 4
RUBRIC = {"name": "short", "criteria": [
    {"name": "size", "dimension": "form", "evaluator": "length", "options": {"max": 100}}]}


def stratum(number: int) -> str:
    return "rare" if number % 100 == 0 else "common"


def produce(bootstrap: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(RECORDS):
        record = {"id": str(number), "model": "m", "prompt": f"{number}?", "response": f"answer {number}",
                  "stratum": stratum(number), "probability": .5}
        producer.produce(TOPIC, json.dumps(record).encode(), partition=number // 7 % PARTITIONS)
        producer.poll(0)
    assert producer.flush(60) == 0


def ask(store, sql: str) -> list:
    rows = []
    for shard in sorted(store.glob("shard-*.db")):
        with sqlite3.connect(f"file:{shard}?mode=ro", uri=True) as db:
            rows += db.execute(sql).fetchall()
    return rows


def decided(store) -> dict:
    try:
        return {row[:2]: row[2:] for row in
                ask(store, 'SELECT source, off, sample, state, reason, probability FROM delivery')}
    except sqlite3.OperationalError:  # it is being made
        return {}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("budget", ["20%", "500/s"])
def test_every_record_ends_once_and_traffic_is_what_arrived(assay, mock_kafka, tmp_path, budget):
    kafka = mock_kafka({TOPIC: PARTITIONS})
    produce(kafka.bootstrap)
    rubric, store = tmp_path / "rubric.json", tmp_path / "store"
    rubric.write_text(json.dumps(RUBRIC))
    worker = Worker(assay, ["--brokers", kafka.bootstrap, "--topic", TOPIC, "--rubric", rubric, "--store", store,
                            "--lanes", 1, "--from", "earliest", "--metrics", "none", "--sample", budget,
                            "--sample-novelty", 2, "--kafka", "session.timeout.ms=6000"],
                    environment("http://127.0.0.1:1", "http://127.0.0.1:1"), tmp_path / "log")
    worker.start()
    deadline = time.monotonic() + 60
    while not (before := decided(store)):
        assert time.monotonic() < deadline and worker.alive, worker.said()
        time.sleep(.01)
    worker.kill()
    before = decided(store)
    worker.start("--until-end")
    assert worker.wait(90) == 0, worker.said()

    rows = decided(store)
    assert before.items() <= rows.items()  # what was decided stays decided
    assert sorted(row[0] for row in rows.values()) == sorted(map(str, range(RECORDS)))
    assert {row[1:3] for row in rows.values()} == {("scored", None), ("unmatched", "not_sampled")}

    arrived, kept, weight = collections.Counter(), collections.Counter(), collections.Counter()
    for sample, state, _, probability in rows.values():
        assert 0 < probability <= .5  # the record's own times the worker's
        name = stratum(int(sample))
        arrived[name] += 1
        kept[name] += state == "scored"
        weight[name] += 1 / probability if state == "scored" else 0
        assert state == "scored" or probability == .5
    told = collections.defaultdict(lambda: [0, 0, 0, 0])
    for words, *counts in ask(store, "SELECT segment, arrived, kept, requests, estimated FROM traffic_counts"):
        told[json.loads(words)["stratum"]] = [a + b for a, b in zip(told[json.loads(words)["stratum"]], counts)]
    for name in arrived:
        assert told[name] == [arrived[name], kept[name], 2 * arrived[name], pytest.approx(weight[name], rel=1e-9)]
    scored = sum(row[0] for row in ask(store, "SELECT scored FROM rollups WHERE criterion = 'size'"))
    assert scored == sum(kept.values()) < RECORDS
    if budget == "20%":  # the record stands for two; standard deviation from what was kept
        for name in arrived:
            sd = math.sqrt(sum((1 - 2 * row[3]) / (2 * row[3]) ** 2 for row in rows.values()
                               if stratum(int(row[0])) == name and row[1] == "scored"))
            assert abs(weight[name] / 2 - arrived[name]) <= 5 * sd + 1e-6


@pytest.mark.parametrize("budget", ["", "5", "0%", "101%", "-1/s", "nan%", "5 %", "10/m"])
def test_a_budget_that_is_none_is_refused(run, budget):
    done = run("run", "--brokers", "127.0.0.1:1", "--topic", "t", "--store", "s", "--metrics", "none",
               "--sample", budget)
    assert done.returncode == 2
    assert "--sample" in done.stderr
