"""Do `assay rubric test` and `assay rubric import gitleaks` do what their help says?"""
import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest

import measure_pii

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
ASSAY = Path(os.environ.get("ASSAY_BUILD", ROOT / "build" / "asan")).resolve() / "assay"
SCHEMA = json.loads((ROOT / "schema" / "rule-pack.schema.json").read_text())

RULES = [
    {"id": "plain", "regex": r"zz_[0-9]{6}", "keywords": ["zz_"], "entropy": None, "secret_group": None, "path": None},
    {"id": "assigned", "regex": r"(?i)[\w.-]{0,50}?(?:zorch)\s?=\s?([a-z(\])]{4,8})(?:$|;)", "keywords": ["zorch"],
     "entropy": 2, "secret_group": None, "path": None},
    {"id": "second", "regex": r"(?P<kind>id|key):(\w{3})", "keywords": [], "secret_group": 2},
    {"id": "either", "regex": r"a=(\d+)!|b=(\d+)!", "keywords": []},
    {"id": "file", "regex": None, "keywords": [], "path": r"\.p12$"},
    {"id": "broken", "regex": r"a(b", "keywords": []},
]

# text, what is found: rule, start, end in code points
FINDS = [
    ("zz_123456", [("plain", 0, 9)]),
    ("my.ZORCH = abcde;", [("assigned", 11, 16)]),
    ("zorch=a(])b", [("assigned", 6, 11)]),
    ("zorch=abcd;", []),  # two bits exactly: gitleaks wants more than the bound
    ("key:abc", [("second", 4, 7)]),
    ("é b=77! a=5!", [("either", 4, 6), ("either", 10, 11)]),
]


def run(*arguments):
    return subprocess.run([ASSAY, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def lines_of(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("text", [lines_of(RULES), json.dumps(RULES), json.dumps({"rules": RULES})],
                         ids=["lines", "list", "object"])
def test_gitleaks_rules_become_a_pack(tmp_path, text):
    source = tmp_path / "rules.json"
    source.write_text(text)
    done = run("rubric", "import", "gitleaks", "--name", "mine", source)
    assert done.returncode == 1, done.stderr
    assert "rule 5 (file): has no \"regex\"" in done.stderr and "missing closing parenthesis" in done.stderr
    pack = json.loads(done.stdout)
    jsonschema.validate(pack, SCHEMA)
    assert pack["name"] == "mine"
    assert [rule["id"] for rule in pack["rules"]] == ["plain", "assigned", "second", "either"]
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "mine.json").write_text(done.stdout)
    rubric = tmp_path / "rubric.json"
    rubric.write_text(json.dumps({"name": "r", "criteria": [
        {"name": "c", "evaluator": "regex", "options": {"packs": ["mine"]}}]}))
    samples = tmp_path / "samples.jsonl"
    samples.write_text(lines_of({"prompt": "?", "response": text} for text, _ in FINDS))
    done = run("eval", "--rubric", rubric, "--scores", "-", samples)
    *scores, _ = map(json.loads, done.stdout.splitlines())
    found = [[(f["rule"], f["start"], f["end"]) for f in line["scores"]["c"].get("findings", [])] for line in scores]
    assert found == [wanted for _, wanted in FINDS]


def test_a_file_that_is_none_is_told(tmp_path):
    source = tmp_path / "gitleaks.toml"
    source.write_text('title = "x"\n')
    done = run("rubric", "import", "gitleaks", source)
    assert done.returncode == 2 and "TOML must be made JSON first" in done.stderr and not done.stdout
    done = run("rubric", "import", "gitleeks", source)
    assert done.returncode == 2 and "did you mean gitleaks?" in done.stderr
    done = run("rubric", "import", "gitleaks", tmp_path / "absent")
    assert done.returncode == 2 and "cannot open" in done.stderr
    assert "gitleaks" in run("rubric", "import", "formats").stdout


PACK = {"name": "p", "version": 1, "description": "d", "rules": [
    {"id": "r", "pattern": "zorch[0-9]", "keywords": ["zorch"],
     "examples": {"match": ["zorch1"], "no_match": ["zorch"]}}]}


def test_examples_of_packs_are_run(tmp_path):
    pack = tmp_path / "p.json"
    pack.write_text(json.dumps(PACK))
    done = run("rubric", "test", pack, "profanity")
    assert done.returncode == 0, done.stderr
    assert "every example" in done.stdout and "profanity.json" in done.stdout
    wrong = json.loads(json.dumps(PACK))
    wrong["rules"][0]["examples"]["match"].append("zorchx")
    pack.write_text(json.dumps(wrong))
    done = run("rubric", "test", pack)
    assert done.returncode == 1 and "rules[0].examples.match[1]: rule r must match this example" in done.stderr
    wrong["rules"][0]["keywords"] = ["absent"]
    pack.write_text(json.dumps(wrong))
    assert "without keywords finds something else" in run("rubric", "test", pack).stderr
    pack.write_text("{}")
    assert run("rubric", "test", pack).returncode == 2


def test_personal_data_is_found_as_people_labelled_it():
    data = ROOT.parent / "shared" / "data"
    if not (data / "presidio_pii").is_dir():
        pytest.skip(f"there is no {data}/presidio_pii")
    for label, n, recall, precision, least_recall, least_precision in measure_pii.measure(ASSAY, data):
        assert n["labelled"] > 0 and recall >= least_recall and precision >= least_precision, label
        assert n["failing"] == 0, label


def test_the_peer_of_that_measure_counts_as_said():
    rows = [{"text": "a@b.cc x@y.zz 1@2.33", "spans": [{"start": 0, "end": 6, "type": "EMAIL_ADDRESS"},
                                                       {"start": 14, "end": 20, "type": "OTHER"}]}]
    n = measure_pii.count(rows, [[("email", 0, 5), ("email", 7, 13), ("email", 14, 20)]], "EMAIL_ADDRESS", "email", False)
    assert n == {"labelled": 1, "found": 1, "exact": 0, "right": 1, "false": 1, "within other": 1, "failing": 0}
    n = measure_pii.count(rows, [[]], "EMAIL_ADDRESS", "email", False)
    assert (n["found"], n["right"], n["false"]) == (0, 0, 0)
    assert measure_pii.luhn("4111 1111 1111 1111") and not measure_pii.luhn("4111111111111112")
    assert measure_pii.mod97("GB82 WEST 1234 5698 7654 32") and not measure_pii.mod97("GB82 WEST 1234 5698 7654 33")
