"""Is what was seen scored again, all of it and each record once, however often it is killed, and paid for once? From
the store, from files and from S3 (moto); expected rows are a few lines of Python over the input."""
import gzip
import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from referencing import Registry, Resource

from downgrade import downgrade
from feeding import stumbling  # noqa: F401, a fixture
from kafka import clients
from moto_server import CREDENTIALS
from standins.judge_endpoint import KEY, SECRET, verdict_of

TESTS = Path(__file__).resolve().parent
START_MS = 1_760_000_000_000
MINUTE_MS = 60_000

LIVE = {"name": "math", "criteria": [
    {"name": "answer", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "numeric"}, "weight": 1,
     "threshold": 1}]}
SAFETY = {"name": "words", "criteria": [
    {"name": "clean", "dimension": "safety", "evaluator": "regex", "options": {"where": "response", "forbid": ["secret"]},
     "weight": 1, "threshold": 1},
    {"name": "short", "dimension": "form", "evaluator": "length", "options": {"max": 12}, "weight": 1, "threshold": 1}]}
JUDGED = {"name": "judged", "criteria": [
    {"name": "relevance", "dimension": "relevance", "evaluator": "judge", "options": {"template": "relevance"},
     "weight": 1, "threshold": 0.5}]}


def sample(i):
    response = f"#### {i}" + (" secret" if i % 7 == 0 else "") + (" and more words" if i % 4 == 0 else "")
    return {"id": f"s{i}", "model": "small" if i % 3 else "large", "endpoint": "e", "stratum": f"t{i % 2}",
            "prompt": f"what is {i}?", "response": response, "reference": str(i if i % 5 else i + 1),
            "timestamp": START_MS + i * MINUTE_MS}


def words_of(row):
    """{criterion: (value, passed)} of a sample by SAFETY."""
    clean = 0.0 if "secret" in row["response"] else 1.0
    short = 1.0 if len(row["response"]) <= 12 else 0.0
    return {"clean": (clean, int(clean)), "short": (short, int(short)), "composite": ((clean + short) / 2, None)}


def schema(name):
    """Others refer to what a summary says."""
    def read(of):
        return json.loads((TESTS.parent / "schema" / f"{of}.schema.json").read_text())
    summary = Resource.from_contents(read("rerun-summary"))
    return jsonschema.Draft202012Validator(read(name), registry=Registry().with_resource("rerun-summary.schema.json", summary))


def rows_of(store, run=None):
    """{sample or (topic, offset): (state, {criterion: (status, value, passed, reason)})}, of all shards."""
    found = {}
    for path in sorted((store / "runs" / run if run else store).glob("shard-*.db")):
        with closing(sqlite3.connect(path)) as db:
            places = {}
            for topic, offset, sample_id, state, reason in db.execute(
                    "SELECT topic || partition, off, sample, state, reason FROM delivery JOIN source ON source.id = source "
                    "WHERE run = (SELECT id FROM run WHERE name = ?)", (run or "live",)):
                key = sample_id or (Path(topic).name, offset)
                assert key not in found, f"{key} is there twice"
                found[key] = places[topic, offset] = (state, {})
            for topic, offset, *score in db.execute(
                    "SELECT topic || partition, off, name, status, value, passed, reason FROM score JOIN source ON source.id = source "
                    "JOIN criterion ON criterion.id = criterion WHERE run = (SELECT id FROM run WHERE name = ?)",
                    (run or "live",)):
                places[topic, offset][1][score[0]] = tuple(score[1:])
    return found


def values_of(rows):
    return {key: {name: score[1:3] for name, score in scores.items()} for key, (_, scores) in rows.items()}


@pytest.fixture
def rubric(tmp_path):
    def write(document):
        path = tmp_path / f"{document['name']}.json"
        path.write_text(json.dumps(document))
        return path
    return write


