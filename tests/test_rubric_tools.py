"""Do assay rubric explain, diff, test and import do what their help says?"""

import json
import math
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[1]


def schema(name):
    return jsonschema.Draft202012Validator(json.loads((ROOT / "schema" / name).read_text()))


def write(path, document):
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def record(name, response, **more):
    return {"id": name, "model": "m", "prompt": "p", "response": response} | more


CRITERIA = [
    {"name": "short", "evaluator": "length", "options": {"max": 5}, "weight": 3},
    {"name": "near", "evaluator": "reference", "options": {"metric": "levenshtein"}},
    {"name": "calm", "evaluator": "not-regex", "options": {"require": ["sorry"]}, "gate": {"cap": 0.3}},
    {"name": "tone", "evaluator": "judge", "options": {"template": "tone"}, "sample": {"when": {"failed": ["short"]}}},
    {"name": "note", "evaluator": "length", "weight": 0},
]
SAMPLES = [
    record("brief", "abcd", reference="abce"),
    record("long", "so sorry about this", reference="x"),
    record("bare", "abc"),
]


@pytest.fixture
def samples(tmp_path):
    return write(tmp_path / "samples.jsonl", "".join(json.dumps(one) + "\n" for one in SAMPLES))


# ---- explain ----

def by_hand(method, weighted):
    """weighted: [(weight, value)]"""
    total = sum(weight for weight, _ in weighted)
    if method == "mean":
        return sum(weight * value for weight, value in weighted) / total
    if method == "geometric":
        return math.prod(value ** weight for weight, value in weighted) ** (1 / total)
    return min(value for _, value in weighted)


@pytest.mark.parametrize("method", ["mean", "geometric", "minimum"])
def test_explain_adds_up(run, tmp_path, samples, method):
    rubric = write(tmp_path / "r.json", {"name": "r", "composite": {"method": method}, "criteria": CRITERIA})
    done = run("rubric", "explain", "--json", "--rubric", rubric, samples)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == ["brief", "long", "bare"]
    expected = {  # value by criterion; None: not scored
        "brief": ({"short": 1, "near": .75, "calm": 1, "tone": None}, None),
        "long": ({"short": 0, "near": 0, "calm": 0, "tone": None}, "calm"),
        "bare": ({"short": 1, "near": None, "calm": 1, "tone": None}, None),
    }
    weights = {one["name"]: one.get("weight", 1) for one in CRITERIA}
    for line in lines:
        schema("rubric-explain.schema.json").validate(line)
        values, gate = expected[line["id"]]
        got = {one["name"]: one["value"] for one in line["criteria"]}
        assert got == values | {"note": 1}
        weighted = [(weights[name], value) for name, value in values.items() if value is not None]
        composite = line["composite"]
        assert composite["before_gates"] == pytest.approx(by_hand(method, weighted), abs=1e-12)
        assert composite["coverage"] == pytest.approx(sum(weight for weight, _ in weighted) / 6)
        assert composite["failed_gate"] == gate
        assert composite["value"] == pytest.approx(min(composite["before_gates"], .3 if gate else 1))
        shares = {one["name"]: one["share"] for one in line["criteria"] if one["share"]}
        assert sum(shares.values()) == pytest.approx(1)
        written = composite["arithmetic"].replace("x", "*").replace("^", "**")
        assert eval(written) == pytest.approx(composite["before_gates"], abs=1e-3)
    reasons = {line["id"]: {one["name"]: one["reason"] for one in line["criteria"]} for line in lines}
    assert reasons["brief"]["tone"] == "when_not_met" and reasons["long"]["tone"] == "no_judge"


def test_explain_tells_people(run, tmp_path, samples):
    rubric = write(tmp_path / "r.json", {"name": "r", "criteria": CRITERIA})
    done = run("rubric", "explain", "--rubric", rubric, "--id", "brief", samples)
    assert done.returncode == 0
    assert "(3 x 1 + 1 x 0.75 + 1 x 1) / 5 = 0.9500" in done.stdout
    assert "mean over 83 % of the weight" in done.stdout
    assert "when_not_met: none of the criteria it waits for" in done.stdout
    assert "abcd" not in done.stdout
    assert run("rubric", "explain", "--rubric", rubric, "--id", "nobody", samples).returncode == 2
    assert run("rubric", "explain", "--rubric", "no-such", samples).returncode == 2
    assert run("rubric", "explain", tmp_path / "none.jsonl").returncode == 3


