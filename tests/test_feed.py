"""Does `assay feed` put each line of capture objects into a topic exactly once, whole, in order, in the right
partition, and name what it cannot? On a real Kafka, read by librdkafka's newest client."""

import gzip
import json
import os
import pty
import random
import re
import signal
import sqlite3
import subprocess
import time
from collections import Counter, defaultdict

import pytest
from confluent_kafka.admin import ConfigResource

from feeding import (LAYOUT, PARTITIONS, bucket, capture, committed, feed, feeding, follow, line_counts, read_committed, records_in,  # noqa: F401
                     schema, stumbling, text_of, topic, wait_until_it_feeds, write)
from kafka import clients

pytestmark = pytest.mark.kafka


# ---- what goes in ------------------------------------------------------------------------------

def test_lines_are_enveloped_by_where_they_lie(feed, kafka, topic, tmp_path):
    plain = [capture(i) for i in range(3)]
    packed = [capture(i, inferenceId=f"i-{i}") for i in range(3, 6)]
    write(tmp_path, f"cap/chat/blue/{LAYOUT}/a.jsonl", text_of(plain))
    write(tmp_path, f"cap/chat/green/{LAYOUT}/b.jsonl.gz", gzip.compress(text_of(packed).encode()))
    code, summary, said = feed(tmp_path / "cap", options=["--model", "chat=tea-7b", "--model", "chat/green=tea-8b",
                                                          "--component", "chat=ic-1"])
    assert (code, said) == (0, "")
    assert summary["objects"]["fed"] == 2 and summary["lines"] == line_counts(read=6, sent=6)
    wanted = [(f"e-{i}", {"endpoint": "chat", "variant": "blue", "model": "tea-7b", "inference_component": "ic-1", "record": r})
              for i, r in enumerate(plain)]
    wanted += [(f"i-{i}", {"endpoint": "chat", "variant": "green", "model": "tea-8b", "inference_component": "ic-1", "record": r})
               for i, r in enumerate(packed, 3)]
    assert sorted(((key, value) for _, key, value in records_in(kafka, topic)), key=str) == sorted(wanted, key=str)


def test_a_group_a_session_an_id_share_a_partition(feed, kafka, topic, tmp_path):
    rng = random.Random(5)
    rows = [{"response": "x", "id": i, "group": f"g{rng.randrange(9)}", "session": f"s{i}"} for i in range(60)]
    rows += [{"response": "x", "id": i, "session": f"s{i % 7}"} for i in range(60, 120)]
    rows += [{"record": capture(i, inferenceId="both"), "session": "s1"} for i in range(120, 125)]
    rows += [{"capture": json.dumps(capture(i, inferenceId="i-1")), "note": 1} for i in range(125, 130)]
    write(tmp_path, "flat.jsonl", text_of(rows))
    assert feed(tmp_path / "flat.jsonl")[0] == 0
    found = records_in(kafka, topic)
    where = defaultdict(set)
    for partition, key, _ in found:
        where[key].add(partition)
    assert Counter(key for _, key, _ in found) == Counter(
        row.get("group") or row.get("session") or "i-1" for row in rows)
    assert all(len(partitions) == 1 for partitions in where.values()) and len(set().union(*where.values())) == PARTITIONS


def test_what_a_record_says_itself_is_left_to_it(feed, kafka, topic, tmp_path):
    flat = {"response": "x", "id": "1", "endpoint": "mine"}
    envelope = {"endpoint": "mine", "model": "m", "record": capture(2)}
    write(tmp_path, f"chat/blue/{LAYOUT}/a.jsonl", text_of([flat, envelope]))
    feed(tmp_path, options=["--model", "chat=no", "--model", "mine/blue=yes"])
    found = {key: value for _, key, value in records_in(kafka, topic)}
    assert found == {"1": {"variant": "blue", "model": "yes", "record": flat}, "e-2": {"variant": "blue", **envelope}}


