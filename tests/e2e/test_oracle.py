"""Would the oracle notice? A sound store of two shards is made by hand; then it is spoiled in every
way that a wrong worker could spoil it, and each time the oracle must say so."""

import json
import sqlite3
from dataclasses import dataclass

import pytest

import metrics
import oracle
from stores import Score, Store, read_store
from traffic import Expected

A, B = "aaaa", "bbbb"
MINUTE = 1_700_000_040_000  # a whole minute
RUBRIC = "f00d"
COLUMNS = {
    "terminal": 'run, topic, partition, "offset", sample, state, reason, tenure',
    "tenures": "topic, partition, number, start, low_water, acked_to, predecessor, shard",
    "scores": 'run, topic, partition, "offset", sample, model, rubric_hash, criterion, status, value, '
              "passed, reason, dimension, weight, observed_at_ms, place",
    "outbox": "id, state, minute_ms, model, endpoint, component, name, kind, unit, histogram",
}


@dataclass
class Made:
    """A store that a test spoils, and what is known beside it."""
    folder: object
    topic: oracle.Topic
    expected: dict
    published: dict

    def sql(self, shard: str, statement: str) -> None:
        with sqlite3.connect(self.folder / f"{shard}.db") as db:
            assert db.execute(statement).rowcount > 0, "the test spoils nothing"

    def judged(self) -> tuple:
        store = read_store(self.folder, "t")
        problems, told = oracle.examine(self.topic, store, self.expected)
        ranges, _ = oracle.chains(self.topic, store)
        rows = metrics.from_scores(store, oracle.owners(ranges), {p: "e" for p in self.expected}, {"m"})
        return problems + metrics.compare(rows, self.published, store), told


def create(folder, shard: str):
    db = sqlite3.connect(folder / f"{shard}.db")
    for table, columns in COLUMNS.items():
        db.execute(f"CREATE TABLE {table}({columns})")
    return db


def terminal(db, tenure: str, offset: int, state: str = "scored", value: float = 1.0):
    sample = f"s{offset}"
    db.execute("INSERT INTO terminal VALUES('live','t',0,?,?,?,NULL,?)",
               (offset, None if state == "invalid" else sample, state, tenure))
    if state == "scored":
        for criterion, dimension, weight in (("right", "accuracy", 1), ("composite", "composite", 0)):
            db.execute("INSERT INTO scores VALUES('live','t',0,?,?,'m',?,?,'scored',?,1,NULL,?,?,?,0)",
                       (offset, sample, RUBRIC, criterion, value, dimension, weight, MINUTE + offset))


def tenure(db, shard: str, number: int, start: int, low: int, acked: int, predecessor: str):
    db.execute("INSERT INTO tenures VALUES('t',0,?,?,?,?,?,?)", (number, start, low, acked, predecessor, shard))


def outbox(db, row: int, state: str, name: str, pairs: list):
    db.execute("INSERT INTO outbox VALUES(?,?,?,'m','e','',?,'',0,?)", (row, state, MINUTE, name, json.dumps(pairs)))


