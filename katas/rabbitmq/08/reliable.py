"""RabbitMQ 08 · Production patterns.

The payment provider goes live. Every message must arrive, be handled once in effect, be unreadable to others, and survive
schema changes, outages and poison; the broker speaks TLS only, and each service may do only its job.

Run: pytest katas/rabbitmq/08
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from pika import BasicProperties, BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel


class Unroutable(Exception):
    """No queue takes the message; to try again is useless."""


class NotConfirmed(Exception):
    """All attempts failed; `__cause__` is the last error."""


class UnsupportedVersion(Exception):
    """The event's schema version is missing, is no version, or cannot be brought to the current one."""


class CannotOpen(Exception):
    """None of the keys opens it, it was tampered with, or it is no envelope."""


class Park(Exception):
    """Raised by a handler: never try this message again."""


@dataclass(frozen=True)
class Report:
    """What `consume` did with the messages that it was given: how many times each."""

    done: int
    retried: int
    parked: int


def backoff(attempt: int, *, base: float = 0.1, cap: float = 5.0, rng: Callable[[], float] = random.random) -> float:
    """The pause in seconds before retry number `attempt` (1, 2, …).

    It lies between one half (`rng()` is 0) and the whole (`rng()` goes to 1) of min(cap, base·2^(attempt-1)), and is
    linear in `rng()`. Any attempt up to 10 000 works.
    """
    raise NotImplementedError


class Publisher:
    """Publishes over a pool of connections; a context manager. Any number of threads may call `publish`."""

    def __init__(self, url: str, *, pool_size: int = 2, attempts: int = 6, base: float = 0.1, cap: float = 2.0) -> None:
        """Opens nothing yet; later no more than `pool_size` connections, which are used again and again.

        Args:
            url: the broker.
            pool_size: how many connections there may be.
            attempts: how many times a message is tried in all.
            base, cap: seconds, for the `backoff` between two attempts.
        """
        raise NotImplementedError

    def publish(self, exchange: str, routing_key: str, body: bytes, properties: BasicProperties | None = None) -> str:
        """Publish a persistent, mandatory message and wait for its confirm.

        The message_id is that of `properties`, or a new one; it is the same in all attempts. All else in `properties`
        is sent as it is, and the caller's object stays as it was. Outages and nacks are tried again after a pause.

        Returns:
            The message_id.

        Raises:
            Unroutable: no queue takes the message; raised at once.
            NotConfirmed: all attempts failed.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the connections, once those who use one are done."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def seal(
    event: Mapping[str, Any], *, version: int, keys: Sequence[bytes], compress_over: int = 1024
) -> tuple[bytes, BasicProperties]:
    """Put an event into an envelope that only the holder of a key opens.

    The event as UTF-8 JSON, compressed with gzip if that is longer than `compress_over` bytes, then encrypted with Fernet
    and `keys[0]`.

    Returns:
        The body, and its properties: content_type "application/json", content_encoding "gzip" or "identity", the header
        "schema-version" (an int), a new message_id, persistent.
    """
    raise NotImplementedError


def unseal(
    body: bytes,
    properties: BasicProperties,
    *,
    keys: Sequence[bytes],
    current: int,
    upcasters: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]],
) -> dict[str, Any]:
    """Open an envelope and bring the event to the schema version `current`.

    Args:
        keys: any of them opens it.
        upcasters: `upcasters[v]` makes an event of version v + 1 from one of version v.

    Raises:
        UnsupportedVersion: the version is newer than `current`, is missing, is not an int of at least 1, or an upcaster is
            missing.
        CannotOpen: no key opens it, it was tampered with, or it is no envelope.
    """
    raise NotImplementedError


class Inbox:
    """Remembers in a database which messages have had their effect."""

    def __init__(self, path: str) -> None:
        """A SQLite file, made if it is not there; several processes may share it. Creates only its own table."""
        raise NotImplementedError

    def once(self, message_id: str, effect: Callable[[sqlite3.Connection], None]) -> bool:
        """Run `effect(db)` and remember `message_id`, both in one transaction; holds against concurrent callers.

        `effect` raises: nothing is kept, and the error is raised on.

        Returns:
            True; False if the message_id was seen before, and `effect` was not run.
        """
        raise NotImplementedError


def declare_retry(channel: BlockingChannel, queue: str, delays: Sequence[float]) -> None:
    """Make sure that these durable queues exist: `queue`, "<queue>.parked", and "<queue>.retry.1" and so on.

    A message in "<queue>.retry.<i>" returns to `queue` after `delays[i-1]` seconds.
    """
    raise NotImplementedError


def consume(
    channel: BlockingChannel,
    queue: str,
    handle: Callable[[bytes, BasicProperties], None],
    *,
    delays: Sequence[float],
    idle_timeout: float = 1.0,
) -> Report:
    """Handle messages, each with a retry after each of `delays`.

    `handle(body, properties)` returns: the message is acknowledged. It raises an exception: the message moves to the wait
    queue of this attempt; after the last delay, or if it raises Park, to the parked queue. Moved messages keep body,
    message_id and headers, are persistent, and get the headers "x-attempt" (failures so far, whichever consumer saw them)
    and "x-error" (contains str(error)). A message is acknowledged only after its copy is confirmed.

    Ends after `idle_timeout` seconds of quiet; a message in a wait queue counts as quiet.
    """
    raise NotImplementedError


def connect_tls(
    url: str, *, ca_file: str, cert_file: str | None = None, key_file: str | None = None
) -> BlockingConnection:
    """Connect to an amqps URL.

    The server's certificate must come from the CA in `ca_file`, and be for the host name of the URL. The client's
    certificate is presented if it is given. All files are PEM.

    Raises:
        Exception: the server is not who it should be, or does not want us; pika's and ssl's own exceptions.
    """
    raise NotImplementedError
