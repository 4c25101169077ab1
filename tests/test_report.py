"""Does `assay report drift` say of stores what a few plain lines of Python say of the rows?"""
import json
import math
import os
import random
import shutil
import sqlite3
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from scipy import stats

from llmdrift import BY_LABEL, BY_TEXT, JUNE, MARCH, PUBLISHED, by_label, by_text, onset_is_the_gap, restamped

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "schema" / "drift-report.schema.json").read_text())
RUBRIC = {"name": "right", "criteria": [{"name": "exact", "dimension": "accuracy", "evaluator": "reference",
                                         "options": {"metric": "exact"}, "weight": 1, "threshold": 1}]}
GRADED = {"name": "graded", "criteria": [{"name": "overlap", "dimension": "accuracy", "evaluator": "reference",
                                          "options": {"metric": "f1"}, "weight": 1, "threshold": 0.5}]}
START = datetime(2026, 3, 1, tzinfo=timezone.utc)
BASELINE, WINDOW = "2026-03-01..2026-03-03", "2026-03-03..2026-03-04"


def at(hours):
    return START + timedelta(hours=hours)


def sample(number, when, right, **more):
    return {"id": f"s{number}", "timestamp": when.isoformat(), "model": "m", "prompt": "?",
            "response": "yes" if right else "no", "reference": "yes", **more}


def traffic(seed, before, after, hours=72, change=48, per_hour=20, **more):
    rng = random.Random(seed)
    return [sample(f"{seed}-{h}-{i}", at(h + i / per_hour), rng.random() < (before if h < change else after), **more)
            for h in range(hours) for i in range(per_hour)]


@pytest.fixture
def keep(assay, tmp_path):
    """Evaluates rows into the store NAME; returns its folder."""
    def call(rows, name="store", rubric=RUBRIC):
        folder = tmp_path / name
        count = len(list(tmp_path.glob("*.jsonl")))
        path, document = tmp_path / f"{name}{count}.jsonl", tmp_path / f"{rubric['name']}.json"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        document.write_text(json.dumps(rubric))
        done = subprocess.run([assay, "eval", "--rubric", document, "--store", folder, path],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return folder
    return call


@pytest.fixture
def report(assay):
    """The report as JSON, checked against its schema, and its exit status."""
    def call(*stores, baseline=BASELINE, window=WINDOW, status=0, options=()):
        arguments = [argument for store in stores for argument in ("--store", store)]
        done = subprocess.run([assay, "report", "drift", *arguments, "--baseline", baseline, "--window", window,
                               "--format", "json", *options], capture_output=True, text=True)
        assert done.returncode in ((0, 1) if status is None else (status,)), done.stderr or done.stdout[:500]
        page = json.loads(done.stdout)
        jsonschema.validate(page, SCHEMA)
        return page
    return call


def shard_of(store):
    (path,) = store.glob("shard-*.db")
    return path


def row_of(page, metric="exact"):
    rows = [row for row in page["rows"] if row["metric"] == metric]
    assert len(rows) == 1
    return rows[0]


def wilson(k, n, z=1.959963984540054):
    p, d = k / n, 1 + z * z / n
    centre, reach = (p + z * z / 2 / n) / d, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n) / d
    return p, centre - reach if k else 0, centre + reach if k < n else 1


def newcombe(k1, n1, k2, n2):
    (p1, l1, u1), (p2, l2, u2) = wilson(k1, n1), wilson(k2, n2)
    return p1 - p2 - math.hypot(p1 - l1, u2 - p2), p1 - p2 + math.hypot(u1 - p1, p2 - l2)


def split(rows):
    right = [row["response"] == row["reference"] for row in rows]
    before = [r for row, r in zip(rows, right) if datetime.fromisoformat(row["timestamp"]) < at(48)]
    return before, right[len(before):]


def onset(rows, hours=72):
    """The hour before which a change of the rate is likeliest, and those within 3 nats of it."""
    def part(of):
        k, n = sum(of), len(of)
        return sum(x * math.log(x / n) for x in (k, n - k) if x)
    right = [[row["response"] == "yes" for row in rows
              if at(h) <= datetime.fromisoformat(row["timestamp"]) < at(h + 1)] for h in range(hours)]
    everything = sum(right, [])
    ratio = {h: part(sum(right[:h], [])) + part(sum(right[h:], [])) - part(everything) for h in range(1, hours)}
    best = max(ratio, key=ratio.get)
    return best, [h for h in ratio if ratio[h] >= ratio[best] - 3]


