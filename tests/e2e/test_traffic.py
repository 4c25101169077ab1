"""Does the traffic of the crash test mean to assay what plain Python expects of it? Told without Kafka,
so that the crash test's expectations stand on their own."""

import json
from collections import Counter, defaultdict

from traffic import BROKEN, INVALID, RESAMPLES, Traffic, agrees
from worker import RUBRICS, JudgeStandIn, environment

RECORDS = 1500
NOW_MS = 1_764_000_000_000


def test_every_form_is_read_and_scored_as_plain_python_says(run, tmp_path):
    traffic = Traffic(seed=3, now_ms=NOW_MS)
    records = traffic.records(RECORDS) + list(BROKEN)
    path = tmp_path / "records.jsonl"
    path.write_bytes(b"\n".join(records) + b"\n")
    judge = JudgeStandIn("--latency-ms", 0)
    rubrics = ",".join(str(RUBRICS / f"fleet-{kind}.json") for kind in ("plain", "judged", "grouped"))
    done = run("eval", "--rubric", rubrics, "--judge-endpoint", "judge", "--scores", "-", path, env=environment(judge.url, "http://127.0.0.1:1"))
    judge.stop()
    assert done.returncode == 0, done.stderr
    *lines, summary = [json.loads(line) for line in done.stdout.splitlines()]
    told = by_line(lines, records, traffic)
    assert summary["summary"]["invalid"] == sum(traffic.known[r] == INVALID for r in records)
    held, completed = defaultdict(set), Counter()
    for number, record in enumerate(records):
        want = traffic.known[record]
        if want.state == "invalid":
            assert told[number] == "invalid", record[:80]
            continue
        name, model, scores = told[number]
        assert model == want.model and want.sample in (name, None), record[:200]
        assert set(scores) == set(want.scores), record[:200]
        assert all(agrees(scores[name], want.scores[name]) for name in scores), record[:200]
        if want.group:
            held[want.group].add(want.sample)
            completed[want.group] += scores["consistent"][0] == "scored"
    assert {group for group, samples in held.items() if len(samples) == RESAMPLES} == set(+completed)
    assert sum(completed.values()) == len(+completed) > 10


def by_line(lines: list, records: list, traffic: Traffic) -> list:
    """What was said of each record: "invalid", or (id, model, {criterion: (status, value)})."""
    told, at = [], 0
    for record in records:
        if traffic.known[record].state == "invalid":
            told.append("invalid" if lines[at].get("invalid") else lines[at])
            at += 1
            continue
        scores, first = {}, lines[at]
        while at < len(lines) and lines[at].get("id") == first["id"] and lines[at]["rubric"] not in scores:
            scores[lines[at]["rubric"]] = lines[at]["scores"]
            at += 1
        flat = {name: (score["status"], score["value"]) for one in scores.values() for name, score in one.items()}
        told.append((first["id"], first["model"], flat))
    return told
