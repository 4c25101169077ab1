"""Do the workers of a group make one run of a plan in a topic, whoever is killed, and how fast: seeded, exit 1 when not.

    build/venv/bin/python tests/measure_rerun_fleet.py [--samples 200000] [--rounds 5] [--seed 1]

Each round six workers begin and three of them are killed at random moments; beside them one worker, and six undisturbed.
Rows must be those of a rerun by one process, each once; what `assay runs show` says of criteria and counts the same
bytes. A stand-in judge answers a smaller run, and counts what it is asked."""
import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path

from kafka.cluster import Cluster
from measure_rerun import ROOT, RUBRIC, sample
from standins.judge_endpoint import KEY, SECRET

PARTITIONS, WORKERS, KILLED, IN_FLIGHT = 12, 6, 3, 4
JUDGED = {"name": "judged", "criteria": [{"name": "relevance", "evaluator": "judge", "options": {"template": "relevance"}}]}


def rows(folder):
    """Every row of scores of a run, of all its shards: a chunk that two shards hold must be the same in both."""
    found = {}
    for path in folder.glob("shard-*.db"):
        with closing(sqlite3.connect(path)) as db:
            for *place, status, value, passed, reason in db.execute(
                    "SELECT topic, partition, off, name, hash, status, value, passed, reason FROM score JOIN source ON "
                    "source.id = source JOIN criterion ON criterion.id = criterion"):
                row = (status, value, passed, reason)
                assert found.setdefault(tuple(place), row) == row, place
    return found


class Fleet:
    def __init__(self, assay, kafka, store, rubric, name, words=()):
        self.assay, self.kafka, self.store, self.name = assay, kafka, store, name
        self.topic = f"chunks-{name}"
        self.words = ["--brokers", kafka.bootstrap, "--store", store, "--rubric", rubric, "--group", self.topic, *words]
        kafka.create_topic(self.topic, PARTITIONS)
        self.workers = []

    def start(self, count):
        command = [self.assay, "run", "--rerun-topic", self.topic, "--lanes", 1, "--kafka", "session.timeout.ms=6000", *self.words]
        self.workers = [subprocess.Popen([str(word) for word in command]) for _ in range(count)]
        time.sleep(5)  # for the group to come together

    def plan(self, *words):
        command = [self.assay, "rerun", "--name", self.name, "--to-topic", self.topic, "--json", *self.words, *words]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def kill(self, chance, seconds):
        for at, victim in sorted((chance.uniform(0, seconds), i) for i in range(KILLED)):
            time.sleep(max(0, self.began + at - time.monotonic()))
            self.workers[victim].kill()

    def run(self, count, chance=None, seconds=0.0):
        """The summary at the end, and how long it took from the first chunk on."""
        self.start(count)
        self.plan()
        self.began = time.monotonic()
        if chance:
            self.kill(chance, seconds)
        summary = self.plan("--wait")
        took = time.monotonic() - self.began
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait()
        return summary, took


def said(summary):
    return json.dumps({key: summary[key] for key in ("planned", "done", "left", "counts", "masked", "criteria", "problems")})


def measure_rows(assay, kafka, work, rubric, arguments):
    lines = work / "lines.jsonl"
    with lines.open("w") as out:
        out.writelines(sample(i) + "\n" for i in range(arguments.samples))
    store, fine = work / "store", True
    subprocess.run([assay, "eval", "--rubric", rubric, "--store", store, "--text", "full", "--text-share", "1", lines], check=True,
                   stdout=subprocess.DEVNULL)
    start = time.monotonic()
    subprocess.run([assay, "rerun", "--store", store, "--name", "alone", "--rubric", rubric], check=True, stdout=subprocess.DEVNULL)
    print(f"one process: {arguments.samples / (time.monotonic() - start):.0f} samples a second", flush=True)
    wanted, words = rows(store / "runs" / "alone"), None
    plans = [("one", 1, None), ("six", WORKERS, None)]
    plans += [(f"killed-{i}", WORKERS, random.Random(arguments.seed + i)) for i in range(arguments.rounds)]
    for name, count, chance in plans:
        summary, took = Fleet(assay, kafka, store, rubric, name).run(count, chance, arguments.samples / 8000)
        same = rows(store / "runs" / name) == wanted
        words = words or said(summary)
        fine = fine and same and said(summary) == words and summary["left"] == 0
        print(f"{name}: {count} workers{f', {KILLED} killed' if chance else ''}, {arguments.samples / took:.0f} samples a second, "
              f"rows {'the same' if same else 'NOT the same'}, summary {'the same' if said(summary) == words else 'NOT the same'}",
              flush=True)
    return fine


def measure_judge(assay, kafka, work, arguments):
    rubric, count = work / "judged.json", 4000
    rubric.write_text(json.dumps(JUDGED))
    lines = work / "judged.jsonl"
    lines.write_text("".join(sample(i) + "\n" for i in range(count)))
    judge = subprocess.Popen([sys.executable, str(ROOT / "tests" / "standins" / "judge_endpoint.py"), "--latency-ms", "20"],
                             stdout=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{int(judge.stdout.readline())}"
    os.environ |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    words = ["--judge-endpoint", "judge", "--aws-endpoint-url", url, "--region", "us-east-1", "--judge-in-flight", IN_FLIGHT]
    fleet = Fleet(assay, kafka, work / "judged", rubric, "judged", words)
    fleet.plan = lambda *more, plan=fleet.plan: plan("--from", lines, *more)
    summary, _ = fleet.run(WORKERS, random.Random(arguments.seed), 3)
    with urllib.request.urlopen(url + "/control/stats") as reply:
        calls = json.load(reply)["calls"]
    judge.terminate()
    most = count + KILLED * IN_FLIGHT * (1 + WORKERS - KILLED)
    print(f"judge: {calls} calls for {count} questions, at most {most} with those in flight", flush=True)
    return summary["counts"]["scored"] == count and count <= calls <= most


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    assay = Path(os.environ.get("ASSAY_BUILD", ROOT / "build" / "release")) / "assay"
    with tempfile.TemporaryDirectory() as folder, Cluster(1) as kafka:
        work = Path(folder)
        rubric = work / "rules.json"
        rubric.write_text(json.dumps(RUBRIC))
        fine = measure_rows(assay, kafka, work, rubric, arguments)
        fine = measure_judge(assay, kafka, work, arguments) and fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
