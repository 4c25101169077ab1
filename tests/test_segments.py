"""Are samples told apart by what `--segment-by` names, and does a report add them up as plain Python does?
Expected values are sums over the rows, never assay's own."""
import json
import random
import sqlite3
import subprocess
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "schema" / "drift-report.schema.json").read_text())
START = datetime(2026, 3, 1, tzinfo=timezone.utc)
MIDDLE = START + timedelta(hours=48)
WINDOWS = ["--baseline", "2026-03-01..2026-03-03", "--window", "2026-03-03..2026-03-04"]
RUBRIC = {"name": "yes", "criteria": [{"name": "exact", "dimension": "accuracy", "evaluator": "reference",
                                       "options": {"metric": "exact"}, "weight": 1, "threshold": 1}]}
KEYS = "language,route,tags.tenant,endpoint"


@pytest.fixture
def keep(assay, tmp_path):
    """Evaluates rows into the store NAME, told apart by `keys`; returns its folder."""
    def call(rows, name="store", keys=KEYS):
        folder, document = tmp_path / name, tmp_path / "rubric.json"
        path = tmp_path / f"{name}{len(list(tmp_path.glob('*.jsonl')))}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        document.write_text(json.dumps(RUBRIC))
        told = ["--segment-by", keys] if keys else []
        done = subprocess.run([assay, "eval", "--rubric", document, "--store", folder, *told, path],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return folder
    return call


@pytest.fixture
def ask(assay):
    def call(*stores, status=0, options=(), form="json"):
        done = subprocess.run([assay, "report", "drift", *(x for store in stores for x in ("--store", store)),
                               *WINDOWS, "--format", form, *options], capture_output=True, text=True)
        assert done.returncode == status, done.stderr or done.stdout[:2000]
        if form == "text":
            return done.stdout
        page = json.loads(done.stdout)
        jsonschema.validate(page, SCHEMA)
        return page
    return call


def traffic(seed, n=3000):
    """French gets worse, German comes more often, one tenant has no route."""
    chance = random.Random(seed)
    rows = []
    for i in range(n):
        when = START + timedelta(hours=72 * i / n)
        now = when >= MIDDLE
        language = chance.choices(["en", "de", "fr"], [4, 4 if now else 1, 2])[0]
        good = chance.random() < {"en": 0.9, "de": 0.6, "fr": 0.5 if now else 0.85}[language]
        tenant = chance.choice(["acme", "bolt"])
        rows.append({"id": f"{seed}-{i}", "timestamp": when.isoformat(), "model": "m", "prompt": "?",
                     "response": "yes" if good else "no", "reference": "yes", "endpoint": "chat",
                     "tags": {"language": language, "tenant": tenant},
                     **({"route": chance.choice(["/a", "/b"])} if tenant == "acme" else {})})
    return rows


def levels(rows, name):
    """Of each segment: scores and right ones, before and after; None for records without it."""
    cells = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        side = 2 * (datetime.fromisoformat(row["timestamp"]) >= MIDDLE)
        cell = cells[name(row)]
        cell[side] += 1
        cell[side + 1] += row["response"] == row["reference"]
    return cells


def of(page, metric="exact"):
    rows = [row for row in page["rows"] if row["metric"] == metric]
    return rows[0], rows[1:]


NAMES = {
    "language": lambda row: (("language", row["tags"]["language"]),),
    "route": lambda row: (("route", row.get("route")),),
    "tags.tenant,language": lambda row: (("language", row["tags"]["language"]),
                                         ("tags.tenant", row["tags"]["tenant"])),
    "endpoint": lambda row: (("endpoint", row["endpoint"]),),
}


@pytest.mark.parametrize("keys", NAMES)
def test_rows_of_a_key_are_what_plain_python_counts(keep, ask, keys):
    rows = traffic(1)
    whole, parts = of(ask(keep(rows), status=1, options=["--segment", keys]))
    expected = levels(rows, NAMES[keys])
    if len(expected) == 1:
        assert parts == []  # one segment is all there is
        return
    assert {tuple(part["segment"].items()) for part in parts} == set(expected)
    for part in parts:
        n1, k1, n2, k2 = expected[tuple(part["segment"].items())]
        assert [part["base"]["n"], part["cur"]["n"]] == [n1, n2]
        assert [part["base"]["mean"], part["cur"]["mean"]] == pytest.approx([k1 / n1, k2 / n2], abs=1e-12)
    base, cur = sum(c[0] for c in expected.values()), sum(c[2] for c in expected.values())
    within = sum((n1 / base + n2 / cur) / 2 * (k2 / n2 - k1 / n1) for n1, k1, n2, k2 in expected.values())
    mix = sum((n2 / cur - n1 / base) * (k1 / n1 + k2 / n2) / 2 for n1, k1, n2, k2 in expected.values())
    assert whole["segment"] is None and whole["delta"] == pytest.approx(within + mix, abs=1e-12)
    assert [whole["within"], whole["mix"]] == pytest.approx([within, mix], abs=1e-12)


def test_without_keys_a_report_is_as_if_nothing_was_told_apart(keep, ask):
    rows = traffic(2)
    told, plain = ask(keep(rows, "told"), status=1), ask(keep(rows, "plain", keys=None), status=1)
    # languages are rows of their own, and p_bh is over all rows
    (first, second) = ([row | {"p_bh": None} for row in page["rows"] if not row["metric"].startswith("language=")]
                       for page in (told, plain))
    assert json.dumps(first) == json.dumps(second) and len(second) == len(plain["rows"])


def test_ids_of_shards_are_joined_by_their_words(keep, ask):
    """Three stores meet the segments in different orders, and one was told other keys."""
    rows = traffic(3)
    one, (third) = keep(rows, "one"), sorted(rows[2::3], key=lambda row: row["tags"]["language"])
    stores = [keep(rows[0::3], "a"), keep(rows[1::3][::-1], "b"), keep(third, "c", keys="tags.tenant,language")]
    whole = ask(one, status=1, options=["--segment", "language"])
    for order in (stores, stores[::-1]):
        assert json.dumps(ask(*order, status=1, options=["--segment", "language"])["rows"]) == json.dumps(
            whole["rows"])
    _, parts = of(ask(*stores, status=1, options=["--segment", "route"]))
    assert {json.dumps(part["segment"]) for part in parts} == {
        '{}', '{"route": null}', '{"route": "/a"}', '{"route": "/b"}'}
    (untold,) = [part for part in parts if part["segment"] == {}]
    assert untold["base"]["n"] + untold["cur"]["n"] == len(third)


def test_the_page_says_which_are_worse_fine_and_unknown(keep, ask):
    rows = traffic(4, 12000) + [
        {**row, "id": "it" + row["id"], "tags": {"language": "it", "tenant": "acme"}} for row in traffic(5, 12)]
    page = ask(keep(rows), status=1, options=["--segment", "language", "--tolerance", "0.06"], form="text")
    lines = page.splitlines()
    where = next(i for i, line in enumerate(lines) if line.startswith("where "))
    assert "quality -" in lines[where] and "traffic mix -" in lines[where]
    assert lines[where + 1].split()[:2] == ["language=fr:", "WORSE"]
    assert [set(line.replace(",", "").split()) & {"language=en", "language=de"} for line in lines
            if line.split()[:1] == ["fine:"]][0] == {"language=en", "language=de"}
    assert [line.split()[:2] for line in lines if line.split()[:1] == ["unknown:"]][0] == ["unknown:", "language=it"]
    assert max(map(len, lines)) <= 100


def test_a_segment_that_is_worse_shows_although_the_whole_is_fine(keep, ask):
    rows = [dict(row, response="yes" if (i * 7919 % 100) < (20 if row["tags"]["language"] == "fr" and
                 datetime.fromisoformat(row["timestamp"]) >= MIDDLE else 90) else "no")
            for i, row in enumerate(traffic(6, 6000)) if row["tags"]["language"] != "fr" or i % 12 == 0]
    options = ["--segment", "language", "--tolerance", "0.1"]
    whole, parts = of(ask(keep(rows), status=1, options=options))
    assert whole["verdict"] == "NO_MEANINGFUL_CHANGE"
    assert [part["segment"]["language"] for part in parts if part["verdict"] == "WORSE"] == ["fr"]
    page = ask(keep(rows), status=1, options=options, form="text")
    assert "language=fr: WORSE " in page and "\nnext      assay report quality" in page


def segments_of(store):
    (path,) = store.glob("shard-*.db")
    with sqlite3.connect(path) as shard:
        return shard.execute("SELECT segment, sum(scored) FROM rollups WHERE criterion = 'exact' GROUP BY 1").fetchall()


def test_traffic_cannot_blow_it_up(keep):
    rows = [dict(row, tags={"tenant": f"t{i % 500}"}) for i, row in enumerate(traffic(7, 1000))]
    counts = dict(segments_of(keep(rows, keys="tags.tenant")))
    assert counts == {f'{{"tags.tenant":"t{i}"}}': 2 for i in range(64)} | {'{"tags.tenant":"other"}': 872}


def test_a_long_or_hostile_value_stays_a_value(keep, ask):
    values = ["x" * 97, 'a","language":"en', "\x1b[31mred", "é"]
    rows = [dict(row, tags={"tenant": values[i % 4]}) for i, row in enumerate(traffic(8, 400))]
    store = keep(rows, keys="tags.tenant")
    assert {json.loads(words)["tags.tenant"] for words, _ in segments_of(store)} == {"other", *values[1:]}
    page = ask(store, status=1, options=["--segment", "tags.tenant", "--tolerance", "0.0001"], form="text")
    assert "\x1b" not in page and "tags.tenant=é" in page


@pytest.mark.parametrize("prompt,tags,language", [
    ("Which tea?", {}, "latin"), ("Какой чай?", {}, "cyrillic"), ("どのお茶ですか", {}, "japanese"),
    ("哪种茶", {}, "han"), ("12 + 30", {}, None), ("Which tea?", {"language": "de"}, "de")])
def test_a_language_is_said_or_seen(keep, prompt, tags, language):
    row = dict(traffic(9, 1)[0], prompt=prompt, tags=tags)
    assert segments_of(keep([row], keys="language")) == [(json.dumps({"language": language}, separators=(",", ":")), 1)]


@pytest.mark.parametrize("command", [["eval", "--segment-by", "langauge", "x"],
                                     ["run", "--segment-by", "tags."],
                                     ["report", "drift", "--store", ".", "--segment", "tenant"]])
def test_a_key_that_is_none_is_refused(assay, command):
    done = subprocess.run([assay, *command], capture_output=True, text=True)
    assert done.returncode == 2 and "is none of component, endpoint" in done.stderr
