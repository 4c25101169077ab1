"""Does `assay bench evaluators` time every evaluator that there is? Nothing here looks at how long."""
import json


def test_every_evaluator_has_a_row(run):
    done = run("bench", "evaluators", "--repetitions", "1", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    listed = json.loads(run("evaluators", "--json").stdout)["evaluators"]
    assert {row["evaluator"] for row in told["rows"]} == {one["name"] for one in listed}
    assert all(row["us"] > 0 for row in told["rows"]) and told["text_bytes"] == 4096


def test_the_table_has_a_line_for_each_row(run):
    lines = run("bench", "evaluators", "--repetitions", "1").stdout.splitlines()
    assert lines[0].split() == ["evaluator", "options", "us"] and len(lines) > 8
    assert all(float(line.split()[-1]) > 0 for line in lines[1:])


def test_wrong_words_are_told(run):
    done = run("bench", "evaluators", "--repetitions", "0")
    assert done.returncode == 2 and "repetitions" in done.stderr
