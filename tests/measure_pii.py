#!/usr/bin/env python3
"""Measured beside labels: what `assay eval --rubric pii` finds in texts whose personal data people labelled.

    tests/measure_pii.py [--assay build/release/assay] [--data ../shared/data] [--show]

A labelled span is found when a finding of its entity overlaps it; a finding is right when it overlaps such a span. Findings
inside a span of another label are counted apart: "within other". A false hit of a card or an IBAN must pass its checksum,
computed here. Prints a table; exit 1 when a line misses its goal, 0 with a loud word when the data is not there.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# label, entity of the pack, least recall, least precision
GOALS = [
    ("EMAIL_ADDRESS", "email", 0.99, 0.99),
    ("US_SSN", "us_ssn", 0.99, 0.99),
    ("CREDIT_CARD", "credit_card", 1.0, 0.0),
    ("IBAN_CODE", "iban", 1.0, 0.0),
    ("IP_ADDRESS", "ip_address", 0.95, 0.95),
    ("PHONE_NUMBER", "phone", 0.85, 0.9),
]


def luhn(text):
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    return sum(sum(divmod(2 * d, 10)) if i % 2 else d for i, d in enumerate(digits)) % 10 == 0


def mod97(text):
    compact = "".join(c for c in text.upper() if c.isalnum())
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


CHECKSUMS = {"credit_card": luhn, "iban": mod97}


def read_rows(data):
    for path in sorted((data / "presidio_pii").glob("*.jsonl")):
        with open(path, encoding="utf-8") as file:
            yield from map(json.loads, file)


def find(assay, rows):
    """Of each row: findings (entity, start, end in code points)."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for i, row in enumerate(rows):
            file.write(json.dumps({"id": str(i), "prompt": "", "response": row["text"]}) + "\n")
        file.flush()
        done = subprocess.run([assay, "eval", "--rubric", "pii", "--scores", "-", file.name],
                              capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    *lines, _ = map(json.loads, done.stdout.splitlines())
    assert [line["id"] for line in lines] == [str(i) for i in range(len(rows))], "a line in, a line out"
    assert all(line["scores"]["pii"]["status"] == "scored" for line in lines)
    return [[(f["entity"], f["start"], f["end"]) for f in line["scores"]["pii"].get("findings", [])] for line in lines]


def overlaps(a, b):
    return a[0] < b[1] and b[0] < a[1]


def count(rows, found, label, entity, show):
    n = Counter()
    for row, findings in zip(rows, found):
        text, mine = row["text"], [(s, e) for name, s, e in findings if name == entity]
        spans = [(s["start"], s["end"], s["type"]) for s in row["spans"]]
        labelled = [s for s in spans if s[2] == label]
        for span in labelled:
            hit = any(overlaps(span, finding) for finding in mine)
            n["found"] += hit
            n["exact"] += span[:2] in mine
            if show and not hit:
                print(f"  {label} missed: {text[span[0]:span[1]]!r} in {text[max(0, span[0] - 40):span[1] + 25]!r}")
        n["labelled"] += len(labelled)
        for start, end in mine:
            right = any(overlaps((start, end), span) for span in labelled)
            inside = any(span[0] <= start and end <= span[1] for span in spans)
            kind = "right" if right else "within other" if inside else "false"
            n[kind] += 1
            check = CHECKSUMS.get(entity)
            n["failing"] += bool(kind != "right" and check and not check(text[start:end]))
            if show and kind != "right":
                print(f"  {label} {kind}: {text[start:end]!r} in {text[max(0, start - 40):end + 25]!r}")
    return n


def measure(assay, data, show=False):
    """Rows (label, counts, recall, precision, least recall, least precision)."""
    rows = list(read_rows(data))
    found = find(assay, rows)
    for label, entity, least_recall, least_precision in GOALS:
        n = count(rows, found, label, entity, show)
        recall = n["found"] / n["labelled"] if n["labelled"] else 1.0
        hits = n["right"] + n["false"]
        yield label, n, recall, n["right"] / hits if hits else 1.0, least_recall, least_precision


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--assay", type=Path, default=ROOT / "build" / "release" / "assay")
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options.add_argument("--show", action="store_true", help="print what was missed and what was wrong")
    given = options.parse_args()
    if not (given.data / "presidio_pii").is_dir():
        print(f"!!! NOT MEASURED: there is no {given.data}/presidio_pii", file=sys.stderr)
        return 0
    low = 0
    table = list(measure(given.assay, given.data, given.show))
    print(f"{'label':14} {'spans':>6} {'recall':>7} {'goal':>5} {'exact':>6} {'precision':>9} {'goal':>5} {'false':>6} "
          f"{'bad checksum':>12} {'within other':>12}")
    for label, n, recall, precision, least_recall, least_precision in table:
        short = recall < least_recall or precision < least_precision or n["failing"] > 0
        low += short
        print(f"{label:14} {n['labelled']:6} {recall:7.3f} {least_recall:5.2f} {n['exact']:6} {precision:9.3f} "
              f"{least_precision:5.2f} {n['false']:6} {n['failing']:12} {n['within other']:12}{'  LOW' if short else ''}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
