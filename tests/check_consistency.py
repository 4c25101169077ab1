#!/usr/bin/env python3
"""Is `consistency` on real resamples what a few plain lines of Python compute, to 1e-12?

    check_consistency.py [MEASURE_REFERENCE DIR]

MEASURE_REFERENCE is the built command of that name (build/release/tests); DIR holds files of JSON Lines
whose rows have "responses" (../shared/data/tot_resamples). Exit status 0: equal; 1: not; 3: no data.
"""
import collections
import glob
import itertools
import json
import math
import pathlib
import re
import subprocess
import sys

TOLERANCE = 1e-12


def agreement(answers):
    counts, k = collections.Counter(answers).values(), len(answers)
    return sum(c * (c - 1) for c in counts) / (k * (k - 1))


def majority(answers):
    return max(collections.Counter(answers).values()) / len(answers)


def semantic_entropy(answers):
    k = len(answers)
    shares = [c / k for c in collections.Counter(answers).values()]
    return max(0.0, 1 + sum(p * math.log(p) for p in shares) / math.log(k))


def lcs(a, b):
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], diagonal + 1 if x == y else max(row[j], row[j - 1])
    return row[-1]


def rouge_l(a, b):
    length = lcs(a, b)
    if length == 0:
        return 0.0
    precision, recall = length / len(a), length / len(b)
    return 2 * precision * recall / (precision + recall)


def lexical(responses):
    tokens = [re.sub(r"[^a-z0-9]+", " ", r.lower()).split() for r in responses]
    pairs = list(itertools.combinations(tokens, 2))
    return sum(rouge_l(a, b) for a, b in pairs) / len(pairs)


def robustness(responses):
    """The response against its resamples, beside these against each other."""
    tokens = [re.sub(r"[^a-z0-9]+", " ", r.lower()).split() for r in responses]
    own = sum(rouge_l(tokens[0], b) for b in tokens[1:]) / (len(tokens) - 1)
    return 1 - max(0, lexical(responses[1:]) - own)


def whole(responses):
    """Every response as it stands; in these files none is empty or a bare number."""
    answers = [r.strip().lower() for r in responses]
    assert all(answers) and not any(re.fullmatch(r"[\d.,$%/ -]+", a) for a in answers)
    return answers


def last_number(responses):
    """Whole numbers without marks are all that the games' replies hold."""
    found = [re.findall(r"\d+", r) for r in responses]
    return [f[-1].lstrip("0") or "0" if f else object() for f in found]


CHECKS = [
    ({"metric": "agreement"}, lambda r: agreement(whole(r))),
    ({"metric": "majority"}, lambda r: majority(whole(r))),
    ({"metric": "agreement", "extract": "last_number"}, lambda r: agreement(last_number(r))),
    ({"metric": "semantic_entropy"}, lambda r: semantic_entropy(whole(r))),
    ({"metric": "semantic_entropy", "extract": "last_number"}, lambda r: semantic_entropy(last_number(r))),
    ({"metric": "lexical"}, lexical),
    ({"metric": "robustness"}, robustness),
]


def measured(command, options, path):
    out = subprocess.run([command, "score", "consistency", json.dumps(options), path],
                         check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def main(command, directory):
    paths = sorted(glob.glob(directory + "/*.jsonl"))
    if not paths:
        print(f"{directory}: no rows, nothing compared")
        return 3
    wrong = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        for options, expected in CHECKS:
            worst = total = 0.0
            for row, score in zip(rows, measured(command, options, path), strict=True):
                expected_value = expected(row["responses"])
                difference = abs(score.get("value", 9) - expected_value)
                worst = max(worst, difference)
                total += expected_value
                wrong += difference > TOLERANCE
            print(f"{path}: {json.dumps(options)}: {len(rows)} rows, "
                  f"mean {total / len(rows):.6f}, largest difference {worst:.1e}")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) not in (1, 3):
        sys.exit(__doc__)
    root = pathlib.Path(__file__).resolve().parents[1]
    usual = [str(root / "build/release/tests/measure_reference"), str(root.parent / "shared/data/tot_resamples")]
    sys.exit(main(*(sys.argv[1:] or usual)))
