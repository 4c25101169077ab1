"""Has every evaluator a defined result for texts that nobody would write, however long, empty or odd?"""
import json
import math
import subprocess

import pytest

METRICS = ["exact", "exact_match", "quasi_exact", "includes", "contains_all", "contains_any", "f1", "f1_set", "precision", "recall",
           "rouge1", "rouge2", "rougeL", "rougeLsum", "bleu", "chrf", "levenshtein", "numeric", "choice", "json_match", "json_diff"]
CONSISTENCY = ["agreement", "majority", "lexical", "semantic_entropy", "robustness"]
CHECKS = ["not_empty", "json", "markdown", "repetition", "echo", "truncation", "script", "words"]
STATUSES = {"scored", "not_applicable", "skipped", "error"}
ODD = {
    "empty": "", "blank": " \t\n\u00a0\u3000", "nul_free_controls": "".join(map(chr, range(1, 32))), "marks": "a" + "\u0301" * 20000,
    "marks_alone": "\u0301" * 5000, "overrides": "\u202e\u202d\u2066 secret \u2069\u202c" * 200, "joiners": "\u200d\u200c\ufeff" * 3000,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 500, "noncharacters": "\ufffe\uffff\U0010ffff" * 100, "one_word": "x" * (1 << 20),
    "many_words": "word " * (1 << 18), "one_line": "-" * 300000, "brackets": "[" * 200000, "quotes": '"' * 200000, "backslashes": "\\" * 200000,
    "digits": "9" * 200000, "huge": "1e999", "tiny": "1e-999", "negative_zero": "-0", "nan": "NaN", "infinity": "-Infinity", "half": "½",
    "arabic": "١٢٣", "fullwidth": "１２３", "roman": "Ⅻ", "superscript": "x²", "thousands": "1,2,3,4,5,,,6", "points": "1.2.3.4", "boxed": "\\boxed{" * 5000,
    "hash_marks": "####" * 50000, "fence": "```" * 50000, "json_deep": '{"a":' * 60 + "1" + "}" * 60, "json_too_deep": "[" * 5000 + "]" * 5000,
    "turkish": "İIıi" * 1000, "sharp_s": "ẞßSSss" * 1000, "hangul": "\u1100\u1161\u11a8" * 5000, "thai": "ก็ไม่รู้" * 3000,
}


@pytest.fixture(scope="module")
def rubric(tmp_path_factory):
    def criterion(name, evaluator, **options):
        return {"name": name, "dimension": "d", "evaluator": evaluator, "options": options, "weight": 1, "threshold": 0.5}
    criteria = [criterion(f"reference-{metric.lower()}", "reference", metric=metric) for metric in METRICS]
    criteria += [criterion(f"unicode-{metric.lower()}", "reference", metric=metric, unicode="casefold", tokenizer="unicode")
                 for metric in ("f1", "rougeL")]
    criteria += [criterion("stemmed", "reference", metric="rougeLsum", stemmer=True),
                 criterion("schema", "reference", metric="json_schema", schema={"type": "object", "required": ["a"]})]
    criteria += [criterion(f"consistency-{metric}", "consistency", metric=metric) for metric in CONSISTENCY]
    criteria += [criterion("last-number", "consistency", metric="agreement", extract="last_number"),
                 criterion("pii", "regex", packs=["pii"], where="both"), criterion("secrets", "regex", packs=["secrets"], where="both"),
                 criterion("profanity", "regex", packs=["profanity", "prompt_leak", "jailbreak_compliance"]),
                 criterion("refusal", "refusal"), criterion("length", "length", min=1, max=100), criterion("format", "format")]
    path = tmp_path_factory.mktemp("hostile") / "hostile.json"
    path.write_text(json.dumps({"name": "hostile", "criteria": criteria}))
    return path, {one["name"] for one in criteria}