def write_lines(path, rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def store(run, rubric, tmp_path):
    """A store of so many samples, as a worker that keeps texts would have left it."""
    def make(count, text="full", share=1, name="store", document=LIVE, rows=None):
        lines = write_lines(tmp_path / f"{name}.jsonl", rows or [sample(i) for i in range(count)])
        done = run("eval", "--rubric", rubric(document), "--store", tmp_path / name, "--text", text,
                   "--text-share", share, lines)
        assert done.returncode == 0, done.stderr
        return tmp_path / name
    return make


@pytest.fixture
def rerun(run):
    """rerun(store, name, rubric, ...) -> the summary; it adds up."""
    def call(store, name, rubric, *words, status=0, **more):
        done = run("rerun", "--store", store, "--name", name, "--rubric", rubric, "--json", *words, **more)
        assert done.returncode == status, done.stderr
        assert done.stdout or status == 2, done.stderr
        if not done.stdout:
            return done.stderr
        summary = json.loads(done.stdout)
        schema("rerun-summary").validate(summary)
        assert summary["done"] == sum(summary["counts"].values()) == summary["planned"] - summary["left"]
        return summary
    return call


def wait_for(what, seconds=30):
    """For what a process that was just started makes."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it does not begin"
        time.sleep(.005)


def chunks_of(folder):
    """How many chunks of a run are durable in its first shard."""
    try:
        with closing(sqlite3.connect(f"file:{folder / 'shard-0001.db'}?mode=ro", uri=True)) as db:
            return db.execute("SELECT count(*) FROM chunk").fetchone()[0]
    except sqlite3.OperationalError:  # it is being made
        return 0


def killed_until_it_ends(command, seed, shortest, longest, most=200, env=None):
    """Runs the command, killed after random times; returns how often."""
    times, rng = 0, random.Random(seed)
    while times < most:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
        try:
            _, said = process.communicate(timeout=rng.uniform(shortest, longest))
            assert process.returncode == 0, said
            return times
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            times += 1
            longest *= 1.05  # where everything is slow
    pytest.fail("it never ends")


# ---- from the store ----

def test_what_live_stored_is_scored_again(store, rerun, rubric):
    where = store(1500)
    before = rows_of(where)
    summary = rerun(where, "safety-2", rubric(SAFETY))
    assert summary["counts"] == {"scored": 1500, "unmatched": 0, "no_text": 0, "duplicate": 0, "invalid": 0, "filtered": 0, "no_record": 0, "unreadable": 0}
    expected = {f"s{i}": words_of(sample(i)) for i in range(1500)}
    assert values_of(rows_of(where, "safety-2")) == expected
    assert rows_of(where) == before
    means = {one["criterion"]: one["mean"] for one in summary["criteria"]}
    for name in ("clean", "short", "composite"):
        assert means[name] == pytest.approx(sum(scores[name][0] for scores in expected.values()) / 1500, abs=1e-9)


def test_nothing_of_a_rerun_is_published(store, rerun, rubric):
    where = store(200)
    rerun(where, "r", rubric(SAFETY))
    for path in (where / "runs" / "r").glob("shard-*.db"):
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_the_same_rubric_gives_the_same_scores_bit_by_bit(store, rerun, rubric, run):
    where = store(1000)
    rerun(where, "again", rubric(LIVE))
    assert rows_of(where, "again") == rows_of(where)
    done = run("compare", "live", "again", "--store", where, "--format", "json")
    assert done.returncode == 0, done.stderr
    page = json.loads(done.stdout)
    assert page["rows"] and all(row["delta"] == 0 for row in page["rows"])
    assert page["recommendation"]["words"].startswith("the same answers score alike")


@pytest.mark.parametrize("threads", [1, 2, 6])
def test_any_number_of_threads_makes_the_same_rows(store, rerun, rubric, threads):
    where = store(3000)
    rerun(where, "one", rubric(SAFETY), "--threads", 1)
    rerun(where, "many", rubric(SAFETY), "--threads", threads)
    assert rows_of(where, "many") == rows_of(where, "one")


def test_killed_again_and_again_it_ends_with_the_rows_of_an_undisturbed_run(assay, store, rerun, rubric):
    where = store(40_000)
    undisturbed = rerun(where, "undisturbed", rubric(SAFETY))
    command = [assay, "rerun", "--store", where, "--name", "killed", "--rubric", rubric(SAFETY)]
    times = killed_until_it_ends([str(word) for word in command], 1, .05, .3)
    summary = rerun(where, "killed", rubric(SAFETY))
    assert times > 0 and summary["left"] == 0 and summary["ended_at"]
    assert summary["counts"] == undisturbed["counts"] and summary["criteria"] == undisturbed["criteria"]
    assert rows_of(where, "killed") == rows_of(where, "undisturbed")


def test_an_interrupt_ends_it_and_the_same_command_goes_on(assay, store, rerun, rubric):
    where = store(40_000)
    process = subprocess.Popen([assay, "rerun", "--store", where, "--name", "r", "--rubric", rubric(SAFETY), "--threads", "1"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: chunks_of(where / "runs" / "r"))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and "the same command goes on" in said
    assert rerun(where, "r", rubric(SAFETY))["counts"]["scored"] == 40_000


def test_the_question_of_a_run_cannot_be_changed(store, rerun, rubric):
    where = store(50)
    rerun(where, "r", rubric(SAFETY))
    assert "--rubric" in rerun(where, "r", rubric(LIVE), status=2)
    assert "--model" in rerun(where, "r", rubric(SAFETY), "--model", "small", status=2)
    assert "--name" in rerun(where, "live", rubric(SAFETY), status=2)
    assert "--name" in rerun(where, "../x", rubric(SAFETY), status=2)


SELECTIONS = [
    (("--model", "small"), lambda i: i % 3 != 0),
    (("--model", "small,large"), lambda i: True),
    (("--endpoint", "other"), lambda i: False),
    (("--stratum", "t1"), lambda i: i % 2 == 1),
    (("--window", "2025-10-09T09:00:00Z..2025-10-09T12:00:00Z"),
     lambda i: 1760000400000 <= START_MS + i * MINUTE_MS < 1760011200000),
    (("--window", "2025-10-09T09:01:00Z..2025-10-09T11:58:30Z"),
     lambda i: 1760000460000 <= START_MS + i * MINUTE_MS < 1760011110000),
    (("--where", "answer=failed"), lambda i: i % 5 == 0),
    (("--where", "answer>=1", "--model", "large"), lambda i: i % 5 != 0 and i % 3 == 0),
    (("--where", "answer=skipped"), lambda i: False),
]


@pytest.mark.parametrize("words,wanted", SELECTIONS, ids=[" ".join(words) for words, _ in SELECTIONS])
def test_a_selection_leaves_out_what_it_does_not_want(store, rerun, rubric, words, wanted):
    where = store(600)
    summary = rerun(where, "r", rubric(SAFETY), *words)
    expected = {f"s{i}" for i in range(600) if wanted(i)}
    assert set(rows_of(where, "r")) == expected
    assert summary["counts"]["filtered"] == 600 - len(expected)


def test_criteria_can_be_chosen(store, rerun, rubric):
    where = store(100)
    rerun(where, "r", rubric(SAFETY), "--criteria", "clean")
    for i in range(100):
        clean = words_of(sample(i))["clean"]
        assert values_of(rows_of(where, "r"))[f"s{i}"] == {"clean": clean, "composite": (clean[0], None)}
    assert "no rubric has a criterion \"tone\"" in rerun(where, "x", rubric(SAFETY), "--criteria", "clean,tone", status=2)


def test_what_was_not_kept_is_counted(store, rerun, rubric, tmp_path):
    rows = [sample(i) for i in range(400)] + ["{", json.dumps({"prompt": "no response"})]
    where = store(0, share=.25, rows=rows)
    with closing(sqlite3.connect(where / "shard-0001.db")) as db:
        kept, = db.execute("SELECT count(*) FROM text").fetchone()
    assert 80 < kept < 400  # those that failed, and a quarter of the others
    summary = rerun(where, "r", rubric(SAFETY))
    assert summary["counts"] == {"scored": kept, "no_text": 400 - kept, "invalid": 2, "unmatched": 0, "duplicate": 0,
                                 "filtered": 0, "no_record": 0, "unreadable": 0}


def test_masked_texts_are_not_judged_by_rules_and_are_counted(store, rerun, rubric):
    rows = [sample(i) | ({"response": f"write to a{i}@example.com"} if i % 3 == 0 else {}) for i in range(300)]
    where = store(0, text="redacted", rows=rows)
    summary = rerun(where, "r", rubric(SAFETY))
    assert summary["masked"] == 100 and summary["counts"]["scored"] == 300
    told = {one["criterion"]: one["redacted"] for one in summary["criteria"]}
    assert told == {"clean": 100, "short": 0, "composite": 0}
    for i in range(300):
        status, value, _, reason = rows_of(where, "r")[f"s{i}"][1]["clean"]
        assert (status, reason) == ("not_applicable", "redacted") if i % 3 == 0 else value == words_of(rows[i])["clean"][0]


@pytest.mark.parametrize("version", [6, 9])
def test_a_store_of_an_older_program_is_scored_again(store, rerun, rubric, version):
    """It kept prompt and response only."""
    where = store(300)
    shard = where / "shard-0001.db"
    with closing(sqlite3.connect(shard)) as db:
        for source, offset, body in db.execute("SELECT source, off, body FROM text").fetchall():
            record = json.loads(gzip.decompress(body))
            old = json.dumps({"prompt": record["prompt"], "response": record["response"]}).encode()
            db.execute("UPDATE text SET body = ?, bytes = ? WHERE source = ? AND off = ?",
                       (gzip.compress(old), len(old), source, offset))
        db.commit()
    downgrade(shard, version)
    before = shard.read_bytes()
    assert rerun(where, "r", rubric(SAFETY))["counts"]["scored"] == 300
    assert values_of(rows_of(where, "r")) == {f"s{i}": words_of(sample(i)) for i in range(300)}
    assert shard.read_bytes() == before


# ---- from scores alone ----

@pytest.mark.parametrize("text", ["full", "none"])
def test_other_thresholds_weights_and_gates_need_stored_scores_only(store, rerun, rubric, text):
    where = store(500, text=text, document=JUDGED | {"criteria": SAFETY["criteria"]})
    clean, short = (one | more for one, more in zip(SAFETY["criteria"], (
        {"weight": 0, "gate": {"cap": 0.25}}, {"name": "brief", "threshold": 0.5, "weight": 3})))
    other = {"name": "other", "criteria": [clean, short, {"name": "new", "evaluator": "length", "options": {"max": 9}}]}
    summary = rerun(where, "r", rubric(other), "--scores-only")
    assert summary["counts"]["scored"] == 500 and summary["asked"]["scores_only"]
    live, rows = rows_of(where), rows_of(where, "r")
    for i in range(500):
        wanted = words_of(sample(i))
        composite = min(wanted["short"][0], .25) if wanted["clean"][0] < 1 else wanted["short"][0]
        assert rows[f"s{i}"] == ("scored", {"clean": live[f"s{i}"][1]["clean"], "brief": live[f"s{i}"][1]["short"],
                                            "new": ("skipped", None, None, "not_stored"),
                                            "composite": ("scored", composite, None, rows[f"s{i}"][1]["composite"][3])})


def test_stored_scores_are_taken_bit_by_bit_with_their_findings(store, rerun, rubric):
    rows = [{"id": f"s{i}", "model": "m", "prompt": "q", "response": "word " * (i % 7 + 1), "reference": "word " * (i % 5 + 2),
             "latency_ms": i / 7, "input_tokens": i, "timestamp": START_MS + i} for i in range(200)]
    document = {"name": "fine", "criteria": [
        {"name": "overlap", "evaluator": "reference", "options": {"metric": "f1"}, "threshold": 0.7},
        {"name": "words", "evaluator": "regex", "options": {"where": "response", "forbid": ["word word word"]}}]}
    where = store(0, document=document, rows=rows)
    rerun(where, "r", rubric(document), "--scores-only")
    columns = ("state, sample, model, endpoint, observed_at_ms, latency_ms, input_tokens, output_tokens, probability, "
               "prompt_bytes, response_bytes, name, hash, status, value, passed, label, s.reason, findings")
    query = (f"SELECT {columns} FROM delivery d JOIN score s USING (run, source, off) JOIN criterion c ON c.id = criterion "
             "WHERE run = (SELECT id FROM run WHERE name = ?)")
    found = {}
    for run_name, folder in (("live", where), ("r", where / "runs" / "r")):
        found[run_name] = []
        for path in folder.glob("shard-*.db"):
            with closing(sqlite3.connect(path)) as db:
                words = dict(db.execute("SELECT id, text FROM word"))
                found[run_name] += [tuple(words.get(value, value) if at in (2, 3) else value for at, value in enumerate(row))
                                    for row in db.execute(query, (run_name,))]
    assert sorted(found["r"], key=repr) == sorted(found["live"], key=repr) and len(found["r"]) == 600
    assert any(row[18] for row in found["r"]) and len({row[14] for row in found["r"]}) > 10


def test_what_scores_cannot_tell_is_refused(store, rerun, rubric):
    where = store(10)
    for words in (("--stratum", "t1"), ("--from", "x"), ("--segment-by", "language")):
        assert words[0] in rerun(where, "r", rubric(LIVE), "--scores-only", *words, status=2)
    routed = LIVE | {"applies_to": {"route": "chat"}}
    assert "routes or tags" in rerun(where, "r", rubric(routed), "--scores-only", status=2)


def test_judged_scores_are_weighed_again_without_a_call(store, run, rerun, rubric, judge, tmp_path):
    lines = write_lines(tmp_path / "lines.jsonl", [sample(i) for i in range(100)])
    where = tmp_path / "judged"
    done = run("eval", "--rubric", rubric(JUDGED), "--store", where, *judge.flags, lines)
    assert done.returncode == 0 and judge() == 100
    harder = {"name": "harder", "criteria": [JUDGED["criteria"][0] | {"threshold": 0.75}]}
    summary = rerun(where, "r", rubric(harder), "--scores-only", *judge.flags)
    assert judge() == 100 and summary["judge"] == {"calls": 0, "remembered": 0}
    assert values_of(rows_of(where, "r")) == {
        f"s{i}": {"relevance": (relevance_of(sample(i)), int(relevance_of(sample(i)) >= .75)),
                  "composite": (relevance_of(sample(i)), None)} for i in range(100)}


# ---- from files ----

def test_files_and_folders_are_read_packed_or_not(rerun, rubric, tmp_path):
    folder = tmp_path / "captures"
    (folder / "deep" / "er").mkdir(parents=True)
    rows = [sample(i) for i in range(900)]
    write_lines(folder / "a.jsonl", rows[:300])
    write_lines(folder / "deep" / "b", rows[300:600])
    (folder / "deep" / "b.jsonl.gz").write_bytes(gzip.compress((folder / "deep" / "b").read_bytes()))
    write_lines(folder / "deep" / "er" / "c.json", rows[600:])
    subprocess.run(["zstd", "-q", "--rm", folder / "deep" / "er" / "c.json"], check=True)
    (folder / "deep" / "b").unlink()
    where = tmp_path / "store"
    summary = rerun(where, "r", rubric(SAFETY), "--from", folder)
    assert summary["counts"]["scored"] == 900 and summary["parts"] == 3
    assert values_of(rows_of(where, "r")) == {row["id"]: words_of(row) for row in rows}


def test_what_is_wrong_with_files_is_named_and_the_rest_is_done(rerun, rubric, run, tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    rows = [sample(i) for i in range(2000)]
    packed = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    (folder / "cut.jsonl.gz").write_bytes(packed[:len(packed) // 2])
    (folder / "half.jsonl").write_text(json.dumps(sample(5000)) + "\n" + json.dumps(sample(5001))[:40])
    (folder / "input-only.jsonl").write_text(json.dumps({
        "captureData": {"endpointInput": {"data": "{\"inputs\": \"hello\"}", "encoding": "JSON"}},
        "eventMetadata": {"eventId": "x", "inferenceTime": "2026-02-19T01:00:00Z"}, "eventVersion": "0"}) + "\n")
    (folder / "manifest.txt").write_text("not ours")
    where = tmp_path / "store"
    done = run("rerun", "--store", where, "--name", "r", "--rubric", rubric(SAFETY), "--from", folder, "--json")
    assert done.returncode == 3 and "manifest.txt is no file of JSON lines" in done.stderr
    summary = json.loads(done.stdout)
    assert len(summary["problems"]) == 1 and "cut.jsonl.gz: cannot read on after line" in summary["problems"][0]
    read = int(re.search(r"after line (\d+)", summary["problems"][0])[1])
    assert summary["counts"] == {"scored": read + 1, "invalid": 2, "unmatched": 0, "no_text": 0, "duplicate": 0,
                                 "filtered": 0, "no_record": 0, "unreadable": 0}
    assert summary["planned"] == summary["done"] == read + 3 and 500 < read < 2000
    found = rows_of(where, "r")
    assert {key for key in found if isinstance(key, str)} == {f"s{i}" for i in [*range(read), 5000]}
    assert [found[key][0] for key in found if not isinstance(key, str)] == ["invalid", "invalid"]


def test_zstandard_that_is_cut_off_is_read_as_far_as_it_goes(rerun, rubric, run, tmp_path):
    chance = random.Random(3)
    rows = [{**sample(i), "prompt": f"{chance.getrandbits(4000):x}"} for i in range(2000)]
    subprocess.run(["zstd", "-q", "--rm", write_lines(tmp_path / "cut.jsonl", rows)], check=True)
    path = tmp_path / "cut.jsonl.zst"
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    done = run("rerun", "--store", tmp_path / "store", "--name", "r", "--rubric", rubric(SAFETY), "--from", path, "--json")
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    assert len(summary["problems"]) == 1 and "cut.jsonl.zst: cannot read on after line" in summary["problems"][0]
    read = int(re.search(r"after line (\d+)", summary["problems"][0])[1])
    assert summary["planned"] == summary["done"] == summary["counts"]["scored"] == read and 500 < read < 1500
    assert set(rows_of(tmp_path / "store", "r")) == {f"s{i}" for i in range(read)}


def test_a_file_that_is_another_one_when_the_run_goes_on_is_named(assay, rerun, rubric, tmp_path):
    a, b = (write_lines(tmp_path / f"{name}.jsonl", [sample(i) for i in range(n, n + 30_000)])
            for name, n in (("a", 0), ("b", 30_000)))
    where = tmp_path / "store"
    command = [assay, "rerun", "--store", where, "--name", "r", "--rubric", rubric(SAFETY), "--from", a, "--from", b]
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    wait_for(lambda: chunks_of(where / "runs" / "r"))
    process.kill()
    process.wait()
    write_lines(b, [sample(i) for i in range(70_000, 70_010)])
    summary = rerun(where, "r", rubric(SAFETY), "--from", a, "--from", b, status=3)
    assert summary["problems"] == [f"{b} is gone, or another one, since it was planned"]
    assert summary["planned"] == 60_000 and 0 < summary["left"] <= 30_000 and not summary["ended_at"]
    assert not set(rows_of(where, "r")) & {f"s{i}" for i in range(70_000, 70_010)}


# ---- from S3 ----

def capture(i, minute):
    """As SageMaker writes it: it names neither endpoint nor model."""
    row = sample(i)
    sides = {"endpointInput": {"inputs": row["prompt"]}, "endpointOutput": [{"generated_text": row["response"]}]}
    data = {side: {"observedContentType": "application/json", "mode": side[8:].upper(), "encoding": "JSON",
                   "data": json.dumps(body)} for side, body in sides.items()}
    return {"captureData": data, "eventVersion": "0", "eventMetadata": {
        "eventId": f"s{i}", "inferenceTime": f"2026-02-19T{minute // 60:02d}:{minute % 60:02d}:00Z"}}


@pytest.fixture
def bucket(aws, monkeypatch):
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    client = aws.client("s3")
    client.create_bucket(Bucket="captures")
    return client


def fill(bucket, hours=24, lines=20):
    """{sample: (endpoint, hour)}; every endpoint and hour has an object."""
    held = {}
    for hour in range(hours):
        for endpoint in ("chat", "search"):
            ids = [len(held) + j for j in range(lines)]
            held |= {f"s{i}": (endpoint, hour) for i in ids}
            body = "".join(json.dumps(capture(i, hour * 60 + j % 60)) + "\n" for j, i in enumerate(ids)).encode()
            packed = hour % 3 == 0
            bucket.put_object(Bucket="captures", Key=f"p/{endpoint}/AllTraffic/2026/02/19/{hour:02d}/a.jsonl" + ".gz" * packed,
                              Body=gzip.compress(body) if packed else body)
    return held


def test_a_prefix_of_a_bucket_is_scored(rerun, rubric, bucket, aws, tmp_path):
    held = fill(bucket)
    bucket.put_object(Bucket="captures", Key="p/chat/AllTraffic/2026/02/19/03/_SUCCESS", Body=b"")
    where = tmp_path / "store"
    summary = rerun(where, "r", rubric(SAFETY), "--from", "s3://captures/p", "--s3-url", aws.url, "--model-of", "chat=small")
    assert summary["counts"]["scored"] == len(held)
    assert values_of(rows_of(where, "r")) == {key: words_of(sample(int(key[1:]))) for key in held}
    models = {}
    for path in (where / "runs" / "r").glob("shard-*.db"):
        with closing(sqlite3.connect(path)) as db:
            models |= {key: (endpoint, model) for key, endpoint, model in db.execute(
                "SELECT sample, e.text, m.text FROM delivery JOIN word e ON e.id = endpoint JOIN word m ON m.id = model")}
    assert models == {key: (endpoint, "small" if endpoint == "chat" else "unknown")
                      for key, (endpoint, _) in held.items()}


def test_objects_of_other_hours_and_endpoints_are_not_read(rerun, rubric, bucket, aws, tmp_path):
    held = fill(bucket)
    summary = rerun(tmp_path / "store", "r", rubric(SAFETY), "--from", "s3://captures/p", "--s3-url", aws.url,
                    "--endpoint", "chat", "--window", "2026-02-19T10:00:00Z..2026-02-19T12:00:00Z")
    wanted = {key for key, (endpoint, hour) in held.items() if endpoint == "chat" and hour in (10, 11)}
    assert set(rows_of(tmp_path / "store", "r")) == wanted
    assert summary["parts"] == 4 and summary["planned"] == 80  # with the hours beside them


def test_killed_over_a_bucket_it_ends_with_the_rows_of_an_undisturbed_run(assay, rerun, rubric, bucket, aws, tmp_path):
    held = fill(bucket, lines=100)
    words = ["--from", "s3://captures/p", "--s3-url", aws.url]
    rerun(tmp_path / "store", "undisturbed", rubric(SAFETY), *words)
    command = [assay, "rerun", "--store", tmp_path / "store", "--name", "killed", "--rubric", rubric(SAFETY), *words]
    killed_until_it_ends([str(word) for word in command], 3, .2, 1.5)
    rows = rows_of(tmp_path / "store", "killed")
    assert len(rows) == len(held) and rows == rows_of(tmp_path / "store", "undisturbed")


def test_a_bucket_that_is_not_there_is_told(run, rubric, bucket, aws, tmp_path):
    done = run("rerun", "--store", tmp_path / "store", "--name", "r", "--rubric", rubric(SAFETY), "--from",
               "s3://nowhere/p", "--s3-url", aws.url)
    assert done.returncode == 3 and "nowhere" in done.stderr


def test_objects_that_may_not_be_read_are_named_and_the_others_are_scored(rerun, rubric, bucket, stumbling, tmp_path):
    held = fill(bucket, hours=5)
    denied = "p/chat/AllTraffic/2026/02/19/02/a.jsonl"
    stumbling.fault = lambda key: (403, "AccessDenied") if key == denied else None
    summary = rerun(tmp_path / "store", "r", rubric(SAFETY), "--from", "s3://captures/p", status=3)
    assert len(summary["problems"]) == 1 and f"s3://captures/{denied}: " in summary["problems"][0]
    assert "403 AccessDenied" in summary["problems"][0]
    wanted = {key for key, where in held.items() if where != ("chat", 2)}
    assert set(rows_of(tmp_path / "store", "r")) == wanted
    assert summary["counts"]["scored"] == summary["planned"] == summary["done"] == len(wanted)


def test_keys_that_expire_midway_end_it_and_the_same_command_goes_on(rerun, run, rubric, bucket, stumbling, tmp_path):
    held = fill(bucket)
    read = set()

    def counted_then_refused(key):
        again = key in read
        read.add(key)
        return (400, "ExpiredToken") if again and "/2026/02/19/1" in key else None
    stumbling.fault = counted_then_refused
    done = run("rerun", "--store", tmp_path / "store", "--name", "r", "--rubric", rubric(SAFETY), "--from", "s3://captures/p",
               "--json")
    assert done.returncode == 3 and "ExpiredToken" in done.stderr
    summary = json.loads(done.stdout)
    schema("rerun-summary").validate(summary)
    assert summary["planned"] == len(held) and 400 <= summary["left"] < 960 and not summary["ended_at"]
    assert "ExpiredToken" in summary["stopped"]
    stumbling.fault = lambda key: None
    summary = rerun(tmp_path / "store", "r", rubric(SAFETY), "--from", "s3://captures/p")
    assert summary["left"] == 0 and summary["counts"]["scored"] == len(held)
    assert set(rows_of(tmp_path / "store", "r")) == set(held)


def test_a_comparison_tells_what_a_rerun_lacks_and_why(store, rerun, rubric, run):
    """Of half of the samples texts were kept; and a selection that nothing fits."""
    where = store(1000, share=0.5)
    summary = rerun(where, "half", rubric(SAFETY))
    without = summary["counts"]["no_text"]
    assert 0 < without < 1000
    notes = json.loads(run("compare", "live", "half", "--store", where, "--format", "json").stdout)["notes"]
    assert f"B scored {1000 - without} of the 1000 records that it was to score: {without} their text was not kept, or is kept " \
           "no longer" in notes
    rerun(where, "whole", rubric(LIVE), "--model", "nobody")
    notes = json.loads(run("compare", "live", "whole", "--store", where, "--format", "json").stdout)["notes"]
    assert "B scored 0 of the 1000 records that it was to score: 1000 not wanted by --model, --endpoint, --stratum, --window or " \
           "--where" in notes


# ---- from a topic ----

@pytest.fixture
def topic(kafka):
    """topic({partition: records}, **config) -> its name."""
    def make(records, **config):
        name = f"rerun-{uuid.uuid4().hex[:8]}"
        kafka.create_topic(name, len(records), **config)
        clients.wait_for_leaders(kafka.bootstrap, name, len(records))
        clients.produce(kafka.bootstrap, name, [(p, json.dumps(row).encode()) for p, rows in records.items() for row in rows])
        return name
    return make


@pytest.mark.kafka
def test_a_topic_is_scored_as_the_worker_scored_it(rerun, rubric, run, kafka, topic, tmp_path):
    """Without ids, too; and no group comes to be."""
    rows = {p: [sample(i) for i in range(p, 900, 3)] for p in range(3)}
    for row in rows[1]:
        del row["id"]
    name = topic(rows)
    where = tmp_path / "store"
    done = run("run", "--brokers", kafka.bootstrap, "--topic", name, "--group", name, "--rubric", rubric(SAFETY), "--store",
               where, "--from", "earliest", "--until-end", "--metrics", "none")
    assert done.returncode == 0, done.stderr
    words = ["--topic", name, "--brokers", kafka.bootstrap]
    summary = rerun(where, "r", rubric(SAFETY), *words)
    assert summary["counts"]["scored"] == 900 == summary["planned"] and summary["parts"] == 3
    assert rows_of(where, "r") == rows_of(where)
    assert {f"{name}/1/{i}" for i in range(300)} < set(rows_of(where, "r"))
    done = run("rerun", "--store", where, "--rubric", rubric(SAFETY), "--dry-run", "--json", *words)
    plan = json.loads(done.stdout)
    schema("rerun-plan").validate(plan)
    assert plan["planned"] == plan["scored"] == 900
    admin = clients.admin(kafka.bootstrap)
    groups = admin.list_consumer_groups().result(30)
    assert "assay-rerun" not in {group.group_id for group in groups.valid}


@pytest.mark.kafka
def test_what_comes_later_is_no_part_and_killed_it_ends_with_the_same_rows(assay, rerun, rubric, kafka, topic, tmp_path):
    name = topic({p: [sample(i) for i in range(p, 40_000, 2)] for p in range(2)})
    words = ["--topic", name, "--brokers", kafka.bootstrap]
    where = tmp_path / "store"
    rerun(where, "undisturbed", rubric(SAFETY), *words)
    command = [str(word) for word in (assay, "rerun", "--store", where, "--name", "r", "--rubric", rubric(SAFETY), *words)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for(lambda: chunks_of(where / "runs" / "r"))
    process.kill()
    process.wait()
    clients.produce(kafka.bootstrap, name, [(0, json.dumps(sample(90_000)).encode())])
    killed_until_it_ends(command, 9, .5, 3)
    assert rerun(where, "r", rubric(SAFETY), *words)["counts"]["scored"] == 40_000
    assert rows_of(where, "r") == rows_of(where, "undisturbed")


@pytest.mark.kafka
def test_what_retention_deleted_is_named_and_offsets_without_records_are_counted(rerun, rubric, run, kafka, topic, tmp_path):
    name = topic({0: [sample(i) for i in range(500)], 1: [sample(i) for i in range(500, 600)]})
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": name, **clients.QUIET})
    producer.init_transactions(30)
    for number, end in enumerate((producer.commit_transaction, producer.abort_transaction)):
        producer.begin_transaction()
        for i in range(20):
            producer.produce(name, json.dumps(sample(1000 + 20 * number + i)).encode(), partition=1)
        producer.flush(30)
        end(30)
    reader = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "assay-tests-rerun", **clients.QUIET})
    wait_for(lambda: reader.get_watermark_offsets(TopicPartition(name, 1), timeout=10)[1] == 142)  # marks come later
    reader.close()
    admin = clients.admin(kafka.bootstrap)
    for deleted in admin.delete_records([TopicPartition(name, 0, 200)]).values():
        assert deleted.result(30).low_watermark == 200
    done = run("rerun", "--store", tmp_path / "store", "--name", "r", "--rubric", rubric(SAFETY), "--json", "--topic", name,
               "--brokers", kafka.bootstrap)
    assert done.returncode == 0, done.stderr
    assert f"topic {name}, partition 0: offsets below 200 are gone" in done.stderr
    summary = json.loads(done.stdout)
    schema("rerun-summary").validate(summary)
    assert set(rows_of(tmp_path / "store", "r")) == {f"s{i}" for i in [*range(200, 600), *range(1000, 1020)]}
    assert summary["planned"] == 300 + 142 and summary["counts"]["scored"] == 420
    assert summary["counts"]["no_record"] == 22  # the aborted ones, and a mark of each transaction


@pytest.mark.kafka
def test_offsets_that_compaction_emptied_are_counted(rerun, rubric, kafka, topic, tmp_path):
    """Of each key the last record stays; the segment that is written is not compacted."""
    name = topic({0: []}, **{"cleanup.policy": "compact", "segment.ms": "200", "min.cleanable.dirty.ratio": "0.001",
                             "max.compaction.lag.ms": "1"})
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 0, **clients.QUIET})
    for i in range(300):
        producer.produce(name, json.dumps(sample(i)).encode(), key=str(i % 10).encode(), partition=0)
    producer.flush(30)
    time.sleep(.5)
    producer.produce(name, json.dumps(sample(300)).encode(), key=b"other", partition=0)  # begins another segment
    producer.flush(30)

    def left():
        reader = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "assay-tests-rerun", "enable.partition.eof": True,
                           **clients.QUIET})
        reader.assign([TopicPartition(name, 0, 0)])
        found = []
        while (message := reader.poll(10)) is not None and not message.error():
            found.append(message.offset())
        reader.close()
        return found
    wait_for(lambda: len(left()) < 100, 90)
    offsets = left()
    summary = rerun(tmp_path / "store", "r", rubric(SAFETY), "--topic", name, "--brokers", kafka.bootstrap)
    assert set(rows_of(tmp_path / "store", "r")) == {f"s{i}" for i in offsets} >= {f"s{i}" for i in range(290, 301)}
    assert summary["planned"] == 301 and summary["counts"]["no_record"] == 301 - len(offsets)


@pytest.mark.kafka
def test_offsets_are_those_asked_for(rerun, rubric, run, kafka, topic, tmp_path):
    name = topic({p: [sample(i) for i in range(1000 * p, 1000 * p + 300)] for p in range(3)})
    admin = clients.admin(kafka.bootstrap)
    for deleted in admin.delete_records([TopicPartition(name, 0, 200)]).values():
        assert deleted.result(30).low_watermark == 200
    where, words = tmp_path / "store", ["--topic", name, "--brokers", kafka.bootstrap]
    wanted = ["--offsets", "0:150..250,2:290..", "--offsets", "1:..7"]
    summary = rerun(where, "r", rubric(SAFETY), *words, *wanted)
    ids = [*range(200, 250), *range(1000, 1007), *range(2290, 2300)]
    assert set(rows_of(where, "r")) == {f"s{i}" for i in ids} and summary["planned"] == len(ids)

    def told(run_name, *more):
        return run("rerun", "--store", where, "--name", run_name, "--rubric", rubric(SAFETY), *words, *more)
    assert "partition 0: offsets below 200 are gone" in told("gone", "--offsets", "0:150..250").stderr
    assert "partition 1: there is nothing yet at offset 300" in told("beyond", "--offsets", "1:0..900").stderr
    assert len(rows_of(where, "beyond")) == 300
    assert told("r", "--offsets", "0:150..251").returncode == 2  # another question
    for wrong, said in (("3:0..1", "has no partition 3"), ("0:5..5", "PARTITION:FROM..TO"), ("0", "PARTITION:FROM..TO"),
                        ("0:1..2,0:3..4", "more than once"), ("0:1..99999999999999999999", "PARTITION:FROM..TO")):
        done = told("wrong", "--offsets", wrong)
        assert done.returncode in (2, 3) and said in done.stderr, done.stderr
    done = run("rerun", "--store", where, "--name", "x", "--rubric", rubric(SAFETY), "--offsets", "0:1..2")
    assert done.returncode == 2 and "--offsets goes with --topic" in done.stderr


@pytest.mark.kafka
def test_a_window_begins_where_kafka_knows_it(rerun, rubric, kafka, topic, tmp_path):
    name = topic({0: []})
    producer = Producer({"bootstrap.servers": kafka.bootstrap, **clients.QUIET})
    for i in range(600):
        producer.produce(name, json.dumps(sample(i)).encode(), timestamp=sample(i)["timestamp"], partition=0)
    producer.flush(30)
    summary = rerun(tmp_path / "store", "r", rubric(SAFETY), "--topic", name, "--brokers", kafka.bootstrap, "--window",
                    "2025-10-09T15:00:00Z..2025-10-09T16:00:00Z")
    wanted = {f"s{i}" for i in range(600) if 1760022000000 <= sample(i)["timestamp"] < 1760025600000}
    assert set(rows_of(tmp_path / "store", "r")) == wanted and len(wanted) == 60
    before = sum(sample(i)["timestamp"] < 1760022000000 - 3_600_000 for i in range(600))
    assert summary["planned"] == 600 - before


@pytest.mark.kafka
def test_a_topic_that_is_not_there_is_told(run, rubric, kafka, tmp_path):
    done = run("rerun", "--store", tmp_path / "store", "--name", "r", "--rubric", rubric(SAFETY), "--topic", "nowhere",
               "--brokers", kafka.bootstrap)
    assert done.returncode == 3 and "nowhere" in done.stderr


# ---- what it costs ----

@pytest.fixture
def judge(monkeypatch):
    """The stand-in endpoint; judge("stats") asks it, judge.flags name it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    process = subprocess.Popen([sys.executable, str(TESTS / "standins" / "judge_endpoint.py"), "--latency-ms", "5"],
                               stdout=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{int(process.stdout.readline())}"

    def calls():
        with urllib.request.urlopen(url + "/control/stats") as reply:
            return json.load(reply).get("calls", 0)
    calls.flags = ["--judge-endpoint", "judge", "--aws-endpoint-url", url, "--region", "us-east-1"]
    yield calls
    process.terminate()
    process.wait(10)
    process.stdout.close()


def relevance_of(row):
    return (verdict_of({"prompt": row["prompt"], "response": row["response"]}, (1, 5)) - 1) / 4


def test_a_judge_is_asked_once_and_its_answers_are_remembered(store, rerun, rubric, judge):
    where = store(300)
    first = rerun(where, "first", rubric(JUDGED), *judge.flags)
    assert judge() == 300 and first["judge"] == {"calls": 300, "remembered": 0}
    assert {key: scores["relevance"][0] for key, scores in values_of(rows_of(where, "first")).items()} == \
        {f"s{i}": relevance_of(sample(i)) for i in range(300)}
    second = rerun(where, "second", rubric(JUDGED), *judge.flags)
    assert judge() == 300 and second["judge"] == {"calls": 0, "remembered": 300}
    assert rows_of(where, "second") == rows_of(where, "first")
    harder = JUDGED["criteria"][0] | {"threshold": 0.75}
    third = rerun(where, "third", rubric({"name": "harder", "criteria": [harder]}), *judge.flags)
    assert judge() == 300 and third["judge"] == {"calls": 0, "remembered": 300}
    assert {key: scores["relevance"][1] for key, scores in values_of(rows_of(where, "third")).items()} == \
        {f"s{i}": int(relevance_of(sample(i)) >= .75) for i in range(300)}


def test_killed_it_pays_for_no_answer_twice_beyond_those_in_flight(assay, store, rerun, rubric, judge):
    where = store(1500)
    in_flight, threads = 8, 2
    command = [assay, "rerun", "--store", where, "--name", "r", "--rubric", rubric(JUDGED), "--threads", threads,
               *judge.flags, "--judge-in-flight", in_flight]
    times = killed_until_it_ends([str(word) for word in command], 5, .3, .9)
    assert times > 1 and 1500 <= judge() <= 1500 + times * threads * in_flight
    assert {key: scores["relevance"][0] for key, scores in values_of(rows_of(where, "r")).items()} == \
        {f"s{i}": relevance_of(sample(i)) for i in range(1500)}
    assert rerun(where, "r", rubric(JUDGED), *judge.flags)["counts"]["scored"] == 1500


def test_a_cap_of_calls_ends_it_and_a_higher_one_goes_on(store, rerun, rubric, judge):
    where = store(1200)
    summary = rerun(where, "r", rubric(JUDGED), *judge.flags, "--judge-calls", 700, "--threads", 1, status=3)
    assert judge() == 700 and 0 < summary["left"] < 1200
    for _, scores in rows_of(where, "r").values():
        assert scores["relevance"][0] == "scored"
    summary = rerun(where, "r", rubric(JUDGED), *judge.flags)
    assert judge() == 1200 and summary["counts"]["scored"] == 1200


def test_half_of_the_limit_of_the_day_is_left_for_live(store, rerun, rubric, judge):
    where = store(100)
    rerun(where, "r", rubric(JUDGED), *judge.flags, "--judge-calls-per-day", 60, status=3)
    assert judge() == 30


def test_a_dry_run_tells_what_it_would_cost_and_does_nothing(run, store, rubric, judge):
    where = store(3000)
    done = run("rerun", "--store", where, "--rubric", rubric(JUDGED), "--dry-run", "--json", *judge.flags, "--model",
               "small", "--price-input", "1", "--price-output", "2")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    schema("rerun-plan").validate(plan)
    assert plan["planned"] == 3000 and judge() == 0 and not (where / "runs").exists()
    assert plan["scored"] == pytest.approx(2000, rel=.02) and plan["skipped"]["filtered"] == pytest.approx(1000, rel=.05)
    cost = plan["judge"]
    assert cost["calls"] == plan["scored"]
    assert cost["cost_most"] == pytest.approx((cost["input_tokens"] + 2 * cost["output_tokens_most"]) / 1e6, rel=1e-4)


def test_a_dry_run_over_a_bucket_reads_a_few_objects(run, rubric, bucket, aws, tmp_path):
    held = fill(bucket)
    done = run("rerun", "--store", tmp_path / "store", "--rubric", rubric(SAFETY), "--dry-run", "--json", "--from",
               "s3://captures/p", "--s3-url", aws.url)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert plan["planned"] == plan["scored"] == len(held) and 0 < plan["looked_at"] <= len(held)


# ---- runs ----

def test_runs_are_listed_shown_and_deleted(run, store, rerun, rubric):
    where = store(100)
    assert json.loads(run("runs", "list", "--store", where, "--json").stdout) == []
    shown = {name: rerun(where, name, rubric(SAFETY)) for name in ("b", "a")}
    listed = json.loads(run("runs", "list", "--store", where, "--json").stdout)
    assert [one["run"] for one in listed] == ["a", "b"]
    assert json.loads(run("runs", "show", "a", "--store", where, "--json").stdout) == shown["a"]
    table = run("runs", "list", "--store", where).stdout.splitlines()
    assert len(table) == 3 and table[1].startswith("a ") and "words from store" in table[1]
    assert "100 of 100 records are done" in run("runs", "show", "b", "--store", where).stdout
    assert run("runs", "delete", "a", "--store", where).returncode == 0
    assert not (where / "runs" / "a").exists() and (where / "runs" / "b").exists()
    for action in ("show", "delete"):
        done = run("runs", action, "a", "--store", where)
        assert done.returncode == 2 and "there is no run \"a\"" in done.stderr
    assert rerun(where, "a", rubric(SAFETY))["counts"]["scored"] == 100


def test_two_commands_do_not_write_one_run(assay, store, run, rubric):
    where = store(40_000)
    words = ["rerun", "--store", where, "--name", "r", "--rubric", rubric(SAFETY)]
    process = subprocess.Popen([assay, *map(str, words)], stdout=subprocess.DEVNULL)
    wait_for((where / "runs" / "r" / "run.lock").exists)
    second = run(*words)
    busy = process.poll() is None
    assert process.wait(60) == 0
    assert not busy or (second.returncode == 3 and "another process is writing run r" in second.stderr)
