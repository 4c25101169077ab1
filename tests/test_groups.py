"""Are responses that arrive as records of their own compared as one group, by `assay eval`?
Expected values are plain Python over the rows."""
import json
import random
import re
import sqlite3
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def rubric_of(metric, **options):
    return {"name": "same", "criteria": [
        {"name": "same", "dimension": "consistency", "evaluator": "consistency",
         "options": {"metric": metric, **options}, "weight": 1, "threshold": 0.5},
        {"name": "size", "dimension": "form", "evaluator": "length", "options": {"min": 1}, "weight": 3}]}


def agreement(responses):
    counts = Counter(response.strip().lower() for response in responses)
    k = len(responses)
    return sum(c * (c - 1) for c in counts.values()) / (k * (k - 1))


def majority(responses):
    return max(Counter(response.strip().lower() for response in responses).values()) / len(responses)


def rouge_l(one, other):
    a, b = (re.findall("[a-z0-9]+", text.lower()) for text in (one, other))
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            longest[i + 1][j + 1] = longest[i][j] + 1 if x == y else max(longest[i][j + 1], longest[i + 1][j])
    return 2 * longest[-1][-1] / (len(a) + len(b))


def lexical(responses):
    pairs = list(combinations(responses, 2))
    return sum(rouge_l(a, b) for a, b in pairs) / len(pairs)


METRICS = {"agreement": agreement, "majority": majority, "lexical": lexical}
SAID = ("Yes", " yes ", "No", "yes, it is so", "no, it is not")


@pytest.fixture
def rows():
    """Responses of 30 groups of 2 to 6, two models, shuffled."""
    chance = random.Random(5)
    made = [{"id": f"{g}-{i}", "model": f"m{g % 2}", "group": f"g{g // 2}", "prompt": "?",
             "response": chance.choice(SAID)}
            for g in range(30) for i in range(chance.randint(2, 6))]
    chance.shuffle(made)
    return made


@pytest.fixture
def scored(run, tmp_path):
    """(lines, summary) of eval --scores - over rows given as lists: one file each."""
    def call(document, *files, more=(), **options):
        rubric = tmp_path / "rubric.json"
        rubric.write_text(json.dumps(document))
        paths = []
        for number, content in enumerate(files):
            paths.append(tmp_path / f"rows{number}.jsonl")
            text = "".join(json.dumps(row) + "\n" for row in content)
            if not paths[-1].exists() or paths[-1].read_text() != text:
                paths[-1].write_text(text)
        done = run("eval", "--rubric", rubric, "--scores", "-", *more, *(paths or ["-"]), **options)
        assert done.returncode == 0, done.stderr
        *lines, summary = map(json.loads, done.stdout.splitlines())
        return lines, summary["summary"]
    return call


def groups_of(rows):
    groups = defaultdict(list)
    for row in rows:
        groups[row["model"], row["group"]].append(row)
    return groups


def said(lines, criterion="same"):
    return {line["id"]: line["scores"][criterion] for line in lines}


@pytest.mark.parametrize("metric", METRICS)
def test_the_last_response_of_each_group_has_its_score(scored, rows, metric):
    got = said(scored(rubric_of(metric), rows)[0])
    for members in groups_of(rows).values():
        *before, last = members
        want = METRICS[metric]([row["response"] for row in members])
        assert got[last["id"]]["value"] == pytest.approx(want, abs=1e-12)
        for row in before:
            assert (got[row["id"]]["status"], got[row["id"]]["reason"]) == ("not_applicable", "group_open")


def test_the_composite_takes_the_groups_score_in(scored, rows):
    for line in scored(rubric_of("agreement"), rows)[0]:
        value = line["scores"]["same"]["value"]
        assert line["composite"] == pytest.approx(1 if value is None else (value + 3) / 4, abs=1e-12)


