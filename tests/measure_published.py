#!/usr/bin/env python3
"""Measured beside published: `assay eval` over replies whose accuracy was published.

    tests/measure_published.py [--assay build/release/assay] [--data ../shared/data]

Prints a table; exit 1 when a line differs, 0 with a loud word when the data is not there.
"""
import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# WildEval/ZeroEval: accuracy and share without an answer, per cent.
GSM8K = {
    "dev_Qwen2-7B-Instruct": (80.06, 0.0),
    "dev_Mistral-Nemo-Instruct-2407": (82.79, 0.0),
    "dev_gemma-2-2b-it": (51.63, 0.38),
}

# suzgunmirac/BIG-Bench-Hard: code-davinci-002, answer only, per cent.
BBH = {
    "boolean_expressions": 88.4, "date_understanding": 63.6, "dyck_languages": 46.8,
    "geometric_shapes": 32.0, "logical_deduction_five_objects": 32.4,
    "logical_deduction_three_objects": 52.8, "multistep_arithmetic_two": 1.2,
    "object_counting": 45.2, "reasoning_about_colored_objects": 67.6,
    "salient_translation_error_detection": 62.0, "sports_understanding": 72.8,
    "tracking_shuffled_objects_five_objects": 20.4,
    "tracking_shuffled_objects_three_objects": 37.6, "word_sorting": 50.4,
}


def scores(assay, rubric, path):
    done = subprocess.run([assay, "eval", "--rubric", ROOT / "rubrics" / rubric, "--scores", "-", path],
                          capture_output=True, text=True, check=True, timeout=600)
    *lines, summary = map(json.loads, done.stdout.splitlines())
    return lines, summary["summary"]


def measure_gsm8k(assay, data):
    """Rows (what, measured %, published %)."""
    for name, (accuracy, no_answer) in GSM8K.items():
        lines, summary = scores(assay, "grade-school-math.json", data / "zeroeval_gsm8k" / f"{name}.jsonl")
        without = sum(line["scores"]["answer"]["reason"] == "no_answer" for line in lines)
        model = name.removeprefix("dev_")
        yield f"gsm8k {model}", 100 * summary["criteria"]["answer"]["mean"], accuracy
        yield f"gsm8k {model}, no answer", 100 * without / len(lines), no_answer


def measure_bbh(assay, data):
    path = data / "bbh_codex" / "dev_direct.jsonl"
    with open(path, encoding="utf-8") as file:
        tasks = [json.loads(line)["task"] for line in file]
    lines, _ = scores(assay, "exact-match.json", path)
    assert len(lines) == len(tasks), "a line in, a line out"
    n, passed = Counter(tasks), defaultdict(float)
    for task, line in zip(tasks, lines):
        passed[task] += line["scores"]["exact"]["value"]
    for task, accuracy in BBH.items():
        yield f"bbh {task}", 100 * passed[task] / n[task], accuracy


def measure(assay, data):
    yield from measure_gsm8k(assay, data)
    yield from measure_bbh(assay, data)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--assay", type=Path, default=ROOT / "build" / "release" / "assay")
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    given = options.parse_args()
    if not given.data.is_dir():
        print(f"!!! NOT MEASURED: there is no {given.data}", file=sys.stderr)
        return 0
    wrong = 0
    print(f"{'replies':50} {'measured %':>11} {'published %':>12}")
    for what, measured, published in measure(given.assay, given.data):
        same = round(measured, 2) == published
        wrong += not same
        print(f"{what:50} {measured:11.2f} {published:12.2f}{'' if same else '  DIFFERS'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
