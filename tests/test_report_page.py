"""Can a person who never saw the tool read the page of a drift report, and say what to do?"""
import json
import math
import subprocess
from datetime import datetime

import jsonschema
import pytest

from test_report import BASELINE, RUBRIC, SCHEMA, START, WINDOW, at, split, traffic, wilson

SECOND = {"name": "second", "criteria": [RUBRIC["criteria"][0], {
    "name": "quasi", "dimension": "style", "evaluator": "reference", "options": {"metric": "quasi_exact"},
    "weight": 1, "threshold": 1}]}


def of_scores(rows):
    return [row for row in rows if row["dimension"] != "traffic"]


@pytest.fixture
def store(assay, tmp_path):
    """Evaluates rows by rubrics into one store; returns its folder."""
    def call(rows, *rubrics):
        records, arguments = tmp_path / "rows.jsonl", []
        records.write_text("".join(json.dumps(row) + "\n" for row in rows))
        for rubric in rubrics or (RUBRIC,):
            document = tmp_path / f"{rubric['name']}.json"
            document.write_text(json.dumps(rubric))
            arguments += ["--rubric", document]
        done = subprocess.run([assay, "eval", *arguments, "--store", tmp_path / "store", records],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return tmp_path / "store"
    return call


@pytest.fixture
def drift(assay):
    """The page as text and what stood on stderr."""
    def call(folder, *options, baseline=BASELINE, window=WINDOW, status=1):
        done = subprocess.run([assay, "report", "drift", "--store", folder, "--baseline", baseline, "--window", window,
                               *options], capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done.stdout, done.stderr
    return call


@pytest.fixture
def document(drift):
    def call(*arguments, **named):
        page = json.loads(drift(*arguments, "--format", "json", **named)[0])
        jsonschema.validate(page, SCHEMA)
        return page
    return call


def test_the_page_says_what_since_when_how_sure_and_what_to_do(store, drift):
    rows = traffic(1, 0.9, 0.75)
    page = drift(store(rows))[0].splitlines()
    before, after = split(rows)
    means = sum(before) / len(before), sum(after) / len(after)
    assert page[0].startswith(f"WORSE  m / composite   {means[0]:.3f} -> {means[1]:.3f}   {means[1] - means[0]:+.3f} [")
    assert page[0].endswith("tolerance 0.02")
    heads = [line.split()[0] for line in page if line and not line.startswith(" ")]
    for head in ("since", "sure", "data", "trend", "do", "window", "baseline", "tested", "read", "next"):
        assert head in heads
    assert any(line.startswith("data   baseline 960 scores; window 480 scores") for line in page)
    assert ("window    Tue 2026-03-03 00:00 to Wed 2026-03-04 00:00 UTC, scores until Wed 2026-03-04 00:00"
            in page)
    assert any("nothing known to be missing" in line for line in page)
    assert max(map(len, page)) <= 100


def test_rows_that_would_read_the_same_name_their_rubric(store, drift, document):
    folder = store(traffic(1, 0.9, 0.75), RUBRIC, SECOND)
    page = drift(folder)[0]
    first_lines = [line for line in page.splitlines() if line.startswith("WORSE")]
    for name in ("composite of right", "composite of second", "exact of right", "exact of second", "quasi "):
        assert sum(f"m / {name}" in line for line in first_lines) == 1, name
    rows = of_scores(document(folder)["rows"])
    assert {(row["rubric"], row["metric"]) for row in rows} == {
        ("right", "composite"), ("right", "exact"), ("second", "composite"), ("second", "exact"), ("second", "quasi")}
    assert {(row["base"]["n"], row["cur"]["n"]) for row in rows} == {(960, 480)}  # none counts twice


def test_a_tolerance_is_of_a_metric_a_dimension_or_all(store, drift, document):
    folder = store(traffic(1, 0.9, 0.75), RUBRIC, SECOND)
    options = ["--tolerance", "0.03", "--tolerance", "style=0.4", "--tolerance", "exact=0.2",
               "--tolerance", "accuracy=0.1"]
    rows = {(row["rubric"], row["metric"]): row for row in of_scores(document(folder, *options)["rows"])}
    assert {name: row["tol"] for name, row in rows.items()} == {
        ("right", "composite"): 0.03, ("second", "composite"): 0.03, ("right", "exact"): 0.2, ("second", "exact"): 0.2,
        ("second", "quasi"): 0.4}
    assert rows["second", "quasi"]["verdict"] == "NO_MEANINGFUL_CHANGE"
    text, warnings = drift(folder, *options, "--tolerance", "safty=0.1")
    assert "tolerance 0.4" in text
    assert "--tolerance safty: nothing in these windows" in warnings and warnings.count("\n") == 1


@pytest.mark.parametrize("text", ["safety=", "=0.1", "x", "safety=2", "0", "nan", "0.1x"])
def test_a_tolerance_that_is_none_is_told(assay, tmp_path, text):
    done = subprocess.run([assay, "report", "drift", "--store", tmp_path, "--tolerance", text], capture_output=True,
                          text=True)
    assert done.returncode == 2 and "--tolerance" in done.stderr and not done.stdout


def test_too_few_scores_say_how_many_would_do(store, drift, document):
    folder = store(traffic(4, 0.9, 0.9, per_hour=3))
    row = next(row for row in document(folder, status=0)["rows"] if row["metric"] == "exact")
    assert row["verdict"] == "NOT_ENOUGH_DATA"
    rates = [(side["mean"] * side["n"] + 2) / (side["n"] + 4) for side in (row["base"], row["cur"])]
    error = math.sqrt(sum(p * (1 - p) / (side["n"] + 4) for p, side in zip(rates, (row["base"], row["cur"]))))
    mde = (1.959963984540054 + 0.8416212335729143) * error
    assert row["mde"] == pytest.approx(mde, rel=1e-6)
    assert row["more"] == pytest.approx((mde / 0.02) ** 2, rel=1e-6)
    page = drift(folder, status=0)[0]
    assert f"a change of {mde:.2g} would show (80 %)" in page and "\nnext" not in page


def test_the_trend_is_each_step_of_time(store, document):
    rows = traffic(1, 0.9, 0.75)
    row = next(row for row in document(store(rows))["rows"] if row["metric"] == "exact")
    times = [(datetime.fromisoformat(row["timestamp"]), row["response"] == "yes") for row in rows]
    assert len(row["trend"]) == 36 and row["trend"][24]["from"] == "2026-03-03T00:00:00.000Z"
    end = START
    for point in row["trend"]:
        begin, start = datetime.fromisoformat(point["from"]), end
        end = datetime.fromisoformat(point["to"])
        of = [right for when, right in times if start <= when < end]
        assert begin == start and point["n"] == len(of) == 40
        assert point["mean"] == pytest.approx(sum(of) / 40, abs=1e-9)
        assert point["ci"] == pytest.approx(wilson(sum(of), 40)[1:], abs=1e-9)
    assert end == at(72)


def test_missing_scores_show_their_worst_case(store, drift, document):
    """Nobody answers as the judge: its criterion has no scores, and nothing is known."""
    judged = {"name": "judged", "criteria": [
        RUBRIC["criteria"][0],
        {"name": "help", "dimension": "helpfulness", "evaluator": "judge", "options": {"template": "relevance"},
         "weight": 1, "threshold": 0.5}]}
    folder = store(traffic(5, 0.9, 0.9), judged)
    row = next(row for row in document(folder, status=0)["rows"] if row["metric"] == "help")
    assert row["cur"]["missing"] == 1 and row["cur"]["missing_bounds"] == [0, 1]
    assert "100.0 % missing: mean in [0.000, 1.000] whatever they were" in drift(folder, status=0)[0]
