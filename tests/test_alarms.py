"""Are alarms raised when plain Python over the rows says so, once, and is a replay the same to the byte?"""
import json
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import datetime

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from alarm_traffic import HOUR, RUBRIC, START, first_alarm, stamp, traffic, write

BASELINE = 96  # hours
RULES = ("--baseline", "4d", "--from", stamp(0))


def ms_of(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


@pytest.fixture
def keep(run, tmp_path):
    def call(rows, store="store", rubric=RUBRIC):
        document = tmp_path / "rubric.json"
        document.write_text(json.dumps(rubric))
        path = write(tmp_path / f"{len(list(tmp_path.glob('*.jsonl')))}.jsonl", rows)
        done = run("eval", "--rubric", document, "--store", tmp_path / store, "--segment-by", "language", path)
        assert done.returncode == 0, done.stderr
        return tmp_path / store
    return call


@pytest.fixture(scope="session")
def schema():
    from conftest import ROOT
    document = json.loads((ROOT / "schema" / "alarm-event.schema.json").read_text())
    validator_for(document).check_schema(document)
    return Draft202012Validator(document)


@pytest.fixture
def watch(run, tmp_path, schema):
    """alarms run --once as of an hour: the events told."""
    def call(store, hour, *options, status=None, state="state", **more):
        stores = [word for one in (store if isinstance(store, list) else [store]) for word in ("--store", one)]
        done = run("alarms", "run", *stores, "--state", tmp_path / state, "--once", "--json", "--at",
                   stamp(hour), *RULES, *options, **more)
        assert done.returncode in ((0, 1) if status is None else (status,)), done.stderr
        events = [json.loads(line) for line in done.stdout.splitlines()]
        for event in events:
            schema.validate(event)
        return events
    return call


def check_replay(run, state, count):
    done = run("alarms", "replay", "--state", state)
    assert (done.returncode, done.stdout) == (0, f"{count} alarms told, {count} replayed: the same to the byte\n")
    kept = run("alarms", "list", "--state", state, "--json").stdout
    assert kept == run("alarms", "replay", "--state", state, "--json").stdout


def fall(hour, language):
    return .9 if hour < 120 or hour >= 150 or language == "en" else .3


def steady(hour, language):
    return .9


def test_one_alarm_when_it_falls_and_one_when_it_is_over(keep, watch, run, tmp_path):
    rows = traffic(1, (0, 260), 60, fall)
    store = keep(rows)
    events = [event for hour in range(100, 261, 8) for event in watch(store, hour)]
    drift = [event for event in events if event["criterion"] == "exact"]
    assert [event["state"] for event in drift] == ["firing", "over"]
    first, over = drift
    # exact and composite are both verdicts of one criterion: two streams, four detectors
    at, detector, mix = first_alarm(rows, baseline_hours=BASELINE, tolerance=.01, budget_hours=720, streams=2)
    assert (ms_of(first["at"]), first["detector"]) == (at, detector)
    assert first["log_evidence"] == pytest.approx(mix, abs=1e-9)
    assert abs(ms_of(first["since"]) - (START + 120 * HOUR)) <= HOUR
    assert first["segment"]["words"] == {"language": "de"}
    base = [row for row in rows if row["timestamp"] < START + BASELINE * HOUR]
    assert first["baseline"]["n"] == len(base)
    assert first["baseline"]["mean"] == pytest.approx(sum(r["response"] == "yes" for r in base) / len(base))
    assert START + 150 * HOUR < ms_of(over["at"]) <= START + 200 * HOUR
    assert (over["alarm"], over["reason"]) == (first["alarm"], "recovered")
    check_replay(run, tmp_path / "state", len(events))


def test_how_often_one_looks_changes_nothing(keep, watch, run):
    store = keep(traffic(2, (0, 160), 40, fall))
    often = [event for hour in range(96, 161) for event in watch(store, hour, state="often")]
    assert often and often == watch(store, 160, state="once")


def test_no_alarm_without_a_change(keep, watch, run, tmp_path):
    store = keep(traffic(3, (0, 400), 40, steady))
    assert watch(store, 400, status=0) == []
    check_replay(run, tmp_path / "state", 0)


def test_late_rows_join_the_next_bucket_and_count_once(keep, watch, run, tmp_path):
    rows = traffic(4, (0, 140), 40, fall)
    late = [row for row in rows if row["timestamp"] >= START + 119 * HOUR and int(row["id"].split("-")[1]) % 3 == 0]
    store = keep([row for row in rows if row not in late])
    watch(store, 120)
    watch(store, 130)
    keep(late)
    watch(store, 140.1)
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        kept = dict(state.execute("SELECT criterion, sum(scored) FROM bucket JOIN series ON series.id = series "
                                  "GROUP BY criterion"))
        joined = state.execute("SELECT sum(scored) FROM bucket JOIN series ON series.id = series WHERE "
                               "at_ms = ? AND criterion = 'exact'", (START + 130 * HOUR,)).fetchone()[0]
    own = sum(START + 130 * HOUR - 300_000 <= row["timestamp"] < START + 130 * HOUR for row in rows if row not in late)
    passed = sum(row["timestamp"] < START + 130 * HOUR - 300_000 for row in late)
    assert kept["exact"] == len(rows)
    assert joined in (own, own + passed)
    told = len(run("alarms", "list", "--state", tmp_path / "state", "--json").stdout.splitlines())
    check_replay(run, tmp_path / "state", told)


def test_hours_that_were_added_up_count_once(keep, watch, build, run, tmp_path):
    rows = traffic(5, (0, 150), 30, steady)
    store = keep(rows)
    watch(store, 110)
    subprocess.run([build / "tests" / "fold_probe", store, str(START + 109 * HOUR)], check=True, capture_output=True)
    watch(store, 130)
    subprocess.run([build / "tests" / "fold_probe", store, str(START + 128 * HOUR)], check=True, capture_output=True)
    watch(store, 150.1)
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        assert state.execute("SELECT sum(scored) FROM bucket JOIN series ON series.id = series WHERE "
                             "criterion = 'exact'").fetchone()[0] == len(rows)
    check_replay(run, tmp_path / "state", 0)


def test_another_rubric_is_another_stream(keep, watch, run, tmp_path):
    changed = json.loads(json.dumps(RUBRIC))
    changed["criteria"][0]["options"]["metric"] = "f1"
    store = keep(traffic(6, (0, 130), 40, fall))
    assert [event["state"] for event in watch(store, 130) if event["criterion"] == "exact"] == ["firing"]
    keep(traffic(7, (130, 140), 40, fall), rubric=changed)
    ends = [event for event in watch(store, 140) if event["criterion"] == "exact"]
    assert [(event["state"], event["reason"]) for event in ends] == [("over", "criterion_changed")]
    listed = run("alarms", "list", "--state", tmp_path / "state").stdout.splitlines()
    assert [line.split("  ")[1].split(",")[0] for line in listed if line.startswith("m / yes / exact")] == [
        "retired", "learning"]


def test_a_model_that_stops_is_missed(keep, watch):
    store = keep(traffic(8, (0, 120), 30, steady))
    events = watch(store, 130)
    assert [(event["kind"], event["state"]) for event in events] == [("silence", "firing")]
    assert 0 < START + 120 * HOUR - ms_of(events[0]["last_row"]) + 300_000 <= HOUR
    keep(traffic(9, (131, 133), 30, steady))
    assert [(event["kind"], event["state"]) for event in watch(store, 133)] == [("silence", "over")]


def test_one_process_writes(keep, run, assay, tmp_path):
    store = keep(traffic(10, (0, 3), 10, fall))
    words = ["alarms", "run", "--store", str(store), "--state", str(tmp_path / "state")]
    with subprocess.Popen([assay, *words], stderr=subprocess.PIPE, text=True) as first:
        deadline = time.monotonic() + 30
        while not (tmp_path / "state" / "alarms.sqlite").exists() and time.monotonic() < deadline:
            time.sleep(.02)
        second = run(*words, "--once")
        assert second.returncode == 3 and "another process" in second.stderr
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0


@pytest.mark.parametrize("options, words", [
    (["--store", "x"], "--state"), (["--state", "x"], "--store"),
    (["--store", "x", "--state", "y", "--false-alarms", "often"], "1 per 30d"),
    (["--store", "x", "--state", "y", "--objective", "0.9"], "NAME=X"),
    (["--store", "x", "--state", "y", "--at", "2026-03-01T00:00:00Z"], "--once")])
def test_wrong_usage(run, options, words):
    done = run("alarms", "run", *options)
    assert done.returncode == 2 and words in done.stderr