def test_the_worker_reads_what_was_fed(feed, kafka, topic, run, tmp_path):
    write(tmp_path, f"cap/chat/blue/{LAYOUT}/a.jsonl", text_of([capture(1), capture(2, output=False), capture(3)]))
    code, summary, _ = feed(tmp_path / "cap", options=["--model", "chat=tea-7b", "--component", "chat=ic-1"])
    assert code == 0 and summary["lines"]["sent"] == 3  # what has no output is the worker's to name
    done = run("run", "--brokers", kafka.bootstrap, "--topic", topic, "--group", topic, "--from", "earliest", "--until-end",
               "--metrics", "none", "--store", tmp_path / "store", "--lanes", 1)
    assert done.returncode == 0, done.stderr
    (shard,) = (tmp_path / "store").glob("shard-*.db")
    rows = sqlite3.connect(shard).execute(
        "SELECT state, reason, model.text, endpoint.text, component.text FROM delivery LEFT JOIN word AS model ON model.id = model"
        " LEFT JOIN word AS endpoint ON endpoint.id = endpoint LEFT JOIN word AS component ON component.id = component").fetchall()
    assert sorted(row[:2] for row in rows) == [("invalid", "no_response"), ("scored", None), ("scored", None)]
    assert [row[2:] for row in rows if row[0] == "scored"] == [("tea-7b", "chat", "ic-1")] * 2


# ---- what is wrong is named ----------------------------------------------------------------------

def test_bad_lines_are_named_and_the_others_go(feed, kafka, topic, tmp_path):
    lines = [json.dumps(capture(1)).encode(), b"no json", b"[1]", b"", b'{"a":"\xff"}', b'{"a":1,"a":2}', json.dumps(capture(2)).encode(),
             b'{"response":"x","probability":2}']
    path = write(tmp_path, "a.jsonl", b"\r\n".join(lines) + b"\n")
    code, summary, said = feed(path)
    assert code == 0 and summary["lines"] == line_counts(read=7, sent=2, bad=5)
    for number, why in ((2, "not_json"), (3, "wrong_type"), (5, "invalid_utf8"), (6, "duplicate_key"), (8, "bad_probability")):
        assert f"{path}:{number} is no capture record: {why}" in said
    assert summary["problem_count"] == len(summary["problems"]) == 5
    assert sorted(key for _, key, _ in records_in(kafka, topic)) == ["e-1", "e-2"]


def test_a_line_too_large_for_the_topic_is_named(feed, kafka, topic, tmp_path):
    rows = [{"response": "x", "id": "1"}, {"response": "y" * 30_000_000, "id": "2"},
            {"response": "z" * (20 * 1024 * 1024 - 530), "id": "3"}, {"response": "x", "id": "4"}]
    write(tmp_path, "a.jsonl", text_of(rows))
    code, summary, said = feed(tmp_path)
    assert code == 0 and summary["lines"] == line_counts(read=4, sent=2, too_large=2)
    assert "a.jsonl:2 is larger" in said and "a.jsonl:3 is larger" in said
    assert sorted(key for _, key, _ in records_in(kafka, topic)) == ["1", "4"]


