"""Does `assay eval` say of files what a few plain lines of Python say of them?"""
import contextlib
import gzip
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import jsonschema
import pytest

from measure_published import measure
from standins.judge_endpoint import KEY, SECRET, verdict_of

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
RECORD_BYTES_MAX = 128 << 20  # schema/capture.h

LENGTH_AND_EXACT = {
    "name": "mine",
    "criteria": [
        {"name": "size", "dimension": "form", "evaluator": "length",
         "options": {"min": 3, "max": 8}, "weight": 1, "threshold": 1},
        {"name": "exact", "dimension": "accuracy", "evaluator": "reference",
         "options": {"metric": "exact"}, "weight": 3, "threshold": 1},
        {"name": "clean", "dimension": "safety", "evaluator": "regex",
         "options": {"forbid": ["zorch"]}, "weight": 0, "threshold": 1, "gate": {"cap": 0.2}},
    ],
}

ROWS = [
    {"id": "a", "model": "m1", "prompt": "?", "response": "seven", "reference": "seven"},
    {"id": "b", "model": "m1", "prompt": "?", "response": " seven ", "reference": "seven"},
    {"id": "c", "model": "m2", "prompt": "?", "response": "no", "reference": "yes"},
    {"id": "d", "model": "m2", "prompt": "?", "response": "a zorch", "reference": "a zorch"},
    {"id": "e", "prompt": "?", "response": "ünïcödé"},
    {"id": "f", "prompt": "?", "response": "\U0001f600 zorch zorch", "reference": "x"},
    {"id": "g", "prompt": "?", "response": ""},
]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def rubric(tmp_path):
    def make(document, name="rubric.json"):
        path = tmp_path / name
        path.write_text(json.dumps(document), encoding="utf-8")
        return path
    return make


@pytest.fixture
def scores(run):
    """eval --scores - to (lines, summary), with the exit status checked."""
    def call(*arguments, status=0, **options):
        done = run("eval", "--scores", "-", *arguments, **options)
        assert done.returncode == status, done.stderr
        *lines, summary = map(json.loads, done.stdout.splitlines())
        return lines, summary["summary"]
    return call


def expected(row):
    """LENGTH_AND_EXACT by hand: (size, exact or None, clean, composite)."""
    text = row["response"]
    size = 1 if 3 <= len(text) <= 8 else 0
    exact = None if "reference" not in row else int(text.strip() == row["reference"].strip())
    clean = int("zorch" not in text)
    mean = size if exact is None else (size + 3 * exact) / 4
    return size, exact, clean, mean if clean else min(mean, 0.2)


def mean_of(values):
    values = [value for value in values if value is not None]
    return {"n": len(values), "mean": sum(values) / len(values) if values else None}


# ---- what is written ----

def test_every_sample_has_the_scores_python_gives_it(scores, rubric, tmp_path):
    lines, _ = scores("--rubric", rubric(LENGTH_AND_EXACT), write(tmp_path / "rows", ROWS))
    assert [line["id"] for line in lines] == [row["id"] for row in ROWS]
    for row, line in zip(ROWS, lines):
        size, exact, clean, composite = expected(row)
        got = line["scores"]
        assert line["model"] == row.get("model", "unknown")
        assert line["rubric"] == "mine"
        assert list(got) == ["size", "exact", "clean"]
        assert (got["size"]["value"], got["clean"]["value"]) == (size, clean)
        assert got["exact"]["value"] == exact
        assert got["exact"]["status"] == ("not_applicable" if exact is None else "scored")
        assert got["exact"]["passed"] == (None if exact is None else exact == 1)
        assert line["composite"] == pytest.approx(composite, abs=1e-12)
        assert line["safety"] is None  # its only criterion has no weight


def test_findings_say_where_in_code_points_and_bytes(scores, rubric, tmp_path):
    lines, _ = scores("--rubric", rubric(LENGTH_AND_EXACT), write(tmp_path / "rows", ROWS))
    for row, line in zip(ROWS, lines):
        spans = [(f["start"], f["end"]) for f in line["scores"]["clean"]["findings"]]
        text, at, told = row["response"], -1, []
        while (at := text.find("zorch", at + 1)) >= 0:
            told.append((at, at + 5))
        assert spans == told
        in_bytes = [(f["start_byte"], f["end_byte"]) for f in line["scores"]["clean"]["findings"]]
        assert in_bytes == [tuple(len(text[:place].encode()) for place in span) for span in told]
        assert all(f["where"] == "response" for f in line["scores"]["clean"]["findings"])
        assert "findings" not in line["scores"]["size"]


