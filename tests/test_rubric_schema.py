"""Does the rubric's JSON Schema take what the reader takes, and describe every key?"""

import json
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "schema/rubric.schema.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA)
BROKEN = ROOT / "tests/rubrics-broken"
# What a schema of one document cannot say: what evaluators, packs and other files hold, names that must agree, sums.
BEYOND_A_SCHEMA = {
    "criterion-name-twice", "evaluator-unknown", "evaluator-not-unknown", "negated-twice", "metric-not-unknown",
    "schema-keyword-unknown", "options-contradict", "options-out-of-range", "options-unknown-key", "options-wrong-type",
    "weights-all-zero", "pack-outside-the-folder", "pack-that-is-not-there", "include-of-no-pack", "include-twice", "include-with-packs",
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
