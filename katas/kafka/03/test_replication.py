"""Tests of kafka/03. They look at what the brokers hold, never at how the answer is written."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.cluster import ClusterMetadata
from kafka.errors import KafkaError
from kafka.partitioner import Partitioner, murmur2

from pytest_mqkata.testing import eventually

if TYPE_CHECKING:
    from pytest_mqkata.brokers.kafka import KafkaServer
    from pytest_mqkata.brokers.kafka_cluster import KafkaCluster

HOT = ("eu", "us")
A_WHILE = 30.0  # seconds for a cluster on a busy machine to notice a death, choose a leader, catch up


def outcome_of(call: Callable[[], object]) -> object:
    """What a call returns, or the exception that it raises."""
    try:
        return call()
    except Exception as error:
        return error


def told(outcome: object) -> str:
    return f"raised {outcome!r}" if isinstance(outcome, Exception) else f"returned {outcome!r}"


class Aside:
    """A call in a thread that holds nothing up if it never ends."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._outcome: list[object] = []
        self._thread = threading.Thread(target=lambda: self._outcome.append(outcome_of(call)), daemon=True)
        self._thread.start()

    def outcome(self, seconds: float, what: str) -> object:
        """What it returned, or the exception that it raised."""
        self._thread.join(seconds)
        assert self._outcome, f"{what} had not come back after {seconds:g} s."
        return self._outcome[0]


@contextmanager
def producer(servers: str, **options: Any) -> Iterator[KafkaProducer]:
    with closing(KafkaProducer(bootstrap_servers=servers, **options)) as made:
        yield made


def places_of(made: KafkaProducer, topic: str, keys: Sequence[bytes | None]) -> list[int]:
    """The partitions in which the broker stored a record for each key."""
    futures = [made.send(topic, key=key, value=b"21.5") for key in keys]
    return [future.get(timeout=15).partition for future in futures]


# where a key goes

SOME_KEYS = (
    b"",
    b"eu/1",
    "čidlo-7".encode(),
    b"\x80\xff\xfe",  # bytes that are negative in Java, at the end
    b"abcde\xf0",
    b"abcdef\x9f",
    b"sensor-1",
    b"sensor-2",
    b"sensor-3",
    b"sensor-4",
)


@pytest.mark.step(1, "partition_for")
@pytest.mark.timeout(40)
@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.binary(max_size=20), min_size=1, max_size=30))
@example(list(SOME_KEYS))
def test_partition_for_agrees_with_the_broker(
    kata: ModuleType, kafka_server: KafkaServer, stored_in: Callable[[Sequence[bytes]], list[int]], keys: list[bytes]
) -> None:
    found = [kata.partition_for(key, 7) for key in keys]
    stored = stored_in(keys)
    wrong = [
        f"{key!r} is in partition {there}, partition_for says {here}"
        for key, there, here in zip(keys, stored, found, strict=True)
        if there != here
    ]
    assert not wrong, f"A producer sent keys to a topic of 7 partitions: {'; '.join(wrong[:5])}."
    outcome = outcome_of(lambda: kata.partition_for(b"eu/1", 0))
    assert isinstance(outcome, ValueError), (
        f"partition_for with 0 partitions {told(outcome)}; it must raise ValueError."
    )


@pytest.fixture
def stored_in(kafka_server: KafkaServer) -> Iterator[Callable[[Sequence[bytes]], list[int]]]:
    """Sends keys to a topic of 7 partitions with a client of default settings; the partitions that they came to."""
    topic = kafka_server.topic("readings", partitions=7)
    with producer(kafka_server.url) as made:
        yield lambda keys: places_of(made, topic, keys)


