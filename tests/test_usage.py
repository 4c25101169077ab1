"""Is everything wrong with a configuration told at once, with its place, before anything is touched?"""

import json

import pytest


@pytest.fixture
def refused(run, tmp_path):
    """The lines of `assay run` with a configuration (text, or an object) that must be refused."""
    def call(config, *more):
        path = tmp_path / "c.json"
        path.write_text(config if isinstance(config, str) else json.dumps(config))
        done = run("run", "--config", "c.json", "--store", tmp_path / "store", *more, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert not (tmp_path / "store").exists()
        return done.stderr.splitlines()
    return call


def test_every_problem_is_told_with_its_place(refused):
    assert refused({"lanez": 3, "lanes": "a", "from": "later", "help": True, "topic": True, "a=b": 1},
                   "--text", "all", "--lanez=1") == [
        "assay run: c.json: a=b: there is no such option",
        "assay run: c.json: lanez: there is no such option; did you mean lanes?",
        'assay run: c.json: lanes: must be a whole number, not "a"',
        "assay run: c.json: help: there is no such option; --help lists them",
        "assay run: c.json: topic: needs a value: --topic NAME",
        "assay run: there is no option --lanez; did you mean --lanes?",
        "assay run: needed and not given: --brokers",
        "assay run: needed and not given: --topic",
        "assay run: c.json: from: must be earliest, latest or committed, not later",
        "assay run: --text must be redacted, full or none, not all"]


def test_the_command_line_wins_and_is_told_then(refused):
    assert refused({"brokers": "b:9092", "topic": "t", "from": "earliest"}, "--from", "later") == [
        "assay run: --from must be earliest, latest or committed, not later"]


@pytest.mark.parametrize("text, told", [
    ("[]", 'c.json: must be an object of options, {"topic": ...}'),
    ("{", "c.json: not valid JSON"),
    ('{"kafka": {"a": 1}}', "c.json: kafka: must be text, a number, true, false or a list of these"),
])
def test_a_file_that_cannot_be_read_is_named(refused, text, told):
    assert refused(text)[0].startswith(f"assay run: {told}")


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "[::1:80", "127.0.0.1:", "host.example:80"])
def test_a_bad_address_is_told_before_anything_is_made(refused, address):
    assert refused({"brokers": "b:9092", "topic": "t"}, "--listen", address) == [
        f"assay run: --listen must be ADDRESS:PORT, such as 127.0.0.1:9464, not {address}"]


@pytest.mark.parametrize("words, told", [
    (["eval", "--help=x", "f"], "assay eval: --help takes no value\n"),
    (["eval", "--rubric=", "f"], "assay eval: --rubric is empty; it needs a value: --rubric RUBRIC[,...]\n"),
    (["doctor", "--label="], "assay doctor: --label is empty; it needs a value: --label [COMPONENT=]TEXT\n"),
    (["eval", "--rubric", "", "f"], "assay eval: --rubric is empty; it needs a value: --rubric RUBRIC[,...]\n"),
    (["eval", "--rubric", "general,", "f"], 'assay eval: rubric "" cannot be used:\n'
                                            '  "": a rubric without a name; is there a comma too many?\n'),
    (["eval", "--rubric", "./no.json", "f"], "assay eval: rubric ./no.json cannot be used:\n"
                                             "  ./no.json: cannot open: No such file or directory\n"),
    (["rubric", "check", "./no.json"], "./no.json: 1 problem\n  ./no.json: cannot open: No such file or directory\n"),
    (["rubric", "explain", "/dev/null"],
     "assay rubric explain: nothing to explain: there is no capture record in /dev/null\n"),
])
def test_a_mistyped_line_is_told_as_what_it_is(run, tmp_path, words, told):
    done = run(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


def test_an_id_that_no_sample_has_is_told(run, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a", "response": "x"}\n{"id": "b", "response": "x"}\n')
    done = run("rubric", "explain", "--id", "c", path)
    assert (done.returncode, done.stderr) == (2, 'assay rubric explain: none of 2 samples has the id "c"\n')


def test_models_may_be_none_as_a_template_leaves_them(run):
    done = run("doctor", "--json", "--models", "", "--models=")
    assert "--models" not in done.stdout + done.stderr
