"""Is the page of a comparison one that people can read in a real browser, and does it say what the JSON says?"""
import json
import random
import subprocess

import pytest

from made_stores import answered, evaluate, traffic
from pages import BYTES_MAX, HOSTILE, EveryPage, Outline, accessible_names, browser, check_source

SIGNS = {"WORSE": "▼", "BETTER": "▲", "NOT_ENOUGH_DATA": "?", "NO_MEANINGFUL_CHANGE": "="}


def two_models(seed, after, count=480):
    """Model b answers in German worse than a; tenants and ids are hostile."""
    rng = random.Random(seed)
    rows = [row | {"id": HOSTILE + row["id"], "tags": {"language": ("de", "en", HOSTILE)[n % 3]}}
            for n, row in enumerate(traffic(seed, 0.9, count, model="a"))]
    return rows + [row | {"model": "b", "response": answered(rng, after if row["tags"]["language"] == "de" else 0.9)}
                   for row in rows[20:]]


@pytest.fixture(scope="module")
def compared(assay, tmp_path_factory):
    """Makes a store of rows; returns the page (a path) and the JSON of a comparison."""
    def call(rows, a="a", b="b", options=(), damage=False):
        folder = tmp_path_factory.mktemp("compare")
        store = evaluate(assay, folder, rows, "store", options=("--segment-by", "language"))
        if damage:
            (store / "shard-0002.db").write_bytes(b"no database" * 1000)
        command = [assay, "compare", a, b, "--store", store, "--price", "3/15", *options, "--format"]
        page = subprocess.run([*command, "html"], capture_output=True)
        assert page.returncode in (0, 1), page.stderr
        (folder / "page.html").write_bytes(page.stdout)
        return folder / "page.html", json.loads(subprocess.run([*command, "json"], capture_output=True).stdout)
    return call


@pytest.fixture(scope="module")
def page(compared):
    return compared(two_models(1, 0.5), options=("--segment", "language"))


def words(row):
    """Verdict, levels, change and p, as the page writes them."""
    return [f"{SIGNS[row['verdict']]} {row['verdict'].replace('_', ' ')}",
            f"{row['a']['mean']:.3f} -> {row['b']['mean']:.3f}",
            f"{row['delta']:+.3f} [{row['ci'][0]:+.3f}, {row['ci'][1]:+.3f}]", f"{row['p_bh']:.2g}", str(row["a"]["n"])]


def shown(text):
    return text.replace("\u202e", "\ufffd").replace("\x01", "\ufffd")


class TestEveryPage(EveryPage):
    pass


def test_the_tables_say_what_the_json_says(page):
    path, report = page
    table = Outline(path.read_text()).rows
    overview = [row for row in table if len(row) == 8]
    assert overview[0][0] == "metric" and len(overview) == 1 + len(report["rows"])
    for cells, row in zip(overview[1:], report["rows"]):
        flips = [str(row["broke"]), str(row["fixed"])] if "passes" in row else ["", ""]
        assert cells == [row["metric"], *words(row), *flips]
    segments = [row for row in table if len(row) == 6 and row[0] != "segment"]
    assert segments == [[shown(f"language={part['segment']['language']}"), *words(part)]
                        for row in report["rows"] for part in row["segments"]]
    movers = [row for row in table if len(row) == 5 and row[0] != "sample"]
    assert movers == [[shown(m["sample"]), m.get("flip", "-"), f"{m['a']:.3f} -> {m['b']:.3f}",
                       m.get("reason_a") or "-", m.get("reason_b") or "-"]
                      for row in report["rows"] if row["kind"] == "criterion" for m in row["movers"][:10]]
    took = [row for row in table if len(row) == 4]
    assert [row[0] for row in took] == ["measure", "latency, ms", "input tokens", "output tokens", "cost of 1000"]


def test_it_says_what_to_do_and_what_to_know_first(page, browser):
    path, report = page
    browser.open(path, 1280)
    seen = browser.run("document.body.innerText")
    assert report["recommendation"]["verdict"] == "WORSE" and seen.startswith("Comparison\n")
    assert shown(report["recommendation"]["words"]) + "." in seen
    assert report["notes"] and all(shown(note) in seen for note in report["notes"])
    assert f"all {report['tested']} rows counted in" in seen


def test_a_screen_reader_finds_headings_tables_and_the_picture(browser, page):
    path, report = page
    names, headings = accessible_names(browser, path)
    assert headings[0] == ("Comparison", 1)
    assert sum(level == 3 and name.endswith("WORSE exact") for name, level in headings) == 1
    (picture,) = names["image"] + names["img"]
    assert picture.startswith("Changes and their intervals")
    for name in ("All rows: composite, dimensions, criteria", "Segments of exact",
                 "Samples that flipped or moved most by clean"):
        assert name in names["table"]
    assert {"metric", "flip", "p, over all rows"} <= set(names["columnheader"])


@pytest.mark.parametrize("models,options", [(60, ()), (12, ("--segment", "language"))])
def test_many_rows_are_left_out_before_the_page_is_large(compared, browser, models, options):
    rows = [row | {"model": f"{m:03d}" + "model-" * 60, "id": f"{m}{row['id']}", "endpoint": side,
                   "tags": {"language": f"{n % 12}"}}
            for m in range(models) for side in "ab" for n, row in enumerate(traffic(m + (side == "b"), 0.9, 24))]
    path, report = compared(rows, "endpoint:a", "endpoint:b", options)
    assert len(report["rows"]) == 6 * models and 60_000 < path.stat().st_size < BYTES_MAX
    assert "more rows have no room here" in path.read_text()
    check_source(path)
    browser.open(path, 360)
    assert browser.run("document.documentElement.scrollWidth") <= 360


def test_a_partial_comparison_says_so_and_one_without_rows_too(compared, browser):
    for options, said in (((), "Partial: this is not all"),
                          (("--window", "2025-01-01..2025-01-02"), "No scores that both sides have.")):
        path, _ = compared(two_models(2, 0.9, 60), options=options, damage=True)
        browser.open(path, 360)
        seen = browser.run("document.body.innerText")
        assert browser.complaints() == [] and said in seen and "shard-0002.db" in seen
