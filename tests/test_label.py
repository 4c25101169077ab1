"""Are labels drawn, handed in and kept as `assay label` says?"""
import csv
import io
import json
import random
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from made_stores import RUBRIC, evaluate, query, traffic

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "schema" / "label.schema.json").read_text())
WINDOW = ["--window", "2026-03-01..2026-03-02"]


@pytest.fixture
def keep(assay, tmp_path):
    return lambda rows, name="store": evaluate(assay, tmp_path, rows, name)


@pytest.fixture
def label(assay):
    def call(verb, *arguments, status=0):
        done = subprocess.run([assay, "label", verb, *arguments], capture_output=True, text=True)
        assert done.returncode == status, done.stderr or done.stdout[:500]
        return done
    return call


@pytest.fixture
def queue(label):
    """Rows of a queue, as a spreadsheet reads them, or JSON."""
    def call(store, *options, form="csv"):
        text = label("queue", "--store", store, *WINDOW, "--target", "accuracy", "--format", form, *options).stdout
        if form == "csv":
            return list(csv.DictReader(io.StringIO(text, newline="")))
        rows = [json.loads(line) for line in text.splitlines()]
        for row in rows:
            jsonschema.validate(row, SCHEMA)
        return rows
    return call


def kept(store):
    """Labels in the shards, without when they were imported."""
    rows = []
    for path in sorted((store / "labels").glob("shard-*.db")):
        with sqlite3.connect(path) as shard:
            rows += shard.execute("SELECT sample, model, target, value, labeller, labelled_at_ms, probability, note "
                                  "FROM labels ORDER BY 1, 2, 3, 5, 6").fetchall()
    return rows


def test_a_queue_is_drawn_at_random(keep, queue):
    store = keep(traffic(1, 0.7))
    draws = [[row["sample"] for row in queue(store, "--n", "60", "--seed", str(seed))] for seed in range(40)]
    assert all(len(set(draw)) == 60 for draw in draws)
    seen = Counter(sample for draw in draws for sample in draw)
    assert sum(seen.values()) == 2400 and len(seen) > 470  # each is drawn 5 times in the mean: 3 of 480 never
    chi = sum((seen[f"s{n}"] - 5) ** 2 / 5 for n in range(480))
    assert 350 < chi < 500  # 480 * 7/8 in the mean, give or take 29
    row = queue(store, "--n", "60", "--seed", "1")[0]
    assert float(row["probability"]) == 60 / 480 and row["model"] == "m" and row["value"] == row["labeller"] == ""


def test_a_seed_draws_the_same_from_any_shards(keep, queue):
    rows = traffic(2, 0.7)
    whole = queue(keep(rows, "whole"), "--seed", "7", "--n", "30")
    keep(rows[::2], "parts")
    parts = keep(rows[1::2], "parts")
    assert queue(parts, "--seed", "7", "--n", "30") == whole
    assert queue(parts, "--seed", "7", "--n", "10") == [row | {"probability": "0.020833333333333332"}
                                                       for row in whole[:10]]
    assert queue(parts, "--seed", "8", "--n", "30") != whole
    again = keep(rows[:50], "again")  # a sample that came again is one sample
    assert [r["sample"] for r in queue(parts, "--store", again, "--seed", "7", "--n", "30")] == [
        r["sample"] for r in whole]


def test_strata_have_probabilities_of_their_own(keep, queue):
    store = keep(traffic(3, 0.9))
    rows = queue(store, "--n", "60", "--seed", "1", "--stratify-by", "composite", "--show-scores")
    score = dict(query(store, "SELECT sample, value FROM scores WHERE criterion = 'composite'"))
    of = lambda value: min(int(value * 4), 3)  # noqa: E731
    population, drawn = Counter(of(v) for v in score.values()), Counter(of(score[r["sample"]]) for r in rows)
    assert len(rows) == 60 and len(population) > 2
    for row in rows:
        assert float(row["probability"]) == pytest.approx(drawn[of(score[row["sample"]])] /
                                                          population[of(score[row["sample"]])], abs=1e-15)
        assert json.loads(row["scores"])["composite"] == score[row["sample"]]
    roots = {s: n ** 0.5 for s, n in population.items()}
    for stratum, n in population.items():  # ~ sqrt N, where there are as many
        assert drawn[stratum] == n or drawn[stratum] >= 60 * roots[stratum] / sum(roots.values()) - 1


def test_what_the_machine_said_is_hidden(keep, queue):
    store = keep(traffic(4, 0.7))
    for form in ("csv", "jsonl"):
        rows = queue(store, "--n", "20", "--seed", "1", form=form)
        assert set(rows[0]) == {"sample", "model", "time", "prompt", "response", "text", "target", "value", "labeller",
                                "labelled_at", "probability", "note"}


