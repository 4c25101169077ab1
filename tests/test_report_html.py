"""Is the page of a drift report one that people can read in a real browser, whoever they are and wherever?"""
import json
import re
import subprocess

import numpy
import pytest

from pages import BYTES_MAX, HOSTILE, EveryPage, Outline, accessible_names, browser
from test_report import BASELINE, RUBRIC, WINDOW, traffic


@pytest.fixture(scope="module")
def reported(assay, tmp_path_factory):
    """Makes a store of rows; returns the report's page (a path) and its JSON."""
    def call(rows, *options):
        folder = tmp_path_factory.mktemp("html")
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "rubric.json").write_text(json.dumps(RUBRIC))
        done = subprocess.run([assay, "eval", "--rubric", folder / "rubric.json", "--store", folder / "store",
                               folder / "rows.jsonl"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        command = [assay, "report", "drift", "--store", folder / "store", "--baseline", BASELINE, "--window", WINDOW,
                   *options, "--format"]
        page = subprocess.run([*command, "html"], capture_output=True)
        assert page.returncode in (0, 1), page.stderr
        (folder / "page.html").write_bytes(page.stdout)
        return folder / "page.html", json.loads(subprocess.run([*command, "json"], capture_output=True).stdout)
    return call


@pytest.fixture(scope="module")
def page(reported):
    """Worse, better, unknown and unchanged rows, one of a model with a hostile name."""
    rows = []
    for number, (model, before, after, per_hour) in enumerate([
            (HOSTILE, 0.9, 0.75, 20), ("better", 0.7, 0.9, 20), ("few", 0.9, 0.9, 2), ("same", 0.9, 0.9, 120)]):
        rows += [row | {"model": model, "id": f"{number}{row['id']}"}
                 for row in traffic(30 + number, before, after, per_hour=per_hour)]
    for row in rows:
        if row["model"] == "better" and row["timestamp"] >= "2026-03-03":
            row["prompt"] = "a longer one"
    return reported(rows, "--tolerance", "0.04")


class TestEveryPage(EveryPage):
    pass


def test_names_from_traffic_are_text(page):
    path, _ = page
    text = path.read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\ufffd\ufffdé / exact" in text


def test_the_table_says_what_the_json_says(page):
    path, report = page
    rows = [row for row in Outline(path.read_text()).rows if len(row) == 9]
    assert rows[0] == ["model / metric", "verdict", "mean", "change [95 %]", "tolerance", "p, over all rows",
                       "would show", "scores", "missing"]
    assert len(rows) == 1 + len(report["rows"]) == 17
    signs = {"WORSE": "▼", "BETTER": "▲", "NOT_ENOUGH_DATA": "?", "NO_MEANINGFUL_CHANGE": "=", "CHANGED": "◆"}
    assert {row["verdict"] for row in report["rows"]} == set(signs)
    for cells, row in zip(rows[1:], report["rows"]):
        assert cells[1] == f"{signs[row['verdict']]} {row['verdict'].replace('_', ' ')}"
        if "measure" in row:
            assert cells[2] == "p50 {base:.0f} -> {cur:.0f} bytes".format(**row["measure"])
        else:
            assert cells[2] == f"{row['base']['mean']:.3f} -> {row['cur']['mean']:.3f}"
        assert cells[3] == f"{row['delta']:+.3f} [{row['ci'][0]:+.3f}, {row['ci'][1]:+.3f}]"
        assert [float(cells[i]) for i in (4, 5, 6, 7)] == pytest.approx(
            [row["tol"], row["p_bh"], row["mde"], row["cur"]["n"]], rel=0.06)


def shown_rows(report):
    """Those that are shown in detail: of what traffic looks like only what changed."""
    return [row for row in report["rows"] if row["dimension"] != "traffic" or row["verdict"] == "CHANGED"]


def test_the_curve_is_the_trend(page):
    """The height of each point is linear in its mean, its place in its time."""
    path, report = page
    curves = re.findall(r'<path class="mean" d="([^"]*)"', path.read_text())
    assert len(curves) == len(shown_rows(report))
    for curve, row in zip(curves, shown_rows(report)):
        points = numpy.array([[float(v) for v in point.split()] for point in re.split("[ML]", curve)[1:]])
        means = [point["mean"] for point in row["trend"]]
        assert len(points) == len(means) == 36
        slope, start = numpy.polyfit(means, points[:, 1], 1)
        assert slope < 0 and points[:, 1] == pytest.approx(start + slope * numpy.array(means), abs=0.11)
        assert numpy.diff(points[:, 0]) == pytest.approx((352 - 36) / 36, abs=0.11)


def test_pictures_have_room(browser, page):
    browser.open(page[0], 360)
    assert browser.run("[...document.querySelectorAll('svg')].every(s => s.getBoundingClientRect().height > 80)")


def test_a_screen_reader_finds_headings_tables_and_pictures(browser, page):
    path, report = page
    names, headings = accessible_names(browser, path)
    assert headings[0] == ("Drift report", 1)
    assert sum(level == 3 and "WORSE" in name and "/ exact" in name for name, level in headings) == 1
    assert any(name.startswith("All rows") for name in names["table"])
    assert "verdict" in names["columnheader"] and "same / exact" in names["rowheader"]
    pictures = names["image"] + names["img"]
    assert len(pictures) == len(shown_rows(report)) + 1
    assert sum(name.startswith("Trend of ") for name in pictures) == len(shown_rows(report))


def test_many_rows_are_left_out_before_the_page_is_large(reported, browser):
    rows = [row | {"model": f"{m:03d}" + "model-" * 60, "id": f"{m}{row['id']}"}
            for m in range(100) for row in traffic(m, 0.9, 0.5 if m % 2 else 0.9, per_hour=1)]
    path, report = reported(rows)
    assert len(report["rows"]) == 400 and 60_000 < path.stat().st_size < BYTES_MAX
    table = [row for row in Outline(path.read_text()).rows if len(row) == 9]
    assert f"{400 - (len(table) - 1)} more rows, the quietest, have no room here" in path.read_text()
    browser.open(path, 360)
    assert browser.run("document.documentElement.scrollWidth") <= 360


def test_a_partial_report_says_so_and_one_without_rows_too(browser, reported, assay, tmp_path):
    path, _ = reported(traffic(1, 0.9, 0.9, per_hour=2))
    store = path.parent / "store"
    (store / "shard-0002.db").write_bytes(b"no database" * 1000)
    for baseline, window, words in (
            (BASELINE, WINDOW, "Partial: this is not all"),
            ("2027-01-01..2027-01-02", "2027-01-02..2027-01-03", "No scores in these windows: those of the stores are from 2026-03-01")):
        done = subprocess.run([assay, "report", "drift", "--store", store, "--baseline", baseline, "--window", window,
                               "--format", "html"], capture_output=True, text=True)
        assert done.returncode == 0 and words in done.stdout
        (tmp_path / "page.html").write_text(done.stdout)
        browser.open(tmp_path / "page.html", 360)
        assert browser.complaints() == [] and words in browser.run("document.body.innerText")
        assert "shard-0002.db" in browser.run("document.body.innerText")
