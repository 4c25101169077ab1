"""How fast `assay rerun` is beside the worker that scored first, how much memory it takes, what kills cost, in answers of
a judge too, and how far S3 is behind local files: seeded, exit 1 beyond the limits.

    build/venv/bin/python tests/measure_rerun.py [--samples 1000000] [--kills 20] [--judged 40000] [--objects 400]

The worker and the rerun have the same rubric of deterministic criteria and as many threads as the machine has cores.
The worker keeps every text, so that all can be scored again; beside it a worker with its defaults. S3 is a stand-in that
answers each request after 20 ms; it and the files take turns."""
import argparse
import datetime
import http.server
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path

from kafka import clients
from kafka.cluster import Cluster
from moto_server import CREDENTIALS
from standins.judge_endpoint import KEY, SECRET

ROOT = Path(__file__).resolve().parents[1]
RATE_MIN, S3_MIN, MEMORY_GROWTH_MAX = 0.75, 0.80, 1.25
LATENCY_S = 0.02
LINES_AN_OBJECT = 500
PARTITIONS = 8
TURNS = 3
IN_FLIGHT = 16
JUDGED_RATE = 1500  # samples a second, about: when kills are due
FIRST_MS, STEP_MS = 1_760_000_000_000, 100
RUBRIC = {"name": "rules", "criteria": [
    {"name": "clean", "dimension": "safety", "evaluator": "regex",
     "options": {"where": "response", "forbid": ["secret", "password *:", "BEGIN [A-Z]+ KEY"]}},
    {"name": "short", "dimension": "form", "evaluator": "length", "options": {"max": 400}},
    {"name": "answer", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "f1"}}]}
JUDGED = {"name": "judged", "criteria": [
    {"name": "relevance", "dimension": "relevance", "evaluator": "judge", "options": {"template": "relevance"},
     "threshold": 0.5}]}
WORDS = ("the quick brown fox jumps over a lazy dog while seven secret agents count 12 small red boxes and wait for "
         "their password to arrive by post in the morning").split()


def sample(i):
    chance = random.Random(i)
    text = [chance.choice(WORDS) for _ in range(chance.randrange(20, 120))]
    return json.dumps({"id": f"s{i}", "model": "m", "endpoint": "e", "timestamp": FIRST_MS + i * STEP_MS,
                       "prompt": " ".join(text[:15]), "response": " ".join(text), "reference": " ".join(text[::2])})


