"""Do the workers of a group do a rerun that was planned into a topic, whole, each record once, whoever is killed? On real
Kafka; one worker, six, and six of which three are killed, say the same bytes. Expected rows are a few lines of Python over
the input, and those of a rerun by one process."""
import gzip
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from confluent_kafka import KafkaException

from kafka import clients
from kafka.offsets import committed
from feeding import read_committed
from test_rerun import (JUDGED, LIVE, SAFETY, START_MS, TESTS, bucket, capture, fill, judge, relevance_of,  # noqa: F401
                        rerun, rows_of, rubric, sample, schema, store, topic, values_of, wait_for, words_of,
                        write_lines)  # (fixtures among them)

pytestmark = pytest.mark.kafka
PARTITIONS, WORKERS, SECONDS = 12, 6, 90


@pytest.fixture
def rerun_topic(kafka):
    name = f"chunks-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(name, PARTITIONS)
    clients.wait_for_leaders(kafka.bootstrap, name, PARTITIONS)
    return name


@pytest.fixture
def plan(run, kafka, rerun_topic):
    """plan(store, name, rubric, ...) -> the summary: all chunks are in the topic."""
    def call(where, name, rubric_file, *words, status=0):
        done = run("rerun", "--store", where, "--name", name, "--rubric", rubric_file, "--json", "--to-topic", rerun_topic,
                   "--brokers", kafka.bootstrap, "--group", rerun_topic, *words)
        assert done.returncode == status, done.stderr
        if status == 2:
            return done.stderr
        summary = json.loads(done.stdout)
        schema("rerun-summary").validate(summary)
        assert summary["fleet"]["sent"] == summary["fleet"]["chunks"]
        return summary
    return call


@pytest.fixture
def worker(assay, kafka, rerun_topic):
    """worker(store, rubric, ...) starts one of one lane; those that still run at the end are killed."""
    running = []

    def start(where, rubric_file, *words, lanes=1, group=None):
        command = [assay, "run", "--rerun-topic", rerun_topic, "--group", group or rerun_topic, "--brokers", kafka.bootstrap,
                   "--store", where, "--rubric", rubric_file, "--lanes", lanes, "--kafka", "session.timeout.ms=6000",
                   "--kafka", "heartbeat.interval.ms=1000", *words]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        running.append(process)
        return process
    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def fleet(worker, kafka, rerun_topic):
    """fleet(store, rubric, count, ...): so many workers, among which the partitions are shared out."""
    def start(where, rubric_file, count, *words):
        processes = [worker(where, rubric_file, *words) for _ in range(count)]
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                members = clients.members(kafka.bootstrap, rerun_topic)
            except KafkaException:  # the group's first coordinator is being chosen
                members = {"": "none"}
            if members.pop("") == "STABLE" and len(members) == count and \
                    sum(len(partitions) for partitions in members.values()) == PARTITIONS:
                return processes
            assert time.monotonic() < deadline, members
            time.sleep(.1)
    return start


@pytest.fixture
def show(run, kafka, rerun_topic):
    """show(name, stores...) -> the summary, which adds up."""
    def call(name, *stores):
        done = run("runs", "show", name, *(x for one in stores for x in ("--store", one)), "--json", "--brokers",
                   kafka.bootstrap, "--group", rerun_topic)
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        schema("rerun-summary").validate(summary)
        assert summary["done"] == sum(summary["counts"].values()) == summary["planned"] - summary["left"]
        return summary
    return call


@pytest.fixture
def end(show):
    """The summary once the group has done all chunks."""
    def call(name, *stores):
        deadline = time.monotonic() + SECONDS
        while True:
            summary = show(name, *stores)
            if summary["fleet"]["done"] == summary["fleet"]["chunks"]:
                return summary
            assert time.monotonic() < deadline, summary["fleet"]
            time.sleep(.2)
    return call


def stop(*processes):
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said


def shards_of(where, name):
    """Those of a run that hold chunks."""
    found = []
    for path in (where / "runs" / name).glob("shard-*.db"):
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                found += [path] * db.execute("SELECT EXISTS(SELECT 1 FROM chunk)").fetchone()[0]
        except sqlite3.OperationalError:  # it is being made
            pass
    return found


