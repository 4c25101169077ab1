"""Does the demo show what it says, and do the commands it ends with work as they stand there?"""
import json
import subprocess

import pytest


@pytest.fixture(scope="module")
def shown(assay, tmp_path_factory):
    store = tmp_path_factory.mktemp("demo") / "store"
    done = subprocess.run([assay, "demo", "--store", store], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def told(shown):
    """The commands of its last lines."""
    return [line.strip() for line in shown.splitlines() if line.startswith("  ") and ("/assay " in line or "sqlite3" in line)]


def run(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True)


def test_what_was_published_is_what_sql_says(shown):
    assert "published metrics equal SQL: yes" in shown and "Scored: 400 of 400 answers" in shown


def test_its_last_lines_name_the_model_that_got_worse(told):
    drift, quality, *_, rows = told
    done = run(f"{drift} --format json")
    assert done.returncode == 1, done.stderr
    verdicts = {(row["model"], row["metric"]): row["verdict"] for row in json.loads(done.stdout)["rows"]}
    assert verdicts["osprey-7b", "safety"] == "WORSE" and verdicts["heron-8b", "composite"] == "NO_MEANINGFUL_CHANGE"
    assert "WORSE" not in {verdict for (model, _), verdict in verdicts.items() if model == "heron-8b"}
    page = run(quality)
    assert page.returncode == 0 and "worst 0.000" in page.stdout
    assert len(run(rows).stdout.splitlines()) == 5


def test_and_what_another_rubric_would_have_said(told):
    rerun, compare = told[2:4]
    done = run(rerun)
    assert done.returncode == 0 and "400 are scored" in done.stdout, done.stdout + done.stderr
    page = json.loads(run(f"{compare} --format json").stdout)
    assert page["paired"] and page["matched"] == 400
    assert page["recommendation"]["same_answers"] and "higher in B" in page["recommendation"]["words"]
    pii = next(row for row in page["rows"] if row["metric"] == "pii" and row["model"] == "osprey-7b")
    assert pii["delta"] == 0 and pii["a"]["n"] == 200


def test_a_folder_that_is_in_use_is_left_alone(assay, tmp_path):
    (tmp_path / "mine").write_text("kept")
    done = subprocess.run([assay, "demo", "--store", tmp_path], capture_output=True, text=True)
    assert done.returncode == 2 and "not empty" in done.stderr and (tmp_path / "mine").read_text() == "kept"