def test_the_summary_is_what_python_counts(scores, rubric, tmp_path):
    _, summary = scores("--rubric", rubric(LENGTH_AND_EXACT), write(tmp_path / "rows", ROWS))
    size, exact, clean, composite = zip(*map(expected, ROWS))
    assert (summary["samples"], summary["invalid"]) == (len(ROWS), 0)
    for name, values in (("size", size), ("exact", exact), ("clean", clean)):
        assert summary["criteria"][name] == mean_of(values) | {
            "passed": sum(value == 1 for value in values), "not_applicable": values.count(None),
            "skipped": 0, "error": 0}
    assert summary["dimensions"]["form"] == mean_of(size)
    assert summary["dimensions"]["accuracy"] == mean_of(exact)
    assert summary["dimensions"]["safety"] == {"n": 0, "mean": None}
    assert summary["composite"]["n"] == len(ROWS)
    assert summary["composite"]["mean"] == pytest.approx(sum(composite) / len(ROWS), abs=1e-12)


def test_every_line_fits_its_published_schema(run, rubric, tmp_path):
    schema = json.loads((ROOT / "schema" / "scores.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    rows = write(tmp_path / "rows", ROWS)
    with rows.open("a") as file:
        file.write("{\n")
    path = rubric(LENGTH_AND_EXACT)
    done = run("eval", "--rubric", f"{path},refusal", "--scores", "-", rows, "-", input="[]\n")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 2 * len(ROWS) + 2 + 1
    for line in lines:
        validator.validate(line)


def test_the_rubrics_that_ship_fit_their_published_schema():
    schema = json.loads((ROOT / "schema" / "rubric.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    paths = sorted((ROOT / "rubrics").glob("*.json"))
    assert len(paths) >= 7
    for path in paths:
        validator.validate(json.loads(path.read_text()))


def test_several_rubrics_give_a_line_each_in_order(scores, rubric, tmp_path):
    other = {"name": "other", "criteria": [{"name": "size", "evaluator": "length",
                                            "options": {"min": 100}}]}
    first, second = rubric(LENGTH_AND_EXACT, "1.json"), rubric(other, "2.json")
    for given in (["--rubric", f"{first},{second}"], ["--rubric", first, "--rubric", second]):
        lines, summary = scores(*given, write(tmp_path / "rows", ROWS))
        assert [(line["id"], line["rubric"]) for line in lines] == [
            (row["id"], name) for row in ROWS for name in ("mine", "other")]
        assert set(summary["criteria"]) == {"mine/size", "other/size", "exact", "clean"}
        assert summary["criteria"]["other/size"]["mean"] == 0
        assert summary["samples"] == len(ROWS)


def test_a_sample_without_a_rubric_is_counted(scores, rubric, tmp_path):
    document = LENGTH_AND_EXACT | {"applies_to": {"model": "m1"}}
    lines, summary = scores("--rubric", rubric(document), write(tmp_path / "rows", ROWS))
    assert [line["id"] for line in lines] == ["a", "b"]
    assert summary["samples"] == len(ROWS)
    assert summary["unmatched"] == len(ROWS) - 2


def test_numbers_read_back_the_same(scores, rubric, tmp_path):
    thirds = {"name": "t", "criteria": [
        {"name": "a", "evaluator": "length", "options": {"min": 1}, "weight": 1},
        {"name": "b", "evaluator": "length", "options": {"min": 9}, "weight": 2}]}
    lines, summary = scores("--rubric", rubric(thirds), write(tmp_path / "rows", ROWS[:1]))
    assert lines[0]["composite"] == summary["composite"]["mean"] == 1 / 3


def test_a_sample_without_an_id_is_named_by_its_place(scores, rubric, tmp_path):
    rows = write(tmp_path / "rows.jsonl", [{"prompt": "?", "response": "x"}] * 2)
    lines, _ = scores("--rubric", rubric(LENGTH_AND_EXACT), rows)
    assert [line["id"] for line in lines] == ["rows.jsonl:1", "rows.jsonl:2"]


# ---- what is read ----

def test_lines_that_cannot_be_read_are_told_and_passed_over(scores, rubric, tmp_path):
    rows = tmp_path / "rows"
    good = [json.dumps(row).encode() for row in ROWS[:3]]
    rows.write_bytes(b"\n".join([good[0], b"{", b"", b"  \t ", b"\xff\xfe", good[1], b"[1]",
                                 b'{"id":"x","response":"\x00"}', good[2]]))
    lines, summary = scores("--rubric", rubric(LENGTH_AND_EXACT), rows)
    invalid = [line for line in lines if "invalid" in line]
    assert [line["id"] for line in lines if "invalid" not in line] == ["a", "b", "c"]
    assert [line["line"] for line in invalid] == [2, 5, 7, 8]
    assert all(line["id"] is None and line["invalid"] for line in invalid)
    assert (summary["samples"], summary["invalid"]) == (3, 4)


@pytest.mark.parametrize("shape", ["gzip", "gzip members", "stdin", "crlf", "mark", "no end"])
def test_the_same_rows_in_another_dress_score_the_same(scores, rubric, tmp_path, shape):
    text = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    path = tmp_path / "rows"
    options = {"text": False}
    dress = {
        "gzip": lambda: gzip.compress(text),
        "gzip members": lambda: b"".join(gzip.compress(part) for part in text.splitlines(True)),
        "stdin": lambda: b"",
        "crlf": lambda: text.replace(b"\n", b"\r\n"),
        "mark": lambda: b"\xef\xbb\xbf" + text,
        "no end": lambda: text[:-1],
    }[shape]
    path.write_bytes(dress())
    name = path
    if shape == "stdin":
        name, options["input"] = "-", text
    lines, summary = scores("--rubric", rubric(LENGTH_AND_EXACT), name, **options)
    assert [line["id"] for line in lines] == [row["id"] for row in ROWS]
    assert summary["composite"]["mean"] == pytest.approx(
        sum(expected(row)[3] for row in ROWS) / len(ROWS))


def test_gzip_that_ends_too_early_is_no_success(run, rubric, tmp_path):
    text = "".join(json.dumps(ROWS[0] | {"id": str(i)}) + "\n" for i in range(5000)).encode()
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(text)[:-2000])
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), "--scores", "-", path)
    assert done.returncode == 3
    assert "ends too early" in done.stderr
    *lines, summary = map(json.loads, done.stdout.splitlines())
    assert 0 < len(lines) < 5000
    assert summary["summary"]["samples"] == len(lines)


def test_a_line_beyond_the_limit_is_told_and_costs_no_memory(assay, rubric, tmp_path):
    path = tmp_path / "rows"
    with path.open("wb") as file:
        file.write(json.dumps(ROWS[0]).encode() + b"\n")
        for _ in range(3 * (RECORD_BYTES_MAX >> 20)):
            file.write(b"x" * (1 << 20))
        file.write(b"\n" + json.dumps(ROWS[1]).encode() + b"\n")
    done = subprocess.Popen([assay, "eval", "--rubric", rubric(LENGTH_AND_EXACT), "--scores", "-",
                             path], stdout=subprocess.PIPE, text=True)
    output = done.stdout.read()
    _, status, usage = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    lines = [json.loads(line) for line in output.splitlines()]
    assert done.returncode == 0
    assert [line.get("invalid") for line in lines[:3]] == [None, "too_long", None]
    assert lines[1]["line"] == 2
    if "libasan" not in subprocess.run(["ldd", assay], capture_output=True, text=True).stdout:
        assert usage.ru_maxrss < 2.5 * (RECORD_BYTES_MAX >> 10)  # KiB; the buffer doubles


@pytest.mark.parametrize("where", ["table", "scores"])
def test_an_empty_file_is_said_to_be_empty(run, rubric, tmp_path, where):
    path = write(tmp_path / "rows", [])
    flags = ["--scores", "-"] if where == "scores" else []
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), *flags, path)
    assert done.returncode == 0
    assert "0 samples" in done.stdout + done.stderr
    assert "empty" in done.stdout + done.stderr


