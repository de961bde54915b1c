"""What a subscriber must be able to rely on."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import nats
import pytest
from nats.errors import TimeoutError as NatsTimeout


@pytest.mark.step(1, "publish")
async def test_step1_a_message_arrives(kata: ModuleType, nats_server: Any) -> None:
    subject = nats_server.fresh("subject")
    connection = await nats.connect(nats_server.url)
    try:
        subscription = await connection.subscribe(subject)
        await connection.flush()
        await kata.publish(nats_server.url, subject, b"hello")
        try:
            message = await subscription.next_msg(timeout=2)
        except NatsTimeout:
            pytest.fail("publish() returned, and the subscriber has got nothing within 2 s.")
        assert message.data == b"hello", f"The subscriber got {message.data!r}; b'hello' was published."
    finally:
        await connection.close()