def once(stores, name):
    """{sample: (state, scores)} of all stores: what two shards hold must be the same in both."""
    found = {}
    for path in sorted(path for one in stores for path in (one / "runs" / name).glob("shard-*.db")):
        held = {}
        with closing(sqlite3.connect(path)) as db:
            for place, offset, key, state in db.execute(
                    "SELECT topic || partition, off, sample, state FROM delivery JOIN source ON source.id = source"):
                held[place, offset] = (key, state, {})
            for place, offset, criterion, *score in db.execute(
                    "SELECT topic || partition, off, c.name, status, value, passed, s.reason FROM score s JOIN criterion c "
                    "ON c.id = criterion JOIN source ON source.id = source"):
                held[place, offset][2][criterion] = tuple(score)
        for place, row in held.items():
            assert found.setdefault(place, row) == row
    return {key or place: (state, scores) for place, (key, state, scores) in found.items()}


def pages(run, name, *stores):
    """What reports say of the run, but for times of day and shards."""
    words = [x for one in stores for x in ("--store", one)]
    summary = json.loads(run("runs", "show", name, *words, "--json").stdout)
    assert summary.pop("started_at") and summary.pop("ended_at") and summary.pop("run") == name
    summary.pop("judge")  # what a kill interrupts is asked again
    compared = run("compare", "live", name, *words, "--format", "json", "--movers", "100")
    assert compared.returncode in (0, 1), compared.stderr
    return json.dumps(summary), re.sub(r'"shards":\[[^]]*\]|"run":"[^"]*"', "", compared.stdout)


def chunks_in(kafka, name):
    """{key: message} of all that is committed in the topic; no key twice."""
    found = {}
    for _, _, value in read_committed(kafka.bootstrap, name):
        message = json.loads(value)
        assert found.setdefault((message["plan"], message["chunk"]), message) is message, "a chunk was sent twice"
    return found


# ---- the result ----

def test_one_worker_six_and_six_of_which_three_are_killed_say_the_same_bytes(store, rerun, run, plan, fleet, end, rubric):
    """Chance says when the three die; they do not come back."""
    where, count = store(12_000), 12_000
    rules, chance, said = rubric(SAFETY), random.Random(7), {}
    rerun(where, "alone", rules)
    for name, workers, killed in (("one", 1, 0), ("six", WORKERS, 0), ("killed", WORKERS, 3)):
        processes = fleet(where, rules, workers)
        plan(where, name, rules)
        for victim in processes[:killed]:
            wait_for(lambda: len(shards_of(where, name)) > 2)
            time.sleep(chance.uniform(0, .1))
            victim.kill()
        summary = end(name, where)
        assert summary["counts"]["scored"] == count and summary["ended_at"]
        stop(*processes[killed:])
        assert once([where], name) == once([where], "alone")
        assert workers == 1 or len(shards_of(where, name)) > WORKERS / 2
        said[name] = pages(run, name, where)
    assert values_of(once([where], "six")) == {f"s{i}": words_of(sample(i)) for i in range(count)}
    assert said["six"] == said["one"] and said["killed"] == said["one"]


def test_chunks_that_two_shards_hold_count_once(store, run, plan, worker, end, rubric, rerun_topic, kafka):
    """Another group does all of it again, in another store: as of a worker that was killed before its commit."""
    where = store(3000)
    rules = rubric(SAFETY)
    plan(where, "r", rules)
    assert worker(where, rules, "--until-end").wait(SECONDS) == 0
    alone = pages(run, "r", where)
    other = where.parent / "other"
    assert worker(other, rules, "--until-end", group=rerun_topic + "-2").wait(SECONDS) == 0
    assert once([other], "r") == once([where], "r")
    assert pages(run, "r", where, other) == alone
    assert json.loads(run("runs", "show", "r", "--store", other, "--json").stdout)["counts"]["scored"] == 3000


