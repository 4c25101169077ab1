"""Does `assay report quality` say of stores what a few plain lines of Python say of the rows?"""
import json
import math
import sqlite3
import subprocess
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from scipy import stats

from made_stores import RUBRIC, at, evaluate, query, rounded, traffic, wilson

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "schema" / "quality-report.schema.json").read_text())
WINDOW = "2026-03-01..2026-03-02"


@pytest.fixture
def keep(assay, tmp_path):
    return lambda rows, name="store", rubric=RUBRIC: evaluate(assay, tmp_path, rows, name, rubric)


@pytest.fixture
def report(assay):
    def call(*stores, window=WINDOW, options=(), page="json"):
        arguments = [argument for store in stores for argument in ("--store", store)]
        done = subprocess.run([assay, "report", "quality", *arguments, "--window", window, "--format", page, *options],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if page == "text":
            return done.stdout
        read = json.loads(done.stdout)
        jsonschema.validate(read, SCHEMA)
        return read
    return call


def row_of(page, metric, kind="criterion", model="m"):
    (row,) = [row for row in page["rows"] if (row["metric"], row["kind"], row["model"]) == (metric, kind, model)]
    return row


def scores_of(store, criterion):
    return query(store, "SELECT sample, status, value, reason, observed_at_ms FROM scores WHERE criterion = ?", criterion)


def dimension_of(store, dimension):
    """Of each sample the weighted mean of what was scored; None where nothing was."""
    parts = defaultdict(list)
    for sample, status, value, weight in query(
            store, "SELECT sample, status, value, weight FROM scores WHERE dimension = ?", dimension):
        parts[sample].append((status, value, weight))
    means = {}
    for sample, rows in parts.items():
        of = [(value, weight) for status, value, weight in rows if status == "scored"]
        means[sample] = rounded(sum(v * w for v, w in of) / sum(w for _, w in of)) if of else None
    return means


def test_levels_are_those_of_the_rows(keep, report):
    store = keep(traffic(1, 0.7))
    page = report(store)
    passed = [value for _, status, value, *_ in scores_of(store, "exact") if status == "scored"]
    row = row_of(page, "exact")
    assert (row["n"], row["mean"]) == (len(passed), pytest.approx(sum(passed) / len(passed), abs=1e-12))
    assert row["ci"] == pytest.approx(wilson(sum(passed), len(passed)), abs=1e-9)
    assert row["statuses"] == {"scored": 411, "not_applicable": 69, "skipped": 0, "error": 0}
    graded = [rounded(value) for _, status, value, *_ in scores_of(store, "overlap") if status == "scored"]
    row = row_of(page, "overlap")
    interval = stats.ttest_1samp(graded, 0).confidence_interval(0.95)
    assert row["mean"] == pytest.approx(sum(graded) / len(graded), abs=1e-12)
    assert row["ci"] == pytest.approx([interval.low, interval.high], abs=1e-9)
    assert not page["partial"] and page["watermark"] == "2026-03-02T00:00:00.000Z"


def test_a_dimension_is_the_weighted_mean_of_its_criteria(keep, report):
    store = keep(traffic(2, 0.7))
    page = report(store)
    of = [mean for mean in dimension_of(store, "accuracy").values() if mean is not None]
    assert len(set(of)) > 3
    row = row_of(page, "accuracy", "dimension")
    interval = stats.ttest_1samp(of, 0).confidence_interval(0.95)
    assert (row["n"], row["statuses"]["not_applicable"]) == (len(of), 480 - len(of))
    assert row["mean"] == pytest.approx(sum(of) / len(of), abs=1e-12)
    assert row["ci"] == pytest.approx([interval.low, interval.high], abs=1e-9)
    assert [(r["kind"], r["metric"]) for r in page["rows"]] == [
        ("composite", "composite"), ("dimension", "accuracy"), ("criterion", "exact"), ("criterion", "overlap"),
        ("dimension", "safety"), ("criterion", "clean")]


def test_a_trend_is_the_mean_of_each_part(keep, report):
    store = keep(traffic(3, 0.7))
    for window, minutes in ((WINDOW, [60] * 24), ("2026-03-01T06:00:00Z..2026-03-01T06:25:00Z", [5] * 5)):
        page = report(store, window=window)
        trend = row_of(page, "exact")["trend"]
        begin = datetime.fromisoformat(page["window"]["from"])
        assert len(trend) == len(minutes)
        for part, length in zip(trend, minutes):
            assert datetime.fromisoformat(part["from"]) == begin
            end = begin + timedelta(minutes=length)
            of = [value for _, status, value, _, ms in scores_of(store, "exact")
                  if status == "scored" and begin.timestamp() * 1000 <= ms < end.timestamp() * 1000]
            assert part["n"] == len(of)
            assert part["mean"] == (pytest.approx(sum(of) / len(of), abs=1e-12) if of else None)
            begin = end


def test_the_worst_samples_are_named_with_reasons(keep, report):
    store = keep(traffic(4, 0.7))
    row = row_of(report(store, options=["--examples", "7"]), "overlap")
    scored = [(value, -ms, sample, reason) for sample, status, value, reason, ms in scores_of(store, "overlap")
              if status == "scored" and value < 1]
    wanted = sorted(scored)[:7]
    assert [(e["value"], e["sample"], e.get("reason")) for e in row["worst"]] == [(v, s, r) for v, _, s, r in wanted]
    assert row["worst"][0]["time"].startswith("2026-03-01T")
    assert row_of(report(store, options=["--examples", "0"]), "overlap")["worst"] == []
    text = report(store, page="text")
    assert f"worst {wanted[0][0]:.3f}  {wanted[0][2]}  2026-03-01 " in text


def test_weights_are_those_of_the_sampling(keep, report):
    rows = traffic(5, 0.9, probability=0.1) + [r | {"id": "b" + r["id"]} for r in traffic(6, 0.3, 240, probability=1)]
    store = keep(rows)
    weight = {row["id"]: 1 / row["probability"] for row in rows}
    page = report(store)
    of = {"exact": {s: v for s, status, v, *_ in scores_of(store, "exact") if status == "scored"},
          "accuracy": {s: v for s, v in dimension_of(store, "accuracy").items() if v is not None}}
    for metric, kind in (("exact", "criterion"), ("accuracy", "dimension")):
        total = sum(weight[s] for s in of[metric])
        row = row_of(page, metric, kind)
        assert row["mean"] == pytest.approx(sum(weight[s] * v for s, v in of[metric].items()) / total, abs=1e-9)
        assert row["n_eff"] == pytest.approx(total ** 2 / sum(weight[s] ** 2 for s in of[metric]), rel=1e-9)


def test_six_stores_say_what_one_says(keep, report):
    rows = traffic(7, 0.8) + [r | {"id": "p" + r["id"], "model": "other"} for r in traffic(8, 0.6, probability=0.3)]
    one = report(keep(rows, "whole"))
    stores = [keep(rows[part::6], f"part{part}") for part in range(6)]
    for order in (stores, stores[::-1]):
        six = report(*order)
        assert len(six["shards"]) == 6
        assert json.dumps(six["rows"]) == json.dumps(one["rows"])
    assert {row["model"] for row in report(*stores, options=["--model", "other"])["rows"]} == {"other"}


def test_what_nobody_answers_for_does_not_count(keep, report):
    """Neither acked nor below a low-water mark: of another's offsets, or not yet complete."""
    store = keep(traffic(9, 0.8))
    (path,) = store.glob("shard-*.db")
    with sqlite3.connect(path) as shard:
        shard.execute("UPDATE tenure SET acked_to = 100, low_water = 100")  # rollups stay as they are
    page = report(store)
    assert page["pending"] == 0
    row = row_of(page, "accuracy", "dimension")
    assert row["n"] + row["statuses"]["not_applicable"] == 100
    assert page["partial"] and "rows of 380 of 480 samples of m are gone" in page["problems"][0]


def test_missing_scores_bound_the_mean(keep, report):
    store = keep(traffic(10, 0.8))
    (path,) = store.glob("shard-*.db")
    with sqlite3.connect(path) as shard:  # as a judge that is out of reach leaves them
        shard.execute("UPDATE score SET status = 'skipped', value = NULL, passed = NULL WHERE off < 48 AND criterion IN "
                      "(SELECT id FROM criterion WHERE dimension = 'accuracy')")
    row = row_of(report(store), "accuracy", "dimension")
    of = [v for s, v in dimension_of(store, "accuracy").items() if v is not None]
    assert row["statuses"]["skipped"] == 48
    assert row["missing"] == pytest.approx(48 / (48 + len(of)))
    assert row["missing_bounds"] == pytest.approx([sum(of) / (48 + len(of)), (sum(of) + 48) / (48 + len(of))])


def test_the_page_is_for_people(keep, report):
    store = keep([row | {"model": "m\x1b[31mé"} for row in traffic(11, 0.7)])
    text = report(store, page="text")
    lines = text.splitlines()
    assert lines[0] == "m?[31mé" and "\x1b" not in text
    assert lines[1].startswith("  composite              0.") and "n 480" in lines[1]
    assert any(mark in lines[1] for mark in "▁▂▃▄▅▆▇█")
    assert max(map(len, lines)) <= 120
    digits = report(store, page="text", options=["--ascii"]).splitlines()[1]
    assert len(digits.split()[-1]) == 24 and digits.split()[-1].isdigit()
    assert digits.isascii()
    assert "No scores in this window: those of the stores are from 2026-03-01 00:00 to 2026-03-02 00:00 UTC." in report(store, page="text", window="2025-01-01..2025-01-02")


@pytest.mark.parametrize("options,words", [
    (["--window", "yesterday"], "--window"), (["--at", "noon"], "--at"), (["--examples", "101"], "--examples"),
    (["--format", "xml"], "neither text nor json")])
def test_a_wrong_command_line_says_what_is_wrong(assay, tmp_path, options, words):
    done = subprocess.run([assay, "report", "quality", "--store", tmp_path, *options], capture_output=True, text=True)
    assert done.returncode == 2 and words in done.stderr and not done.stdout


def test_a_folder_without_shards_could_not_be_read(assay, tmp_path):
    done = subprocess.run([assay, "report", "quality", "--store", tmp_path], capture_output=True, text=True)
    assert done.returncode == 3 and "holds no shard" in done.stderr
    assert subprocess.run([assay, "report", "quality"], capture_output=True, text=True).returncode == 2


def test_a_criterion_of_two_rubrics_counts_each_sample_once_in_each(assay, tmp_path, report):
    rows = traffic(11, 0.8)
    both = [tmp_path / f"{name}.json" for name in ("made", "other")]
    for path in both:
        path.write_text(json.dumps(RUBRIC | {"name": path.stem}))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = subprocess.run([assay, "eval", "--rubric", both[0], "--rubric", both[1], "--store", tmp_path / "store",
                           tmp_path / "rows.jsonl"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = {row["rubric"]: row["n"] for row in report(tmp_path / "store")["rows"] if row["metric"] == "exact"}
    assert found == dict.fromkeys(("made", "other"), sum("reference" in row for row in rows))