def test_order_and_files_do_not_matter(scored, rows):
    def values(*files):
        return sorted((line["model"], line["scores"]["same"]["value"])
                      for line in scored(rubric_of("lexical"), *files)[0]
                      if line["scores"]["same"]["status"] == "scored")
    assert values(rows) == values(rows[::-1]) == values(rows[::2], rows[1::2])


def test_a_record_a_rubric_and_at_last_the_file_say_how_many(scored):
    row = {"model": "m", "group": "g", "prompt": "?", "response": "a"}
    many = [row | {"id": str(i)} for i in range(5)]

    def completed(rows, **options):
        got = said(scored(rubric_of("majority", **options), rows)[0])
        return [name for name, score in got.items() if score["status"] == "scored"], got["4"]["reason"]
    assert completed(many) == (["4"], None)
    assert completed(many, group_size=3) == (["2"], "group_late")
    assert completed([one | {"resample_count": 2} for one in many], group_size=3) == (["1"], "group_late")
    assert completed(many, group_size=9) == ([], "group_open")


def test_a_pipe_cannot_be_read_twice(scored):
    rows = [{"id": str(i), "group": "g", "response": "a"} for i in range(3)]
    lines, _ = scored(rubric_of("majority"), input="".join(json.dumps(row) + "\n" for row in rows))
    assert {score["reason"] for score in said(lines).values()} == {"group_open"}
    lines, _ = scored(rubric_of("majority", group_size=3),
                      input="".join(json.dumps(row) + "\n" for row in rows))
    assert said(lines)["2"]["value"] == 1


def test_duplicates_and_single_responses(scored):
    rows = [{"id": "a", "group": "g", "resample_index": 0, "response": "x"},
            {"id": "b", "group": "g", "resample_index": 0, "response": "y"},
            {"id": "c", "group": "g", "resample_index": 1, "response": "x"},
            {"id": "d", "group": "alone", "response": "x"},
            {"id": "e", "response": "x"},
            {"id": "f", "group": "g", "response": "x", "resamples": ["y", "y"]}]
    got = said(scored(rubric_of("agreement"), rows)[0])
    assert [got[name]["reason"] for name in "abde"] == ["group_open", "group_duplicate", "no_resamples",
                                                         "no_resamples"]
    assert got["c"]["value"] == 1
    assert got["f"]["value"] == pytest.approx(1 / 3, abs=1e-12)  # a record that holds all is none of a group


def test_a_criterions_share_takes_whole_groups(scored, rows):
    document = rubric_of("agreement")
    document["criteria"][0]["sample"] = 0.5
    got = said(scored(document, rows)[0])
    seen = {frozenset(got[row["id"]]["status"] == "skipped" for row in members)
            for (_, _), members in groups_of(rows).items()}
    assert seen == {frozenset([True]), frozenset([False])}


def test_the_same_again_in_a_store_changes_nothing(scored, rows, tmp_path):
    more = ("--store", tmp_path / "store")
    first = scored(rubric_of("agreement"), rows, more=more)
    again = scored(rubric_of("agreement"), rows, more=more)
    assert first == again
    with sqlite3.connect(tmp_path / "store" / "shard-0001.db") as shard:
        kept = shard.execute("SELECT count(*), count(DISTINCT \"group\") FROM fingerprints").fetchone()
        scores = shard.execute("SELECT count(*) FROM scores WHERE criterion = 'same' "
                               "AND status = 'scored'").fetchone()
    assert kept == (len(rows), len(groups_of(rows)))
    assert scores == (len(groups_of(rows)),)


def test_a_store_of_the_first_schema_takes_groups(scored, rows, tmp_path):
    """Made by the first migration alone, as the first release did."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    first = (ROOT / "schema/migrations/001_first.sql").read_text()
    with sqlite3.connect(folder / "shard-0001.db") as shard:
        shard.executescript(first + "PRAGMA user_version=1;")
    scored(rubric_of("agreement"), rows, more=("--store", folder))
    with sqlite3.connect(folder / "shard-0001.db") as shard:
        assert shard.execute("SELECT count(*) FROM fingerprints").fetchone() == (len(rows),)
