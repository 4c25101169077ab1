"""Are the objects of a bucket listed and read whole, in order, whatever they are called and however the
service stumbles? moto is the bucket; a stand-in has botocore check every signature and stumbles."""

import hashlib
import json
import os
import random
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote

import boto3
import pytest

from moto_server import CREDENTIALS, REGION
from standins.signature_check import problem

MIB = 1 << 20


@pytest.fixture(scope="session")
def probe(build):
    """probe(url, uri, after) -> (exit status, rows, what it said)"""
    program = build / "tests" / "s3_probe"

    def call(url, uri, after="", **more):
        clean = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        done = subprocess.run([program, uri, after], capture_output=True, text=True, timeout=120,
                              env=clean | CREDENTIALS | {"AWS_ENDPOINT_URL_S3": url} | more)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr
    return call


def told(key, body):
    return {"key": key, "size": len(body), "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def by_bytes(objects):
    return sorted(objects, key=lambda key: key.encode())


@pytest.fixture
def bucket(aws):
    client = boto3.client("s3", endpoint_url=aws.url, region_name=REGION, aws_access_key_id="AKIDEXAMPLE",
                          aws_secret_access_key="not-a-secret")
    client.create_bucket(Bucket="captures")

    def put(objects):
        for key, body in objects.items():
            client.put_object(Bucket="captures", Key=key, Body=body)
    return put


def test_objects_come_whole_and_in_order_whatever_their_names(probe, aws, bucket):
    rng = random.Random(1)
    names = ["a b/c.jsonl", "a+b/c.jsonl", "a/../b.jsonl", "a//b.jsonl", "a%20b.jsonl", "über/ü&<é>'\".jsonl", "plus+and=.jsonl",
             "日本/語.jsonl", "~tilde*(x)!.jsonl", "z.jsonl"]
    objects = {f"p/{name}": f"{i} {name}".encode() for i, name in enumerate(names)}
    objects |= {"p/empty": b"", "p/large": rng.randbytes(9 * MIB + 17), "p/parts": rng.randbytes(8 * MIB), "q/other": b"no"}
    bucket(objects)
    code, rows, said = probe(aws.url, "s3://captures/p/")
    assert (code, said) == (0, "")
    assert rows == [told(key, objects[key]) for key in by_bytes(objects) if key.startswith("p/")]
    assert probe(aws.url, "s3://captures/p/", "p/large")[1] == [row for row in rows if row["key"].encode() > b"p/large"]
    assert len(probe(aws.url, "s3://captures")[1]) == len(objects)
    assert probe(aws.url, "s3://captures/nothing/") == (0, [], "")


def test_a_list_of_many_pages_is_whole(probe, aws, bucket):
    objects = {f"chat/AllTraffic/2026/03/01/{i % 24:02d}/{i:05d}.jsonl": b"%d\n" % i for i in range(2300)}
    bucket(objects)
    code, rows, _ = probe(aws.url, "s3://captures/chat/")
    assert code == 0 and rows == [told(key, objects[key]) for key in by_bytes(objects)]


@pytest.mark.parametrize("uri,said", [("s3://nobody-has-it/", "NoSuchBucket"), ("s3://UPPER/x", "is not s3://bucket/prefix"),
                                      ("s3:///x", "is not s3://bucket/prefix"), ("http://x/", "is not s3://bucket/prefix")])
def test_what_is_no_bucket_is_named(probe, aws, uri, said):
    code, rows, told_of = probe(aws.url, uri)
    assert (code, rows) == (1, []) and said in told_of


# ---- a service that stumbles ------------------------------------------------------------------

OBJECTS = {"k/one": b"1" * 1000, "k/two": b"2" * (5 * MIB), "k/ü+ three": b"3" * 10}
ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>m</Message></Error>"


class Bucket(BaseHTTPRequestHandler):
    """Every request's first fault is what the test says; then it is served."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        self.server.seen[path] += 1
        wrong = problem("GET", self.path, {name.lower(): value for name, value in self.headers.items()}, b"",
                        key="AKIDEXAMPLE", secret="not-a-secret", service="s3", region=REGION)
        if wrong:
            return self.answer(403, ERROR.format("SignatureDoesNotMatch " + wrong).encode())
        key = unquote(path).removeprefix("/captures/")
        fault = self.server.faults.get(key or "list")
        if fault and fault(self, self.server.seen[path]):
            return None
        return self.list(parse_qs(query)) if not key else self.object(key)

    def list(self, asked):
        assert asked["list-type"] == ["2"] and asked["encoding-type"] == ["url"] and asked["prefix"] == ["k/"]
        keys = by_bytes(OBJECTS)
        at = keys.index(asked["continuation-token"][0]) if "continuation-token" in asked else 0
        more = at + 1 < len(keys)  # one a page
        token = f"<NextContinuationToken>{keys[at + 1]}</NextContinuationToken>" if more else ""
        body = (f"<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><IsTruncated>{str(more).lower()}"
                f"</IsTruncated>{token}<Contents><Key>{quote(keys[at]).replace('%20', '+')}</Key><LastModified>2026-03-01T00:00:00.000Z"
                f"</LastModified><ETag>&quot;e{at}&quot;</ETag><Size>{len(OBJECTS[keys[at]])}</Size></Contents></ListBucketResult>")
        self.answer(200, body.encode())

    def object(self, key):
        assert self.headers["If-Match"] == f'"e{by_bytes(OBJECTS).index(key)}"'
        body, span = OBJECTS[key], self.headers.get("Range")
        if span:
            first, last = map(int, span.removeprefix("bytes=").split("-"))
            return self.answer(206, body[first:last + 1])
        return self.answer(200, body)

    def answer(self, status, body, cut=0, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) - cut])
        self.close_connection = bool(cut)
        return True

    def log_message(self, *_):
        pass


@pytest.fixture
def stumbling():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.seen, server.faults, server.url = Counter(), {}, f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


ALL = [told(key, OBJECTS[key]) for key in by_bytes(OBJECTS)]


def once(status, code):
    return lambda handler, times: times == 1 and handler.answer(status, ERROR.format(code).encode())


@pytest.mark.parametrize("fault", [once(503, "SlowDown"), once(500, "InternalError"), once(429, "TooManyRequests"),
                                   lambda handler, times: times == 1 and handler.answer(200, b"x" * 100, cut=50)])
def test_faults_that_pass_are_borne(probe, stumbling, fault):
    stumbling.faults = {"k/one": fault, "k/two": fault}
    assert probe(stumbling.url, "s3://captures/k/") == (0, ALL, "")


def test_a_page_that_fails_is_asked_for_again(probe, stumbling):
    stumbling.faults = {"list": once(503, "SlowDown")}
    assert probe(stumbling.url, "s3://captures/k/") == (0, ALL, "")


@pytest.mark.parametrize("status,code,said", [(403, "AccessDenied", "answered 403 AccessDenied"), (404, "NoSuchKey", "gone since"),
                                              (412, "PreconditionFailed", "replaced while")])
def test_an_object_that_cannot_be_read_is_named_and_the_others_come(probe, stumbling, status, code, said):
    stumbling.faults = {"k/two": lambda handler, times: handler.answer(status, ERROR.format(code).encode())}
    code, rows, _ = probe(stumbling.url, "s3://captures/k/")
    assert code == 0 and [row for row in rows if row["key"] != "k/two"] == [row for row in ALL if row["key"] != "k/two"]
    (lost,) = [row for row in rows if row["key"] == "k/two"]
    assert said in lost["error"]


def test_a_bucket_of_another_region_is_told_with_what_to_do(probe, stumbling):
    stumbling.faults = {"list": lambda handler, times: handler.answer(
        301, ERROR.format("PermanentRedirect").encode(), x_amz_bucket_region="eu-central-1")}
    code, rows, said = probe(stumbling.url, "s3://captures/k/")
    assert (code, rows) == (1, []) and "say --region eu-central-1" in said


def test_a_list_that_may_not_be_read_is_told(probe, stumbling):
    stumbling.faults = {"list": lambda handler, times: handler.answer(403, ERROR.format("AccessDenied").encode())}
    code, rows, said = probe(stumbling.url, "s3://captures/k/")
    assert (code, rows) == (1, []) and "403 AccessDenied for bucket captures" in said


def test_a_list_that_is_no_list_is_told(probe, stumbling):
    stumbling.faults = {"list": lambda handler, times: handler.answer(200, b"<ListBucketResult><IsTruncated>")}
    code, rows, said = probe(stumbling.url, "s3://captures/k/")
    assert (code, rows) == (1, []) and "cannot be read" in said
