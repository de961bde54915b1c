"""The Kafka fixtures on a real node."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from pytest_mqkata.errors import ServerConfigError, SharedServerError

if TYPE_CHECKING:
    from pytest_mqkata.brokers.kafka import KafkaServer

pytestmark = pytest.mark.timeout(120)


def _send(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    try:
        for future in [producer.send(topic, value, partition=0) for value in values]:
            future.get(timeout=10)
    finally:
        producer.close()


def test_records_and_batches_show_what_is_stored(kafka_server: KafkaServer) -> None:
    """Records come back in offset order; batches are as the broker wrote them."""
    topic = kafka_server.topic("orders", partitions=2)
    _send(kafka_server.url, topic, [b"a", b"b", b"c"])

    assert [record.value for record in kafka_server.records(topic)] == [b"a", b"b", b"c"]
    batches = kafka_server.batches(topic)
    assert sum(batch.count for batch in batches) == 3
    assert {batch.partition for batch in batches} == {0}
    assert not any(batch.is_transactional for batch in batches)


def test_names_are_fresh(kafka_server: KafkaServer) -> None:
    """Two topics of the same stem are two topics."""
    assert kafka_server.topic("orders") != kafka_server.topic("orders")


def test_an_empty_topic_has_no_records(kafka_server: KafkaServer) -> None:
    """Nothing is waited for."""
    assert kafka_server.records(kafka_server.topic("orders")) == []


def test_a_client_stays_behind_the_advertised_proxy(kafka_server: KafkaServer) -> None:
    """A producer that bootstraps through the proxy keeps to it: when it blocks, nothing arrives."""
    topic = kafka_server.topic("orders")
    producer = KafkaProducer(
        bootstrap_servers=kafka_server.proxied.url, delivery_timeout_ms=3000, request_timeout_ms=1000
    )
    try:
        producer.send(topic, b"before").get(timeout=10)
        kafka_server.proxied.block("to_broker")
        with pytest.raises(KafkaError):
            producer.send(topic, b"blocked").get(timeout=10)
    finally:
        producer.close(timeout=1)

    assert [record.value for record in kafka_server.records(topic)] == [b"before"]


def test_two_tests_get_two_proxies(kafka_server: KafkaServer) -> None:
    """A proxy in use is nobody else's."""
    from pytest_mqkata.brokers.kafka import KafkaServer

    other = KafkaServer(kafka_server.lease, shared=True)
    assert kafka_server.proxied.port != other.proxied.port
    other.proxied.close()


def test_a_shared_node_cannot_be_killed(kafka_server: KafkaServer) -> None:
    """The error names the fixture to use."""
    with pytest.raises(SharedServerError, match="kafka_server_factory"):
        kafka_server.kill()


def test_a_private_node_keeps_its_data_over_a_kill(kafka_server_factory: Callable[..., KafkaServer]) -> None:
    """It comes back on the same address with all that was acknowledged."""
    server = kafka_server_factory({"log.segment.bytes": 1048576})
    topic = server.topic("orders")
    _send(server.url, topic, [b"a", b"b"])
    address, first = server.url, server.pid
    server.kill()
    assert not server.alive
    server.start()

    assert server.url == address
    assert server.pid != first
    consumer = KafkaConsumer(
        topic, bootstrap_servers=server.url, auto_offset_reset="earliest", consumer_timeout_ms=5000
    )
    assert [next(consumer).value for _ in range(2)] == [b"a", b"b"]
    consumer.close()


def test_a_refused_config_shows_kafka_s_own_words(kafka_server_factory: Callable[..., KafkaServer]) -> None:
    """The learner's setting is named."""
    with pytest.raises(ServerConfigError, match=r"num\.io\.threads"):
        kafka_server_factory("num.io.threads=many\n")


def test_evidence_names_topics_and_offsets(kafka_server: KafkaServer) -> None:
    """The end offset of each partition, and how far behind a group is."""
    topic, group = kafka_server.topic("orders"), kafka_server.name("packing")
    _send(kafka_server.url, topic, [b"a", b"b", b"c"])
    consumer = KafkaConsumer(bootstrap_servers=kafka_server.url, group_id=group, enable_auto_commit=False)
    consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(1, "", -1)})
    consumer.close()

    assert kafka_server.evidence() == [
        f"topic {topic}: end offset by partition {{0: 3}}",
        f"group {group}: committed 1 of 3 in {topic} partition 0, lag 2",
    ]