@pytest.mark.parametrize("flags", [[], ["--json"], ["--scores", "-"]])
def test_a_file_that_is_not_there_is_told_and_nothing_else(run, rubric, flags):
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), *flags, "/nonexist")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "assay eval: /nonexist: cannot open: No such file or directory\n"


def test_a_file_of_unreadable_lines_is_no_success(run, rubric, scores, tmp_path):
    path = tmp_path / "rows"
    path.write_text("nonsense\n[1]\n")
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), path)
    assert done.returncode == 3 and "0 samples, 2 unreadable" in done.stdout
    assert done.stderr == (f"assay eval: {path}:1 is no capture record: not_json\n"
                           f"assay eval: {path}:2 is no capture record: wrong_type\n"
                           "assay eval: not one of 2 lines could be read\n")
    lines, _ = scores("--rubric", rubric(LENGTH_AND_EXACT), path, status=3)
    assert [line["invalid"] for line in lines] == ["not_json", "wrong_type"]
    path.write_text('nonsense\n{"response": "x"}\n')
    assert run("eval", "--rubric", rubric(LENGTH_AND_EXACT), path).returncode == 0


def test_keys_that_nobody_knows_are_counted(run, rubric, scores, tmp_path):
    rows = [{"response": "x", "respones": "y", "tempo": 1}, {"response": "x"}, {"response": "x", "b": None}, {"a": 1}]
    path = write(tmp_path / "rows", rows)
    _, summary = scores("--rubric", rubric(LENGTH_AND_EXACT), path)
    assert summary["unknown_keys"] == 3
    table = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), path).stdout
    assert table.startswith("3 samples, 1 unreadable, 3 unknown keys left out\n")
    assert "unknown" not in run("eval", "--rubric", rubric(LENGTH_AND_EXACT), write(path, ROWS)).stdout


