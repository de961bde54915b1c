"""What the receiver of a message must be able to rely on."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from pytest_mqkata.testing import eventually


@pytest.mark.step(1, "publish")
def test_step1_a_message_arrives(kata: ModuleType, rabbitmq_server: Any) -> None:
    queue = rabbitmq_server.fresh("queue")
    with rabbitmq_server.connect() as connection:
        channel = connection.channel()
        channel.queue_declare(queue, durable=True)
        kata.publish(channel, queue, b"hello")
        eventually(
            lambda: rabbitmq_server.ready(queue) == 1,
            message="The queue holds no message: publish() returned, and nothing was routed to it.",
            timeout=3,
        )
        _, properties, body = channel.basic_get(queue, auto_ack=True)
    assert body == b"hello", f"The queue holds {body!r}; b'hello' was published."
    assert properties.delivery_mode == 2, "The message is not persistent: a restart of the broker loses it."