def test_texts_come_back_as_they_were(assay, tmp_path, label, keep):
    """Quotes, line ends, and what a spreadsheet would take for a formula. Rows of `eval` have no text: one is put in."""
    import gzip
    texts = ['=HYPERLINK("http://x")', 'two\nlines, and "quotes"', "'tis", "-1", "@a", "plain", "日本語\n"]
    store = keep(traffic(5, 0.7, count=len(texts)))
    (path,) = store.glob("shard-*.db")
    with sqlite3.connect(path) as shard:
        for off, text in enumerate(texts):
            body = json.dumps({"prompt": text, "response": None}).encode()
            shard.execute("INSERT INTO text(run, source, off, policy, bytes, body) VALUES(1, 1, ?, 'redacted', ?, ?)",
                          (off, len(body), gzip.compress(body)))
    done = label("queue", "--store", store, *WINDOW, "--target", "exact", "--n", "10")
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    said = {row["sample"]: row["prompt"] for row in rows}
    assert not any(text.startswith(tuple("=+-@\t\r")) for text in said.values())
    assert {s: t[1:] if t[:1] == "'" else t for s, t in said.items()} == {f"s{n}": t for n, t in enumerate(texts)}
    assert {row["text"] for row in rows} == {"redacted"}
    lines = label("queue", "--store", store, *WINDOW, "--target", "exact", "--n", "10", "--format", "jsonl").stdout
    assert {r["sample"]: r["prompt"] for r in map(json.loads, lines.splitlines())} == {
        f"s{n}": t for n, t in enumerate(texts)}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_from_queue_to_store_and_back(keep, queue, label, tmp_path, form):
    store = keep(traffic(6, 0.7))
    rows, rng = queue(store, "--n", "40", "--seed", "3", form=form), random.Random(1)
    wanted = []
    for n, row in enumerate(rows[:30]):
        row["value"] = rng.choice(["1", "0", "pass", "no", "0.25"] if form == "csv" else [1, 0, True, "fail", 0.25])
        row["labeller"], row["note"] = "ann", '=1, "x"\nsecond' if n == 3 else ""
        value = {"pass": 1, "no": 0, "fail": 0}.get(row["value"], row["value"])
        wanted.append((row["sample"], "m", "accuracy", float(value), "ann", float(row["probability"]), row["note"] or None))
    path = tmp_path / f"labels.{form}"
    with open(path, "w", newline="") as file:
        if form == "csv":
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
    done = label("import", path, "--store", store, "--json")
    assert json.loads(done.stdout) == {"imported": 30, "known": 0, "open": 10, "of_unknown_samples": 0}
    assert [row[:5] + row[6:] for row in kept(store)] == sorted(wanted)
    again = label("import", path, "--store", store, "--json")
    assert json.loads(again.stdout) == {"imported": 0, "known": 30, "open": 10, "of_unknown_samples": 0}
    before = kept(store)
    other = keep(traffic(6, 0.7), "other")
    for listed in ("csv", "jsonl"):  # what list writes, import reads
        out = label("list", "--store", store, "--format", listed).stdout
        if listed == "jsonl":
            for line in out.splitlines():
                jsonschema.validate(json.loads(line), SCHEMA)
        back = tmp_path / f"back.{listed}"
        back.write_bytes(out.encode())
        done = label("import", back, "--store", other, "--json")
        assert json.loads(done.stdout)["imported"] == (30 if listed == "csv" else 0)
    assert kept(other) == before


def test_the_lane_s_shard_is_left_alone(keep, label, tmp_path):
    store = keep(traffic(7, 0.7))
    before = {path.name: path.read_bytes() for path in store.glob("shard-*.db")}
    path = tmp_path / "labels.csv"
    path.write_text("sample,target,value\ns1,exact,1\n")
    label("import", path, "--store", store, "--labeller", "bob")
    assert {path.name: path.read_bytes() for path in store.glob("shard-*.db")} == before
    assert len(kept(store)) == 1


def test_a_change_of_mind_is_a_later_label(keep, label, tmp_path):
    store = keep(traffic(8, 0.7))
    path = tmp_path / "labels.csv"
    head = "sample,target,value,labeller,labelled_at\n"
    path.write_text(head + "s1,exact,1,ann,2026-03-02T10:00:00Z\ns1,exact,0,bob,2026-03-02T10:00:00Z\n")
    label("import", path, "--store", store)
    path.write_text(head + "s1,exact,0,ann,2026-03-02T10:00:00Z\n")
    done = label("import", path, "--store", store, status=2)
    assert "line 2: value: the store has another one" in done.stderr
    path.write_text(head + "s1,exact,0.5,ann,2026-03-02T11:00:00Z\n")
    label("import", path, "--store", store)
    assert len(kept(store)) == 3
    text = label("list", "--store", store).stdout
    assert text == "m / exact: 1 samples labelled, mean 0.250; 0 with a known probability, 1 by several people\n"
    path.write_text("sample,target,value,labeller\ns1,exact,0.5,ann\ns1,exact,1,bob\n")  # without a time
    done = label("import", path, "--store", store, "--json")
    assert json.loads(done.stdout)["imported"] == 1 and json.loads(done.stdout)["known"] == 1


