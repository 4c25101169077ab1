"""Are alarms of objectives, errors and coverage those of plain Python, and is bad input told in clear words?"""
import json
import signal
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest

from alarm_receiver import HANG, Receiver
from alarm_traffic import FIVE, HOUR, RUBRIC, START, burn_events, stamp, traffic, wilson_low
from kafka.clients import produce
from test_alarms import RULES, check_replay, fall, keep, ms_of, schema, steady, watch  # noqa: F401 (fixtures)
from test_console import Console, until_counted

NO_BASELINE = ("--baseline", "90d")  # nothing is frozen: the detector of the objective has the budget for itself


def change(store, sql, *values):
    for path in store.glob("shard-*.db"):
        with closing(sqlite3.connect(path)) as shard:
            rows = shard.execute(sql, values).fetchall()
            shard.commit()
            return rows  # there is one shard


# ---- objectives

def outage(hour, language):
    return .98 if not 40 <= hour < 44 else .4


def slow_burn(hour, language):
    return .98 if hour < 30 else .92 if hour < 130 else .995


@pytest.mark.parametrize("passes, kinds, hours", [(outage, {"burn_fast", "burn_slow"}, 130),
                                                  (slow_burn, {"burn_slow"}, 220)])
def test_burn_rates_page_when_plain_python_does(keep, watch, run, tmp_path, passes, kinds, hours):  # noqa: F811
    rows = traffic(21, (0, hours), 120, passes)
    events = watch(keep(rows), hours, *NO_BASELINE, "--objective", "exact=0.95")
    told = [(event["kind"], event["state"], ms_of(event["at"])) for event in events]
    assert told == burn_events([(row["timestamp"], row["response"] == "yes") for row in rows], .95, 720, START,
                               START + hours * HOUR)
    assert {kind for kind, _, _ in told} == kinds and told[-1][1] == "over"
    first = events[0]
    window = [row for row in rows if ms_of(first["at"]) - first["long_minutes"] * 60_000 <= row["timestamp"]
              < ms_of(first["at"])]
    rate = sum(row["response"] != "yes" for row in window) / len(window) / .05
    assert first["burn_long"] == pytest.approx(rate) and first["objective"] == .95
    check_replay(run, tmp_path / "state", len(events))


def test_a_silent_model_does_not_look_recovered(keep, watch):  # noqa: F811
    """Rows stop while the objective burns: that it is over is told when good rows come, not before."""
    rows = [row for row in traffic(22, (0, 70), 120, outage)
            if not START + 43 * HOUR <= row["timestamp"] < START + 60 * HOUR]
    events = [event for event in watch(keep(rows), 70, *NO_BASELINE, "--objective", "accuracy=0.95", "--silent", "12h")
              if event["kind"] == "burn_fast"]
    assert [event["state"] for event in events] == ["firing", "over"]
    assert ms_of(events[1]["at"]) > START + 60 * HOUR


def test_what_was_sampled_counts_as_what_it_stands_for(keep, watch):  # noqa: F811
    """German is kept in one of four: means, burn rates and segments are those of all requests."""
    rows = [row | ({"probability": .25} if row["tags"]["language"] == "de" else {})
            for row in traffic(33, (0, 148), 80, fall)]

    def share(some, right):
        weights = [(1 / row.get("probability", 1), (row["response"] == "yes") == right) for row in some]
        return sum(w for w, hit in weights if hit) / sum(w for w, _ in weights)
    events = [event for event in watch(keep(rows), 148, "--objective", "exact=0.8") if event["criterion"] == "exact"]
    drift, burn = ([event for event in events if event["kind"] == kind][0] for kind in ("drift", "burn_slow"))
    base = [row for row in rows if row["timestamp"] < START + 96 * HOUR]
    now = [row for row in rows if ms_of(drift["window"]["from"]) <= row["timestamp"] < ms_of(drift["at"])]
    assert drift["baseline"]["mean"] == pytest.approx(share(base, True))
    assert drift["now"]["mean"] == pytest.approx(share(now, True))
    assert drift["segment"]["words"] == {"language": "de"} and drift["baseline"]["n_eff"] < drift["baseline"]["n"]
    window = [row for row in rows
              if ms_of(burn["at"]) - burn["long_minutes"] * 60_000 <= row["timestamp"] < ms_of(burn["at"])]
    assert burn["burn_long"] == pytest.approx(share(window, False) / .2)