@pytest.fixture
def made(tmp_path) -> Made:
    """Shard A took offsets 0 to 3, died after the rows of 4 and 5 but before their commit; B began at
    4 (so A's 4 and 5 are superseded), died after recording 7, came back as its own successor and
    adopted 7. Offset 6 is not JSON; 5 says the same as 2."""
    a, b = create(tmp_path, A), create(tmp_path, B)
    for offset in range(6):
        terminal(a, f"{A}:1", offset, value=offset / 10)
    tenure(a, A, 1, 0, 6, 4, "")
    terminal(b, f"{B}:1", 4, value=0.4)
    terminal(b, f"{B}:1", 5, value=0.5)
    terminal(b, f"{B}:1", 6, "invalid")
    terminal(b, f"{B}:1", 7, value=0.7)
    terminal(b, f"{B}:2", 8, value=0.8)
    tenure(b, B, 1, 4, 7, 7, f"{A}:1")
    tenure(b, B, 2, 7, 9, 9, f"{B}:1")
    tenure(b, B, 3, 9, 9, 9, f"{B}:2")
    outbox(a, 1, "sending", "samples_evaluated", [[1, 4]])
    outbox(b, 1, "sent", "samples_evaluated", [[1, 4]])
    for db in (a, b):
        db.commit()
        db.close()
    expected = {(0, o): Expected("invalid", None) if o == 6 else
                Expected("scored", f"s{o}", "m", "e", MINUTE + o, {"right": ("scored", o / 10)})
                for o in range(9)}
    topic = oracle.Topic({0: 9}, {0: (9, f"{B}:2")}, {0: set(range(9))})
    totals = [0, .1, .2, .3, .4, .5, .7, .8]
    published = {metrics.Key("m", "e", name, MINUTE): metrics.Total(8, sum(totals))
                 for name in ("accuracy_score", "composite_quality_score")}
    published[metrics.Key("m", "e", "samples_evaluated", MINUTE)] = metrics.Total(4, 4)
    return Made(tmp_path, topic, expected, published)


def test_a_sound_store_has_no_problem_and_tells_what_was_exercised(made):
    problems, told = made.judged()
    assert problems == []
    assert (told.superseded, told.adopted, told.redelivered) == (2, 1, 3)
    assert (told.tenures, told.abandoned, told.duplicates) == (3, 1, 0)


SPOILED = [
    ("a row is missing below the committed offset: committed before it was durable",
     B, 'DELETE FROM terminal WHERE "offset" = 6', "committed offsets without a terminal record"),
    ("the row is only in a shard that does not answer for it",
     B, 'DELETE FROM terminal WHERE "offset" = 5', "the answering shard has no record of"),
    ("a row of an offset that never was", A,
     "INSERT INTO terminal VALUES('live','t',0,77,'s77','scored',NULL,'aaaa:1')", "topic does not hold"),
    ("two rows of one shard for one offset", A,
     "INSERT INTO terminal VALUES('live','t',0,1,'s1','scored',NULL,'aaaa:1')", "rows of one shard for the same"),
    ("a state that is not what the record deserves",
     B, "UPDATE terminal SET state = 'dead_lettered' WHERE \"offset\" = 4", "should read otherwise"),
    ("a duplicate that is none",
     B, "UPDATE terminal SET state = 'duplicate' WHERE \"offset\" = 4", "should read otherwise"),
    ("rows of another sample", B, "UPDATE terminal SET sample = 's1' WHERE \"offset\" = 4", "should read otherwise"),
    ("a swapped score", B, "UPDATE scores SET value = .3 WHERE \"offset\" = 4 AND criterion = 'right'",
     "other scores than expected"),
    ("a swapped score in a row that was superseded",
     A, "UPDATE scores SET value = .3 WHERE \"offset\" = 5 AND criterion = 'right'", "other scores than expected"),
    ("an error that passes for a score of 0",
     B, "UPDATE scores SET status = 'error', value = NULL WHERE \"offset\" = 7 AND criterion = 'right'",
     "other scores than expected"),
    ("a criterion without a row", B, "DELETE FROM scores WHERE \"offset\" = 8 AND criterion = 'right'",
     "other scores than expected"),
    ("scores without a terminal record", A, 'DELETE FROM terminal WHERE "offset" = 5', "scores without a terminal"),
    ("a mark above a hole", A, 'DELETE FROM terminal WHERE "offset" = 5', "stands above a hole"),
    ("acked further than it answers for", A, "UPDATE tenures SET acked_to = 5", "but it answers only to"),
    ("accepted by the broker, but in no rollup", A, "UPDATE tenures SET acked_to = 3", "in no rollup and no metric"),
    ("a successor that nobody preceded", B, "UPDATE tenures SET predecessor = '' WHERE number = 1",
     "belong to no tenure"),
    ("a predecessor that no shard knows", B, "UPDATE tenures SET predecessor = 'cccc:1' WHERE number = 1",
     "nobody knows tenure"),
    ("a tenure that its shard forgot", B, "DELETE FROM tenures WHERE number = 2", "nobody knows tenure"),
    ("a row left sending that was never counted", A, "UPDATE outbox SET histogram = '[[1,3]]'", "left sending"),
    ("a row left sending that nobody names", A, "UPDATE outbox SET state = 'sent'", "left sending"),
    ("metrics that were never sent", B, "UPDATE outbox SET state = 'ready'", "outbox rows ended ready"),
    ("a minute that is missing", B, "UPDATE scores SET observed_at_ms = observed_at_ms + 60000 WHERE \"offset\" = 8",
     "CloudWatch 8 summing to"),
]


