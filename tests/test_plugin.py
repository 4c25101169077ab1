"""Do evaluators in shared objects work as evaluators/README.md says, and are those that cannot work refused?

They are built outside of the tree, as their authors would: against what `cmake --install` installed."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Producer

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tests" / "plugin"
sys.path.insert(0, str(HERE))
import abi  # noqa: E402

LOUD = {"id": "loud", "response": "PARIS, of COURSE!!"}
CALM = {"id": "calm", "response": "Paris, I think."}


@pytest.fixture(scope="module")
def installed(build, tmp_path_factory) -> Path:
    """The prefix of an installation of its own."""
    prefix = tmp_path_factory.mktemp("installed")
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, capture_output=True)
    return prefix


@pytest.fixture(scope="module")
def make(installed, tmp_path_factory):
    """Builds a source text, tests/plugin/shouting.c when none is given, with tests/plugin/Makefile. Returns the object."""
    def call(source=None, *words) -> Path:
        folder = tmp_path_factory.mktemp("plugin")
        shutil.copy(HERE / "Makefile", folder)
        (folder / "shouting.c").write_text(source or (HERE / "shouting.c").read_text())
        done = subprocess.run(["make", "-C", folder, "CFLAGS=-O1 -Wall -Wextra -Werror", *words],
                              env={**os.environ, "PKG_CONFIG_PATH": str(installed / "share" / "pkgconfig")},
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return folder / "shouting.so"
    return call


@pytest.fixture(scope="module")
def shouting(make) -> Path:
    return make()


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in (LOUD, CALM)))
    return path


def with_head(head: str) -> str:
    """The example with another assay_plugin in it."""
    source = (HERE / "shouting.c").read_text()
    assert "PLUGIN(&evaluator_shouting);" in source
    return source.replace("PLUGIN(&evaluator_shouting);", head)


def exported(members: str) -> str:
    return with_head("extern const struct plugin assay_plugin;\n"
                     '__attribute__((visibility("default"))) const struct plugin assay_plugin = {'
                     f"PLUGIN_AS_COMPILED, .evaluators = (const struct evaluator *const[]){{&evaluator_shouting, NULL}},"
                     f"{members}}};")


# ---- what works ----

def test_a_file_is_scored_with_it(run, shouting, samples):
    done = run("eval", "--evaluator", shouting, "--rubric", HERE / "shouting.json", "--scores", "-", samples)
    assert done.returncode == 0, done.stderr
    loud, calm, summary = map(json.loads, done.stdout.splitlines())
    assert (loud["scores"]["calm"]["value"], loud["scores"]["calm"]["reason"]) == (0, "shouting")
    assert (calm["scores"]["calm"]["value"], summary["summary"]["criteria"]["calm"]["n"]) == (1, 2)


def test_every_command_that_reads_rubrics_takes_it(run, shouting, samples):
    rubric, option = HERE / "shouting.json", ("--evaluator", shouting)
    assert "ok, rubric calm" in run("rubric", "check", *option, rubric).stdout
    assert "ok, every example" in run("rubric", "test", *option, rubric).stdout
    assert "shouting" in run("rubric", "explain", *option, "--rubric", rubric, samples).stdout
    assert "0 of 2 samples changed" in run("rubric", "diff", *option, rubric, rubric, samples).stdout
    assert "shouting" in run("bench", "evaluators", *option, "--repetitions", "1").stdout
    doctor = run("doctor", *option, "--rubric", rubric, "--brokers", "127.0.0.1:1", "--topic", "t", "--store", "/nowhere",
                 "--metrics", "none")
    assert f"ok    evaluators     shouting of {shouting}" in doctor.stdout
    assert "ok    rubrics        calm" in doctor.stdout


def test_a_worker_takes_it_from_its_configuration(run, mock_kafka, shouting, tmp_path):
    cluster = mock_kafka({"captures": 2})
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    for number in range(40):
        one = LOUD if number % 4 == 0 else CALM
        producer.produce("captures", json.dumps({**one, "id": f"r-{number}"}), partition=number % 2)
    producer.flush()
    config, store = tmp_path / "c.json", tmp_path / "store"
    config.write_text(json.dumps({
        "brokers": cluster.bootstrap, "topic": "captures", "store": str(store), "from": "earliest", "metrics": "none",
        "lanes": 2, "until-end": True, "rubric": str(HERE / "shouting.json"), "evaluator": [str(shouting)]}))
    done = run("run", "--config", config)
    assert done.returncode == 0, done.stderr
    rows = [row for shard in store.glob("shard-*.db")
            for row in sqlite3.connect(shard).execute("SELECT value, reason FROM scores WHERE criterion = 'calm'")]
    assert sorted(rows, key=str) == sorted(10 * [(0.0, "shouting")] + 30 * [(1.0, None)], key=str)


def test_it_is_listed_with_where_it_came_from(run, shouting):
    last = run("evaluators", "--evaluator", shouting).stdout.splitlines()[-1]
    assert last.startswith("shouting ") and last.endswith(f"[from {shouting}]")
    listed = json.loads(run("evaluators", "--evaluator", shouting, "--json").stdout)["evaluators"]
    assert listed[-1]["shared_object"] == {"file": str(shouting),
                                           "sha256": hashlib.sha256(shouting.read_bytes()).hexdigest()}
    assert all(one["shared_object"] is None for one in listed[:-1])


def test_options_are_checked_as_those_of_any_evaluator(run, shouting, tmp_path):
    rubric = tmp_path / "r.json"
    rubric.write_text('{"name": "r", "criteria": [{"name": "c", "evaluator": "shouting", "options": {"shares": 1}}]}')
    done = run("rubric", "check", "--evaluator", shouting, rubric)
    assert done.returncode == 2 and "criteria[0].options.shares" in done.stderr


def test_the_smallest_evaluator_works_outside_the_tree(run, make, tmp_path):
    """evaluators/README.md: only the macro at the end is another."""
    source = (ROOT / "evaluators" / "evaluator_length.c").read_text()
    source = source.replace('"evaluators/evaluator.h"', '"evaluators/plugin.h"').replace('"length"', '"length2"')
    length = make(source + "\nPLUGIN(&evaluator_length);\n")
    rubric, sample = tmp_path / "r.json", tmp_path / "s.jsonl"
    rubric.write_text(json.dumps({"name": "r", "criteria": [
        {"name": name, "evaluator": name, "options": {"min": 4}} for name in ("length", "length2")]}))
    sample.write_text('{"response": "né!"}\n{"response": "four"}\n')
    done = run("eval", "--evaluator", length, "--rubric", rubric, "--scores", "-", sample)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines()[:-1]:
        scores = json.loads(line)["scores"]
        assert scores["length"] == scores["length2"]


def test_one_that_needs_options_has_a_row_without_a_time(run, make):
    source = (HERE / "shouting.c").read_text()
    file = make(source.replace('{"share", JSON_KIND_NUMBER, false', '{"share", JSON_KIND_NUMBER, true'))
    done = run("bench", "evaluators", "--evaluator", file, "--repetitions", "1", "--json")
    assert done.returncode == 0 and "shouting: options.share: is missing" in done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [row["evaluator"] for row in rows if row["us"] is None] == ["shouting"]


# ---- two builds are two series ----

def test_the_hash_of_a_criterion_is_of_the_objects_content_too(run, shouting):
    done = run("rubric", "check", "--json", "--evaluator", shouting, HERE / "shouting.json")
    content = hashlib.sha256(shouting.read_bytes()).hexdigest()
    written = f'criterion 1\nshouting\n{{"share":0.25}}\nshared object {content}\n'
    told = json.loads(done.stdout)
    assert told["criteria"][0]["hash"] == hashlib.sha256(written.encode()).hexdigest()


def test_another_build_has_other_hashes_and_a_copy_the_same(run, make, shouting, tmp_path):
    copy = shutil.copy(shouting, tmp_path / "copy.so")
    other = make((HERE / "shouting.c").read_text().replace("= 0.5}", "= 0.6}"))
    first, same, changed = (json.loads(run("rubric", "check", "--json", "--evaluator", file, HERE / "shouting.json").stdout)
                            for file in (shouting, copy, other))
    assert first["hash"] == same["hash"] != changed["hash"]
    assert first["criteria"][0]["hash"] == same["criteria"][0]["hash"] != changed["criteria"][0]["hash"]


# ---- what is refused ----

def refused(run, *files):
    done = run("rubric", "check", *(word for file in files for word in ("--evaluator", file)), "general")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    return done.stderr.splitlines()


@pytest.mark.parametrize("source, told", [
    (exported(".abi = PLUGIN_ABI + 1"), "it was built for plugin ABI 3, this assay has 2: build it again"),
    (exported(".sample_bytes = sizeof(struct sample) + 8"), "its struct sample has"),
    (exported(".evaluators = (const struct evaluator *const[]){NULL}"), "it holds no evaluator"),
    (exported(".evaluators = NULL"), "it holds no evaluator"),
    (with_head("const void *nobody = &evaluator_shouting;"), "it exports no assay_plugin"),
    (with_head("PLUGIN(&evaluator_shouting, &evaluator_shouting);"), 'the name "shouting" is taken: '),
    (with_head("PLUGIN(&(const struct evaluator){.name = \"a\", .summary = \"s\", .score = score});"),
     "evaluator a lacks configure()"),
    (with_head("PLUGIN(&(const struct evaluator){.name = \"a\", .summary = \"s\", .configure = configure});"),
     "evaluator a lacks score()"),
    (with_head("PLUGIN(&(const struct evaluator){.name = \"a\", .configure = configure, .score = score});"),
     "evaluator a lacks a summary"),
], ids=lambda text: None if "\n" in text else text)
def test_what_cannot_work_is_refused(run, make, source, told):
    file = make(source, "CFLAGS=-O1 -Wno-unused")
    assert [line for line in refused(run, file) if f"--evaluator {file}: {told}" in line], refused(run, file)


@pytest.mark.parametrize("name", ["length", "", "Loud", "not-loud", "1loud", "a b", "a" * 65])
def test_a_name_that_is_taken_or_none_is_refused(run, make, name):
    file = make((HERE / "shouting.c").read_text().replace('.name = "shouting"', f'.name = "{name}"'))
    told = 'the name "length" is taken: assay itself has it' if name == "length" else \
        f'an evaluator cannot be called "{name}"'
    assert any(told in line for line in refused(run, file))


def test_what_is_no_shared_object_is_refused(run, tmp_path):
    text = tmp_path / "text.so"
    text.write_text("no object\n")
    missing = tmp_path / "missing.so"
    lines = refused(run, text, missing, tmp_path)
    assert lines == [
        f"assay rubric check: --evaluator {text}: cannot be loaded as a shared object: file too short",
        f"assay rubric check: --evaluator {missing}: cannot open: No such file or directory",
        f"assay rubric check: --evaluator {tmp_path}: cannot read (is it a folder?)"]


def test_a_function_that_is_not_exported_is_named(run, make):
    source = with_head("const void *evaluator_find(const char *);\n"
                       "const void *mine(void);\nconst void *mine(void) { return evaluator_find(\"length\"); }\n"
                       "PLUGIN(&evaluator_shouting);")
    assert any("undefined symbol: evaluator_find" in line for line in refused(run, make(source)))


def test_the_same_object_twice_is_refused(run, shouting):
    assert refused(run, shouting, shouting) == [
        f'assay rubric check: --evaluator {shouting}: the name "shouting" is taken: {shouting} has it']


def test_doctor_tells_it_and_looks_on(run, tmp_path):
    done = run("doctor", "--evaluator", tmp_path / "missing.so", "--brokers", "127.0.0.1:1", "--topic", "t",
               "--store", tmp_path, "--metrics", "none")
    assert done.returncode == 3
    assert f"FAIL  evaluators     {tmp_path}/missing.so: cannot open" in done.stdout
    assert "ok    rubrics        general" in done.stdout


# ---- the interface ----

def test_the_interface_is_what_its_number_stands_for():
    """When this fails, follow the steps in evaluators/plugin.h."""
    assert abi.difference() == "", "\n" + abi.difference()


def test_what_is_declared_is_exported_and_nothing_else(assay):
    listed = subprocess.run(["nm", "-D", "--defined-only", assay], capture_output=True, text=True, check=True).stdout
    names = {line.split()[-1] for line in listed.splitlines()}
    ours = {name for name in names if not name.startswith("_") and name != "data_start"}
    sanitizers = {name for name in ours if "asan" in name or "ubsan" in name or "sanitizer" in name}
    assert ours - sanitizers == abi.functions()


def test_each_header_stands_alone_where_it_is_installed(installed):
    flags = subprocess.run(["pkg-config", "--cflags", "assay"], capture_output=True, text=True, check=True,
                           env={**os.environ, "PKG_CONFIG_PATH": str(installed / "share" / "pkgconfig")}).stdout.split()
    for header in abi.headers():
        subprocess.run(["gcc", "-std=c17", "-Wall", "-Wextra", "-Werror", *flags, "-x", "c", "-fsyntax-only", "-"],
                       input=f'#include "{header}"\n', text=True, check=True)


def test_the_program_is_still_hardened(assay):
    if b"__asan_init" in assay.read_bytes():
        pytest.skip("a build with sanitizers is not hardened")
    told = subprocess.run(["readelf", "-ldW", assay], capture_output=True, text=True, check=True).stdout
    assert "Flags: NOW PIE" in told and "GNU_RELRO" in told
    stack = next(line for line in told.splitlines() if "GNU_STACK" in line)
    assert " RW " in stack and " RWE" not in stack
