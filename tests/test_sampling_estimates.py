"""Are estimates of samples with unequal probabilities, and their intervals, what plain Python says of the rows?

Means are Hajek's, the variance that of a super-population, intervals Wilson's of a size of p (1 - p) / variance for
rates and Student's of Kish's n_eff for scores; weighted to counted traffic where a worker sampled."""
import json
import math
import random
import sqlite3
import subprocess
from collections import defaultdict
from datetime import datetime

import jsonschema
import pytest
from confluent_kafka import Producer
from scipy import stats

from made_stores import RUBRIC, WORDS, answered, at, evaluate, query, rounded, wilson
from test_fleet_report import but_for_shards
from test_report import SCHEMA
from worker import Worker, environment

# share of the traffic, rate of right answers before and after, probability of being kept
STRATA = {"chat": (0.75, 0.97, 0.95, 0.04), "search": (0.15, 0.9, 0.9, 0.1), "tools": (0.08, 0.7, 0.6, 0.3),
          "legal": (0.02, 0.4, 0.3, 1)}
BASELINE, WINDOW, MIDDLE, END = "2026-03-01..2026-03-03", "2026-03-03..2026-03-04", 48, 72


def population(seed, size=20000):
    """All requests; a tenth of them has no reference, so that a criterion does not apply."""
    rng, rows = random.Random(seed), []
    for n in range(size):
        hour = END * n / size
        name = rng.choices(list(STRATA), [share for share, *_ in STRATA.values()])[0]
        row = {"id": f"s{n}", "timestamp": at(hour).isoformat(), "model": "m", "prompt": "?", "stratum": name,
               "response": answered(rng, STRATA[name][1 + (hour >= MIDDLE)])}
        rows.append(row | ({"reference": " ".join(WORDS)} if n % 10 else {}))
    return rows


def sampled(rows, seed):
    rng = random.Random(seed)
    return [row | {"probability": STRATA[row["stratum"]][3]} for row in rows if rng.random() < STRATA[row["stratum"]][3]]


# ---- plain Python ----

def hajek(pairs):
    """Mean, variance of the mean and Kish's n_eff of (weight, value)."""
    total = sum(w for w, _ in pairs)
    mean, n_eff = sum(w * y for w, y in pairs) / total, total ** 2 / sum(w * w for w, _ in pairs)
    variance = sum((w * (y - mean)) ** 2 for w, y in pairs) / total ** 2
    return mean, variance * n_eff / (n_eff - 1) if n_eff > 1 else math.nan, n_eff


def stratified(groups, factors, arrived):
    """The same of {stratum: (weight, value)s}, weights scaled by the stratum's factor."""
    total = sum(factors[g] * w for g, pairs in groups.items() for w, _ in pairs)
    mean = sum(factors[g] * w * y for g, pairs in groups.items() for w, y in pairs) / total
    variance = 0
    for g, pairs in groups.items():
        own, within, n_eff = hajek(pairs)
        if n_eff < 2:  # about the mean of all
            within = sum((w * (y - mean)) ** 2 for w, y in pairs) / sum(w for w, _ in pairs) ** 2
        part = factors[g] * sum(w for w, _ in pairs) / total
        variance += part ** 2 * within + part * (own - mean) ** 2 / arrived
    return mean, variance, total ** 2 / sum((factors[g] * w) ** 2 for g, pairs in groups.items() for w, _ in pairs)


def rate_size(mean, variance, n):
    return min(mean * (1 - mean) / variance, 1.5 * n)


def interval(mean, variance, n_eff, n, verdicts):
    if verdicts:
        size = rate_size(mean, variance, n)
        return wilson(mean * size, size)
    reach = stats.t.ppf(0.975, n_eff - 1) * math.sqrt(variance)
    return [mean - reach, mean + reach]


def newcombe(new, old):
    """Of two (rate, size)."""
    (p1, n1), (p2, n2) = new, old
    (l1, u1), (l2, u2) = wilson(p1 * n1, n1), wilson(p2 * n2, n2)
    return [p1 - p2 - math.hypot(p1 - l1, u2 - p2), p1 - p2 + math.hypot(u1 - p1, p2 - l2)]