def test_a_drop_of_a_pass_rate_is_worse(keep, report):
    rows = traffic(1, 0.9, 0.75)
    page = report(keep(rows), status=1)
    row, (before, after) = row_of(page), split(rows)
    assert row["verdict"] == "WORSE" and row["model"] == "m" and row["dimension"] == "accuracy"
    assert (row["base"]["n"], row["cur"]["n"]) == (len(before), len(after)) == (960, 480)
    assert row["base"]["mean"] == pytest.approx(sum(before) / 960, abs=1e-12)
    assert row["cur"]["ci"] == pytest.approx(wilson(sum(after), 480)[1:], abs=1e-9)
    assert row["ci"] == pytest.approx(newcombe(sum(after), 480, sum(before), 960), abs=1e-9)
    table = [[sum(after), 480 - sum(after)], [sum(before), 960 - sum(before)]]
    assert row["p"] == pytest.approx(stats.fisher_exact(table)[1], rel=1e-6)
    likeliest, possible = onset(rows)
    assert datetime.fromisoformat(row["since"]) == at(likeliest)
    assert [datetime.fromisoformat(row["since_set"][end]) for end in ("first", "last")] == [
        at(possible[0]), at(possible[-1])]
    assert 48 in possible
    assert row["log_e"] > math.log(100)
    assert not page["partial"] and page["pending"] == 0 and len(page["shards"]) == 1
    assert page["watermark"] == at(72).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_scores_between_are_compared_by_welch(keep, report):
    rng = random.Random(2)
    words = "a1 b2 c3 d4 e5 f6 g7 h8 i9 j10".split()
    rows = [sample(n, at(n / 20), True, reference=" ".join(words),
                   response=" ".join(words[:rng.randrange(4 if n < 960 else 2, 11)])) for n in range(1440)]
    page = report(keep(rows, rubric=GRADED), status=1)
    row = row_of(page, "overlap")
    scores = [round(1000 * 2 * k / (k + 10)) / 1000 for k in (len(r["response"].split()) for r in rows)]
    test = stats.ttest_ind(scores[960:], scores[:960], equal_var=False)
    interval = test.confidence_interval(0.95)
    assert row["delta"] == pytest.approx(sum(scores[960:]) / 480 - sum(scores[:960]) / 960, abs=1e-9)
    assert row["ci"] == pytest.approx([interval.low, interval.high], abs=1e-9)
    assert row["p"] == pytest.approx(test.pvalue, rel=1e-6)


def test_no_change_and_too_little_data_are_told_apart(keep, report):
    many = keep(traffic(3, 0.9, 0.9, per_hour=120), "many")
    assert row_of(report(many, options=["--tolerance", "0.05"]))["verdict"] == "NO_MEANINGFUL_CHANGE"
    few = keep(traffic(4, 0.9, 0.9, per_hour=1), "few")
    row = row_of(report(few))
    assert row["verdict"] == "NOT_ENOUGH_DATA" and row["mde"] > 0.02 and "since" not in row
    assert row_of(report(few, window="2026-03-09..2026-03-10"))["cur"]["mean"] is None
    assert report(few, baseline="2025-01-01..2025-01-02", window="2025-01-02..2025-01-03")["rows"] == []


def test_samples_are_weighted_by_their_probability(keep, report):
    rows = traffic(5, 0.95, 0.95, probability=0.1) + traffic(6, 0.5, 0.3, per_hour=40, probability=1)
    row = row_of(report(keep(rows)))
    for side, wanted in (("base", lambda t: t < at(48)), ("cur", lambda t: t >= at(48))):
        of = [(1 / r["probability"], r["response"] == "yes") for r in rows
              if wanted(datetime.fromisoformat(r["timestamp"]))]
        total = sum(w for w, _ in of)
        assert row[side]["mean"] == pytest.approx(sum(w * y for w, y in of) / total, abs=1e-9)
        assert row[side]["n_eff"] == pytest.approx(total ** 2 / sum(w * w for w, _ in of), rel=1e-9)
        assert row[side]["n"] == len(of)


def test_six_stores_say_what_one_says(keep, report, assay):
    rows = traffic(7, 0.9, 0.8, per_hour=12) + traffic(8, 0.6, 0.6, per_hour=6, probability=0.3)
    one = report(keep(rows, "whole"))
    stores = [keep(rows[part::6], f"part{part}") for part in range(6)]
    for order in (stores, stores[::-1]):
        six = report(*order)
        assert len(six["shards"]) == 6
        assert json.dumps(six["rows"]) == json.dumps(one["rows"])
    again = report(*stores, stores[0])
    assert again["partial"] and "counts once" in again["problems"][0]
    assert again["rows"] == one["rows"]


