"""fleet: three workers are killed at random moments under load with a slow judge; afterwards nothing
may be lost or counted twice (tests/README.md).

    build/venv/bin/python tests/e2e/fleet.py --kills 20 --records 100000 [--seed 7] [--keep]

Prints what happened and what was wrong; exit status 0 only if nothing was and the run counts: offsets
were redelivered and rows superseded."""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

if __name__ == "__main__":  # under pytest tests/pytest.ini says this
    here = Path(__file__).resolve().parent
    sys.path[:0] = [str(here.parent), str(here.parent / "standins"), str(here)]

import metrics
import oracle
from kafka import clients, offsets
from kafka.cluster import Cluster
from moto_server import MotoServer
from slow import SlowAnswers
from stores import read_store
from traffic import ENDPOINTS, METRICS, MODELS, Traffic
from worker import RUBRICS, JudgeStandIn, Worker, environment

TOPIC, GROUP = "captures", "fleet"
PARTITIONS, WORKERS, LANES = 12, 3, 2
SESSION_MS = 4000
DRAIN_SECONDS, FINISH_SECONDS = 60, 600
SETTLE_SECONDS = 3  # a process that began a moment ago does not listen to SIGTERM yet
PUBLISH_SECONDS = .2  # until CloudWatch answers, so that kills leave rows `sending`
CHUNK = 250  # records produced at a time


@dataclass
class Plan:
    records: int = 5000
    kills: int = 4
    seed: int = 1
    seconds_between_kills: float = 5.0  # mean; exponential, so some fall into a rebalance
    judge_ms: float = 400.0             # median latency of the judge; lognormal, so rows wait above a commit


@dataclass
class Result:
    problems: list = field(default_factory=list)
    told: oracle.Exercised = None
    records: int = 0
    kills: int = 0
    seconds: float = 0.0
    judge: dict = field(default_factory=dict)
    sending: int = 0  # outbox rows left ambiguous by kills

    def counts(self) -> bool:
        """Whether the run has exercised what it is for."""
        return self.told.superseded > 0 and self.told.redelivered > 0 and self.told.groups > 0


