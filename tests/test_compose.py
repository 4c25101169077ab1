"""Does what docker/compose.yaml says come up? Without an engine: Apache Kafka configured from its
environment by the class that the official image starts with, the topic's command, the workers' command
and the look at their stores, each as written there; only addresses and folders are this machine's."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from kafka import clients, jars
from kafka.cluster import CLUSTER_ID, START_SECONDS, Node, free_ports
from worker import Worker

pytestmark = pytest.mark.kafka

FILE = Path(__file__).resolve().parents[1] / "docker" / "compose.yaml"
SERVICES = yaml.safe_load(FILE.read_text())["services"]
# Of Kafka's scripts that the file calls: what they run.
TOOLS = {"/opt/kafka/bin/kafka-topics.sh": "org.apache.kafka.tools.TopicCommand"}
RECORDS = 600


class Host:
    """This machine's addresses and folders in place of a container's."""

    def __init__(self, folder: Path):
        self.inside, self.outside, self.controller = free_ports(3)
        self.topics, self.store = folder / "topics", folder / "store"

    def text(self, value) -> str:
        value = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))  # a variable that is not set
        for there, here in ((r"kafka:19092|localhost:19092", f"127.0.0.1:{self.inside}"),
                            (r"//:19092", f"//127.0.0.1:{self.inside}"),
                            (r"localhost:9092", f"127.0.0.1:{self.outside}"),
                            (r"//:9092", f"//127.0.0.1:{self.outside}"),
                            (r"kafka:9093", f"127.0.0.1:{self.controller}"),
                            (r"//:9093", f"//127.0.0.1:{self.controller}"),
                            (r"0\.0\.0\.0:9464", "127.0.0.1:0"),
                            (r"/var/lib/kafka/data", str(self.topics)),
                            (r"/data", str(self.store))):
            value = re.sub(rf"(?<![\w.])(?:{there})(?!\w)", here, value)
        return value.replace("$$", "$")

    def words(self, values: list) -> list:
        return [self.text(value) for value in values]


def run_tool(host: Host, command: list) -> str:
    script, *arguments = host.words(command)
    return clients.run_java(TOOLS[script], *arguments).decode()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    return Host(tmp_path_factory.mktemp("compose"))


@pytest.fixture(scope="module")
def broker(kafka, host, tmp_path_factory):
    """The service `kafka`, as its image makes it from the environment. (`kafka`: skips without jars.)"""
    folder = tmp_path_factory.mktemp("kafka")
    for name in ("default", "mounted", "final"):
        (folder / name).mkdir()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (folder / "default" / name).write_text("Configuration: {Loggers: {Root: {level: info}, Logger: []}}\n")
    settings = {key: host.text(value) for key, value in SERVICES["kafka"]["environment"].items()}
    subprocess.run(jars.command("kafka.docker.KafkaDockerWrapper", "setup",
                                "--default-configs-dir", str(folder / "default"),
                                "--mounted-configs-dir", str(folder / "mounted"),
                                "--final-configs-dir", str(folder / "final")),
                   env={"PATH": os.environ["PATH"], "CLUSTER_ID": CLUSTER_ID, **settings},
                   check=True, timeout=START_SECONDS)
    node = Node(1, folder / "final", host.outside, host.controller)
    node.start()
    try:
        node.wait(time.monotonic() + START_SECONDS)
        yield node
    finally:
        node.stop()


def test_kafka_is_healthy_and_the_topic_is_made_once(broker, host):
    kind, *check = SERVICES["kafka"]["healthcheck"]["test"]
    assert kind == "CMD"
    run_tool(host, check)
    run_tool(host, SERVICES["topic"]["command"])
    run_tool(host, SERVICES["topic"]["command"])  # a second `up`
    assert run_tool(host, check).split() == ["captures"]


def test_both_listeners_send_clients_back_to_themselves(broker, host):
    for port in (host.inside, host.outside):
        known = clients.admin(f"127.0.0.1:{port}").list_topics(timeout=10)
        assert [broker.port for broker in known.brokers.values()] == [port]


def look(host: Host) -> dict:
    """{state: deliveries} over all shards, as the service `look` shows them."""
    command = [*SERVICES["look"]["entrypoint"], *host.words(SERVICES["look"]["command"])]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    states = {}
    for _, state, *_, count in (line.split() for line in shown.splitlines() if line.startswith("/")):
        states[state] = states.get(state, 0) + int(count)
    return states


def look_until(host: Host, workers: list, count: int) -> dict:
    deadline = time.monotonic() + START_SECONDS
    while sum((seen := look(host)).values()) < count:
        assert all(worker.alive for worker in workers), [worker.said() for worker in workers]
        assert time.monotonic() < deadline, (seen, [worker.said() for worker in workers])
        time.sleep(.5)
    return seen


def wait_for_shards(host: Host, workers: list) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not all('"event":"listening"' in worker.said() for worker in workers):
        assert time.monotonic() < deadline, [worker.said() for worker in workers]
        time.sleep(.1)
    assert len(list(host.store.glob("shard-*.db"))) == len(workers)


def test_workers_share_a_volume_and_their_stores_can_be_looked_at(broker, host, assay, tmp_path):
    run_tool(host, SERVICES["topic"]["command"])
    records = [json.dumps({"id": str(number), "prompt": "6*7?", "response": "42"}).encode()
               for number in range(RECORDS - 1)] + [b"not a record"]
    clients.kcat_produce(f"127.0.0.1:{host.outside}", "captures", records)  # from outside, as a user would
    service = SERVICES["worker"]
    verb, *arguments = host.words(service["command"])
    assert verb == "run"
    env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    workers = [Worker(assay, arguments, env, tmp_path / f"worker{number}.log")
               for number in range(service["scale"])]
    try:
        for worker in workers:
            worker.start()
        wait_for_shards(host, workers)
        seen = look_until(host, workers, RECORDS)
        for worker in workers:
            assert worker.end(int(service["stop_grace_period"].removesuffix("s"))) == 0, worker.said()
    finally:
        for worker in workers:
            if worker.alive:
                worker.kill()
    assert seen == {"scored": RECORDS - 1, "invalid": 1}
    assert look(host) == seen  # also when no worker is there
