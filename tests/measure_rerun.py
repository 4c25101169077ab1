"""How fast `assay rerun` is beside the worker that scored first, how much memory it takes, what kills cost, and how far
S3 is behind local files: seeded, exit 1 beyond the limits.

    build/venv/bin/python tests/measure_rerun.py [--samples 1000000] [--kills 20] [--objects 400]

The worker and the rerun have the same rubric of deterministic criteria and as many threads as the machine has cores.
The worker keeps every text, so that all can be scored again; beside it a worker with its defaults. S3 is a stand-in that
answers each request after 20 ms."""
import argparse
import http.server
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from contextlib import closing
from pathlib import Path

from kafka import clients
from kafka.cluster import Cluster
from moto_server import CREDENTIALS

ROOT = Path(__file__).resolve().parents[1]
RATE_MIN, S3_MIN, MEMORY_GROWTH_MAX = 0.75, 0.80, 1.25
LATENCY_S = 0.02
LINES_AN_OBJECT = 500
PARTITIONS = 8
RUBRIC = {"name": "rules", "criteria": [
    {"name": "clean", "dimension": "safety", "evaluator": "regex",
     "options": {"where": "response", "forbid": ["secret", "password *:", "BEGIN [A-Z]+ KEY"]}},
    {"name": "short", "dimension": "form", "evaluator": "length", "options": {"max": 400}},
    {"name": "answer", "dimension": "accuracy", "evaluator": "reference", "options": {"metric": "f1"}}]}
WORDS = ("the quick brown fox jumps over a lazy dog while seven secret agents count 12 small red boxes and wait for "
         "their password to arrive by post in the morning").split()


def sample(i):
    chance = random.Random(i)
    text = [chance.choice(WORDS) for _ in range(chance.randrange(20, 120))]
    return json.dumps({"id": f"s{i}", "model": "m", "endpoint": "e", "timestamp": 1_760_000_000_000 + i * 100,
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
    chance, killed = random.Random(1), 0
    command = [str(word) for word in (assay, "rerun", "--store", work / "full", "--name", "killed", "--rubric", rubric)]
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            assert process.wait(chance.uniform(.1, 1.9) * seconds / kills if killed < kills else None) == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
    same = rows(work / "full" / "runs" / "killed") == rows(work / "full" / "runs" / "undisturbed")
    print(f"killed {killed} times: its rows are {'those' if same else 'NOT those'} of an undisturbed run", flush=True)
    return same and killed >= min(kills, 10)


def measure_objects(assay, work, objects, rubric):
    folder = work / "objects"
    folder.mkdir()
    for number in range(objects):
        lines = (sample(number * LINES_AN_OBJECT + i) + "\n" for i in range(LINES_AN_OBJECT))
        (folder / f"{number:05d}.jsonl").write_text("".join(lines))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.folder = folder
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {**os.environ, **CREDENTIALS}
    rates = {}
    for name, where in (("files", [folder]), ("S3", ["s3://bucket/", "--s3-url", f"http://127.0.0.1:{server.server_port}"])):
        done = Watched([assay, "rerun", "--store", work / "objects-store", "--name", name.lower(), "--rubric", rubric,
                        "--from", *where], env).end()
        rates[name] = objects * LINES_AN_OBJECT / done.seconds
        print(f"rerun from {name}: {rates[name]:.0f} samples a second, {max(done.memory):.0f} MB", flush=True)
    server.shutdown()
    return rates["S3"] / rates["files"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
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
        s3 = measure_objects(assay, work, arguments.objects, rubric)
    share = rate / live["defaults"]
    print(f"\nrerun / worker {share:.2f} (at least {RATE_MIN}); memory {growth:.2f} (at most {MEMORY_GROWTH_MAX}); "
          f"S3 / files {s3:.2f} (at least {S3_MIN})")
    return 0 if share >= RATE_MIN and growth <= MEMORY_GROWTH_MAX and same and s3 >= S3_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