class Feeder(threading.Thread):
    """Produces the records over the time that the kills take, by several foreign clients in turn."""

    def __init__(self, bootstrap: str, traffic: Traffic, plan: Plan):
        super().__init__(daemon=True)
        self.bootstrap, self.traffic, self.plan = bootstrap, traffic, plan
        self.failure = None
        self.finished = threading.Event()

    def run(self) -> None:
        try:
            self.feed()
        except Exception as failure:  # noqa: BLE001: told by the main thread
            self.failure = failure
        self.finished.set()

    def feed(self) -> None:
        chunks = -(-self.plan.records // CHUNK)
        pause = self.plan.kills * self.plan.seconds_between_kills / chunks
        java_every = max(chunks // 4, 1)
        for number in range(chunks):
            count = min(CHUNK, self.plan.records - number * CHUNK)
            self.send(self.traffic.records(count), number, number % java_every == 1)
            time.sleep(pause * .8)

    def send(self, records: list, number: int, by_java: bool) -> None:
        if by_java:  # it reads text: what is not UTF-8 would change on the way
            text, rest = split(records)
            clients.java_produce(self.bootstrap, TOPIC, text)
            clients.produce(self.bootstrap, TOPIC, [(None, r) for r in rest])
        elif number % 2:
            clients.kcat_produce(self.bootstrap, TOPIC, records)
        else:
            clients.produce(self.bootstrap, TOPIC, [(self.partition_of(i, r), r) for i, r in enumerate(records)])

    def partition_of(self, number: int, record: bytes) -> int:
        """Responses of a group share a partition, as a producer's key would have it."""
        group = self.traffic.known[record].group
        return (int(group.rsplit("-", 1)[1]) if group else number) % PARTITIONS


def split(records: list) -> tuple:
    text, rest = [], []
    for record in records:
        try:
            record.decode()
            text.append(record)
        except UnicodeDecodeError:
            rest.append(record)
    return text, rest


class Fleet:
    """A Kafka, a CloudWatch, a judge, and workers that share one store."""

    def __init__(self, program: Path, plan: Plan, folder: Path, kafka: Cluster, cloudwatch: MotoServer):
        self.plan, self.folder, self.kafka, self.cloudwatch = plan, folder, kafka, cloudwatch
        self.chance = random.Random(plan.seed)
        self.started_ms = int(time.time() * 1000)
        self.traffic = Traffic(plan.seed, self.started_ms)
        self.store = folder / "store"
        self.judge = JudgeStandIn("--latency-ms", plan.judge_ms, "--seed", plan.seed)
        self.publishing = SlowAnswers(cloudwatch.url, PUBLISH_SECONDS)
        env = environment(self.judge.url, self.publishing.url)
        self.workers = [Worker(program, self.arguments(), env, folder / f"worker{i}.log")
                        for i in range(WORKERS)]

    def arguments(self) -> list:
        rubrics = ",".join(str(RUBRICS / f"fleet-{kind}.json") for kind in ("plain", "judged", "grouped"))
        return ["--brokers", self.kafka.bootstrap, "--topic", TOPIC, "--group", GROUP, "--rubric", rubrics,
                "--store", self.store, "--lanes", LANES, "--from", "earliest", "--judge-endpoint", "judge",
                "--kafka", f"session.timeout.ms={SESSION_MS}", "--kafka", "heartbeat.interval.ms=500",
                "--models", ",".join(MODELS), "--publish-every", "4"]

    def go(self) -> Result:
        began = time.monotonic()
        self.kafka.create_topic(TOPIC, PARTITIONS)
        feeder = Feeder(self.kafka.bootstrap, self.traffic, self.plan)
        for worker in self.workers:
            worker.start()
        feeder.start()
        kills = self.kill_at_random(feeder)
        self.finish(feeder)
        result = self.examine()
        result.kills, result.records = kills, self.plan.records
        result.seconds = time.monotonic() - began
        return result

    def kill_at_random(self, feeder: Feeder) -> int:
        """Every kill is followed by a start of the same worker, at once or after a while."""
        kills = 0
        while kills < self.plan.kills:
            time.sleep(self.chance.expovariate(1 / self.plan.seconds_between_kills))
            worker = self.chance.choice(self.workers)
            if not worker.alive:
                raise RuntimeError(f"{worker.log.name} ended by itself ({worker.process.returncode}): "
                                   + worker.said())
            worker.kill()
            time.sleep(self.pause_before_start(kills))
            worker.start()
            kills += 1
        return kills

    def pause_before_start(self, kills: int) -> float:
        """Back within the session every other time; else long enough that another worker takes over."""
        if kills % 2:
            return self.chance.choice([0, 0, .3])
        return SESSION_MS / 1000 * (1.2 + self.chance.random())

    def finish(self, feeder: Feeder) -> None:
        """All is produced, the workers drain, and others take the rest to its end."""
        if not feeder.finished.wait(FINISH_SECONDS):
            raise TimeoutError("the records were not produced in time")
        if feeder.failure:
            raise feeder.failure
        time.sleep(SETTLE_SECONDS)
        for worker in self.workers:
            status = worker.end(DRAIN_SECONDS)
            if status != 0:
                raise RuntimeError(f"{worker.log.name}: SIGTERM ended it with {status}: {worker.said()}")
        for worker in self.workers:
            worker.start("--until-end")
        for worker in self.workers:
            status = worker.wait(FINISH_SECONDS)
            if status != 0:
                raise RuntimeError(f"{worker.log.name}: ended with {status}: {worker.said()}")

    def examine(self) -> Result:
        committed = {p: where for (topic, p), where in offsets.committed(self.kafka.bootstrap, GROUP).items()
                     if topic == TOPIC}
        deliveries = list(clients.read_all(self.kafka.bootstrap, TOPIC))
        held = {p: set() for p in range(PARTITIONS)}
        for partition, offset, _ in deliveries:
            held[partition].add(offset)
        topic = oracle.Topic(clients.end_offsets(self.kafka.bootstrap, TOPIC), committed, held)
        expected = self.traffic.expected(deliveries)
        store = read_store(self.store, TOPIC)
        problems, told = oracle.examine(topic, store, expected)
        problems += self.compare_metrics(topic, store, expected)
        judge = self.judge.stats()
        problems += [f"the judge's stand-in says: {said}" for said in judge["problems"]]
        if len(deliveries) < self.plan.records:
            problems.append(f"only {len(deliveries)} of {self.plan.records} records are in the topic")
        return Result(problems, told, judge=judge, sending=sum(r.state == "sending" for r in store.outbox))

    def compare_metrics(self, topic, store, expected) -> list:
        ranges, _ = oracle.chains(topic, store)
        endpoints = {place: want.endpoint for place, want in expected.items()}
        rows = metrics.from_scores(store, oracle.owners(ranges), endpoints, set(MODELS))
        published = metrics.from_cloudwatch(self.cloudwatch.client("cloudwatch"), METRICS, {*MODELS, "other"},
                                            ENDPOINTS, self.started_ms / 1000 - 7200, time.time() + 60)
        return metrics.compare(rows, published, store)

    def stop(self) -> None:
        for worker in self.workers:
            if worker.alive:
                worker.kill()
        self.judge.stop()
        self.publishing.stop()


def report(result: Result) -> str:
    lines = [f"{result.records} records, {result.kills} kills, {result.seconds:.0f} s",
             ", ".join(f"{value} {name}" for name, value in asdict(result.told).items()) +
             f", {result.told.redelivered} redelivered, {result.sending} outbox rows left sending",
             f"judge: {result.judge.get('calls')} calls"]
    lines += [f"WRONG: {problem}" for problem in result.problems[:40]]
    if not result.counts():
        lines.append("THIS RUN DOES NOT COUNT: nothing was redelivered or superseded, or no group was completed")
    return "\n".join(lines)


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    flags.add_argument("--records", type=int, default=100_000)
    flags.add_argument("--kills", type=int, default=20)
    flags.add_argument("--seed", type=int, default=int(time.time()))
    flags.add_argument("--between", type=float, default=8.0, help="mean seconds between kills")
    flags.add_argument("--judge-ms", type=float, default=400.0, help="median latency of the judge")
    flags.add_argument("--assay", type=Path, default=Path("build/release/assay"))
    flags.add_argument("--keep", action="store_true", help="keep the store and the logs")
    given = flags.parse_args()
    plan = Plan(given.records, given.kills, given.seed, given.between, given.judge_ms)
    folder = Path(tempfile.mkdtemp(prefix="assay-fleet-"))
    print(f"seed {plan.seed}, {folder}", flush=True)
    with Cluster() as kafka:
        cloudwatch = MotoServer().start()
        fleet = Fleet(given.assay.resolve(), plan, folder, kafka, cloudwatch)
        try:
            result = fleet.go()
        finally:
            fleet.stop()
            cloudwatch.stop()
    print(report(result))
    if not given.keep and not result.problems:
        shutil.rmtree(folder)
    return 0 if not result.problems and result.counts() else 1


if __name__ == "__main__":
    sys.exit(main())