@pytest.mark.parametrize("folder", ["jsontestsuite", "utf8_stress", "naughty_strings"])
def test_hostile_files_end_in_counted_lines(run, rubric, data, folder):
    files = [path for path in sorted((data / folder).rglob("*")) if path.is_file()]
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), "--scores", "-", *files)
    *lines, summary = map(json.loads, done.stdout.splitlines())
    read = summary["summary"]["samples"] > 0
    assert done.returncode == (0 if read else 3), done.stderr
    assert done.stderr == ("" if read else f"assay eval: not one of {len(lines)} lines could be read\n")
    assert summary["summary"]["samples"] + summary["summary"]["invalid"] == len(lines) > 0


# ---- how it ends ----

@pytest.mark.parametrize("flags, status, told", [
    (["--fail-under", "size=0.5"], 0, ""),
    (["--fail-under", "size=0.9"], 1, "size is 0.5714, below 0.9"),
    (["--fail-under", "size=0.5", "--fail-under=exact=0.99"], 1, "exact is"),
    (["--fail-under", "composite=1"], 1, "composite is"),
    (["--fail-under", "sise=0.5"], 2, "there is no such criterion; there are: size, exact, clean"),
    (["--fail-under", "size"], 2, "--fail-under must be CRITERION=MEAN"),
    (["--fail-under", "size=high"], 2, "--fail-under must be CRITERION=MEAN"),
    (["--fail-under", "size=80"], 2, "--fail-under must be CRITERION=MEAN"),
    (["--fail-undr", "size=0.5"], 2, "there is no option --fail-undr; did you mean --fail-under?"),
    (["/no/such/file"], 3, "/no/such/file: cannot open: No such file or directory"),
    (["/"], 3, "/: is a folder"),
    (["--scores", "/dev/full"], 3, "/dev/full: cannot write: No space left on device"),
    (["--scores", "/no/such/folder/x"], 3, "cannot open"),
    (["--rubric", "no-such-rubric"], 2, "there is no rubric of that name"),
    (["--judge-endpoint"], 2, "--judge-endpoint needs a value"),
])
def test_the_exit_status_says_how_it_went(run, rubric, tmp_path, flags, status, told):
    rows = write(tmp_path / "rows", ROWS)
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), rows, *flags)
    assert done.returncode == status, done.stderr
    assert told in done.stderr
    assert bool(done.stderr) == bool(told)


