"""cluster: a real Apache Kafka (KRaft) of one or three nodes on loopback, in a temporary folder.

    with Cluster(nodes=3) as kafka:
        kafka.create_topic("captures", partitions=12)
        ... kafka.bootstrap ...

Nodes are both broker and controller. Each is stopped by its process id."""

import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from kafka import clients, jars

START_SECONDS = 90
STOP_SECONDS = 20
PORT_TRIES = 3
# "assay-tests-kafka" in the form that KRaft wants a cluster's id: 16 bytes in base64url.
CLUSTER_ID = "YXNzYXktdGVzdHMta2Fma2E"[:22]
MESSAGE_BYTES_MAX = 20 << 20

COMMON = f"""
process.roles=broker,controller
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
auto.create.topics.enable=false
unclean.leader.election.enable=false
message.max.bytes={MESSAGE_BYTES_MAX}
replica.fetch.max.bytes={MESSAGE_BYTES_MAX}
offsets.topic.num.partitions=6
offset.metadata.max.bytes=4096
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
transaction.state.log.num.partitions=2
share.coordinator.state.topic.num.partitions=1
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=2
num.io.threads=2
log.flush.interval.messages=100000
"""


def free_ports(count: int) -> list:
    """Free loopback ports below the range from which the kernel hands out outgoing ones, so that
    nobody takes them between now and the start of the node."""
    ports = []
    while len(ports) < count:
        port = random.randint(15000, 31000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


class Node:
    """One process."""

    def __init__(self, number: int, folder: Path, client_port: int, controller_port: int):
        self.number = number
        self.folder = folder
        self.client_port = client_port
        self.controller_port = controller_port
        self.process = None

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def configure(self, nodes: list) -> None:
        voters = ",".join(f"{n.number}@127.0.0.1:{n.controller_port}" for n in nodes)
        copies = len(nodes)
        self.folder.mkdir(parents=True)
        self.properties.write_text(COMMON + f"""
node.id={self.number}
controller.quorum.voters={voters}
listeners=CLIENT://127.0.0.1:{self.client_port},CONTROLLER://127.0.0.1:{self.controller_port}
advertised.listeners=CLIENT://127.0.0.1:{self.client_port}
log.dirs={self.folder}/data
default.replication.factor={copies}
min.insync.replicas={min(2, copies)}
offsets.topic.replication.factor={copies}
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={min(2, copies)}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={min(2, copies)}
""")

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"

    def format(self) -> None:
        subprocess.run(jars.command("kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID,
                                    "--config", str(self.properties)),
                       check=True, stdout=subprocess.DEVNULL, timeout=START_SECONDS)

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                jars.command("kafka.Kafka", str(self.properties), heap_mb=448),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.client_port), timeout=1).close()
        except OSError:
            return False
        return True

    def wait(self, deadline: float) -> None:
        while not self.listens():
            if self.process.poll() is not None:
                raise RuntimeError(f"node {self.number} ended: {self.log_tail()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"node {self.number} does not listen: {self.log_tail()}")
            time.sleep(0.1)

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


class Cluster:
    """Nodes that make one cluster. Use it as a context manager, or call start and stop."""

    def __init__(self, nodes: int = 1, folder: Path = None):
        self.wanted = nodes
        self.own_folder = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="assay-kafka-"))
        self.nodes = []

    def start(self) -> "Cluster":
        for attempt in range(PORT_TRIES):
            self.lay_out(self.folder / f"try{attempt}")
            try:
                self.start_nodes()
                return self
            except RuntimeError as failure:
                self.stop_nodes(signal.SIGKILL)
                if "Address already in use" not in str(failure) or attempt + 1 == PORT_TRIES:
                    raise
        raise AssertionError("not reached")

    def lay_out(self, folder: Path) -> None:
        ports = free_ports(2 * self.wanted)
        self.nodes = [Node(i + 1, folder / f"node{i + 1}", ports[2 * i], ports[2 * i + 1])
                      for i in range(self.wanted)]
        for node in self.nodes:
            node.configure(self.nodes)
            node.format()

    def start_nodes(self) -> None:
        for node in self.nodes:
            node.start()
        deadline = time.monotonic() + START_SECONDS
        for node in self.nodes:
            node.wait(deadline)
        self.wait_for_brokers(deadline)

    def wait_for_brokers(self, deadline: float) -> None:
        while clients.broker_count(self.bootstrap) < self.wanted:
            if time.monotonic() > deadline:
                raise TimeoutError("not all brokers registered: " + self.nodes[0].log_tail())
            time.sleep(0.2)

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{node.client_port}" for node in self.nodes)

    def create_topic(self, name: str, partitions: int = 1, **config) -> None:
        clients.create_topic(self.bootstrap, name, partitions, copies=self.wanted, config=config)

    def stop_nodes(self, how: int = signal.SIGTERM) -> None:
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                node.process.send_signal(how)  # all at once: a lone controller would wait for others
        for node in self.nodes:
            node.stop(how)

    def stop(self) -> None:
        self.stop_nodes(signal.SIGTERM if self.wanted == 1 else signal.SIGKILL)
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Cluster":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()
