"""Serializers in the clients, and a group that takes too much and seeks back.

It shows the other way to commit exactly what was taken: `seek` puts the position where the group is to go on, and
`commit()` without arguments then commits just that.
"""

from __future__ import annotations

import json
import time
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError


def create_topic(bootstrap_servers, name, partitions=1, replication_factor=1, retention_ms=None):
    config = {"retention.ms": str(retention_ms)} if retention_ms is not None else {}
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        admin.create_topics([NewTopic(name, partitions, replication_factor, topic_configs=config)])
    except TopicAlreadyExistsError:
        count = len(topic_layout(bootstrap_servers, name))
        if count != partitions:
            raise ValueError(f"{name} has {count} partitions, not {partitions}") from None
        return False
    finally:
        admin.close()
    while True:
        try:
            leaders = topic_layout(bootstrap_servers, name).values()
        except KeyError:
            leaders = []
        if len(leaders) == partitions and all(leader >= 0 for leader in leaders):
            return True
        time.sleep(0.02)


def topic_layout(bootstrap_servers, name):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        if name not in admin.list_topics():
            raise KeyError(name)
        (topic,) = admin.describe_topics([name])
        return {one["partition_index"]: one["leader_id"] for one in topic["partitions"]}
    finally:
        admin.close()


def publish_orders(bootstrap_servers, topic, orders):
    producer = KafkaProducer(
        bootstrap_servers=bootstrap_servers,
        key_serializer=str.encode,
        value_serializer=lambda order: json.dumps(order).encode(),
    )
    places = []
    try:
        for order in orders:
            future = producer.send(
                topic, key=order["customer"], value=order, headers=[("content-type", b"application/json")]
            )
            stored = future.get(timeout=30)  # one after the other: slower, and an error comes before the next order
            places.append((stored.partition, stored.offset))
    finally:
        producer.close()
    return places


class _Log:
    """A topic's records without a group, from some start up to the ends at the time of the call."""

    def __init__(self, servers: str, topic: str) -> None:
        self.consumer = KafkaConsumer(
            bootstrap_servers=servers, value_deserializer=json.loads, enable_auto_commit=False
        )
        self.partitions = [TopicPartition(topic, one) for one in self.consumer.partitions_for_topic(topic) or ()]

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.consumer.close()

    def read(self, starts: dict[TopicPartition, int], timeout: float) -> list[dict[str, Any]]:
        until = time.monotonic() + timeout
        open_ends = {one: end for one, end in self.consumer.end_offsets(list(starts)).items() if starts[one] < end}
        self.consumer.assign(list(open_ends))
        for one in open_ends:
            self.consumer.seek(one, starts[one])
        orders: list[dict[str, Any]] = []
        while open_ends:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(open_ends)} partitions were not read to their ends")
            for one, records in self.consumer.poll(timeout_ms=100).items():
                orders += [record.value for record in records if one in open_ends and record.offset < open_ends[one]]
            for one in [one for one, end in open_ends.items() if self.consumer.position(one) >= end]:
                del open_ends[one]
                self.consumer.pause(one)
        return orders


def read_orders(bootstrap_servers, topic, timeout=10.0):
    with _Log(bootstrap_servers, topic) as log:
        return log.read(log.consumer.beginning_offsets(log.partitions), timeout)


def replay_since(bootstrap_servers, topic, timestamp_ms):
    with _Log(bootstrap_servers, topic) as log:
        found = log.consumer.offsets_for_times({one: timestamp_ms for one in log.partitions})
        return log.read({one: first.offset for one, first in found.items() if first}, 10.0)


def resume_orders(bootstrap_servers, topic, group, max_orders):
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        value_deserializer=json.loads,
    )
    try:
        orders: list[dict[str, Any]] = []
        while len(orders) < max_orders:
            for partition, records in consumer.poll(timeout_ms=1000).items():
                left = max_orders - len(orders)
                orders += [record.value for record in records[:left]]
                if len(records) > left:
                    consumer.seek(partition, records[left].offset)
            mine = consumer.assignment()
            ends = consumer.end_offsets(list(mine))
            if mine and all(consumer.position(one) >= ends[one] for one in mine):
                break
        consumer.commit()
        return orders
    finally:
        consumer.close()