def evaluate(assay, rubric, tmp_path, lines):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    done = subprocess.run([assay, "eval", "--rubric", rubric, "--scores", "-", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return {row["id"]: row["scores"] for row in map(json.loads, done.stdout.splitlines()) if "scores" in row}


def test_every_score_is_defined(assay, rubric, tmp_path):
    path, names = rubric
    rows = []
    for name, text in ODD.items():
        rows += [{"id": f"{name}-response", "prompt": "?", "response": text, "reference": "a plain answer, 42", "resamples": ["other", text]},
                 {"id": f"{name}-reference", "prompt": "?", "response": "a plain answer, 42", "reference": text, "resamples": [text]},
                 {"id": f"{name}-both", "prompt": text, "response": text, "reference": text, "resamples": [text, text]}]
    found = evaluate(assay, path, tmp_path, [json.dumps(row).encode() for row in rows])
    assert set(found) == {row["id"] for row in rows}
    for sample, scores in found.items():
        assert set(scores) == names
        for name, score in scores.items():
            where = f"{name} of {sample}: {score}"
            assert score["status"] in STATUSES, where
            assert (score["value"] is not None) == (score["status"] == "scored"), where
            assert score["value"] is None or (0 <= score["value"] <= 1 and math.isfinite(score["value"])), where
            assert score["status"] == "scored" or score["reason"], where
    for name, text in ODD.items():  # whatever it is, it equals itself
        same = found[f"{name}-both"]["reference-exact"]
        assert same["status"] == "scored" and same["value"] == 1, name


# Digits are ASCII's: other scripts' are no number, so a reply of them is one without an answer.
@pytest.mark.parametrize("response,reference,value", [
    ("½", "0.5", 0), ("١٢٣", "123", 0), ("１２３", "123", 0), ("1e999", "1e999", 1), ("1e999", "2e999", 0), ("NaN", "NaN", None), ("-0", "0", 1),
    ("Infinity", "Infinity", None), ("1,234", "1234", 1), ("1e-999", "0", 0)])
def test_numbers_that_are_odd(assay, tmp_path, response, reference, value):
    rubric = tmp_path / "numbers.json"
    rubric.write_text(json.dumps({"name": "numbers", "criteria": [
        {"name": "n", "dimension": "d", "evaluator": "reference", "options": {"metric": "numeric"}, "weight": 1, "threshold": 1}]}))
    found = evaluate(assay, rubric, tmp_path, [json.dumps({"id": "a", "response": response, "reference": reference}).encode()])["a"]["n"]
    assert found["value"] == value, found


@pytest.mark.parametrize("line,why", [
    (rb'{"id":"a","response":"\ud800"}', "not_json"), (rb'{"id":"a","response":"\udc00\ud800"}', "not_json"),
    (b'{"id":"a","response":"\xff"}', "invalid_utf8"), (b'{"id":"a","response":"\xed\xa0\x80"}', "invalid_utf8"),
    (rb'{"id":"a","response":"\u0000"}', "nul_byte"), (b'{"id":"a","response":NaN}', "not_json"), (b'{"id":"a","response":"x","latency_ms":1e999}', "out_of_range")])
def test_records_that_are_odd_are_named(assay, tmp_path, line, why):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(line + b"\n" + b'{"id":"b","response":"fine"}\n')
    done = subprocess.run([assay, "eval", "--rubric", "safety", "--scores", "-", path], capture_output=True, text=True)
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    invalid = [row["invalid"] for row in rows if "invalid" in row]
    assert done.returncode == 0 and invalid == [why]


def test_a_pack_of_ten_thousand_rules_is_refused_by_its_number(assay, tmp_path):
    (tmp_path / "packs").mkdir()
    rules = [{"id": f"r{i}", "description": "d", "pattern": f"word{i}", "severity": "low", "entity": "E"} for i in range(10000)]
    rubric = tmp_path / "many.json"
    rubric.write_text(json.dumps({"name": "many", "criteria": [{"name": "c", "dimension": "d", "evaluator": "regex", "weight": 1,
                                                                "threshold": 1, "options": {"rules": rules}}]}))
    done = subprocess.run([assay, "rubric", "check", rubric], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and "criteria[0].options" in done.stdout + done.stderr


@pytest.mark.parametrize("pattern,said", [("(", "missing closing parenthesis"), ("a{2,1}", "numbers out of order"), ("(a+)+$", "slow"), ("(.*)*x", "slow"), ("\\p{Nope}", "property"), ("[z-a]", "range out of order")])
def test_patterns_that_cannot_be_used_are_told_where_and_why(assay, tmp_path, pattern, said):
    rubric = tmp_path / "bad.json"
    rubric.write_text(json.dumps({"name": "bad", "criteria": [{"name": "c", "dimension": "d", "evaluator": "regex", "weight": 1, "threshold": 1,
                                                               "options": {"forbid": [pattern]}}]}))
    done = subprocess.run([assay, "rubric", "check", rubric], capture_output=True, text=True)
    assert done.returncode == 2 and "criteria[0].options.forbid[0]" in done.stdout + done.stderr and said in done.stdout + done.stderr
