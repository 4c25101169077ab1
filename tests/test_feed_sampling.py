"""Does `assay feed --sample` send a sample that is not biased to the familiar, with the right probabilities?"""

import json
import math
import random
from collections import Counter, defaultdict

import pytest

from feeding import LAYOUT, feed, records_in, text_of, topic, write  # noqa: F401

pytestmark = pytest.mark.kafka

# strata of five sizes; the rare ones are worse
SIZES = {"chat": 30000, "search": 6000, "tools": 3000, "legal": 600, "swedish": 60}
BAD = {"chat": 0.02, "search": 0.05, "tools": 0.10, "legal": 0.3, "swedish": 0.5}


def made(seed):
    rng = random.Random(seed)
    rows = [{"id": f"{stratum}-{i}", "stratum": stratum, "prompt": f"tell me {i} things", "response": "x",
             "tags": {"bad": str(int(rng.random() < BAD[stratum]))}}
            for stratum, size in SIZES.items() for i in range(size)]
    rng.shuffle(rows)
    return rows


def sent(kafka, topic):
    """[(row, probability)]"""
    values = [value for *_, value in records_in(kafka, topic)]
    return [(value["record"], value["probability"]) for value in values]


def test_a_share_is_sent_rare_strata_too_and_weights_tell_the_truth(feed, kafka, topic, tmp_path):
    rows = made(1)
    write(tmp_path, f"c/all/blue/{LAYOUT}/a.jsonl", text_of(rows))
    code, summary, said = feed(tmp_path / "c", options=["--sample", "5%", "--sample-floor", "20"])
    assert (code, said) == (0, "")
    kept = sent(kafka, topic)
    assert summary["lines"]["sent"] == len(kept) and summary["lines"]["read"] == len(rows)
    assert 0.03 * len(rows) < len(kept) < 0.08 * len(rows)
    assert len({p for _, p in kept}) <= 64 and all(-4 * math.log2(p) == pytest.approx(round(-4 * math.log2(p)), abs=1e-9)
                                                   for _, p in kept)
    # square roots: the largest stratum is 500 times the rarest, and not 500 times as often there
    count, weight, bad = Counter(), defaultdict(float), defaultdict(float)
    spread = defaultdict(float)
    for row, p in kept:
        count[row["stratum"]] += 1
        weight[row["stratum"]] += 1 / p
        bad[row["stratum"]] += int(row["tags"]["bad"]) / p
        spread[row["stratum"]] += (1 - p) / p ** 2
    assert count["chat"] / count["swedish"] < 40 and count["swedish"] >= 40
    # Horvitz and Thompson: sums of weights are the sizes of the strata, within 4.5 standard errors
    for stratum, size in SIZES.items():
        assert abs(weight[stratum] - size) <= 4.5 * math.sqrt(spread[stratum]) + 1e-6, stratum
    # and the weighted share of bad answers is that of all rows, which the plain mean of the sample is not
    truth = sum(int(row["tags"]["bad"]) for row in rows) / len(rows)
    hajek = sum(bad.values()) / sum(weight.values())
    total = sum(weight.values())
    se = math.sqrt(sum((int(row["tags"]["bad"]) - hajek) ** 2 / p ** 2 for row, p in kept)) / total
    plain = sum(int(row["tags"]["bad"]) for row, _ in kept) / len(kept)
    assert abs(hajek - truth) < 4 * se and plain - truth > 4 * se


def test_new_shapes_of_prompts_are_kept(feed, kafka, topic, tmp_path):
    rng = random.Random(2)
    rows = [{"id": f"{i}", "stratum": "chat", "prompt": f"Summarise ticket number {i}", "response": "x"} for i in range(15000)]
    odd = [{"id": f"odd-{i}", "stratum": "chat", "prompt": f"{word}ly odd {'x' * i}", "response": "x"}
           for i, word in enumerate(["rare", "quick", "sudden", "slow", "brave"])]
    for row in odd:
        rows.insert(rng.randrange(11000, len(rows)), row)  # in a bucket that knows its stratum
    write(tmp_path, f"c/all/blue/{LAYOUT}/a.jsonl", text_of(rows))
    assert feed(tmp_path / "c", options=["--sample", "2%", "--sample-novelty", "5"])[0] == 0
    kept = {row["id"]: p for row, p in sent(kafka, topic)}
    assert all(kept.get(row["id"]) == 1 for row in odd)  # never seen before: kept for sure
    late = [p for name, p in kept.items() if not name.startswith("odd") and int(name) > 12000]
    assert late and max(late) < 0.04  # the shape everybody knows goes as its stratum does


def test_a_stratum_of_its_own_probability_keeps_it(feed, kafka, topic, tmp_path):
    rows = made(3)[:12000]
    write(tmp_path, f"c/all/blue/{LAYOUT}/a.jsonl", text_of(rows))
    assert feed(tmp_path / "c", options=["--sample", "10%", "--sample-stratum", "legal=1", "--sample-stratum", "chat=0"])[0] == 0
    kept = sent(kafka, topic)
    assert Counter(row["stratum"] for row, _ in kept)["legal"] == Counter(row["stratum"] for row in rows)["legal"]
    assert {p for row, p in kept if row["stratum"] == "legal"} == {1}
    assert not any(row["stratum"] == "chat" for row, _ in kept)


@pytest.mark.parametrize("options,words", [
    (["--sample", "0%"], "--sample must be"), (["--sample", "legal=1"], "--sample-stratum STRATUM=P"),
    (["--sample-novelty", "5"], "needs --sample"),
    (["--sample", "50%", "--ground-truth", "t"], "give --sample-stratum STRATUM=P instead")])
def test_what_cannot_be_is_told(feed, tmp_path, options, words):
    code, summary, said = feed(tmp_path, options=options)
    assert (code, summary) == (2, None) and words in said
