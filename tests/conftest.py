"""conftest: what the tests of whole programs share: the build, Kafka, a fast stand-in for it, moto."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from kafka.cluster import Cluster
from kafka.jars import KafkaUnavailable
from kafka.mock import MockCluster
from moto_server import MotoServer

ROOT = Path(__file__).resolve().parents[1]
UNDER_CI = os.environ.get("CI") == "true"
without_kafka = []  # what was skipped for want of it: said again at the very end


@pytest.fixture(scope="session")
def build() -> Path:
    """The build to test: ASSAY_BUILD, else the release preset's."""
    folder = Path(os.environ.get("ASSAY_BUILD", ROOT / "build" / "release"))
    return folder if folder.is_absolute() else ROOT / folder


@pytest.fixture(scope="session")
def assay(build) -> Path:
    program = build / "assay"
    if not program.exists():
        pytest.fail(f"{program} is not built: cmake --preset release && cmake --build --preset release")
    return program


@pytest.fixture(scope="session")
def data() -> Path:
    """Real rows that are not ours to ship; tests that read them skip where they are absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent")
    return folder


def start_kafka(nodes: int):
    try:
        return Cluster(nodes).start()
    except KafkaUnavailable as missing:
        if UNDER_CI:
            pytest.fail(f"no real Kafka, and this is CI: {missing}", pytrace=False)
        without_kafka.append(str(missing))
        pytest.skip(f"NO REAL KAFKA: {missing}")


@pytest.fixture(scope="session")
def kafka():
    """A real Apache Kafka of one node, for the whole session: use topics and groups of your own."""
    cluster = start_kafka(1)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def kafka_of_three():
    """A real Apache Kafka of three nodes."""
    cluster = start_kafka(3)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def moto():
    """AWS by moto, on loopback. Forgets everything at the start of each test that asks for `aws`."""
    server = MotoServer().start()
    yield server
    server.stop()


@pytest.fixture
def aws(moto):
    moto.reset()
    return moto


@pytest.fixture
def mock_kafka(build):
    """Makes librdkafka's mock clusters: mock_kafka({"topic": partitions})."""
    made = []

    def make(topics: dict) -> MockCluster:
        made.append(MockCluster(build / "tests" / "mock_broker", topics).start())
        return made[-1]

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture
def closed_port():
    """A port at which nobody listens while the test runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def run(assay):
    """Runs the program to its end: run("eval", ...). Returns subprocess.CompletedProcess, text."""
    def call(*arguments, **options):
        options = {"capture_output": True, "text": True, "timeout": 120, "check": False} | options
        return subprocess.run([str(assay), *map(str, arguments)], **options)
    return call


def pytest_terminal_summary(terminalreporter):
    if without_kafka:
        terminalreporter.section("NO REAL KAFKA", sep="!", red=True, bold=True)
        terminalreporter.write_line("Tests against Apache Kafka did not run: " + without_kafka[0])
