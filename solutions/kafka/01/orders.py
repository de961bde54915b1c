"""Kafka 01: a web shop writes its orders to a topic; other programs print, work through and replay them.

Every function closes the clients that it opens.

Run: pytest katas/kafka/01
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import closing, suppress

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import RebalanceInProgressError, TopicAlreadyExistsError

_DEADLINE = 15.0  # seconds


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
    settings = {} if retention_ms is None else {"retention.ms": str(retention_ms)}
    topic = NewTopic(name, partitions, replication_factor, topic_configs=settings)
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap_servers)) as admin:
        try:
            admin.create_topics([topic])
            created = True
        except TopicAlreadyExistsError:
            created = False
        found = _wait_for_leaders(admin, name, partitions if created else None)
    if len(found) != partitions:
        raise ValueError(f"the topic {name} has {len(found)} partitions, not {partitions}")
    return created


def topic_layout(bootstrap_servers: str, name: str) -> dict[int, int]:
    """Partition number to the node id of its leader.

    Raises:
        KeyError: there is no such topic. Asking creates none.
    """
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap_servers)) as admin:
        return _leaders(admin, name)


def publish_orders(bootstrap_servers: str, topic: str, orders: Iterable[dict]) -> list[tuple[int, int]]:
    """Write each order as UTF-8 JSON and return its (partition, offset), in the order given.

    The key is order["customer"] as UTF-8, and each record has the header ("content-type", b"application/json"). All
    orders are stored when it returns. If the broker refuses any, that error is raised (earlier ones may stay stored).
    """
    with closing(KafkaProducer(bootstrap_servers=bootstrap_servers)) as producer:
        futures = [
            producer.send(
                topic,
                key=order["customer"].encode(),
                value=json.dumps(order).encode(),
                headers=[("content-type", b"application/json")],
            )
            for order in orders
        ]
        stored = [future.get(timeout=30) for future in futures]
    return [(one.partition, one.offset) for one in stored]


def read_orders(bootstrap_servers: str, topic: str, timeout: float = 10.0) -> list[dict]:
    """All orders that the topic holds at the time of the call, each partition in offset order.

    Joins no group and commits nothing, so every call returns everything. Orders that are written during the call may
    be left out. An empty topic gives [] without waiting.

    Raises:
        TimeoutError: the end was not reached in `timeout` seconds.
    """
    with closing(_consumer(bootstrap_servers)) as consumer:
        partitions = _partitions(consumer, topic)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        return _read_to(consumer, consumer.end_offsets(partitions), timeout)


def resume_orders(bootstrap_servers: str, topic: str, group: str, max_orders: int) -> list[dict]:
    """The next orders, at most `max_orders`, that `group` has not had; a new group begins at the start of the topic.

    Commits exactly what it returns, before it returns. [] if nothing is left; fewer than `max_orders` only if the
    topic ends.
    """
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=100,  # an empty fetch waits at the broker, and the question for the ends waits behind it
    )
    with closing(consumer):
        consumer.partitions_for_topic(topic)  # or a first poll may join the group before it knows the topic
        consumer.subscribe([topic])
        orders: list[dict] = []
        taken: dict[TopicPartition, OffsetAndMetadata] = {}
        deadline = time.monotonic() + _DEADLINE
        while len(orders) < max_orders and not _at_the_ends(consumer):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the group {group} got no orders of {topic} in {_DEADLINE:g} s")
            wanted = max_orders - len(orders)
            for partition, records in consumer.poll(timeout_ms=200, max_records=wanted).items():
                orders += [json.loads(record.value) for record in records]
                taken[partition] = OffsetAndMetadata(records[-1].offset + 1, "", -1)
        if taken:
            _commit(consumer, taken, deadline)
        return orders


def _commit(consumer: KafkaConsumer, taken: dict[TopicPartition, OffsetAndMetadata], deadline: float) -> None:
    """A member joins its group once more when it learns of the topic's partitions; a commit meanwhile is refused."""
    while True:
        try:
            consumer.commit(taken)
            return
        except RebalanceInProgressError:
            if time.monotonic() > deadline:
                raise
            consumer.poll(timeout_ms=100)  # takes part in it; what it may return is not committed, so it comes again


def replay_since(bootstrap_servers: str, topic: str, timestamp_ms: int) -> list[dict]:
    """Every order from the first record of each partition whose timestamp is `timestamp_ms` or later, to the ends.

    The ends are those at the time of the call. Timestamps are milliseconds since the epoch. Joins no group.
    """
    with closing(_consumer(bootstrap_servers)) as consumer:
        partitions = _partitions(consumer, topic)
        found = consumer.offsets_for_times(dict.fromkeys(partitions, timestamp_ms))
        starts = {partition: first.offset for partition, first in found.items() if first is not None}
        if not starts:
            return []
        consumer.assign(list(starts))
        for partition, offset in starts.items():
            consumer.seek(partition, offset)
        return _read_to(consumer, consumer.end_offsets(list(starts)), _DEADLINE)


def _leaders(admin: KafkaAdminClient, name: str) -> dict[int, int]:
    """Partition to leader, -1 where there is none yet."""
    topic = admin.describe_topics([name])[0]
    if topic["error_code"]:
        raise KeyError(name)
    return {one["partition_index"]: one["leader_id"] for one in topic["partitions"]}


def _wait_for_leaders(admin: KafkaAdminClient, name: str, partitions: int | None) -> dict[int, int]:
    """The layout, once every partition has a leader; just after its creation a topic may be unknown or incomplete."""
    deadline = time.monotonic() + _DEADLINE
    while True:
        with suppress(KeyError):
            found = _leaders(admin, name)
            complete = partitions is None or len(found) == partitions
            if complete and all(leader >= 0 for leader in found.values()):
                return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"the topic {name} has no leaders after {_DEADLINE:g} s")
        time.sleep(0.05)


def _consumer(bootstrap_servers: str) -> KafkaConsumer:
    return KafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest")


def _partitions(consumer: KafkaConsumer, topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]


def _read_to(consumer: KafkaConsumer, ends: dict[TopicPartition, int], timeout: float) -> list[dict]:
    """What is left before `ends`. The position tells where one is: the last offset may belong to no record."""
    orders: dict[TopicPartition, list[dict]] = {partition: [] for partition in ends}
    deadline = time.monotonic() + timeout
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the end of the topic was not reached in {timeout:g} s")
        for partition, records in consumer.poll(timeout_ms=200).items():
            orders[partition] += [json.loads(one.value) for one in records if one.offset < ends[partition]]
    return [order for part in orders.values() for order in part]


def _at_the_ends(consumer: KafkaConsumer) -> bool:
    """Whether the group's member has its partitions and has read them to their ends."""
    assigned = list(consumer.assignment())
    if not assigned:
        return False
    ends = consumer.end_offsets(assigned)
    return all(consumer.position(partition) >= ends[partition] for partition in assigned)
