"""Does `assay compare` say of two sides what SciPy and a few plain lines of Python say of the rows?"""
import json
import math
import random
import shutil
import sqlite3
import subprocess
from collections import defaultdict
from pathlib import Path

import jsonschema
import pytest
from scipy import stats

from made_stores import RUBRIC, WORDS, Z, answered, evaluate, query, rounded, traffic, wilson

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "schema" / "compare-report.schema.json").read_text())


@pytest.fixture
def keep(assay, tmp_path):
    return lambda rows, name="store", rubric=RUBRIC: evaluate(assay, tmp_path, rows, name, rubric)


@pytest.fixture
def compare(assay):
    def call(a, b, *stores, options=(), page="json", status=0):
        arguments = [argument for store in stores for argument in ("--store", store)]
        done = subprocess.run([assay, "compare", a, b, *arguments, "--format", page, *options],
                              capture_output=True, text=True)
        assert done.returncode == status or status is None, done.stderr or done.stdout[:600]
        if page == "text":
            return done.stdout
        read = json.loads(done.stdout)
        jsonschema.validate(read, SCHEMA)
        return read
    return call


def two_models(seed, before, after, count=480, clean=0.95, **more):
    """The same samples by models a and b."""
    rng = random.Random(seed + 1000)
    rows = traffic(seed, before, count, model="a")
    if clean == 1:
        rows = [row | {"response": row["response"].replace(" zounds", "")} for row in rows]
    return rows + [row | {"model": "b", "response": answered(rng, after, clean),
                          "latency_ms": rng.randrange(300, 2500), **more} for row in rows]


def as_run(store, name="R", number=2):
    """What a rerun leaves: its shards in a folder of the store, its rows under the run's id."""
    for path in store.glob("shard-*.db"):
        with sqlite3.connect(path) as shard:
            shard.execute("INSERT INTO run(id, name) VALUES(?, ?)", (number, name))
            for table in ("delivery", "score", "tenure", "rollup", "measure", "category", "text"):
                shard.execute(f"UPDATE {table} SET run = ?", (number,))
    return store


def values(store, criterion, model=None, run="live"):
    return {sample: value for sample, value in query(
        store, "SELECT sample, value FROM scores WHERE criterion = ? AND run = ? AND status = 'scored' AND "
               "coalesce(?, model) = model", criterion, run, model)}


def row_of(page, metric, kind="criterion"):
    (row,) = [row for row in page["rows"] if (row["metric"], row["kind"]) == (metric, kind)]
    return row


