"""Does a report over a fleet's shards say what one worker's store says, each offset once, whatever was acked, moved,
redelivered or lost on the way? Expected values are sums over the rows, by plain Python."""
import json
import random
import shutil
import sqlite3
import subprocess
import time
import urllib.request
from collections import defaultdict
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

import jsonschema
import pytest

from downgrade import MIGRATIONS, downgrade
from test_console import Console
from test_remote import pages

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "schema" / "drift-report.schema.json").read_text())
HOUR = 3_600_000
START = int(datetime(2026, 3, 1, tzinfo=timezone.utc).timestamp() * 1000)
WINDOWS = ["--baseline", "2026-03-01..2026-03-03", "--window", "2026-03-03..2026-03-04"]
MIDDLE, END = START + 48 * HOUR, START + 72 * HOUR
PARTITIONS, WORKERS = 4, 6


@pytest.fixture
def play(build, tmp_path):
    """Has workers do these things on the store NAME; returns its folder."""
    def call(lines, name="store"):
        done = subprocess.run([build / "tests" / "store_probe", tmp_path / name], input="\n".join(lines) + "\n",
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return tmp_path / name
    return call


@pytest.fixture
def fold(build):
    def call(store):
        assert subprocess.run([build / "tests" / "fold_probe", store, str(END + 100 * HOUR)]).returncode == 0
    return call


@pytest.fixture
def report(assay):
    def call(*stores, status=None, options=("--segment", "language"), form="json"):
        done = subprocess.run([assay, "report", "drift", *(x for store in stores for x in ("--store", store)),
                               *WINDOWS, "--format", form, *options], capture_output=True, text=True)
        assert done.returncode in ((0, 1) if status is None else (status,)), done.stderr or done.stdout[:3000]
        if form != "json":
            return done.stdout
        page = json.loads(done.stdout)
        jsonschema.validate(page, SCHEMA)
        return page
    return call


def topic(seed, size=600):
    """{(partition, offset): row}"""
    chance = random.Random(seed)
    rows = {}
    for partition in range(PARTITIONS):
        for offset in range(size):
            at = START + int(72 * HOUR * (offset + chance.random()) / size)
            language = chance.choice(["en", "de", "fr"])
            value = round(chance.random() ** (2 if language == "fr" and at >= MIDDLE else 1), 2)
            rows[partition, offset] = {"at": at, "model": chance.choice(["a", "b"]), "language": language,
                                       "probability": chance.choice([1, 0.25]),
                                       "value": None if chance.random() < 0.03 else value}
    return rows


def line_of(rows, partition, offset):
    row = rows[partition, offset]
    value = "-" if row["value"] is None else row["value"]
    return (f"row {partition} {offset} {row['at']} {row['model']} {row['probability']} {row['language']} {value} "
            f"{row.get('id', '')}")


def one_worker(rows, size):
    lines = ["shard 0"]
    for partition in range(PARTITIONS):
        lines += [f"tenure {partition} 0 -", *(line_of(rows, partition, o) for o in range(size)), "commit",
                  f"ack {partition} {size}"]
    return lines


def fleet(seed, rows, size, done=True):
    """Partitions move between workers; the next one starts where the broker says. Some workers die between the commit
    and the broker's answer, or between that and their ack. Unless `done`, the last ones have not acked all."""
    chance = random.Random(seed)
    lines, tails = [], 0
    for number in range(WORKERS):
        lines.append(f"shard {number}")
    for partition in range(PARTITIONS):
        owner, accepted, before = chance.randrange(WORKERS), 0, "-"
        while True:
            lines += [f"shard {owner}", f"tenure {partition} {accepted} {before}"]
            last = accepted > size * 0.7
            to = size if last else min(size, accepted + chance.randrange(1, size // 3))
            lines += [line_of(rows, partition, o) for o in range(accepted, to)] + ["commit"]
            middle = chance.randrange(accepted, to + 1)
            if last:
                acked = size if done else middle
                lines += [f"ack {partition} {acked}"] if acked > accepted else []
                tails += size - acked
                break
            if chance.random() < 0.4:  # dies before the broker hears of it: nothing of this counts as its own
                pass
            else:
                heard = chance.random() < 0.6
                if middle > accepted:
                    lines += [f"ack {partition} {middle if heard else accepted + (middle - accepted) // 2}"]
                    accepted, before = middle, str(owner)
            owner = (owner + chance.randrange(1, WORKERS)) % WORKERS
    return lines, tails


def check(page, rows):
    """Counts and weighted means of each model and language, from the rows."""
    cells = defaultdict(lambda: [0, 0, 0.0, 0])  # scores, sum of weights, of weighted scores, of weights of errors
    for row in rows.values():
        side = "base" if row["at"] < MIDDLE else "cur"
        for language in (None, row["language"]):
            cell = cells[row["model"], language, side]
            weight = 1 / row["probability"]
            if row["value"] is None:
                cell[3] += weight
                continue
            cell[0] += 1
            cell[1] += weight
            cell[2] += weight * row["value"]
    seen, wanted = 0, len(cells)
    for row in page["rows"]:
        if row["metric"] != "answer":
            continue
        language = row["segment"] and row["segment"]["language"]
        for side in ("base", "cur"):
            n, weight, total, errors = cells[row["model"], language, side]
            assert row[side]["n"] == n
            assert row[side]["mean"] == pytest.approx(total / weight, abs=1e-9)
            assert row[side]["missing"] == pytest.approx(errors / (weight + errors), abs=1e-9)
            seen += 1
    assert seen == wanted


def but_for_shards(page):
    return json.dumps({**page, "shards": None, "pending": None})


def machines(store):
    """Each worker's shard as a store of its own."""
    apart = []
    for number, path in enumerate(sorted(store.glob("shard-*.db"))):
        apart.append(store.parent / f"machine{number}")
        apart[-1].mkdir()
        shutil.copy(path, apart[-1] / "shard-0001.db")
    return apart


@pytest.mark.parametrize("seed", range(8))
def test_six_workers_say_what_one_says(play, fold, report, seed):
    rows = topic(seed)
    one = report(play(one_worker(rows, 600), "one"))
    check(one, rows)
    assert not one["partial"] and one["pending"] == 0
    lines, _ = fleet(seed, rows, 600)
    store = play(lines, "fleet")
    six = report(store)
    assert six["problems"] == [] and but_for_shards(six) == but_for_shards(one)
    lines, tail = fleet(seed, rows, 600, done=False)
    unfinished = report(play(lines, "unfinished"))
    assert unfinished["pending"] >= tail > 0
    assert unfinished["problems"] == [] and but_for_shards(unfinished) == but_for_shards(one)
    apart = machines(store)
    assert but_for_shards(report(*apart)) == but_for_shards(report(*apart[::-1])) == but_for_shards(one)
    for folder in apart[::2]:  # some have added old cells up to hours, some have not
        fold(folder)
    assert json.dumps(report(*apart)["rows"]) == json.dumps(one["rows"])


def test_six_workers_asked_over_http_say_what_one_says(play, report, assay, mock_kafka, tmp_path):
    """Workers that go on with other traffic serve what they hold, tails included."""
    rows = topic(30)
    one = report(play(one_worker(rows, 600), "one"))
    check(one, rows)
    lines, tail = fleet(30, rows, 600, done=False)
    apart = machines(play(lines, "fleet"))
    for store in apart:
        with sqlite3.connect(store / "shard-0001.db") as shard:
            shard.execute("UPDATE score SET findings = 'SECRET' || off")
    kafka = mock_kafka({"other": 1})
    with ExitStack() as running:
        urls = []
        for store in apart:
            log = tmp_path / f"{store.name}-log"
            log.mkdir()
            worker = Console(assay, log, kafka.bootstrap, "other", "--store", store, "--lanes", "1", "--metrics",
                             "none", "--rubric", "safety")
            running.callback(worker.worker.kill)
            urls.append(worker.url)
        assert len(urls) == WORKERS
        said = [urllib.request.urlopen(f"{url}/shards/shard-0001.db", timeout=30).read() for url in urls]
        assert sum(shard.count(b"judge_reply") for shard in said) > 0 == sum(shard.count(b"SECRET") for shard in said)
        asked = report(*urls)
        assert asked == report(*apart) and asked["pending"] >= tail > 0
        assert asked["problems"] == [] and but_for_shards(asked) == but_for_shards(one)
        pages = {form: report(*urls, form=form) for form in ("text", "html")}
        assert pages == {form: report(*apart, form=form) for form in pages}


def test_a_tail_that_two_shards_hold_counts_once(play, report):
    """The first worker scored 400 and acked 100; the second took over at 100 and got to 300. Nothing of it is
    acked, and 300 to 399 only the first one holds."""
    rows = {key: row for key, row in topic(20, 400).items() if key[0] == 0}
    lines = ["shard 0", "tenure 0 0 -", *(line_of(rows, 0, o) for o in range(400)), "commit", "ack 0 100",
             "shard 1", "tenure 0 100 0", *(line_of(rows, 0, o) for o in range(100, 300)), "commit"]
    store = play(lines)
    page = report(store)
    check(page, rows)
    assert page["pending"] == 300 and not page["partial"]
    assert "300 offsets are scored" in report(store, form="text")


def test_what_a_dead_worker_could_not_ack_is_no_hole(play, report):
    """The broker accepted 250, the worker died having acked 100; the next one started at 250."""
    rows = {key: row for key, row in topic(21, 600).items() if key[0] == 0}
    lines = ["shard 0", "tenure 0 0 -", *(line_of(rows, 0, o) for o in range(250)), "commit", "ack 0 100",
             "shard 1", "tenure 0 250 0", *(line_of(rows, 0, o) for o in range(250, 600)), "commit", "ack 0 600"]
    store = play(lines)
    page = report(store)
    check(page, rows)
    assert page["pending"] == 150 and not page["partial"]
    (store / "shard-0001.db").unlink()
    page = report(store, status=None)
    assert page["partial"] and "is missing" in page["problems"][0]


# ---- stores that are not as they should be ----

def half_acked(seed):
    """Rows of one partition, and what one worker does with them: a part is not acked."""
    rows = {key: row for key, row in topic(seed).items() if key[0] == 0}
    return rows, ["shard 0", "tenure 0 0 -", *(line_of(rows, 0, o) for o in range(600)), "commit", "ack 0 350"]


def without_segments(rows):
    return {key: row | {"language": None} for key, row in rows.items()}


def of_scores(page):
    rows = [{**row, "p_bh": None} for row in page["rows"] if row["dimension"] != "traffic"]
    return {**page, "rows": rows, "shards": None, "tested": None, "found": None}


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_shard_of_an_older_program_is_read_and_left_as_it_is(play, report, version):
    rows, lines = half_acked(40)
    now, then = play(lines, "now"), play(lines, "then")
    shard = then / "shard-0001.db"
    downgrade(shard, version)
    before = shard.read_bytes()
    whole, page = (report(store, options=()) for store in (now, then))
    kept = but_for_shards if version >= 7 else of_scores  # before, lengths or languages were not counted
    assert kept(page) == kept(whole) and page["pending"] == 250 and not page["partial"]
    assert shard.read_bytes() == before


def test_a_worker_of_an_older_program_is_read(play, report):
    rows, lines = half_acked(41)
    now, then = play(lines, "now"), play(lines, "then")
    downgrade(then / "shard-0001.db", 7)
    shard = (then / "shard-0001.db").read_bytes()
    with pages({"/shards": (200, b'{"shards":["shard-0001.db"]}'), "/shards/shard-0001.db": (200, shard)}) as url:
        assert but_for_shards(report(url)) == but_for_shards(report(now))


def test_a_shard_of_a_newer_program_makes_the_report_partial(play, report):
    rows, lines = half_acked(42)
    store, newer = play(lines, "store"), play(["shard 0"], "newer")
    with sqlite3.connect(newer / "shard-0001.db") as shard:
        shard.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    page = report(store, newer)
    check(page, rows)
    assert page["partial"] and "newer assay" in page["problems"][0] and len(page["shards"]) == 1
    done = report(newer, status=3, form="text")
    assert done == ""


def test_a_page_that_is_damaged_is_named(play, report):
    """The file opens; cells in the middle of it are no longer what they were."""
    rows, lines = half_acked(43)
    store, other = play(lines, "store"), play(["shard 0"], "other")
    with sqlite3.connect(store / "shard-0001.db") as shard:
        page_of, size = (shard.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        root, = shard.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'rollup'").fetchone()
        shard.execute("PRAGMA journal_mode = DELETE")
    with open(store / "shard-0001.db", "r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    page = report(store, other)
    assert page["partial"] and any("shard-0001.db" in line and "was read in part" in line for line in page["problems"])


def test_a_copied_store_counts_once_and_the_later_copy_wins(play, report, tmp_path):
    rows, lines = half_acked(44)
    store = play(lines)
    earlier = tmp_path / "earlier"
    shutil.copytree(store, earlier)
    with sqlite3.connect(earlier / "shard-0001.db") as shard:  # as it was before the last 300 rows
        for table in ("score", "delivery"):
            shard.execute(f"DELETE FROM {table} WHERE off >= 300")
        shard.execute("DELETE FROM rollup")
        shard.execute("UPDATE tenure SET low_water = 300, acked_to = 0")
    for stores in ((store, earlier), (earlier, store), (store, store, earlier)):
        page = report(*stores)
        check(page, rows)
        assert page["partial"] and page["pending"] == 250 and len(page["shards"]) == 1
        assert len(page["problems"]) == len(stores) - 1 and all("counts once" in line for line in page["problems"])
        assert str(earlier) in page["problems"][-1].split(" is shard ")[0]


def test_the_last_shard_of_a_store_is_read(play, report):
    rows, lines = half_acked(45)
    store = play(lines)
    (store / "shard-0001.db").rename(store / "shard-1024.db")
    check(report(store), rows)


def test_a_clock_that_is_ahead_is_told(play, report):
    rows, lines = half_acked(46)
    ahead = int(time.time() * 1000) + 48 * HOUR
    more = f"row 0 600 {ahead} a 1 en 0.5"
    store = play([*lines[:-1], more, "commit", "ack 0 601"], "store")
    page = report(store)
    check(page, rows)
    until = datetime.fromtimestamp(ahead // 300_000 * 300, timezone.utc).strftime("%Y-%m-%dT%H:%M")
    assert page["partial"] and "of the future" in page["problems"][0] and until in page["problems"][0]
    assert "PARTIAL" in report(store, form="text")