def test_explain_tells_of_lines_that_are_no_records(run, tmp_path):
    lines = write(tmp_path / "s.jsonl", json.dumps(SAMPLES[0]) + "\n{\n")
    done = run("rubric", "explain", "--rubric", "exact-match", lines)
    assert done.returncode == 0 and "s.jsonl:2 is no capture record" in done.stderr


# ---- diff ----

def test_diff_lists_what_changed(run, tmp_path, samples):
    other = [dict(one) for one in CRITERIA]
    other[0] = other[0] | {"options": {"max": 50}}
    del other[4]
    a = write(tmp_path / "a.json", {"name": "r", "criteria": CRITERIA})
    b = write(tmp_path / "b.json", {"name": "r", "criteria": other})
    done = run("rubric", "diff", "--json", a, b, samples)
    assert done.returncode == 1, done.stderr
    *lines, summary = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines + [summary]:
        schema("rubric-diff.schema.json").validate(line)
    changes = {line["id"]: {one["criterion"]: (one["a"]["outcome"], one["b"]["outcome"])
                            for one in line["changes"]} for line in lines}
    gone = {"note": ("passed", "absent")}
    assert changes == {"brief": gone, "bare": gone, "long": gone | {
        "short": ("failed", "passed"), "composite": ("scored", "scored")}}
    means = [(.95 + 0 + 1) / 3, (.95 + .3 + 1) / 3]  # long: 0, then (3 + 0 + 0) / 5 under the cap of .3
    summary = summary["summary"]
    assert (summary["samples"], summary["changed"]) == (3, 3)
    assert [summary["a"]["composite"], summary["b"]["composite"]] == pytest.approx(means)
    assert summary["criteria"]["short"] == {"changed": 1, "now_passed": 1, "now_failed": 0}
    text = run("rubric", "diff", "--limit", 1, a, b, samples)
    assert text.returncode == 1 and "and 2 more samples" in text.stdout
    assert "3 of 3 samples changed" in text.stdout


def test_diff_of_a_rubric_with_itself_is_empty(run, samples):
    done = run("rubric", "diff", "safety", "safety", samples)
    assert done.returncode == 0 and "0 of 3 samples changed" in done.stdout


# ---- test ----

def test_examples_of_a_rubric_are_run(run, tmp_path):
    rubric = {"name": "r", "applies_to": {"model": "m"}, "criteria": CRITERIA[:3] + [
        {"name": "rare", "evaluator": "length", "sample": 1e-9, "weight": 0}]}
    good = [
        {"name": "a near one", "sample": record("x", "abcd", reference="abce"), "expect": {
            "near": {"status": "scored", "value": .75, "passed": True}, "rare": {"value": 1},
            "composite": {"value": .95}}},
        {"name": "a long one", "sample": record("x", "so sorry"), "expect": {
            "short": {"passed": False, "reason": "too_long"}, "near": {"reason": "no_reference"}}},
    ]
    path = write(tmp_path / "r.json", rubric | {"examples": good})
    done = run("rubric", "test", path)
    assert done.returncode == 0, done.stderr
    bad = [
        {"name": "wrong", "sample": record("x", "abcd", reference="abce"), "expect": {
            "near": {"value": .5, "passed": False, "reason": "because"}, "short": {"status": "skipped"}}},
        {"name": "no record", "sample": {"model": "m"}, "expect": {"near": {"value": 1}}},
        {"name": "not meant", "sample": record("x", "y", model="n"), "expect": {"near": {"value": 1}}},
    ]
    done = run("rubric", "test", write(path, rubric | {"examples": good + bad}))
    assert done.returncode == 1
    told = ["examples[2] (wrong): near: value: expected 0.5, is 0.75",
            "examples[2] (wrong): near: passed: expected false, is true",
            "examples[2] (wrong): near: reason: expected \"because\", is \"none\"",
            "examples[2] (wrong): short: status: expected skipped, is scored",
            "examples[3] (no record): sample is no capture record",
            "examples[4] (not meant): the rubric's applies_to leaves this sample out"]
    assert [line for line in told if line not in done.stderr] == []
    done = run("rubric", "test", write(path, rubric))
    assert done.returncode == 1 and "examples: there are none" in done.stderr
    assert run("rubric", "test", write(path, rubric | {"criteria": []})).returncode == 2


def test_rubrics_that_ship_have_examples_that_hold(run):
    rubrics = sorted((ROOT / "rubrics").glob("*.json"))
    done = run("rubric", "test", *rubrics)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(rubrics)


