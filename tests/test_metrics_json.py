"""Are JSON answers compared as OpenAI's json_match, autoevals' JSONDiff and PyPI's jsonschema compare them?"""

import copy
import json
import random

import jsonschema
import pytest

from test_metrics import SEED, compare, distance, measure, rows_of  # noqa: F401 (a fixture)

SCALARS = [None, True, False, 0, 1, -1, 2, 1.0, 1.5, 0.1, 0.3, 1e300, -1e300, 10, 12345678901, "", "a", "ab", "abc", "é", "日本", "x1",
           "1", "2026-11-25"]
KEYS = ["a", "b", "c", "name", "x1", "naïve"]


def value(chance, depth=3):
    kind = chance.random()
    if depth == 0 or kind < 0.4:
        return chance.choice(SCALARS)
    if kind < 0.65:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {key: value(chance, depth - 1) for key in chance.sample(KEYS, chance.randrange(4))}


def changed(chance, other):
    """The value with one place changed."""
    other = copy.deepcopy(other)
    place = other
    while isinstance(place, (list, dict)) and place:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if chance.random() < 0.5 or not isinstance(place[key], (list, dict)):
            place[key] = value(chance, 1)
            break
        place = place[key]
    return other


def make_pairs(count):
    chance = random.Random(SEED)
    pairs = [(None, None), (1, 1.0), (True, 1), ([], {}), ({}, {}), ([], []), ("", ""), ({"a": None}, {}), (0, 0.0), (1e308, -1e308)]
    while len(pairs) < count:
        one = value(chance)
        pairs.append((one, value(chance) if chance.random() < 0.3 else changed(chance, one)))
    return pairs


PAIRS = make_pairs(1500)
TEXTS = [(json.dumps(a, ensure_ascii=False), json.dumps(b)) for a, b in PAIRS]


def is_number(one):
    return isinstance(one, (int, float)) and not isinstance(one, bool)


