"""Does `assay report drift` say of real drift what was published of it? On ../shared/data/llmdrift; exit 1 when it does not.

    build/venv/bin/python tests/measure_drift.py [--splits 200]

Published labels replayed as 0/1 and scored from the text, each through `assay eval --store`; and random halves of one
version, which must be called neither WORSE nor BETTER in 95 % of the splits."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from llmdrift import BY_LABEL, BY_TEXT, PUBLISHED, WINDOWS, by_text, halves, march, onset_is_the_gap, restamped

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
ASSAY = Path(os.environ.get("ASSAY_BUILD", ROOT / "build" / "release")).resolve() / "assay"
NO_DATA = 3
POINTS = 0.5  # how far a mean may be from what was published, in per cent
QUIET = ("NO_MEANINGFUL_CHANGE", "NOT_ENOUGH_DATA")


def reported(rows, rubric, options):
    """The report's row of the criterion `right`."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "rubric.json").write_text(json.dumps(rubric))
        subprocess.run([ASSAY, "eval", "--rubric", folder / "rubric.json", "--store", folder / "store",
                        folder / "rows.jsonl"], check=True, capture_output=True)
        done = subprocess.run([ASSAY, "report", "drift", "--store", folder / "store", "--format", "json", *options],
                              capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    (row,) = [row for row in json.loads(done.stdout)["rows"] if row["metric"] == "right"]
    return row


def line(what, measured, wanted, good):
    print(f"{what:40} {measured:54} {'as wanted' if good else 'SHORT':9}  {wanted}", flush=True)
    return good


def real_drift(name, what, rubric, *said):
    before, after, verdict = PUBLISHED[name]
    rows = restamped(DATA, name, *said)
    row = reported(rows, rubric, WINDOWS)
    means = [100 * row[side]["mean"] for side in ("base", "cur")]
    good = [line(what, f"{means[0]:.1f} -> {means[1]:.1f} %, {row['verdict']}", f"{before} -> {after} %, {verdict}",
                 row["verdict"] == verdict and all(abs(a - b) <= POINTS for a, b in zip(means, (before, after))))]
    if verdict == "BETTER":
        since = f"{row['since'][:16]}, set {row['since_set']['first'][:13]} .. {row['since_set']['last'][:13]}"
        good.append(line("  since", since, "the gap between the months", onset_is_the_gap(row, rows)))
    return all(good)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=200)
    splits = parser.parse_args().splits
    if not (DATA / "llmdrift").is_dir():
        print("there is no ../shared/data/llmdrift: not measured")
        sys.exit(NO_DATA)
    good = [real_drift("prime", "primes, published labels", BY_LABEL),
            real_drift("sensitiveq", "sensitive questions, published labels", BY_LABEL),
            real_drift("opinionqa", "opinions, published labels", BY_LABEL),
            real_drift("prime", "primes, scored from the text", BY_TEXT, by_text)]
    rows = march(restamped(DATA, "prime"))
    quiet = 0
    for seed in range(splits):
        half, options = halves(rows, seed)
        quiet += reported(half, BY_LABEL, options)["verdict"] in QUIET
    good.append(line("random halves of March, no drift", f"{quiet} of {splits} neither WORSE nor BETTER",
                     f"at least {0.95 * splits:g}", quiet >= 0.95 * splits))
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