def test_a_model_that_is_nowhere_is_no_empty_page(keep, assay):
    stores = [keep([sample(1, at(1), True, model=name)], name) for name in ("tea-7b", "oat-3b")]
    command = [assay, "report", "drift", "--store", stores[0], "--store", stores[1], "--baseline", BASELINE,
               "--window", WINDOW, "--model"]
    done = subprocess.run([*command, "tea7b"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (
        2, "", 'assay report drift: there are no scores of a model "tea7b"; there are of: oat-3b, tea-7b\n')
    assert subprocess.run([*command, "tea-7b"], capture_output=True).returncode == 0


def test_a_missing_shard_is_named(keep, report):
    store = keep(traffic(9, 0.9, 0.9), "store")
    with sqlite3.connect(shard_of(store)) as shard:
        shard.execute("UPDATE tenure SET predecessor = 'feedfeedfeedfeedfeedfeedfeedfeed:4'")
    page = report(store)
    assert page["partial"] and "feedfeedfeedfeedfeedfeedfeedfeed is missing" in page["problems"][0]


def test_offsets_that_two_shards_count_are_named(keep, report, tmp_path):
    store = keep(traffic(10, 0.9, 0.9), "store")
    other = tmp_path / "other"
    shutil.copytree(store, other)
    with sqlite3.connect(shard_of(other)) as shard:
        shard.execute("UPDATE meta SET value = 'feedfeedfeedfeedfeedfeedfeedfeed' WHERE name = 'shard'")
        shard.execute("UPDATE tenure SET start = 1000")
    page = report(store, other)
    assert page["partial"] and "1000 to 1439" in page["problems"][0] and "count twice" in page["problems"][0]


def test_offsets_that_nobody_counts_are_named(keep, report):
    """A shard that comes back to offsets it has counted (1000) counts them once."""
    store = keep(traffic(10, 0.9, 0.9), "store")
    for start, words in ((1500, "1440 to 1499"), (1440, None), (1000, None)):
        with sqlite3.connect(shard_of(store)) as shard:
            shard.execute("DELETE FROM tenure WHERE number = 9")
            shard.execute("INSERT INTO tenure SELECT id + 100, run, source, 9, ?, ?, ?, '', opened_at_ms FROM tenure",
                          (start, start + 600, start + 500))
        page = report(store)
        assert page["partial"] == (words is not None)
        assert page["pending"] == 100
        assert words is None or words in page["problems"][0]


def test_a_damaged_shard_is_left_out(keep, report):
    rows = traffic(11, 0.9, 0.9)
    good, bad = keep(rows[::2], "good"), keep(rows[1::2], "bad")
    whole = report(good)
    damaged = shard_of(bad)
    damaged.write_bytes(b"no database" * 1000)
    page = report(good, bad)
    assert page["partial"] and str(damaged) in page["problems"][0] and len(page["shards"]) == 1
    assert page["rows"] == whole["rows"]


def test_a_criterion_that_changed_is_not_compared(keep, report):
    rows = traffic(12, 0.9, 0.9)
    keep(rows[:960])
    other = {**RUBRIC, "criteria": [{**RUBRIC["criteria"][0], "options": {"metric": "quasi_exact"}}]}
    store = keep(rows[960:], rubric={**other, "name": "other"})
    page = report(store)
    mine = [row for row in page["rows"] if row["metric"] == "exact"]
    assert len(mine) == 2 and {row["verdict"] for row in mine} == {"NOT_ENOUGH_DATA"}
    assert all(row["criterion_changed"] for row in mine)


def test_rows_are_adjusted_over_all_models(keep, report):
    rows = [row | {"model": f"m{m}", "id": f"{m}{row['id']}"}
            for m in range(5) for row in traffic(20 + m, 0.9, 0.9 - 0.03 * m, per_hour=10)]
    page = report(keep(rows), status=1)
    p = [row["p"] for row in page["rows"]]
    assert len(p) == 20 == page["tested"]  # exact, composite and two lengths of five models
    assert [row["p_bh"] for row in page["rows"]] == pytest.approx(list(stats.false_discovery_control(p)), rel=1e-9)


def test_the_page_is_for_people(keep, assay):
    store = keep(traffic(1, 0.9, 0.75))
    command = [assay, "report", "drift", "--store", store, "--baseline", BASELINE, "--window", WINDOW]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("WORSE  m / ") and "tolerance 0.02" in lines[0]
    assert "since  Mon 2026-03-02" in lines[1]
    assert max(map(len, lines)) <= 100
    assert subprocess.run(command, capture_output=True, text=True).stdout == done.stdout


def test_a_name_from_traffic_cannot_steer_a_terminal(keep, assay):
    rows = [row | {"model": "m\x1b[31m\x9bé"} for row in traffic(1, 0.9, 0.75)]
    done = subprocess.run([assay, "report", "drift", "--store", keep(rows), "--baseline", BASELINE, "--window", WINDOW],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "\x1b" not in done.stdout and "\x9b" not in done.stdout
    assert "m?[31m?é / exact" in done.stdout


def test_a_shard_of_a_newer_program_is_left_out(keep, report):
    rows = traffic(13, 0.9, 0.9)
    good, newer = keep(rows[::2], "good"), keep(rows[1::2], "newer")
    with sqlite3.connect(shard_of(newer)) as shard:
        shard.execute("PRAGMA user_version = 999")
    page = report(good, newer)
    assert page["partial"] and "newer" in page["problems"][0] and len(page["shards"]) == 1


def test_lengths_count_back_from_at(keep, report):
    store = keep(traffic(1, 0.9, 0.75))
    page = report(store, baseline="2d", window="24h", status=1, options=["--at", "2026-03-04T00:03:00Z"])
    assert page["window"] == {"from": "2026-03-03T00:00:00.000Z", "to": "2026-03-04T00:00:00.000Z"}
    assert page["baseline"]["from"] == "2026-03-01T00:00:00.000Z"


@pytest.mark.parametrize("options,words", [
    (["--window", "yesterday"], "--window"),
    (["--window", "2026-03-02..2026-03-01"], "is empty"),
    (["--baseline", "2026-03-01..2026-03-05", "--window", "2026-03-04..2026-03-06"], "must end before"),
    (["--window", "2024-01-01..2026-01-01", "--baseline", "2023-01-01..2023-01-02"], "days"),
    (["--window", "9999d"], "--window"),
    (["--at", "noon"], "--at"),
    (["--format", "xml"], "neither text nor json nor html"),
    (["--tolerance", "0"], "--tolerance"),
])
def test_a_wrong_command_line_says_what_is_wrong(assay, tmp_path, options, words):
    done = subprocess.run([assay, "report", "drift", "--store", tmp_path, *options], capture_output=True, text=True)
    assert done.returncode == 2 and words in done.stderr and not done.stdout


def test_a_folder_without_shards_could_not_be_read(assay, tmp_path):
    done = subprocess.run([assay, "report", "drift", "--store", tmp_path], capture_output=True, text=True)
    assert done.returncode == 3 and "holds no shard" in done.stderr
    assert subprocess.run([assay, "report", "drift"], capture_output=True, text=True).returncode == 2


# ---- real drift; measure_drift.py does the rest of it ----

@pytest.mark.parametrize("name,rubric,said", [(name, BY_LABEL, by_label) for name in PUBLISHED]
                         + [("prime", BY_TEXT, by_text)])
def test_real_drift(data, keep, report, name, rubric, said):
    before, after, verdict = PUBLISHED[name]
    rows = restamped(data, name, said)
    row = row_of(report(keep(rows, rubric=rubric), baseline=MARCH, window=JUNE, options=["--tolerance", "0.01"]), "right")
    assert [100 * row["base"]["mean"], 100 * row["cur"]["mean"]] == pytest.approx([before, after], abs=0.5)
    assert row["verdict"] == verdict and (verdict != "BETTER" or onset_is_the_gap(row, rows))


def test_a_path_that_is_no_utf8_does_not_spoil_the_page(keep, assay, tmp_path):
    folder = keep(traffic(3, .9, .9))
    odd = os.fsencode(tmp_path) + b"/st\xff\xc3re"
    os.mkdir(odd)
    with open(odd + b"/shard-0001.db", "wb") as broken:
        broken.write(b"no database" * 100)
    done = subprocess.run([assay, "report", "drift", "--store", folder, "--store", odd, "--baseline", BASELINE,
                           "--window", WINDOW, "--format", "json"], capture_output=True)
    page = json.loads(done.stdout.decode())
    jsonschema.validate(page, SCHEMA)
    assert page["partial"] and any("st??re/shard-0001.db" in line for line in page["problems"])