def test_stores_of_many_machines_are_one_run(store, run, plan, worker, end, rubric):
    where = store(4000)
    rules = rubric(SAFETY)
    plan(where, "r", rules)
    stores = [where.parent / f"machine-{i}" for i in range(3)]
    processes = [worker(one, rules) for one in stores]
    summary = end("r", where, *stores)
    stop(*processes)
    assert summary["counts"]["scored"] == 4000 and summary["ended_at"] and summary["parts"] == 1
    assert values_of(once(stores, "r")) == {f"s{i}": words_of(sample(i)) for i in range(4000)}
    listed = run("runs", "list", *(x for one in (where, *stores) for x in ("--store", one)), "--json")
    assert [(one["run"], one["done"]) for one in json.loads(listed.stdout)] == [("r", 4000)]


def test_a_judge_is_not_paid_twice_but_for_calls_in_flight(store, plan, fleet, end, rubric, judge):  # noqa: F811
    """The workers share a store, and so what it remembers."""
    where = store(1200)
    rules, in_flight = rubric(JUDGED), 4
    flags = [*judge.flags, "--judge-in-flight", in_flight]
    processes = fleet(where, rules, WORKERS, *flags)
    plan(where, "r", rules, *flags)
    wait_for(lambda: judge() > 200)
    for victim in processes[:3]:
        victim.kill()
    summary = end("r", where)
    stop(*processes[3:])
    assert summary["counts"]["scored"] == 1200
    assert {key: scores["relevance"][0] for key, scores in values_of(once([where], "r")).items()} == \
        {f"s{i}": relevance_of(sample(i)) for i in range(1200)}
    killed, handing_over = 3, 3  # when one dies, the others hand over what they are at
    assert 1200 <= judge() <= 1200 + (killed + handing_over * killed) * in_flight


def test_nothing_is_published_and_no_live_row_is_touched(store, plan, worker, rubric):
    where = store(500)
    before = rows_of(where)
    plan(where, "r", rubric(SAFETY))
    assert worker(where, rubric(SAFETY), "--until-end", "--metrics", "emf").wait(SECONDS) == 0
    assert rows_of(where) == before
    for path in [*where.glob("shard-*.db"), *(where / "runs" / "r").glob("shard-*.db")]:
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


# ---- the plan ----

def test_a_plan_is_sent_once_however_often_the_planner_is_killed(assay, store, plan, worker, end, rubric, kafka, rerun_topic,
                                                                 judge):  # noqa: F811
    """Chunks of 50, because a judge is asked; the planner dies until it gets through."""
    where = store(30_000)
    rules, chance, killed = rubric(JUDGED), random.Random(3), 0
    command = [str(word) for word in (assay, "rerun", "--store", where, "--name", "r", "--rubric", rules, "--to-topic", rerun_topic,
                                      "--brokers", kafka.bootstrap, *judge.flags)]
    while killed < 6:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert process.wait(chance.uniform(.05, .5)) == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
    summary = plan(where, "r", rules, *judge.flags)
    found = chunks_in(kafka, rerun_topic)
    assert killed and summary["fleet"]["chunks"] == len(found) == 600
    valid = schema("rerun-chunk")
    messages = sorted(found.values(), key=lambda message: message["chunk"])
    for message in messages:
        valid.validate(message)
    assert [message["chunk"] for message in messages] == list(range(600))
    assert [(message["part"]["from"], message["part"]["to"]) for message in messages] == \
        [(at, at + 50) for at in range(0, 30_000, 50)]
    assert sum(message["part"]["records"] for message in messages) == 30_000 and len({key[0] for key in found}) == 1


def test_wait_ends_when_the_group_has_done_all(store, plan, worker, rubric, kafka, rerun_topic):
    where = store(2000)
    process = worker(where, rubric(SAFETY))
    summary = plan(where, "r", rubric(SAFETY), "--wait")
    assert summary["fleet"] == {"topic": rerun_topic, "group": rerun_topic, "chunks": 4, "sent": 4, "done": 4}
    assert summary["counts"]["scored"] == 2000 and summary["ended_at"]
    assert sum(offset for (name, _), (offset, _) in committed(kafka.bootstrap, rerun_topic).items() if name == rerun_topic) >= 4
    stop(process)


