"""Kafka 03: a fleet of sensors; each one's readings stay in order, and any one machine may die.

Every function closes the clients that it opens.

Run: pytest katas/kafka/03
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.cluster import ClusterMetadata
from kafka.errors import KafkaError
from kafka.partitioner import Partitioner, murmur2

_T = TypeVar("_T")

_DEADLINE = 15.0  # seconds
_PREFERRED = 0  # the kind of election; 1 would be unclean
_UNKNOWN_TOPIC = 3


def partition_for(key: bytes, partitions: int) -> int:
    """The partition to which a Kafka client with default settings sends this key.

    That is Java's murmur2 of the key, masked positive, modulo the number of partitions.

    Raises:
        ValueError: `partitions` < 1.
    """
    if partitions < 1:
        raise ValueError(f"a topic has at least one partition, not {partitions}")
    return (int(murmur2(key)) & 0x7FFFFFFF) % partitions


def moved_keys(keys: Iterable[bytes], before: int, after: int) -> set[bytes]:
    """The keys that change partition when the topic grows from `before` to `after` partitions."""
    return {key for key in keys if partition_for(key, before) != partition_for(key, after)}


class RegionPartitioner(Partitioner):
    """A partitioner for KafkaProducer(partitioner=…): hot regions get partitions of their own."""

    def __init__(self, hot: Sequence[str]):
        """Keep the hot regions: `hot[i]` has partition i for itself."""
        self._hot = {region.encode(): number for number, region in enumerate(hot)}

    def partition(
        self,
        topic: str,
        key: Any,
        serialized_key: bytes | None,
        value: Any,
        serialized_value: bytes | None,
        cluster: ClusterMetadata,
    ) -> int:
        """The partition for a record whose `serialized_key` is b"<region>/<sensor>".

        Region `hot[i]` goes to partition i. Any other key is spread by `partition_for` over the partitions from
        len(hot) up, the same key always to the same one, also while a partition has no leader. A record without a key
        goes to any partition from len(hot) up.

        Raises:
            ValueError: the topic has no partition left for the others.
        """
        everything: list[int] = sorted(cluster.partitions_for_topic(topic) or ())
        others = everything[len(self._hot) :]
        if not others:
            raise ValueError(f"{topic} has {len(everything)} partitions, and {len(self._hot)} regions are hot")
        if serialized_key is None:
            return random.choice(others)
        region = bytes(serialized_key).partition(b"/")[0]
        if region in self._hot:
            return everything[self._hot[region]]
        return others[partition_for(serialized_key, len(others))]


def create_replicated(
    bootstrap_servers: str, name: str, partitions: int, replication_factor: int, min_in_sync: int
) -> None:
    """Create a topic that loses no acknowledged record when a node dies.

    It refuses acks=all writes with fewer than `min_in_sync` replicas in sync, and never elects a leader that may lack
    records.

    Raises:
        ValueError: before anything is created, if not 1 <= min_in_sync <= replication_factor, or if min_in_sync ==
            replication_factor > 1 (then one dead node stops all writes).
    """
    if not 1 <= min_in_sync <= replication_factor:
        raise ValueError(f"min_in_sync is {min_in_sync}; with {replication_factor} replicas it is 1 to that many")
    if min_in_sync == replication_factor > 1:
        raise ValueError(f"{min_in_sync} of {replication_factor} in sync: one dead node would stop all writes")
    settings = {"min.insync.replicas": str(min_in_sync), "unclean.leader.election.enable": "false"}
    new = NewTopic(name, partitions, replication_factor, topic_configs=settings)
    with closing(_admin(bootstrap_servers)) as admin:
        admin.create_topics([new])


@dataclass(frozen=True)
class PartitionHealth:
    """How a partition is.

    Attributes:
        leader: node id; None if the partition has no leader.
        replicas: node ids of those that are to have a copy.
        in_sync: node ids of those whose copy is complete.
        min_in_sync: so many must be in sync for an acks=all write.
    """

    leader: int | None
    replicas: frozenset[int]
    in_sync: frozenset[int]
    min_in_sync: int

    @property
    def under_replicated(self) -> bool:
        """Whether fewer are in sync than there are replicas."""
        return len(self.in_sync) < len(self.replicas)

    @property
    def offline(self) -> bool:
        """Whether it has no leader: it can be neither written nor read."""
        return self.leader is None

    @property
    def writable(self) -> bool:
        """Whether it takes acks=all writes: it has a leader, and at least min_in_sync are in sync."""
        return not self.offline and len(self.in_sync) >= self.min_in_sync


def health(bootstrap_servers: str, topic: str) -> dict[int, PartitionHealth]:
    """How each partition of the topic is, with min_in_sync as the topic's effective setting.

    Works with one of the bootstrap servers down: tries again for up to 15 s.

    Raises:
        KeyError: there is no such topic.
    """

    def look(admin: KafkaAdminClient) -> dict[int, PartitionHealth]:
        partitions = _partitions(admin, topic)
        found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
        minimum = int(found["topic"][topic]["min.insync.replicas"]["value"])
        return {
            one["partition_index"]: PartitionHealth(
                leader=one["leader_id"] if one["leader_id"] >= 0 else None,
                replicas=frozenset(one["replica_nodes"]),
                in_sync=frozenset(one["isr_nodes"]),
                min_in_sync=minimum,
            )
            for one in partitions
        }

    return _asked(bootstrap_servers, look)


def send_safely(
    producer: KafkaProducer, topic: str, readings: Iterable[tuple[bytes, bytes]], deadline: float
) -> list[tuple[bytes, bytes]]:
    """Send (key, value) pairs in order; return those that every in-sync replica acknowledged, in the order given.

    The others failed, or were not acknowledged in time. Goes on through a leader's death, and after a reading that is
    refused, which is not raised. `deadline` seconds are for all readings together. The producer stays the caller's.
    """
    end = time.monotonic() + deadline
    sent = []
    for reading in readings:
        with suppress(KafkaError, ValueError):
            sent.append((reading, producer.send(topic, key=reading[0], value=reading[1])))
    acknowledged = []
    for reading, future in sent:
        with suppress(KafkaError):
            future.get(timeout=max(0.0, end - time.monotonic()))
            acknowledged.append(reading)
    return acknowledged


def restore_leaders(bootstrap_servers: str, topic: str) -> int:
    """Make the preferred replica (first of the replica list) lead again wherever it is in sync and does not lead.

    Works with one of the bootstrap servers down: tries again for up to 15 s.

    Returns:
        How many partitions got another leader by it.
    """

    def elect(admin: KafkaAdminClient) -> int:
        away = [
            one["partition_index"]
            for one in _partitions(admin, topic)
            if one["replica_nodes"][0] in one["isr_nodes"] and one["replica_nodes"][0] != one["leader_id"]
        ]
        if not away:
            return 0  # an election without partitions would be one of all
        answer = admin.elect_leaders(_PREFERRED, {topic: away}, raise_errors=False)
        results = [one for found in answer.replica_election_results for one in found.partition_result]
        return sum(one.error_code == 0 for one in results)

    return _asked(bootstrap_servers, elect)


def _admin(bootstrap_servers: str) -> KafkaAdminClient:
    return KafkaAdminClient(
        bootstrap_servers=bootstrap_servers,
        request_timeout_ms=3000,  # a node that has just died, or is silent, costs no more than that
        bootstrap_timeout_ms=3000,
    )


def _asked(bootstrap_servers: str, question: Callable[[KafkaAdminClient], _T]) -> _T:
    """The answer, asked again with a new client while the one that was picked is at a dead node."""
    end = time.monotonic() + _DEADLINE
    while True:
        try:
            with closing(_admin(bootstrap_servers)) as admin:
                return question(admin)
        except KafkaError:
            if time.monotonic() > end:
                raise
        time.sleep(0.2)


def _partitions(admin: KafkaAdminClient, topic: str) -> list[dict[str, Any]]:
    found = admin.describe_topics([topic])[0]
    if found["error_code"] == _UNKNOWN_TOPIC:
        raise KeyError(topic)
    return list(found["partitions"])
