"""Are the keys those of the role, the chain of roles or the program that a profile names? STS is moto's,
and a stand-in that has botocore check every signature; `assay doctor` tells who we are."""

import json
import os
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from standins.signature_check import problem

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/judge"
UNTIL = "2031-02-03T04:05:06Z"
KEYS = {"AKIDSOURCE": ("secret-of-the-source", None)}  # what STS knows: key: (secret, token)
REPLY = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>
<Expiration>{until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
REFUSAL = "<ErrorResponse><Error><Code>{code}</Code><Message>secret-message</Message></Error></ErrorResponse>"


class Sts(BaseHTTPRequestHandler):
    """Gives keys to whoever signs with keys it knows; those it gave it knows, too."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        key = headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
        secret, token = self.server.keys.get(key, ("?", None))
        wrong = problem("POST", self.path, headers, body, key=key, secret=secret, token=token,
                        service="sts", region=REGION)
        self.server.calls.append((key, asked, wrong))
        if wrong or self.server.refuse:
            return self.answer(403, REFUSAL.format(code=wrong or self.server.refuse))
        number = len(self.server.calls)
        made = f"ASIAROLE{number}", f"secret-of-role-{number}", f"token/of+role={number}"
        self.server.keys[made[0]] = made[1:]
        return self.answer(200, REPLY.format(key=made[0], secret=made[1], token=made[2], until=UNTIL))

    def do_GET(self):
        self.answer(403, "")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def sts():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.calls, server.keys, server.refuse = [], dict(KEYS), None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def who(run, tmp_path, sts):
    """who(config, profile=...) -> (verdict, what) of doctor's line about credentials."""
    def call(config, *, profile=None, credentials="", url=None, env=None):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(credentials)
        clean = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        clean |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path), "AWS_ENDPOINT_URL": sts.url,
                  "AWS_ENDPOINT_URL_STS": url or sts.url, "AWS_CONFIG_FILE": str(tmp_path / "config"),
                  "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
        options = ["--profile", profile] if profile else []
        done = run("doctor", "--json", "--judge-endpoint", "judge", "--region", REGION, "--metrics", "none",
                   *options, env=clean | (env or {}))
        assert "secret" not in done.stdout + done.stderr
        [line] = [check for check in json.loads(done.stdout)["checks"] if check["check"] == "credentials"]
        return line["verdict"], line["found"]
    return call


SOURCE = "[source]\naws_access_key_id = AKIDSOURCE\naws_secret_access_key = secret-of-the-source\n"


def test_a_role_is_taken_on_with_the_keys_of_its_source(who, sts):
    config = (f"[profile judge]\nrole_arn = {ROLE}\nsource_profile = source\nexternal_id = of us & you\n"
              "role_session_name = nightly\nduration_seconds = 1800\n")
    assert who(config, profile="judge", credentials=SOURCE) == (
        "ok", "assume-role, key ending in OLE1, until 2031-02-03T04:05:06.000Z")
    [(key, asked, wrong)] = sts.calls
    assert (key, wrong) == ("AKIDSOURCE", None)
    assert asked == {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "ExternalId": "of us & you",
                     "RoleSessionName": "nightly", "DurationSeconds": "1800"}


def test_a_chain_of_roles_is_climbed(who, sts):
    config = (f"[profile top]\nrole_arn = {ROLE}-top\nsource_profile = middle\n"
              f"[profile middle]\nrole_arn = {ROLE}-middle\nsource_profile = source\n")
    verdict, what = who(config, profile="top", credentials=SOURCE)
    assert verdict == "ok" and "OLE2" in what
    assert [(key, asked["RoleArn"], wrong) for key, asked, wrong in sts.calls] == [
        ("AKIDSOURCE", ROLE + "-middle", None), ("ASIAROLE1", ROLE + "-top", None)]