def test_what_does_not_go_together_is_refused(store, run, plan, rerun, rubric, rerun_topic, kafka):
    where = store(50)
    rules = rubric(SAFETY)
    assert "--judge-calls" in plan(where, "r", rules, "--judge-calls", 5, status=2)
    grouped = {"name": "grouped", "criteria": [{"name": "same", "evaluator": "consistency", "options": {"method": "exact"}}]}
    told = run("rerun", "--store", where, "--name", "g", "--rubric", rubric(grouped), "--to-topic", rerun_topic, "--brokers",
               kafka.bootstrap)
    assert told.returncode == 2, told.stderr
    plan(where, "r", rules)
    assert "--to-topic" in rerun(where, "r", rules, status=2)
    done = run("rerun", "--store", where, "--name", "x", "--rubric", rules, "--wait")
    assert done.returncode == 2 and "--wait" in done.stderr
    for words in (["--topic", "a", "--rerun-topic", "b"], ["--rerun-topic", "b", "--listen", "127.0.0.1:0"]):
        done = run("run", *words, "--brokers", kafka.bootstrap, "--store", where)
        assert done.returncode == 2 and "do not go together" in done.stderr


# ---- the worker ----

def test_other_rubrics_plans_and_topics_are_refused_in_clear_words(store, run, plan, worker, rubric, kafka, rerun_topic):
    where = store(200)
    plan(where, "r", rubric(SAFETY))
    process = worker(where, rubric(LIVE), "--until-end")
    assert process.wait(SECONDS) == 3 and "planned with other rubrics" in process.stderr.read()
    process = worker(where, rubric(SAFETY), "--until-end", "--judge-endpoint", "j", "--region", "us-east-1")
    assert process.wait(SECONDS) == 3 and re.search("planned with other (rubrics|a judge)", process.stderr.read())
    assert run("runs", "delete", "r", "--store", where).returncode == 0
    plan(where, "r", rubric(SAFETY))  # the topic now holds chunks of two plans of the name
    process = worker(where, rubric(SAFETY), "--until-end")
    assert process.wait(SECONDS) == 3 and "holds another run r" in process.stderr.read()
    kafka.create_topic(rerun_topic + "-live", 1)
    clients.produce(kafka.bootstrap, rerun_topic + "-live", [(0, json.dumps(sample(1)).encode())])
    done = run("run", "--rerun-topic", rerun_topic + "-live", "--group", rerun_topic + "-live", "--brokers", kafka.bootstrap,
               "--store", where, "--rubric", rubric(SAFETY), "--until-end")
    assert done.returncode == 3 and "is no chunk of a rerun" in done.stderr


SELECTED = [(("--model", "small"), lambda i: i % 3 != 0),
            (("--stratum", "t1"), lambda i: i % 2 == 1),
            (("--window", "2025-10-09T09:00:00Z..2025-10-09T12:00:00Z"),
             lambda i: 1760000400000 <= START_MS + i * 60_000 < 1760011200000),
            (("--where", "answer=failed", "--criteria", "clean"), lambda i: i % 5 == 0)]


def test_selections_are_those_of_the_plan(store, plan, worker, end, rubric):
    where = store(600)
    with ThreadPoolExecutor() as at_once:
        list(at_once.map(lambda one: plan(where, f"r{one[0]}", rubric(SAFETY), *one[1][0]), enumerate(SELECTED)))
    process = worker(where, rubric(SAFETY))
    for number, (words, wanted) in enumerate(SELECTED):
        expected = {f"s{i}" for i in range(600) if wanted(i)}
        summary = end(f"r{number}", where)
        assert set(once([where], f"r{number}")) == expected, words
        assert summary["counts"]["filtered"] == 600 - len(expected) and summary["left"] == 0
    stop(process)


def test_stored_scores_are_weighed_again_by_workers(store, plan, worker, end, rubric):
    where = store(800)
    other = LIVE | {"name": "other", "criteria": [LIVE["criteria"][0] | {"weight": 2}]}
    plan(where, "r", rubric(other), "--scores-only")
    process = worker(where, rubric(other))
    assert end("r", where)["counts"]["scored"] == 800
    stop(process)
    live = rows_of(where)
    assert {key: scores["answer"] for key, (_, scores) in once([where], "r").items()} == \
        {key: scores["answer"] for key, (_, scores) in live.items()}


