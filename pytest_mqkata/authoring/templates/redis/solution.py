"""$title."""

from __future__ import annotations

from redis import Redis


def publish(url: str, key: str, value: str) -> None:
    """Put one message at the end of a list.

    Args:
        url: "redis://host:port/0".
        key: the list's.
        value: the message.
    """
    with Redis.from_url(url) as client:
        client.rpush(key, value)
