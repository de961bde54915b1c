"""$title."""

from __future__ import annotations

import nats


async def publish(url: str, subject: str, data: bytes) -> None:
    """Publish one message; returns when the server has it.

    Args:
        url: "nats://host:port".
        subject: where to.
        data: the message.
    """
    connection = await nats.connect(url)
    try:
        await connection.publish(subject, data)
        await connection.flush()
    finally:
        await connection.close()
