"""Does `assay feed` join each reference to its sample exactly once: before it is fed, or by sending it again in run references?"""

import base64
import gzip
import json
import os
import random
import signal
import time
from collections import Counter

import pytest

from feeding import (LAYOUT, bucket, capture, committed, feed, feeding, follow, line_counts, records_in, stumbling, text_of, topic,  # noqa: F401
                     wait_until_it_feeds, write)

pytestmark = pytest.mark.kafka
HOUR = 3600


def truth(event_id, data, encoding="CSV", **metadata):
    return {"groundTruthData": {"data": data, "encoding": encoding}, "eventMetadata": {"eventId": event_id, **metadata}, "eventVersion": "0"}


def truth_counts(**counts):
    return {"read": 0, "joined": 0, "late": 0, "unmatched": 0, "repeated": 0, "lost": 0, "bad": 0, **counts}


def with_truth(folder):
    return ["--ground-truth", folder]


def told(kafka, topic):
    """Counter of (event id, run, reference) of all records."""
    return Counter((value["record"]["eventMetadata"]["eventId"], value.get("run", "live"), json.dumps(value.get("reference")))
                   for *_, value in records_in(kafka, topic))


def live(*numbers, reference=None):
    return Counter({(f"e-{i}", "live", json.dumps(reference and reference(i))): 1 for i in numbers})


def again(*numbers, reference):
    return Counter({(f"e-{i}", "references", json.dumps(reference(i))): 1 for i in numbers})


def answer(number):
    return f"answer {number}"


