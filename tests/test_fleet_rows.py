"""Do `assay report quality`, `assay compare` and `assay label queue` see the rows that a drift report sees: all that a
fleet scored, each offset once, acknowledged or not? Expected values are plain Python over the rows."""
import csv
import io
import json
import random
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from scipy import stats

from downgrade import downgrade
from kafka.clients import produce
from made_stores import rounded
from test_console import Console
from test_fleet_report import END, HOUR, PARTITIONS, START, fleet, fold, line_of, machines, one_worker, play  # noqa: F401
from test_fleet_report import topic

SCHEMAS = Path(__file__).resolve().parents[1] / "schema"
WINDOW = ["--window", "2026-03-01..2026-03-04"]
SIZE = 600


def pairs(seed):
    """{(partition, offset): row}: each sample by model a, then by model b, which is worse."""
    chance = random.Random(seed + 100)
    rows = topic(seed, SIZE)
    for (partition, offset), row in rows.items():
        row |= {"id": f"s{partition}-{offset // 2}", "model": "ab"[offset % 2], "probability": 1}
        if row["model"] == "b" and row["value"] is not None and chance.random() < 0.2:
            row["value"] = 0
    return rows


@pytest.fixture
def ask(assay):
    """What a command says of these stores: its JSON, or its text."""
    def call(command, *stores, options=(), form="json", status=(0, 1)):
        done = subprocess.run([assay, *command, *(x for store in stores for x in ("--store", store)), *WINDOW, "--format", form,
                               *options], capture_output=True, text=True)
        assert done.returncode in status, done.stderr or done.stdout[:2000]
        if 3 in status:
            return done.stderr
        if form != "json":
            return done.stdout
        page = json.loads(done.stdout)
        jsonschema.validate(page, json.loads((SCHEMAS / f"{command[1 - (command[0] == 'compare')]}-report.schema.json").read_text()))
        return page
    return call


QUALITY, COMPARE, QUEUE = ("report", "quality"), ("compare", "a", "b"), ("label", "queue", "--target", "answer", "--n", "9999")


def but_for_shards(page):
    return json.dumps({**page, "shards": None, "pending": None})


def check_quality(page, rows):
    for model in "ab":
        values = [rounded(row["value"]) for row in rows.values() if row["model"] == model and row["value"] is not None]
        errors = sum(row["value"] is None for row in rows.values() if row["model"] == model)
        kinds = {row["kind"]: row for row in page["rows"] if row["model"] == model}
        assert set(kinds) == {"composite", "dimension", "criterion"}
        for kind, row in kinds.items():
            assert row["n"] == len(values) and row["mean"] == pytest.approx(sum(values) / len(values), abs=1e-9)
            assert row["statuses"]["skipped" if kind == "dimension" else "error"] == errors
        worst = sorted(row["value"] for row in rows.values() if row["model"] == model and row["value"] is not None)
        assert [example["value"] for example in kinds["criterion"]["worst"]] == worst[:3]


def check_pairs(page, rows):
    values = {(row["model"], row["id"]): row["value"] for row in rows.values() if row["value"] is not None}
    both = [sample for model, sample in values if model == "a" and ("b", sample) in values]
    differences = [rounded(values["b", sample]) - rounded(values["a", sample]) for sample in both]
    row, = (row for row in page["rows"] if row["kind"] == "criterion")
    interval = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert page["matched"] == len(rows) / 2 and row["a"]["n"] == len(differences)
    assert row["delta"] == pytest.approx(sum(differences) / len(differences), abs=1e-9)
    assert row["ci"] == pytest.approx([interval.low, interval.high], abs=1e-9)
    assert row["verdict"] == "WORSE" == page["recommendation"]["verdict"]


def drawn(page):
    return sorted((row["sample"], row["model"]) for row in csv.DictReader(io.StringIO(page)))


