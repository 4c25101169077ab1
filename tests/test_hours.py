"""Are cells of 5 minutes that are old added up to hours without losing or doubling one score?
Expected values are plain Python over the rows."""
import json
import random
import sqlite3
import subprocess
from collections import Counter, defaultdict
from contextlib import closing
from datetime import datetime, timezone

import pytest

from test_measures import bin_of, measures_of, unpacked

HOUR, BUCKET = 3_600_000, 300_000
START = int(datetime(2026, 3, 1, tzinfo=timezone.utc).timestamp() * 1000)
RUBRIC = {"name": "yes", "criteria": [{"name": "exact", "dimension": "accuracy", "evaluator": "reference",
                                       "options": {"metric": "exact"}, "weight": 1, "threshold": 1}]}
WINDOWS = {"baseline": "2026-03-01..2026-03-03", "window": "2026-03-03..2026-03-05"}


@pytest.fixture
def keep(run, tmp_path):
    def call(rows, name="store", *options):
        folder, document = tmp_path / name, tmp_path / "rubric.json"
        path = tmp_path / f"{name}{len(list(tmp_path.glob('*.jsonl')))}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        document.write_text(json.dumps(RUBRIC))
        done = run("eval", "--rubric", document, "--store", folder, "--segment-by", "language", *options, path)
        assert done.returncode == 0, done.stderr
        return folder
    return call


@pytest.fixture
def fold(build):
    """Adds up as of `hour` (after START): how many hours it added to."""
    def call(store, hour, status=0):
        done = subprocess.run([build / "tests" / "fold_probe", store, str(START + hour * HOUR)],
                              capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done.stderr if status else int(done.stdout)
    return call


@pytest.fixture
def report(run):
    def call(store, status=0, **windows):
        windows = {**WINDOWS, **windows}
        done = run("report", "drift", "--store", store, "--baseline", windows["baseline"], "--window",
                   windows["window"], "--format", "json")
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)
    return call


def traffic(seed, n=2000, hours=96):
    chance = random.Random(seed)
    return [{"id": f"{seed}-{i}", "model": chance.choice("ab"), "timestamp": START + chance.randrange(hours * HOUR),
             "prompt": "p" * chance.randrange(2000), "response": chance.choice(["yes", "yes", "yes", "no"]),
             "reference": "yes", "latency_ms": chance.randrange(1, 4000), "input_tokens": chance.randrange(3000),
             "probability": chance.choice([1, 0.25]), "tags": {"language": chance.choice(["en", "de"])}}
            for i in range(n)]