def test_everything_that_is_wrong_is_listed(keep, label, tmp_path):
    store = keep(traffic(9, 0.7))
    path = tmp_path / "labels.csv"
    path.write_text('sample,target,value,labeller,labelled_at,probability\n'
                    's1,exact,2,ann,,\n'
                    ',exact,1,ann,,\n'
                    's2,exactly,1,ann,,\n'
                    's3,exact,1,,noon,\n'
                    's4,exact,1,ann,,1.5\n'
                    's5,exact,1,ann\n'
                    's6,ex"act,1,ann,,\n'
                    's7,exact,1,ann,,\n'
                    's7,exact,0,ann,,\n'
                    '"two\nlines",exact,maybe,ann,,\n'
                    's8,exact,nan,ann,,\n')
    done = label("import", path, "--store", store, status=2)
    for words in ("11 problems", "line 2: value: a number from 0 to 1", "line 3: sample: an id is wanted",
                  'line 4: target: "exactly" is no criterion and no dimension; there are accuracy, clean, composite',
                  "line 5: labeller: who said so", "line 5: labelled_at: RFC 3339", "line 6: probability: above 0",
                  "line 7: 4 fields, but the first row names 6", "line 8: a quote stands where none may",
                  "line 10: value: an earlier line of this file says another", "line 11: value: a number",
                  "line 13: value: a number"):
        assert words in done.stderr, words
    assert not (store / "labels").exists()


@pytest.mark.parametrize("text,words", [
    ("sample,value\ns1,1\n", "line 1: column target is missing"),
    ("sample,target,value,probabilty\n", 'line 1: unknown column "probabilty"'),
    ("sample,target,value,value\n", "line 1: column value is there twice"),
    ("", "line 1: the first row must name the columns"),
    ('sample,target,value\n"s1,exact,1\n', "line 2: a quoted field does not end"),
    ('{"sample":"s1","target":"exact","value":1,"labeller":"a"}\n{"sample":\n', "line 2: "),
    ('{"sample":"s1","target":"exact","value":[1],"labeller":"a"}\n', "line 1: value: a text or a number"),
    ('{"sample":"s1","target":"exact","vlue":1}\n', 'line 1: unknown column "vlue"'),
    ('{"sample":"s1","target":"exact","value":-0.5,"labeller":"a"}\n', "line 1: value: a number from 0 to 1"),
])
def test_a_wrong_file_says_what_is_wrong(keep, label, tmp_path, text, words):
    store = keep(traffic(10, 0.7, count=4))
    path = tmp_path / "labels.txt"
    path.write_text(text)
    done = label("import", path, "--store", store, status=2)
    assert words in done.stderr and not (store / "labels").exists()


def test_a_sample_of_several_models_wants_its_model(keep, label, tmp_path):
    rows = traffic(11, 0.7, count=10)
    store = keep(rows + [row | {"model": "n"} for row in rows] + [rows[0] | {"id": "only", "model": "n"}])
    path = tmp_path / "labels.csv"
    path.write_text("sample,target,value,labeller\nonly,exact,1,ann\ngone,exact,1,ann\ns1,exact,1,ann\n")
    done = label("import", path, "--store", store, status=2)
    assert "line 4: model: the sample is of several models" in done.stderr
    path.write_text("sample,model,target,value,labeller\nonly,,exact,1,ann\ngone,,exact,1,ann\ns1,n,exact,1,ann\n")
    done = label("import", path, "--store", store)
    assert done.stdout.startswith("3 labels imported") and "1 of samples that this store does not hold" in done.stdout
    assert [row[:2] for row in kept(store)] == [("gone", ""), ("only", "n"), ("s1", "n")]


@pytest.mark.parametrize("arguments,words", [
    (["queue"], "--target is missing"), (["queue", "--target", "exakt"], '"exakt" is no criterion'),
    (["queue", "--target", "exact", "--n", "0"], "--n"), (["queue", "--target", "exact", "--format", "xml"], "csv nor"),
    (["queue", "--target", "exact", "--stratify-by", "x"], "--stratify-by"), (["list", "--format", "xml"], "--format")])
def test_a_wrong_command_line_says_what_is_wrong(keep, label, arguments, words):
    store = keep(traffic(12, 0.7, count=4))
    assert words in label(arguments[0], "--store", store, *arguments[1:], status=2).stderr


def test_stores_and_files_that_are_not_there(keep, label, tmp_path):
    assert label("list", "--store", tmp_path).stdout == "No labels.\n"
    assert "holds no shard" in label("queue", "--store", tmp_path, "--target", "x", status=3).stderr
    assert "holds no shard" in label("import", "x.csv", "--store", tmp_path, status=3).stderr
    store = keep(traffic(13, 0.7, count=4))
    assert "cannot open" in label("import", tmp_path / "gone.csv", "--store", store, status=3).stderr
    assert "is missing" in label("import", "x.csv", status=2).stderr
