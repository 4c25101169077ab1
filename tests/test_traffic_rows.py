"""Does a drift report say of latency, tokens and lengths what a few plain lines of Python say of the rows?"""
import json
import random
import subprocess
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
from scipy import stats

from made_stores import at, evaluate
from test_measures import EXACT_MAX, GROWTH, bin_of
from test_report import newcombe, wilson

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "schema" / "drift-report.schema.json").read_text())
RUBRIC = {"name": "right", "criteria": [{"name": "exact", "dimension": "accuracy", "evaluator": "reference",
                                         "options": {"metric": "exact"}, "weight": 1, "threshold": 1}]}
UNITS = {"latency": ("latency_ms", 1000), "input_tokens": ("input_tokens", 1), "output_tokens": ("output_tokens", 1)}


def traffic(seed, change, hours=72, per_hour=20, **more):
    """From the third day on as `change` makes it."""
    rng = random.Random(seed)
    rows = []
    for n in range(hours * per_hour):
        row = {"id": f"s{seed}-{n}", "timestamp": at(n / per_hour).isoformat(), "model": "m", "prompt": "p" * 40,
               "response": "yes", "reference": "yes", "latency_ms": round(rng.lognormvariate(6.5, 0.4), 3),
               "input_tokens": rng.randrange(50, 3000), "output_tokens": rng.randrange(10, 200), **more}
        rows.append(change(row) if n >= 48 * per_hour else row)
    return rows


@pytest.fixture
def report(assay):
    def call(store, *options, status=0, form="json"):
        done = subprocess.run([assay, "report", "drift", "--store", store, "--baseline", "2026-03-01..2026-03-03",
                               "--window", "2026-03-03..2026-03-04", "--format", form, *options],
                              capture_output=True, text=True)
        assert done.returncode == status, done.stderr or done.stdout
        if form != "json":
            return done.stdout
        page = json.loads(done.stdout)
        jsonschema.validate(page, SCHEMA)
        return {row["metric"]: row for row in page["rows"] if row["segment"] is None}
    return call


def split(rows, metric):
    """The bins of the baseline and of the window."""
    key, scale = UNITS[metric]
    bins = [(row["timestamp"] < at(48).isoformat(), bin_of(row[key] * scale)) for row in rows]
    return [b for before, b in bins if before], [b for before, b in bins if not before]


def value_of(number, metric):
    exact = number <= EXACT_MAX
    return (number if exact else EXACT_MAX * 2 * GROWTH ** (number - EXACT_MAX) / (GROWTH + 1)) / UNITS[metric][1]