@pytest.mark.parametrize("seed", range(4))
def test_rows_that_are_not_acknowledged_count(play, ask, seed):  # noqa: F811
    rows = pairs(seed)
    one = play(one_worker(rows, SIZE), "one")
    lines, tail = fleet(seed, rows, SIZE, done=False)
    six = play(lines, "six")
    apart = machines(six)
    for command, check in ((QUALITY, check_quality), (COMPARE, check_pairs)):
        whole = ask(command, one)
        check(whole, rows)
        assert whole["pending"] == 0 and not whole["partial"]
        for stores in ([six], apart, apart[::-1]):
            page = ask(command, *stores)
            assert page["pending"] >= tail > 0 and page["problems"] == []
            assert but_for_shards(page) == but_for_shards(whole)
        said = f"{page['pending']} offsets are scored and not acknowledged yet: counted, too"
        assert said in ask(command, six, form="text")
    assert said in ask(COMPARE, six, form="html")
    everyone = sorted((row["id"], row["model"]) for row in rows.values())
    for stores in ([one], [six], apart):
        assert drawn(ask(QUEUE, *stores, form="csv")) == everyone


def test_a_row_that_a_successor_scored_again_counts_once(play, ask):  # noqa: F811
    """The first worker scored 400 and acked 100, the second took over at 100, said something else and got to 300."""
    rows = {key: row for key, row in pairs(7).items() if key[0] == 0 and key[1] < 400}
    again = {key: row | {"value": 0.125} if 100 <= key[1] < 300 else row for key, row in rows.items()}
    store = play(["shard 0", "tenure 0 0 -", *(line_of(rows, 0, o) for o in range(400)), "commit", "ack 0 100",
                  "shard 1", "tenure 0 100 0", *(line_of(again, 0, o) for o in range(100, 300)), "commit"])
    page = ask(QUALITY, store, options=["--examples", "0"])
    for row in page["rows"]:
        of = [row_["value"] for row_ in again.values() if row_["model"] == row["model"] and row_["value"] is not None]
        assert row["n"] == len(of) and row["mean"] == pytest.approx(sum(map(rounded, of)) / len(of), abs=1e-9)
    page = ask(COMPARE, store)
    assert page["matched"] == 200 and page["a"]["duplicates"] == page["b"]["duplicates"] == 0 and page["pending"] == 300


def test_labels_of_rows_that_are_not_acknowledged_are_of_known_samples(play, assay, tmp_path):  # noqa: F811
    rows = {key: row for key, row in pairs(8).items() if key[0] == 0}
    store = play(["shard 0", "tenure 0 0 -", *(line_of(rows, 0, o) for o in range(SIZE)), "commit", "ack 0 10"])
    labels = tmp_path / "labels.csv"
    labels.write_text("sample,model,target,value,labeller,labelled_at\n" + "".join(
        f"{row['id']},{row['model']},answer,1,me,2026-03-05T00:00:00Z\n" for row in rows.values()) +
        "nobody,a,answer,1,me,2026-03-05T00:00:00Z\n")
    done = subprocess.run([assay, "label", "import", "--store", store, "--json", labels], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"imported": SIZE + 1, "known": 0, "open": 0, "of_unknown_samples": 1}


def test_a_window_is_widened_to_hours_that_were_added_up(play, fold, ask):  # noqa: F811
    rows = pairs(9)
    store = play(one_worker(rows, SIZE))
    options = ["--window", "2026-03-02T10:20:00Z..2026-03-02T11:05:00Z"]
    before = ask(QUALITY, store, options=options)
    assert not before["aligned"] and before["window"]["from"] == "2026-03-02T10:20:00.000Z"
    fold(store)
    page = ask(QUALITY, store, options=options)
    assert page["aligned"] and page["window"] == {"from": "2026-03-02T10:00:00.000Z", "to": "2026-03-02T12:00:00.000Z"}
    hours = {key: row for key, row in rows.items() if START + 34 * HOUR <= row["at"] < START + 36 * HOUR}
    check_quality(page, hours)
    assert "(widened to full hours: what is older than 48 hours is kept by the hour)" in ask(QUALITY, store, options=options,
                                                                                            form="text")