def test_foreign_truncated_and_unreadable_files_are_named(feed, kafka, topic, tmp_path):
    packed = gzip.compress(text_of(capture(i) for i in range(2000)).encode())
    write(tmp_path, "c/README.md", "words")
    write(tmp_path, "c/.hidden.jsonl", text_of([capture(1)]))
    write(tmp_path, "c/b.jsonl.gz", packed[:len(packed) // 2])
    write(tmp_path, "c/z.jsonl", text_of([capture(9999)]))
    (tmp_path / "c" / b"\xff.jsonl".decode("utf-8", "surrogateescape")).write_text("{}")
    code, summary, said = feed(tmp_path / "c", errors="surrogateescape")
    assert code == 3 and summary["objects"] == {"fed": 1, "already": 0, "foreign": 3, "failed": 1, "changed": 0}
    assert "README.md is no file of JSON lines" in said and "b.jsonl.gz: cannot read on after line" in said
    found = records_in(kafka, topic)
    assert len(found) == summary["lines"]["sent"] > 1 and "e-9999" in {key for _, key, _ in found}
    # Mended, it goes on where it could not.
    write(tmp_path, "c/b.jsonl.gz", packed)
    code, summary, _ = feed(tmp_path / "c", errors="surrogateescape")
    assert code == 0 and summary["objects"]["already"] == 1
    assert Counter(key for _, key, _ in records_in(kafka, topic)) == Counter([f"e-{i}" for i in range(2000)] + ["e-9999"])


@pytest.mark.parametrize("where,options,code,said", [
    ("/nowhere", [], 3, "/nowhere: cannot open"),
    (".", ["--name", "a b"], 2, "--name may hold"),
    (".", ["--model", "x"], 2, "--model must be ENDPOINT=NAME"),
    (".", ["--kafka", "nonsense=1"], 3, "nonsense"),
    (".", ["--topic", "not-there"], 3, "there is no topic not-there"),
])
def test_what_cannot_be_is_told(feed, where, options, code, said):
    found = feed(where, options=options)
    assert (found[0], found[1]) == (code, None) and said in found[2]


def test_nobody_at_the_brokers_is_told(run, closed_port, tmp_path):
    done = run("feed", "--brokers", f"127.0.0.1:{closed_port}", "--topic", "t", "--from", tmp_path)
    assert done.returncode == 3 and f"127.0.0.1:{closed_port}" in done.stderr and done.stdout == ""


# ---- once, and where it left off -----------------------------------------------------------------

def test_a_second_run_sends_what_is_new_alone(feed, kafka, topic, tmp_path):
    write(tmp_path, "c/a.jsonl", text_of(capture(i) for i in range(5)))
    write(tmp_path, "c/b.jsonl", text_of(capture(i) for i in range(5, 9)))
    feed(tmp_path / "c")
    with open(tmp_path / "c" / "b.jsonl", "a", encoding="utf-8") as grows:
        grows.write(text_of([capture(9)]))
    write(tmp_path, "c/0.jsonl", text_of([capture(10)]))
    code, summary, said = feed(tmp_path / "c")
    assert (code, said) == (0, "") and summary["objects"]["fed"] == 2 and summary["objects"]["already"] == 1
    assert summary["lines"]["read"] == 2
    assert Counter(key for _, key, _ in records_in(kafka, topic)) == Counter(f"e-{i}" for i in range(11))
    # A feed of another name has positions of its own.
    assert feed(tmp_path / "c", options=["--name", "other"])[1]["lines"]["sent"] == 11


def test_a_half_written_line_is_fed_when_it_is_whole(feed, kafka, topic, tmp_path):
    whole = text_of([capture(1), capture(2)])
    path = write(tmp_path, "a.jsonl", whole[:-20])
    code, summary, said = feed(path)
    assert code == 0 and summary["lines"]["bad"] == 1 and "half-written" in said
    path.write_text(whole[:-1])  # whole but for its line feed
    assert feed(path)[1]["lines"] == line_counts(read=1, sent=1)
    path.write_text(whole + text_of([capture(3)]))
    feed(path)
    assert sorted(key for _, key, _ in records_in(kafka, topic)) == ["e-1", "e-2", "e-3"]


def test_an_object_that_became_another_is_left_alone(feed, kafka, topic, tmp_path):
    path = write(tmp_path, "a.jsonl", text_of([capture(1), capture(2)]))
    feed(path)
    for now in (text_of([capture(7), capture(2), capture(3)]), text_of([capture(1)])):
        path.write_text(now)
        code, summary, said = feed(path)
        assert code == 0 and summary["objects"]["changed"] == 1 and "its first 2 lines were fed and are others now" in said
    assert len(records_in(kafka, topic)) == 2


def test_positions_are_kept_as_the_schema_says_in_a_compacted_topic(feed, kafka, topic, tmp_path):
    path = write(tmp_path, "a.jsonl", text_of([capture(1), capture(2)]))
    feed(path, options=["--name", "n1"])
    ((_, key, value),) = read_committed(kafka.bootstrap, topic + ".assay-feed")
    schema("feed-position").validate(json.loads(value))
    assert key == f"n1/{path}" and json.loads(value)["lines"] == 2 and json.loads(value)["done"]
    asked = ConfigResource(ConfigResource.Type.TOPIC, topic + ".assay-feed")
    client = clients.admin(kafka.bootstrap)  # must live until the answer is there
    config = client.describe_configs([asked])[asked].result(15)
    assert config["cleanup.policy"].value == "compact"


def many(folder, objects, lines, keys=500):
    """Objects of lines whose key and place in the order of that key are in them."""
    counts, wanted = Counter(), {}
    for o in range(objects):
        rows = []
        for line in range(lines):
            session = f"s{(o * lines + line) * 7919 % keys}"
            rows.append({"id": f"{o}-{line}", "session": session, "response": "words " * 20, "prompt": str(counts[session])})
            counts[session] += 1
        body = text_of(rows).encode()
        write(folder, f"chat/blue/2026/02/19/{o % 24:02d}/{o:04d}.jsonl" + (".gz" if o % 2 else ""), gzip.compress(body) if o % 2 else body)
    return counts


def in_feed_order(folder):
    """The sessions' records as they lie in the files, read in the order of their names."""
    order = defaultdict(list)
    for path in sorted(folder.rglob("*.jsonl*"), key=str):
        body = path.read_bytes()
        for line in (gzip.decompress(body) if path.suffix == ".gz" else body).splitlines():
            row = json.loads(line)
            order[row["session"]].append(row["id"])
    return order


def test_killed_at_random_each_record_is_there_once_in_order(assay, kafka, topic, feed, tmp_path):
    many(tmp_path / "c", objects=40, lines=2500)
    rng = random.Random(11)
    for _ in range(8):
        before = committed(kafka, topic)
        process = feeding(assay, kafka, topic, tmp_path / "c", "--kafka", "transaction.timeout.ms=10000", "--rate", "9000")
        wait_until_it_feeds(process, kafka, topic, before)
        time.sleep(rng.uniform(0, 1.5))
        process.kill()
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
    code, summary, said = feed(tmp_path / "c")
    assert (code, said) == (0, "") and 0 < summary["lines"]["read"] < 100_000
    order = defaultdict(list)
    for _, key, value in records_in(kafka, topic):
        order[key].append(value["record"]["id"])
    assert order == in_feed_order(tmp_path / "c")


def test_ctrl_c_commits_what_was_read(assay, kafka, topic, feed, tmp_path):
    many(tmp_path / "c", objects=10, lines=3000)
    process = feeding(assay, kafka, topic, tmp_path / "c", "--rate", "5000")
    wait_until_it_feeds(process, kafka, topic, 0)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in said
    first = json.loads(out)
    schema("feed-summary").validate(first)
    assert first["interrupted"] and 0 < first["lines"]["sent"] < 30_000
    assert len(read_committed(kafka.bootstrap, topic)) == first["lines"]["sent"]
    assert first["lines"]["sent"] + feed(tmp_path / "c")[1]["lines"]["sent"] == 30_000


def test_a_rate_is_kept(feed, tmp_path):
    many(tmp_path / "c", objects=2, lines=1000)
    _, summary, _ = feed(tmp_path / "c", options=["--rate", "1000"])
    assert summary["lines"]["sent"] == 2000 and summary["seconds"] >= 1.9  # never faster; how slow is the machine's affair


def test_a_second_feed_of_a_name_puts_the_first_out_of_work(assay, kafka, topic, feed, tmp_path):
    many(tmp_path / "c", objects=10, lines=3000)
    first = feeding(assay, kafka, topic, tmp_path / "c", "--rate", "1000")
    wait_until_it_feeds(first, kafka, topic, 0)
    assert feed(tmp_path / "c")[0] == 0
    _, said = first.communicate(timeout=60)
    assert first.returncode == 3 and "another assay feed of the name main took over" in said
    assert len(read_committed(kafka.bootstrap, topic)) == 30_000


# ---- what appears later --------------------------------------------------------------------------

def test_what_appears_and_grows_in_a_folder_is_fed(follow, tmp_path):
    folder = tmp_path / "c"
    write(folder, "m.jsonl", text_of([capture(1)]))
    feed = follow(folder)
    feed.wait(["e-1"])
    write(folder, "z.jsonl", text_of([capture(2)]))
    write(folder, f"chat/blue/{LAYOUT}/late.jsonl", text_of([capture(3)]))  # sorts before the others
    feed.wait(["e-1", "e-2", "e-3"])
    with open(folder / "m.jsonl", "a", encoding="utf-8", buffering=1) as grows:
        for i in range(4, 14):  # in halves of lines
            line = text_of([capture(i)])
            grows.write(line[:40])
            grows.flush()
            time.sleep(0.05)
            grows.write(line[40:])
        grows.flush()
    feed.wait([f"e-{i}" for i in range(1, 14)])
    code, summary, said = feed.end()
    assert code == 0 and summary["interrupted"], said
    assert summary["lines"]["sent"] == 13 and summary["objects"]["failed"] == summary["objects"]["changed"] == 0


def test_a_line_that_stays_half_written_is_named_once(follow, tmp_path):
    whole = text_of([capture(1), capture(2)])
    path = write(tmp_path, "c/a.jsonl", whole[:-30])
    write(tmp_path, "c/b.csv", "foreign")
    feed = follow(tmp_path / "c")
    feed.wait(["e-1"])
    time.sleep(1.5)  # several looks
    with open(path, "a", encoding="utf-8") as grows:
        grows.write(whole[-30:])
    feed.wait(["e-1", "e-2"])
    code, summary, said = feed.end(signal.SIGINT)
    assert code == 0 and summary["lines"] == line_counts(read=3, sent=2, bad=1)
    assert said.count("half-written") == 1 and said.count("b.csv is no file") == 1 and summary["problem_count"] == 2


def test_a_folder_that_goes_and_comes_again_is_looked_for(follow, tmp_path):
    write(tmp_path, "c/a.jsonl", text_of([capture(1)]))
    feed = follow(tmp_path / "c")
    feed.wait(["e-1"])
    (tmp_path / "c").rename(tmp_path / "d")
    time.sleep(1)
    write(tmp_path, "d/b.jsonl", text_of([capture(2)]))
    (tmp_path / "d").rename(tmp_path / "c")
    feed.wait(["e-1", "e-2"])
    code, _, said = feed.end()
    assert code == 0 and said.count("looking again") == 1


def test_what_cannot_be_read_yet_is_tried_again_and_named_once(follow, tmp_path):
    write(tmp_path, "c/a.jsonl", text_of([capture(1), capture(2)]))
    feed = follow(tmp_path / "c")
    feed.wait(["e-1", "e-2"])
    packed = gzip.compress(text_of(capture(i) for i in range(3, 2003)).encode())
    broken = write(tmp_path, "c/0.jsonl.gz", packed[:-5000])
    time.sleep(1.5)
    write(tmp_path, "whole", packed).rename(broken)
    feed.wait([f"e-{i}" for i in range(1, 2003)])
    code, summary, said = feed.end()
    assert said.count("cannot read on after line") == 1
    assert (code, summary["objects"]["failed"]) == (0, 0)


def test_a_follower_killed_at_random_feeds_each_record_once(follow, feed, kafka, topic, tmp_path):
    folder, rng, made = tmp_path / "c", random.Random(7), 0
    folder.mkdir()
    for number in range(6):
        follower = follow(folder, options=["--kafka", "transaction.timeout.ms=10000", "--rate", "4000"])
        for _ in range(4):  # objects that come whole, late names too, and one that grows in halves of lines
            rows = [capture(made + i) for i in range(300)]
            made += 300
            write(tmp_path, "new", text_of(rows[:200])).rename(folder / f"{rng.randrange(1000):03d}-{made}.jsonl")
            with open(folder / "grows.jsonl", "a", encoding="utf-8") as grows:
                text = text_of(rows[200:])
                cut = rng.randrange(len(text))
                grows.write(text[:cut])
                grows.flush()
                time.sleep(rng.uniform(0, 0.3))
                grows.write(text[cut:])
        if number == 0:
            wait_until_it_feeds(follower.process, kafka, topic, 0)
        time.sleep(rng.uniform(0, 1))
        follower.process.kill()
        follower.process.communicate(timeout=60)
    code, summary, said = feed(folder)
    assert (code, said) == (0, "") and summary["objects"]["changed"] == 0
    assert Counter(key for _, key, _ in records_in(kafka, topic)) == Counter(f"e-{i}" for i in range(made))


# ---- a part of it --------------------------------------------------------------------------------

def siphash(key, text):
    """SipHash-2-4, as its paper has it."""
    mask = (1 << 64) - 1

    def turn(x, bits):
        return (x << bits | x >> (64 - bits)) & mask

    k0, k1 = (int.from_bytes(key[i:i + 8], "little") for i in (0, 8))
    v0, v1, v2, v3 = 0x736f6d6570736575 ^ k0, 0x646f72616e646f6d ^ k1, 0x6c7967656e657261 ^ k0, 0x7465646279746573 ^ k1

    def rounds(n):
        nonlocal v0, v1, v2, v3
        for _ in range(n):
            v0, v2 = (v0 + v1) & mask, (v2 + v3) & mask
            v1, v3 = turn(v1, 13) ^ v0, turn(v3, 16) ^ v2
            v0 = turn(v0, 32)
            v2, v0 = (v2 + v1) & mask, (v0 + v3) & mask
            v1, v3 = turn(v1, 17) ^ v2, turn(v3, 21) ^ v0
            v2 = turn(v2, 32)

    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) & 255])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i:i + 8], "little")
        v3 ^= word
        rounds(2)
        v0 ^= word
    v2 ^= 255
    rounds(4)
    return v0 ^ v1 ^ v2 ^ v3


