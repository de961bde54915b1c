"""RabbitMQ 08 · Production patterns.

The payment provider goes live. Every message must arrive, be handled once in effect, be unreadable to others, and survive
schema changes, outages and poison; the broker speaks TLS only, and each service may do only its job.

Run: pytest katas/rabbitmq/08
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import random
import sqlite3
import ssl
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import LifoQueue
from types import TracebackType
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pika import BasicProperties, BlockingConnection, DeliveryMode, SSLOptions, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, UnroutableError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

_OUTAGE = (AMQPError, AMQPConnectorException, OSError)  # a handshake's time-out is not an AMQPError
_CONNECT_SECONDS = 5.0
_LOCK_SECONDS = 30.0  # how long one caller of the inbox waits for another's transaction


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
    doublings = min(attempt - 1, 1000)  # a float's range ends a little above 2.0 ** 1000
    ceiling = min(cap, base * 2.0**doublings)
    return ceiling / 2 * (1 + rng())


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
        self._parameters = URLParameters(url)
        self._parameters.socket_timeout = self._parameters.stack_timeout = _CONNECT_SECONDS
        self._retrying = Retrying(
            stop=stop_after_attempt(attempts),
            wait=lambda state: backoff(state.attempt_number, base=base, cap=cap),
            retry=retry_if_exception_type(_OUTAGE),
            retry_error_callback=_give_up,
        )
        # the last one given back is taken first: the fewer are in use, the fewer are ever opened
        self._pool: LifoQueue[BlockingChannel | None] = LifoQueue()
        for _ in range(pool_size):
            self._pool.put(None)
        self._size = pool_size

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
        properties = copy.copy(properties) if properties else BasicProperties()
        message_id = properties.message_id = str(properties.message_id or uuid.uuid4())
        properties.delivery_mode = DeliveryMode.Persistent.value
        self._retrying.copy()(self._attempt, exchange, routing_key, body, properties)
        return message_id

    def _attempt(self, exchange: str, routing_key: str, body: bytes, properties: BasicProperties) -> None:
        with self._channel() as channel:
            try:
                channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
            except UnroutableError as error:
                raise Unroutable(f"no queue takes {routing_key!r} of the exchange {exchange!r}") from error

    @contextlib.contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        """A channel that nobody else uses meanwhile: pika's are not for several threads at once."""
        channel = self._pool.get()
        try:
            if channel is None or not channel.is_open:
                _close(channel)
                channel = None
                channel = self._open()
            yield channel
        except _OUTAGE:  # who knows what it has heard and not heard: the next attempt gets a new one
            _close(channel)
            channel = None
            raise
        finally:
            self._pool.put(channel)

    def _open(self) -> BlockingChannel:
        connection = BlockingConnection(self._parameters)
        channel = connection.channel()
        channel.confirm_delivery()
        return channel

    def close(self) -> None:
        """Close the connections, once those who use one are done."""
        channels = [self._pool.get() for _ in range(self._size)]
        for channel in channels:
            _close(channel)
            self._pool.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _give_up(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    raise NotConfirmed(f"not confirmed after {state.attempt_number} attempts: {error!r}") from error


def _close(channel: BlockingChannel | None) -> None:
    """Close a channel's connection, in whatever state it is."""
    if channel is not None:
        with contextlib.suppress(*_OUTAGE):
            channel.connection.close()


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
    plain = json.dumps(event, ensure_ascii=False).encode()
    compressed = len(plain) > compress_over
    # first compress, then encrypt: what is encrypted looks like noise, and noise has nothing to compress
    body = Fernet(keys[0]).encrypt(gzip.compress(plain) if compressed else plain)
    return body, BasicProperties(
        content_type="application/json",
        content_encoding="gzip" if compressed else "identity",
        headers={"schema-version": version},
        message_id=str(uuid.uuid4()),
        delivery_mode=DeliveryMode.Persistent.value,
    )


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
    version = (properties.headers or {}).get("schema-version")
    if type(version) is not int or not 1 <= version <= current:  # type(): True is an int, and no version
        raise UnsupportedVersion(f"schema-version is {version!r}; 1 to {current} can be read")
    event = _opened(body, properties.content_encoding, keys)
    for older in range(version, current):
        if older not in upcasters:
            raise UnsupportedVersion(f"nothing brings an event of version {older} to {older + 1}")
        event = upcasters[older](event)
    return event


def _opened(body: bytes, encoding: str | None, keys: Sequence[bytes]) -> dict[str, Any]:
    """
    Raises:
        CannotOpen: as in `unseal`.
    """
    lock = MultiFernet([Fernet(key) for key in keys])
    try:
        plain = lock.decrypt(body)
        event = json.loads(gzip.decompress(plain) if encoding == "gzip" else plain)
    except InvalidToken as error:
        raise CannotOpen("none of the keys opens it, or it was tampered with") from error
    except (ValueError, OSError, EOFError, zlib.error) as error:  # not JSON, not UTF-8, not gzip
        raise CannotOpen(f"what is in it is no event: {error}") from error
    if not isinstance(event, dict):
        raise CannotOpen("what is in it is JSON, but no object")
    return event


class Inbox:
    """Remembers in a database which messages have had their effect."""

    def __init__(self, path: str) -> None:
        """A SQLite file, made if it is not there; several processes may share it. Creates only its own table."""
        self._path = path
        with self._connected() as db:
            db.execute("CREATE TABLE IF NOT EXISTS inbox (message_id TEXT PRIMARY KEY)")

    def once(self, message_id: str, effect: Callable[[sqlite3.Connection], None]) -> bool:
        """Run `effect(db)` and remember `message_id`, both in one transaction; holds against concurrent callers.

        `effect` raises: nothing is kept, and the error is raised on.

        Returns:
            True; False if the message_id was seen before, and `effect` was not run.
        """
        with self._connected() as db:
            # IMMEDIATE: whoever comes meanwhile waits here, before he has looked
            db.execute("BEGIN IMMEDIATE")
            try:
                added = db.execute("INSERT OR IGNORE INTO inbox VALUES (?)", (message_id,)).rowcount
                if added:
                    effect(db)
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise
        return bool(added)

    def _connected(self) -> contextlib.closing[sqlite3.Connection]:
        """A connection for one call: those of SQLite belong to their thread."""
        return contextlib.closing(sqlite3.connect(self._path, timeout=_LOCK_SECONDS, isolation_level=None))


def declare_retry(channel: BlockingChannel, queue: str, delays: Sequence[float]) -> None:
    """Make sure that these durable queues exist: `queue`, "<queue>.parked", and "<queue>.retry.1" and so on.

    A message in "<queue>.retry.<i>" returns to `queue` after `delays[i-1]` seconds.
    """
    channel.queue_declare(queue, durable=True)
    channel.queue_declare(_parked(queue), durable=True)
    for number, delay in enumerate(delays, start=1):
        channel.queue_declare(
            _waiting(queue, number),
            durable=True,
            arguments={
                "x-message-ttl": round(delay * 1000),
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": queue,
            },
        )


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
    done = retried = parked = 0
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=1)
    try:
        for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
            if delivery is None or properties is None or body is None:  # pika's way to say that the time is up
                break
            try:
                handle(body, properties)
            except Exception as error:
                failures = _failures(properties) + 1
                again = failures <= len(delays) and not isinstance(error, Park)
                target = _waiting(queue, failures) if again else _parked(queue)
                copied = _failed(properties, failures, error)
                channel.basic_publish("", target, body, copied, mandatory=True)  # confirmed when it returns
                retried, parked = retried + again, parked + (not again)
            else:
                done += 1
            channel.basic_ack(delivery.delivery_tag)
    finally:
        if channel.is_open:  # without one the broker takes everything back by itself
            channel.cancel()
    return Report(done, retried, parked)


