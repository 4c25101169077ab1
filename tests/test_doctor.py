"""Does `assay doctor` find what is well, and what would not work? And does the configuration's schema hold
exactly the options that `assay run` takes?"""

import fcntl
import json
import os
import re
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "schema/worker-config.schema.json").read_text())
SECRET = "a-secret-nobody-may-see-0123456789"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDTESTWXYZ", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1"}


class Refusing(BaseHTTPRequestHandler):
    """Says 403 to everything, as AWS does to an unsigned request."""

    def do_GET(self):
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def aws_address():
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def doctor(run, tmp_path):
    """doctor(options..., env={}) -> (exit status, [(check, verdict, found, do)], all that was printed)."""
    def call(*options, env=None):
        clean = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        clean |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
        done = run("doctor", "--json", *options, env=clean | (env or {}))
        lines = [(c["check"], c["verdict"], c["found"], c["do"]) for c in json.loads(done.stdout)["checks"]]
        return done.returncode, lines, done.stdout + done.stderr
    return call


def failed(lines):
    return {check for check, verdict, _, _ in lines if verdict == "FAIL"}


def said(lines, check):
    return " | ".join(found for name, _, found, _ in lines if name == check)


@pytest.fixture
def well(mock_kafka, tmp_path):
    return ["--brokers", mock_kafka({"traffic": 3}).bootstrap, "--topic", "traffic", "--from", "earliest",
            "--store", tmp_path / "store", "--rubric", "safety"]


def test_all_is_well(doctor, well, aws_address, tmp_path):
    code, lines, printed = doctor(*well, "--judge-endpoint", "judge", "--judge-calls-per-day", "10",
                                  "--aws-endpoint-url", aws_address, env=KEYS)
    assert (code, failed(lines)) == (0, set())
    assert "3 partitions" in said(lines, "kafka")
    assert "5 criteria: pii, secrets" in said(lines, "rubrics")
    assert said(lines, "region") == "eu-west-1"
    assert "environment" in said(lines, "credentials") and "WXYZ" in said(lines, "credentials")
    assert "answers" in said(lines, "judge") and "answers" in said(lines, "cloudwatch")
    assert SECRET not in printed
    assert not (tmp_path / "store").exists(), "it looks and changes nothing"


def test_nothing_of_aws_is_needed_without_a_judge_and_cloudwatch(doctor, well):
    code, lines, _ = doctor(*well, "--metrics", "none")
    assert (code, said(lines, "credentials"), said(lines, "region")) == (0, "not needed", "not needed")


def test_everything_is_wrong_at_once(doctor, closed_port, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "bad.json").write_text('{"name": "bad", "criteria": []}')
    nowhere = f"http://127.0.0.1:{closed_port}"
    code, lines, _ = doctor("--brokers", f"127.0.0.1:{closed_port}", "--topic", "traffic",
                            "--store", tmp_path / "file", "--rubric", tmp_path / "bad.json",
                            "--judge-endpoint", "judge", "--region", "eu-west-1", "--aws-endpoint-url", nowhere)
    assert code == 3
    assert failed(lines) == {"kafka", "store", "rubrics", "credentials", "judge", "cloudwatch"}
    assert "refused" in said(lines, "kafka")
    assert all(do for _, verdict, _, do in lines if verdict == "FAIL"), "each failure says what to do"


def test_what_is_missing_is_said_all_at_once(doctor):
    code, lines, _ = doctor("--metrics", "none")
    assert code == 3
    found = said(lines, "configuration")
    assert all(name in found for name in ("--brokers", "--topic", "--store"))


def test_a_group_without_an_offset_needs_a_decision(doctor, well):
    at = well.index("--from")
    code, lines, _ = doctor(*well[:at], *well[at + 2:], "--metrics", "none")
    assert code == 3
    assert ("kafka", "FAIL", "group assay has no offset for 3 partitions",
            "say --from earliest or --from latest") in lines