def test_sampling_keeps_sessions_whole_and_says_with_which_probability(feed, kafka, topic, tmp_path):
    assert siphash(bytes(range(16)), bytes(range(15))) == 0xa129ca6149be45e5  # the paper's appendix A
    rows = [{"id": f"{i}", "session": f"s{i % 400}", "response": "x", **({"stratum": "rare"} if i % 10 == 0 else {}),
             **({"probability": 0.5} if i % 4 == 1 else {})} for i in range(2000)]
    write(tmp_path, f"c/chat/blue/{LAYOUT}/a.jsonl", text_of(rows[:1000]))
    options = ["--sample-stratum", "chat=0.3", "--sample-stratum", "rare=0.9"]
    first = feed(tmp_path / "c", options=options)[1]
    write(tmp_path, f"c/chat/blue/{LAYOUT}/b.jsonl", text_of(rows[1000:]))
    second = feed(tmp_path / "c", options=options)[1]  # decides as the first did
    kept = [json.loads(value) for *_, value in read_committed(kafka.bootstrap, topic + ".assay-feed")]
    (key,) = {bytes.fromhex(value["sampling_key"]) for value in kept if "sampling_key" in value}
    for value in kept:
        schema("feed-position").validate(value)
    wanted = {}
    for row in rows:
        threshold = round((1 - {"rare": 0.9, "chat": 0.3}[row.get("stratum", "chat")]) * 2**56)
        if siphash(key, row["session"].encode()) % 2**56 >= threshold:
            wanted[row["id"]] = (1 - threshold / 2**56) * row.get("probability", 1)
    found = {value["record"]["id"]: value for *_, value in records_in(kafka, topic)}
    assert found.keys() == wanted.keys() and 500 < len(wanted) < 1000
    for number, value in found.items():
        assert value["probability"] == pytest.approx(wanted[number], rel=1e-12)
        assert value["record"].get("stratum", value.get("stratum")) in ("chat", "rare")
    assert first["lines"]["left_out"] + second["lines"]["left_out"] == 2000 - len(wanted)