@pytest.mark.step(2, "moved_keys")
@pytest.mark.timeout(60)
@settings(max_examples=2, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.binary(max_size=12), min_size=20, max_size=60, unique=True), st.integers(1, 4), st.integers(1, 4))
@example([b"sensor-%d" % number for number in range(60)], 3, 3)
@example([b"sensor-%d" % number for number in range(60)], 3, 2)
def test_moved_keys_is_exact(
    kata: ModuleType, kafka_server: KafkaServer, keys: list[bytes], before: int, more: int
) -> None:
    topic, after = kafka_server.topic("readings", partitions=before), before + more
    with producer(kafka_server.url) as made:
        first = places_of(made, topic, keys)
    kafka_server.admin.create_partitions({topic: after})
    eventually(
        lambda: partition_count(kafka_server, topic) == after, 10.0, f"The topic has not grown to {after} partitions."
    )
    with producer(kafka_server.url) as made:  # a new one: the old one believes in `before` partitions for a while
        eventually(lambda: made.partitions_for(topic) == set(range(after)), 10.0, "A client sees too few partitions.")
        second = places_of(made, topic, keys)

    moved = {key for key, one, other in zip(keys, first, second, strict=True) if one != other}
    found = kata.moved_keys(iter(keys), before, after)
    assert found == moved, (
        f"The topic grew from {before} to {after} partitions, and {len(moved)} of {len(keys)} keys went elsewhere. "
        f"moved_keys leaves out {sorted(moved - set(found))[:5]} and has too many {sorted(set(found) - moved)[:5]}."
    )


def partition_count(server: KafkaServer, topic: str) -> int:
    return len(server.admin.describe_topics([topic])[0]["partitions"])


# a partitioner of one's own


