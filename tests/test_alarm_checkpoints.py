"""Does what alarms keep stay bounded, and does a start from a checkpoint go on as if all had been replayed?"""
import json
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest

from alarm_traffic import FIVE, HOUR, START, first_alarm, stamp, traffic
from test_alarms import BASELINE, RULES, fall, keep, schema, watch  # noqa: F401

DAY = 24 * HOUR
END = 400  # hours
OBJECTIVE = ("--objective", "exact=0.8")


def twice(hour, language):
    return fall(hour if hour < 200 else hour - 100, language)


@pytest.fixture(scope="module")
def rows():
    """Falls at 120, recovers at 150, again at 220 and 250; another model begins at 300 and is still learned."""
    return traffic(1, (0, END), 60, twice) + traffic(2, (300, END), 30, twice, model="late")


def state_of(folder, question):
    with closing(sqlite3.connect(folder / "alarms.sqlite")) as state:
        return state.execute(question).fetchall()


def change(folder, statement, *values):
    with closing(sqlite3.connect(folder / "alarms.sqlite")) as state, state:
        state.execute(statement, values)


def listed(run, folder):
    return run("alarms", "list", "--state", folder, "--json").stdout


def drift_of_m(events):
    return [event for event in events if (event["kind"], event.get("criterion"), event["model"]) == ("drift", "exact", "m")]


def test_resumed_and_replayed_are_the_same(keep, watch, run, tmp_path, rows):  # noqa: F811
    store = keep(rows)
    # as of times within hours, so that open hours are in what is compared
    often = [event for hour in range(20, END, 9) for event in watch(store, hour + .46, *OBJECTIVE, "--keep", "2d", state="often")]
    often += watch(store, END + .46, *OBJECTIVE, "--keep", "2d", state="often")
    once = watch(store, END + .46, *OBJECTIVE, "--keep", "400d", state="once")
    assert often == once and len(drift_of_m(once)) == 4 and {event["kind"] for event in once} >= {"drift", "burn_slow"}
    first = drift_of_m(once)[0]
    at, detector, mix = first_alarm([row for row in rows if row["model"] == "m"], baseline_hours=BASELINE, tolerance=.01,
                                    budget_hours=720 * 5 / 4, streams=2)  # the objective is a fifth detector
    assert (first["detector"], first["log_evidence"]) == (detector, pytest.approx(mix, abs=1e-9))
    for name, since in (("often", " since 2026-03-"), ("once", "")):
        done = run("alarms", "replay", "--state", tmp_path / name)
        assert done.returncode == 0 and "the same to the byte" in done.stdout, done.stdout + done.stderr
        assert since in done.stdout
    assert run("alarms", "list", "--state", tmp_path / "often").stdout == \
        run("alarms", "list", "--state", tmp_path / "once").stdout


def test_what_is_kept_is_bounded(keep, watch, tmp_path, rows):  # noqa: F811
    store = keep(rows)
    for hour in (*range(24, END, 24), END):
        watch(store, hour + .1, "--keep", "2d")
        oldest, newest = state_of(tmp_path / "state", "SELECT min(at_ms), max(at_ms) FROM bucket")[0]
        held = state_of(tmp_path / "state", "SELECT count(*) FROM checkpoint")[0][0]
        parts = state_of(tmp_path / "state", "SELECT count(DISTINCT at_ms) FROM checkpoint_part")[0][0]
        assert newest - oldest <= 5 * DAY and held == parts <= 3
        if hour > 5 * 24:
            assert oldest > START and newest - oldest >= 2 * DAY - FIVE


@pytest.mark.parametrize("damage", [
    "UPDATE checkpoint_part SET body = CAST(substr(body, 1, 20) || x'00' || substr(body, 22) AS BLOB) WHERE series = 1",
    "DELETE FROM checkpoint_part WHERE series = 2", "UPDATE checkpoint SET version = version + 1",
    "UPDATE rules SET document = replace(document, '720', '721')"])
def test_a_checkpoint_that_does_not_hold_is_not_used(keep, watch, run, tmp_path, rows, damage):  # noqa: F811
    store = keep(rows)
    whole = watch(store, END, state="whole")
    before = watch(store, 230)
    change(tmp_path / "state", damage)
    if damage.startswith("UPDATE rules"):  # what was made under them does not hold either: others are in force from here on
        assert run("alarms", "replay", "--state", tmp_path / "state").returncode == 1
        return
    assert before + watch(store, END) == whole
    done = run("alarms", "replay", "--state", tmp_path / "state")
    assert done.returncode == 0, done.stdout
    watch(store, END, "--keep", "1d")
    change(tmp_path / "state", "UPDATE meta SET value = ? WHERE name = 'kept_from_ms'", START + 100 * HOUR)
    change(tmp_path / "state", "INSERT OR IGNORE INTO meta VALUES('kept_from_ms', ?)", START + 100 * HOUR)
    change(tmp_path / "state", damage)
    for words in (("run", "--store", store, "--once"), ("replay",), ("list",)):
        done = run("alarms", *words, "--state", tmp_path / "state")
        assert done.returncode == 3 and "2026-03-05T04:00:00" in done.stderr and "--state" in done.stderr


def test_a_state_of_the_version_before_goes_on(keep, watch, run, tmp_path, rows):  # noqa: F811
    store = keep(rows)
    whole = watch(store, END, state="whole")
    before = watch(store, 230)
    for statement in ("DROP TABLE checkpoint", "DROP TABLE checkpoint_part", "PRAGMA user_version=1"):
        change(tmp_path / "state", statement)
    done = run("alarms", "list", "--state", tmp_path / "state")
    assert done.returncode == 3 and "older assay" in done.stderr
    assert before + watch(store, END) == whole


def test_kills_at_any_time_leave_what_an_undisturbed_run_leaves(keep, watch, run, assay, tmp_path, rows):  # noqa: F811
    store, chance, kills, state = keep(rows), random.Random(11), 0, tmp_path / "killed"
    began = time.monotonic()
    for hour in range(30, END + 1, 37):
        watch(store, hour, "--keep", "2d", state="whole")
    usual = (time.monotonic() - began) / len(range(30, END + 1, 37))
    for hour in range(30, END + 1, 37):
        words = [assay, "alarms", "run", "--store", store, "--state", state, "--once", "--at", stamp(hour), "--keep", "2d",
                 *RULES]
        for tries in range(4):
            with subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL) as going:
                try:
                    going.wait(chance.uniform(0, usual) if tries < 3 else 60)
                    break
                except subprocess.TimeoutExpired:
                    going.send_signal(signal.SIGKILL)
                    kills += 1
    assert kills >= 5
    for table in ("bucket", "taken", "event", "rules", "series", "checkpoint", "checkpoint_part"):
        question = f"SELECT * FROM {table} ORDER BY 1, 2"
        assert state_of(state, question) == state_of(tmp_path / "whole", question), table
    done = run("alarms", "replay", "--state", state)
    assert done.returncode == 0, done.stdout