def scores_of(store, metric):
    """{sample: value} of what was scored."""
    return dict(query(store, "SELECT sample, value FROM scores WHERE run = 'live' AND criterion = ? AND "
                             "status = 'scored'", metric))


# ---- pages ----

@pytest.fixture
def report(assay):
    def call(kind, *stores, options=(), page="json"):
        where = [word for store in stores for word in ("--store", store)]
        done = subprocess.run([assay, "report", kind, *where, "--format", page, *options], capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout if page != "json" else json.loads(done.stdout)

    def drift(*stores, options=(), page="json"):
        return call("drift", *stores, options=["--baseline", BASELINE, "--window", WINDOW, *options], page=page)
    call.drift = drift
    return call


def row_of(page, metric, segment=None):
    return next(row for row in page["rows"] if row["metric"] == metric and row.get("segment") == segment
                and row.get("kind") != "dimension")


def sides(rows):
    before = [row for row in rows if datetime.fromisoformat(row["timestamp"]) < at(MIDDLE)]
    return {"base": before, "cur": rows[len(before):]}


def test_a_drift_report_says_what_python_says(assay, tmp_path, report):
    rows = sampled(population(1), 2)
    store = evaluate(assay, tmp_path, rows, "store", options=["--segment-by", "stratum"])
    page = report.drift(store, options=["--segment", "stratum"])
    jsonschema.validate(page, SCHEMA)
    assert page["traffic"] == []
    for metric, verdicts in (("exact", True), ("overlap", False), ("composite", False)):
        values = scores_of(store, metric)
        for segment in (None, {"stratum": "chat"}, {"stratum": "legal"}):
            row, found = row_of(page, metric, segment), {}
            for side, of in sides(rows).items():
                pairs = [(1 / r["probability"], rounded(values[r["id"]])) for r in of if r["id"] in values
                         and (segment is None or r["stratum"] == segment["stratum"])]
                found[side] = *hajek(pairs), len(pairs)
                mean, variance, n_eff, n = found[side]
                assert (row[side]["n"], row[side]["mean"]) == (n, pytest.approx(mean, abs=1e-9))
                assert row[side]["n_eff"] == pytest.approx(n_eff, rel=1e-9)
                if segment is None:  # weights differ
                    assert row[side]["ci"] == pytest.approx(interval(*found[side], verdicts), abs=1e-9)
                elif verdicts:  # one weight: whole verdicts
                    assert row[side]["ci"] == pytest.approx(wilson(mean * n, n), abs=1e-9)
            if verdicts and segment is None:
                of = {side: (mean, rate_size(mean, variance, n)) for side, (mean, variance, _, n) in found.items()}
                assert row["ci"] == pytest.approx(newcombe(of["cur"], of["base"]), abs=1e-9)
            if not verdicts and segment is None:
                (m1, v1, n1, _), (m2, v2, n2, _) = found["base"], found["cur"]
                df = (v1 + v2) ** 2 / (v1 ** 2 / (n1 - 1) + v2 ** 2 / (n2 - 1))
                reach = stats.t.ppf(0.975, df) * math.sqrt(v1 + v2)
                assert row["ci"] == pytest.approx([m2 - m1 - reach, m2 - m1 + reach], abs=1e-9)


def test_quality_and_compare_say_what_python_says(assay, tmp_path, report):
    rows = sampled(population(3), 4)
    for row in sides(rows)["cur"]:
        row["model_version"] = "2"
    store = evaluate(assay, tmp_path, rows, "store")
    page = report("quality", store, options=["--window", "2026-03-01..2026-03-04"])
    for metric, verdicts in (("exact", True), ("overlap", False), ("composite", False)):
        values = scores_of(store, metric)
        pairs = [(1 / r["probability"], rounded(values[r["id"]])) for r in rows if r["id"] in values]
        mean, variance, n_eff = hajek(pairs)
        row = row_of(page, metric)
        assert (row["n"], row["mean"]) == (len(pairs), pytest.approx(mean, abs=1e-9))
        assert row["ci"] == pytest.approx(interval(mean, variance, n_eff, len(pairs), verdicts), abs=1e-9)
    # the plain mean of the sample is of other traffic
    truth = sum(r["response"] == " ".join(WORDS) for r in population(3) if "reference" in r) / 18000
    exact, row = scores_of(store, "exact"), row_of(page, "exact")
    assert row["ci"][0] < truth < row["ci"][1] < 0.99 and sum(exact.values()) / len(exact) < truth - 0.1


def test_missing_scores_weigh_as_others_do(assay, tmp_path, report):
    rows = sampled(population(5, 4000), 6)
    store = evaluate(assay, tmp_path, rows, "store")
    with sqlite3.connect(next(store.glob("shard-*.db"))) as shard:  # some were not scored, and are not acked yet
        shard.execute("UPDATE score SET status = 'error', value = NULL WHERE off % 7 = 3 AND criterion IN "
                      "(SELECT id FROM criterion WHERE name = 'clean')")
        shard.execute("DELETE FROM rollup")
        shard.execute("UPDATE tenure SET acked_to = start")
    row = row_of(report.drift(store), "clean")
    for side, of in sides(rows).items():
        weights = [(1 / r["probability"], rows.index(r) % 7 == 3) for r in of]
        wanted = sum(w for w, missing in weights if missing) / sum(w for w, _ in weights)
        assert row[side]["missing"] == pytest.approx(wanted, abs=1e-9)
        low, high = row[side]["missing_bounds"]
        assert (low, high) == pytest.approx((row[side]["mean"] * (1 - wanted), row[side]["mean"] * (1 - wanted) + wanted),
                                            abs=1e-9)


def test_the_share_of_a_criterion_is_a_factor_and_nothing_is_missing(assay, tmp_path, report):
    """A criterion of a quarter, later of all: rows of both times stand for as much traffic as there was."""
    rows = sampled(population(7), 8)
    quarter = {"name": "quarter", "criteria": [RUBRIC["criteria"][0] | {"sample": 0.25}]}
    whole = {"name": "quarter", "criteria": [RUBRIC["criteria"][0]]}
    store = evaluate(assay, tmp_path, sides(rows)["base"], "store", quarter)
    evaluate(assay, tmp_path, sides(rows)["cur"], "store", whole)
    row = row_of(report("quality", store, options=["--window", "2026-03-01..2026-03-04"]), "exact")
    values, weighed = scores_of(store, "exact"), []
    for side, of in sides(rows).items():
        share = 0.25 if side == "base" else 1
        weighed += [(1 / r["probability"] / share, values[r["id"]]) for r in of if r["id"] in values]
    mean, variance, n_eff = hajek(weighed)
    assert (row["n"], row["missing"]) == (len(weighed), 0)
    assert row["mean"] == pytest.approx(mean, abs=1e-9) and row["n_eff"] == pytest.approx(n_eff, rel=1e-9)
    assert 0.2 < len([r for r in sides(rows)["base"] if r["id"] in values]) / (0.9 * len(sides(rows)["base"])) < 0.3


# ---- a worker that samples ----

TOPIC, PARTITIONS = "captures", 6
KEPT = {"chat": 0.1, "search": 0.2, "tools": 0.5, "legal": 1, "odd": 0.2, "strange": 0.3}


def produce(bootstrap, rows):
    producer = Producer({"bootstrap.servers": bootstrap})
    for number, row in enumerate(rows):
        producer.produce(TOPIC, json.dumps(row).encode(), partition=number % PARTITIONS)
        producer.poll(0)
    assert producer.flush(60) == 0


@pytest.fixture
def scored(assay, mock_kafka, tmp_path):
    """Evaluates rows in so many lanes, each with a shard; strata have probabilities that all agree on."""
    (tmp_path / "rubric.json").write_text(json.dumps(RUBRIC))

    def call(bootstrap, name, lanes, options):
        store = tmp_path / name
        worker = Worker(assay, ["--brokers", bootstrap, "--topic", TOPIC, "--group", name, "--rubric", tmp_path / "rubric.json",
                                "--store", store, "--lanes", lanes, "--from", "earliest", "--metrics", "none",
                                "--sample-key", "secret", *options], environment("http://127.0.0.1:1", "http://127.0.0.1:1"),
                        tmp_path / f"{name}.log")
        worker.start("--until-end")
        assert worker.wait(90) == 0, worker.said()
        return store
    return call


BY_HAND = [word for name, p in KEPT.items() for word in ("--sample-stratum", f"{name}={p}")]


@pytest.mark.timeout(240)
def test_scores_are_weighted_to_counted_traffic(scored, mock_kafka, report):
    """Half of the records stand for two requests each already. Of two strata too few are kept: they share a factor."""
    rows = [row | ({"probability": 0.5} if n % 2 else {}) | ({"stratum": ["odd", "strange"][n % 2]} if n % 250 < 2 else {})
            for n, row in enumerate(population(9, 6000))]
    kafka = mock_kafka({TOPIC: PARTITIONS})
    produce(kafka.bootstrap, rows)
    one = scored(kafka.bootstrap, "one", 1, BY_HAND)
    six = scored(kafka.bootstrap, "six", 6, BY_HAND)
    assert len(list(six.glob("shard-*.db"))) == 6
    page = report.drift(one)
    jsonschema.validate(page, SCHEMA)
    assert but_for_shards(report.drift(six)) == but_for_shards(page)
    for form in ("text", "html"):
        first, second = ([line for line in report.drift(store, page=form).splitlines() if "shard" not in line]
                         for store in (one, six))
        assert first == second

    kept = dict(query(one, "SELECT sample, probability FROM delivery WHERE state = 'scored'"))
    (traffic,) = page["traffic"]
    for metric, verdicts in (("exact", True), ("overlap", False), ("clean", True)):
        values, row, sizes = scores_of(one, metric), row_of(page, metric), {}
        for side, of in sides(rows).items():
            came, stands, groups = defaultdict(float), defaultdict(float), defaultdict(list)
            for r in of:
                came[r["stratum"]] += 1 / r.get("probability", 1)
                if r["id"] in kept:
                    assert kept[r["id"]] == pytest.approx(r.get("probability", 1) * KEPT[r["stratum"]], rel=1e-12)
                    stands[r["stratum"]] += 1 / kept[r["id"]]
                if r["id"] in values:
                    groups[r["stratum"]].append((1 / kept[r["id"]], rounded(values[r["id"]])))
            assert traffic[side] == {"requests": pytest.approx(sum(came.values())), "arrived": len(of),
                                     "kept": sum(r["id"] in kept for r in of)}
            few = [g for g in came if sum(r["id"] in kept for r in of if r["stratum"] == g) < 10]
            assert sorted(few) == ["odd", "strange"]
            factors = {g: came[g] / stands[g] for g in came if g not in few}
            factors |= {g: sum(came[g] for g in few) / sum(stands[g] for g in few) for g in few}
            assert max(abs(f - 1) for f in factors.values()) > 0.01  # else it would not show
            mean, variance, n_eff = stratified(groups, factors, len(of))
            n = sum(map(len, groups.values()))
            assert (row[side]["n"], row[side]["mean"]) == (n, pytest.approx(mean, abs=1e-9))
            assert row[side]["n_eff"] == pytest.approx(n_eff, rel=1e-9)
            assert row[side]["ci"] == pytest.approx(interval(mean, variance, n_eff, n, verdicts), abs=1e-9)
            sizes[side] = mean, rate_size(mean, variance, n) if verdicts else 0
        if verdicts:
            assert row["ci"] == pytest.approx(newcombe(sizes["cur"], sizes["base"]), abs=1e-9)
    said = report.drift(one, page="text")
    assert (f"weighted  m: baseline to {traffic['base']['requests']:.0f} requests of traffic ({traffic['base']['kept']} of 4000 "
            f"kept), window to {traffic['cur']['requests']:.0f} requests of traffic") in said
    assert [line for line in said.splitlines() if len(line) > 130] == []

    levels = report("quality", one, options=["--window", WINDOW])
    assert row_of(levels, "exact")["mean"] == row_of(page, "exact")["cur"]["mean"]
    assert row_of(levels, "exact")["ci"] == row_of(page, "exact")["cur"]["ci"]
    assert levels["traffic"] == [{"model": "m", "window": traffic["cur"]}]
    assert f"m weighted to {traffic['cur']['requests']:.0f} requests" in report("quality", one, options=["--window", WINDOW],
                                                                                page="text")
