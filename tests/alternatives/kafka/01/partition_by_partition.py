"""A class-free, step-by-step style: one partition after the other, the admin client for all questions about topics.

It shows that offsets are numbers one can compute with: each partition is read from a start to an end, and a group's
place is committed without ever joining the group as a member.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError


@contextmanager
def _admin(servers: str) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=[servers])
    try:
        yield admin
    finally:
        admin.close()


def _describe(servers: str, name: str) -> dict[int, int] | None:
    with _admin(servers) as admin:
        for topic in admin.describe_topics([name]):
            if topic["error_code"] == 0:
                return {part["partition_index"]: part["leader_id"] for part in topic["partitions"]}
    return None


def create_topic(bootstrap_servers, name, partitions=1, replication_factor=1, retention_ms=None):
    there = _describe(bootstrap_servers, name)
    created = False
    if there is None:
        configs = {"retention.ms": retention_ms} if retention_ms is not None else None
        with _admin(bootstrap_servers) as admin:
            try:
                admin.create_topics(
                    [
                        NewTopic(
                            name=name,
                            num_partitions=partitions,
                            replication_factor=replication_factor,
                            topic_configs=configs,
                        )
                    ]
                )
                created = True
            except TopicAlreadyExistsError:
                pass  # somebody was quicker
        end = time.monotonic() + 15
        while time.monotonic() < end:
            there = _describe(bootstrap_servers, name)
            if there and min(there.values()) >= 0 and (not created or len(there) == partitions):
                break
    if there is None or len(there) != partitions:
        raise ValueError(f"{name} has {len(there or {})} partitions")
    return created


def topic_layout(bootstrap_servers, name):
    found = _describe(bootstrap_servers, name)
    if found is None:
        raise KeyError(name)
    return found


def publish_orders(bootstrap_servers, topic, orders: Iterable[dict]):
    producer = KafkaProducer(
        bootstrap_servers=[bootstrap_servers],
        key_serializer=lambda customer: customer.encode("utf-8"),
        value_serializer=lambda order: json.dumps(order, ensure_ascii=False).encode("utf-8"),
        linger_ms=5,
    )
    try:
        promises = []
        for order in orders:
            promises.append(
                producer.send(topic, order, key=order["customer"], headers=[("content-type", b"application/json")])
            )
        answers = [promise.get(20) for promise in promises]
        return [(answer.partition, answer.offset) for answer in answers]
    finally:
        producer.close()


def _span(consumer, partition, start, end, deadline):
    """The records of one partition from start to before end."""
    consumer.assign([partition])
    consumer.seek(partition, start)
    while consumer.position(partition) < end:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{partition} was not read to {end}")
        for record in consumer.poll(100).get(partition, []):
            if record.offset < end:
                yield record


def _read(servers, topic, timeout, timestamp_ms=None):
    consumer = KafkaConsumer(bootstrap_servers=[servers], group_id=None, enable_auto_commit=False)
    try:
        deadline = time.monotonic() + timeout
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or []]
        ends = consumer.end_offsets(partitions)
        starts = consumer.beginning_offsets(partitions)
        if timestamp_ms is not None:
            times = consumer.offsets_for_times({partition: timestamp_ms for partition in partitions})
            starts = {partition: times[partition].offset for partition in partitions if times[partition]}
        found = []
        for partition, start in starts.items():
            found += [
                json.loads(record.value.decode())
                for record in _span(consumer, partition, start, ends[partition], deadline)
            ]
        return found
    finally:
        consumer.close()


def read_orders(bootstrap_servers, topic, timeout=10.0):
    return _read(bootstrap_servers, topic, timeout)


def replay_since(bootstrap_servers, topic, timestamp_ms):
    return _read(bootstrap_servers, topic, 15, timestamp_ms)


def resume_orders(bootstrap_servers, topic, group, max_orders):
    consumer = KafkaConsumer(bootstrap_servers=[bootstrap_servers], group_id=group, enable_auto_commit=False)
    try:
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or [])]
        consumer.assign(partitions)
        begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        orders, places = [], {}
        deadline = time.monotonic() + 15
        for partition in partitions:
            start = consumer.committed(partition)
            start = begins[partition] if start is None else max(start, begins[partition])
            if len(orders) >= max_orders:
                break
            for record in _span(consumer, partition, start, ends[partition], deadline):
                orders.append(json.loads(record.value))
                places[partition] = OffsetAndMetadata(record.offset + 1, None, -1)
                if len(orders) == max_orders:
                    break
        if places:
            consumer.commit(places)
        return orders
    finally:
        consumer.close()
