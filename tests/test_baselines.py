"""Is a drift report's baseline the one that was asked for: after a gap, by name, hour by hour of the week?"""
import json
import random
import subprocess
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from made_stores import at, evaluate

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "schema" / "drift-report.schema.json").read_text())
RUBRIC = {"name": "right", "criteria": [{"name": "exact", "dimension": "accuracy", "evaluator": "reference",
                                         "options": {"metric": "exact"}, "weight": 1, "threshold": 1}]}


def rows_of(hours, rate, per_hour=10, model="m"):
    """Hours from the first of March on, `rate(hour)` of each right."""
    rng = random.Random(hours)
    return [{"id": f"{model}{h}-{i}", "timestamp": at(h + i / per_hour).isoformat(), "model": model, "prompt": "?",
             "reference": "yes", "response": "yes" if rng.random() < rate(h) else "no"}
            for h in range(hours) for i in range(per_hour)]


def right(rows, wanted):
    """n and mean of the rows whose hour is wanted."""
    taken = [row["response"] == "yes" for row in rows if wanted(float(row["id"][1:].split("-")[0]))]
    return len(taken), sum(taken) / len(taken)


@pytest.fixture
def report(assay):
    def call(store, *options, status=(0, 1), form="json"):
        done = subprocess.run([assay, "report", "drift", "--store", store, "--format", form, *options],
                              capture_output=True, text=True)
        assert done.returncode in status, done.stderr
        if 2 in status:
            return done.stderr
        if form != "json":
            return done.stdout
        page = json.loads(done.stdout)
        jsonschema.validate(page, SCHEMA)
        (row,) = [row for row in page["rows"] if row["metric"] == "exact"]
        return page, row
    return call


@pytest.fixture
def mark(assay):
    def call(store, text, when, *options):
        subprocess.run([assay, "mark", "--store", store, "--at", when.isoformat(), *options, text], check=True)
    return call


def base_of(row):
    return row["base"]["n"], row["base"]["mean"]


def test_a_gap_keeps_yesterdays_incident_out(assay, tmp_path, report):
    rows = rows_of(96, lambda h: 0.4 if 48 <= h < 72 else 0.9)
    store = evaluate(assay, tmp_path, rows, "store", RUBRIC)
    window = ("--window", "2026-03-04..2026-03-05")
    page, row = report(store, *window, "--baseline", "2d", "--gap", "1d")
    assert page["baseline"] == {"from": "2026-03-01T00:00:00.000Z", "to": "2026-03-03T00:00:00.000Z"}
    assert base_of(row) == pytest.approx(right(rows, lambda h: h < 48))
    page, row = report(store, *window, "--baseline", "2d")
    assert row["verdict"] == "BETTER"  # than an incident
    assert base_of(row) == pytest.approx(right(rows, lambda h: 24 <= h < 72))


@pytest.mark.parametrize("options", [("--gap", "soon"), ("--gap", "1d", "--baseline", "2026-03-01..2026-03-02")])
def test_a_gap_that_is_none_is_said(assay, tmp_path, report, options):
    store = evaluate(assay, tmp_path, rows_of(1, lambda h: 1), "store", RUBRIC)
    assert "--gap" in report(store, "--window", "2026-03-04..2026-03-05", *options, status=(2,))


def test_marks_name_baselines_and_windows(assay, tmp_path, report, mark):
    rows = rows_of(72, lambda h: 0.9 if h < 36 else 0.6)
    store = evaluate(assay, tmp_path, rows, "store", RUBRIC)
    mark(store, "deployed v6", at(0))
    mark(store, "deployed v6", at(6) + timedelta(minutes=3))  # the later one counts
    mark(store, "deployed v6", at(12), "--model", "another")
    mark(store, "deployed v7", at(36))
    page, row = report(store, "--baseline", "deployed v6..12h", "--window", "deployed v7..24h", "--model", "m")
    assert page["baseline"] == {"from": "2026-03-01T06:00:00.000Z", "to": "2026-03-01T18:00:00.000Z"}
    assert page["window"] == {"from": "2026-03-02T12:00:00.000Z", "to": "2026-03-03T12:00:00.000Z"}
    assert base_of(row) == pytest.approx(right(rows, lambda h: 6 <= h < 18))
    page, row = report(store, "--baseline", "deployed v6..deployed v7", "--window", "deployed v7..2026-03-04",
                       "--model", "m")
    assert base_of(row) == pytest.approx(right(rows, lambda h: 6 <= h < 36))
    assert row["verdict"] == "WORSE"
    assert "marked" in report(store, "--baseline", "deployed v5..7d", status=(2,))
    window = ("--window", "2026-03-02..2026-03-03")  # the seventh version was not there yet
    assert "deployed v7" in report(store, "--baseline", "deployed v7..1h", *window, status=(2,))


def test_hours_of_the_week_are_compared_with_themselves(assay, tmp_path, report):
    """Monday mornings are hard; 2026-03-01 is a Sunday."""
    def monday_morning(h):
        return 24 <= h % 168 < 24 + 24 and 8 <= h % 24 < 12
    rows = rows_of(24 * 16, lambda h: 0.5 if monday_morning(h) else 0.95, per_hour=20)
    store = evaluate(assay, tmp_path, rows, "store", RUBRIC)
    asked = ("--window", "2026-03-16T08:10:00Z..2026-03-16T11:30:00Z", "--baseline", "2026-03-01..2026-03-16")
    _, row = report(store, *asked)
    assert row["verdict"] == "WORSE"
    page, row = report(store, *asked, "--hour-of-week")
    assert page["hour_of_week"] and page["window"]["from"] == "2026-03-16T08:00:00.000Z"
    assert page["window"]["to"] == "2026-03-16T12:00:00.000Z"
    assert base_of(row) == pytest.approx(right(rows, lambda h: h < 360 and monday_morning(h)))
    assert (row["cur"]["n"], row["cur"]["mean"]) == pytest.approx(right(rows, lambda h: h >= 360 and monday_morning(h)))
    assert row["verdict"] in ("NOT_ENOUGH_DATA", "NO_MEANINGFUL_CHANGE") and "since" not in row
    assert {point["n"] > 0 for point in row["trend"]} == {True, False}
    assert "hours of the week" in report(store, *asked, "--hour-of-week", form="text")
    assert "hours of the week" in report(store, *asked, "--hour-of-week", form="html")


def test_a_window_of_a_week_has_all_hours(assay, tmp_path, report):
    store = evaluate(assay, tmp_path, rows_of(24 * 14, lambda h: 0.9, per_hour=2), "store", RUBRIC)
    asked = ("--window", "2026-03-08..2026-03-15", "--baseline", "7d")
    (plain, _), (like, _) = report(store, *asked), report(store, *asked, "--hour-of-week")
    assert {**like, "hour_of_week": False} == plain
