"""Kafka 01: a web shop writes its orders to a topic; other programs print, work through and replay them.

Every function closes the clients that it opens.

Run: pytest katas/kafka/01
"""

from __future__ import annotations

from collections.abc import Iterable

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition


def create_topic(
    bootstrap_servers: str,
    name: str,
    partitions: int = 1,
    replication_factor: int = 1,
    retention_ms: int | None = None,
) -> bool:
    """Create the topic and return True, or return False if it was there with the same number of partitions.

    On return every partition has a leader: a producer can send at once. `retention_ms`, if given, becomes the topic's
    setting `retention.ms`.

    Raises:
        ValueError: the topic exists with another number of partitions; nothing is changed.
        KafkaError: any other refusal of the broker (a bad name, too few brokers), as the client raises it.
    """
    raise NotImplementedError


def topic_layout(bootstrap_servers: str, name: str) -> dict[int, int]:
    """Partition number to the node id of its leader.

    Raises:
        KeyError: there is no such topic. Asking creates none.
    """
    raise NotImplementedError


def publish_orders(bootstrap_servers: str, topic: str, orders: Iterable[dict]) -> list[tuple[int, int]]:
    """Write each order as UTF-8 JSON and return its (partition, offset), in the order given.

    The key is order["customer"] as UTF-8, and each record has the header ("content-type", b"application/json"). All
    orders are stored when it returns. If the broker refuses any, that error is raised (earlier ones may stay stored).
    """
    raise NotImplementedError


def read_orders(bootstrap_servers: str, topic: str, timeout: float = 10.0) -> list[dict]:
    """All orders that the topic holds at the time of the call, each partition in offset order.

    Joins no group and commits nothing, so every call returns everything. Orders that are written during the call may
    be left out. An empty topic gives [] without waiting.

    Raises:
        TimeoutError: the end was not reached in `timeout` seconds.
    """
    raise NotImplementedError


def resume_orders(bootstrap_servers: str, topic: str, group: str, max_orders: int) -> list[dict]:
    """The next orders, at most `max_orders`, that `group` has not had; a new group begins at the start of the topic.

    Commits exactly what it returns, before it returns. [] if nothing is left; fewer than `max_orders` only if the
    topic ends.
    """
    raise NotImplementedError


def replay_since(bootstrap_servers: str, topic: str, timestamp_ms: int) -> list[dict]:
    """Every order from the first record of each partition whose timestamp is `timestamp_ms` or later, to the ends.

    The ends are those at the time of the call. Timestamps are milliseconds since the epoch. Joins no group.
    """
    raise NotImplementedError