def test_a_profile_may_be_the_source_of_its_own_role(who, sts):
    config = f"[profile source]\nrole_arn = {ROLE}\nsource_profile = source\n"
    verdict, what = who(config, profile="source", credentials=SOURCE)
    assert verdict == "ok" and "OLE1" in what and len(sts.calls) == 1


def test_keys_of_the_environment_may_take_a_role_on(who, sts):
    config = f"[profile judge]\nrole_arn = {ROLE}\ncredential_source = Environment\n"
    keys = {"AWS_ACCESS_KEY_ID": "AKIDSOURCE", "AWS_SECRET_ACCESS_KEY": KEYS["AKIDSOURCE"][0]}
    verdict, what = who(config, profile="judge", env=keys)
    assert verdict == "ok" and "OLE1" in what
    assert sts.calls[0][0] == "AKIDSOURCE"
    verdict, what = who(config, profile="judge")
    assert verdict == "FAIL" and "credential_source Environment: there are no keys" in what


def test_a_refusal_of_sts_is_told_by_its_code_alone(who, sts):
    sts.refuse = "AccessDenied"
    config = f"[profile judge]\nrole_arn = {ROLE}\nsource_profile = source\n"
    verdict, what = who(config, profile="judge", credentials=SOURCE)
    assert verdict == "FAIL" and "profile judge: STS answered 403 AccessDenied" in what


def test_moto_gives_keys_for_a_role(who, aws):
    config = f"[default]\nrole_arn = {ROLE}\nsource_profile = source\n"
    verdict, what = who(config, credentials=SOURCE, url=aws.url)
    assert verdict == "ok" and what.startswith("assume-role, key ending in ") and ", until 20" in what


@pytest.fixture
def program(tmp_path):
    """A program that prints keys, the key made of its arguments; its path holds a space."""
    path = tmp_path / "give keys"
    path.write_text('#!/bin/sh\n[ "$1" = fail ] && exit 3\n'
                    f'printf \'{{"Version":1,"AccessKeyId":"AK-%s-%s-%s","SecretAccessKey":"s",'
                    f'"SessionToken":"t","Expiration":"{UNTIL}"}}\' "$#" "${{#1}}" "$2"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize("arguments,tail", [
    ("'a b' c", "AK-2-3-c"), ('"a \\"b" c', "AK-2-4-c"), ("a\\ b 'x'\"y\"z", "AK-2-3-xyz"),
    ("$HOME;id c", "AK-2-8-c"), ("'' *", "AK-2-0-*")])
def test_a_program_gives_keys_and_is_no_shell(who, program, arguments, tail):
    verdict, what = who(f"[default]\ncredential_process = '{program}' {arguments}\n")
    assert (verdict, what) == ("ok", f"process, key ending in {tail[-4:]}, until 2031-02-03T04:05:06.000Z")


@pytest.mark.parametrize("command,why", [
    ("'{}' fail", "ended with status 3"), ("/nowhere/x", "No such file"), ("'{}", "a quote never ends"),
    ("/bin/echo secret-text", "not a JSON object"), ("/usr/bin/yes", "too long")])
def test_a_program_without_keys_is_named(who, program, command, why):
    verdict, what = who(f"[default]\ncredential_process = {command.format(program)}\n")
    assert verdict == "FAIL" and "credential_process of profile default: " in what and why in what


def test_a_role_s_source_may_be_a_program(who, sts, tmp_path):
    path = tmp_path / "source.sh"
    path.write_text('#!/bin/sh\necho \'{"Version":1,"AccessKeyId":"AKIDSOURCE","SecretAccessKey":'
                    f'"{KEYS["AKIDSOURCE"][0]}"}}\'\n')
    path.chmod(0o700)
    config = (f"[profile judge]\nrole_arn = {ROLE}\nsource_profile = by-program\n"
              f"[profile by-program]\ncredential_process = {path}\n")
    verdict, what = who(config, profile="judge")
    assert verdict == "ok" and "OLE1" in what and sts.calls[0][0] == "AKIDSOURCE"
