"""Does whoever should be told of an alarm hear of it, once, though receivers fail and the program is killed?"""
import base64
import hashlib
import hmac
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

import pytest

import alarm_traffic
from alarm_receiver import BREAK, HANG, Receiver
from alarm_traffic import HOUR, START, stamp, traffic
from moto_server import CREDENTIALS, REGION
from standins.signature_check import problem
from test_alarms import RULES, fall, keep, ms_of, schema, steady, watch  # noqa: F401 (fixtures)

TOPIC = f"arn:aws:sns:{REGION}:123456789012:alarms"
SECRET = b"a secret of twenty-four."


def environment(url=None, **more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return {**clean, **CREDENTIALS, **({"AWS_ENDPOINT_URL": url} if url else {}), **more}


@pytest.fixture
def fallen(keep):  # noqa: F811
    """A store in which two streams of m fall at hour 120 and are well again after 150."""
    return keep(traffic(1, (0, 200), 60, fall))


def until(done, seconds=30):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(.02)


def in_steps(watch, store, *options, **more):  # noqa: F811
    return [event for hour in range(100, 201, 10) for event in watch(store, hour, *options, **more)]


def rows_of(tmp_path, state="state"):
    with closing(sqlite3.connect(tmp_path / state / "alarms.sqlite")) as file:
        return file.execute("SELECT event.id, outbox.state, attempts FROM outbox JOIN event ON event.number = event "
                            "ORDER BY outbox.id").fetchall()


def test_a_webhook_is_told_once_though_it_fails_first(fallen, watch, schema):  # noqa: F811
    secret = "whsec_" + base64.b64encode(SECRET).decode()
    with Receiver(500, 429, BREAK, 404, 200) as hook:
        events = in_steps(watch, fallen, "--tell", f"webhook:{hook.url}/a/path?k=v",
                          env=environment(ASSAY_WEBHOOK_SECRET=secret))
    assert [event["state"] for event in events] == ["firing", "firing", "over", "over"]
    assert len({event["alarm"] for event in events}) == 2
    tries = Counter(headers["webhook-id"] for _, headers, _ in hook.got)
    assert set(tries) == {event["id"] for event in events} and sum(tries.values()) == len(events) + 4
    told = [json.loads(body) for _, _, body in hook.got[4:]]
    assert sorted(told, key=lambda event: event["id"]) == sorted(events, key=lambda event: event["id"])
    for path, headers, body in hook.got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        assert (path, headers["webhook-signature"]) == ("/a/path?k=v", f"v1,{mac}")
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300
        assert headers["content-type"] == "application/json"
        schema.validate(json.loads(body))


def test_nobody_is_woken_for_last_week(fallen, watch, tmp_path):  # noqa: F811
    with Receiver() as hook:
        events = watch(fallen, 200, "--tell", f"webhook:{hook.url}/")
    assert [event["state"] for event in events] == ["firing", "firing", "over", "over"]
    assert hook.got == [] and rows_of(tmp_path) == []  # kept and listed, and not told a day later


def test_without_a_secret_nothing_is_signed(fallen, watch):  # noqa: F811
    with Receiver() as hook:
        watch(fallen, 130, "--tell", f"webhook:{hook.url}/")
    assert len(hook.got) == 2 and not any("webhook-signature" in headers for _, headers, _ in hook.got)


def test_what_a_receiver_will_never_take_is_not_tried_again(fallen, watch, tmp_path):  # noqa: F811
    with Receiver(400) as hook:
        watch(fallen, 130, "--tell", f"webhook:{hook.url}/")
        assert [row[1:] for row in rows_of(tmp_path)] == [("refused", 1)] * 2
        hook.replies = [200]
        assert [event["state"] for event in watch(fallen, 200, "--tell", f"webhook:{hook.url}/")] == ["over"] * 2
    assert len(hook.got) == 2  # who was not told that it began is not told that it is over


def test_the_end_waits_for_the_beginning(fallen, assay, watch, tmp_path):  # noqa: F811
    """A receiver that is down while an alarm begins and ends hears of both, in that order."""
    words = ("alarms", "run", "--store", fallen, "--state", tmp_path / "state", "--once", *RULES)
    with Receiver(503) as hook:
        tell = ("--tell", f"webhook:{hook.url}/secret-path")
        for hour in (125, 190):
            with subprocess.Popen([assay, *map(str, (*words, "--at", stamp(hour), *tell))], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as going:
                before = len(hook.got)
                until(lambda before=before: len(hook.got) > before)
                going.send_signal(signal.SIGTERM)
                _, complaint = going.communicate(timeout=30)
            assert "alarms_not_told" in complaint and "503" in complaint and "secret-path" not in complaint
        assert [row[1] for row in rows_of(tmp_path)] == ["ready"] * 4
        hook.replies, failures = [200], len(hook.got)
        watch(fallen, 191, *tell)
    order = [(event["alarm"], event["state"]) for event in (json.loads(body) for _, _, body in hook.got[failures:])]
    assert len(order) == 4
    for alarm in {alarm for alarm, _ in order}:
        assert [state for one, state in order if one == alarm] == ["firing", "over"]


def test_what_was_on_its_way_at_a_kill_goes_again_and_nothing_else(fallen, assay, watch, tmp_path):  # noqa: F811
    with Receiver(HANG, 200) as hook:
        words = ["alarms", "run", "--store", fallen, "--state", tmp_path / "state", "--once", "--at", stamp(130),
                 *RULES, "--tell", f"webhook:{hook.url}/"]
        with subprocess.Popen([assay, *map(str, words)], stdout=subprocess.DEVNULL) as going:
            until(lambda: hook.got)
            going.kill()
        assert sorted(state for _, state, _ in rows_of(tmp_path)) == ["ready", "sending"]
        events = watch(fallen, 131, "--tell", f"webhook:{hook.url}/")
    assert events == []  # they are kept: only who was not told hears of them now
    tries = Counter(headers["webhook-id"] for _, headers, _ in hook.got)
    assert sorted(tries.values()) == [1, 2] and tries[hook.got[0][1]["webhook-id"]] == 2


def test_kills_at_any_time_lose_nothing_and_double_what_was_on_its_way(keep, assay, run, tmp_path):  # noqa: F811
    rows = [row for number in range(6) for row in traffic(number, (0, 190), 25, fall, model=f"m{number}")]
    store, chance, kills = keep(rows), random.Random(7), 0
    with Receiver(delay=.03) as hook:
        words = [assay, "alarms", "run", "--store", store, "--state", tmp_path / "state", "--once", *RULES,
                 "--tell", f"webhook:{hook.url}/"]
        for hour in (118, 125, 130, 140, 150, 160, 170, 180, 185, 190):
            for _ in range(3):
                with subprocess.Popen([*map(str, words), "--at", stamp(hour)], stdout=subprocess.DEVNULL) as going:
                    try:
                        going.wait(chance.uniform(.02, .4))
                    except subprocess.TimeoutExpired:
                        going.kill()
                        kills += 1
            assert run(*words[1:], "--at", stamp(hour)).returncode in (0, 1)
    listed = run("alarms", "list", "--state", tmp_path / "state", "--json").stdout
    kept = [json.loads(line) for line in listed.splitlines()]
    tries = Counter(headers["webhook-id"] for _, headers, _ in hook.got)
    assert kills >= 5 and len(kept) >= 12
    assert set(tries) == {event["id"] for event in kept}
    assert sum(tries.values()) - len(tries) <= kills
    assert run("alarms", "replay", "--state", tmp_path / "state").returncode == 0


def test_who_is_no_longer_named_is_not_told(fallen, assay, watch, tmp_path):  # noqa: F811
    with Receiver(503) as old, Receiver() as new:
        words = ["alarms", "run", "--store", fallen, "--state", tmp_path / "state", "--once", "--at", stamp(125),
                 *RULES, "--tell", f"webhook:{old.url}/", "--tell", f"webhook:{new.url}/"]
        with subprocess.Popen([assay, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as going:
            until(lambda: len(new.got) == 2)  # who fails holds up nobody else
            going.send_signal(signal.SIGTERM)
        watch(fallen, 126, "--tell", f"webhook:{new.url}/")
        assert len(new.got) == 2
    assert sorted(state for _, state, _ in rows_of(tmp_path)) == ["expired"] * 2 + ["sent"] * 2


def test_it_goes_on_until_it_is_told_to_end(keep, assay, run, tmp_path):  # noqa: F811
    """Without --once, on the real clock, with a receiver that hangs when the end comes."""
    hour_ms = (int(time.time() * 1000) // HOUR - 1) * HOUR
    rows = traffic(1, (0, 130), 60, fall, start=hour_ms - 130 * HOUR)
    words = [assay, "alarms", "run", "--store", keep(rows), "--state", tmp_path / "state", "--baseline", "4d", "--from",
             datetime.fromtimestamp(hour_ms / 1000 - 130 * 3600, timezone.utc).isoformat()]
    with Receiver(HANG, 200) as hook:
        for told in (1, 3):  # the one that hangs, and after the start anew that one again, and the other
            with subprocess.Popen([*map(str, words), "--tell", f"webhook:{hook.url}/"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as going:
                until(lambda told=told: len(hook.got) == told)
                assert run("alarms", "list", "--state", tmp_path / "state").stdout.count("FIRING: drift") == 2
                going.send_signal(signal.SIGTERM)
                said, complaints = going.communicate(timeout=30)
            assert (going.returncode, complaints) == (0, "")
            assert said.count("WORSE  m") == (2 if told == 1 else 0)
    tries = Counter(headers["webhook-id"] for _, headers, _ in hook.got)
    assert sorted(tries.values()) == [1, 2] and tries[hook.got[0][1]["webhook-id"]] == 2
    assert run("alarms", "replay", "--state", tmp_path / "state").returncode == 0


# ---- AWS

def subscribed(aws, suffix="", **attributes):
    """A topic, and a queue that hears of it."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="alarms" + suffix, Attributes=attributes)["TopicArn"]
    queue, arn = a_queue(sqs, "heard" + suffix)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, lambda: messages(sqs, queue)


def a_queue(sqs, name):
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    queue = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    return queue, sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def messages(sqs, queue):
    found = []
    while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for one in got:
            found.append(json.loads(one["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
    return found


@pytest.mark.parametrize("kind", [{}, {"suffix": ".fifo", "FifoTopic": "true"}], ids=["standard", "fifo"])
def test_a_topic_of_sns_hears_of_alarms(fallen, watch, schema, aws, kind):  # noqa: F811
    topic, heard = subscribed(aws, **kind)
    events = in_steps(watch, fallen, "--tell", f"sns:{topic}", env=environment(aws.url))
    told = heard()
    found = [json.loads(one["Message"]) for one in told]
    for event in found:
        schema.validate(event)
    assert sorted(found, key=lambda event: event["id"]) == sorted(events, key=lambda event: event["id"])
    for one, event in zip(told, found):
        assert one["TopicArn"] == topic and event["text"].startswith(one["Subject"])
        assert one["MessageAttributes"]["event_id"]["Value"] == event["id"]


def test_a_bus_of_eventbridge_hears_of_alarms(fallen, watch, aws):  # noqa: F811
    events, sqs = aws.client("events"), aws.client("sqs")
    queue, arn = a_queue(sqs, "heard")
    events.create_event_bus(Name="quality")
    pattern = {"source": ["assay"], "detail-type": ["Assay Alarm"], "detail": {"severity": ["page"]}}
    events.put_rule(Name="alarms", EventBusName="quality", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="alarms", EventBusName="quality", Targets=[{"Id": "1", "Arn": arn}])
    told = in_steps(watch, fallen, "--tell", "eventbridge:quality", env=environment(aws.url))
    found = messages(sqs, queue)
    assert sorted((one["detail"] for one in found), key=lambda event: event["id"]) == sorted(
        told, key=lambda event: event["id"])
    assert {ms_of(one["time"]) for one in found} == {ms_of(event["at"]) for event in told}


ENTRY_FAILED = (200, json.dumps({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure",
                                                                     "ErrorMessage": "x"}]}).encode())
ENTRY_TAKEN = (200, b'{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}')
THROTTLED = (400, json.dumps({"__type": "ThrottlingException", "message": "x"}).encode())
NO_TOPIC = (404, b"<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code></Error></ErrorResponse>")
PUBLISHED = (200, b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>")


@pytest.mark.parametrize("target, service, replies", [
    ("eventbridge:default", "events", [THROTTLED, ENTRY_FAILED, 500, ENTRY_TAKEN]),
    (f"sns:{TOPIC}", "sns", [THROTTLED, NO_TOPIC, 503, PUBLISHED])])
def test_aws_that_fails_is_asked_again_and_requests_are_signed(fallen, watch, target, service, replies):  # noqa: F811
    with Receiver(*replies) as service_itself:
        events = watch(fallen, 130, "--tell", target, env=environment(service_itself.url))
    assert len(service_itself.got) == len(events) + 3
    for path, headers, body in service_itself.got:
        assert problem("POST", path, headers, body, key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                       secret=CREDENTIALS["AWS_SECRET_ACCESS_KEY"], service=service, region=REGION) is None


def test_a_topic_is_asked_in_its_own_region_and_people_get_the_sentence(fallen, watch):  # noqa: F811
    with Receiver(PUBLISHED) as sns:
        events = watch(fallen, 130, "--tell", "sns:arn:aws:sns:eu-west-3:123456789012:alarms", "--aws-endpoint-url",
                       sns.url, env=environment())
    for _, headers, body in sns.got:
        assert "/eu-west-3/sns/aws4_request" in headers["authorization"]
        fields = {key: value[0] for key, value in parse_qs(body.decode(), strict_parsing=True).items()}
        message = json.loads(fields["Message"])
        event = json.loads(message["default"])
        assert event in events and message["email"] == message["sms"] == event["text"]
        assert len(fields["Subject"]) < 100 and fields["MessageStructure"] == "json"


def test_metrics_say_how_far_each_stream_is_from_its_alarm(keep, run, tmp_path, aws):  # noqa: F811
    """Five-minute looks of the last hours: the evidence in CloudWatch is what plain Python adds up."""
    end = (int(time.time() * 1000) // HOUR - 2) * HOUR
    shift = end - START - 125 * HOUR
    rows = traffic(1, (0, 125), 40, fall, start=START + shift)
    store, at = keep(rows), lambda hour: datetime.fromtimestamp((START + shift) / 1000 + hour * 3600, timezone.utc)
    said = {}
    for hour in (119, 121, 123, 125):
        done = run("alarms", "run", "--store", store, "--state", tmp_path / "state", "--once", "--baseline", "4d",
                   "--from", at(0).isoformat(), "--at", (at(hour) + timedelta(minutes=3)).isoformat(), "--metrics",
                   "cloudwatch", "--models", "m", "--tolerance", "0.01", env=environment(aws.url))
        assert done.returncode in (0, 1) and done.stderr == ""
        said[hour] = done.returncode
    for hour, firing in said.items():
        def metric(name, hour=hour):
            points = aws.client("cloudwatch").get_metric_statistics(
                Namespace="/aws/sagemaker/inference-quality/m", MetricName=name, Period=60, StartTime=at(hour),
                EndTime=at(hour) + timedelta(minutes=1), Statistics=["Maximum", "SampleCount"])["Datapoints"]
            assert len(points) == 1, (hour, name, points)
            return points[0]
        verdicts = [(row["timestamp"] - shift, row["response"] == "yes") for row in rows]
        base = [right for when, right in verdicts if when < START + 96 * HOUR]
        bound = alarm_traffic.wilson_low(sum(base), len(base), .01) - .01
        _, mix = alarm_traffic.detector([one for one in verdicts if one[0] < START + hour * HOUR], bound, HOUR,
                                        START + 96 * HOUR, START + hour * HOUR, float("inf"))
        assert metric("drift_alarm_exact")["Maximum"] == metric("drift_alarm")["Maximum"] == firing
        if not firing:
            assert metric("drift_log_evidence_exact")["Maximum"] == pytest.approx(mix, abs=1e-9)
    assert said[119] == 0 and said[125] == 1


def test_models_that_are_not_named_share_a_namespace(keep, run, tmp_path, aws):  # noqa: F811
    start = (int(time.time() * 1000) // HOUR - 110) * HOUR
    rows = traffic(1, (0, 105), 20, steady, start=start)
    at = lambda hour: datetime.fromtimestamp(start / 1000 + hour * 3600, timezone.utc).isoformat()  # noqa: E731
    run("alarms", "run", "--store", keep(rows), "--state", tmp_path / "state", "--once", "--baseline", "4d", "--from",
        at(0), "--at", at(105), "--metrics", "cloudwatch", "--models", "n", env=environment(aws.url))
    assert {metric["Namespace"] for metric in aws.client("cloudwatch").list_metrics()["Metrics"]} == {
        "/aws/sagemaker/inference-quality/other"}


# ---- wrong words

@pytest.mark.parametrize("options, words", [
    (["--tell", "mail:me"], "webhook:https://"), (["--tell", "webhook:ftp://x"], "no http:// or https:// address"),
    (["--tell", "sns:alarms"], "no topic's ARN"), (["--tell", "eventbridge:"], "no event bus"),
    (["--metrics", "emf"], "cloudwatch or none")])
def test_wrong_usage(run, tmp_path, options, words):
    done = run("alarms", "run", "--store", tmp_path, "--state", tmp_path / "state", *options)
    assert done.returncode == 2 and words in done.stderr


def test_what_is_missing_is_said_at_the_start(run, tmp_path):
    words = ["alarms", "run", "--store", tmp_path, "--state", tmp_path / "state", "--once"]
    bare = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {"HOME": str(tmp_path)}
    done = run(*words, "--tell", f"sns:{TOPIC}", env=bare)
    assert done.returncode == 3 and "region" in done.stderr
    done = run(*words, "--tell", "webhook:http://127.0.0.1:1/", env=bare | {"ASSAY_WEBHOOK_SECRET": "whsec_%%"})
    assert done.returncode == 3 and "ASSAY_WEBHOOK_SECRET" in done.stderr
