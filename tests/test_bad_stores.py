"""What each report says of stores that are empty, damaged, newer, doubled, or of a wrong clock: in clear words, whole or
marked as partial, with the exit status that its help states. worker/report/README.md has the table."""
import json
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from made_stores import RUBRIC, evaluate, traffic

DAYS = ("2026-03-01..2026-03-02", "2026-03-02..2026-03-03")
BOTH = "2026-03-01..2026-03-03"
COMMANDS = {
    "drift": ("report", "drift", "--baseline", DAYS[0], "--window", DAYS[1]),
    "quality": ("report", "quality", "--window", BOTH),
    "compare": ("compare", "model:a", "model:b", "--window", BOTH),
    "queue": ("label", "queue", "--target", "accuracy", "--n", "5", "--window", BOTH),
}
EACH = pytest.mark.parametrize("command", COMMANDS)


def later(rows, hours):
    return [{**row, "timestamp": (datetime.fromisoformat(row["timestamp"]) + timedelta(hours=hours)).isoformat(),
             "id": f"{row['id']}+{hours}"} for row in rows]


def two_days(seed):
    """Quality is as good on both days and of both models: nothing is WORSE."""
    return [{**row, "model": model} for model in "ab" for row in
            traffic(seed, 0.8, count=240) + later(traffic(seed, 0.8, count=240), 24)]


@pytest.fixture(scope="module")
def good(assay, tmp_path_factory):
    return evaluate(assay, tmp_path_factory.mktemp("good"), two_days(1), "good")


@pytest.fixture
def other(assay, tmp_path):
    """A store of other samples; what is done to it happens to its one shard."""
    def call(damage=None, rows=None, name="other"):
        folder = tmp_path / f"{name}-made"
        folder.mkdir()
        store = evaluate(assay, folder, rows or [{**row, "id": f"o{row['id']}"} for row in two_days(2)], "store")
        if damage:
            damage(store / "shard-0001.db")
        return store
    return call


@pytest.fixture
def ask(assay, tmp_path):
    def call(command, *stores, words=(), status=0):
        form = ["--out", tmp_path / "queue.csv"] if command == "queue" else ["--format", "json"]
        call = [assay, *(words or COMMANDS[command]), *form]
        for store in stores:
            call += ["--store", store]
        done = subprocess.run(call, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, (done.returncode, done.stderr, done.stdout[:500])
        if command == "queue" or status > 1:
            return done.stderr
        text = subprocess.run([word for word in call if word not in ("--format", "json")], capture_output=True, text=True)
        page = json.loads(done.stdout)
        assert all(problem in text.stdout for problem in page["problems"])  # people read the same
        assert page["partial"] == bool(page["problems"])
        return page
    return call


def scored(command, page):
    """How many scores the page tells of; of a queue, how many samples."""
    if command == "queue":
        return int(page.split(" of ")[1].split()[0])
    if command == "compare":
        return sum(row["all_a"]["n"] + row["all_b"]["n"] for row in page["rows"])
    if command == "drift":
        return sum(row["base"]["n"] + row["cur"]["n"] for row in page["rows"])
    return sum(row["n"] for row in page["rows"])


def said(page):
    return page if isinstance(page, str) else "\n".join(page["problems"])


# ---- damage ----

def header(path):
    path.write_bytes(b"no header, really" + path.read_bytes()[17:])


def truncated(path):
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 8192 * 4096])


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("what is this?\n" * 1000)