def test_examples_do_not_count_in_the_hash(run, tmp_path):
    rubric = {"name": "r", "criteria": CRITERIA[:1]}
    example = {"name": "e", "sample": record("x", "y"), "expect": {"short": {"value": 1}}}
    hashes = set()
    for document in (rubric, rubric | {"examples": [example]}):
        hashes.add(run("rubric", "check", write(tmp_path / "r.json", document)).stdout.split()[-1])
    assert len(hashes) == 1


# ---- import ----

PROMPTFOO = r"""
# prompts and providers are not looked at
providers: [openai:gpt-4]
defaultTest:
  assert:
    - {type: equals, value: 'Yes. (Really)'}
    - type: not-icontains
      value: sorry
      weight: 2
      metric: Politeness!
    - {type: contains-all, value: [a.b, c]}
    - {type: not-contains-any, value: [x, "y+"]}
    - {type: regex, value: '^\d+$'}
    - {type: contains, value: '{{expected}}'}
    - {type: not-equals, value: '{{ expected }}'}
    - {type: llm-rubric, value: Is concise, threshold: 0.8, provider: other}
    - {type: rouge-n, value: '{{reference}}'}
    - {type: not-is-refusal}
    - {type: contains, value: 'Dear {{name}}'}
    - {type: latency, threshold: 1000}
    - {type: javascript, value: 'true'}
    - {type: frobnicate}
    - {type: regex, value: '(open'}
    - {value: no type}
    - type: assert-set
      weight: 3
      assert: [{type: starts-with, value: Hi}, {type: not-regex, value: bye, weight: 2}]
"""
LEFT_OUT = {
    "defaultTest.assert[7]: provider is left out": 7, "defaultTest.assert[10]: contains has a variable": 10,
    "defaultTest.assert[11]: latency is of the call": 11, "defaultTest.assert[12]: javascript runs code": 12,
    "defaultTest.assert[13]: frobnicate has no counterpart": 13,
    "defaultTest.assert[14]: options.require[0]: ": 14, "defaultTest.assert[15]: has no type": 15,
}


def test_promptfoo_assertions_become_a_rubric(run, tmp_path):
    done = run("rubric", "import", "promptfoo", "--name", "mine", write(tmp_path / "p.yaml", PROMPTFOO))
    assert done.returncode == 1
    assert [line for line in LEFT_OUT if line not in done.stderr] == []
    assert f"{len(LEFT_OUT)} not carried over" in done.stderr
    rubric = json.loads(done.stdout)
    schema("rubric.schema.json").validate(rubric)
    criteria = {one.pop("name"): one for one in rubric["criteria"]}
    assert criteria == {
        "equals": {"evaluator": "regex", "options": {"require": [r"\AYes\. \(Really\)\z"]}},
        "politeness": {"evaluator": "regex", "options": {"forbid": ["(?i)sorry"], "where": "response"}, "weight": 2},
        "contains-all": {"evaluator": "regex", "options": {"require": [r"a\.b", "c"]}},
        "not-contains-any": {"evaluator": "regex", "options": {"forbid": [r"(?:x|y\+)"], "where": "response"}},
        "regex": {"evaluator": "regex", "options": {"require": [r"^\d+$"]}},
        "contains": {"evaluator": "reference", "options": {"metric": "includes"}, "threshold": 1},
        "not-equals": {"evaluator": "not-reference", "options": {"metric": "exact"}, "threshold": 1},
        "llm-rubric": {"evaluator": "judge", "threshold": 0.8, "options": {
            "prompt": "Does the response meet this? Is concise", "labels": {"yes": 1, "no": 0}}},
        "rouge-n": {"evaluator": "reference", "options": {"metric": "rouge1"}, "threshold": 0.75},
        "not-is-refusal": {"evaluator": "refusal", "options": {}},
        "starts-with": {"evaluator": "regex", "options": {"require": [r"\AHi"]}},
        "not-regex": {"evaluator": "regex", "options": {"forbid": ["bye"], "where": "response"}, "weight": 2},
    }
    # The rubric scores as promptfoo would: 12 assertions, weights 1 but for two.
    path = write(tmp_path / "mine.json", rubric | {"criteria": [{"name": name} | one for name, one in criteria.items()]})
    line = write(tmp_path / "s.jsonl", record("s", "Hi, a.b and c", reference="a.b"))
    done = run("rubric", "explain", "--json", "--rubric", path, line)
    values = {one["name"]: one["value"] for one in json.loads(done.stdout)["criteria"]}
    assert values == {"equals": 0, "politeness": 1, "contains-all": 1, "not-contains-any": 1, "regex": 0, "contains": 1,
                      "not-equals": 1, "llm-rubric": None, "rouge-n": values["rouge-n"], "not-is-refusal": 1,
                      "starts-with": 1, "not-regex": 1}


