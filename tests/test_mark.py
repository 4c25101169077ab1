"""Are marks kept, and told where a change may have begun?"""
import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from made_stores import RUBRIC, at, evaluate, traffic
from test_remote import served  # noqa: F401

SCHEMAS = Path(__file__).resolve().parents[1] / "schema"
SCHEMA = json.loads((SCHEMAS / "mark.schema.json").read_text())
DRIFT = json.loads((SCHEMAS / "drift-report.schema.json").read_text())


@pytest.fixture
def mark(assay):
    def call(*arguments, status=0):
        done = subprocess.run([assay, "mark", *arguments], capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done.stdout if status == 0 else done.stderr
    return call


@pytest.fixture
def store(assay, tmp_path):
    """A model that is good for two days and then is not; another one that stays good."""
    rows = []
    for model in ("m", "still"):
        for day in range(3):
            bad = day == 2 and model == "m"
            for row in traffic(day, 0.5 if bad else 0.9):
                when = at(24 * day + float(int(row["id"][1:])) / 20)
                rows.append(row | {"id": f"{model}{day}{row['id']}", "model": model, "timestamp": when.isoformat()})
    return evaluate(assay, tmp_path, rows, "store", RUBRIC)


def drift(assay, *stores, form="json"):
    done = subprocess.run([assay, "report", "drift", *(word for store in stores for word in ("--store", store)),
                           "--baseline", "2026-03-01..2026-03-03", "--window", "2026-03-03..2026-03-04",
                           "--format", form], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    if form != "json":
        return done.stdout
    page = json.loads(done.stdout)
    jsonschema.validate(page, DRIFT)
    return page


def listed(mark, *stores, options=()):
    lines = mark(*(word for store in stores for word in ("--store", store)), "--format", "jsonl", *options)
    rows = [json.loads(line) for line in lines.splitlines()]
    for row in rows:
        jsonschema.validate(row, SCHEMA)
    return [(row["time"], row["model"], row["text"]) for row in rows]


def test_marks_are_kept_once_and_listed_by_time(mark, store):
    later, earlier = "2026-03-03T00:10:00Z", "2026-03-01T23:00:00+01:00"
    mark("deployed v7", "--store", store, "--model", "m", "--at", later)
    mark("moved \"region\"\x1b[31m", "--store", store, "--at", earlier)
    mark("deployed v7", "--store", store, "--model", "m", "--at", later)
    wanted = [("2026-03-01T22:00:00.000Z", "", "moved \"region\"\x1b[31m"), ("2026-03-03T00:10:00.000Z", "m", "deployed v7")]
    assert listed(mark, store) == listed(mark, store, store) == wanted
    assert listed(mark, store, options=["--model", "still"]) == wanted[:1]
    text = mark("--store", store)
    assert text == "2026-03-01 22:00  (all models)  moved \"region\"?[31m\n2026-03-03 00:10  m  deployed v7\n"


def test_a_report_tells_what_happened_where_a_change_began(assay, mark, store):
    mark("deployed v6", "--store", store, "--model", "m", "--at", "2026-03-02T09:00:00Z")
    page = drift(assay, store, form="text")
    assert "cause? deployed v6 at Mon 2026-03-02 09:00 UTC, the last before\n" in page
    mark("deployed <v7>", "--store", store, "--model", "m", "--at", "2026-03-03T00:10:00Z")
    mark("quiet day", "--store", store, "--model", "still", "--at", "2026-03-03T00:20:00Z")
    mark("next week", "--store", store, "--at", "2026-03-09T00:00:00Z")
    page = drift(assay, store)
    assert [(one["model"], one["text"]) for one in page["marks"]] == [
        ("m", "deployed v6"), ("m", "deployed <v7>"), ("still", "quiet day")]
    (row,) = [r for r in page["rows"] if (r["model"], r["metric"], r["segment"]) == ("m", "exact", None)]
    assert row["verdict"] == "WORSE" and row["since_set"]["first"] <= "2026-03-03T00:10:00.000Z"
    text = drift(assay, store, form="text")
    assert "cause? deployed <v7> at Tue 2026-03-03 00:10 UTC, in these hours\n" in text
    assert "quiet day" not in text and "v6" not in text
    html = drift(assay, store, form="html")
    assert "deployed &lt;v7&gt; at Tue 2026-03-03 00:10 UTC, in these hours" in html and "<v7>" not in html
    assert html.count("<path class=\"mark\"") >= 3 and "<title>deployed &lt;v7&gt;</title>" in html


def test_workers_serve_the_marks_of_their_store(assay, mark, served):  # noqa: F811
    worker, folder = served
    assert drift(assay, worker.url)["marks"] == []
    mark("deployed v7", "--store", folder, "--model", "m", "--at", "2026-03-03T00:10:00Z")
    assert drift(assay, worker.url) == drift(assay, folder)
    assert listed(mark, worker.url) == [("2026-03-03T00:10:00.000Z", "m", "deployed v7")]
    assert listed(mark, worker.url, folder) == listed(mark, folder)


@pytest.mark.parametrize("arguments,words", [
    (["x", "--at", "noon"], "--at"), (["", ], "1 to 400 bytes"), (["x" * 401], "1 to 400 bytes"),
    (["two", "words"], "put it in quotes"), (["--format", "xml"], "--format is text or jsonl"),
    (["x", "--store", "http://127.0.0.1:1"], "given once"), (["x", "--colour"], "--colour")])
def test_a_wrong_command_line_says_what_is_wrong(mark, tmp_path, arguments, words):
    assert words in mark("--store", tmp_path, *arguments, status=2)
    assert not list(tmp_path.glob("marks/*"))


def test_marks_need_a_place_that_is_read(mark, tmp_path):
    assert "no such folder" in mark("x", "--store", tmp_path / "nowhere", status=2)
    assert "take none" in mark("x", "--store", "http://127.0.0.1:1", status=2)
    assert "--store must be given" in mark("x", status=2)
    assert mark("--store", tmp_path) == ""