# ---- other sources, and what goes wrong ----

def test_a_topic_is_scored_by_workers(rerun, run, plan, worker, end, rubric, topic, kafka, tmp_path):  # noqa: F811
    rows = {p: [sample(i) for i in range(p, 3000, 3)] for p in range(3)}
    for row in rows[1]:
        del row["id"]
    name = topic(rows)
    rules = rubric(SAFETY)
    rerun(tmp_path / "alone", "r", rules, "--topic", name, "--brokers", kafka.bootstrap)
    plan(tmp_path / "store", "r", rules, "--topic", name)
    processes = [worker(tmp_path / "store", rules) for _ in range(2)]
    assert end("r", tmp_path / "store")["counts"]["scored"] == 3000
    stop(*processes)
    assert once([tmp_path / "store"], "r") == once([tmp_path / "alone"], "r")


def test_files_that_change_or_go_are_named_and_it_adds_up(plan, worker, end, rubric, tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    rows = [sample(i) for i in range(6000)]
    for number in range(5):
        write_lines(folder / f"{number}.jsonl", rows[number * 1200:(number + 1) * 1200])
    packed = gzip.compress((folder / "4.jsonl").read_bytes())
    (folder / "4.jsonl").unlink()
    (folder / "4.jsonl.gz").write_bytes(packed)
    where = tmp_path / "store"
    plan(where, "r", rubric(SAFETY), "--from", folder)
    (folder / "1.jsonl").unlink()
    write_lines(folder / "2.jsonl", rows[:3])
    process = worker(where, rubric(SAFETY))
    summary = end("r", where)
    stop(process)
    assert summary["counts"]["scored"] == 3600 and summary["counts"]["unreadable"] == 2400 and summary["left"] == 0
    assert summary["ended_at"] and summary["problems"] == [
        f"{folder}/{number}.jsonl is gone, or another one, since it was planned" for number in (1, 2)]
    assert set(once([where], "r")) == {row["id"] for number in (0, 3, 4) for row in rows[number * 1200:(number + 1) * 1200]}


def test_a_file_that_is_cut_while_workers_are_at_it_is_counted(plan, worker, end, rubric, tmp_path):
    """Its name, size and time stay, so that it is found out in the middle only."""
    rows = [sample(i) for i in range(8000)]
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    where = tmp_path / "store"
    plan(where, "r", rubric(SAFETY), "--from", path)
    about = path.stat()
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    process = worker(where, rubric(SAFETY))
    summary = end("r", where)
    stop(process)
    assert summary["left"] == 0 and 0 < summary["counts"]["scored"] < 8000
    assert summary["counts"]["scored"] + summary["counts"]["unreadable"] + summary["counts"]["invalid"] == 8000
    assert any("a.jsonl.gz" in one for one in summary["problems"])


def test_a_bucket_is_scored_by_workers_and_what_they_may_not_read_is_named(rerun, plan, worker, end, rubric, bucket, aws,  # noqa: F811
                                                                           tmp_path, monkeypatch):
    held = fill(bucket, hours=12, lines=40)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", aws.url)
    where = tmp_path / "store"
    words = ["--from", "s3://captures/p", "--model-of", "chat=small"]
    rerun(tmp_path / "alone", "r", rubric(SAFETY), *words)
    plan(where, "r", rubric(SAFETY), *words)
    gone = {key for key, place in held.items() if place == ("chat", 5)}
    bucket.delete_object(Bucket="captures", Key="p/chat/AllTraffic/2026/02/19/05/a.jsonl")
    processes = [worker(where, rubric(SAFETY)) for _ in range(3)]
    summary = end("r", where)
    stop(*processes)
    assert summary["counts"]["scored"] == len(held) - len(gone) and summary["counts"]["unreadable"] == len(gone) == 40
    assert len(summary["problems"]) == 1 and "/05/" in summary["problems"][0]
    alone = once([tmp_path / "alone"], "r")
    assert once([where], "r") == {key: row for key, row in alone.items() if key not in gone}