def test_what_comes_before_its_sample_goes_with_it(feed, kafka, topic, tmp_path):
    write(tmp_path, "t/a.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in range(5)))
    write(tmp_path, f"c/chat/blue/{LAYOUT}/a.jsonl", text_of(capture(i) for i in range(3, 10)))
    code, summary, said = feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    assert (code, said) == (0, "") and summary["ground_truth"] == truth_counts(read=5, joined=2, unmatched=3)
    wanted = live(3, 4, reference=answer) + live(*range(5, 10))
    assert told(kafka, topic) == wanted
    # A feed that starts later knows what was read before.
    write(tmp_path, f"c/chat/blue/{LAYOUT}/b.jsonl", text_of(capture(i) for i in range(3)))
    code, summary, said = feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    assert (code, said) == (0, "") and summary["ground_truth"] == truth_counts()
    assert told(kafka, topic) == wanted + live(0, 1, 2, reference=answer)


def test_what_comes_later_sends_its_sample_again_in_a_run_of_its_own(feed, kafka, topic, tmp_path):
    write(tmp_path, f"c/chat/blue/{LAYOUT}/a.jsonl.gz", gzip.compress(text_of(capture(i) for i in range(6)).encode()))
    write(tmp_path, f"c/chat/blue/{LAYOUT}/b.jsonl", text_of(capture(i, inferenceId=f"i-{i}") for i in range(6, 10)))
    options = ["--model", "chat=tea-7b", "--component", "chat=ic-1", *with_truth(tmp_path / "t")]
    (tmp_path / "t").mkdir()
    assert feed(tmp_path / "c", options=options)[1]["lines"]["sent"] == 10
    before = records_in(kafka, topic)
    write(tmp_path, "t/a.jsonl", text_of([truth("i-7", answer(7)), truth("e-2", answer(2)), truth("nobody's", "x"), truth("e-8", answer(8)),
                                          truth("other", answer(9), inferenceId="i-9")]))
    code, summary, said = feed(tmp_path / "c", options=options)
    assert (code, said) == (0, "") and summary["lines"]["read"] == 0
    assert summary["ground_truth"] == truth_counts(read=5, late=4, unmatched=1)
    after = records_in(kafka, topic)
    first = {value["record"]["eventMetadata"]["eventId"]: (partition, key, value) for partition, key, value in before}
    assert all(record in after for record in before)
    late = [record for record in after if record not in before]
    assert len(late) == len(after) - len(before) == 4
    for partition, key, value in late:  # whole, as it was, where it was
        event = value["record"]["eventMetadata"]["eventId"]
        assert (partition, key, value) == (*first[event][:2], {**first[event][2], "run": "references", "reference": answer(int(event[2:]))})
    assert feed(tmp_path / "c", options=options)[1]["ground_truth"] == truth_counts()
    assert records_in(kafka, topic) == after


@pytest.mark.parametrize("data,encoding,reference", [
    ("1", "CSV", "1"), ("ü, \"x\"", "CSV", "ü, \"x\""), ('"a\\nb"', "JSON", "a\nb"), ('["a", "b"]', "JSON", ["a", "b"]),
    ('{"label": 1}', "JSON", '{"label": 1}'), ("3.50", "JSON", "3.50"), ('["a", 1]', "JSON", '["a", 1]'), ("", "CSV", ""),
    (base64.b64encode("größer".encode()).decode(), "BASE64", "größer"), ("plain", None, "plain"),
])
def test_ground_truth_is_read_as_it_is_encoded(feed, kafka, topic, tmp_path, data, encoding, reference):
    row = truth("e-1", data, encoding)
    if encoding is None:
        del row["groundTruthData"]["encoding"]
    write(tmp_path, "t/a.jsonl", text_of([row]))
    write(tmp_path, "c/a.jsonl", text_of([capture(1)]))
    assert feed(tmp_path / "c", options=with_truth(tmp_path / "t"))[0] == 0
    assert [value["reference"] for *_, value in records_in(kafka, topic)] == [reference]


def test_what_is_no_ground_truth_is_named(feed, kafka, topic, tmp_path):
    rows = [json.dumps(truth("e-1", "1")), "no json", "[]", json.dumps(capture(1)), json.dumps({"groundTruthData": {"data": "1"}}),
            json.dumps(truth("", "1")), json.dumps(truth("e-1", 1, "CSV")).replace("1,", "[],", 1), json.dumps(truth("e-1", "?", "BASE64")),
            json.dumps(truth("e-1", "?", "XML")), json.dumps(truth("e-1", "{", "JSON")), json.dumps(truth("e-1", "other"))]
    path = write(tmp_path, "t/a.jsonl", "\n".join(rows) + "\n")
    write(tmp_path, "t/notes.txt", "words")
    write(tmp_path, "c/a.jsonl", text_of([capture(1), {**capture(2), "reference": "its own"}]))
    code, summary, said = feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    assert code == 0 and summary["ground_truth"] == truth_counts(read=11, joined=1, repeated=1, bad=9)
    for number, why in enumerate(("not_json", "wrong_type", "no_ground_truth", "no_id", "no_id", "wrong_type", "bad_base64", "unknown_encoding",
                                  "truncated"), 2):
        assert f"{path}:{number} is no ground truth: {why}" in said
    assert "notes.txt is no file of JSON lines" in said and summary["problem_count"] == 10
    assert told(kafka, topic) == live(1, reference=lambda _: "1") + live(2)


def test_ground_truth_among_captures_is_no_capture(feed, kafka, topic, tmp_path):
    write(tmp_path, "a.jsonl", text_of([capture(1), truth("e-1", "1")]))
    code, summary, said = feed(tmp_path / "a.jsonl")
    assert code == 0 and summary["lines"] == line_counts(read=2, sent=1, bad=1) and "a.jsonl:2 is no capture record: ground_truth" in said


def test_what_has_a_reference_keeps_it(feed, kafka, topic, tmp_path):
    rows = [{"id": "1", "response": "x", "reference": "own"}, {"id": "2", "response": "x"}, {"record": {"id": "3", "response": "x"}, "reference": None},
            {"record": {"id": "4", "response": "x"}}]
    write(tmp_path, "t/a.jsonl", text_of(truth(str(i), "given") for i in range(1, 5)))
    write(tmp_path, "c/a.jsonl", text_of(rows))
    assert feed(tmp_path / "c", options=with_truth(tmp_path / "t"))[1]["ground_truth"] == truth_counts(read=4, joined=2, unmatched=2)
    found = {key: value for _, key, value in records_in(kafka, topic)}
    assert {key: value.get("reference") for key, value in found.items()} == {"1": None, "2": "given", "3": None, "4": "given"}


def test_what_is_further_apart_than_the_window_is_not_joined(feed, kafka, topic, tmp_path):
    now = time.time()

    def at(name, rows, hours_ago):
        os.utime(write(tmp_path, name, text_of(rows)), (now - hours_ago * HOUR,) * 2)
    at("c/old.jsonl", [capture(1), capture(2), capture(5)], 30)
    at("c/new.jsonl", [capture(3), capture(4)], 1)
    at("t/early.jsonl", [truth("e-1", answer(1)), truth("e-3", answer(3))], 25)
    at("t/of-long-ago.jsonl", [truth("e-5", answer(5))], 39)
    options = [*with_truth(tmp_path / "t"), "--ground-truth-window", "10"]
    assert feed(tmp_path / "c", options=options)[1]["ground_truth"] == truth_counts(read=3, joined=2, unmatched=1)
    at("t/late.jsonl", [truth("e-2", answer(2)), truth("e-4", answer(4))], 0)
    assert feed(tmp_path / "c", options=options)[1]["ground_truth"] == truth_counts(read=2, late=1, unmatched=1)
    assert told(kafka, topic) == live(1, 5, reference=answer) + live(2, 3, 4) + again(4, reference=answer)


def test_what_is_gone_is_no_longer_joined_and_is_named(follow, kafka, topic, tmp_path):
    gone = write(tmp_path, "c/a.jsonl", text_of(capture(i) for i in (1, 2)))
    write(tmp_path, "c/b.jsonl", text_of(capture(i) for i in (3, 4)))
    (tmp_path / "t").mkdir()
    follower = follow(tmp_path / "c", options=with_truth(tmp_path / "t"))
    follower.wait([f"e-{i}" for i in range(1, 5)])
    gone.unlink()
    write(tmp_path, "new", text_of(truth(f"e-{i}", answer(i)) for i in range(1, 4))).rename(tmp_path / "t" / "a.jsonl")
    follower.wait([f"e-{i}" for i in range(1, 5)] + ["e-3"])
    code, summary, said = follower.end()
    assert code == 0 and summary["ground_truth"] == truth_counts(read=3, late=1, unmatched=2)
    assert said.count(f"{gone}: cannot open") == 1 and summary["problem_count"] == 1


def test_what_grows_too_large_with_its_reference_is_named(feed, kafka, topic, tmp_path):
    write(tmp_path, "c/a.jsonl", text_of([capture(1), {**capture(2), "pad": "x" * (20 * 1024 * 1024 - 2000)}]))
    (tmp_path / "t").mkdir()
    assert feed(tmp_path / "c", options=with_truth(tmp_path / "t"))[1]["lines"]["sent"] == 2
    write(tmp_path, "t/a.jsonl", text_of(truth(f"e-{i}", "y" * 2000) for i in (1, 2)))
    code, summary, said = feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    assert code == 3 and summary["ground_truth"] == truth_counts(read=2, late=1, lost=1) and "a.jsonl:2 is larger" in said


@pytest.mark.parametrize("denied", ["cap/", "truth/"])
def test_what_may_not_be_read_again_is_waited_for(feed, kafka, topic, bucket, stumbling, denied):
    """Samples that should go again, or references that should go with new samples."""
    options = ["--ground-truth", "s3://captures/truth/"]
    bucket("cap/a.jsonl", text_of(capture(i) for i in range(10)).encode())
    bucket("truth/a.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in range(8, 12)).encode())
    assert feed("s3://captures/cap/", options=options)[1]["ground_truth"] == truth_counts(read=4, joined=2, unmatched=2)
    bucket("truth/b.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in range(5)).encode())
    bucket("cap/b.jsonl", text_of(capture(i) for i in range(10, 15)).encode())
    stumbling.fault = lambda key: (403, "AccessDenied") if key == f"{denied}a.jsonl" else None
    code, summary, said = feed("s3://captures/cap/", options=options)
    assert code == 3 and said.count("403 AccessDenied") == 1
    if denied == "cap/":  # new captures go all the same
        assert summary["lines"]["sent"] == 5 and summary["ground_truth"] == truth_counts() and summary["objects"]["failed"] == 1
    else:
        assert summary is None
    stumbling.fault = lambda key: None
    assert feed("s3://captures/cap/", options=options)[1]["ground_truth"] == truth_counts(read=5, late=5)
    assert told(kafka, topic) == live(*range(8), *range(12, 15)) + live(*range(8, 12), reference=answer) + again(*range(5), reference=answer)


def test_a_follower_waits_for_what_may_not_be_read_again(follow, kafka, topic, bucket, stumbling):
    bucket("cap/a.jsonl", text_of(capture(i) for i in range(10)).encode())
    follower = follow("s3://captures/cap/", options=["--ground-truth", "s3://captures/truth/"])
    follower.wait([f"e-{i}" for i in range(10)])
    stumbling.fault = lambda key: (403, "AccessDenied") if key == "cap/a.jsonl" else None
    bucket("truth/a.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in range(5)).encode())
    bucket("cap/b.jsonl", text_of(capture(i) for i in range(10, 15)).encode())
    follower.wait([f"e-{i}" for i in range(15)])
    stumbling.fault = lambda key: None
    follower.wait([f"e-{i}" for i in (*range(15), *range(5))])
    code, summary, said = follower.end()
    assert code == 0 and summary["objects"]["failed"] == 0 and said.count("403 AccessDenied") == 1
    assert summary["ground_truth"] == truth_counts(read=5, late=5)
    assert told(kafka, topic) == live(*range(15)) + again(*range(5), reference=answer)


def test_what_became_another_object_is_no_longer_joined(feed, kafka, topic, tmp_path):
    paths = [write(tmp_path, f"c/{name}.jsonl", text_of(capture(i) for i in numbers)) for name, numbers in (("a", (1, 2)), ("b", (3, 4)))]
    (tmp_path / "t").mkdir()
    feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    paths[0].unlink()
    paths[1].write_text(text_of([capture(3)]))  # it shrank: another object now
    write(tmp_path, "t/a.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in range(1, 5)))
    code, summary, said = feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    assert code == 0 and summary["objects"]["changed"] == 1 and "are others now" in said
    assert summary["ground_truth"] == truth_counts(read=4, late=1, unmatched=3)
    assert told(kafka, topic) == live(1, 2, 3, 4) + again(3, reference=answer)


def test_what_was_left_out_stays_out(feed, kafka, topic, tmp_path):
    write(tmp_path, f"c/chat/blue/{LAYOUT}/a.jsonl", text_of(capture(i) for i in range(400)))
    (tmp_path / "t").mkdir()
    options = ["--sample-stratum", "chat=0.25", *with_truth(tmp_path / "t")]
    feed(tmp_path / "c", options=options)
    first = {key: value["probability"] for _, key, value in records_in(kafka, topic)}
    write(tmp_path, "t/a.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in range(400)))
    counts = feed(tmp_path / "c", options=options)[1]["ground_truth"]
    assert counts == truth_counts(read=400, late=len(first), unmatched=400 - len(first))
    late = {key: value["probability"] for _, key, value in records_in(kafka, topic) if value.get("run") == "references"}
    assert late == first and 50 < len(late) < 150


def pairs_of(kafka, topic):
    """Live records by event id, and how often each reference was told."""
    found = told(kafka, topic)
    lives = Counter(event for (event, run, _), n in found.items() for _ in range(n) if run == "live")
    references = Counter((event, reference) for (event, _, reference), n in found.items() for _ in range(n) if reference != "null")
    return lives, references


def test_killed_at_random_each_reference_is_told_once(follow, feed, kafka, topic, tmp_path):
    """Captures and ground truth appear in any order, in objects that come whole and in ones that grow."""
    rng, made = random.Random(3), 0
    for part in ("c", "t"):
        (tmp_path / part).mkdir()
    owed = []  # ground truth still to be written
    for number in range(8):
        follower = follow(tmp_path / "c", options=[*with_truth(tmp_path / "t"), "--kafka", "transaction.timeout.ms=10000", "--rate", "5000"])
        for _ in range(3):
            fresh = list(range(made, made + 300))
            made += 300
            owed += fresh
            rng.shuffle(owed)
            ready, owed = owed[:200], owed[200:]
            steps = [("c", fresh[:200], capture), ("t", ready[:150], lambda i: truth(f"e-{i}", answer(i)))]
            rng.shuffle(steps)
            for place, numbers, row in steps:
                write(tmp_path, "new", text_of(row(i) for i in numbers)).rename(tmp_path / place / f"{rng.randrange(1000):03d}-{made}.jsonl")
            for place, numbers, row in (("c", fresh[200:], capture), ("t", ready[150:], lambda i: truth(f"e-{i}", answer(i)))):
                with open(tmp_path / place / "grows.jsonl", "a", encoding="utf-8") as grows:
                    grows.write(text_of(row(i) for i in numbers))
            time.sleep(rng.uniform(0, 0.3))
        if number == 0:
            wait_until_it_feeds(follower.process, kafka, topic, 0)
        time.sleep(rng.uniform(0, 1))
        follower.process.kill()
        follower.process.communicate(timeout=60)
    write(tmp_path, "t/rest.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in owed))
    code, summary, said = feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    assert (code, said) == (0, "") and summary["ground_truth"]["late"] > 0
    lives, references = pairs_of(kafka, topic)
    assert lives == Counter(f"e-{i}" for i in range(made))
    assert references == Counter((f"e-{i}", json.dumps(answer(i))) for i in range(made))


def test_ctrl_c_ends_between_two_transactions(assay, feed, kafka, topic, tmp_path):
    write(tmp_path, "c/a.jsonl", text_of(capture(i) for i in range(4000)))
    (tmp_path / "t").mkdir()
    feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    write(tmp_path, "t/a.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in range(4000)))
    before = committed(kafka, topic)
    process = feeding(assay, kafka, topic, tmp_path / "c", "--rate", "1000", *with_truth(tmp_path / "t"))
    wait_until_it_feeds(process, kafka, topic, before + 100)  # more than markers of the feed before
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    first = json.loads(out)["ground_truth"]
    assert process.returncode == 130 and "interrupted" in said
    assert first == truth_counts(read=first["late"], late=first["late"]) and 0 < first["late"] < 4000
    rest = 4000 - first["late"]
    assert feed(tmp_path / "c", options=with_truth(tmp_path / "t"))[1]["ground_truth"] == truth_counts(read=rest, late=rest)
    assert told(kafka, topic) == live(*range(4000)) + again(*range(4000), reference=answer)


def test_many_objects_are_read_again_once_each(feed, kafka, topic, tmp_path):
    """Ground truth in another order than the samples, more of it than a transaction takes by its bytes."""
    rng = random.Random(4)
    rows = [{**capture(i), "pad": "x" * 6000} for i in range(6000)]
    for start in range(0, 6000, 100):
        write(tmp_path, f"c/{start:05d}.jsonl", text_of(rows[start:start + 100]))
    (tmp_path / "t").mkdir()
    feed(tmp_path / "c", options=with_truth(tmp_path / "t"))
    order = list(range(6000))
    rng.shuffle(order)
    write(tmp_path, "t/a.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in order))
    assert feed(tmp_path / "c", options=with_truth(tmp_path / "t"))[1]["ground_truth"] == truth_counts(read=6000, late=6000)
    assert told(kafka, topic) == live(*range(6000)) + again(*range(6000), reference=answer)


def test_a_bucket_is_followed_for_captures_and_ground_truth(follow, bucket, kafka, topic):
    follower = follow("s3://captures/cap/", options=["--ground-truth", "s3://captures/truth/"])
    bucket(f"cap/chat/blue/{LAYOUT}/a.jsonl", text_of(capture(i) for i in range(20)).encode())
    follower.wait([f"e-{i}" for i in range(20)])
    bucket("truth/2026/02/19/03/a.jsonl", text_of(truth(f"e-{i}", answer(i)) for i in range(10, 30)).encode())
    late = [f"e-{i}" for i in range(10, 20)]
    follower.wait([f"e-{i}" for i in range(20)] + late)
    bucket(f"cap/chat/blue/{LAYOUT}/b.jsonl", text_of(capture(i) for i in range(20, 40)).encode())
    follower.wait([f"e-{i}" for i in range(40)] + late)
    code, summary, said = follower.end(signal.SIGINT)
    assert (code, said) == (0, "") and summary["ground_truth"] == truth_counts(read=20, late=10, joined=10)
    assert told(kafka, topic) == (live(*range(20)) + live(*range(20, 30), reference=answer) + live(*range(30, 40))
                                  + again(*range(10, 20), reference=answer))
