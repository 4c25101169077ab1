"""Are samples that come again with a late reference scored in a run of their own, which live does not notice?"""

import json
import sqlite3
import uuid
from collections import Counter

import pytest

from feeding import LAYOUT, capture, feed, text_of, write  # noqa: F401
from kafka import clients

pytestmark = pytest.mark.kafka
RUBRIC = {"name": "r", "criteria": [
    {"name": "answer", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "exact"}, "threshold": 1},
    {"name": "short", "dimension": "tone", "evaluator": "length", "options": {"max": 5}, "threshold": 1}]}


@pytest.fixture
def topic(kafka):
    name = f"references-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(name, 2)
    return name


@pytest.fixture
def work(run, kafka, topic, tmp_path):
    """Evaluates what is in the topic and not evaluated yet; the store's one shard."""
    (tmp_path / "rubric.json").write_text(json.dumps(RUBRIC))

    def call():
        done = run("run", "--brokers", kafka.bootstrap, "--topic", topic, "--group", topic, "--from", "earliest", "--until-end",
                   "--metrics", "none", "--lanes", 1, "--store", tmp_path / "store", "--rubric", tmp_path / "rubric.json")
        assert done.returncode == 0, done.stderr
        (shard,) = (tmp_path / "store").glob("shard-*.db")
        return shard
    return call


def states(shard):
    with sqlite3.connect(shard) as db:
        return Counter(db.execute("SELECT run, state FROM terminal"))


def scores(shard, run):
    """{sample: value} of the criterion that needs a reference; None: not applicable."""
    with sqlite3.connect(shard) as db:
        return dict(db.execute("SELECT sample, value FROM scores WHERE run = ? AND criterion = 'answer'", (run,)))


def rolled(shard, run):
    with sqlite3.connect(shard) as db:
        return {name: counts for name, *counts in db.execute(
            "SELECT criterion, sum(scored), sum(not_applicable), sum(passed) FROM rollups WHERE run = ? GROUP BY 1", (run,))}


def published(shard):
    """How often each metric was to be published, in whatever state it is."""
    with sqlite3.connect(shard) as db:
        return Counter({name: times for name, times in db.execute(
            "SELECT name, sum((SELECT sum(json_extract(value, '$[1]')) FROM json_each(histogram))) FROM outbox GROUP BY 1")})


@pytest.fixture
def quality(run, tmp_path):
    """The quality report of live, but for the watermark: meanwhile cells of 5 minutes become hours."""
    def call():
        done = run("report", "quality", "--store", tmp_path / "store", "--window", "2026-02-19..2026-02-20", "--format", "json")
        assert done.returncode in (0, 1), done.stderr
        return {name: value for name, value in json.loads(done.stdout).items() if name != "watermark"}
    return call


def test_a_run_of_its_own_with_duplicates_of_its_own(work, run, kafka, topic, tmp_path):
    live = [{"id": str(i), "session": str(i), "model": "m", "response": f"r{i}"} for i in range(60)]
    clients.produce(kafka.bootstrap, topic, [(int(row["id"]) % 2, json.dumps(row)) for row in live + live[:7]])
    shard = work()
    before = states(shard), scores(shard, "live"), rolled(shard, "live"), published(shard)
    assert before[0] == {("live", "scored"): 60, ("live", "duplicate"): 7} and set(before[1].values()) == {None}
    assert before[3]["samples_evaluated"] == before[3]["tone_score"] == 60 and "accuracy_score" not in before[3]
    late = [{"run": "references", "reference": f"r{i}" if i % 3 else "other", "record": live[i]} for i in range(40)]
    clients.produce(kafka.bootstrap, topic, [(int(row["record"]["id"]) % 2, json.dumps(row)) for row in late + late[:5]])
    assert work() == shard
    assert states(shard) == {**before[0], ("references", "scored"): 40, ("references", "duplicate"): 5}
    assert scores(shard, "references") == {str(i): 1.0 if i % 3 else 0.0 for i in range(40)}
    assert rolled(shard, "references") == {"answer": [40, 0, 26], "short": [40, 0, 40], "composite": [40, 0, 0]}
    assert (scores(shard, "live"), rolled(shard, "live"), published(shard)) == before[1:]
    done = run("compare", "live", "references", "--store", tmp_path / "store", "--format", "json")
    assert done.returncode in (0, 1), done.stderr


def test_ground_truth_that_feed_brings_later(work, feed, quality, tmp_path):
    def truth(i):
        data = json.dumps([f"answer {i}", "or so"]) if i % 2 else "something else"
        return {"groundTruthData": {"data": data, "encoding": "JSON" if i % 2 else "CSV"}, "eventMetadata": {"eventId": f"e-{i}"}, "eventVersion": "0"}
    options = ["--model", "chat=m", "--ground-truth", tmp_path / "t"]
    write(tmp_path, "t/2026/02/19/01/early.jsonl", text_of(truth(i) for i in range(5)))
    write(tmp_path, f"c/chat/blue/{LAYOUT}/a.jsonl", text_of(capture(i) for i in range(40)))
    assert feed(tmp_path / "c", options=options)[0] == 0
    shard = work()
    before = states(shard), scores(shard, "live"), rolled(shard, "live"), published(shard), quality()
    assert before[1] == {f"e-{i}": (float(i % 2) if i < 5 else None) for i in range(40)}
    write(tmp_path, "t/2026/02/20/01/late.jsonl", text_of(truth(i) for i in range(50)))
    assert feed(tmp_path / "c", options=options)[1]["ground_truth"]["late"] == 35
    assert work() == shard
    assert states(shard) == {**before[0], ("references", "scored"): 35}
    assert scores(shard, "references") == {f"e-{i}": float(i % 2) for i in range(5, 40)}
    assert (scores(shard, "live"), rolled(shard, "live"), published(shard), quality()) == before[1:]
    with sqlite3.connect(shard) as db:
        assert db.execute("SELECT DISTINCT m.text, e.text FROM delivery JOIN run ON run.id = delivery.run JOIN word AS m ON m.id = model"
                          " JOIN word AS e ON e.id = endpoint WHERE run.name = 'references'").fetchall() == [("m", "chat")]
