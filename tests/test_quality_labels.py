"""Does `assay report quality` say of labels what a few plain lines of Python say of labels and rows?"""
import csv
import json
import math
import random
import subprocess
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from made_stores import Z, at, evaluate, query, rounded, traffic, wilson

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "schema" / "quality-report.schema.json").read_text())
DAY = "2026-03-02..2026-03-03"


@pytest.fixture
def keep(assay, tmp_path):
    return lambda rows, name="store": evaluate(assay, tmp_path, rows, name)


@pytest.fixture
def put(assay, tmp_path):
    """Hands in {sample: label}; `probability` a number, or one for each sample."""
    def call(store, labels, target="exact", probability=None):
        path = tmp_path / "labels.csv"
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sample", "model", "target", "value", "labeller", "probability"])
            for sample, value in labels.items():
                p = probability[sample] if isinstance(probability, dict) else probability
                writer.writerow([sample, "m", target, value, "ann", "" if p is None else repr(p)])
        done = subprocess.run([assay, "label", "import", path, "--store", store], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return call


@pytest.fixture
def report(assay):
    def call(*stores, page="json"):
        arguments = [argument for store in stores for argument in ("--store", store)]
        done = subprocess.run([assay, "report", "quality", *arguments, "--window", DAY, "--format", page],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if page == "text":
            return done.stdout
        read = json.loads(done.stdout)
        jsonschema.validate(read, SCHEMA)
        return read
    return call


def row_of(page, metric, kind="criterion"):
    (row,) = [row for row in page["rows"] if (row["metric"], row["kind"]) == (metric, kind)]
    return row


def day(seed, right, number, count=700, **more):
    """Samples of the numbered day of March, all with a reference."""
    rows = traffic(seed, right, count, **more)
    for n, row in enumerate(rows):
        row |= {"id": f"d{number}-{n}", "timestamp": at(24 * (number - 1) + 24 * n / count).isoformat(),
                "reference": rows[1]["reference"]}
    return rows


def scores_of(store, criterion, number):
    return {sample: rounded(value) for sample, value in query(
        store, "SELECT sample, value FROM scores WHERE criterion = ? AND status = 'scored'", criterion)
        if sample.startswith(f"d{number}-")}


def seen_by_people(rng, verdict, right_of_good, right_of_bad):
    """A label: the judge's verdict is right so often when it is good, and when it is bad."""
    right = right_of_good if verdict else right_of_bad
    return verdict if rng.random() < right else 1 - verdict


def truth(rng, scores, samples, sensitivity, specificity):
    """Labels by which a judge with these errors (given the truth) has given these scores (Bayes)."""
    rate = sum(scores.values()) / len(scores)
    good = (rate + specificity - 1) / (sensitivity + specificity - 1)
    right_of_good = sensitivity * good / rate
    right_of_bad = specificity * (1 - good) / (1 - rate)
    return {s: seen_by_people(rng, int(scores[s]), right_of_good, right_of_bad) for s in samples}


def ppi(y, f, unlabelled):
    """PPI++ with n - 1, lambda clipped (arXiv 2311.01453)."""
    y, f, u = map(np.asarray, (y, f, unlabelled))
    n, many = len(y), len(u)
    lam = np.cov(y, f)[0, 1] / ((1 + n / many) * np.var(np.concatenate([f, u]), ddof=1))
    lam = min(max(lam, 0), 1)
    se = math.sqrt(lam ** 2 * np.var(u, ddof=1) / many + np.var(y - lam * f, ddof=1) / n)
    mean = lam * u.mean() + (y - lam * f).mean()
    return mean, [mean - Z * se, mean + Z * se]


def kappa(y, f):
    n = len(y)
    agree = sum(a == b for a, b in zip(y, f)) / n
    p, q = sum(y) / n, sum(f) / n
    chance = p * q + (1 - p) * (1 - q)
    return (agree - chance) / (1 - chance)


def test_labels_of_the_window_correct_the_scores(keep, put, report):
    store, rng = keep(day(1, 0.7, 2)), random.Random(1)
    f = scores_of(store, "exact", 2)
    drawn = sorted(rng.sample(sorted(f), 200))
    labels = {s: seen_by_people(rng, int(f[s]), 0.9, 0.7) for s in drawn}
    put(store, labels, probability=200 / 700)
    people = row_of(report(store), "exact")["people"]
    y, judged = [labels[s] for s in drawn], [f[s] for s in drawn]
    mean, ci = ppi(y, judged, [f[s] for s in f if s not in labels])
    assert (people["method"], people["labels"], people["labels_wanted"]) == ("ppi", 200, 0)
    assert people["mean"] == pytest.approx(mean, abs=1e-9) and people["ci"] == pytest.approx(ci, abs=1e-9)
    error = np.array(judged) - np.array(y)
    assert people["bias"] == pytest.approx(error.mean(), abs=1e-12)
    reach = Z * error.std(ddof=1) / math.sqrt(200)
    assert people["bias_ci"] == pytest.approx([error.mean() - reach, error.mean() + reach], abs=1e-9)
    assert people["correlation"] == pytest.approx(np.corrcoef(y, judged)[0, 1], abs=1e-12)
    assert people["kappa"] == pytest.approx(kappa(y, judged), abs=1e-12)
    assert "people" not in row_of(report(store), "clean") and "people" not in row_of(report(store), "accuracy",
                                                                                     "dimension")
    text = report(store, page="text")
    assert f"people: {mean:.3f} [{ci[0]:.3f}, {ci[1]:.3f}] by 200 labels and all scores (PPI++)" in text


def test_few_labels_of_a_verdict_stand_alone(keep, put, report):
    store, rng = keep(day(2, 0.7, 2)), random.Random(2)
    drawn = rng.sample(sorted(scores_of(store, "exact", 2)), 60)
    put(store, {s: int(n >= 4) for n, s in enumerate(drawn)}, probability=60 / 700)
    people = row_of(report(store), "exact")["people"]
    assert people["method"] == "labels_alone" and people["mean"] == pytest.approx(56 / 60, abs=1e-12)
    assert people["ci"] == pytest.approx(wilson(56, 60), abs=1e-9)
    assert people["labels_wanted"] == math.ceil(16 * 61 / 4.5)


def test_a_handful_of_labels_says_nothing(keep, put, report):
    store = keep(day(3, 0.7, 2))
    put(store, {s: 1 for s in sorted(scores_of(store, "exact", 2))[:9]}, probability=9 / 700)
    people = row_of(report(store), "exact")["people"]
    assert people["method"] == "too_few" and people["mean"] is None and people["ci"] == [None, None]
    assert "people: 9 labels, too few to say anything: 10 are wanted" in report(store, page="text")


def test_grades_of_a_dimension_and_the_composite(keep, put, report):
    store, rng = keep(day(4, 0.6, 2)), random.Random(4)
    composite = scores_of(store, "composite", 2)
    drawn = sorted(rng.sample(sorted(composite), 80))
    labels = {s: round(min(max(composite[s] * 0.8 + rng.gauss(0, 0.1), 0), 1), 3) for s in drawn}
    put(store, labels, target="composite", probability=80 / 700)
    people = row_of(report(store), "composite", "composite")["people"]
    mean, ci = ppi([labels[s] for s in drawn], [composite[s] for s in drawn],
                   [composite[s] for s in composite if s not in labels])
    assert people["method"] == "ppi" and people["kappa"] is None
    assert people["mean"] == pytest.approx(mean, abs=1e-9) and people["ci"] == pytest.approx(ci, abs=1e-9)
    put(store, {s: labels[s] for s in drawn[:30]}, target="safety", probability=30 / 700)
    people = row_of(report(store), "safety", "dimension")["people"]
    y = np.array([labels[s] for s in drawn[:30]])
    assert (people["method"], people["labels_wanted"]) == ("labels_alone", 20)
    reach = 2.045229642132703 * y.std(ddof=1) / math.sqrt(30)  # Student's t, 29 degrees of freedom
    assert people["ci"] == pytest.approx([y.mean() - reach, y.mean() + reach], abs=1e-9)


def test_unequal_probabilities_are_weights(keep, put, report):
    """Traffic of two rates, and labels of which some had a better chance to be asked for."""
    rows = day(5, 0.8, 2, 600, probability=0.5)
    for row in rows[::3]:
        row["probability"] = 1
    store, rng = keep(rows), random.Random(5)
    f = scores_of(store, "exact", 2)
    sampled = {row["id"]: row["probability"] for row in rows}
    asked = {s: 0.4 if f[s] else 0.8 for s in f}
    drawn = [s for s in sorted(f) if rng.random() < asked[s]]
    labels = {s: seen_by_people(rng, int(f[s]), 0.9, 0.8) for s in drawn}
    put(store, labels, probability=asked)
    people = row_of(report(store), "exact")["people"]
    w = np.array([1 / (sampled[s] * asked[s]) for s in drawn])
    y, j = np.array([labels[s] for s in drawn], float), np.array([f[s] for s in drawn], float)
    n = w.sum() ** 2 / (w ** 2).sum()
    rest = [s for s in f if s not in labels]
    v, u = np.array([1 / sampled[s] for s in rest]), np.array([f[s] for s in rest], float)
    many = v.sum() ** 2 / (v ** 2).sum()
    mu = (v * u).sum() / v.sum()
    mu_variance = (v ** 2 * (u - mu) ** 2).sum() / v.sum() ** 2 * many / (many - 1)
    my, mj = (w * y).sum() / w.sum(), (w * j).sum() / w.sum()
    covariance = (w * (y - my) * (j - mj)).sum() / w.sum() * n / (n - 1)
    spread = (w * (j - mj) ** 2).sum() / w.sum() * n + mu_variance * many * (many - 1)
    spread = (spread + (mj - mu) ** 2 * n * many / (n + many)) / (n + many - 1)
    lam = min(max(covariance / ((1 + n / many) * spread), 0), 1)
    r = y - lam * j
    mr = (w * r).sum() / w.sum()
    mean = lam * mu + mr
    se = math.sqrt(lam ** 2 * mu_variance + (w ** 2 * (r - mr) ** 2).sum() / w.sum() ** 2 * n / (n - 1))
    assert people["mean"] == pytest.approx(mean, abs=1e-9)
    assert people["ci"] == pytest.approx([mean - Z * se, mean + Z * se], abs=1e-9)


def lang_reiczigel(k, n, k_se, n_se, k_sp, n_sp):
    """The adjusted interval (Prev. Vet. Med. 113, 2014), and the rate itself."""
    rate = (k / n + k_sp / n_sp - 1) / (k_se / n_se + k_sp / n_sp - 1)
    n1, ap = n + Z * Z, (k + Z * Z / 2) / (n + Z * Z)
    se, sp, nse, nsp = (k_se + 1) / (n_se + 2), (k_sp + 1) / (n_sp + 2), n_se + 2, n_sp + 2
    p = (ap + sp - 1) / (se + sp - 1)
    shift = 2 * Z * Z * (p * se * (1 - se) / nse - (1 - p) * sp * (1 - sp) / nsp)
    reach = Z * math.sqrt(ap * (1 - ap) / n1 + p * p * se * (1 - se) / nse
                          + (1 - p) ** 2 * sp * (1 - sp) / nsp) / (se + sp - 1)
    return rate, [max(p + shift - reach, 0), min(p + shift + reach, 1)]


@pytest.mark.parametrize("now,drifted", [((0.92, 0.8), False), ((0.97, 0.55), True)])
def test_a_judge_that_changed_is_told_from_a_model_that_did(keep, put, report, now, drifted):
    """Two days: the judge was calibrated on the first. On the second people say whether it still errs so."""
    store, rng = keep(day(6, 0.7, 1) + day(7, 0.55, 2)), random.Random(6)
    before, f = scores_of(store, "exact", 1), scores_of(store, "exact", 2)
    old = truth(rng, before, sorted(rng.sample(sorted(before), 300)), 0.92, 0.8)
    new = truth(rng, f, sorted(rng.sample(sorted(f), 250)), *now)
    put(store, old, probability=300 / 700)
    put(store, new, probability=250 / 700)
    people = row_of(report(store), "exact")["people"]
    positives, negatives = [s for s in old if old[s]], [s for s in old if not old[s]]
    rate, ci = lang_reiczigel(sum(f.values()), len(f), sum(before[s] for s in positives), len(positives),
                              sum(1 - before[s] for s in negatives), len(negatives))
    known = people["calibrated"]
    assert (people["labels"], people["calibration_labels"]) == (250, 300)
    assert known["mean"] == pytest.approx(rate, abs=1e-9) and known["ci"] == pytest.approx(ci, abs=1e-9)
    mean, own = ppi([new[s] for s in new], [f[s] for s in new], [f[s] for s in f if s not in new])
    reach = math.hypot((own[1] - own[0]) / 2, (ci[1] - ci[0]) / 2)
    assert known["judge_drift"] == pytest.approx(mean - rate, abs=1e-9)
    assert known["judge_drift_ci"] == pytest.approx([mean - rate - reach, mean - rate + reach], abs=1e-9)
    assert known["judge_drifted"] is drifted
    text = report(store, page="text")
    assert ("THE WAY OF JUDGING CHANGED" in text) is drifted and "by 300 earlier labels" in text


def test_labels_that_were_not_drawn_calibrate_only(keep, put, report):
    store, rng = keep(day(8, 0.6, 2)), random.Random(8)
    f = scores_of(store, "exact", 2)
    chosen = {s: seen_by_people(rng, int(f[s]), 0.9, 0.9) for s in sorted(f)[:120]}
    put(store, chosen)
    people = row_of(report(store), "exact")["people"]
    assert (people["labels"], people["calibration_labels"], people["method"]) == (0, 120, "too_few")
    assert people["calibrated"]["judge_drift"] is None


def test_six_stores_say_what_one_says(keep, put, report):
    rows, rng = day(9, 0.7, 1) + day(10, 0.6, 2), random.Random(9)
    whole = keep(rows, "whole")
    f = scores_of(whole, "exact", 1) | scores_of(whole, "exact", 2)
    labels = {s: seen_by_people(rng, int(f[s]), 0.85, 0.9) for s in sorted(rng.sample(sorted(f), 400))}
    put(whole, labels, probability=400 / 1400)
    parts = [keep(rows[part::6], f"part{part}") for part in range(6)]
    for part, store in enumerate(parts):
        put(store, {s: labels[s] for s in labels if s in {row["id"] for row in rows[part::6]}},
            probability=400 / 1400)
    assert json.dumps(report(*parts)["rows"]) == json.dumps(report(whole)["rows"])
    assert json.dumps(report(*parts[::-1])["rows"]) == json.dumps(report(whole)["rows"])
    again = report(whole, whole)  # a store that is named twice is one store
    assert json.dumps(again["rows"]) == json.dumps(report(whole)["rows"])
