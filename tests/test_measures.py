"""Do a store's views say of lengths, latencies, tokens and labels what plain Python counts?"""
import json
import math
import random
import sqlite3
from collections import Counter, defaultdict

import pytest

BUCKET_MS = 5 * 60 * 1000
EXACT_MAX, GROWTH = 1024, 1.01 / 0.99
RUBRIC = {"name": "r", "criteria": [
    {"name": "yes", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "exact"}}]}


def bin_of(value):
    """Whole numbers up to 1024, then a DDSketch of 1 % relative error."""
    if value <= EXACT_MAX:
        return round(value)
    return EXACT_MAX + max(1, math.ceil(math.log(value / EXACT_MAX) / math.log(GROWTH)))


def unpacked(packed):
    """{bin: count} of varints (bin - previous bin, count)."""
    numbers, value, shift = [], 0, 0
    for byte in packed:
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value)
            value = shift = 0
    counts, at = {}, 0
    for step, count in zip(numbers[::2], numbers[1::2]):
        at += step
        counts[at] = count
    return counts


@pytest.fixture
def rows():
    chance = random.Random(11)
    return [{"id": str(i), "model": chance.choice(["a", "b"]), "timestamp": 1_700_000_000_000 + i * 20_000,
             "prompt": "p" * chance.choice([1, 1024, 1025, 5000]), "response": "r" * chance.randrange(3000),
             "latency_ms": chance.choice([.25, 1.024, 3, 17.5, 60_000]), "reference": "r",
             "input_tokens": chance.choice([0, 3, 1024, 1030, 120_000]),
             **({"output_tokens": chance.randrange(4000)} if i % 3 else {})} for i in range(400)]


def measures_of(row):
    yield "inference_us", row["latency_ms"] * 1000
    yield "input_tokens", row["input_tokens"]
    if "output_tokens" in row:
        yield "output_tokens", row["output_tokens"]
    yield "prompt_bytes", len(row["prompt"])
    yield "response_bytes", len(row["response"])


def test_every_bin_is_what_python_counts(run, rows, tmp_path):
    rubric, records, store = tmp_path / "rubric.json", tmp_path / "rows.jsonl", tmp_path / "store"
    rubric.write_text(json.dumps(RUBRIC))
    records.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run("eval", "--rubric", rubric, "--store", store, records)
    assert done.returncode == 0, done.stderr
    want = defaultdict(Counter)
    for row in rows:
        for name, value in measures_of(row):
            want[row["model"], name, row["timestamp"] // BUCKET_MS * BUCKET_MS][bin_of(value)] += 1
    with sqlite3.connect(store / "shard-0001.db") as shard:
        found = {(model, name, bucket): (n, unpacked(packed)) for model, name, bucket, n, packed in shard.execute(
            "SELECT model, measure, bucket_ms, n, histogram FROM measures WHERE measure <> 'evaluation_us'")}
        evaluated = shard.execute("SELECT sum(n) FROM measures WHERE measure = 'evaluation_us'").fetchone()[0]
    assert found == {key: (sum(bins.values()), dict(bins)) for key, bins in want.items()}
    assert evaluated == len(rows)