def match(a, b):
    if a is None or b is None:
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(match(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(match, a, b))
    if is_number(a) and is_number(b):
        return a == b
    return type(a) is type(b) and a == b


def likeness(a, b):
    return 1 - distance(a, b) / max(len(a), len(b)) if a or b else 1


def dump(one):
    return json.dumps(one, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def diff(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        keys = a.keys() | b.keys()
        return sum(diff(a.get(key), b.get(key)) for key in keys) / len(keys) if keys else 1
    if isinstance(a, list) and isinstance(b, list):
        return sum(map(diff, a, b)) / max(len(a), len(b)) if a or b else 1
    if isinstance(a, str) and isinstance(b, str):
        return likeness(a, b)
    if is_number(a) and is_number(b):
        return 1 - abs(a / 2 - b / 2) / (abs(a / 2) + abs(b / 2)) if a or b else 1
    if a is None or b is None:
        return float(a is b)
    return likeness(dump(a), dump(b))


def diff_has_no_clash(a, b):
    """Nowhere values of different types that hold floats, whose spelling is each library's own."""
    if isinstance(a, dict) and isinstance(b, dict):
        return all(diff_has_no_clash(a[key], b[key]) for key in a.keys() & b.keys())
    if isinstance(a, list) and isinstance(b, list):
        return all(map(diff_has_no_clash, a, b))
    same = type(a) is type(b) or (is_number(a) and is_number(b)) or a is None or b is None
    return same or not any("e" in dump(one) or "." in dump(one) for one in (a, b))


def test_json_match(measure):  # noqa: F811
    compare(measure, {"metric": "json_match"}, TEXTS, [float(match(a, b)) for a, b in PAIRS])


def test_json_diff(measure):  # noqa: F811
    chosen = [(texts, pair) for texts, pair in zip(TEXTS, PAIRS, strict=True) if diff_has_no_clash(*pair)]
    assert len(chosen) > 900
    compare(measure, {"metric": "json_diff"}, [texts for texts, _ in chosen], [diff(*pair) for _, pair in chosen])


NO_JSON = ["", "{", "[1,]", "{'a': 1}", "NaN", "1e999", "{\"a\":1,\"a\":2}", "\"\\ud800\"", "\"\\u0000\"", "[1] 2",
           "[" * 65 + "]" * 65, "123456789012345678901234567890"]


def test_what_is_no_json_is_the_answers_failure(measure):  # noqa: F811
    for metric in ("json_match", "json_diff"):
        rows = rows_of([(text, "{}") for text in NO_JSON])
        assert measure({"metric": metric}, rows) == [("scored", 0, "not_json")] * len(rows)
        rows = rows_of([("{}", text) for text in NO_JSON])
        assert measure({"metric": metric}, rows) == [("not_applicable", None, "reference_not_json")] * len(rows)


FOUND = ["{\"a\": [1, \"}\"]}", "Here: {\"a\": [1, \"}\"]} as asked.", "```json\n{\"a\": [1, \"}\"]}\n```",
         "{not json} but {\"a\": [1, \"}\"]}", "{{\"a\": [1, \"}\"]}}"]


def test_json_is_found_in_prose(measure):  # noqa: F811
    rows = rows_of([(text, "{\"a\":[1,\"}\"]}") for text in FOUND])
    assert [row[:2] for row in measure({"metric": "json_match", "extract": "json"}, rows)] == [("scored", 1)] * len(rows)
    assert measure({"metric": "json_match", "extract": "json"}, rows_of([("none {", "{}")])) == [("scored", 0, "no_answer")]


ASSERTIONS = {
    "type": ["null", "boolean", "integer", "number", "string", "array", "object", ["integer", "null"], ["string"]],
    "enum": [[1, "a", None], [[1], {"a": 1}, True], [1.0]],
    "const": [None, 1, 1.0, True, "a", [1], {"a": 1}],
    "minimum": [0, 1, 1.5], "maximum": [0, 1, 1.5], "exclusiveMinimum": [0, 1], "exclusiveMaximum": [1, 2.5],
    "multipleOf": [1, 2, 0.5, 1.5, 0.1],
    "minLength": [0, 1, 2], "maxLength": [0, 1, 2], "pattern": ["a", "^a", "[0-9]$", "^[a-z]*$", "^.{2}$"],
    "minItems": [0, 1, 2], "maxItems": [0, 1, 2], "uniqueItems": [True, False],
    "minProperties": [0, 1, 2], "maxProperties": [0, 1, 2],
    "required": [[], ["a"], ["a", "name"]], "dependentRequired": [{"a": ["b"]}, {}],
}
APPLICATORS = ["items", "prefixItems", "properties", "patternProperties", "additionalProperties", "allOf", "anyOf", "oneOf", "not", "$ref"]


def schema(chance, depth=3):
    if chance.random() < 0.07:
        return chance.random() < 0.6
    out = {key: chance.choice(ASSERTIONS[key]) for key in chance.sample(list(ASSERTIONS), chance.randrange(1, 3))}
    if depth == 0:
        return out
    for key in chance.sample(APPLICATORS, chance.randrange(3)):
        below = [schema(chance, depth - 1) for _ in range(chance.randrange(1, 3))]
        out[key] = {"items": below[0], "additionalProperties": below[0], "not": below[0], "$ref": chance.choice(["#/$defs/one", "#/$defs/two"]),
                    "properties": dict(zip(KEYS, below, strict=False)),
                    "patternProperties": dict(zip(["^a", "[0-9]"], below, strict=False))}.get(key, below)
    return out


TOGETHER = [{"prefixItems": [{"type": "integer"}], "items": {"type": "string"}}, {"prefixItems": [True, {"minimum": 2}], "items": False},
            {"properties": {"a": True}, "patternProperties": {"^x": True}, "additionalProperties": False},
            {"patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": {"type": "string"}},
            {"properties": {"a": {"type": "integer"}}, "patternProperties": {"a": {"minimum": 2}}},
            {"oneOf": [{"type": "integer"}, {"minimum": 2}]}, {"not": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}]
VALUES = [[], [1], ["a"], [1, "a"], [1, 2], [1, 2, 3], {"a": 1}, {"a": 2}, {"x1": 1}, {"a": 1, "x1": None}, {"b": 1}, {"b": "b"}, {"ab": "a"}, 1, 2, 2.5,
          None, "a"]


def test_keywords_that_speak_of_each_other_are_kept_as_jsonschema_says(measure):  # noqa: F811
    for one in TOGETHER:
        validator = jsonschema.Draft202012Validator(one)
        compare(measure, {"metric": "json_schema", "schema": one}, [(json.dumps(value), []) for value in VALUES],
                [float(validator.is_valid(value)) for value in VALUES])


def test_schemas_are_kept_as_jsonschema_says(measure):  # noqa: F811
    chance = random.Random(SEED)
    kept = total = 0
    for _ in range(100):
        one = schema(chance)
        if isinstance(one, bool):
            continue
        one["$defs"] = {"one": schema(chance, 0), "two": {"type": ["object", "array", "string"], "maxItems": 2, "maxLength": 2}}
        values = [pair[chance.randrange(2)] for pair in chance.sample(PAIRS, 60)]
        validator = jsonschema.Draft202012Validator(one)
        expected = [float(validator.is_valid(value)) for value in values]
        compare(measure, {"metric": "json_schema", "schema": one}, [(json.dumps(value), []) for value in values], expected)
        kept += sum(expected)
        total += len(expected)
    assert 0.1 < kept / total < 0.9  # else it would show little


PERSON = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "a person", "type": "object",
          "required": ["name"], "additionalProperties": False,
          "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "minimum": 0},
                         "friends": {"type": "array", "items": {"$ref": "#"}}}}
PEOPLE = [("{\"name\":\"A\",\"age\":3.0,\"friends\":[{\"name\":\"B\"}]}", 1, None), ("{\"age\":3}", 0, "schema_required"),
          ("{\"name\":\"\"}", 0, "schema_minLength"), ("{\"name\":\"A\",\"friends\":[{\"name\":1}]}", 0, "schema_type"),
          ("{\"name\":\"A\",\"x\":1}", 0, "schema_additionalProperties"), ("no", 0, "not_json")]


def test_the_keyword_that_was_not_kept_is_named(measure):  # noqa: F811
    rows = [{"response": text} for text, _, _ in PEOPLE]
    assert measure({"metric": "json_schema", "schema": PERSON}, rows) == [("scored", value, reason) for _, value, reason in PEOPLE]


LIMITS = [({"$ref": "#"}, "{}", "depth"), ({"type": "array", "uniqueItems": True}, json.dumps(list(range(3000))), "steps"),
          ({"pattern": "^(a+)+$"}, json.dumps("a" * 40 + "!"), "pattern"),
          ({"not": {"pattern": "^(a+)+$"}}, json.dumps("a" * 40 + "!"), "pattern")]


@pytest.mark.parametrize("one,text,limit", LIMITS, ids=lambda case: str(case)[:12])
def test_a_limit_that_is_hit_is_an_error_and_no_verdict(measure, one, text, limit):  # noqa: F811
    assert measure({"metric": "json_schema", "schema": one}, [{"response": text}]) == \
        [("error", None, f"json_schema: the limit of {limit} was hit")]


REFUSED = [({"type": "text"}, "options.schema.type"), ({"format": "email"}, "options.schema.format: not among"),
           ({"properties": {"a": {"minLength": -1}}}, "options.schema.properties.a.minLength"), ({"$ref": "#/$defs/none"}, "options.schema.$ref"),
           ({"$ref": "http://example.com/x"}, "options.schema.$ref"), ({"pattern": "("}, "options.schema.pattern"),
           ({"items": [{}]}, "options.schema.items"), ({"anyOf": []}, "options.schema.anyOf"), ({"allOf": [{"if": {}}]}, "options.schema.allOf[0].if"),
           ({"multipleOf": 0}, "options.schema.multipleOf"), ({"required": "a"}, "options.schema.required"), (7, "options.schema"),
           ({"$defs": {"a": {"enum": []}}}, "options.schema.$defs.a.enum"), ({"uniqueItems": 1}, "options.schema.uniqueItems")]


@pytest.mark.parametrize("one,said", REFUSED, ids=lambda case: str(case)[:24])
def test_a_schema_that_is_wrong_or_beyond_the_subset_is_refused(measure, one, said):  # noqa: F811
    with pytest.raises(AssertionError, match="options.schema") as refused:
        measure({"metric": "json_schema", "schema": one}, [])
    assert said in str(refused.value)