def test_promptfoo_json_assertions_become_schemas(run, tmp_path):
    wants_a = {"type": "object", "required": ["a"]}
    done = run("rubric", "import", "promptfoo", write(tmp_path / "p.json", [
        {"type": "is-json", "value": wants_a}, {"type": "is-json", "value": json.dumps(wants_a)},
        {"type": "contains-json", "value": wants_a}, {"type": "equals", "value": {"a": 1}},
        {"type": "is-json", "value": "file://schema.json"}, {"type": "not-contains-json"},
        {"type": "is-json", "value": {"format": "date"}}]))
    assert done.returncode == 1
    for told in ("[4]: is-json has its schema elsewhere", "[5]: contains-json turned round", "[6]: options.schema.format: "):
        assert told in done.stderr
    path = write(tmp_path / "r.json", done.stdout)
    for response, values in {'{"a": 1}': [1, 1, 1, 1], '{"a": 2}': [1, 1, 1, 0], 'It is {"a": 1}.': [0, 0, 1, 0], "No.": [0, 0, 0, 0]}.items():
        explained = run("rubric", "explain", "--json", "--rubric", path, write(tmp_path / "s.jsonl", record("s", response)))
        assert [one["value"] for one in json.loads(explained.stdout)["criteria"]] == values, response


@pytest.mark.parametrize("text, told", [
    ("a: [", "not valid YAML at line"),
    ("- &x {type: contains, value: a}\n- *x\n", "an alias (*name)"),
    ("assert:\n- {type: contains, type: regex}\n", "a key that is there already"),
    ("[" * 40 + "]" * 40, "nested deeper than 32 levels"),
    ("- " * 40 + "a", "nested too deep"),
    ("? [a]\n: b\n", "a key that is no text"),
    ("just a text", "no criterion is left"),
    ("", "no criterion is left"),
    ('{"assert": [', "not valid JSON"),
    ("assert: 7", "no criterion is left"),
    ("- \"\\ud800\"", "YAML"),
])
def test_yaml_that_cannot_be_used_is_told(run, tmp_path, text, told):
    done = run("rubric", "import", "promptfoo", write(tmp_path / "p.yaml", text))
    assert done.returncode == 2 and done.stdout == "" and told in done.stderr, done.stderr


def test_an_assertion_is_told_by_its_place_in_a_bare_list(run, tmp_path):
    done = run("rubric", "import", "promptfoo", write(tmp_path / "p.json", [
        {"type": "contains", "value": "a"}, {"type": "python", "value": "x"}]))
    assert done.returncode == 1 and "p.json: [1]: python runs code" in done.stderr


TEXT = "{{ sample.output_text }}"
GRADERS = {
    "a": {"type": "string_check", "name": "n", "input": TEXT, "reference": "{{item.ref}}", "operation": "ilike"},
    "b": {"type": "score_model", "name": "s", "range": [1, 5], "pass_threshold": 4, "input": [
        {"role": "system", "content": "Hold {{sample.output_text}} against {{item.reference}}."}]},
    "c": {"type": "label_model", "name": "l", "input": [{"role": "user", "content": "What is it?"}],
          "labels": ["good", "bad"], "passing_labels": ["good"]},
}


@pytest.mark.parametrize("formula, weights", [
    ("0.5*a + 0.3*b + c*0.2", [.5, .3, .2]), ("(a + b + c) / 3", [1, 1, 1]), ("a", [1, 0, 0]),
    ("a/2 + b/4 + 0.25 * c", [.5, .25, .25]), ("min(a, b, c)", [1, 1, 1]),
    ("a * b", None), ("max(a, b)", None), ("a + d", None), ("a +", None), ("0*a", None), ("a - 2*b", None),
])
def test_a_multi_grader_becomes_a_rubric(run, tmp_path, formula, weights):
    multi = {"type": "multi", "name": "m", "graders": GRADERS, "calculate_output": formula}
    done = run("rubric", "import", "openai", write(tmp_path / "g.json", multi))
    rubric = json.loads(done.stdout)
    schema("rubric.schema.json").validate(rubric)
    assert [one["name"] for one in rubric["criteria"]] == ["a", "b", "c"]
    assert [one.get("weight", 1) for one in rubric["criteria"]] == (weights or [1, 1, 1])
    assert rubric.get("composite") == ({"method": "minimum"} if formula.startswith("min") else None)
    assert done.returncode == (0 if weights else 1)
    assert ("calculate_output is neither" in done.stderr) == (weights is None)
    assert run("rubric", "check", write(tmp_path / "r.json", rubric)).returncode == 0


