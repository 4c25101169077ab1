"""Does the published JSON Schema of the capture record say what the reader does? The cases are those of test_capture."""

import json
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "schema/capture-record.schema.json").read_text())
# What a schema of one object cannot say: contents of bodies, a relation of two keys, a null that is required.
BEYOND_A_SCHEMA = {
    "an index beyond the count",
    "a response that is null",
    "a record that is no JSON",
}


def cases(name):
    lines = (ROOT / "tests/capture" / name).read_text().splitlines()
    return [case for case in map(json.loads, lines) if "record" in case]


def is_valid(record):
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(record)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ["flat.jsonl", "sagemaker.jsonl", "pairs.jsonl"])
def test_what_is_read_fits_the_schema(name):
    refused = [case["what"] for case in cases(name) if "sample" in case and not is_valid(case["record"])]
    assert refused == []


def test_what_is_refused_does_not_fit():
    taken = {case["what"] for case in cases("invalid.jsonl") if is_valid(case["record"])}
    assert taken == BEYOND_A_SCHEMA


def test_every_key_of_the_reader_is_described():
    source = (ROOT / "schema/capture_fields.c").read_text()
    table = source[source.index("FIELDS[] = {"):source.index("static int compare_key")]
    keys = [line.split('"')[1] for line in table.splitlines() if line.strip().startswith('{"')]
    assert keys == sorted(keys)
    assert set(keys) == set(SCHEMA["properties"])


def test_every_reason_is_explained():
    """Codes stand in the sources as literals; each has its row in the README."""
    readme = (ROOT / "schema/README.md").read_text()
    codes = {case["invalid"] for name in ("sagemaker.jsonl", "pairs.jsonl", "invalid.jsonl")
             for case in map(json.loads, (ROOT / "tests/capture" / name).read_text().splitlines())
             if "invalid" in case}
    assert [code for code in sorted(codes | {"too_many_tokens"}) if f"`{code}`" not in readme] == []
