"""Does a report that asks workers over HTTP say what one that opens their files says?"""

import json
import sqlite3
import subprocess
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kafka.clients import produce
from test_console import Console, until_counted
from worker import RUBRICS

BASELINE, WINDOW = "2026-03-01..2026-03-03", "2026-03-03..2026-03-04"
ROWS = 400
RUBRIC = {"name": "remote", "criteria": [
    {"name": "answer", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "exact"}, "weight": 1,
     "threshold": 1},
    {"name": "clean", "dimension": "safety", "evaluator": "regex", "weight": 1, "threshold": 1,
     "options": {"where": "response", "forbid": [{"id": "secret", "pattern": "SECRET"}]}}]}


def rows():
    return [{"id": f"r{i}", "model": "mab"[i % 5 % 3], "timestamp": f"2026-03-0{1 + i % 3}T0{i % 10}:30:00Z",
             "prompt": f"question {i}", "reference": "yes", "response": "yes" if i % 7 else "SECRET no"}
            for i in range(ROWS)]


@pytest.fixture
def served(assay, mock_kafka, tmp_path):
    """A worker of two lanes that has counted all rows, and its store."""
    kafka = mock_kafka({"traffic": 4})
    produce(kafka.bootstrap, "traffic", [(None, json.dumps(row).encode()) for row in rows()])
    rubric = tmp_path / "remote.json"
    rubric.write_text(json.dumps(RUBRIC))
    worker = Console(assay, tmp_path, kafka.bootstrap, "traffic", "--metrics", "none", "--rubric", rubric, "--text", "full")
    until_counted(worker, ROWS)
    yield worker, tmp_path / "store"
    worker.worker.kill()


def report(assay, *stores, options=()):
    done = subprocess.run([assay, "report", "drift", *(word for store in stores for word in ("--store", store)),
                           "--baseline", BASELINE, "--window", WINDOW, "--format", "json", *options],
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def shard(worker, name, path, query=""):
    with urllib.request.urlopen(f"{worker.url}/shards/{name}{query}", timeout=30) as answer:
        assert answer.headers["Content-Type"] == "application/vnd.sqlite3"
        path.write_bytes(answer.read())
    return sqlite3.connect(path)


def test_reports_over_http_and_of_files_are_the_same_bytes(served, assay):
    worker, store = served
    code, page, said = report(assay, worker.url)
    assert (code, page, said) == report(assay, store)
    read = json.loads(page)
    right = sum(row["response"] == "yes" for row in rows() if row["model"] == "m" and "03T" in row["timestamp"])
    total = sum(row["model"] == "m" and "03T" in row["timestamp"] for row in rows())
    (row,) = [r for r in read["rows"] if r["metric"] == "answer" and r["model"] == "m"]
    assert total > 0 and row["cur"]["n"] == total and row["cur"]["mean"] == pytest.approx(right / total)
    assert report(assay, worker.url + "/")[1] == page


CELLS = [f"{table}{of}" for table in ("rollup", "measure", "category") for of in ("", "_hour")]


def cells(db, where=""):
    return {table: db.execute(f"SELECT * FROM {table} {where} ORDER BY 1, 2, 3, 4, 5, 6").fetchall() for table in CELLS}


def test_an_extract_holds_the_range_and_nothing_that_was_said(served, tmp_path):
    worker, store = served
    status, kind, body = worker.get("/shards")
    names = json.loads(body)["shards"]
    assert (status, kind) == (200, "application/json") and names == sorted(path.name for path in store.glob("shard-*.db"))
    from_ms, to_ms = 1772409600000, 1772496000000  # the second of March
    held = 0
    for name in names:
        there, of = sqlite3.connect(store / name), f"WHERE bucket_ms >= {from_ms} AND bucket_ms < {to_ms}"
        for _ in range(50):  # the worker adds old cells up to hours meanwhile
            before = cells(there, of)
            here = shard(worker, name, tmp_path / name, f"?from={from_ms}&to={to_ms}")
            if cells(there, of) == before:
                break
        assert cells(here) == before
        held += sum(map(len, before.values()))
        assert there.execute("SELECT count(*) FROM text").fetchone()[0] > 0
        for table in ("tenure", "source", "word", "criterion", "run", "meta"):
            assert there.execute(f"SELECT * FROM {table}").fetchall() == here.execute(f"SELECT * FROM {table}").fetchall()
        for table in ("text", "outbox", "delivery", "score", "fingerprint"):
            assert here.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0  # all is acked
        raw = (tmp_path / name).read_bytes()
        assert b"question" not in raw and b"SECRET" not in raw
        there.close(), here.close()
    assert held > 0


def test_wrong_questions_are_refused(served):
    worker, _ = served
    name = json.loads(worker.get("/shards")[2])["shards"][0]
    assert worker.get("/shards/shard-0999.db")[0] == worker.get("/shards/")[0] == 404
    assert worker.get("/shards/../sample.key")[0] == worker.get("/shards/sample.key")[0] == 404
    assert worker.get(f"/shards/{name}?from=yesterday")[0] == 400


def test_many_who_ask_at_once_get_all_of_it(served, assay):
    worker, store = served
    expected = report(assay, store)
    with ThreadPoolExecutor(6) as pool:
        assert all(page == expected for page in pool.map(lambda _: report(assay, worker.url), range(6)))
    assert worker.get("/livez")[0] == 200


def test_a_worker_that_is_gone_makes_the_report_partial(served, assay, closed_port):
    worker, _ = served
    gone = f"http://127.0.0.1:{closed_port}"
    code, page, _ = report(assay, worker.url, gone)
    read = json.loads(page)
    assert code in (0, 1) and read["partial"] and any(gone in line and "could not be read" in line for line in read["problems"])
    code, page, said = report(assay, gone)
    assert (code, page) == (3, "") and gone in said


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = self.server.pages.get(self.path.partition("?")[0], (404, b"?"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def pages(said):
    """A web server that is no worker and says this; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.pages = said
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("answers,said", [
    ({}, "status 404"), ({"/shards": (200, b"[]")}, "no list of shards"), ({"/shards": (200, b"<html>")}, "no list of shards"),
    ({"/shards": (200, b'{"shards":["../../etc/passwd"]}')}, "which is no shard"),
    ({"/shards": (200, b'{"shards":["shard-0001.db"]}'), "/shards/shard-0001.db": (200, b"not a database" * 99)},
     "cannot be read"),
    ({"/shards": (200, b'{"shards":["shard-0001.db"]}'), "/shards/shard-0001.db": (200, b"")}, "cannot"),
    ({"/shards": (200, b'{"shards":["shard-0001.db"]}'), "/shards/shard-0001.db": (500, b"on fire\nreally")}, "on fire")])
def test_what_is_no_worker_is_named(assay, answers, said):
    with pages(answers) as url:
        code, page, told = report(assay, url)
    assert (code, page) == (3, "") and said in told and "really" not in told