# ---- errors and coverage

@pytest.mark.parametrize("status, kind", [("error", "errors"), ("skipped", "coverage")])
def test_lost_scores_are_told_when_plain_python_is_sure(keep, watch, run, tmp_path, status, kind):  # noqa: F811
    """As many errors, or as many skipped, as scores, in some hours after the baseline."""
    store = keep(traffic(23, (0, 110), 30, steady))
    change(store, f"UPDATE rollup SET {status} = scored WHERE bucket_ms >= ? AND bucket_ms < ?", START + 100 * HOUR,
           START + 104 * HOUR)
    hours = {}
    with closing(sqlite3.connect(next(store.glob("shard-*.db")))) as shard:
        for at, scored, lost in shard.execute(f"SELECT bucket_ms, scored, {status} FROM rollup JOIN criterion ON "
                                              "criterion.id = criterion WHERE name = 'exact'"):
            hour = hours.setdefault((at // HOUR + 1) * HOUR, [0, 0])
            hour[0], hour[1] = hour[0] + scored, hour[1] + lost
    limit = .1 if status == "error" else .2
    firing, expected = False, []
    for close, (scored, lost) in sorted(hours.items()):
        n = scored + lost
        if n >= 20 and not firing and lost and wilson_low(lost, n, .001) > limit:
            firing = True
            expected.append(("firing", close, lost / n, n))
        elif n >= 20 and firing and lost / n <= limit / 2:
            firing = False
            expected.append(("over", close, lost / n, n))
    events = [event for event in watch(store, 110) if event["criterion"] == "exact" and event["kind"] == kind]
    assert [(event["state"], ms_of(event["at"]), pytest.approx(event["share"]), event["count"])
            for event in events] == expected
    assert [state for state, *_ in expected] == ["firing", "over"]


# ---- rules

def test_a_replay_uses_the_rules_of_the_time(keep, watch, run, tmp_path):  # noqa: F811
    store = keep(traffic(1, (0, 200), 60, fall))
    told = 0
    for hour, rules in ((110, ()), (122, ("--tolerance", "0.5")), (123, ("--tolerance", "exact=0.05")),
                        (140, ("--false-alarms", "2 per 24h", "--hourly-only")),
                        (200, ("--objective", "accuracy=0.8"))):
        told += len(watch(store, hour, *rules))
        check_replay(run, tmp_path / "state", told)
    assert told >= 4


def test_more_late_rows_are_waited_for_and_none_counts_twice(keep, watch, tmp_path):  # noqa: F811
    rows = traffic(24, (0, 60), 20, steady)
    store = keep(rows)
    watch(store, 50, "--late", "1h")
    watch(store, 60.1, "--late", "48h")
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        assert state.execute("SELECT sum(scored) FROM bucket JOIN series ON series.id = series WHERE "
                             "criterion = 'exact'").fetchone()[0] == len(rows)


def test_what_was_changed_is_not_replayed_the_same(keep, watch, run, tmp_path):  # noqa: F811
    watch(keep(traffic(1, (0, 130), 60, fall)), 130)
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        state.execute("DELETE FROM bucket WHERE at_ms > ? AND at_ms < ?", (START + 118 * HOUR, START + 124 * HOUR))
        state.commit()
    done = run("alarms", "replay", "--state", tmp_path / "state")
    assert done.returncode == 1 and "NOT THE SAME" in done.stdout


@pytest.mark.parametrize("sql, words", [
    ("UPDATE bucket SET histogram = x'ffff' WHERE at_ms = ?1", "2026-03-05T01:00:00.000Z is damaged"),
    ("UPDATE bucket SET series = 99 WHERE at_ms = ?1 AND series = 1", "2026-03-05T01:00:00.000Z is damaged"),
    ("UPDATE rules SET document = '{' WHERE from_ms <= ?1", "cannot be replayed")])
@pytest.mark.parametrize("command", [("run", "--once", "--store", "x"), ("list",), ("replay",)])
def test_a_damaged_state_is_refused(keep, watch, run, tmp_path, sql, words, command):  # noqa: F811
    watch(keep(traffic(34, (0, 98), 30, steady)), 98)
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        state.execute(sql, (START + 97 * HOUR,))  # after the last checkpoint
        state.commit()
    done = run("alarms", *command, "--state", tmp_path / "state")
    assert done.returncode == 3 and words in done.stderr


def test_damage_before_a_checkpoint_stops_nobody_and_is_proved(keep, watch, run, tmp_path):  # noqa: F811
    store = keep(traffic(34, (0, 98), 30, steady))
    watch(store, 97)
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        state.execute("UPDATE bucket SET histogram = x'ffff' WHERE at_ms = ?", (START + 95 * HOUR,))
        state.commit()
    assert watch(store, 98) == []
    done = run("alarms", "replay", "--state", tmp_path / "state")
    assert done.returncode == 3 and "2026-03-04T23:00:00.000Z is damaged" in done.stderr


# ---- fleets

def test_alarms_over_http_and_of_files_are_the_same(assay, keep, watch, mock_kafka, tmp_path):  # noqa: F811
    """A worker of two lanes over Kafka, asked over HTTP and read as files."""
    rows = traffic(1, (0, 140), 12, fall)
    kafka = mock_kafka({"traffic": 4})
    produce(kafka.bootstrap, "traffic", [(None, json.dumps(row).encode()) for row in rows])
    rubric = tmp_path / "yes.json"
    rubric.write_text(json.dumps(RUBRIC))
    worker = Console(assay, tmp_path, kafka.bootstrap, "traffic", "--metrics", "none", "--rubric", rubric,
                     "--segment-by", "language")
    try:
        until_counted(worker, len(rows))
        over_http = [event for hour in (100, 125, 140) for event in watch(worker.url, hour, state="http")]
    finally:
        worker.worker.kill()
    assert over_http and over_http == watch(tmp_path / "store", 140, state="files")
    whole = keep(rows, store="whole")
    assert [event["at"] for event in over_http] == [event["at"] for event in watch(whole, 140, state="whole")]


def test_the_end_does_not_wait_for_a_worker_that_hangs(assay, tmp_path):
    with Receiver(HANG) as worker:
        with subprocess.Popen([assay, "alarms", "run", "--store", worker.url, "--state", tmp_path / "state"]) as going:
            deadline = time.monotonic() + 30
            while not worker.asked and time.monotonic() < deadline:
                time.sleep(.02)
            assert worker.asked
            going.send_signal(signal.SIGTERM)
            assert going.wait(20) == 0


# ---- bad input

def test_a_store_that_is_not_there_costs_no_history(keep, run, watch, tmp_path):  # noqa: F811
    store, wrong = keep(traffic(1, (0, 130), 60, fall)), tmp_path / "stroe"
    words = ("alarms", "run", "--state", tmp_path / "state", "--once", "--at", stamp(129), *RULES)
    done = run(*words, "--store", wrong)
    assert done.returncode == 3 and str(wrong) in done.stderr and "no store could be read" in done.stderr
    assert [event["state"] for event in watch(store, 130)] == ["firing"] * 2  # all of it, not the last day alone


def test_a_part_that_cannot_be_read_is_named_and_counted_later(keep, run, tmp_path, closed_port):  # noqa: F811
    store, gone = keep(traffic(25, (0, 50), 20, steady)), f"http://127.0.0.1:{closed_port}"
    broken = keep(traffic(26, (0, 50), 20, steady), store="broken")
    shard = next(broken.glob("shard-*.db"))
    whole = shard.read_bytes()
    shard.write_bytes(b"no database at all, but long enough to be read as one" * 20)
    words = ("alarms", "run", "--store", store, "--store", gone, "--store", broken, "--state", tmp_path / "state",
             "--once", *RULES, "--at")
    done = run(*words, stamp(49))
    assert done.returncode == 0 and gone in done.stderr and str(shard) in done.stderr
    shard.write_bytes(whole)
    assert str(shard) not in run(*words, stamp(50.1)).stderr
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        late = state.execute("SELECT sum(scored) FROM bucket JOIN series ON series.id = series WHERE "
                             "criterion = 'exact' AND at_ms >= ?", (START + 49 * HOUR,)).fetchone()[0]
    assert late > 20 * 24  # the last day of the one that was broken


def test_a_damaged_cell_is_named_and_does_not_count(keep, watch, run, tmp_path):  # noqa: F811
    rows = traffic(35, (0, 20), 20, steady)
    store = keep(rows)
    lost = change(store, "UPDATE rollup SET passed = scored + 1 WHERE bucket_ms % 3600000 = 0 "
                         "RETURNING scored, criterion")
    done = run("alarms", "run", "--store", store, "--state", tmp_path / "state", "--once", *RULES, "--at", stamp(20.1))
    assert done.returncode == 0 and "more passed than were scored" in done.stderr
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        assert state.execute("SELECT sum(scored) FROM bucket").fetchone()[0] == 2 * len(rows) - sum(n for n, _ in lost)
    check_replay(run, tmp_path / "state", 0)


def test_a_store_of_a_newer_program_is_named(keep, run, tmp_path):  # noqa: F811
    store = keep(traffic(27, (0, 3), 20, steady))
    change(store, "PRAGMA user_version = 999")
    done = run("alarms", "run", "--store", store, "--state", tmp_path / "state", "--once", *RULES, "--at", stamp(3))
    assert done.returncode == 3 and "newer" in done.stderr and "shard-" in done.stderr


@pytest.mark.parametrize("sql, words", [("PRAGMA user_version = 99", "written by a newer assay"),
                                        (None, "not a database")])
@pytest.mark.parametrize("command", [("run", "--once", "--store", "x"), ("list",), ("replay",)])
def test_a_state_that_is_not_ours_is_left_alone(run, watch, keep, tmp_path, sql, words, command):  # noqa: F811
    state = tmp_path / "state" / "alarms.sqlite"
    watch(keep(traffic(28, (0, 3), 20, steady)), 3)
    if sql:
        with closing(sqlite3.connect(state)) as file:
            file.execute(sql)
    else:
        state.write_bytes(b"not SQLite at all " * 500)
    before = held(state) if sql else state.read_bytes()
    done = run("alarms", *command, "--state", tmp_path / "state")
    assert done.returncode == 3 and words in done.stderr and "alarms.sqlite" in done.stderr
    assert before == (held(state) if sql else state.read_bytes())


def held(path):
    with closing(sqlite3.connect(path)) as file:
        return file.execute("PRAGMA user_version").fetchall() + list(file.iterdump())


def test_a_clock_that_was_ahead_is_told(run, watch, keep, tmp_path):  # noqa: F811
    store = keep(traffic(29, (0, 3), 20, steady))
    watch(store, 100)
    done = run("alarms", "run", "--store", store, "--state", tmp_path / "state", "--once", *RULES, "--at", stamp(50))
    assert done.returncode == 3 and "2026-03-05T0" in done.stderr and "clock" in done.stderr


def test_rows_of_the_future_wait_for_their_time(keep, watch, tmp_path):  # noqa: F811
    rows = traffic(30, (0, 60), 20, steady)
    store = keep(rows)
    watch(store, 40)
    watch(store, 60.1)
    with closing(sqlite3.connect(tmp_path / "state" / "alarms.sqlite")) as state:
        kept = state.execute("SELECT at_ms, sum(scored) FROM bucket JOIN series ON series.id = series WHERE "
                             "criterion = 'exact' GROUP BY at_ms").fetchall()
    expected = {}
    for row in rows:
        end = (row["timestamp"] // FIVE + 1) * FIVE
        expected[end] = expected.get(end, 0) + 1
    assert dict(kept) == expected


def test_a_name_that_nobody_has_is_told(keep, run, tmp_path):  # noqa: F811
    store = keep(traffic(31, (0, 3), 20, steady))
    done = run("alarms", "run", "--store", store, "--state", tmp_path / "state", "--once", *RULES, "--at", stamp(3),
               "--objective", "acuracy=0.9", "--tolerance", "exact=0.1")
    assert done.returncode == 0 and "--objective acuracy: no criterion" in done.stderr
    assert "--tolerance" not in done.stderr
    done = run("alarms", "run", "--store", store, "--state", tmp_path / "state", "--objective", "composite=0.9")
    assert done.returncode == 2 and "neither passes nor fails" in done.stderr


def test_a_state_that_cannot_be_written(run, keep, tmp_path):  # noqa: F811
    store, file = keep(traffic(32, (0, 3), 20, steady)), tmp_path / "file"
    file.write_text("")
    done = run("alarms", "run", "--store", store, "--state", file, "--once", *RULES, "--at", stamp(3))
    assert done.returncode == 3 and str(file) in done.stderr