def test_criteria_that_nobody_will_answer_are_named(doctor, well):
    code, lines, _ = doctor(*well, "--rubric", "general", "--metrics", "none")
    assert code == 0
    assert any(v == "warn" and "relevance, tone" in found for _, v, found, _ in lines)


def test_shards_that_are_held_or_newer_are_told(doctor, well, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    for number in (1, 2, 3):
        with sqlite3.connect(store / f"shard-000{number}.db") as shard:
            shard.execute(f"PRAGMA user_version={999 if number == 3 else 1}")
    with open(store / "shard-0001.db.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, lines, _ = doctor(*well, "--metrics", "none")
    assert code == 3
    assert "3 shards, 1 of them held" in said(lines, "store")
    assert "1 shards were written by a newer assay" in said(lines, "store")


def test_the_largest_message_of_the_topic_must_fit(doctor, kafka, tmp_path):
    kafka.create_topic("doctor-large", 1, max_message_bytes=2_000_000)
    options = ["--brokers", kafka.bootstrap, "--topic", "doctor-large", "--from", "earliest", "--lanes", "1",
               "--store", tmp_path / "store", "--rubric", "safety", "--metrics", "none"]
    code, lines, _ = doctor(*options)
    assert code == 0 and "max.message.bytes is 2000000" in said(lines, "kafka")
    small = ["--kafka", "receive.message.max.bytes=1500000", "--kafka", "fetch.max.bytes=1000000",
             "--kafka", "message.max.bytes=1000000"]
    code, lines, _ = doctor(*options, *small)
    assert code == 3 and failed(lines) == {"kafka"}
    code, lines, _ = doctor(*options, "--topic", "doctor-absent")
    assert code == 3 and "there is no topic doctor-absent" in said(lines, "kafka")


def test_a_file_says_the_same_as_the_command_line(run, well, tmp_path):
    names = [str(option)[2:] for option in well[::2]]
    config = dict(zip(names, map(str, well[1::2]))) | {"metrics": "none", "//": "a comment"}
    jsonschema.Draft202012Validator(SCHEMA).validate(config)
    path = tmp_path / "worker.json"
    path.write_text(json.dumps(config))
    done = run("doctor", "--config", path)
    assert done.returncode == 0 and f"read from {path}" in done.stdout


@pytest.mark.parametrize("text", ['{"topics": "t"}', '{"lanes": 0}', "[]", "{", '{"kafka": {"a": 1}}'])
def test_a_file_that_is_wrong_is_usage(run, tmp_path, text):
    path = tmp_path / "worker.json"
    path.write_text(text)
    done = run("doctor", "--config", path)
    assert done.returncode == 2 and f"assay doctor: {path}: " in done.stderr


@pytest.mark.parametrize("label", ["=", "=text", "component="])
def test_a_label_names_a_component_or_is_for_all(doctor, well, label):
    given = ["--metrics", "none", "--preset", "aws-sample", "--label", "ic-1=one", "--label", "rest"]
    code, lines, _ = doctor(*well, *given)
    assert code == 0, lines
    code, lines, _ = doctor(*well, *given, "--label", label)
    assert code == 3 and f'COMPONENT=TEXT or TEXT, not "{label}"' in said(lines, "configuration")


def test_the_schema_holds_exactly_the_options_of_run(run):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    shown = set(re.findall(r"^  --([a-z-]+)", run("run", "--help").stdout, re.M)) - {"help", "config"}
    assert len(shown) > 20
    assert set(SCHEMA["properties"]) - {"$schema"} == shown


def test_the_schema_says_which_options_are_flags_and_which_repeat(run):
    for name, value, rest in re.findall(r"^  --([a-z-]+)( \S+)?  +(.*)$", run("run", "--help").stdout, re.M):
        if name in ("help", "config"):
            continue
        one = SCHEMA["properties"][name]
        assert (one.get("type") == "boolean") == (not value), name
        assert ("$ref" in one) == ("may be given again" in rest), name
