"""$title."""

from __future__ import annotations

from kafka import KafkaProducer


def publish(bootstrap_servers: str, topic: str, value: bytes) -> int:
    """Write one record to a topic that exists; returns when the broker has it.

    Args:
        bootstrap_servers: "host:port".
        topic: its name.
        value: the record's value.

    Returns:
        The record's offset.
    """
    producer = KafkaProducer(bootstrap_servers=bootstrap_servers)
    try:
        return int(producer.send(topic, value).get(timeout=10).offset)
    finally:
        producer.close()