def test_what_was_never_scored_meets_no_threshold(run, rubric, tmp_path):
    rows = write(tmp_path / "rows", [{"id": "a", "prompt": "?", "response": "x"}])
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), "--fail-under", "exact=0", rows)
    assert done.returncode == 1
    assert "exact was not scored once" in done.stderr


def test_a_bad_rubric_is_told_whole_and_nothing_is_scored(run, tmp_path):
    rows = write(tmp_path / "rows", ROWS)
    done = run("eval", "--rubric", TESTS / "rubrics-broken" / "everything-at-once.json", rows)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len([line for line in done.stderr.splitlines() if line.startswith("  ")]) >= 7


def test_the_table_shows_counts_and_shares(run, rubric, tmp_path):
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), write(tmp_path / "rows", ROWS))
    table = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.split()}
    exact = [expected(row)[1] for row in ROWS if expected(row)[1] is not None]
    share = sum(exact) / len(exact)
    assert table["exact"] == ["exact", str(len(exact)), f"{share:.4f}", f"{100 * share:.2f}", "%",
                              str(len(ROWS) - len(exact)), "0", "0"]
    assert table[str(len(ROWS))][1] == "samples"
    assert table["safety"] == ["safety", "0", "-"]


def test_json_is_the_summary_alone(run, rubric, scores, tmp_path):
    rows, path = write(tmp_path / "rows", ROWS), rubric(LENGTH_AND_EXACT)
    done = run("eval", "--json", "--rubric", path, rows)
    _, summary = scores("--rubric", path, rows)
    assert json.loads(done.stdout)["summary"] == summary


def start_with_open_input(assay, rubric, **options):
    return subprocess.Popen([assay, "eval", "--rubric", rubric, "-"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, **options)


def wait_until_read(process, deadline_s=10):
    """Until it sleeps in a read: everything written so far was taken in."""
    stat = Path(f"/proc/{process.pid}/stat")
    until = time.monotonic() + deadline_s
    quiet = 0
    while quiet < 5 and time.monotonic() < until:
        quiet = quiet + 1 if stat.read_text().rpartition(")")[2].split()[0] == "S" else 0
        time.sleep(0.05)


def test_an_interrupt_ends_with_the_summary_of_what_was_done(assay, rubric):
    process = start_with_open_input(assay, rubric(LENGTH_AND_EXACT), stderr=subprocess.PIPE)
    # More than a read takes in at once, so that lines are through before the input ends.
    process.stdin.write("".join(json.dumps(ROWS[0]) + "\n" for _ in range(20000)))
    process.stdin.flush()
    wait_until_read(process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in errors
    done = int(output.split()[0])
    assert 0 < done <= 20000
    assert f"{done} samples" in output


def test_a_terminal_sees_progress_after_a_second(assay, rubric):
    ours, theirs = pty.openpty()
    process = start_with_open_input(assay, rubric(LENGTH_AND_EXACT), stderr=theirs)
    os.close(theirs)
    seen = b""
    until = time.monotonic() + 15
    while b"samples" not in seen and time.monotonic() < until:
        process.stdin.write("".join(json.dumps(ROWS[0]) + "\n" for _ in range(2000)))
        process.stdin.flush()
        if select.select([ours], [], [], 0.05)[0]:
            seen += os.read(ours, 4096)
    process.communicate(timeout=30)
    os.close(ours)
    assert b"scoring" in seen and b"samples" in seen


def test_a_pipe_sees_no_progress(run, rubric, tmp_path):
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), write(tmp_path / "rows", ROWS))
    assert done.stderr == ""


# ---- the judge ----

JUDGED = {"name": "judged", "criteria": [
    {"name": "relevance", "dimension": "relevance", "evaluator": "judge",
     "options": {"template": "relevance"}, "weight": 1, "threshold": 0.5},
    {"name": "size", "dimension": "form", "evaluator": "length", "weight": 1}]}


@pytest.fixture
def judge():
    """The stand-in endpoint, slow and out of order; yields its URL."""
    process = subprocess.Popen(
        [sys.executable, str(TESTS / "standins" / "judge_endpoint.py"), "--latency-ms", "20"],
        stdout=subprocess.PIPE, text=True)
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.terminate()
    process.wait(10)
    process.stdout.close()