def _waiting(queue: str, number: int) -> str:
    return f"{queue}.retry.{number}"


def _parked(queue: str) -> str:
    return f"{queue}.parked"


def _failures(properties: BasicProperties) -> int:
    """How many times this message has failed before."""
    return int((properties.headers or {}).get("x-attempt", 0))


def _failed(properties: BasicProperties, failures: int, error: Exception) -> BasicProperties:
    """The properties of a failed message's copy."""
    copied = copy.copy(properties)
    copied.headers = {**(properties.headers or {}), "x-attempt": failures, "x-error": str(error)}
    copied.delivery_mode = DeliveryMode.Persistent.value
    copied.expiration = None  # it would cut the wait short, and end the life of a parked message
    return copied


def connect_tls(
    url: str, *, ca_file: str, cert_file: str | None = None, key_file: str | None = None
) -> BlockingConnection:
    """Connect to an amqps URL.

    The server's certificate must come from the CA in `ca_file`, and be for the host name of the URL. The client's
    certificate is presented if it is given. All files are PEM.

    Raises:
        Exception: the server is not who it should be, or does not want us; pika's and ssl's own exceptions.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if cert_file:
        context.load_cert_chain(cert_file, key_file)
    parameters = URLParameters(url)
    parameters.ssl_options = SSLOptions(context, parameters.host)
    return BlockingConnection(parameters)
