#!/usr/bin/env python3
"""Measured beside published: `assay eval` over replies whose scores, accuracy or labels were published.

    tests/measure_published.py [--assay build/release/assay] [--data ../shared/data] [--tasks]

Prints a table; exit 1 when a line differs, 0 with a loud word for data that is not there. Rows whose label is another than the
published one are listed below it, each with the reason that assay gives. --tasks: BIG-Bench-Hard task by task.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TOLERANCE = 1e-5  # of a score that was published with five or six decimals

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

# google-research rouge, aws/fmeval and SQuAD scripts: where a row has the value, and the options that give it.
PAIRS = {
    "exact_match": (("squad_em",), {}), "f1": (("squad_f1",), {}), "exact": (("fmeval", "em"), {}),
    "quasi_exact": (("fmeval", "qem"), {}), "f1_set": (("fmeval", "f1"), {}), "precision": (("fmeval", "precision"), {}),
    "recall": (("fmeval", "recall"), {}),
    **{f"{metric}.{part}": (("rouge", metric, "prf".index(part)), {"component": part})
       for metric in ("rouge1", "rouge2", "rougeL") for part in "prf"},
}
ROUGE_155 = {name: wanted for name, wanted in PAIRS.items() if name.startswith("rouge")}
FMEVAL = {
    "F1_SCORE": "f1_set", "EXACT_MATCH_SCORE": "exact", "QUASI_EXACT_MATCH_SCORE": "quasi_exact", "PRECISION_OVER_WORDS": "precision",
    "RECALL_OVER_WORDS": "recall", "test_f1_score": "f1_set", "test_precision": "precision", "test_recall": "recall",
    "test_exact_match_score": "exact", "test_quasi_exact_match_score": "quasi_exact",
}


class Line(NamedTuple):
    what: str
    rows: int
    measured: str
    published: str
    same: bool
    remark: str = ""
    differing: tuple = ()  # (id, published, measured, reason)


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def scores(assay, rubric, path):
    """One dictionary a row: criterion to {"status", "value", "reason"}."""
    done = subprocess.run([assay, "eval", "--rubric", rubric, "--scores", "-", path],
                          capture_output=True, text=True, check=True, timeout=600)
    *lines, _ = map(json.loads, done.stdout.splitlines())
    return [line["scores"] for line in lines]


def scores_of_metrics(assay, metrics, rows):
    """The same for metrics, a criterion each, named as `metrics` names them: {name: options}."""
    with tempfile.TemporaryDirectory() as folder:
        rubric, records = Path(folder) / "rubric.json", Path(folder) / "rows.jsonl"
        criteria = [{"name": name.lower(), "evaluator": "reference", "options": {"metric": name.split(".")[0], **options}}
                    for name, options in metrics.items()]
        rubric.write_text(json.dumps({"name": "measured", "criteria": criteria}))
        with open(records, "w", encoding="utf-8") as file:
            for i, row in enumerate(rows):
                file.write(json.dumps({"id": str(i), "prompt": "?", **row}) + "\n")
        got = scores(assay, rubric, records)
    assert len(got) == len(rows), "a line in, a line out"
    return [{name: row[name.lower()] for name in metrics} for row in got]


def compared(what, cases):
    """One line over (id, published value, score). A ROUGE of 0 that comes from a script which its tokeniser cannot see is
    published as 0 and not applicable here: counted, and told."""
    worst, unseen, differing = 0.0, 0, []
    for name, published, score in cases:
        if score.get("reason") == "no_ascii_tokens" and published == 0:
            unseen += 1
            continue
        off = abs(score["value"] - published) if score["status"] == "scored" else 1.0
        worst = max(worst, off)
        if off > TOLERANCE:
            differing.append((name, published, score.get("value"), score.get("reason")))
    remark = f"{unseen} not applicable: no_ascii_tokens, published as 0" if unseen else ""
    return Line(what, len(cases), f"within {worst:.0e}", f"within {TOLERANCE:.0e}", not differing, remark, tuple(differing))


def place(row, keys):
    for key in keys:
        row = row[key]
    return row


def measure_pairs(assay, folder):
    rows = read_rows(folder / "dev_pairs.jsonl")
    records = [{"response": row["response"], "reference": row["reference"]} for row in rows]
    got = scores_of_metrics(assay, {name: options for name, (_, options) in PAIRS.items()}, records)
    for name, (keys, _) in PAIRS.items():
        yield compared(f"metric_golden pairs, {name}",
                       [(row["id"], place(row, keys), score[name]) for row, score in zip(rows, got, strict=True)])


def measure_fmeval(assay, folder):
    rows = read_rows(folder / "dev_fmeval_unit_cases.jsonl")
    records = [{"response": row["model_output"], "reference": row["target_output"].split("<OR>")} for row in rows]
    got = scores_of_metrics(assay, {name: {} for name in sorted(set(FMEVAL.values()))}, records)
    cases = []
    for row, score in zip(rows, got, strict=True):
        for key, value in row.get("expected_response", {row["test"]: row.get("expected_score")}).items():
            cases.append((row["id"], value, score[FMEVAL[key]]))
    yield compared("metric_golden fmeval cases", cases)


def measure_rouge_155(assay, folder):
    golden = json.loads((folder / "dev_rouge_golden_155.json").read_text(encoding="utf-8"))
    rows = golden["cases"] + golden["edge"]
    records = [{"response": row["prediction"], "reference": row["target"]} for row in rows]
    got = scores_of_metrics(assay, {name: options for name, (_, options) in ROUGE_155.items()}, records)
    cases = []
    for i, (row, score) in enumerate(zip(rows, got, strict=True)):
        for name, ((_, metric, part), _) in ROUGE_155.items():
            if "all" in row or metric in row:
                cases.append((f"rouge-{i}", row["all"] if "all" in row else row[metric][part], score[name]))
    yield compared("metric_golden ROUGE-1.5.5", cases)


def accuracy(what, rows, got, published):
    """An accuracy in per cent, to the second decimal, and the flags row by row where rows have them. Without a published
    accuracy it is that of the flags."""
    right = [score["status"] == "scored" and score["value"] == 1 for score in got]
    labelled = [(row, score, flag) for row, score, flag in zip(rows, got, right, strict=True) if isinstance(row.get("label"), bool)]
    differing = tuple((row["id"], row["label"], flag, score.get("reason")) for row, score, flag in labelled if row["label"] != flag)
    measured = f"{100 * sum(right) / len(rows):.2f} %"
    if published is None:
        published = 100 * sum(row["label"] for row in rows) / len(rows)
    published = f"{published:.2f} %"
    remark = f"{len(labelled) - len(differing)} of {len(labelled)} flags agree" if labelled else ""
    return Line(what, len(rows), measured, published, measured == published and not differing, remark, differing)


def measure_gsm8k(assay, folder):
    for name, (published, without) in GSM8K.items():
        path = folder / f"{name}.jsonl"
        rows, got = read_rows(path), [score["answer"] for score in scores(assay, "grade-school-math", path)]
        model = name.removeprefix("dev_")
        yield accuracy(f"zeroeval_gsm8k {model}", rows, got, published)
        share = f"{100 * sum(score.get('reason') == 'no_answer' for score in got) / len(got):.2f} %"
        yield Line(f"zeroeval_gsm8k {model}, no answer", len(rows), share, f"{without:.2f} %", share == f"{without:.2f} %")


def measure_solutions(assay, folder):
    path = folder / "dev.jsonl"
    by_model = defaultdict(list)
    for row, score in zip(read_rows(path), scores(assay, "grade-school-math", path), strict=True):
        by_model[row["model"]].append((row, score["answer"]))
    for model, pairs in by_model.items():
        yield accuracy(f"gsm8k_solutions {model}", *map(list, zip(*pairs, strict=True)), None)


def measure_bbh(assay, folder):
    path = folder / "dev_direct.jsonl"
    rows = read_rows(path)
    n, passed = Counter(row["task"] for row in rows), Counter()
    for row, score in zip(rows, scores(assay, "exact-match", path), strict=True):
        passed[row["task"]] += score["exact"]["value"]
    for task, published in BBH.items():
        measured = f"{100 * passed[task] / n[task]:.2f} %"
        yield Line(f"bbh_codex {task}", n[task], measured, f"{published:.2f} %", measured == f"{published:.2f} %")


MEASURES = [
    ("metric_golden", (measure_pairs, measure_fmeval, measure_rouge_155)),
    ("zeroeval_gsm8k", (measure_gsm8k,)),
    ("gsm8k_solutions", (measure_solutions,)),
    ("bbh_codex", (measure_bbh,)),
]


def measure(assay, data):
    """All lines; for a folder that is not there, its name."""
    for folder, measures in MEASURES:
        if not (data / folder).is_dir():
            yield folder
            continue
        for one in measures:
            yield from one(assay, data / folder)


def in_one(lines):
    """The tasks of BIG-Bench-Hard as one line."""
    tasks = [line for line in lines if line.what.startswith("bbh_codex")]
    lines = [line for line in lines if line not in tasks]
    if tasks:
        same = sum(line.same for line in tasks)
        lines.append(Line("bbh_codex", sum(line.rows for line in tasks), f"{same} of {len(tasks)} tasks", "to 0.01 %", same == len(tasks),
                          "; ".join(f"{line.what}: {line.measured}, not {line.published}" for line in tasks if not line.same)))
    return lines


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--assay", type=Path, default=ROOT / "build" / "release" / "assay")
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options.add_argument("--tasks", action="store_true", help="BIG-Bench-Hard task by task")
    given = options.parse_args()
    lines = list(measure(given.assay, given.data))
    for absent in (line for line in lines if isinstance(line, str)):
        print(f"!!! NOT MEASURED: there is no {given.data / absent}", file=sys.stderr)
    lines = [line for line in lines if not isinstance(line, str)]
    lines = lines if given.tasks else in_one(lines)
    if lines:
        print(f"{'what':56} {'rows':>6} {'measured':>15} {'published':>15}")
    for line in lines:
        print(f"{line.what:56} {line.rows:6} {line.measured:>15} {line.published:>15}{'' if line.same else '  DIFFERS'}"
              f"{'  ' + line.remark if line.remark else ''}")
    for line in lines:
        for name, published, measured, reason in line.differing:
            print(f"  {line.what}: {name}: published {published}, measured {measured} ({reason or 'no reason given'})")
    return 0 if all(line.same for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
