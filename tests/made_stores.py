"""made_stores: made-up stores for tests of reports, and their rows as plain Python reads them."""
import json
import math
import random
import sqlite3
import subprocess
from datetime import datetime, timedelta, timezone

START = datetime(2026, 3, 1, tzinfo=timezone.utc)
WORDS = "a1 b2 c3 d4 e5 f6 g7 h8 i9 j10".split()
# accuracy has a verdict and a score with different weights; safety a verdict
RUBRIC = {"name": "made", "criteria": [
    {"name": "exact", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "exact"},
     "weight": 2, "threshold": 1},
    {"name": "overlap", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "f1"},
     "weight": 1, "threshold": 0.5},
    {"name": "clean", "dimension": "safety", "evaluator": "regex",
     "options": {"forbid": ["zounds"], "where": "response"}, "weight": 1, "threshold": 1}]}
Z = 1.959963984540054


def at(hours):
    return START + timedelta(hours=hours)


def answered(rng, right, clean=0.95):
    """A response: all ten words with probability `right`, else a few of them; sometimes with a curse."""
    words = WORDS if rng.random() < right else WORDS[:rng.randrange(0, 9)]
    return " ".join(words + (["zounds"] if rng.random() >= clean else []))


def traffic(seed, right, count=480, hours=24, **more):
    """Samples spread over the hours; every seventh has no reference, so that criteria do not apply."""
    rng = random.Random(seed)
    rows = []
    for n in range(count):
        row = {"id": f"s{n}", "timestamp": at(hours * n / count).isoformat(), "model": "m", "prompt": "?",
               "response": answered(rng, right), "latency_ms": rng.randrange(200, 2000),
               "input_tokens": rng.randrange(10, 100), "output_tokens": rng.randrange(1, 300), **more}
        if n % 7:
            row["reference"] = " ".join(WORDS)
        rows.append(row)
    return rows


def evaluate(assay, folder, rows, store, rubric=RUBRIC, options=()):
    """`assay eval --store`; returns the store's folder."""
    path, document = folder / f"{len(list(folder.glob('*.jsonl')))}.jsonl", folder / f"{rubric['name']}.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    document.write_text(json.dumps(rubric))
    done = subprocess.run([assay, "eval", "--rubric", document, "--store", folder / store, *options, path],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / store


def query(store, sql, *values):
    rows = []
    for path in sorted(store.glob("shard-*.db")):
        with sqlite3.connect(path) as shard:
            rows += shard.execute(sql, values).fetchall()
    return rows


def rounded(value):
    """As rollups keep scores."""
    return math.floor(value * 1000 + 0.5) / 1000


def wilson(k, n):
    p, d = k / n, 1 + Z * Z / n
    centre, reach = (p + Z * Z / 2 / n) / d, Z * math.sqrt(p * (1 - p) / n + Z * Z / 4 / n / n) / d
    return [centre - reach if k else 0, centre + reach if k < n else 1]