@pytest.mark.step(3, "partition_for", "RegionPartitioner")
@pytest.mark.timeout(40)
def test_hot_regions_are_alone(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("readings", partitions=5)
    hot = [b"%s/sensor-%d" % (region.encode(), number) for region in HOT for number in range(20)]
    cold = [b"%s/sensor-%d" % (region, number) for region in (b"asia", b"africa", b"europe") for number in range(200)]
    with producer(kafka_server.url, partitioner=kata.RegionPartitioner(HOT)) as made:
        places = places_of(made, topic, hot)
        assert places == [0] * 20 + [1] * 20, (
            f"eu is to have partition 0, us partition 1; the readings of eu are in {sorted(set(places[:20]))}, those of us "
            f"in {sorted(set(places[20:]))}."
        )
        places = places_of(made, topic, cold)
        intruders = sorted({key.decode() for key, place in zip(cold, places, strict=True) if place < 2})
        assert not intruders, (
            f"{len(intruders)} readings of other regions are in the partitions of the hot ones, {intruders[:3]} among them. "
            '"europe" begins with "eu", and is another region.'
        )
        spread = Counter(places)
        assert all(spread[place] >= 150 for place in (2, 3, 4)), (
            f"600 sensors of other regions are to be spread over the partitions 2, 3 and 4; they lie so: {dict(spread)}."
        )
        again = places_of(made, topic, cold)
    moved = sum(one != other for one, other in zip(places, again, strict=True))
    assert not moved, f"{moved} of 600 sensors went to another partition the second time: their order is lost."


@pytest.mark.step(3, "partition_for", "RegionPartitioner")
def test_keyless_readings_avoid_hot_partitions(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("readings", partitions=4)
    with producer(kafka_server.url, partitioner=kata.RegionPartitioner(HOT)) as made:
        places = places_of(made, topic, [None] * 60)
    assert set(places) <= {2, 3}, (
        f"Readings without a key are in the partitions {sorted(set(places))}; 0 and 1 belong to the hot regions."
    )


@pytest.mark.step(3, "partition_for", "RegionPartitioner")
def test_too_few_partitions(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("readings", partitions=2)
    with producer(kafka_server.url, partitioner=kata.RegionPartitioner(HOT)) as made:
        for key in (b"asia/sensor-1", None):
            outcome = outcome_of(lambda key=key: places_of(made, topic, [key]))  # type: ignore[misc]
            assert isinstance(outcome, ValueError), (
                f"Two regions are hot and the topic has two partitions; sending the key {key!r} {told(outcome)}. "
                "ValueError was promised: no partition is left for the others."
            )


# three nodes


def described(cluster: KafkaCluster, topic: str) -> dict[int, dict[str, Any]]:
    """Partition to what a node says of it; {} while it does not know the topic, or no node answers."""
    try:
        found = cluster.admin.describe_topics([topic])[0]
    except KafkaError:
        return {}
    return {} if found["error_code"] else {one["partition_index"]: one for one in found["partitions"]}


def settings_of(cluster: KafkaCluster, topic: str) -> dict[str, str]:
    """The topic's own settings."""
    found = cluster.admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])["topic"][topic]
    return {name: one["value"] for name, one in found.items()}


@pytest.mark.step(4, "create_replicated")
@pytest.mark.parametrize(("copies", "minimum"), [(3, 0), (2, 3), (3, 3), (2, 2)])
def test_refuses_silly_settings(kata: ModuleType, kafka_cluster: KafkaCluster, copies: int, minimum: int) -> None:
    name = kafka_cluster.name("readings")
    outcome = outcome_of(lambda: kata.create_replicated(kafka_cluster.bootstrap_servers, name, 2, copies, minimum))
    assert isinstance(outcome, ValueError), (
        f"{copies} replicas, at least {minimum} in sync: create_replicated {told(outcome)}; it must raise ValueError."
        + (" With all of them required, one dead node stops all writes." if copies == minimum else "")
    )
    assert name not in kafka_cluster.admin.list_topics(), (
        "It raised ValueError, and the topic was created all the same."
    )


@pytest.mark.step(4, "create_replicated")
@pytest.mark.timeout(40)
def test_topic_has_its_settings(kata: ModuleType, kafka_cluster: KafkaCluster) -> None:
    name, single = kafka_cluster.name("readings"), kafka_cluster.name("scratch")
    kata.create_replicated(kafka_cluster.bootstrap_servers, name, 4, 3, 2)
    found = eventually(
        lambda: described(kafka_cluster, name), 15.0, "create_replicated returned, and there is no topic."
    )
    assert len(found) == 4, f"The topic has {len(found)} partitions, not 4."
    for number, one in found.items():
        assert len(set(one["replica_nodes"])) == 3, (
            f"Partition {number} has replicas on the nodes {one['replica_nodes']}; three were asked for."
        )
    kept = settings_of(kafka_cluster, name)
    assert kept.get("min.insync.replicas") == "2", (
        f"The topic's min.insync.replicas is {kept.get('min.insync.replicas', 'not set')}: an acknowledged record may then "
        "be on one node only."
    )
    assert kept.get("unclean.leader.election.enable") == "false", (
        "The topic does not forbid unclean elections, and these brokers allow them: a replica that lacks records could "
        "become leader, and they would be gone."
    )
    kata.create_replicated(kafka_cluster.bootstrap_servers, single, 1, 1, 1)
    eventually(lambda: described(kafka_cluster, single), 15.0, "1 of 1 in sync is allowed, and there is no topic.")


Health = dict[int, Any]


def health_of(kata: ModuleType, servers: str, topic: str, seconds: float = 25.0) -> Health:
    """What health() says, in time."""
    found = Aside(lambda: kata.health(servers, topic)).outcome(seconds, "health")
    if isinstance(found, Exception):
        raise AssertionError(f"health raised {found!r}; the topic exists, and two of three nodes run.") from found
    assert isinstance(found, dict), f"health returned {found!r}, not a dict of partitions."
    return found


def flags(one: Any) -> str:
    return f"under_replicated={one.under_replicated}, offline={one.offline}, writable={one.writable}"


class Watching(Partitioner):
    """Sends everything to partition 0, and keeps the metadata that the producer hands to its partitioner."""

    def __init__(self) -> None:
        self.metadata: ClusterMetadata | None = None

    def partition(
        self, topic: str, key: Any, serialized_key: Any, value: Any, serialized_value: Any, cluster: ClusterMetadata
    ) -> int:
        self.metadata = cluster
        return 0


@pytest.mark.step(5, "health", "PartitionHealth", "RegionPartitioner", "partition_for")
@pytest.mark.timeout(90)
def test_a_node_dies(kata: ModuleType, kafka_cluster: KafkaCluster) -> None:
    servers = kafka_cluster.bootstrap_servers
    topic = kafka_cluster.topic("readings", partitions=3, config={"min.insync.replicas": 2})
    single = kafka_cluster.topic("scratch", partitions=6, replication_factor=1)
    a_lone_copy(kata)
    everybody_is_well(kata, kafka_cluster, topic, single)
    watching = Watching()
    with producer(servers, partitioner=watching, metadata_max_age_ms=500) as made:
        made.send(single, key=b"first", value=b"21.5").get(timeout=15)
        metadata = watching.metadata
        assert metadata is not None
        partitioner = kata.RegionPartitioner(HOT)
        keys = [b"asia/sensor-%d" % number for number in range(40)]
        before = [partitioner.partition(single, key, key, None, b"21.5", metadata) for key in keys]

        dead = kafka_cluster.leader(topic, 0)
        dead.kill()
        others_go_on(kata, kafka_cluster, topic, dead.id)
        lost = offline_partitions(kata, kafka_cluster, single, dead.id)
        eventually(
            lambda: not lost & set(metadata.available_partitions_for_topic(single) or ()),
            A_WHILE,
            "A producer's metadata still names the dead node as a leader.",
        )
        now = [partitioner.partition(single, key, key, None, b"21.5", metadata) for key in keys]
    moved = sum(one != other for one, other in zip(before, now, strict=True))
    assert not moved, (
        f"The partitions {sorted(lost)} have no leader for a while, and {moved} of 40 sensors would go elsewhere now: "
        "their readings would be in two partitions, and no longer in order. A key's partition depends on how many "
        "partitions there are, not on who leads them."
    )


def a_lone_copy(kata: ModuleType) -> None:
    """What some versions of Kafka report when the node with a partition's last copy is dead: it stays in sync."""
    one = kata.PartitionHealth(leader=None, replicas=frozenset({0}), in_sync=frozenset({0}), min_in_sync=1)
    assert (one.under_replicated, one.offline, one.writable) == (False, True, False), (
        f"A partition without a leader is offline and takes no writes, whatever in_sync holds; of {one!r} its properties "
        f"say {flags(one)}."
    )


def everybody_is_well(kata: ModuleType, cluster: KafkaCluster, topic: str, single: str) -> None:
    for name, minimum in ((topic, 2), (single, 1)):  # the second has no setting of its own: the broker's is 1
        expected = {
            number: kata.PartitionHealth(
                one["leader_id"], frozenset(one["replica_nodes"]), frozenset(one["isr_nodes"]), minimum
            )
            for number, one in described(cluster, name).items()
        }
        found = health_of(kata, cluster.bootstrap_servers, name)
        assert found == expected, f"All nodes run. health says {found!r}, the nodes say {expected!r}."
        for number, one in found.items():
            assert (one.under_replicated, one.offline, one.writable) == (False, False, True), (
                f"Partition {number}, led by node {one.leader}, is well; its health says {flags(one)}."
            )
    missing = cluster.name("missing")
    outcome = Aside(lambda: kata.health(cluster.bootstrap_servers, missing)).outcome(25, "health of an unknown topic")
    assert isinstance(outcome, KeyError), f"There is no topic {missing}; health {told(outcome)}, KeyError was promised."


def others_go_on(kata: ModuleType, cluster: KafkaCluster, topic: str, dead: int) -> None:
    def first() -> Any:
        return health_of(kata, cluster.bootstrap_servers, topic)[0]

    found: Any = eventually(
        lambda: one if (one := first()).leader not in (None, dead) and dead not in one.in_sync else None,
        A_WHILE,
        lambda: f"Node {dead}, the leader of partition 0, was killed; health still says {first()!r}.",
    )
    assert found.leader in found.replicas - {dead}, (
        f"Partition 0 is led by {found.leader}, which has no copy: {found!r}."
    )
    assert (found.under_replicated, found.offline, found.writable) == (True, False, True), (
        f"Partition 0 has lost one of three replicas, has a new leader, and two in sync are enough; its health says "
        f"{flags(found)}."
    )


def offline_partitions(kata: ModuleType, cluster: KafkaCluster, single: str, dead: int) -> set[int]:
    """The partitions that only the dead node has, once health says that nobody leads them."""
    found: Any = eventually(
        lambda: (
            lost
            if (lost := orphans(health_of(kata, cluster.bootstrap_servers, single), dead))
            and all(one.leader != dead for one in lost.values())
            else None
        ),
        A_WHILE,
        f"The only copy of some partitions is on node {dead}, which is dead, and health says that it leads them.",
    )
    for number, one in found.items():
        assert one.leader is None, f"Nobody can lead partition {number}; health says that {one.leader!r} does."
        assert (one.offline, one.writable) == (True, False), (
            f"The only copy of partition {number} is on a dead node; its health says {flags(one)}."
        )
    return set(found)


def orphans(health: Health, dead: int) -> Health:
    return {number: one for number, one in health.items() if one.replicas == {dead}}


# readings that must not be lost

Reading = tuple[bytes, bytes]


def as_readings(found: object) -> list[Reading]:
    assert isinstance(found, list), f"send_safely {told(found)}; a list of the acknowledged readings was promised."
    return [tuple(one) for one in found]


@pytest.mark.step(6, "send_safely")
def test_a_refused_reading_is_left_out(kata: ModuleType, kafka_cluster: KafkaCluster) -> None:
    topic = kafka_cluster.topic("readings", partitions=2, config={"max.message.bytes": 2000, "min.insync.replicas": 2})
    # in a partition, and so a batch, of its own: a client splits a batch that is too large, and sends its parts again
    large = (key_in(0), b"x" * 5000)
    huge = (key_in(1), b"x" * 3_000_000)  # the client itself refuses it
    before, after = (key_in(1), b"21.5"), (key_in(1), b"21.7")
    # an idempotent producer takes a refused record for the end of everything, and fails all the others too
    with producer(kafka_cluster.bootstrap_servers, enable_idempotence=False) as made:
        readings = [before, large, huge, after]
        acknowledged = as_readings(outcome_of(lambda: kata.send_safely(made, topic, readings, 15)))
    assert acknowledged == [before, after], (
        "Sent were a small reading, one that the brokers refuse as too large, one that the client itself refuses, and a "
        f"small one. send_safely says that readings of {[len(value) for _, value in acknowledged]} bytes were acknowledged, "
        "not of 4 and 4. A reading is acknowledged when its future has a result; a refused one is left out, and the next "
        "one's turn comes."
    )
    stored = [record.value for record in kafka_cluster.records(topic)]
    assert stored == [before[1], after[1]], f"The topic holds {len(stored)} readings, not the two small ones."


def key_in(partition: int) -> bytes:
    """A key that a client sends to this partition of two."""
    return next(
        key for key in (b"eu/%d" % number for number in range(99)) if (murmur2(key) & 0x7FFFFFFF) % 2 == partition
    )


@pytest.mark.step(6, "send_safely")
@pytest.mark.timeout(90)
def test_acknowledged_readings_survive_the_leaders_death(kata: ModuleType, kafka_cluster: KafkaCluster) -> None:
    count, topic = 2000, kafka_cluster.topic("readings", partitions=3, config={"min.insync.replicas": 2})
    readings = [(b"eu/%d" % (number % 20), b"%d" % number) for number in range(count)]
    leader = kafka_cluster.leader(topic, 0)
    killed: list[int] = []

    def as_they_come() -> Iterator[Reading]:
        for number, reading in enumerate(readings):
            if number == count // 2:
                some_are_stored(kafka_cluster, topic, 200)
                leader.kill()
                killed.append(number)
            yield reading

    with producer(kafka_cluster.bootstrap_servers) as made:
        outcome = Aside(lambda: kata.send_safely(made, topic, as_they_come(), 45)).outcome(60, "send_safely")
    acknowledged = as_readings(outcome)
    assert killed, (
        f"send_safely returned {len(acknowledged)} readings and had not taken half of those that it was given."
    )
    assert len(acknowledged) >= 1500, (
        f"Node {leader.id} was killed while 2000 readings were sent; {len(acknowledged)} were acknowledged. Two of three "
        "nodes go on, and a producer tries again by itself: wait for each future, don't give up at the first error."
    )
    order = {reading: number for number, reading in enumerate(readings)}
    unknown = [one for one in acknowledged if one not in order]
    assert not unknown, f"send_safely returned {unknown[:3]}, which it was not given."
    numbers = [order[one] for one in acknowledged]
    assert numbers == sorted(numbers), "The acknowledged readings are not in the order in which they were given."
    stored = Counter((record.key, record.value) for record in kafka_cluster.records(topic, timeout=15))
    wrong = {one: stored[one] for one in acknowledged if stored[one] != 1}
    assert not wrong, (
        f"{len(wrong)} acknowledged readings are not in the topic exactly once: {dict(list(wrong.items())[:3])}."
    )
    by_key: dict[bytes, list[int]] = {}
    for record in kafka_cluster.records(topic, timeout=15):
        by_key.setdefault(record.key, []).append(int(record.value))
    mixed = [key for key, some in by_key.items() if some != sorted(some)]
    assert not mixed, f"The readings of the sensors {mixed[:3]} are not in order."


def some_are_stored(cluster: KafkaCluster, topic: str, count: int) -> None:
    """Wait until the topic holds `count` records; no longer than 5 s, since an answer may send all at the end."""
    end = time.monotonic() + 5
    while time.monotonic() < end and len(cluster.records(topic)) < count:
        time.sleep(0.1)


@pytest.mark.step(7, "send_safely", "health", "PartitionHealth")
@pytest.mark.timeout(90)
def test_writes_stop_below_min_in_sync(
    kata: ModuleType, kafka_cluster: KafkaCluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="kafka")  # a producer logs each of its hundreds of tries
    servers, deadline = kafka_cluster.bootstrap_servers, 3
    topic = kafka_cluster.topic("readings", replication_factor=2, config={"min.insync.replicas": 2})
    leader = kafka_cluster.leader(topic, 0).id
    (follower,) = set(described(kafka_cluster, topic)[0]["replica_nodes"]) - {leader}
    kafka_cluster.node_of(follower).stop()
    kafka_cluster.wait_isr(topic, 1, timeout=A_WHILE)

    one = health_of(kata, servers, topic)[0]
    assert one.leader is not None, f"Partition 0 is led by node {leader}, which runs; health says {one!r}."
    assert not one.writable, f"One replica is in sync, two must be; health says {flags(one)}."
    made = KafkaProducer(bootstrap_servers=servers)
    try:
        made.partitions_for(topic)
        readings = [(b"eu/1", b"%d" % number) for number in range(4)]
        begun = time.monotonic()
        outcome = Aside(lambda: kata.send_safely(made, topic, readings, deadline)).outcome(20, "send_safely")
        seconds = time.monotonic() - begun
        assert as_readings(outcome) == [], (
            f"One replica is in sync, two must be, so the broker refuses every write; send_safely {told(outcome)}."
        )
        assert seconds < 8, (
            f"send_safely with deadline={deadline} came back after {seconds:.1f} s: the deadline is for all four readings "
            "together."
        )
    finally:
        # what it still holds cannot be sent: closing waits, so it must not hold up the test
        Aside(lambda: made.close(timeout=0))
    kafka_cluster.node_of(follower).start()
    eventually(
        lambda: health_of(kata, servers, topic)[0].writable,
        A_WHILE,
        lambda: f"Node {follower} is back; health says {health_of(kata, servers, topic)[0]!r}.",
    )


@pytest.mark.step(8, "health", "PartitionHealth")
@pytest.mark.timeout(90)
def test_paused_follower_leaves_the_isr_and_returns(kata: ModuleType, kafka_cluster: KafkaCluster) -> None:
    topic = kafka_cluster.topic("readings", config={"min.insync.replicas": 2})
    before = described(kafka_cluster, topic)[0]
    paused = kafka_cluster.node_of(min(set(before["replica_nodes"]) - {before["leader_id"]}))
    # not the paused one: it takes connections and answers none
    servers = ",".join(node.bootstrap_servers for node in kafka_cluster.nodes if node is not paused)

    def first() -> Any:
        return health_of(kata, servers, topic)[0]

    paused.pause()
    kafka_cluster.wait_isr(topic, 2, timeout=A_WHILE)
    one: Any = eventually(
        lambda: found if paused.id not in (found := first()).in_sync else None,
        A_WHILE,
        lambda: f"Node {paused.id} has been silent for long; health says {first()!r}.",
    )
    assert (one.under_replicated, one.offline, one.writable) == (True, False, True), (
        f"A follower is silent, two of three are in sync; health says {flags(one)}."
    )
    paused.resume()
    kafka_cluster.wait_isr(topic, 3, timeout=A_WHILE)
    eventually(
        lambda: first().in_sync == frozenset(before["replica_nodes"]),
        A_WHILE,
        lambda: f"Node {paused.id} goes on and has caught up; health says {first()!r}.",
    )


@pytest.mark.step(9, "restore_leaders")
@pytest.mark.timeout(90)
def test_restore_leaders(kata: ModuleType, kafka_cluster: KafkaCluster) -> None:
    servers = kafka_cluster.bootstrap_servers
    topic = kafka_cluster.topic("readings", partitions=3)
    other = kafka_cluster.topic("others", partitions=3)

    def restored() -> int:
        outcome = Aside(lambda: kata.restore_leaders(servers, topic)).outcome(25, "restore_leaders")
        assert isinstance(outcome, int), f"restore_leaders {told(outcome)}; how many partitions changed was promised."
        return outcome

    def away(name: str = topic) -> list[int]:
        """Partitions that their preferred replica does not lead."""
        return [number for number, one in described(kafka_cluster, name).items() if not led_by_preferred(one)]

    node = kafka_cluster.leader(topic, 0)
    node.stop()  # hands over what it leads before it goes
    kafka_cluster.wait_isr(topic, 2, timeout=A_WHILE)
    count = restored()
    assert count == 0, (
        f"The preferred leader of partition 0 is down; restore_leaders says that it changed {count} partitions. Who is not "
        "in sync must not lead."
    )
    node.start()
    kafka_cluster.wait_isr(topic, 3, timeout=A_WHILE)
    kafka_cluster.wait_isr(other, 3, timeout=A_WHILE)
    wanted = away()
    assert 0 in wanted, "The test expected another node to lead partition 0."
    elsewhere = away(other)
    count = restored()
    assert count == len(wanted), (
        f"The preferred replica did not lead the partitions {wanted}; restore_leaders says that it changed {count}. An "
        "election that was not needed changes nothing."
    )
    eventually(lambda: not away(), 15.0, lambda: f"The partitions {away()} are not led by their preferred replica.")
    again = restored()
    assert again == 0, f"All preferred replicas lead; a second restore_leaders says that it changed {again}."
    assert away(other) == elsewhere, "restore_leaders has changed the leaders of a topic that it was not given."


def led_by_preferred(partition: dict[str, Any]) -> bool:
    return bool(partition["leader_id"] == partition["replica_nodes"][0])
