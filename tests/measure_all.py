#!/usr/bin/env python3
"""All measures of the evaluators, or of the drift reports, by one command: on ../shared/data, which is not part of the
project, on simulated streams, and of their speed.

    tests/measure_all.py [evaluators] [drift] [--build build/release] [--write]

Runs each measure, prints what it prints, and closes with a table: which stand as they are wanted, which do not, which had no data.
--write puts what was printed into tests/README.md between the marks. About a minute for the evaluators, ten for drift; both
unless one is named. Exit status 1 when one is not as wanted.
"""
import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
PAGE = ROOT / "tests" / "README.md"
BEGIN, END = "<!-- measured {}: begin -->", "<!-- measured {}: end -->"
NO_DATA = 3  # what check_consistency.py ends with; the others say so in words
NO_DATA_WORDS = re.compile(r"NOT MEASURED|absent|no rows")


def measures(build):
    """{set: (what, wanted, command, data, pattern of the lines that matter)}"""
    python, tests = sys.executable, ROOT / "tests"
    return {"evaluators": [
        ("published metrics and accuracies", "metrics within 1e-5, accuracies to 0.01 %, every row's flag",
         [python, tests / "measure_published.py"], "metric_golden", r"."),
        ("personal data, by entity", "e-mail, SSN .99/.99; card, IBAN recall 1, no false hit with a bad checksum; IPv4 .95; phone .85/.90",
         [python, tests / "measure_pii.py", "--assay", build / "assay"], "presidio_pii", r"."),
        ("refusals", "llama2new .93/.90, mistralinstruct precision .85, also with wordings chosen on other models",
         [python, tests / "measure_refusal.py", "--assay", build / "assay"], "xstest", r"."),
        ("gitleaks' rules beside PCRE2 run plainly", "no match differs; rules that are not carried over are named",
         [python, tests / "measure_gitleaks.py", "--assay", build / "assay"], "gitleaks_secrets", r"^  (bytes|matches|that differ)|rule \d+"),
        ("consistency of real resamples", "within 1e-12 of plain Python",
         [python, tests / "check_consistency.py", build / "tests/measure_reference", DATA / "tot_resamples"], "tot_resamples", r"rows"),
        ("capture records of 209 cassettes and SageMaker", "each a text, or a reason why it has none",
         [python, tests / "measure_capture.py", build / "tests/decode_records"], "llm_api_cassettes", r"."),
        ("speed of each evaluator, 4 KB, this machine", "every evaluator has a line", [build / "assay", "bench", "evaluators"], None, r"."),
    ], "drift": [
        ("statistics on simulated streams", "nominal levels; run lengths, delays and coverages as simulated in Python",
         [build / "tests/measure_stats"], None, r"."),
        ("real drift of a published model", "means within half a point, verdicts, onset; 95 % of random halves called unchanged",
         [python, tests / "measure_drift.py"], "llmdrift", r"."),
        ("a long history: 10 M scores, 200 streams, 90 days", "1 s and 100 MB from one shard, 2 s from 64",
         [python, tests / "measure_report.py"], None, r"."),
        ("one worker, six workers' shards, six workers asked, a replay", "the same bytes, and what Python says of the rows",
         [python, "-m", "pytest", "-q", "--no-header", tests / "test_fleet_report.py", tests / "test_fleet_replay.py"], None,
         r"passed|failed"),
    ]}


def shown(output, pattern):
    """The lines that matter, without paths of this machine, cut to a page's width."""
    lines = (line.rstrip().replace(f"{DATA}/", "").replace(f"{ROOT.parent}/", "../") for line in output.splitlines())
    return [line if len(line) <= 150 else line[:147] + "..." for line in lines if re.search(pattern, line)]


def run(what, wanted, command, data, pattern):
    print(f"\n== {what}: {wanted}\n$ {' '.join(str(word).replace(f'{ROOT}/', '') for word in command)}", flush=True)
    if data and not (DATA / data).is_dir():
        print(f"there is no ../shared/data/{data}: not measured")
        return "NO DATA", []
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = shown(done.stdout, pattern)
    print("\n".join(lines), f"({time.monotonic() - began:.0f} s)", sep="\n")
    if done.returncode == NO_DATA or (done.returncode == 0 and data and NO_DATA_WORDS.search(done.stdout)):
        return "NO DATA", lines
    return "as wanted" if done.returncode == 0 else "NOT AS WANTED", lines


def page(results):
    out = ["| measure | wanted | measured |", "|---|---|---|"]
    out += [f"| {what} | {wanted} | {verdict} |" for (what, wanted, *_), (verdict, _) in results]
    for (what, *_), (_, lines) in results:
        out += ["", f"{what[0].upper()}{what[1:]}:", "```", *lines, "```"]
    return "\n".join(out)


def write(name, results):
    begin, end = BEGIN.format(name), END.format(name)
    text = PAGE.read_text()
    PAGE.write_text(f"{text[:text.index(begin)]}{begin}\n{page(results)}\n{text[text.index(end):]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--write", action="store_true", help="into tests/README.md")
    parser.add_argument("sets", nargs="*", metavar="SET", help="evaluators, drift")
    flags = parser.parse_args()
    build = flags.build.resolve()
    if not (build / "assay").exists():
        sys.exit(f"{build}/assay is not built: cmake --preset release && cmake --build --preset release")
    os.environ["ASSAY_BUILD"] = str(build)
    known = measures(build)
    results = {name: [(measure, run(*measure)) for measure in known[name]] for name in flags.sets or known}
    print("\n== all together")
    for name, lines in results.items():
        for (what, *_), (verdict, _) in lines:
            print(f"{verdict:14} {what}")
        if flags.write:
            write(name, lines)
    sys.exit(any(verdict == "NOT AS WANTED" for lines in results.values() for _, (verdict, _) in lines))


if __name__ == "__main__":
    main()
