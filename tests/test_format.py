"""Does `format` in the program say what a few plain lines of Python say? Long responses, and symbols of two floors."""
import json
import random
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

CHECKS = ["empty", "truncation", "repetition", "length", "script", "json", "markdown", "echo"]


def scores(run, tmp_path, options, rows):
    """Of each row, what every criterion says; options by the criterion's name."""
    rubric = tmp_path / "form.json"
    rubric.write_text(json.dumps({"name": "form", "criteria": [
        {"name": name, "evaluator": "format", "options": one} for name, one in options.items()]}))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    done = run("eval", "--rubric", rubric, "--scores", "-", "-", input=lines)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["id"]: one["scores"] for one in told if "summary" not in one}


def repeated_share(text):
    """seq-rep-4 (Welleck et al. 2020): 1 - different four-word runs / all of them."""
    words = re.findall("[a-z0-9]+", text.lower())
    runs = [tuple(words[i:i + 4]) for i in range(len(words) - 3)]
    return 1 - len(set(runs)) / len(runs)


def test_repeated_runs_are_counted_as_welleck_et_al_do(run, tmp_path):
    chance = random.Random(4)
    texts = {}
    for i in range(120):
        phrases = [" ".join(chance.choices(["Oak", "elm", "ash", "fir", "yew", "bay"], k=7)) + "."
                   for _ in range(chance.randint(3, 30))]
        texts[str(i)] = " ".join(chance.choice(phrases) for _ in range(40)) + f" End {i}."
    said = scores(run, tmp_path, {"form": {"check": "repetition", "repeated_share": 0.6}},
                  [{"id": i, "prompt": "?", "response": text} for i, text in texts.items()])
    expected = {i: 0 if repeated_share(text) >= 0.6 else 1 for i, text in texts.items()}
    assert min(Counter(expected.values()).values()) > 10
    assert {i: one["form"]["value"] for i, one in said.items()} == expected


@pytest.mark.parametrize("piece, expected", [
    ("ab ", "repetition_loop"), ("| a ", "repetition_loop"), ("-", None), ("[", None), ("`", None), ("\u00e9", "repetition_loop"),
])
def test_a_response_of_sixteen_megabytes_gets_a_score(run, tmp_path, piece, expected):
    response = piece * ((15 << 20) // len(piece.encode()))
    row = {"id": "long", "prompt": piece * 1000, "response": response, "finish_reason": "stop"}
    said = scores(run, tmp_path, {check: {"check": check} for check in CHECKS}, [row])["long"]
    assert {one["status"] for one in said.values()} <= {"scored", "not_applicable"}
    assert said["repetition"]["reason"] == expected


def test_no_two_floors_have_a_function_of_one_name(assay):
    build = Path(assay).parent
    rules = (build / "build.ninja").read_text()  # what was built before rooms moved may lie about
    libraries = sorted(path for path in build.rglob("lib*.a") if f"build {path.relative_to(build)}:" in rules)
    assert len(libraries) > 5
    names = Counter()
    for library in libraries:
        listed = subprocess.run(["nm", "--defined-only", "--extern-only", library], capture_output=True, text=True,
                                check=True).stdout
        names.update({line.split()[2] for line in listed.splitlines() if re.search(" [TDRB] ", line)})
    twice = [name for name, count in names.items() if count > 1 and not name.startswith(("__", "_Z"))]
    assert twice == []
