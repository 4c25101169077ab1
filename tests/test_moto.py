"""Do published metrics arrive, exactly once and unchanged? Read back from moto with boto3; signatures
checked with botocore."""

import gzip
import json
import os
import ssl
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from moto_server import CREDENTIALS, REGION
from standins.signature_check import problem

MINUTE_MS = 60_000
NOW_MS = int(time.time() * 1000)
THIS_MINUTE = NOW_MS // MINUTE_MS * MINUTE_MS
NONE, COUNT, MILLISECONDS = 0, 1, 2


@pytest.fixture(scope="session")
def probe(build):
    program = build / "tests" / "publish_probe"
    if not program.exists():
        pytest.fail(f"{program} is not built")
    return program


def metric(number, name, values, counts=None, *, model="m", minutes_ago=5, unit=NONE, **more):
    return {"id": number, "model": model, "name": name, "unit": unit, "values": values,
            "counts": counts or [1] * len(values),
            "minute_ms": THIS_MINUTE - minutes_ago * MINUTE_MS, **more}


def publish(probe, url, metrics, *words, preset="default", **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    done = subprocess.run(
        [probe, "cloudwatch", preset, *words],
        input="".join(json.dumps(m) + "\n" for m in metrics), capture_output=True, text=True,
        timeout=120, check=False, env={**clean, **CREDENTIALS, "AWS_ENDPOINT_URL_CLOUDWATCH": url,
                                       **environment})
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    answer["outcomes"] = dict(answer["results"])
    return answer


def statistics(client, namespace, name, dimensions, minutes_ago=5):
    start = datetime.fromtimestamp((THIS_MINUTE - minutes_ago * MINUTE_MS) / 1000, timezone.utc)
    points = client.get_metric_statistics(
        Namespace=namespace, MetricName=name, Period=60, StartTime=start,
        EndTime=start + timedelta(minutes=1), Dimensions=dimensions,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum", "Average"])["Datapoints"]
    assert len(points) == 1, points
    return points[0]


def expected(values, counts):
    repeated = [value for value, count in zip(values, counts) for _ in range(count)]
    return {"Sum": sum(repeated), "SampleCount": len(repeated), "Minimum": min(repeated),
            "Maximum": max(repeated), "Average": sum(repeated) / len(repeated)}


def same(point, wanted):
    return all(point[key] == pytest.approx(value, rel=1e-12) for key, value in wanted.items())


@pytest.mark.parametrize("form", [[], ["--query"]], ids=["json", "query"])
def test_every_value_arrives_under_its_name(probe, aws, form):
    """Sums, counts and extremes of what moto holds equal those of the values in plain Python; 400
    distinct values make three datums, and enough metrics make several calls."""
    endpoint = [{"Name": "EndpointName", "Value": "ep-1"}]
    latencies, times = [10.25 + i / 3 for i in range(400)], [1 + i % 5 for i in range(400)]
    metrics = [
        metric(1, "composite_quality_score", [0.125, 0.5, 1.0], [3, 2, 7], endpoint="ep-1"),
        metric(2, "quality_evaluation_latency", latencies, times, unit=MILLISECONDS,
               endpoint="ep-1"),
        metric(3, "evaluation_errors", [2.0], [1], unit=COUNT, kind="timeout", endpoint="ep-1"),
        metric(4, "evaluation_errors", [5.0], [1], unit=COUNT, kind="refusal", endpoint="ep-1"),
        metric(5, "safety_score", [0.0, 1.0], [1, 9], model="org/Other-7B"),
    ] + [metric(100 + i, f"extra_{i}_score", [i / 7], [i + 1]) for i in range(1200)]
    answer = publish(probe, aws.url, metrics, *form)
    assert set(answer["outcomes"].values()) == {"sent"}
    assert answer["retries"] == 0 and answer["calls"] >= 3 and not answer["error"]
    client = aws.client("cloudwatch")
    ours = "/aws/sagemaker/inference-quality/m"
    assert same(statistics(client, ours, "composite_quality_score", endpoint),
                expected([0.125, 0.5, 1.0], [3, 2, 7]))
    assert same(statistics(client, ours, "quality_evaluation_latency", endpoint),
                expected(latencies, times))
    assert statistics(client, ours, "evaluation_errors_timeout", endpoint)["Sum"] == 2
    assert statistics(client, ours, "evaluation_errors_refusal", endpoint)["Sum"] == 5
    assert statistics(client, ours, "evaluation_errors", endpoint)["Sum"] == 7
    assert same(statistics(client, "/aws/sagemaker/inference-quality/org/Other-7B", "safety_score",
                           []), expected([0.0, 1.0], [1, 9]))
    for i in (0, 17, 999, 1000, 1199):
        assert same(statistics(client, ours, f"extra_{i}_score", []), expected([i / 7], [i + 1]))


def test_the_sample_dashboard_finds_its_metrics(probe, aws):
    """Names, namespace and the exact dimension set of AWS's sample solution, and nothing else."""
    metrics = [metric(i, name, [1.0], [4], endpoint="ep", component="ic-1")
               for i, name in enumerate(["safety_score", "relevance_score", "tone_score",
                                         "composite_quality_score", "quality_evaluation_latency",
                                         "accuracy_score", "samples_evaluated"])]
    answer = publish(probe, aws.url, metrics, "--label", "candidate", preset="aws-sample")
    assert [answer["outcomes"][i] for i in range(7)] == ["sent"] * 5 + ["left_out"] * 2
    dimensions = [{"Name": "InferenceComponentName", "Value": "ic-1"},
                  {"Name": "InferenceComponentLabel", "Value": "candidate"},
                  {"Name": "EndpointName", "Value": "ep"}]
    client = aws.client("cloudwatch")
    listed = client.list_metrics(Namespace="SageMaker/InferenceQuality")["Metrics"]
    assert sorted({m["MetricName"] for m in listed}) == [
        "composite_quality_score", "professional_tone_score", "quality_evaluation_latency",
        "relevance_score", "safety_score"]
    for found in listed:
        assert sorted(found["Dimensions"], key=str) == sorted(dimensions, key=str)


def test_components_keep_their_labels_apart(probe, aws):
    """Two inference components of one endpoint, as the sample compares them, and one nobody named."""
    labels = {"ic-1": "candidate", "ic-2": "baseline", "ic-3": "other"}
    answer = publish(probe, aws.url,
                     [metric(i, "safety_score", [i / 4], [4], endpoint="ep", component=name)
                      for i, name in enumerate(labels)],
                     "--label", "ic-1=candidate", "--label", "other", "--label", "ic-2=baseline",
                     preset="aws-sample")
    assert set(answer["outcomes"].values()) == {"sent"}
    client = aws.client("cloudwatch")
    for i, (name, label) in enumerate(labels.items()):
        dimensions = [{"Name": "InferenceComponentName", "Value": name},
                      {"Name": "InferenceComponentLabel", "Value": label},
                      {"Name": "EndpointName", "Value": "ep"}]
        assert statistics(client, "SageMaker/InferenceQuality", "safety_score", dimensions)["Average"] == i / 4


def test_minutes_outside_the_window_are_counted_not_sent(probe, aws):
    day = 24 * 60
    minutes_ago = {1: 14 * day + 60, 2: 13 * day + 20 * 60, 3: 0, 4: -110, 5: -180}
    answer = publish(probe, aws.url, [metric(i, "safety_score", [1.0], minutes_ago=ago)
                                      for i, ago in minutes_ago.items()])
    assert answer["outcomes"] == {1: "too_old", 2: "sent", 3: "sent", 4: "sent", 5: "too_new"}


def test_a_namespace_is_made_of_what_cloudwatch_takes(probe, aws):
    models = {1: "plain-1.0_x", 2: "naïve modèle", 3: "naïve modéle", 4: "x" * 400, 5: "x" * 401}
    answer = publish(probe, aws.url, [metric(i, "safety_score", [1.0], model=model)
                                      for i, model in models.items()])
    assert set(answer["outcomes"].values()) == {"sent"}
    found = {m["Namespace"] for m in aws.client("cloudwatch").list_metrics()["Metrics"]}
    assert len(found) == 5
    assert "/aws/sagemaker/inference-quality/plain-1.0_x" in found
    assert all(len(name) <= 255 and name.isascii() for name in found)


class Recorder:
    """A CloudWatch that checks every signature, and answers as it is told."""

    def __init__(self, *replies, certificate=None):
        self.replies = list(replies) or [(200, {}, b"{}")]
        self.bodies, self.problems = [], []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                recorder.take(self.path, headers, body)
                index = min(len(recorder.bodies), len(recorder.replies)) - 1
                reply = recorder.replies[index]
                if reply is None:  # the connection breaks after the request was read
                    self.close_connection = True
                    return
                status, extra, text = reply
                self.send_response_only(status)  # without a Date of its own
                for name, value in {**extra, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = self.url.replace("http://", "https://")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, headers, body):
        self.problems.append(problem(
            "POST", path, headers, body, key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret=CREDENTIALS["AWS_SECRET_ACCESS_KEY"], service="monitoring", region=REGION,
            token="TOKEN+/=="))
        self.bodies.append(gzip.decompress(body) if headers.get("content-encoding") == "gzip"
                           else body)

    def names(self):
        return [[datum["MetricName"] for datum in json.loads(body)["MetricData"]]
                for body in self.bodies]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def recorded(probe, recorder, metrics, *words):
    answer = publish(probe, recorder.url, metrics, *words, AWS_SESSION_TOKEN="TOKEN+/==")
    assert recorder.problems == [None] * len(recorder.bodies)
    return answer


def json_error(status, code, **headers):
    return status, headers, json.dumps({"__type": f"com.amazonaws#{code}", "message": "x"}).encode()


OK = (200, {}, b"{}")
QUERY_THROTTLE = (b"<ErrorResponse xmlns='http://monitoring.amazonaws.com/doc/2010-08-01/'><Error>"
                  b"<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>"
                  b"</Error><RequestId>1</RequestId></ErrorResponse>")


@pytest.mark.parametrize("form", [[], ["--query"]], ids=["json", "query"])
def test_signatures_hold_and_no_limit_is_passed(probe, form):
    metrics = [metric(i, f"metric_{i}", [j / 977 + i for j in range(i % 400 + 1)])
               for i in range(1500)]
    with Recorder() as recorder:
        answer = recorded(probe, recorder, metrics, *form)
    assert set(answer["outcomes"].values()) == {"sent"}
    total = 0
    for body in recorder.bodies:
        assert len(body) <= 1_000_000
        if form:
            fields = parse_qs(body.decode(), strict_parsing=True)
            assert fields["Namespace"] == ["/aws/sagemaker/inference-quality/m"]
            numbers = {key.split(".")[2] for key in fields if key.startswith("MetricData")}
            assert len(numbers) <= 1000
            for key in fields:
                if ".Values." in key:
                    assert int(key.rsplit(".", 1)[1]) <= 150
                    total += 1
        else:
            data = json.loads(body)["MetricData"]
            assert len(data) <= 1000
            for datum in data:
                assert len(datum["Values"]) == len(datum["Counts"]) <= 150
                assert datum["StorageResolution"] == 60 and datum["Timestamp"] % 60 == 0
                total += len(datum["Values"])
    assert total == sum(len(m["values"]) for m in metrics)


@pytest.mark.parametrize("label, replies, outcome, requests", [
    ("accepted", [OK], "sent", 1),
    ("throttled once, as JSON", [json_error(400, "Throttling"), OK], "sent", 2),
    ("throttled once, as XML", [(400, {}, QUERY_THROTTLE), OK], "sent", 2),
    ("throttled once, said in a header",
     [(400, {"x-amzn-query-error": "Throttling;Sender"}, b""), OK], "sent", 2),
    ("throttled for good", [json_error(400, "ThrottlingException")], "failed", 3),
    ("unavailable once", [(503, {}, b""), OK], "sent", 2),
    ("broken inside: it may have been stored", [json_error(500, "InternalServiceError")],
     "ambiguous", 1),
    ("a gateway's 502", [(502, {}, b"<html>")], "ambiguous", 1),
    ("connection lost after the request", [None], "ambiguous", 1),
    ("keys expired", [json_error(403, "ExpiredToken"), OK], "sent", 2),
    ("access denied", [json_error(403, "AccessDenied")], "failed", 1),
    ("refused", [json_error(400, "InvalidParameterValue")], "refused", 1),
], ids=lambda value: value if isinstance(value, str) else "")
def test_only_what_surely_did_not_arrive_goes_out_again(probe, label, replies, outcome, requests):
    with Recorder(*replies) as recorder:
        answer = recorded(probe, recorder, [metric(1, "safety_score", [1.0])])
    assert answer["outcomes"] == {1: outcome}
    assert len(recorder.bodies) == requests
    assert bool(answer["error"]) == (outcome != "sent")


def test_nobody_listens(probe):
    answer = publish(probe, "http://127.0.0.1:1", [metric(1, "safety_score", [1.0])])
    assert answer["outcomes"] == {1: "failed"}
    assert answer["calls"] == 3


def test_a_certificate_nobody_vouches_for_gets_nothing(probe, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    with Recorder(certificate=(certificate, key)) as recorder:
        one = [metric(1, "safety_score", [1.0])]
        assert publish(probe, recorder.url, one)["outcomes"] == {1: "failed"}
        assert recorder.bodies == []
        answer = publish(probe, recorder.url, one, AWS_SESSION_TOKEN="TOKEN+/==",
                         AWS_CA_BUNDLE=str(certificate))
        assert answer["outcomes"] == {1: "sent"} and recorder.problems == [None]


def test_a_skewed_clock_is_corrected_by_the_services_time(probe):
    """The stand-in's Date is an hour ahead; the second try is signed with that time."""
    ahead = datetime.now(timezone.utc) + timedelta(hours=1)
    date = ahead.strftime("%a, %d %b %Y %H:%M:%S GMT")
    with Recorder(json_error(403, "RequestTimeTooSkewed", Date=date), OK) as recorder:
        answer = publish(probe, recorder.url, [metric(1, "safety_score", [1.0])],
                         AWS_SESSION_TOKEN="TOKEN+/==")
    assert answer["outcomes"] == {1: "sent"}
    assert recorder.problems == [None, "clock skew"]  # by our clock the second is an hour off


def test_one_bad_metric_does_not_take_the_others_with_it(probe):
    """The service refuses a whole call for one datum: the others go out without it."""
    class Picky(Recorder):
        def take(self, path, headers, body):
            super().take(path, headers, body)
            bad = b'"bad_score"' in self.bodies[-1]
            self.replies = [json_error(400, "InvalidParameterValue") if bad else OK] * 100

    with Picky() as recorder:
        answer = recorded(probe, recorder, [
            metric(i, "bad_score" if i == 13 else f"good_{i}_score", [1.0]) for i in range(40)])
        accepted = [name for names in recorder.names() if "bad_score" not in names
                    for name in names]
    assert answer["outcomes"] == {i: "refused" if i == 13 else "sent" for i in range(40)}
    assert sorted(accepted) == sorted(f"good_{i}_score" for i in range(40) if i != 13)
