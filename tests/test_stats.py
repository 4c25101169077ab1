"""Do the statistics agree with SciPy on arguments that nobody chose?"""
import json
import math
import os
import pathlib
import random
import subprocess

import numpy as np
import pytest
from scipy import special, stats
from scipy.spatial.distance import jensenshannon

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROBE = ROOT / os.environ.get("ASSAY_BUILD", "build/release") / "tests/stats_probe"


def probe(requests):
    text = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([PROBE], input=text, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(requests)
    return answers


def loguniform(rng, low, high):
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def near(actual, expected, relative, absolute):
    return actual is not None and abs(actual - expected) <= relative * abs(expected) + absolute


# Name, how arguments are drawn, what SciPy says, relative and absolute tolerance. The absolute ones
# are for probabilities below what anybody reports.
SCALARS = [
    ("normal", lambda r: [r.gauss(0, 5)], lambda x: [stats.norm.cdf(x), stats.norm.sf(x)], 1e-12, 0),
    ("normal_quantile", lambda r: [loguniform(r, 1e-300, 0.9999)], lambda p: [special.ndtri(p)], 1e-11, 1e-13),
    ("chi_square", lambda r: [loguniform(r, 1e-3, 2e3), loguniform(r, 0.5, 2e3)],
     lambda x, df: [stats.chi2.sf(x, df)], 1e-9, 1e-200),
    ("chi_square_quantile", lambda r: [r.uniform(1e-6, 1 - 1e-6), loguniform(r, 0.5, 1e4)],
     lambda p, df: [stats.chi2.ppf(p, df)], 1e-9, 0),
    ("student_t", lambda r: [r.gauss(0, 4), loguniform(r, 0.6, 1e6)], lambda t, df: [stats.t.sf(t, df)], 1e-9, 0),
    ("student_t_quantile", lambda r: [r.uniform(1e-6, 1 - 1e-6), loguniform(r, 0.6, 1e6)],
     lambda p, df: [special.stdtrit(df, p)], 1e-8, 1e-10),
    ("gamma", lambda r: [loguniform(r, 1e-2, 1e5), loguniform(r, 1e-3, 1e5)],
     lambda a, x: [special.gammainc(a, x), special.gammaincc(a, x)], 1e-9, 1e-200),
    ("beta", lambda r: [loguniform(r, 1e-1, 1e5), loguniform(r, 1e-1, 1e5), r.random()],
     lambda a, b, x: [special.betainc(a, b, x)], 1e-9, 1e-200),
    ("beta_quantile", lambda r: [r.uniform(1e-6, 1 - 1e-6), loguniform(r, 0.3, 1e5), loguniform(r, 0.3, 1e5)],
     lambda p, a, b: [special.betaincinv(a, b, p)], 1e-9, 1e-15),
    ("log_beta", lambda r: [loguniform(r, 1e-2, 1e6), loguniform(r, 1e-2, 1e6)],
     lambda a, b: [special.betaln(a, b)], 1e-10, 1e-8),
    ("binomial", lambda r: (lambda n: [r.randrange(n + 1), n, r.random()])(r.randrange(1, 5000)),
     lambda k, n, p: [stats.binom.cdf(k, n, p), stats.binom.sf(k, n, p), stats.binom.pmf(k, n, p)], 1e-8, 1e-200),
    ("binomial_quantile", lambda r: [r.random(), r.randrange(1, 5000), r.random()],
     lambda q, n, p: [stats.binom.ppf(q, n, p)], 0, 0),
    ("kolmogorov", lambda r: [r.uniform(0.05, 6)], lambda x: [special.kolmogorov(x)], 1e-10, 1e-15),
    ("clopper_pearson", lambda r: (lambda n: [r.randrange(n + 1), n, r.choice([0.01, 0.05, 0.2])])(r.randrange(1, 3000)),
     lambda k, n, a: list(stats.binomtest(k, n).proportion_ci(1 - a, "exact")), 1e-9, 1e-11),
    ("wilson", lambda r: (lambda n: [r.randrange(n + 1), n, r.choice([0.01, 0.05, 0.2])])(r.randrange(1, 3000)),
     lambda k, n, a: list(stats.binomtest(k, n).proportion_ci(1 - a, "wilson")), 1e-9, 1e-14),
    ("fisher", lambda r: (lambda n, m: [r.randrange(n + 1), n, r.randrange(m + 1), m])(r.randrange(1, 200), r.randrange(1, 200)),
     lambda a, n, b, m: [stats.fisher_exact([[a, n - a], [b, m - b]])[1]], 1e-8, 1e-100),
    ("mcnemar", lambda r: [r.randrange(1, 300), r.randrange(300)],
     lambda b, c: [stats.binomtest(b, b + c, 0.5).pvalue], 1e-9, 1e-100),
]


@pytest.mark.parametrize("name,draw,expected,relative,absolute", SCALARS, ids=[row[0] for row in SCALARS])
def test_of_numbers(name, draw, expected, relative, absolute):
    rng = random.Random(name)
    arguments = [draw(rng) for _ in range(500)]
    answers = probe([{"function": name, "numbers": row} for row in arguments])
    for row, answer in zip(arguments, answers):
        wanted = expected(*row)
        assert all(near(a, float(w), relative, absolute) for a, w in zip(answer, wanted, strict=True)), (row, answer, wanted)


def test_false_discovery():
    rng = random.Random(5)
    rows = [[rng.random() ** 3 for _ in range(rng.randrange(1, 40))] for _ in range(50)]
    for row, answer in zip(rows, probe([{"function": "fdr", "numbers": row} for row in rows])):
        wanted = [*stats.false_discovery_control(row), *stats.false_discovery_control(row, method="by")]
        assert answer == pytest.approx(wanted, rel=1e-12)


def windows(rng, count, grades=None, most=60):
    """Pairs of lists of bins: free of ties, or of a few grades."""
    for _ in range(count):
        n, m = rng.randrange(3, most), rng.randrange(3, most)
        if grades:
            yield [rng.choice(grades) for _ in range(n)], [rng.choice(grades[: rng.randrange(2, len(grades) + 1)]) for _ in range(m)]
        else:
            pool = rng.sample(range(1001), n + m)
            yield pool[:n], pool[n:]


def ask(name, pairs):
    return probe([{"function": name, "base": base, "current": current} for base, current in pairs])


GRADES = [0, 250, 500, 750, 1000]


@pytest.mark.parametrize("grades", [None, GRADES], ids=["no ties", "grades"])
def test_of_windows(grades):
    rng = random.Random(6)
    pairs = [pair for pair in windows(rng, 150, grades) if len(set(pair[0])) > 1 and len(set(pair[1])) > 1]
    for (base, current), (t, df, p, low, high) in zip(pairs, ask("welch", pairs)):
        wanted = stats.ttest_ind(current, base, equal_var=False)
        interval = wanted.confidence_interval(0.95)
        assert [t, df, p, low * 1000, high * 1000] == pytest.approx(
            [wanted.statistic, wanted.df, wanted.pvalue, interval.low, interval.high], rel=1e-9, abs=1e-7)
    for (base, current), (d, p) in zip(pairs, ask("ks", pairs)):
        wanted = stats.ks_2samp(base, current, method="exact")
        assert [d, p] == pytest.approx([wanted.statistic, wanted.pvalue], rel=1e-9, abs=1e-12)
    for (base, current), (w1, js) in zip(pairs, ask("distances", pairs)):
        p, q = (np.bincount(side, minlength=1001) / len(side) for side in (base, current))
        assert w1 == pytest.approx(stats.wasserstein_distance(base, current) / 1000, rel=1e-9, abs=1e-15)
        assert js == pytest.approx(jensenshannon(p, q, base=2), rel=1e-9, abs=1e-7)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # SciPy, of samples without overlap
@pytest.mark.parametrize("grades", [None, GRADES], ids=["no ties", "grades"])
def test_of_ranks(grades):
    rng = random.Random(7)
    pairs = [pair for pair in windows(rng, 150, grades, 21) if len(set(pair[0] + pair[1])) > 1]
    for (base, current), (u, p, t, bm, exact, shift) in zip(pairs, ask("ranks", pairs)):
        wanted = stats.mannwhitneyu(current, base, method="asymptotic")
        assert [u, p] == pytest.approx([wanted.statistic, wanted.pvalue], rel=1e-9)
        brunner = stats.brunnermunzel(base, current)
        if math.isfinite(brunner.pvalue) and math.isfinite(brunner.statistic):
            assert [t, bm] == pytest.approx([brunner.statistic, brunner.pvalue], rel=1e-8, abs=1e-12)
        if not grades:
            assert exact == pytest.approx(stats.mannwhitneyu(current, base, method="exact").pvalue, rel=1e-9)
        differences = np.subtract.outer(current, base)
        assert shift == pytest.approx(np.median(differences) / 1000, abs=1e-12)


def test_of_categories():
    rng = random.Random(8)
    pairs = [pair for pair in windows(rng, 100, GRADES, 300) if len(set(pair[0] + pair[1])) > 1]
    for (base, current), (chi, p, g, df) in zip(pairs, ask("homogeneity", pairs)):
        table = np.array([[side.count(grade) for grade in GRADES if grade in base + current] for side in (base, current)])
        wanted = stats.chi2_contingency(table, correction=False)
        likelihood = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        assert [chi, p, g, df] == pytest.approx([wanted[0], wanted[1], likelihood[0], wanted[2]], rel=1e-9, abs=1e-12)
