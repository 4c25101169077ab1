"""Does the summary of `assay eval` keep rubrics apart, and does it say what is missing and why?"""

import json
from pathlib import Path

import jsonschema
import pytest

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "schema" / "scores.schema.json").read_text())
RESPONSES = ["four", "sevenly", "a very long answer", ""]


def length(name, least, most, dimension="form", **more):
    return {"name": name, "dimension": dimension, "evaluator": "length", "options": {"min": least, "max": most}, **more}


# By hand, of the four responses (4, 7, 18 and 0 characters):
SHORT = {"name": "short", "criteria": [length("size", 0, 7, weight=3), length("own", 5, 99, "tone")]}  # 1 1 0 1; 0 1 1 0
LONG = {"name": "long", "criteria": [length("size", 5, 99)]}                                            # 0 1 1 0


@pytest.fixture
def rubrics(tmp_path):
    for document in (SHORT, LONG):
        (tmp_path / f"{document['name']}.json").write_text(json.dumps(document))
    return f"{tmp_path}/short.json,{tmp_path}/long.json"


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": "?", "response": text}) + "\n" for text in RESPONSES))
    return path


def cells(table, name):
    return next(line.split() for line in table.splitlines() if line.split() and line.split()[0] == name)


def test_each_rubric_has_numbers_of_its_own(run, rubrics, rows):
    done = run("eval", "--rubric", rubrics, "--json", rows)
    jsonschema.validate(json.loads(done.stdout), SCHEMA)
    summary = json.loads(done.stdout)["summary"]
    assert "composite" not in summary
    assert summary["composites"] == {"short": {"n": 4, "mean": (3 / 4 + 4 / 4 + 1 / 4 + 3 / 4) / 4, "coverage": 1},
                                     "long": {"n": 4, "mean": 0.5, "coverage": 1}}
    assert summary["dimensions"] == {"short/form": {"n": 4, "mean": 0.75}, "tone": {"n": 4, "mean": 0.5},
                                     "long/form": {"n": 4, "mean": 0.5}}
    table = run("eval", "--rubric", rubrics, rows).stdout
    assert cells(table, "short/composite") == ["short/composite", "4", "0.6875", "100.00", "%"]
    assert cells(table, "long/composite") == ["long/composite", "4", "0.5000", "100.00", "%"]
    assert cells(table, "long/form") == ["long/form", "4", "0.5000"]


@pytest.mark.parametrize("key, status, told", [
    ("short/composite=0.68", 0, ""),
    ("short/composite=0.69", 1, "short/composite is 0.6875, below 0.69"),
    ("long/size=0.6", 1, "long/size is 0.5000, below 0.6"),
    ("short/own=0.6", 1, "short/own is 0.5000, below 0.6"),
    ("own=0.5", 0, ""),
    ("composite=0.1", 2, "--fail-under composite: several rubrics have it; there are: short/size, own, long/size, "
                         "short/composite, long/composite\n"),
    ("size=0.1", 2, "--fail-under size: several rubrics have it; there are: short/size,"),
    ("long/own=0.1", 2, "--fail-under long/own: there is no such criterion; there are: short/size,"),
])
def test_a_threshold_is_of_one_rubric(run, rubrics, rows, key, status, told):
    done = run("eval", "--rubric", rubrics, "--fail-under", key, rows)
    assert done.returncode == status and told in done.stderr and bool(done.stderr) == bool(told)


def test_one_rubric_needs_no_name(run, tmp_path, rubrics, rows):
    for key in ("composite=0.9", "short/composite=0.9"):
        done = run("eval", "--rubric", tmp_path / "short.json", "--fail-under", key, rows)
        assert done.returncode == 1 and "composite is 0.6875" in done.stderr


def test_what_no_judge_scored_is_told_with_the_weight_it_has(run, tmp_path, rows):
    rubric = tmp_path / "r.json"
    judge = {"evaluator": "judge", "dimension": "kind", "options": {"prompt": "Kind?", "labels": {"yes": 1, "no": 0}}}
    rubric.write_text(json.dumps({"name": "r", "criteria": [
        {"name": "kind", **judge}, {"name": "kinder", **judge, "weight": 2}, length("size", 0, 7)]}))
    summary = json.loads(run("eval", "--rubric", rubric, "--json", rows).stdout)["summary"]
    assert summary["composite"] == {"n": 4, "mean": 0.75, "coverage": 1 / 4}
    table = run("eval", "--rubric", rubric, rows).stdout
    assert cells(table, "composite") == ["composite", "4", "0.7500", "25.00", "%"]
    assert table.endswith("\nSkipped, for no judge was named (--judge-endpoint): kind, kinder\n")
    assert "no judge" not in run("eval", "--rubric", "exact-match", rows).stdout


def test_lines_that_could_not_be_read_are_named(run, tmp_path):
    path = tmp_path / "mix.jsonl"
    path.write_text('{"response": "a"}\nno JSON\n\n{"prompt": "?"}\n' + 6 * "[]\n")
    done = run("eval", "--rubric", "exact-match", path)
    assert done.returncode == 0 and done.stdout.startswith("1 sample, 8 unreadable\n")
    told = done.stderr.splitlines()
    assert told[:2] == [f"assay eval: {path}:2 is no capture record: not_json",
                        f"assay eval: {path}:4 is no capture record: no_response"]
    assert len(told) == 6 and told[5] == "assay eval: and 3 more; --scores FILE says of each line why"
    assert run("eval", "--rubric", "exact-match", "--scores", tmp_path / "scores", path).stderr == ""