@pytest.mark.parametrize("sample", ["x", "x=", "=0.5", "x=1.5", "x=-1", "x=half"])
def test_a_probability_that_is_none_is_told(feed, sample):
    code, summary, said = feed(".", options=["--sample-stratum", sample])
    assert (code, summary) == (2, None) and "--sample-stratum must be STRATUM=P" in said


# ---- a bucket ------------------------------------------------------------------------------------

def test_a_prefix_of_a_bucket_is_fed(feed, kafka, topic, bucket):
    wanted = []
    for i in range(40):
        rows = [capture(i * 100 + j) for j in range(50)]
        body = text_of(rows).encode()
        bucket(f"p/chat/AllTraffic/2026/02/19/{i % 24:02d}/{i}.jsonl" + (".gz" if i % 3 == 0 else ""), gzip.compress(body) if i % 3 == 0 else body)
        wanted += [row["eventMetadata"]["eventId"] for row in rows]
    bucket("p/", b"")
    bucket("p/report.csv", b"1,2\n")
    bucket("other/chat/AllTraffic/2026/02/19/01/x.jsonl", text_of([capture(1)]).encode())
    code, summary, said = feed("s3://captures/p/")
    assert code == 0 and summary["objects"] == {"fed": 40, "already": 0, "foreign": 2, "failed": 0, "changed": 0}
    assert "s3://captures/p/report.csv is no file of JSON lines" in said
    found = records_in(kafka, topic)
    assert Counter(key for _, key, _ in found) == Counter(wanted)
    assert {(value["endpoint"], value["variant"]) for *_, value in found} == {("chat", "AllTraffic")}
    bucket("p/chat/AllTraffic/2026/02/19/00/late.jsonl", text_of([capture(99999)]).encode())
    code, summary, _ = feed("s3://captures/p/")
    assert code == 0 and summary["lines"]["sent"] == 1 and summary["objects"]["already"] == 40