# ---- shards that give counts only ----

def test_shards_of_an_older_program_give_counts_only(play, ask):  # noqa: F811
    rows = pairs(10)
    lines, _ = fleet(10, rows, SIZE, done=False)
    apart = machines(play(lines, "six"))
    whole = ask(QUALITY, *apart)
    for store in apart:
        downgrade(store / "shard-0001.db", 8)
    page = ask(QUALITY, *apart)
    assert page["partial"] and len(page["problems"]) == 1
    assert page["problems"][0].startswith("6 of 6 shards give counts only (asked over HTTP, or written by an older assay)")
    kept = [row | ({"worst": []} if row["kind"] == "criterion" else {}) for row in whole["rows"] if row["kind"] != "dimension"]
    assert page["rows"] == kept and page["pending"] == whole["pending"] > 0
    for command in (COMPARE, QUEUE):
        said = ask(command, *apart, form="csv" if command == QUEUE else "json", status=(3,))
        assert "no shard gives them: workers that are asked over HTTP serve counts only" in said


def test_rows_are_of_the_shards_that_give_them(play, ask):  # noqa: F811
    """Two stores of other partitions, one of an older program: nothing of it is taken for gone."""
    rows = pairs(11)
    halves = [{key: row for key, row in rows.items() if key[0] % 2 == half} for half in (0, 1)]
    stores = [play(["shard 0"] + [line for partition in range(half, PARTITIONS, 2) for line in
                    (f"tenure {partition} 0 -", *(line_of(rows, partition, o) for o in range(SIZE)), "commit",
                     f"ack {partition} {SIZE if partition < 2 else 200}")], f"half{half}") for half in (0, 1)]
    downgrade(stores[1] / "shard-0001.db", 8)
    page = ask(QUALITY, *stores)
    assert len(page["problems"]) == 1 and "1 of 2 shards give counts only" in page["problems"][0]
    for model in "ab":
        n = {row["kind"]: row["n"] for row in page["rows"] if row["model"] == model}
        of, all_ = (sum(row["value"] is not None and row["model"] == model for row in some.values()) for some in (halves[0], rows))
        assert n == {"composite": all_, "criterion": all_, "dimension": of}
    page = ask(COMPARE, *stores)
    check_pairs(page, halves[0])
    assert page["partial"] and "1 of 2 shards give counts only" in page["problems"][0]
    assert drawn(ask(QUEUE, *stores, form="csv")) == sorted((row["id"], row["model"]) for row in halves[0].values())


def test_a_worker_that_is_asked_gives_counts_only(play, ask, assay, mock_kafka, tmp_path):  # noqa: F811
    rows = pairs(12)
    lines = [line.replace(f"ack 3 {SIZE}", "ack 3 100") for line in one_worker(rows, SIZE)]
    store = play(lines, "store")
    copy = tmp_path / "copy"
    shutil.copytree(store, copy)
    whole = ask(QUALITY, copy)
    kafka = mock_kafka({"other": 1})
    produce(kafka.bootstrap, "other", [])
    worker = Console(assay, tmp_path, kafka.bootstrap, "other", "--lanes", "1", "--metrics", "none", "--rubric", "safety")
    try:
        page = ask(QUALITY, worker.url)
        assert [(row["model"], row["kind"], row["n"], row["mean"]) for row in page["rows"]] == [
            (row["model"], row["kind"], row["n"], row["mean"]) for row in whole["rows"] if row["kind"] != "dimension"]
        assert page["partial"] and "give counts only" in page["problems"][-1] and page["pending"] == whole["pending"] == 500
        assert "no shard gives them" in ask(COMPARE, worker.url, status=(3,))
        assert "no shard gives them" in ask(QUEUE, worker.url, form="csv", status=(3,))
    finally:
        worker.worker.kill()