class Watched:
    """A process, and how much memory it took over its time."""

    def __init__(self, command, env=None):
        self.start = time.monotonic()
        self.process = subprocess.Popen([str(word) for word in command], env=env, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        self.memory = []

    def sample(self):
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except FileNotFoundError:
            return
        self.memory += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")]

    def end(self):
        while self.process.poll() is None:
            self.sample()
            time.sleep(.05)
        self.seconds = time.monotonic() - self.start
        said = self.process.stderr.read().decode()
        assert self.process.returncode == 0, said
        return self


def rows(folder):
    """Every row of scores, of all shards of a run: sorted, so that two runs can be compared."""
    found = []
    for path in folder.glob("shard-*.db"):
        with closing(sqlite3.connect(path)) as db:
            found += db.execute("SELECT topic, partition, off, name, hash, status, value, passed, reason FROM score JOIN "
                                "source ON source.id = source JOIN criterion ON criterion.id = criterion").fetchall()
    found.sort(key=lambda row: row[:4])
    return found


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # the standard 5 lets a connection of many at once wait a second


class Bucket(http.server.BaseHTTPRequestHandler):
    """Objects of a folder, each request answered late."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        time.sleep(LATENCY_S)
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if "list-type" not in query:
            return self.answer((self.server.folder / url.path.split("/", 2)[2]).read_bytes(), 200)
        after = query.get("start-after", [""])[0]
        names = sorted(path.name for path in self.server.folder.iterdir() if path.name > after)[:1000]
        held = "".join(f"<Contents><Key>{name}</Key><LastModified>2026-02-19T01:00:00.000Z</LastModified><ETag>&quot;e&quot;"
                       f"</ETag><Size>{(self.server.folder / name).stat().st_size}</Size></Contents>" for name in names)
        return self.answer(("<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
                            f"<IsTruncated>false</IsTruncated>{held}</ListBucketResult>").encode(), 200)

    def answer(self, body, status):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"e"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def measure_live(assay, work, kafka, count, rubric):
    """{name: rate}; leaves the store `full`."""
    kafka.create_topic("captures", PARTITIONS)
    clients.produce(kafka.bootstrap, "captures", ((None, sample(i).encode()) for i in range(count)))
    rates = {}
    for name, words in (("defaults", []), ("full", ["--text", "full", "--text-share", "1"])):
        done = Watched([assay, "run", "--brokers", kafka.bootstrap, "--topic", "captures", "--group", name, "--rubric", rubric,
                        "--store", work / name, "--from", "earliest", "--until-end", "--metrics", "none", *words]).end()
        rates[name] = count / done.seconds
        print(f"worker, {name}: {rates[name]:.0f} samples a second, {max(done.memory):.0f} MB", flush=True)
    return rates


def measure_rerun(assay, work, count, rubric):
    done = Watched([assay, "rerun", "--store", work / "full", "--name", "undisturbed", "--rubric", rubric]).end()
    half = len(done.memory) // 2
    growth = max(done.memory[half:]) / max(done.memory[half // 2:half])
    print(f"rerun from the store: {count / done.seconds:.0f} samples a second, {max(done.memory):.0f} MB, "
          f"{growth:.2f} times as much in its second half", flush=True)
    return count / done.seconds, growth


def measure_kills(assay, work, rubric, kills, seconds):
    command = [assay, "rerun", "--store", work / "full", "--name", "killed", "--rubric", rubric]
    killed = killed_until_done(command, kills, seconds, 1)
    same = rows(work / "full" / "runs" / "killed") == rows(work / "full" / "runs" / "undisturbed")
    print(f"killed {killed} times: its rows are {'those' if same else 'NOT those'} of an undisturbed run", flush=True)
    return same and killed >= min(kills, 10)


def killed_until_done(command, kills, seconds, seed, env=None):
    """How often it was killed, at random times, before it ended."""
    chance, killed = random.Random(seed), 0
    while True:
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, env=env)
        try:
            assert process.wait(chance.uniform(.1, 1.9) * seconds / kills if killed < kills else None) == 0
            return killed
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1


def measure_judged(assay, work, kills, count):
    """A judge asked of the first `count` samples, by a run that is killed. True: no answer was paid for twice, but those that
    were in flight when it was killed."""
    rubric = work / "judged.json"
    rubric.write_text(json.dumps(JUDGED))
    judge = subprocess.Popen([sys.executable, ROOT / "tests/standins/judge_endpoint.py", "--latency-ms", "5"],
                             stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{int(judge.stdout.readline())}"
        env = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        start, end = (datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
                      for at in (FIRST_MS, FIRST_MS + count * STEP_MS))
        command = [assay, "rerun", "--store", work / "full", "--name", "judged", "--rubric", rubric, "--window",
                   f"{start}..{end}", "--judge-endpoint", "judge", "--aws-endpoint-url", url, "--region", "us-east-1",
                   "--judge-in-flight", IN_FLIGHT]
        killed = killed_until_done(command, kills, count / JUDGED_RATE, 2, env)
        with urllib.request.urlopen(url + "/control/stats") as reply:
            calls = json.load(reply)["calls"]
    finally:
        judge.terminate()
        judge.wait()
    scored = sum(row[3] == "relevance" and row[5] == "scored" for row in rows(work / "full" / "runs" / "judged"))
    most = count + killed * IN_FLIGHT * os.cpu_count()
    print(f"judged, killed {killed} times: {scored} of {count} scored, {calls} calls; with those in flight when it was killed "
          f"at most {most}", flush=True)
    return scored == count and calls <= most and killed >= min(kills, 10)


def measure_objects(assay, work, objects, rubric):
    folder = work / "objects"
    folder.mkdir()
    for number in range(objects):
        lines = (sample(number * LINES_AN_OBJECT + i) + "\n" for i in range(LINES_AN_OBJECT))
        (folder / f"{number:05d}.jsonl").write_text("".join(lines))
    server = Server(("127.0.0.1", 0), Bucket)
    server.folder = folder
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {**os.environ, **CREDENTIALS}
    rates = {"files": [], "S3": []}
    wheres = {"files": [folder], "S3": ["s3://bucket/", "--s3-url", f"http://127.0.0.1:{server.server_port}"]}
    for turn in range(TURNS):
        for name, where in wheres.items():
            done = Watched([assay, "rerun", "--store", work / "objects-store", "--name", f"{name.lower()}-{turn}", "--rubric",
                            rubric, "--from", *where], env).end()
            rates[name].append(objects * LINES_AN_OBJECT / done.seconds)
            print(f"rerun from {name}: {rates[name][-1]:.0f} samples a second, {max(done.memory):.0f} MB", flush=True)
    server.shutdown()
    return statistics.median(rates["S3"]) / statistics.median(rates["files"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--judged", type=int, default=40_000)
    parser.add_argument("--objects", type=int, default=400)
    arguments = parser.parse_args()
    assay = Path(os.environ.get("ASSAY_BUILD", ROOT / "build" / "release")) / "assay"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rubric = work / "rules.json"
        rubric.write_text(json.dumps(RUBRIC))
        with Cluster(1) as kafka:
            live = measure_live(assay, work, kafka, arguments.samples, rubric)
        rate, growth = measure_rerun(assay, work, arguments.samples, rubric)
        same = measure_kills(assay, work, rubric, arguments.kills, arguments.samples / rate)
        paid = measure_judged(assay, work, arguments.kills, min(arguments.judged, arguments.samples))
        s3 = measure_objects(assay, work, arguments.objects, rubric)
    share = rate / live["defaults"]
    print(f"\nrerun / worker {share:.2f} (at least {RATE_MIN}); memory {growth:.2f} (at most {MEMORY_GROWTH_MAX}); "
          f"S3 / files {s3:.2f} (at least {S3_MIN})")
    return 0 if share >= RATE_MIN and growth <= MEMORY_GROWTH_MAX and same and paid and s3 >= S3_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