def test_a_grader_that_is_taken_away_is_left_out(run, tmp_path):
    multi = {"type": "multi", "name": "m", "graders": GRADERS, "calculate_output": "2*a - b + c"}
    done = run("rubric", "import", "openai", write(tmp_path / "g.json", multi))
    assert done.returncode == 1 and "grader[0].graders.b: has a weight below 0" in done.stderr
    assert [one["name"] for one in json.loads(done.stdout)["criteria"]] == ["a", "c"]


def test_openai_graders_become_criteria(run, tmp_path):
    graders = [
        {"type": "string_check", "name": "eq", "input": TEXT, "reference": "yes.", "operation": "eq"},
        {"type": "string_check", "name": "ne", "input": TEXT, "reference": "{{item.bad}}", "operation": "ne"},
        {"type": "string_check", "name": "like", "input": TEXT, "reference": "a+b", "operation": "like"},
        {"type": "text_similarity", "name": "sim", "input": TEXT, "reference": "{{item.r}}",
         "evaluation_metric": "rouge_l", "pass_threshold": 0.4},
        GRADERS["b"], GRADERS["c"] | {"model": "gpt-4o"},
        {"type": "score_model", "name": "tenths", "input": [{"role": "user", "content": "Rate."}], "range": [0, 1]},
        {"type": "text_similarity", "name": "cos", "input": TEXT, "reference": "{{item.r}}",
         "evaluation_metric": "cosine"},
        {"type": "string_check", "name": "x", "input": "{{item.q}}", "reference": "a", "operation": "eq"},
        {"type": "label_model", "name": "y", "input": [{"role": "user", "content": "{{item.zzz}}"}],
         "labels": ["a", "b"], "passing_labels": ["a"]},
        {"type": "python", "name": "p", "source": "x"}, {"type": "zzz"}, {},
    ]
    done = run("rubric", "import", "openai", write(tmp_path / "g.json", {"testing_criteria": graders}))
    told = ["grader[5]: its model is left out", "grader[7]: its metric cosine has no counterpart",
            "grader[8]: its input is not", "grader[9]: its prompt has a column", "grader[10]: runs code",
            "grader[11]: its type is not known here: zzz", "grader[12]: its type is missing"]
    assert done.returncode == 1 and [line for line in told if line not in done.stderr] == []
    assert f"{len(told)} not carried over" in done.stderr
    rubric = json.loads(done.stdout)
    schema("rubric.schema.json").validate(rubric)
    criteria = {one.pop("name"): one for one in rubric["criteria"]}
    tenths = criteria.pop("tenths")
    assert tenths["options"]["scale"] == {"min": 0, "max": 10} and "ten times as much" in tenths["options"]["prompt"]
    shown = criteria["s"]["options"].pop("inputs")
    assert sorted(shown) == ["prompt", "reference", "response"]
    criteria["l"]["options"].pop("inputs")
    assert criteria == {
        "eq": {"evaluator": "regex", "options": {"require": [r"\Ayes\.\z"]}},
        "ne": {"evaluator": "not-reference", "options": {"metric": "exact"}, "threshold": 1},
        "like": {"evaluator": "regex", "options": {"require": [r"a\+b"]}},
        "sim": {"evaluator": "reference", "options": {"metric": "rougeL"}, "threshold": 0.4},
        "s": {"evaluator": "judge", "threshold": 0.75, "options": {
            "prompt": "Hold the response against the reference.\n", "scale": {"min": 1, "max": 5}}},
        "l": {"evaluator": "judge", "options": {"prompt": "What is it?\n", "labels": {"good": 1, "bad": 0}}},
    }


def test_formats_are_listed(run):
    done = run("rubric", "import", "formats")
    assert done.returncode == 0 and {line.split()[0] for line in done.stdout.splitlines()} >= {"openai", "promptfoo"}