@pytest.mark.parametrize("label,shard,statement,said", SPOILED, ids=[case[0] for case in SPOILED])
def test_a_spoiled_store_is_noticed(made, label, shard, statement, said):
    made.sql(shard, statement)
    problems, _ = made.judged()
    assert any(said in problem for problem in problems), problems


def test_a_topic_that_is_not_committed_to_its_end_is_noticed(made):
    made.topic = oracle.Topic({0: 10}, made.topic.committed, {0: set(range(10))})
    assert any("not committed to their end" in problem for problem in made.judged()[0])


def test_a_metric_that_was_sent_twice_is_noticed(made):
    key = metrics.Key("m", "e", "samples_evaluated", MINUTE)
    made.published[key] = metrics.Total(12, 12)
    assert any("CloudWatch 12" in problem for problem in made.judged()[0])


def test_a_duplicate_may_be_scored_again_only_by_another_tenure(made):
    for o in (2, 8):
        made.expected[0, o] = Expected("scored", "twin", "m", "e", MINUTE + o, {"right": ("scored", o / 10)}, True)
    made.sql(A, "UPDATE terminal SET sample = 'twin' WHERE \"offset\" = 2")
    made.sql(B, "UPDATE terminal SET sample = 'twin' WHERE \"offset\" = 8")
    assert made.judged()[0] == []
    made.expected[0, 7] = Expected("scored", "twin", "m", "e", MINUTE + 7, {"right": ("scored", .7)}, True)
    made.sql(B, "UPDATE terminal SET sample = 'twin', tenure = 'bbbb:2' WHERE \"offset\" = 7")
    assert any("scored twice in one tenure" in problem for problem in made.judged()[0])


def test_a_sample_of_which_every_delivery_is_called_a_duplicate_is_noticed(made):
    made.expected[0, 4] = Expected("scored", "s4", "m", "e", MINUTE + 4, {"right": ("scored", .4)}, True)
    for shard in (A, B):
        made.sql(shard, "UPDATE terminal SET state = 'duplicate' WHERE \"offset\" = 4")
        made.sql(shard, 'DELETE FROM scores WHERE "offset" = 4')
    assert any("never scored" in problem for problem in made.judged()[0])


@pytest.mark.parametrize("scored,wrong", [((2,), False), ((), True), ((0, 2), True)],
                         ids=["once", "never", "twice"])
def test_a_complete_group_has_its_score_once(scored, wrong):
    rows = [Score(A, 0, offset, f"r{offset}", "epsilon", RUBRIC, "consistent",
                  "scored" if offset in scored else "not_applicable", 1.0 if offset in scored else None,
                  None, "consistency", 1, None, MINUTE, 0) for offset in range(3)]
    expected = {(0, offset): Expected("scored", f"r{offset}", "epsilon", group="g") for offset in range(3)}
    assert bool(oracle.check_groups(Store(scores=rows), expected)) == wrong
    assert oracle.check_groups(Store(scores=rows[:2]), expected) == [] or 0 in scored
