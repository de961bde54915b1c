"""$title."""

from __future__ import annotations

import pika
from pika.adapters.blocking_connection import BlockingChannel


def publish(channel: BlockingChannel, queue: str, body: bytes) -> None:
    """Put one persistent message into a queue that exists.

    Args:
        channel: an open channel.
        queue: its name.
        body: the message.
    """
    channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2))
