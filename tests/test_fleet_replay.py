"""Do one worker, six workers' shards, six workers asked over HTTP, and a replay say the same bytes of one topic?

On real Kafka, with hand-overs and a worker that is killed; expected values are sums over the rows, by plain Python."""
import json
import shutil
import time
import uuid

import pytest

from kafka.clients import create_topic, produce
from test_console import Console
from test_fleet_report import PARTITIONS, WORKERS, but_for_shards, check, report, topic  # noqa: F401: a fixture

SIZE, SECONDS = 300, 120
RUBRIC = {"name": "fleet", "criteria": [{"name": "answer", "dimension": "accuracy", "evaluator": "reference",
                                         "options": {"metric": "exact"}, "weight": 1, "threshold": 1}]}


def verdicts(rows):
    """What test_fleet_report makes up, as rights and wrongs: 1 and 0."""
    return {key: row | {"value": int((row["value"] or 0) >= 0.3)} for key, row in rows.items()}


def record(row, partition, offset):
    return json.dumps({"id": f"{partition}-{offset}", "timestamp": row["at"], "model": row["model"], "prompt": "?",
                       "response": "yes" if row["value"] else "no", "reference": "yes", "tags": {"language": row["language"]},
                       "probability": row["probability"]}).encode()


@pytest.fixture
def worker(assay, kafka, tmp_path):
    """Starts a worker of this group on the topic; all of them are killed at the end."""
    rubric = tmp_path / "fleet.json"
    rubric.write_text(json.dumps(RUBRIC))
    running = []

    def start(topic_name, group, name, lanes=1):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "worker.log").unlink(missing_ok=True)  # of one that was killed: it names another port
        running.append(Console(assay, folder, kafka.bootstrap, topic_name, "--group", f"{topic_name}-{group}", "--lanes",
                               lanes, "--metrics", "none", "--rubric", rubric, "--segment-by", "language"))
        return running[-1], folder / "store"
    yield start
    for one in running:
        if one.worker.alive:
            one.worker.kill()


def settled(report, *stores, count):  # noqa: F811
    """The page once it counts all rows and every shard has acked what it holds."""
    end = time.monotonic() + SECONDS
    while True:
        page = report(*stores)
        counted = sum(row[side]["n"] for row in page["rows"] for side in ("base", "cur")
                      if row["metric"] == "answer" and not row["segment"])
        if counted == count and page["pending"] == 0:
            return page
        assert time.monotonic() < end, (counted, page["pending"], page["problems"])
        time.sleep(0.5)


def lines_of(page):
    """A page for people, without the lines about shards."""
    return [line for line in page.splitlines() if "shard" not in line]


def test_one_worker_six_and_a_replay_say_the_same(kafka, worker, report, tmp_path):  # noqa: F811
    rows, name = verdicts(topic(50, SIZE)), f"fleet-{uuid.uuid4().hex[:8]}"
    first, last = ([(p, record(row, p, o)) for (p, o), row in rows.items() if (o < SIZE // 2) == early]
                   for early in (True, False))
    create_topic(kafka.bootstrap, name, PARTITIONS)
    produce(kafka.bootstrap, name, first)
    stores, consoles = [], []
    for number in range(WORKERS):  # each one that joins takes partitions from the others
        console, store = worker(name, "six", f"worker{number}")
        consoles.append(console)
        stores.append(store)
    consoles[0].worker.kill()
    produce(kafka.bootstrap, name, last)
    consoles[0], _ = worker(name, "six", "worker0")
    asked = settled(report, *(console.url for console in consoles), count=len(rows))
    check(asked, rows)
    assert asked["problems"] == [] and not asked["partial"] and len(asked["shards"]) == WORKERS
    pages = lines_of(report(*(console.url for console in consoles), form="text"))
    for console in consoles:
        assert console.worker.end(90) == 0, console.worker.said()

    merged = tmp_path / "merged"
    merged.mkdir()
    for number, store in enumerate(stores, 1):
        (shard,) = store.glob("shard-*.db")
        shutil.copy(shard, merged / f"shard-{number:04}.db")
    console, one = worker(name, "one", "one")
    settled(report, one, count=len(rows))
    assert console.worker.end(90) == 0, console.worker.said()
    console, again = worker(name, "again", "again", lanes=3)  # the topic from its beginning, by another division
    settled(report, again, count=len(rows))
    for store in (merged, one, again):
        assert but_for_shards(report(store)) == but_for_shards(asked)
        assert lines_of(report(store, form="text")) == pages
