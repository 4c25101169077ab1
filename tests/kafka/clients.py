"""clients: what the tests ask of a Kafka with clients that are not ours.

confluent-kafka brings a librdkafka of its own, far newer than the one that assay is built on; kcat
is Debian's; the console producer and consumer are Kafka's own, in Java."""

import subprocess
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from kafka import jars

ASK_SECONDS = 15
QUIET = {"log_level": 2}  # a cluster that is just starting is no news


def admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, **QUIET})


def broker_count(bootstrap: str) -> int:
    try:
        return len(admin(bootstrap).list_topics(timeout=2).brokers)
    except Exception:  # noqa: BLE001: any failure means "not yet"
        return 0


def create_topic(bootstrap: str, name: str, partitions: int, copies: int = 1, config: dict = None):
    settings = {key.replace("_", "."): str(value) for key, value in (config or {}).items()}
    topic = NewTopic(name, num_partitions=partitions, replication_factor=copies, config=settings)
    client = admin(bootstrap)  # must live until the answer is there
    asked = client.create_topics([topic], request_timeout=ASK_SECONDS)
    asked[name].result(ASK_SECONDS)
    wait_for_leaders(bootstrap, name, partitions)


def wait_for_leaders(bootstrap: str, name: str, partitions: int) -> None:
    client = admin(bootstrap)
    deadline = time.monotonic() + ASK_SECONDS
    while time.monotonic() < deadline:
        known = client.list_topics(name, timeout=ASK_SECONDS).topics[name].partitions
        if len(known) == partitions and all(p.leader >= 0 for p in known.values()):
            return
        time.sleep(0.1)
    raise TimeoutError(f"topic {name} has no leaders")


def members(bootstrap: str, group: str) -> dict:
    """{client id: set of partitions} of the group's present members, and its state under ''."""
    client = admin(bootstrap)
    asked = client.describe_consumer_groups([group], request_timeout=ASK_SECONDS)
    described = asked[group].result(ASK_SECONDS)
    found = {m.member_id: {p.partition for p in m.assignment.topic_partitions}
             for m in described.members}
    found[""] = described.state.name
    return found


def end_offsets(bootstrap: str, topic: str) -> dict:
    """{partition: one above its newest offset}."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "assay-tests-ends", **QUIET})
    try:
        partitions = reader.list_topics(topic, timeout=ASK_SECONDS).topics[topic].partitions
        return {p: reader.get_watermark_offsets(TopicPartition(topic, p), timeout=ASK_SECONDS)[1]
                for p in partitions}
    finally:
        reader.close()


def read_all(bootstrap: str, topic: str):
    """Yields (partition, offset, value) of everything that is in the topic now, without a group."""
    ends = {p: end for p, end in end_offsets(bootstrap, topic).items() if end > 0}
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "assay-tests-read",
                       "enable.auto.commit": False, "auto.offset.reset": "earliest", **QUIET})
    reader.assign([TopicPartition(topic, p, 0) for p in ends])
    left = dict(ends)
    deadline = time.monotonic() + 120
    try:
        while left:
            for message in reader.consume(5000, timeout=1):
                if message.error():
                    raise RuntimeError(message.error())
                yield message.partition(), message.offset(), message.value()
                if message.offset() + 1 >= left.get(message.partition(), 0):
                    left.pop(message.partition(), None)
            if time.monotonic() > deadline:
                raise TimeoutError(f"cannot read {topic} to its end: {left}")
    finally:
        reader.close()


def produce(bootstrap: str, topic: str, records, **settings) -> None:
    """`records` are (partition or None, value). Returns when all of them are acknowledged."""
    failed = []
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "acks": "all",
                         "message.max.bytes": 20_000_000, **QUIET, **settings})

    def delivered(error, _message):
        if error:
            failed.append(str(error))

    for partition, value in records:
        where = {} if partition is None else {"partition": partition}
        while True:
            try:
                producer.produce(topic, value, on_delivery=delivered, **where)
                break
            except BufferError:
                producer.poll(0.5)
        producer.poll(0)
    left = producer.flush(120)
    if failed or left:
        raise RuntimeError(f"{len(failed)} records refused, {left} unsent: {failed[:1]}")


def kcat_produce(bootstrap: str, topic: str, lines: list, *arguments: str) -> None:
    """One record a line, with Debian's kcat."""
    subprocess.run(["kcat", "-P", "-b", bootstrap, "-t", topic, "-q", *arguments],
                   input=b"\n".join(lines) + b"\n", check=True, timeout=120)


def java_produce(bootstrap: str, topic: str, lines: list) -> None:
    """One record a line, with Kafka's own console producer."""
    run_java("org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", bootstrap, "--topic", topic,
             stdin=b"\n".join(lines) + b"\n")


def java_consume(bootstrap: str, topic: str, count: int) -> list:
    """The first `count` records, with Kafka's own console consumer."""
    said = run_java("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", bootstrap,
                    "--topic", topic, "--from-beginning", "--max-messages", str(count),
                    "--timeout-ms", "30000")
    return said.splitlines()


def java_describe_group(bootstrap: str, group: str) -> dict:
    """{partition: (committed, end, lag)} as kafka-consumer-groups shows it to an operator."""
    said = run_java("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server",
                    bootstrap, "--describe", "--group", group).decode()
    rows = [line.split() for line in said.splitlines()]
    return {int(row[2]): (int(row[3]), int(row[4]), int(row[5]))
            for row in rows if len(row) > 5 and row[0] == group and row[3].isdigit()}


def run_java(main_class: str, *arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(jars.command(main_class, *arguments), input=stdin, timeout=120,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{main_class}: {done.stderr.decode(errors='replace')[-1500:]}")
    return done.stdout
