"""$title, with a context of its own for the producer."""

import contextlib

from kafka import KafkaProducer


def publish(bootstrap_servers, topic, value):
    with contextlib.closing(KafkaProducer(bootstrap_servers=[bootstrap_servers], acks="all")) as producer:
        future = producer.send(topic, value=value)
        producer.flush()
        return future.get(timeout=5).offset