def bucket_of(row, folded_to):
    """Start and length of the bucket in which it is kept once hours below `folded_to` were added up."""
    hour = row["timestamp"] // HOUR * HOUR
    return (hour, 60) if hour < START + folded_to * HOUR else (row["timestamp"] // BUCKET * BUCKET, 5)


def view(store, sql):
    with closing(sqlite3.connect(f"file:{store / 'shard-0001.db'}?mode=ro", uri=True)) as shard:
        return shard.execute(sql).fetchall()


def check_views(store, rows, folded_to):
    """Every bin of every view."""
    scores, measures = defaultdict(Counter), defaultdict(Counter)
    for row in rows:
        cell = (row["model"], row["tags"]["language"], row["probability"], *bucket_of(row, folded_to))
        scores[cell][1000 * (row["response"] == "yes")] += 1
        for name, value in measures_of({**row, "output_tokens": 0}):
            if name != "output_tokens":
                measures[(name, *cell)][bin_of(value)] += 1
    key = "model, json_extract(segment, '$.language'), 1 - threshold / 72057594037927936.0, bucket_ms, minutes"
    found = view(store, f"SELECT {key}, scored, passed, histogram FROM rollups WHERE criterion = 'exact'")
    assert len(found) == len(scores)
    for *cell, scored, passed, histogram in found:
        bins = scores[tuple(cell)]
        assert unpacked(histogram) == dict(bins)
        assert (scored, passed) == (sum(bins.values()), bins[1000])
    found = view(store, f"SELECT measure, {key}, n, histogram FROM measures WHERE measure <> 'evaluation_us'")
    assert {tuple(cell): (n, unpacked(packed)) for *cell, n, packed in found} == {
        cell: (sum(bins.values()), dict(bins)) for cell, bins in measures.items()}


def test_every_bin_is_what_python_counts(keep, fold):
    rows = traffic(1)
    store = keep(rows)
    check_views(store, rows, 0)
    assert fold(store, 48) == 0  # the first hour ended 47 hours ago
    assert fold(store, 49) == 1
    check_views(store, rows, 1)
    assert fold(store, 100) == 51
    check_views(store, rows, 52)
    assert view(store, "SELECT count(*) FROM rollup WHERE bucket_ms < (SELECT value FROM meta WHERE name = "
                       "'hours_to_ms')") == [(0,)]


def test_rows_that_come_late_are_added_to_their_hour(keep, fold):
    early, late = traffic(2, 800, hours=10), traffic(3, 800, hours=10)
    store = keep(early)
    assert fold(store, 60) == 10
    keep(late)
    mixed = Counter(minutes for (minutes,) in view(store, "SELECT minutes FROM rollups"))
    assert mixed[5] > 0 and mixed[60] > 0
    assert fold(store, 60) == 10
    check_views(store, early + late, 10)


def test_labels_are_added_up(run, fold, tmp_path):
    chance = random.Random(4)
    rows = [{"id": str(i), "model": "m", "timestamp": START + chance.randrange(5 * HOUR), "prompt": "?",
             "response": chance.choice(["I'm sorry, but I can't help with that.", "Green tea."])} for i in range(500)]
    path, document = tmp_path / "rows.jsonl", tmp_path / "refusal.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    document.write_text(json.dumps({"name": "r", "criteria": [{"name": "answers", "evaluator": "refusal"}]}))
    assert run("eval", "--rubric", document, "--store", tmp_path / "store", path).returncode == 0
    by_bucket = "SELECT label, bucket_ms, n FROM categories"
    fine = view(tmp_path / "store", by_bucket)
    want = Counter((row["response"].startswith("I'm"), row["timestamp"] // HOUR * HOUR) for row in rows)
    assert fold(tmp_path / "store", 60) == 5
    found = view(tmp_path / "store", by_bucket + " WHERE minutes = 60")
    assert len(fine) > len(found) == len(want)
    assert {(label == "full_refusal", hour): n for label, hour, n in found} == dict(want)


def test_a_report_over_full_hours_is_the_same_before_and_after(keep, fold, report):
    store = keep(traffic(5, 4000))
    before = report(store)
    assert fold(store, 200) == 96
    after = report(store)
    # the last bucket with data is now an hour: the watermark is its end
    assert {**after, "watermark": before["watermark"]} == before
    assert before["aligned"] is False


def test_windows_that_end_within_an_hour_are_widened_and_say_so(keep, fold, report, run):
    rows = traffic(6, 4000)
    store = keep(rows)
    asked = {"baseline": "2026-03-01T01:20:00Z..2026-03-03T12:30:00Z",
             "window": "2026-03-03T12:30:00Z..2026-03-04T23:40:00Z"}

    def counts(page):
        return {(row["model"], side): row[side]["n"] for row in page["rows"] if row["metric"] == "exact"
                for side in ("base", "cur")}

    def expected(base_from, middle, cur_to):
        n = Counter()
        for row in rows:
            hour = (row["timestamp"] // BUCKET * BUCKET - START) / HOUR
            if base_from <= hour < cur_to:
                n[row["model"], "base" if hour < middle else "cur"] += 1
        return dict(n)
    page = report(store, **asked)
    assert not page["aligned"] and counts(page) == expected(4 / 3, 60.5, 95 + 2 / 3)
    assert fold(store, 112) == 64  # the end of the window is younger
    page = report(store, **asked)
    assert page["aligned"] and counts(page) == expected(1, 60, 95 + 2 / 3)
    assert page["baseline"] == {"from": "2026-03-01T01:00:00.000Z", "to": "2026-03-03T12:00:00.000Z"}
    assert page["window"] == {"from": "2026-03-03T12:00:00.000Z", "to": "2026-03-04T23:40:00.000Z"}
    fold(store, 200)
    assert counts(report(store, **asked)) == expected(1, 60, 96)
    text = run("report", "drift", "--store", store, "--baseline", asked["baseline"], "--window", asked["window"])
    assert "widened to full hours" in text.stdout


def test_an_hour_is_added_up_whole_or_not_at_all(keep, fold):
    """The last of its statements fails, as a full disk might make it."""
    rows = traffic(7, 500, hours=3)
    store = keep(rows)
    with closing(sqlite3.connect(store / "shard-0001.db")) as shard:
        shard.execute("CREATE TRIGGER full BEFORE INSERT ON meta BEGIN SELECT raise(ABORT, 'disk full'); END")
    assert "disk full" in fold(store, 100, status=3)
    check_views(store, rows, 0)
    with closing(sqlite3.connect(store / "shard-0001.db")) as shard:
        shard.execute("DROP TRIGGER full")
    assert fold(store, 100) == 3
    check_views(store, rows, 3)


def test_damage_stays_damage(keep, fold, report):
    """A histogram that cannot be read is not added to anything, and the report names it."""
    rows = traffic(8, 500, hours=3)
    store = keep(rows)
    with closing(sqlite3.connect(store / "shard-0001.db")) as shard, shard:
        shard.execute("UPDATE rollup SET histogram = x'ff' WHERE bucket_ms = (SELECT min(bucket_ms) FROM rollup)")
    assert fold(store, 100) == 3
    page = report(store)
    assert page["partial"] and all("a histogram is damaged" in problem for problem in page["problems"])