def another_program(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE mine(x)")


def newer(path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version = 99")


UNREADABLE = {header: "file is not a database", truncated: "malformed", empty: "it is empty, or another program's",
              text: "file is not a database", another_program: "it is empty, or another program's",
              newer: "was written by a newer assay (schema 99"}


@EACH
@pytest.mark.parametrize("damage", UNREADABLE, ids=lambda damage: damage.__name__)
def test_a_shard_that_cannot_be_read_is_left_out_and_named(ask, good, other, command, damage):
    store = other(damage)
    words = (str(store / "shard-0001.db"), UNREADABLE[damage], "left out")
    alone = ask(command, store, status=3)
    assert "no shard could be read" in alone and all(word in alone for word in words) and alone.count(words[0]) == 1
    whole, page = ask(command, good), ask(command, good, store)
    assert all(word in said(page) for word in words) and said(page).count(words[0]) == 1
    assert scored(command, page) == scored(command, whole) > 0


@EACH
def test_pages_of_zeros_are_told_once_and_what_was_read_is_marked(ask, good, other, command):
    def damage(path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2:-8192] = bytes(len(data) - len(data) // 2 - 8192)
        path.write_bytes(data)
    store = other(damage)
    for stores in ((store,), (good, store)):
        page = ask(command, *stores)
        assert said(page).count("is damaged and was read in part") == 1 and "put a copy in its place" in said(page)
    assert scored(command, page) >= scored(command, ask(command, good))


# ---- nothing, and little ----

@EACH
def test_where_no_store_is_that_is_an_error(ask, tmp_path, command):
    (tmp_path / "bare").mkdir()
    (tmp_path / "file").write_text("x")
    for place in ("bare", "file", "absent"):
        assert "holds no shard (shard-NNNN.db)" in ask(command, tmp_path / place, status=3)


@EACH
def test_a_window_without_scores_says_when_there_are_some(ask, good, assay, command):
    words = [*COMMANDS[command][:-1], "2026-05-01..2026-05-02"]
    if command == "drift":
        words[words.index(DAYS[0])] = "2026-04-01..2026-04-30"
    page = ask(command, good, words=words)
    assert scored(command, page) == 0
    if command == "queue":
        assert "0 of 0 samples" in page and "none of live fits --model and --window" in page
    elif command != "compare":
        shown = subprocess.run([assay, *words, "--store", good], capture_output=True, text=True).stdout
        assert "are from 2026-03-01 00:00 to 2026-03-02 23:55 UTC." in shown


@EACH
def test_a_shard_without_rows_is_no_error(ask, other, command):
    def damage(path):
        with closing(sqlite3.connect(path)) as db, db:
            for table in ("score", "delivery", "rollup", "rollup_hour", "measure", "category", "tenure"):
                db.execute(f"DELETE FROM {table}")
    assert scored(command, ask(command, other(damage))) == 0


@EACH
def test_one_sample_a_day_is_not_enough_data(ask, other, command):
    rows = [row for row in two_days(3) if row["id"] in ("s1", "s1+24")]
    page = ask(command, other(rows=rows))
    if command in ("drift", "compare"):
        assert {row["verdict"] for row in page["rows"]} == {"NOT_ENOUGH_DATA"}
    assert scored(command, page) > 0 and (command == "queue" or not page["partial"])


@EACH
def test_scores_that_are_all_equal_have_an_interval(ask, other, command):
    rows = [{**row, "response": "same", "reference": "same"} for row in two_days(4)]
    page = ask(command, other(rows=rows))
    if command == "quality":
        assert all(row["ci"][0] < 1 == row["mean"] == row["ci"][1] for row in page["rows"] if row["kind"] == "criterion")
    elif command != "queue":
        assert all(row["ci"][0] < 0 == row["delta"] < row["ci"][1] and row["verdict"] == "NO_MEANINGFUL_CHANGE"
                   for row in page["rows"] if row["metric"] in ("exact", "clean", "composite"))


@pytest.mark.parametrize("value", ["9e999", "-0.001", "1.001", "'text'"])
def test_numbers_beyond_one_are_not_stored(other, value):
    with closing(sqlite3.connect(other() / "shard-0001.db")) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(f"UPDATE score SET value = {value} WHERE status = 'scored'")


@pytest.mark.parametrize("command", ["quality", "compare"])
def test_a_score_without_a_value_is_an_error_and_poisons_nothing(ask, other, command):
    """SQLite stores NaN as NULL: nobody but another program's hand puts one there."""
    def damage(path):
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE score SET value = NULL WHERE status = 'scored' AND off IN (SELECT off FROM score WHERE "
                       "status = 'scored' ORDER BY off LIMIT 50)")
    store = other(damage)
    with closing(sqlite3.connect(store / "shard-0001.db")) as db:
        sound = {name: (n, mean) for name, n, mean in db.execute(
            "SELECT name, count(value), avg(value) FROM score JOIN criterion ON criterion.id = criterion GROUP BY 1")}
    page = ask(command, store)
    if command == "quality":  # criteria are read of rollups, dimensions of rows: what lacks is skipped
        assert sum(row["statuses"]["skipped"] for row in page["rows"] if row["kind"] == "dimension") > 12
    else:
        for name in ("exact", "clean"):
            row = next(row for row in page["rows"] if row["metric"] == name and row["kind"] == "criterion")
            n = row["all_a"]["n"] + row["all_b"]["n"]
            total = row["all_a"]["n"] * row["all_a"]["mean"] + row["all_b"]["n"] * row["all_b"]["mean"]
            assert (n, pytest.approx(total / n)) == sound[name]


# ---- twice, and at the wrong time ----

@EACH
def test_a_shard_that_is_given_twice_counts_once(ask, good, tmp_path, command):
    copy = tmp_path / "copy"
    shutil.copytree(good, copy)
    for stores in ((good, good), (good, copy), (copy, good)):
        page = ask(command, *stores)
        assert "it counts once" in said(page) and scored(command, page) == scored(command, ask(command, good))


@EACH
def test_scores_of_the_future_are_told_and_count_in_no_earlier_window(ask, good, other, command):
    ahead = datetime.now(timezone.utc) + timedelta(days=300)
    rows = [{**row, "timestamp": (ahead + timedelta(seconds=n)).isoformat()} for n, row in enumerate(two_days(5)[:50])]
    page = ask(command, good, other(rows=rows))
    assert "holds scores of the future, until" in said(page) and scored(command, page) == scored(command, ask(command, good))


# ---- over HTTP ----

class Nonsense(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *_):
        pass


@EACH
def test_an_address_where_no_worker_answers_is_named(ask, good, command):
    server = HTTPServer(("127.0.0.1", 0), Nonsense)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for url, words in ((f"http://127.0.0.1:{server.server_port}", "is no list of"), ("http://127.0.0.1:1", "no connection")):
            alone, page = ask(command, url, status=3), ask(command, good, url)
            assert url in alone and words in alone and url in said(page) and words in said(page)
            assert scored(command, page) == scored(command, ask(command, good))
    finally:
        server.shutdown()
        server.server_close()


# ---- another judge ----

@pytest.mark.parametrize("command", ["drift", "quality"])
def test_scores_by_other_rules_are_never_mixed(ask, assay, tmp_path, command):
    """The criterion's options change between the days: its hash does, and it is a row of its own on each side."""
    changed = json.loads(json.dumps(RUBRIC))
    changed["criteria"][1]["threshold"] = 0.5
    changed["criteria"][1]["options"] = {"metric": "quasi_exact"}
    rows = [row for row in two_days(6) if row["model"] == "a"]
    (tmp_path / "b").mkdir()
    one = evaluate(assay, tmp_path, [row for row in rows if "+" not in row["id"]], "one")
    two = evaluate(assay, tmp_path / "b", [row for row in rows if "+" in row["id"]], "two", rubric=changed)
    page = ask(command, one, two)
    if command == "drift":
        rows = [row for row in page["rows"] if row["metric"] == "overlap"]
        assert len({row["criterion_hash"] for row in rows}) == 2 and {row["verdict"] for row in rows} == {"NOT_ENOUGH_DATA"}
        assert all(row["criterion_changed"] for row in rows)
        assert sorted((row["base"]["n"] > 0, row["cur"]["n"] > 0) for row in rows) == [(False, True), (True, False)]
    elif command == "quality":
        assert len({row["hash"] for row in page["rows"] if row["metric"] == "overlap"}) == 2
