"""Helpers for tests that watch a RabbitMQ over a connection of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pika
from pika.adapters.blocking_connection import BlockingChannel


@contextlib.contextmanager
def opened(url: str) -> Iterator[BlockingChannel]:
    """A channel on a connection of its own, both closed at the end; no matter if they were lost before."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        with contextlib.suppress(Exception):
            connection.close()
