"""Does the rubric's JSON Schema take what the reader takes, and describe every key?"""

import json
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "schema/rubric.schema.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA)
BROKEN = ROOT / "tests/rubrics-broken"
# What a schema of one document cannot say: what evaluators, packs and other files hold, names that must agree, sums.
BEYOND_A_SCHEMA = {
    "criterion-name-twice", "evaluator-unknown", "evaluator-not-unknown", "negated-twice", "schema-keyword-unknown",
    "options-contradict", "weights-all-zero", "pack-outside-the-folder", "pack-that-is-not-there", "include-of-no-pack", "include-twice",
    "include-unknown-key", "extends-nobody", "extends-a-missing-file", "extends-itself", "extends-a-broken-one",
    "extends-no-rubric", "remove-what-is-not-there", "when-names-nobody", "when-names-itself", "when-in-a-circle",
    "when-of-a-comparison", "when-chain-too-long", "example-of-no-criterion", "example-contradicts",
    "evaluator-missing",  # may be left out where the criterion is extended
}


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_rubrics_that_ship_fit():
    for path in sorted((ROOT / "rubrics").glob("*.json")):
        VALID.validate(json.loads(path.read_text()))


def test_broken_rubrics_do_not_fit():
    fitting = set()
    for path in BROKEN.glob("*.json"):
        try:
            document = json.loads(path.read_text())
        except ValueError:
            continue
        if VALID.is_valid(document):
            fitting.add(path.stem)
    assert fitting - {"key-twice"} == BEYOND_A_SCHEMA


def keys_of_table(source, table):
    text = (ROOT / "rubrics" / source).read_text()
    rows = text[text.index(f"{table}[] = {{"):]
    rows = rows[:rows.index("};")]
    return {line.split('"')[1] for line in rows.splitlines() if line.strip().startswith('{"')}


def test_every_key_of_the_reader_is_in_the_schema_with_a_description():
    described = [
        (keys_of_table("rubric_read.c", "RUBRIC_KEYS"), SCHEMA["properties"]),
        (keys_of_table("criterion_read.c", "CRITERION_KEYS"), SCHEMA["$defs"]["criterion"]["properties"]),
        (keys_of_table("rubric_examples.c", "EXAMPLE_KEYS"), SCHEMA["$defs"]["example"]["properties"]),
        (keys_of_table("rubric_examples.c", "EXPECT_KEYS"), SCHEMA["$defs"]["expectation"]["properties"]),
    ]
    for keys, properties in described:
        assert keys and keys == set(properties) - {"$schema"}
    for properties in (SCHEMA["properties"], SCHEMA["$defs"]["criterion"]["properties"]):
        for key, value in properties.items():
            target = SCHEMA["$defs"][value["$ref"].rsplit("/", 1)[1]] if "$ref" in value else {}
            assert key == "$schema" or "description" in value or "description" in target, key


# ---- options of evaluators ----

OPTION_TABLES = {"regex": "evaluator_regex.c", "reference": "evaluator_reference.c", "judge": "judging/judge_options.c",
                 "consistency": "comparing/options.c", "length": "evaluator_length.c", "refusal": "evaluator_refusal.c",
                 "format": "evaluator_format.c"}


def options_of_source(evaluator):
    """The keys of the first table of options in the evaluator's file."""
    text = (ROOT / "evaluators" / OPTION_TABLES[evaluator]).read_text()
    rows = text[text.index("struct json_field OPTIONS[]" if "struct json_field OPTIONS[]" in text else "struct json_field "):]
    return {line.split('"')[1] for line in rows[:rows.index("};")].splitlines() if line.strip().startswith('{"')}


@pytest.mark.parametrize("evaluator", OPTION_TABLES)
def test_every_option_of_an_evaluator_is_in_the_schema_with_a_description(evaluator):
    properties = SCHEMA["$defs"][f"options_of_{evaluator}"]["properties"]
    assert options_of_source(evaluator) == set(properties)
    assert all("description" in value for value in properties.values())


def test_the_schema_knows_every_evaluator(run):
    shipped = {row["name"] for row in json.loads(run("evaluators", "--json").stdout)["evaluators"]}
    assert shipped == set(OPTION_TABLES)


def variants():
    """(evaluator, options) that are right or wrong in one place."""
    right = {"regex": {"packs": ["pii"]}, "reference": {"metric": "f1"}, "judge": {"template": "relevance"},
             "consistency": {"metric": "agreement"}, "length": {"max": 5}, "refusal": {}, "format": {"check": "json"}}
    for evaluator, options in right.items():
        yield evaluator, options
        yield evaluator, options | {"no_such_option": 1}
        for key, about in SCHEMA["$defs"][f"options_of_{evaluator}"]["properties"].items():
            for value in [7, -1, 2**40, 0.5, True, None, "no such word", "", [], {}, *about.get("enum", []), about.get("default"),
                          about.get("minimum"), about.get("maximum")]:
                yield evaluator, options | {key: value}


# What the reader knows and a schema of one document does not: names of packs and templates, patterns, what contradicts.
ONLY_THE_READER = {"template", "packs", "pack", "prompt", "labels", "scale", "schema", "examples", "inputs", "rules", "forbid", "require",
                   "entities", "min", "max"}


def test_reader_and_schema_agree_on_options(run, tmp_path):
    cases = [(evaluator, options) for evaluator, options in variants()
             if not any(isinstance(value, float) and value != value for value in options.values())]
    for number, (evaluator, options) in enumerate(cases):
        (tmp_path / f"{number}.json").write_text(json.dumps({"name": "one", "criteria": [
            {"name": "c", "dimension": "d", "evaluator": evaluator, "options": options, "weight": 1, "threshold": 0.5}]}))
    differ = []
    for at in range(0, len(cases), 200):
        paths = [tmp_path / f"{number}.json" for number in range(at, min(at + 200, len(cases)))]
        told = [json.loads(line) for line in run("rubric", "check", "--json", *paths).stdout.splitlines()]
        for path, row in zip(paths, told, strict=True):
            evaluator, options = cases[int(path.stem)]
            fits = VALID.is_valid(json.loads(path.read_text()))
            reads = not row["problems"]
            changed = set(options) - {"metric", "check"} or set(options)
            if fits != reads and not (fits and changed & ONLY_THE_READER):
                differ.append((evaluator, options, row["problems"][:1]))
    assert len(cases) > 400 and differ == []