def newcombe_paired(both, only_a, only_b, neither):
    """Method 10 of Newcombe 1998, of A - B."""
    n = both + only_a + only_b + neither
    (l1, u1), (l2, u2) = wilson(both + only_a, n), wilson(both + only_b, n)
    p1, p2 = (both + only_a) / n, (both + only_b) / n
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    determinant = both * neither - only_a * only_b
    if determinant > 0:
        determinant = max(determinant - n / 2, 0)
    phi = determinant / math.sqrt(margins) if margins else 0
    low = (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2
    high = (u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2
    return [p1 - p2 - math.sqrt(low), p1 - p2 + math.sqrt(high)]


def test_pairs_of_verdicts(keep, compare):
    store = keep(two_models(1, 0.9, 0.7))
    page = compare("a", "b", store, status=1)
    a, b = values(store, "exact", "a"), values(store, "exact", "b")
    pairs = [(a[s], b[s]) for s in a]
    table = [pairs.count(p) for p in ((1, 1), (1, 0), (0, 1), (0, 0))]
    row = row_of(page, "exact")
    assert (page["paired"], page["matched"], row["method"]) == (True, 480, "mcnemar")
    assert row["p"] == pytest.approx(stats.binomtest(table[1], table[1] + table[2]).pvalue, rel=1e-9)
    low, high = newcombe_paired(*table)
    assert row["ci"] == pytest.approx([-high, -low], abs=1e-9)
    assert row["delta"] == pytest.approx((table[2] - table[1]) / sum(table), abs=1e-12)
    assert (row["broke"], row["fixed"], row["verdict"]) == (table[1], table[2], "WORSE")
    assert page["recommendation"]["verdict"] == "WORSE" and "keep A" in page["recommendation"]["words"]
    # the composite is no verdict: other weights of the same samples
    assert page["rows"][page["recommendation"]["row"]]["verdict"] == "WORSE"


def dimension_values(store, dimension, model):
    parts = defaultdict(list)
    for sample, value, weight in query(
            store, "SELECT sample, value, weight FROM scores WHERE dimension = ? AND model = ? AND status = 'scored'",
            dimension, model):
        parts[sample].append((value, weight))
    return {s: sum(v * w for v, w in of) / sum(w for _, w in of) for s, of in parts.items()}


def test_pairs_of_scores(keep, compare):
    store = keep(two_models(2, 0.8, 0.75))
    page = compare("model:a", "model:b", store)
    for metric, kind, of in (("overlap", "criterion", lambda m: values(store, "overlap", m)),
                             ("composite", "composite", lambda m: values(store, "composite", m)),
                             ("accuracy", "dimension", lambda m: dimension_values(store, "accuracy", m))):
        a, b = of("a"), of("b")
        differences = [rounded(b[s]) - rounded(a[s]) for s in a]
        test = stats.ttest_1samp(differences, 0)
        interval = test.confidence_interval(0.95)
        row = row_of(page, metric, kind)
        assert row["method"] == "paired_t" and row["a"]["n"] == len(a)
        assert row["delta"] == pytest.approx(sum(differences) / len(a), abs=1e-12)
        assert row["ci"] == pytest.approx([interval.low, interval.high], abs=1e-9)
        assert row["p"] == pytest.approx(test.pvalue, rel=1e-6)
        flips = stats.permutation_test((differences,), sum, permutation_type="samples", n_resamples=9999,
                                       random_state=3)
        assert row["p_permutation"] == pytest.approx(flips.pvalue, abs=0.03)


def test_rows_are_adjusted_together(keep, compare):
    page = compare("a", "b", keep(two_models(3, 0.85, 0.8)))
    p = [row["p"] for row in page["rows"]]
    assert len(p) == page["tested"] == 6
    assert [row["p_bh"] for row in page["rows"]] == pytest.approx(list(stats.false_discovery_control(p)), rel=1e-9)


LANGUAGES = ("de", "en", "fr")


def in_languages(rows):
    return [row | {"tags": {"language": LANGUAGES[int(row["id"][1:]) % 3]}} for row in rows]


def keep_segments(assay, folder, rows, rubric=RUBRIC):
    return evaluate(assay, folder, rows, "store", rubric, options=("--segment-by", "language"))


def test_segments_are_compared_each_and_adjusted_together(assay, tmp_path, compare):
    rng = random.Random(7)
    rows = in_languages(two_models(30, 0.9, 0.9, count=900))
    for row in rows[900:]:
        if row["tags"]["language"] == "de":
            row["response"] = answered(rng, 0.7)
    store = keep_segments(assay, tmp_path, rows)
    language = {row["id"]: row["tags"]["language"] for row in rows}
    page = compare("a", "b", store, options=["--segment", "language"], status=1)
    a, b = values(store, "exact", "a"), values(store, "exact", "b")
    row = row_of(page, "exact")
    assert {part["segment"]["language"] for part in row["segments"]} == set(LANGUAGES)
    assert row["segments"][0]["segment"] == {"language": "de"} and row["segments"][0]["verdict"] == "WORSE"
    for part in row["segments"]:
        pairs = [(a[s], b[s]) for s in a if language[s] == part["segment"]["language"]]
        table = [pairs.count(p) for p in ((1, 1), (1, 0), (0, 1), (0, 0))]
        assert part["method"] == "mcnemar" and part["a"]["n"] == len(pairs)
        assert part["p"] == pytest.approx(stats.binomtest(table[1], table[1] + table[2]).pvalue, rel=1e-9)
        low, high = newcombe_paired(*table)
        assert part["ci"] == pytest.approx([-high, -low], abs=1e-9)
        assert (part["broke"], part["fixed"]) == (table[1], table[2])
    every = [each for row in page["rows"] for each in (row, *row["segments"])]
    assert page["tested"] == len(every) == 6 * 4
    assert [each["p_bh"] for each in every] == pytest.approx(
        list(stats.false_discovery_control([each["p"] for each in every])), rel=1e-9)
    plain = compare("a", "b", store, status=None)
    assert plain["tested"] == 6 and all(row["segments"] == [] for row in plain["rows"])
    text = compare("a", "b", store, page="text", options=["--segment", "language"], status=1)
    assert text.count("    language=de          WORSE") >= 2


def test_a_segment_that_is_worse_is_reason_enough(assay, tmp_path, compare):
    """Worse in a tenth of the traffic only: the means of all are within the tolerance."""
    rng = random.Random(8)
    rows = two_models(31, 1, 1, count=2000, clean=1)
    for row in rows:
        row["tags"] = {"language": "de" if int(row["id"][1:]) % 20 == 1 else "en"}
        if row["model"] == "b" and row["tags"]["language"] == "de":
            row["response"] = answered(rng, 0.5)
    page = compare("a", "b", keep_segments(assay, tmp_path, rows), status=1,
                   options=["--segment", "language", "--tolerance", "0.05"])
    told = page["recommendation"]
    assert all(row["verdict"] != "WORSE" for row in page["rows"])
    assert told["verdict"] == "WORSE" and told["segment"] == {"language": "de"} and "in language=de" in told["words"]
    worst = max((part for row in page["rows"] for part in row["segments"] if part["verdict"] == "WORSE"),
                key=lambda part: -part["ci"][1])
    assert page["rows"][told["row"]]["segments"][0] == worst


def test_segments_without_pairs(assay, tmp_path, compare):
    rows = in_languages(two_models(32, 0.9, 0.6))
    for row in rows[480:]:
        row["id"] = "other" + row["id"]
    store = keep_segments(assay, tmp_path, rows)
    page = compare("a", "b", store, options=["--segment", "language"], status=1)
    assert "0 samples are in both sides, too few for pairs" in page["notes"][0]
    language = {row["id"]: row["tags"]["language"] for row in rows}
    for part in row_of(page, "exact")["segments"]:
        table = [[sum(of), len(of) - sum(of)] for model in "ba" for of in [[
            v for s, v in values(store, "exact", model).items() if language[s] == part["segment"]["language"]]]]
        assert part["p"] == pytest.approx(stats.fisher_exact(table)[1], rel=1e-6)


def test_what_was_not_compared_is_named(keep, compare):
    """Samples of one side, records without an id, redacted, skipped and failed scores."""
    rows = two_models(33, 0.9, 0.9)
    rows = rows[40:480] + rows[480:-30]
    store = keep(rows)
    gaps = {"redacted": 11, "not_applicable": 7, "skipped": 5, "error": 3}
    (path,) = store.glob("shard-*.db")
    with sqlite3.connect(path) as shard:
        taken = [off for (off,) in shard.execute(
            "SELECT d.off FROM delivery d JOIN word w ON w.id = d.model WHERE w.text = 'b' AND sample IN "
            "(SELECT sample FROM delivery e JOIN word v ON v.id = e.model WHERE v.text = 'a') ORDER BY d.off")]
        for reason, status, count in (("redacted", "not_applicable", 11), ("no_text", "not_applicable", 7),
                                      ("judge_unavailable", "skipped", 5), ("timeout", "error", 3)):
            for off in [taken.pop() for _ in range(count)]:
                shard.execute("UPDATE score SET status = ?, reason = ?, value = NULL, passed = NULL WHERE off = ? AND "
                              "criterion = (SELECT id FROM criterion WHERE name = 'clean')", (status, reason, off))
    page = compare("a", "b", store)
    matched = len({r["id"] for r in rows if r["model"] == "a"} & {r["id"] for r in rows if r["model"] == "b"})
    row = row_of(page, "clean")
    assert page["matched"] == matched == 410 and row["missing_b"] == gaps
    assert row["missing_a"] == dict.fromkeys(gaps, 0)
    assert (row["all_a"]["n"], row["all_b"]["n"], row["a"]["n"]) == (440, 450 - 26, 410 - 26)
    for side, model in (("all_a", "a"), ("all_b", "b")):
        of = list(values(store, "clean", model).values())
        assert row[side]["mean"] == pytest.approx(sum(of) / len(of))
    assert not any("not like the rest" in note for note in page["notes"])
    assert page["notes"][0] == "30 samples are in A only and 40 in B only: they are not compared"
    assert any(note.startswith("redacted text could not be judged: 0 scores of B") and "11 of A" in note
               for note in page["notes"])
    assert any(note.startswith("skipped or failed: 0 scores of B") and "8 of A" in note for note in page["notes"])
    text = compare("a", "b", store, page="text")
    assert "    not with B: 11 redacted, 7 not applicable, 5 skipped, 3 error\n" in text
    with sqlite3.connect(path) as shard:
        shard.execute("UPDATE delivery SET sample = NULL WHERE off < 5")
    page = compare("a", "b", store)
    assert page["without_id"] == 5 and any("5 scored records have no id" in note for note in page["notes"])


def test_pairs_of_failures_are_said_to_be_that(keep, compare):
    """B has only what failed with A, as where texts of failures are kept and scored again."""
    rows = two_models(36, 0.8, 0.8)
    store = keep(rows)
    failed = {s for s, v in values(store, "exact", "a").items() if v == 0}
    store = keep(rows[:480] + [row for row in rows[480:] if row["id"] in failed], "some")
    page = compare("a", "b", store)
    a = values(store, "composite", "a")
    pairs = sum(a[s] for s in failed) / len(failed)
    assert page["paired"] and page["matched"] == len(failed)
    assert page["recommendation"]["verdict"] == "BETTER"  # which the note takes back
    (note,) = [note for note in page["notes"] if "not like the rest of A" in note]
    assert f"composite of A is {pairs:.3f} in pairs and {sum(a.values()) / len(a):.3f} of all" in note


def test_flips_come_before_what_only_moved(keep, compare):
    """A score may flip by little, and move far without flipping."""
    store = keep(two_models(34, 0.7, 0.7))
    page = compare("a", "b", store, options=["--movers", "1000"])
    a, b = values(store, "overlap", "a"), values(store, "overlap", "b")
    flip = {s: (b[s] >= 0.5) - (a[s] >= 0.5) for s in a}
    row = row_of(page, "overlap")
    wanted = sorted((flip[s] == 0, -abs(b[s] - a[s]), b[s] - a[s], s) for s in a if rounded(a[s]) != rounded(b[s]))
    assert [(m["sample"], m.get("flip")) for m in row["movers"]] == [
        (s, {0: None, 1: "fixed", -1: "broke"}[flip[s]]) for _, _, _, s in wanted]
    table = [sum((a[s] >= 0.5, b[s] >= 0.5) == cell for s in a) for cell in
             ((True, True), (True, False), (False, True), (False, False))]
    assert (row["broke"], row["fixed"]) == (table[1], table[2])
    n, same = sum(table), (table[0] + table[3]) / sum(table)
    chance = ((table[0] + table[1]) * (table[0] + table[2]) + (table[2] + table[3]) * (table[1] + table[3])) / n ** 2
    assert row["passes"] == {"n": n, "agreement": pytest.approx(same),
                             "kappa": pytest.approx((same - chance) / (1 - chance), abs=1e-12)}


def test_costs_stand_beside_quality(keep, compare):
    rows = two_models(35, 0.9, 0.9)
    store = keep(rows)
    page = compare("a", "b", store, options=["--price", "0.15/0.6", "--price", "a=3/15"])
    cost = {m: [(r["input_tokens"] * i + r["output_tokens"] * o) / 1000 for r in rows if r["model"] == m]
            for m, i, o in (("a", 3, 15), ("b", 0.15, 0.6))}
    test = stats.ttest_rel(cost["b"], cost["a"])
    (row,) = [m for m in page["measures"] if m["measure"] == "cost_per_1000"]
    assert row["a"]["mean"] == pytest.approx(sum(cost["a"]) / 480)
    assert row["delta"] == pytest.approx((sum(cost["b"]) - sum(cost["a"])) / 480, rel=1e-9)
    assert row["ci"] == pytest.approx(list(test.confidence_interval(0.95)), rel=1e-6)
    assert f"cost of 1000 {row['delta']:+.3f} [" in page["recommendation"]["words"]
    page = compare("a", "b", store, options=["--price", "a=3/15"])
    assert any(note.startswith("no cost of both sides") for note in page["notes"])


def test_other_samples_are_no_pairs(keep, compare):
    rows = two_models(4, 0.9, 0.6)
    for row in rows[480:]:
        row["id"] = "other" + row["id"]
    store = keep(rows)
    page = compare("a", "b", store, status=1)
    a, b = values(store, "exact", "a"), values(store, "exact", "b")
    row = row_of(page, "exact")
    assert (page["paired"], page["matched"], row["method"]) == (False, 0, "fisher")
    table = [[sum(v.values()), len(v) - sum(v.values())] for v in (b, a)]
    assert row["p"] == pytest.approx(stats.fisher_exact(table)[1], rel=1e-6)
    (p1, p2), (low1, high1), (low2, high2) = [t[0] / sum(t) for t in table], *(wilson(t[0], sum(t)) for t in table)
    assert row["ci"] == pytest.approx([p1 - p2 - math.hypot(p1 - low1, high2 - p2),
                                       p1 - p2 + math.hypot(high1 - p1, p2 - low2)], abs=1e-9)
    of = [[rounded(v) for v in values(store, "overlap", m).values()] for m in "ba"]
    test, row = stats.ttest_ind(*of, equal_var=False), row_of(page, "overlap")
    interval = test.confidence_interval(0.95)
    assert row["ci"] == pytest.approx([interval.low, interval.high], abs=1e-9) and row["method"] == "welch"
    took = [[r["latency_ms"] for r in rows if r["model"] == m] for m in "ab"]
    test = stats.ttest_ind(took[1], took[0], equal_var=False)
    (latency,) = [m for m in page["measures"] if m["measure"] == "latency_ms"]
    assert latency["p"] == pytest.approx(test.pvalue, rel=1e-6)
    assert latency["ci"] == pytest.approx(list(test.confidence_interval(0.95)), rel=1e-6)


def test_latency_and_tokens_stand_beside(keep, compare):
    rows = two_models(5, 0.9, 0.9)
    page = compare("a", "b", keep(rows))
    took = {m: [r["latency_ms"] for r in rows if r["model"] == m] for m in "ab"}
    test = stats.ttest_rel(took["b"], took["a"])
    (latency,) = [m for m in page["measures"] if m["measure"] == "latency_ms"]
    assert latency["delta"] == pytest.approx((sum(took["b"]) - sum(took["a"])) / 480, rel=1e-9)
    assert latency["ci"] == pytest.approx(list(test.confidence_interval(0.95)), rel=1e-6)
    for side in "ab":
        ranked = sorted(took[side])
        assert latency[side]["mean"] == pytest.approx(sum(ranked) / 480)
        assert latency[side]["p95"] == pytest.approx(ranked[math.ceil(0.95 * 480) - 1], rel=0.011)


def test_a_rerun_by_other_rules(keep, compare):
    """Runs stand in a folder of the store; criteria of one name are compared though their hash is another."""
    rows = traffic(6, 0.8)
    live = keep(rows)
    loose = {**RUBRIC, "criteria": [{**RUBRIC["criteria"][0], "options": {"metric": "quasi_exact"}},
                                    *RUBRIC["criteria"][1:],
                                    {"name": "brief", "dimension": "tone", "evaluator": "length",
                                     "options": {"max": 100}, "weight": 1, "threshold": 1}]}
    shouted = [row | {"response": row["response"].upper()} if n % 5 == 0 else row for n, row in enumerate(rows)]
    (live / "runs").mkdir()
    as_run(keep(shouted, "store/runs/R", loose))
    cursing = sorted(row["id"] for row in rows[::5] if "zounds" in row["response"])
    assert cursing
    for b in ("R", "run:R"):
        page = compare("live", b, live)
        assert page["paired"] and page["matched"] == 480 and len(page["shards"]) == 2
        assert page["only_in_b"] == ["brief", "tone"] and page["only_in_a"] == []
        exact, clean = row_of(page, "exact"), row_of(page, "clean")
        (note,) = [note for note in page["notes"] if "was scored by rubric" in note]
        assert note.endswith("Criteria with other options: exact") and "only in B: brief, tone" in page["notes"]
        assert exact["hash_a"] != exact["hash_b"] and clean["hash_a"] == clean["hash_b"]
        assert exact["model"] == "m"
        assert (clean["broke"], clean["fixed"]) == (0, len(cursing))  # "ZOUNDS" is not "zounds"
        assert [mover["sample"] for mover in clean["movers"]] == cursing
    a, r = values(live, "exact"), values(live / "runs" / "R", "exact", run="R")
    assert exact["fixed"] == sum(r[s] > a[s] for s in a) and exact["broke"] == sum(r[s] < a[s] for s in a)


def test_both_runs_in_one_shard(keep, compare):
    """A rerun of the same rubric: not one score differs, and that is told for sure."""
    store = keep(traffic(7, 0.8))
    (path,) = store.glob("shard-*.db")
    with sqlite3.connect(path) as shard:
        shard.execute("INSERT INTO run(id, name) VALUES(2, 'again')")
        for table in ("delivery", "score"):
            columns = [c[1] for c in shard.execute(f"PRAGMA table_info({table})") if c[1] != "run"]
            shard.execute(f"INSERT INTO {table}(run, {', '.join(columns)}) SELECT 2, {', '.join(columns)} FROM {table}")
    page = compare("live", "again", store)
    high = wilson(0, 480)[1]
    assert page["recommendation"]["verdict"] == "NO_MEANINGFUL_CHANGE"
    row = row_of(page, "composite", "composite")
    assert (row["delta"], row["p"], row["method"]) == (0, 1, "all_pairs_same")
    assert row["ci"] == pytest.approx([-high, high], abs=1e-12)
    assert row["movers"] == [] and row["broke"] == row["fixed"] == 0


def test_movers_are_named_with_reasons(keep, compare):
    store = keep(two_models(8, 0.9, 0.85))
    a, b = values(store, "clean", "a"), values(store, "clean", "b")
    reason = {(s, m): r for s, m, r in query(
        store, "SELECT sample, model, reason FROM scores WHERE criterion = 'clean'")}
    wanted = sorted((-abs(b[s] - a[s]), b[s] - a[s], s) for s in a if a[s] != b[s])
    assert len(wanted) > 7
    for count in (7, 1000):
        row = row_of(compare("a", "b", store, options=["--movers", str(count)]), "clean")
        assert [(m["sample"], m.get("reason_a"), m.get("reason_b")) for m in row["movers"]] == [
            (s, reason[s, "a"], reason[s, "b"]) for _, _, s in wanted[:count]]
    assert any("forbid" in (m.get("reason_b") or "") for m in row["movers"])
    text = compare("a", "b", store, page="text")
    assert f"    broke 1.000 -> 0.000  {wanted[0][2]}  - -> forbidden: " in text


def test_labels_of_both_sides_are_compared(keep, compare):
    store = keep(two_models(9, 0.9, 0.9))
    rng, table = random.Random(1), defaultdict(int)
    (path,) = store.glob("shard-*.db")
    with sqlite3.connect(path) as shard:
        for n in range(480):
            a = rng.choice(["good", "fair", "poor"])
            b = a if rng.random() < 0.7 else rng.choice(["good", "fair", "poor"])
            table[a, b] += 1
            for label, off in ((a, n), (b, 480 + n)):
                shard.execute("UPDATE score SET label = ? WHERE off = ? AND criterion IN "
                              "(SELECT id FROM criterion WHERE name = 'clean')", (label, off))
    labels = row_of(compare("a", "b", store), "clean")["labels"]
    names = ["good", "fair", "poor"]
    same = sum(table[x, x] for x in names) / 480
    chance = sum(sum(table[x, y] for y in names) * sum(table[y, x] for y in names) for x in names) / 480 ** 2
    assert labels["n"] == 480 and labels["agreement"] == pytest.approx(same)
    assert labels["kappa"] == pytest.approx((same - chance) / (1 - chance), abs=1e-12)


def test_pairs_are_weighted_by_the_sampling(keep, compare):
    rows = two_models(10, 0.9, 0.8)
    for row in rows:
        row["probability"] = 1 if int(row["id"][1:]) % 3 else 0.125
    store = keep(rows)
    a, b = values(store, "exact", "a"), values(store, "exact", "b")
    weight = {row["id"]: 1 / row["probability"] for row in rows}
    w, d = [weight[s] for s in a], [b[s] - a[s] for s in a]
    mean, n = sum(x * y for x, y in zip(w, d)) / sum(w), sum(w) ** 2 / sum(x * x for x in w)
    variance = sum((x * (y - mean)) ** 2 for x, y in zip(w, d)) / sum(w) ** 2 * n / (n - 1)
    reach = stats.t.ppf(0.975, n - 1) * math.sqrt(variance)
    row = row_of(compare("a", "b", store, status=1), "exact")
    assert row["method"] == "paired_t" and row["p_permutation"] is None
    assert row["delta"] == pytest.approx(mean, abs=1e-9)
    assert row["ci"] == pytest.approx([mean - reach, mean + reach], abs=1e-9)


def test_many_stores_say_what_one_says(keep, compare):
    rows = two_models(11, 0.9, 0.8)
    one = compare("a", "b", keep(rows, "whole"), status=1)
    random.Random(3).shuffle(rows)
    stores = [keep(rows[part::5], f"part{part}") for part in range(5)]
    for order in (stores, stores[::-1]):
        many = compare("a", "b", *order, status=1)
        assert len(many["shards"]) == 5
        for key in ("rows", "measures", "recommendation", "a", "b"):
            assert json.dumps(many[key]) == json.dumps(one[key])


def test_a_sample_that_came_again_counts_once(keep, compare):
    """Of two deliveries the lower one counts, whichever shard holds it; what nobody answers for does not count."""
    rows = two_models(12, 0.9, 0.8)
    store = keep(rows)
    again = keep([row | {"response": "zounds"} for row in rows[:100]], "again")
    one = compare("a", "b", store, status=1)
    for path in again.glob("shard-*.db"):
        with sqlite3.connect(path) as shard:
            shard.execute("UPDATE source SET topic = 'zzz'")  # behind any file's
    both = compare("a", "b", store, again, status=1)
    assert both["a"] == one["a"] | {"duplicates": 100} and both["rows"] == one["rows"]
    for path in again.glob("shard-*.db"):
        with sqlite3.connect(path) as shard:
            shard.execute("UPDATE source SET topic = 'aaa'")
    assert compare("a", "b", again, store)["recommendation"]["verdict"] == "BETTER"
    for path in again.glob("shard-*.db"):
        with sqlite3.connect(path) as shard:
            shard.execute("UPDATE tenure SET acked_to = 0, low_water = 0")
    left = compare("a", "b", again, store, status=1)
    assert left["rows"] == one["rows"] and left["pending"] == 0


def test_rubrics_of_one_name_are_compared(keep, compare):
    """Two rubrics with a criterion of the same name on each side make two rows, not four."""
    other = {**RUBRIC, "name": "second", "criteria": [{**RUBRIC["criteria"][0], "options": {"metric": "quasi_exact"}}]}
    rows = two_models(13, 0.9, 0.9)
    keep(rows)
    store = keep(rows, rubric=other)
    page = compare("a", "b", store)
    exact = [row for row in page["rows"] if row["metric"] == "exact"]
    assert [(row["rubric_a"], row["rubric_b"]) for row in exact] == [("made", "made"), ("second", "second")]
    assert all(row["hash_a"] == row["hash_b"] and row["a"]["n"] == 411 for row in exact)


def test_better_and_unknown(keep, compare):
    better = compare("a", "b", keep(two_models(14, 0.6, 0.95), "better"))["recommendation"]
    assert better["verdict"] == "BETTER" and better["words"].startswith("take B") and not better["same_answers"]
    few = compare("a", "b", keep(two_models(15, 0.9, 0.85, count=20), "few"))["recommendation"]
    assert few["verdict"] == "NOT_ENOUGH_DATA" and "times the data" in few["words"]


def test_the_page_is_for_people(keep, compare):
    rows = two_models(16, 0.9, 0.7)
    store = keep([row | {"id": row["id"] + "\x1b[31m"} for row in rows])
    text = compare("a", "b", store, page="text", status=1)
    lines = text.splitlines()
    assert lines[0].startswith("keep A: B is worse (95 % sure); ") and "\x1b" not in text
    assert lines[2:5] == ["A  model a: 480 samples", "B  model b: 480 samples", "paired: 480 samples are in both"]
    assert max(map(len, lines)) <= 130
    empty = compare("a", "b", store, page="text", options=["--window", "2025-01-01..2025-01-02"])
    assert empty.startswith("not enough data") and "No scores that both sides have." in empty


def test_a_plain_name_may_be_ambiguous(keep, compare, assay):
    rows = traffic(17, 0.9, model="live") + [r | {"model": "b"} for r in traffic(18, 0.9)]
    store = keep(rows)
    done = subprocess.run([assay, "compare", "live", "b", "--store", store], capture_output=True, text=True)
    assert done.returncode == 2 and "is a run and a model: say run:live or model:live" in done.stderr
    assert compare("model:live", "b", store)["matched"] == 480


@pytest.mark.parametrize("sides,options,words", [
    (("a", "nobody"), (), '"nobody" is no run and no model of these stores; there are run:live, model:a, model:b'),
    (("a", "run:gone"), (), 'there is no run "gone"'), (("a", "live"), (), "may hold the same rows"),
    (("a", "model:"), (), "is no side"), (("a", "model:b,model:a"), (), "is no side"),
    (("a", "model:b,size:7"), (), "is no side"), (("a",), (), "A B is missing"), (("a", "b", "live"), (), "two sides"),
    (("a", "b"), ("--tolerance", "0"), "--tolerance"), (("a", "b"), ("--price", "3"), "--price"),
    (("a", "b"), ("--price", "=3/4"), "--price"), (("a", "b"), ("--price", "3/x"), "--price"),
    (("a", "b"), ("--segment", "colour"), "--segment"), (("a", "b"), ("--format", "pdf"), "nor html"),
    (("a", "b"), ("--window", "noon"), "--window"),
    (("a", "run:../../etc"), (), "there is no run")])
def test_a_wrong_command_line_says_what_is_wrong(keep, assay, sides, options, words):
    store = keep(two_models(19, 0.9, 0.9, count=8))
    done = subprocess.run([assay, "compare", *sides, "--store", store, *options], capture_output=True, text=True)
    assert done.returncode == 2 and words in done.stderr and not done.stdout


def test_a_folder_without_shards_could_not_be_read(assay, tmp_path):
    done = subprocess.run([assay, "compare", "a", "b", "--store", tmp_path], capture_output=True, text=True)
    assert done.returncode == 3 and "holds no shard" in done.stderr


def test_a_damaged_shard_is_left_out(keep, compare):
    rows = two_models(20, 0.9, 0.9)
    good, bad = keep(rows[::2], "good"), keep(rows[1::2], "bad")
    one = compare("a", "b", good)
    (path,) = bad.glob("shard-*.db")
    path.write_bytes(b"no database" * 1000)
    page = compare("a", "b", good, bad)
    assert page["partial"] and str(path) in page["problems"][0] and page["rows"] == one["rows"]


def test_versions_of_an_endpoint(keep, compare):
    rows = two_models(21, 0.9, 0.9)
    for row in rows:
        row["inference_component"] = {"a": "blue", "b": "green"}[row["model"]]
        row["model"] = "m"
    page = compare("component:blue", "component:green", keep(rows))
    assert page["matched"] == 480 and page["a"]["component"] == "blue"


def test_real_versions_are_paired(data, keep, compare):
    """Published labels of the answers of two versions of a model to the same 1000 questions, as 0/1."""
    rows, labels = [], {}
    for line in (data / "llmdrift" / "dev_prime_gpt35.jsonl").read_text().splitlines():
        row = json.loads(line)
        version = row["model"][-4:]
        question = row["id"].split("|")[0]
        labels.setdefault(question, {})[version] = row["label"]
        rows.append({"id": question, "model": version, "prompt": "?", "reference": " ".join(WORDS),
                     "response": " ".join(WORDS) if row["label"] == 1 else "no"})
    pairs = [(of["0301"], of["0613"]) for of in labels.values() if len(of) == 2]
    page = compare("0301", "0613", keep(rows))
    row = row_of(page, "exact")
    assert row["a"]["n"] == len(pairs) == 1000 and row["verdict"] == "BETTER"
    assert (row["broke"], row["fixed"]) == (pairs.count((1, 0)), pairs.count((0, 1)))