def test_a_bucket_that_is_not_there_is_told(feed, bucket):
    code, summary, said = feed("s3://captures-not-there/p/")
    assert (code, summary) == (3, None) and "NoSuchBucket" in said


def test_what_appears_in_a_bucket_is_fed_late_keys_too(follow, bucket):
    bucket("p/m.jsonl", text_of([capture(1)]).encode())
    feed = follow("s3://captures/p/")
    feed.wait(["e-1"])
    bucket("p/z.jsonl", text_of([capture(2)]).encode())
    bucket("p/a.jsonl", text_of([capture(3)]).encode())
    feed.wait(["e-1", "e-2", "e-3"])
    code, summary, said = feed.end()
    assert (code, said) == (0, "") and summary["objects"]["fed"] == 3


def test_objects_that_may_not_be_read_are_named_and_the_others_go(feed, kafka, topic, bucket, stumbling):
    for i in range(10):
        bucket(f"p/{i}.jsonl", text_of([capture(i)]).encode())
    stumbling.fault = lambda key: (403, "AccessDenied") if key in ("p/3.jsonl", "p/7.jsonl") else None
    code, summary, said = feed("s3://captures/p/")
    assert code == 3 and summary["objects"] == {"fed": 8, "already": 0, "foreign": 0, "failed": 2, "changed": 0}
    assert said.count("403 AccessDenied") == 2 and "s3://captures/p/3.jsonl: " in said and "s3://captures/p/7.jsonl: " in said
    stumbling.fault = lambda key: None
    code, summary, said = feed("s3://captures/p/")
    assert (code, said) == (0, "") and summary["objects"]["fed"] == 2
    assert Counter(key for _, key, _ in records_in(kafka, topic)) == Counter(f"e-{i}" for i in range(10))