def nearest_rank(bins, quantile):
    ranked = sorted(bins)
    return ranked[max(-(-round(quantile * len(ranked) * 1000) // 1000), 1) - 1]


@pytest.mark.parametrize("metric, quantile", [("latency", 0.95), ("input_tokens", 0.5), ("output_tokens", 0.5)])
def test_a_row_is_the_share_up_to_the_baselines_quantile(assay, tmp_path, report, metric, quantile):
    rows = traffic(1, lambda row: row | {"latency_ms": row["latency_ms"] * 1.3, "output_tokens": row["output_tokens"] // 2})
    row = report(evaluate(assay, tmp_path, rows, "store", RUBRIC), status=1)[metric]
    before, after = split(rows, metric)
    limit = nearest_rank(before, quantile)
    k1, k2 = sum(b <= limit for b in before), sum(b <= limit for b in after)
    assert (row["base"]["n"], row["cur"]["n"]) == (len(before), len(after)) == (960, 480)
    assert (row["base"]["mean"], row["cur"]["mean"]) == pytest.approx((k1 / 960, k2 / 480), abs=1e-12)
    assert row["cur"]["ci"] == pytest.approx(wilson(k2, 480)[1:], abs=1e-9)
    assert row["ci"] == pytest.approx(newcombe(k2, 480, k1, 960), abs=1e-9)
    assert row["p"] == pytest.approx(stats.fisher_exact([[k2, 480 - k2], [k1, 960 - k1]])[1], rel=1e-6, abs=1e-300)
    measure = row["measure"]
    assert measure["quantile"] == quantile
    assert measure["base"] == measure["limit"] == pytest.approx(value_of(limit, metric), rel=1e-9)
    assert measure["cur"] == pytest.approx(value_of(nearest_rank(after, quantile), metric), rel=1e-9)


def test_slower_is_worse_and_shorter_is_only_different(assay, tmp_path, report):
    rows = traffic(2, lambda row: row | {"latency_ms": row["latency_ms"] * 1.5, "output_tokens": row["output_tokens"] // 2,
                                         "prompt": "p" * 80})
    store = evaluate(assay, tmp_path, rows, "store", RUBRIC)
    read = report(store, status=1)
    assert {name: row["verdict"] for name, row in read.items()} == {
        "composite": "NO_MEANINGFUL_CHANGE", "exact": "NO_MEANINGFUL_CHANGE", "latency": "WORSE",
        "output_tokens": "CHANGED", "prompt_length": "CHANGED", "input_tokens": "NO_MEANINGFUL_CHANGE",
        "response_length": "NO_MEANINGFUL_CHANGE"}
    assert read["latency"]["tol"] == 0.02 and read["output_tokens"]["tol"] == 0.1
    assert read["prompt_length"]["measure"] == {"unit": "bytes", "quantile": 0.5, "base": 40, "cur": 80, "limit": 40}
    for row in read.values():
        if row["verdict"] in ("WORSE", "CHANGED"):
            first, last = (datetime.fromisoformat(row["since_set"][end]) for end in ("first", "last"))
            assert first <= at(48) <= last
    page = report(store, form="text", status=1)
    assert "CHANGED  m / prompt_length   p50 40 -> 80 bytes" in page and "share  up to 40 bytes: 1.000 -> 0.000" in page
    assert [line for line in page.splitlines() if len(line) > 100] == []
    assert "p50 40 -&gt; 80 bytes" in report(store, form="html", status=1) or "p50 40 -> 80 bytes" in report(
        store, form="html", status=1)


def test_faster_is_better_and_a_changed_prompt_is_no_failure(assay, tmp_path, report):
    rows = traffic(3, lambda row: row | {"latency_ms": row["latency_ms"] / 3, "prompt": "p" * 80})
    read = report(evaluate(assay, tmp_path, rows, "store", RUBRIC))
    assert read["latency"]["verdict"] == "BETTER" and read["prompt_length"]["verdict"] == "CHANGED"


def test_tolerances_of_traffic_are_its_own(assay, tmp_path, report):
    store = evaluate(assay, tmp_path, traffic(4, lambda row: row | {"latency_ms": row["latency_ms"] * 1.3}), "store", RUBRIC)
    read = report(store, "--tolerance", "0.5", status=1)  # of scores
    assert read["exact"]["tol"] == 0.5 and read["latency"]["tol"] == 0.02
    read = report(store, "--tolerance", "traffic=0.3", "--tolerance", "latency=0.9")
    assert (read["prompt_length"]["tol"], read["latency"]["tol"]) == (0.3, 0.9)


def test_what_is_not_known_does_not_count(assay, tmp_path, report):
    rows = traffic(5, lambda row: row)
    for n, row in enumerate(rows):
        if n % 3 == 0 or n >= 48 * 20:
            del row["output_tokens"]
    row = report(evaluate(assay, tmp_path, rows, "store", RUBRIC))["output_tokens"]
    assert (row["base"]["n"], row["cur"]["n"]) == (640, 0) and row["verdict"] == "NOT_ENOUGH_DATA"
    assert row["measure"]["cur"] is None


def test_values_are_weighted_by_their_probability(assay, tmp_path, report):
    rows = traffic(6, lambda row: row, per_hour=10, prompt="p" * 10, probability=0.25) + traffic(
        7, lambda row: row, per_hour=10, prompt="p" * 90)
    row = report(evaluate(assay, tmp_path, rows, "store", RUBRIC))["prompt_length"]
    assert row["measure"]["base"] == 10 and row["base"]["mean"] == pytest.approx(0.8)


def test_hours_say_what_minutes_said(assay, tmp_path, report, build):
    rows = traffic(8, lambda row: row | {"output_tokens": row["output_tokens"] // 2})
    store = evaluate(assay, tmp_path, rows, "store", RUBRIC)
    before = report(store)
    done = subprocess.run([build / "tests" / "fold_probe", store, str(int(at(24 * 30).timestamp() * 1000))])
    assert done.returncode == 0
    assert report(store) == before and before["output_tokens"]["verdict"] == "CHANGED"


def test_shares_of_languages_are_those_of_the_rows(assay, tmp_path, report):
    """Of a third language more comes; what is kept of it with a quarter of the probability stands for four."""
    rng, rows = random.Random(9), []
    for n, row in enumerate(traffic(9, lambda row: row, per_hour=30)):
        odds = (6, 3, 1) if n < 48 * 30 else (4, 3, 3)
        language = rng.choices(("en", "de", "sv"), odds)[0]
        rows.append(row | {"tags": {"language": language}} | ({"probability": 0.25} if language == "sv" else {}))
    told = evaluate(assay, tmp_path, rows, "told", RUBRIC, options=["--segment-by", "language"])
    read = report(told, "--segment", "language")
    means = {}
    for language in ("en", "de", "sv"):
        row = read[f"language={language}"]
        assert (row["dimension"], row["rubric"], row["tol"]) == ("traffic", "", 0.05)
        for side, of in (("base", rows[:48 * 30]), ("cur", rows[48 * 30:])):
            weights = [(1 / r.get("probability", 1), r["tags"]["language"] == language) for r in of]
            means[language, side] = sum(w for w, own in weights if own) / sum(w for w, _ in weights)
            assert row[side]["n"] == len(of)
            assert row[side]["mean"] == pytest.approx(means[language, side], abs=1e-9)
        assert row["measure"] == {"unit": "share", "quantile": None, "base": row["base"]["mean"],
                                  "cur": row["cur"]["mean"], "limit": None}
    assert {name: row["verdict"] for name, row in read.items() if name.startswith("language")} == {
        "language=en": "CHANGED", "language=sv": "CHANGED", "language=de": "NOT_ENOUGH_DATA"}
    page = report(told, form="text")
    assert f"CHANGED  m / language=sv   {means['sv', 'base']:.3f} -> {means['sv', 'cur']:.3f}   +" in page
    assert [line for line in page.splitlines() if len(line) > 100] == []
    assert not any(name.startswith("language") for name in report(evaluate(assay, tmp_path, rows, "untold", RUBRIC)))
