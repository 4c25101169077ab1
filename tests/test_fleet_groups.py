"""Is a group of responses whose members were scored by several shards compared once, whole, in every report, as if one
worker had held them all? Expected values are plain Python over the records."""
import json
import random
import subprocess
import zlib
from collections import Counter, defaultdict
from contextlib import ExitStack
from datetime import datetime, timezone

import pytest

from made_stores import rounded
from test_console import Console
from test_fleet_report import HOUR, MIDDLE, PARTITIONS, START, WINDOWS, WORKERS, machines
from test_fleet_rows import COMPARE, QUALITY, WINDOW, ask, but_for_shards  # noqa: F401: a fixture

RUBRIC = {"name": "grouped", "criteria": [
    {"name": "same", "dimension": "consistency", "evaluator": "consistency", "options": {"metric": "agreement"}, "weight": 1,
     "threshold": 0.5},
    {"name": "brief", "dimension": "form", "evaluator": "length", "options": {"max": 4}, "weight": 3,
     "threshold": 1}]}
EXPECTED, SIZE = 3, 150
DRIFT = ("report", "drift")


@pytest.fixture
def play(build, tmp_path):
    rubric = tmp_path / "grouped.json"
    rubric.write_text(json.dumps(RUBRIC))

    def call(lines, name):
        done = subprocess.run([build / "tests" / "store_probe", tmp_path / name, rubric], input="\n".join(lines) + "\n",
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return tmp_path / name
    return call


def topic(seed):
    """Records in the order in which they come, each with its place: (partition, offset, record). Responses of a group come
    in one partition, close to each other; some groups miss one, some have one twice."""
    chance = random.Random(seed)
    made = []
    for number in range(PARTITIONS * SIZE // EXPECTED):
        begin = START + chance.random() * 71 * HOUR
        indices = list(range(EXPECTED))
        chance.shuffle(indices)
        indices = chance.choice([indices] * 6 + [indices[1:], [*indices, indices[1]], [indices[0], *indices]])
        kept = chance.choice([{}, {"probability": 0.25}])
        for place, index in enumerate(indices):
            made.append({"at": int(begin + place * HOUR * chance.random() / 4), "id": f"{number}-{place}", "group": f"g{number}",
                         "model": "ab"[number % 2], "resample_index": index, "resample_count": EXPECTED, "prompt": "?",
                         "response": chance.choice(["yes", "no", "Yes ", "that I do not know"]),
                         "tags": {"language": chance.choice(["de", "en"])}, **kept})
    ends = [0] * PARTITIONS
    rows = []
    for record in sorted(made, key=lambda record: record["at"] + HOUR * chance.random() / 8):
        partition = zlib.crc32(record["group"].encode()) % PARTITIONS
        record["timestamp"] = datetime.fromtimestamp(record["at"] / 1000, timezone.utc).isoformat(timespec="milliseconds")
        rows.append((partition, ends[partition], record))
        ends[partition] += 1
    return rows


def line_of(row):
    partition, offset, record = row
    return f"record {partition} {offset} {json.dumps({key: value for key, value in record.items() if key != 'at'})}"


def one_worker(rows):
    ends = Counter(partition for partition, _, _ in rows)
    return ["shard 0", *(f"tenure {p} 0 -" for p in range(PARTITIONS)), *map(line_of, rows), "commit",
            *(f"ack {p} {ends[p]}" for p in range(PARTITIONS))]


def fleet(seed, rows, done=True):
    """Partitions move while records come: the next owner begins where the broker says, and scores the rest again."""
    chance = random.Random(seed)
    lines = [f"shard {number}" for number in range(WORKERS)]
    owners = [chance.randrange(WORKERS) for _ in range(PARTITIONS)]
    accepted, held = [0] * PARTITIONS, [[] for _ in range(PARTITIONS)]
    for partition, owner in enumerate(owners):
        lines += [f"shard {owner}", f"tenure {partition} 0 -"]
    for row in rows:
        partition = row[0]
        owner = owners[partition]
        lines += [f"shard {owner}", line_of(row)]
        held[partition].append(row)
        if chance.random() > 0.04:
            continue
        to = chance.randrange(accepted[partition], len(held[partition]) + 1)
        heard = chance.choice([accepted[partition], to, (accepted[partition] + to) // 2])
        lines += ["commit"] + ([f"ack {partition} {heard}"] if heard > accepted[partition] else [])
        owners[partition] = (owner + chance.randrange(1, WORKERS)) % WORKERS
        lines += [f"shard {owners[partition]}", "commit", f"tenure {partition} {to} {owner}", *map(line_of, held[partition][to:])]
        accepted[partition] = to
    for partition, owner in enumerate(owners):
        end = len(held[partition])
        acked = end if done else chance.randrange(accepted[partition], end + 1)
        lines += [f"shard {owner}", "commit"] + ([f"ack {partition} {acked}"] if acked > accepted[partition] else [])
    return lines


def scored(rows):
    """{id of the response that has its group's score: (record, score)}"""
    groups = defaultdict(list)
    for _, _, record in rows:
        groups[record["group"]].append(record)
    found = {}
    for members in groups.values():
        first = {}
        for record in members:
            first.setdefault(record["resample_index"], record)
        chosen = list(first.values())
        if len(chosen) == EXPECTED:
            counts = Counter(record["response"].strip().lower() for record in chosen)
            found[chosen[-1]["id"]] = sum(c * (c - 1) for c in counts.values()) / (EXPECTED * (EXPECTED - 1))
    return found


def composites(rows):
    groups = scored(rows)
    return {record["id"]: (groups[record["id"]] + 3 * brief(record)) / 4 if record["id"] in groups else brief(record)
            for _, _, record in rows}


def brief(record):
    return int(len(record["response"]) <= 4)


def mean(scores):
    """Of (score, record): Hajek, a group's records all came with one probability."""
    weights = [1 / record.get("probability", 1) for _, record in scores]
    return sum(weight * rounded(value) for weight, (value, _) in zip(weights, scores)) / sum(weights)


def check_drift(page, rows):
    groups, all_ = scored(rows), composites(rows)
    for model in "ab":
        for metric, values in (("same", groups), ("composite", all_)):
            row, = (row for row in page["rows"] if (row["model"], row["metric"], row["segment"]) == (model, metric, None))
            for side in ("base", "cur"):
                of = [(values[record["id"]], record) for _, _, record in rows if record["model"] == model and record["id"] in values
                      and (record["at"] < MIDDLE) == (side == "base")]
                assert row[side]["n"] == len(of) and row[side]["mean"] == pytest.approx(mean(of), abs=1e-9)


def check_quality(page, rows):
    groups, all_ = scored(rows), composites(rows)
    for model in "ab":
        mine = [record for _, _, record in rows if record["model"] == model]
        for kind, metric, values in (("criterion", "same", groups), ("dimension", "consistency", groups),
                                     ("composite", "composite", all_)):
            row, = (row for row in page["rows"] if (row["model"], row["kind"], row["metric"]) == (model, kind, metric))
            of = [(values[record["id"]], record) for record in mine if record["id"] in values]
            assert row["n"] == len(of) and row["mean"] == pytest.approx(mean(of), abs=1e-9)
            assert row["statuses"]["not_applicable"] == len(mine) - len(of)
        row, = (row for row in page["rows"] if (row["model"], row["metric"]) == (model, "same"))
        assert all(example["value"] == groups[example["sample"]] for example in row["worst"]) and len(row["worst"]) == 3


def check_compare(page, rows):
    groups = scored(rows)
    row, = (row for row in page["rows"] if row["metric"] == "same")
    for side, model in (("all_a", "a"), ("all_b", "b")):
        of = [(groups[record["id"]], record) for _, _, record in rows if record["model"] == model and record["id"] in groups]
        assert row[side]["n"] == len(of) and row[side]["mean"] == pytest.approx(mean(of), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_groups_over_shards_count_once(play, ask, seed):  # noqa: F811
    rows = topic(seed)
    assert len(scored(rows)) > 100
    one = play(one_worker(rows), "one")
    six, unfinished = play(fleet(seed, rows), "six"), play(fleet(seed + 50, rows, done=False), "unfinished")
    apart = machines(six)
    for command, check in ((DRIFT, check_drift), (QUALITY, check_quality), (COMPARE, check_compare)):
        more = WINDOWS if command == DRIFT else WINDOW
        whole = ask(command, one, options=more)
        check(whole, rows)
        for stores in ([six], [unfinished], apart, apart[::-1]):
            page = ask(command, *stores, options=more)
            check(page, rows)
            assert page["problems"] == [] and but_for_shards(page) == but_for_shards(whole)


@pytest.mark.parametrize("seed", (9, 10, 11))
def test_workers_asked_over_http_serve_the_groups_they_have_part_of(play, ask, assay, mock_kafka, tmp_path, seed):  # noqa: F811
    rows = topic(seed)
    one = ask(DRIFT, play(one_worker(rows), "one"), options=WINDOWS)
    kafka = mock_kafka({"other": 1})
    with ExitStack() as running:
        urls = []
        for store in machines(play(fleet(seed, rows, done=False), "six")):
            log = tmp_path / f"{store.name}-log"
            log.mkdir()
            worker = Console(assay, log, kafka.bootstrap, "other", "--store", store, "--lanes", "1", "--metrics", "none",
                             "--rubric", "safety")
            running.callback(worker.worker.kill)
            urls.append(worker.url)
        page = ask(DRIFT, *urls, options=WINDOWS)
        check_drift(page, rows)
        assert page["problems"] == [] and page["rows"] == one["rows"]  # they may have added old cells up to hours