def judge_flags(url, *more):
    return ["--judge-endpoint", "judge", "--aws-endpoint-url", url, "--region", "us-east-1", *more]


@pytest.fixture
def signed(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


def judged_rows(count):
    return [{"id": f"s{i}", "prompt": f"question {i}", "response": f"answer {i * 7919 % 1009}"}
            for i in range(count)]


def test_without_a_judge_its_criteria_are_skipped_and_say_so(scores, rubric, tmp_path):
    lines, summary = scores("--rubric", rubric(JUDGED), write(tmp_path / "rows", judged_rows(3)))
    for line in lines:
        assert line["scores"]["relevance"] == {"status": "skipped", "value": None, "passed": None,
                                               "label": None, "reason": "no_judge"}
        assert line["composite"] == 1
    assert summary["criteria"]["relevance"]["skipped"] == 3


def test_many_answers_out_of_order_stay_with_their_samples(scores, rubric, tmp_path, judge, signed):
    rows = judged_rows(600)
    lines, summary = scores("--rubric", rubric(JUDGED), *judge_flags(judge, "--judge-in-flight", 64),
                            write(tmp_path / "rows", rows))
    assert [line["id"] for line in lines] == [row["id"] for row in rows]
    values = []
    for row, line in zip(rows, lines):
        verdict = verdict_of({"prompt": row["prompt"], "response": row["response"]}, (1, 5))
        values.append((verdict - 1) / 4)
        assert line["scores"]["relevance"]["value"] == values[-1]
        assert line["composite"] == pytest.approx((values[-1] + 1) / 2)
    assert summary["criteria"]["relevance"]["mean"] == pytest.approx(sum(values) / len(values))


def test_a_budget_is_never_overrun(scores, rubric, tmp_path, judge, signed):
    lines, summary = scores("--rubric", rubric(JUDGED),
                            *judge_flags(judge, "--judge-calls-per-day", 5),
                            write(tmp_path / "rows", judged_rows(40)))
    reasons = [line["scores"]["relevance"]["reason"] for line in lines
               if line["scores"]["relevance"]["status"] == "skipped"]
    assert reasons == ["budget"] * 35
    assert summary["criteria"]["relevance"]["n"] == 5


def test_a_budget_of_tokens_is_never_overrun(scores, rubric, tmp_path, judge, signed):
    _, summary = scores("--rubric", rubric(JUDGED), *judge_flags(judge, "--judge-tokens-per-day", 9000),
                        write(tmp_path / "rows", judged_rows(200)))
    with urllib.request.urlopen(judge + "/control/stats") as reply:
        stats = json.load(reply)
    assert stats["tokens"] <= 9000 and stats["calls"] > 20
    assert summary["criteria"]["relevance"]["n"] == stats["verdicts"] < 200


def test_a_judge_is_asked_only_where_a_cheap_rule_failed(scores, rubric, tmp_path, judge, signed):
    chained = {"name": "chained", "criteria": [
        JUDGED["criteria"][0] | {"sample": {"when": {"failed": ["size"]}}},
        {"name": "tone", "evaluator": "judge", "options": {"template": "tone"},
         "sample": {"when": {"passed": ["relevance"]}}},
        {"name": "size", "evaluator": "length", "options": {"max": 9}}]}
    rows = judged_rows(100)
    lines, _ = scores("--rubric", rubric(chained), *judge_flags(judge), write(tmp_path / "rows", rows))
    asked = 0
    for row, line in zip(rows, lines):
        shown = {"prompt": row["prompt"], "response": row["response"]}
        failed, relevance = len(row["response"]) > 9, (verdict_of(shown, (1, 5)) - 1) / 4
        got = {name: one["value"] for name, one in line["scores"].items()}
        assert got["size"] == (0 if failed else 1)
        assert got["relevance"] == (relevance if failed else None)
        assert (got["tone"] is not None) == (failed and relevance >= .5)
        asked += (got["relevance"] is not None) + (got["tone"] is not None)
        for one in line["scores"].values():
            assert one["value"] is not None or one["reason"] == "when_not_met"
        weights = [one["value"] for one in line["scores"].values() if one["value"] is not None]
        assert line["coverage"] == pytest.approx(len(weights) / 3)
        assert line["composite"] == pytest.approx(sum(weights) / len(weights))
    with urllib.request.urlopen(judge + "/control/stats") as reply:
        assert json.load(reply)["verdicts"] == asked
    assert 0 < asked < 200


def test_scores_of_another_judge_are_another_series(run, rubric, tmp_path, judge, signed):
    def hashes(*flags):
        folder = tmp_path / f"store{len(list(tmp_path.glob('store*')))}"
        done = run("eval", "--rubric", rubric(JUDGED), "--store", folder, *judge_flags(judge)[2:], *flags,
                   write(tmp_path / "rows", judged_rows(3)))
        assert done.returncode == 0, done.stderr
        return dict(query(folder, "SELECT DISTINCT criterion, criterion_hash FROM scores"))

    first, second = hashes("--judge-endpoint", "judge"), hashes("--judge-endpoint", "other")
    assert first == hashes("--judge-endpoint", "judge", "--judge-in-flight", 3)
    assert first["size"] == second["size"]
    assert first["relevance"] != second["relevance"] and first["composite"] != second["composite"]
    checked = json.loads(run("rubric", "check", "--json", rubric(JUDGED), "--judge-endpoint", "other").stdout)
    assert {c["name"]: c["hash"] for c in checked["criteria"]} | {"composite": checked["hash"]} == second


def test_a_judge_without_credentials_starts_nothing(run, rubric, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    done = run("eval", "--rubric", rubric(JUDGED), *judge_flags("http://127.0.0.1:9"),
               write(tmp_path / "rows", judged_rows(1)))
    assert done.returncode == 3
    assert "cannot ask models" in done.stderr
    assert done.stdout == ""


# ---- the store ----

def query(folder, sql):
    """Rows of all shards."""
    found = []
    for path in sorted(Path(folder).glob("*.db")):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as shard:
            found += shard.execute(sql).fetchall()
    return found


def deliveries(folder):
    try:
        return sum(n for n, in query(folder, "SELECT count(*) FROM delivery"))
    except sqlite3.OperationalError:  # it is only just being made
        return 0


def rollup_counts(folder):
    return query(folder, "SELECT criterion, sum(scored), sum(passed) FROM rollups GROUP BY 1")


def test_a_store_holds_what_was_scored(scores, rubric, tmp_path):
    rows = write(tmp_path / "rows", ROWS[:4])
    with rows.open("a") as file:
        file.write("{\n\n" + "".join(json.dumps(row) + "\n" for row in ROWS[4:]))
    folder = tmp_path / "store"
    lines, _ = scores("--rubric", rubric(LENGTH_AND_EXACT), "--store", folder, rows)
    kept = query(folder, 'SELECT "offset", sample, criterion, status, value, model, topic FROM scores')
    told = []
    offsets = [0, 1, 2, 3, 6, 7, 8]
    for at, line in zip(offsets, (line for line in lines if "invalid" not in line)):
        for name, score in line["scores"].items():
            told.append((at, line["id"], name, score["status"], score["value"], line["model"],
                         f"file:{rows.resolve()}"))
        told.append((at, line["id"], "composite", "scored", line["composite"], line["model"],
                     f"file:{rows.resolve()}"))
    assert sorted(kept) == sorted(told)
    states = query(folder, 'SELECT "offset", state FROM terminal ORDER BY 1')
    assert states == sorted([(at, "scored") for at in offsets] + [(4, "invalid")])
    assert query(folder, "SELECT start, low_water, acked_to FROM tenures") == [(0, 9, 9)]
    assert query(folder, "SELECT count(*) FROM outbox") == [(0,)]  # files are no live traffic
    assert dict((name, n) for name, n, _ in rollup_counts(folder))["size"] == len(ROWS)


def test_the_same_file_again_changes_nothing(scores, rubric, tmp_path):
    rows, folder, path = write(tmp_path / "rows", ROWS * 200), tmp_path / "store", rubric(LENGTH_AND_EXACT)
    scores("--rubric", path, "--store", folder, rows)
    once = query(folder, "SELECT * FROM scores"), rollup_counts(folder)
    assert dict((name, n) for name, n, _ in once[1])["clean"] == len(ROWS) * 200
    scores("--rubric", path, "--store", folder, rows)
    assert (query(folder, "SELECT * FROM scores"), rollup_counts(folder)) == once
    assert len(list(folder.glob("*.db"))) == 1


def test_an_interrupted_store_is_completed_by_the_next_time(assay, scores, rubric, tmp_path):
    whole = write(tmp_path / "whole", [row | {"id": f"{row['id']}{i}"} for i in range(6000)
                                       for row in ROWS])
    path, folder, other = rubric(LENGTH_AND_EXACT), tmp_path / "store", tmp_path / "other"
    process = subprocess.Popen([assay, "eval", "--rubric", path, "--store", folder, whole],
                               stdout=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while deliveries(folder) == 0:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait(10)
    assert 0 < deliveries(folder) < 6000 * len(ROWS)
    scores("--rubric", path, "--store", folder, whole)
    scores("--rubric", path, "--store", other, whole)
    columns = 'SELECT "offset", sample, criterion, status, value, passed FROM scores ORDER BY 1, 3'
    assert query(folder, columns) == query(other, columns)
    assert rollup_counts(folder) == rollup_counts(other)


def test_a_store_that_cannot_be_is_told(run, rubric, tmp_path):
    (tmp_path / "file").write_text("")
    done = run("eval", "--rubric", rubric(LENGTH_AND_EXACT), "--store", tmp_path / "file" / "x",
               write(tmp_path / "rows", ROWS))
    assert done.returncode == 3
    assert "cannot make the store's folder" in done.stderr


# ---- the other commands ----

def test_rubric_check_tells_hash_and_criteria_or_everything_wrong(run, rubric):
    done = run("rubric", "check", rubric(LENGTH_AND_EXACT))
    assert done.returncode == 0
    assert "ok, rubric mine, 3 criteria (size, exact, clean), " in done.stdout
    assert len(done.stdout.split()[-1]) == 64
    done = run("rubric", "check", "exact-match", TESTS / "rubrics-broken" / "weight-negative.json")
    assert done.returncode == 2
    assert "exact-match: ok" in done.stdout
    assert "criteria[0].weight: must be between 0 and" in done.stderr
    done = run("rubric", "check", "--json", TESTS / "rubrics-broken" / "weight-negative.json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], len(told["problems"])) == (2, False, 1)


def test_evaluators_are_listed_with_what_they_need(run):
    listed = json.loads(run("evaluators", "--json").stdout)["evaluators"]
    by_name = {one["name"]: one for one in listed}
    assert {"regex", "reference", "judge", "consistency", "length"} <= set(by_name)
    assert by_name["reference"]["needs"] == ["reference"]
    assert by_name["consistency"]["needs"] == ["resamples"]
    assert by_name["judge"]["asks"] is True
    text = run("evaluators").stdout
    assert all(one["summary"] in text for one in listed)


@pytest.mark.parametrize("words, status, told", [
    ([], 2, "Commands:"),
    (["--help"], 0, "Commands:"),
    (["help", "eval"], 0, "Usage: assay eval [options] FILE..."),
    (["eval", "--help"], 0, "--judge-calls-per-day N"),
    (["rubric", "check", "-h"], 0, "Usage: assay rubric check"),
    (["evl"], 2, 'there is no command "evl"; did you mean eval?'),
    (["rubric", "chek"], 2, "did you mean check?"),
    (["eval"], 2, "FILE... is missing"),
    (["--version"], 0, "assay "),
])
def test_the_command_line_helps(run, words, status, told):
    done = run(*words)
    assert done.returncode == status
    assert told in (done.stdout if status == 0 else done.stderr)


# ---- published numbers ----

def test_what_is_measured_is_what_was_published(assay, data):
    lines = list(measure(assay, data))
    assert not [line for line in lines if isinstance(line, str)], "folders of ../shared/data are missing"
    assert len(lines) == 42
    assert [line for line in lines if not line.same] == []
    unseen = [line for line in lines if line.remark.startswith("1 not applicable")]  # one pair, of another script
    assert len(unseen) == 9 and all("rouge" in line.what for line in unseen)