def test_credentials_that_expire_midway_end_it_with_what_was_read(feed, kafka, topic, bucket, stumbling):
    for i in range(40):
        bucket(f"p/{i:02d}.jsonl", text_of([capture(i)]).encode())
    stumbling.fault = lambda key: (400, "ExpiredToken") if key > "p/20.jsonl" else None
    code, summary, said = feed("s3://captures/p/", timeout=300)
    assert code == 3 and summary["objects"]["fed"] == 21 and summary["objects"]["failed"] == 8 and said.count("ExpiredToken") == 8
    assert "8 objects one after the other could not be read: the rest is left for later" in said
    stumbling.fault = lambda key: None
    assert feed("s3://captures/p/")[1]["objects"]["fed"] == 19
    assert Counter(key for _, key, _ in records_in(kafka, topic)) == Counter(f"e-{i}" for i in range(40))


def test_a_follower_waits_until_a_bucket_may_be_read_again(follow, bucket, stumbling):
    bucket("p/a.jsonl", text_of([capture(1)]).encode())
    feed = follow("s3://captures/p/")
    feed.wait(["e-1"])
    asked = []
    stumbling.fault = lambda key: asked.append(key) or (403, "AccessDenied")
    bucket("p/b.jsonl", text_of([capture(2)]).encode())
    deadline = time.monotonic() + 60
    while len(asked) < 3:  # looks
        assert time.monotonic() < deadline
        time.sleep(0.05)
    stumbling.fault = lambda key: None
    feed.wait(["e-1", "e-2"])
    code, summary, said = feed.end()
    assert code == 0 and summary["objects"]["fed"] == 2 and said.count("looking again") == 1


# ---- on a terminal -------------------------------------------------------------------------------

def test_on_a_terminal_it_says_how_far_it_is(assay, kafka, topic, tmp_path):
    many(tmp_path / "c", objects=4, lines=1000)
    ours, its = pty.openpty()
    process = subprocess.Popen([assay, "feed", "--brokers", kafka.bootstrap, "--topic", topic, "--from", tmp_path / "c", "--rate", "1500"],
                               stdout=subprocess.PIPE, stderr=its, text=True)
    out, _ = process.communicate(timeout=120)
    os.close(its)
    shown = b""
    while chunk := read_terminal(ours):
        shown += chunk
    os.close(ours)
    assert process.returncode == 0 and out.startswith("fed 4 objects: 4000 of 4000 lines are records of topic")
    counts = [int(count.replace(",", "")) for count in re.findall(r"([\d,]+) records", shown.decode())]
    assert len(counts) > 1 and counts == sorted(counts) and counts[-1] <= 4000


def read_terminal(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says EIO when the other end is closed
        return b""
