"""Kafka 03: a fleet of sensors; each one's readings stay in order, and any one machine may die.

Every function closes the clients that it opens.

Run: pytest katas/kafka/03
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.cluster import ClusterMetadata
from kafka.partitioner import Partitioner


def partition_for(key: bytes, partitions: int) -> int:
    """The partition to which a Kafka client with default settings sends this key.

    That is Java's murmur2 of the key, masked positive, modulo the number of partitions.

    Raises:
        ValueError: `partitions` < 1.
    """
    raise NotImplementedError


def moved_keys(keys: Iterable[bytes], before: int, after: int) -> set[bytes]:
    """The keys that change partition when the topic grows from `before` to `after` partitions."""
    raise NotImplementedError


class RegionPartitioner(Partitioner):
    """A partitioner for KafkaProducer(partitioner=…): hot regions get partitions of their own."""

    def __init__(self, hot: Sequence[str]):
        """Keep the hot regions: `hot[i]` has partition i for itself."""
        raise NotImplementedError

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
        raise NotImplementedError


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
    raise NotImplementedError


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
        raise NotImplementedError

    @property
    def offline(self) -> bool:
        """Whether it has no leader: it can be neither written nor read."""
        raise NotImplementedError

    @property
    def writable(self) -> bool:
        """Whether it takes acks=all writes: it has a leader, and at least min_in_sync are in sync."""
        raise NotImplementedError


def health(bootstrap_servers: str, topic: str) -> dict[int, PartitionHealth]:
    """How each partition of the topic is, with min_in_sync as the topic's effective setting.

    Works with one of the bootstrap servers down: tries again for up to 15 s.

    Raises:
        KeyError: there is no such topic.
    """
    raise NotImplementedError


def send_safely(
    producer: KafkaProducer, topic: str, readings: Iterable[tuple[bytes, bytes]], deadline: float
) -> list[tuple[bytes, bytes]]:
    """Send (key, value) pairs in order; return those that every in-sync replica acknowledged, in the order given.

    The others failed, or were not acknowledged in time. Goes on through a leader's death, and after a reading that is
    refused, which is not raised. `deadline` seconds are for all readings together. The producer stays the caller's.
    """
    raise NotImplementedError


def restore_leaders(bootstrap_servers: str, topic: str) -> int:
    """Make the preferred replica (first of the replica list) lead again wherever it is in sync and does not lead.

    Works with one of the bootstrap servers down: tries again for up to 15 s.

    Returns:
        How many partitions got another leader by it.
    """
    raise NotImplementedError
