"""Does Debian's librdkafka keep the rules we build on, against a Kafka newer than itself? It joins,
commits with metadata, is fenced, and rebalances."""

import time

import pytest

from kafka import clients
from kafka.offsets import committed
from kafka.probe import Probe

PARTITIONS = 6
RECORDS = 300
SESSION_MS = 6000
REBALANCE_SECONDS = 40

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka, request):
    name = "itself-" + request.node.name
    kafka.create_topic(name, PARTITIONS)
    clients.produce(kafka.bootstrap, name, [(i % PARTITIONS, b"record %d" % i) for i in range(RECORDS)])
    return name


@pytest.fixture
def member(kafka, build, topic):
    made = []

    def make(**options) -> Probe:
        made.append(Probe(build / "tests" / "kafka_probe", kafka.bootstrap, topic, "group-" + topic, **options))
        return made[-1]

    yield make
    for probe in made:
        if probe.process.poll() is None:
            probe.kill()


def poll_until(members: list, condition, seconds: float = REBALANCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, [m.rebalances for m in members]
        for one in members:
            one.poll(200)


def test_joins_reads_everything_and_commits_with_metadata(kafka, topic, member):
    alone = member()
    poll_until([alone], lambda: len(alone.took) == RECORDS)
    assert alone.held == set(range(PARTITIONS))
    assert sorted(alone.took) == sorted((i % PARTITIONS, i // PARTITIONS) for i in range(RECORDS))

    assert alone.commit(2, 17, "9f31c0de:4") == "NO_ERROR"
    assert alone.committed(2) == (17, "9f31c0de:4")
    assert committed(kafka.bootstrap, "group-" + topic) == {(topic, 2): (17, "9f31c0de:4")}


def test_two_members_share_by_range_and_the_first_hears_a_revoke(topic, member):
    first = member()
    poll_until([first], lambda: len(first.held) == PARTITIONS)
    second = member()
    poll_until([first, second], lambda: len(first.held) == 3 and len(second.held) == 3)

    assert first.held | second.held == set(range(PARTITIONS))
    assert {frozenset(first.held), frozenset(second.held)} == {frozenset({0, 1, 2}), frozenset({3, 4, 5})}
    assert [list(event)[0] for event in first.rebalances] == ["assigned", "revoked", "assigned"]
    assert first.rebalances[1]["lost"] is False


def test_a_partition_that_moves_starts_at_the_committed_offset(topic, member):
    first = member()
    poll_until([first], lambda: len(first.took) == RECORDS)
    for partition in range(PARTITIONS):
        assert first.commit(partition, 40, "x:1") == "NO_ERROR"
    first.kill()
    second = member()
    poll_until([second], lambda: len(second.took) == RECORDS - 40 * PARTITIONS)
    assert {offset for _, offset in second.took} == set(range(40, RECORDS // PARTITIONS))


def test_a_commit_of_an_older_generation_is_refused(kafka, topic, member):
    """A member that was stopped for longer than its session wakes after its partitions moved."""
    group = "group-" + topic
    zombie = member(session_ms=SESSION_MS)
    poll_until([zombie], lambda: len(zombie.held) == PARTITIONS)
    assert zombie.commit(0, 10, "zombie:1") == "NO_ERROR"

    zombie.freeze()
    heir = member(session_ms=SESSION_MS)
    poll_until([heir], lambda: len(heir.held) == PARTITIONS)
    assert heir.commit(0, 20, "heir:1") == "NO_ERROR"

    zombie.thaw()
    assert zombie.commit(0, 11, "zombie:1") in ("UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION")
    assert committed(kafka.bootstrap, group)[(topic, 0)] == (20, "heir:1")
    poll_until([zombie, heir], lambda: len(zombie.held) == 3 and len(heir.held) == 3)
    assert [e["lost"] for e in zombie.rebalances if "revoked" in e] == [True]


def test_foreign_clients_agree_about_the_topic_and_the_group(kafka, topic, member):
    clients.kcat_produce(kafka.bootstrap, topic, [b"from kcat"], "-p", "0")
    clients.java_produce(kafka.bootstrap, topic, [b"from java"])
    reader = member()
    poll_until([reader], lambda: len(reader.took) == RECORDS + 2)
    assert reader.commit(0, 51, "x:1") == "NO_ERROR"

    said = clients.java_consume(kafka.bootstrap, topic, RECORDS + 2)
    assert {b"from kcat", b"from java"} < set(said)
    described = clients.java_describe_group(kafka.bootstrap, "group-" + topic)
    end = clients.end_offsets(kafka.bootstrap, topic)[0]
    assert described[0] == (51, end, end - 51)
