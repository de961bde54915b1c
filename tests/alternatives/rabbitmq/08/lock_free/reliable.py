"""A pool without locks of its own, a consumer that polls with basic_get, passwords in clear, and one regular expression
in brackets."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import sqlite3
import ssl
import threading
import time
import uuid
import zlib
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pika import BasicProperties, BlockingConnection, DeliveryMode, SSLOptions, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import UnroutableError
from tenacity import RetryError, Retrying, retry_if_not_exception_type, stop_after_attempt

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
    def __init__(self, url, *, pool_size=2, attempts=6, base=0.1, cap=2.0):
        self._url = url
        self._free = deque()  # whose append and pop are atomic
        self._permits = threading.BoundedSemaphore(pool_size)
        self._again = dict(
            stop=stop_after_attempt(attempts),
            wait=lambda state: backoff(state.attempt_number, base=base, cap=cap),
            retry=retry_if_not_exception_type(UnroutableError),
        )

    def publish(self, exchange, routing_key, body, properties=None):
        message = BasicProperties(**{k: v for k, v in vars(properties or BasicProperties()).items() if v is not None})
        message.message_id = message.message_id or str(uuid.uuid4())
        message.delivery_mode = 2
        try:
            for attempt in Retrying(**self._again):
                with attempt, self._permits:
                    self._once(exchange, routing_key, body, message)
        except RetryError as error:
            raise NotConfirmed(str(error)) from error.last_attempt.exception()
        except UnroutableError as error:
            raise Unroutable(str(error)) from error
        return message.message_id

    def _once(self, *message):
        try:
            channel = self._free.pop()
        except IndexError:
            connection = BlockingConnection(URLParameters(self._url))
            channel = connection.channel()
            channel.confirm_delivery()
        try:
            channel.basic_publish(*message, mandatory=True)
        except UnroutableError:
            self._free.append(channel)
            raise
        except BaseException:
            with contextlib.suppress(Exception):
                channel.connection.close()
            raise
        self._free.append(channel)

    def close(self):
        while self._free:
            with contextlib.suppress(Exception):
                self._free.pop().connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
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
    numbers = Counter()
    channel.confirm_delivery()
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < idle_timeout:
        method, about, body = channel.basic_get(queue)
        if method is None:
            time.sleep(0.01)
            continue
        numbers[_settled(channel, queue, handle, delays, about, body)] += 1
        channel.basic_ack(method.delivery_tag)
        quiet_since = time.monotonic()
    return Report(numbers["done"], numbers["retried"], numbers["parked"])


def _settled(channel, queue, handle, delays, about, body):
    try:
        handle(body, about)
        return "done"
    except Exception as error:
        attempt = int((about.headers or {}).get("x-attempt") or 0) + 1
        about.headers = {**(about.headers or {}), "x-attempt": attempt, "x-error": f"{type(error).__name__}: {error}"}
        about.expiration, about.delivery_mode = None, 2
        if isinstance(error, Park) or attempt > len(delays):
            channel.basic_publish("", _parked(queue), body, about, mandatory=True)
            return "parked"
        channel.basic_publish("", _waiting(queue, attempt), body, about, mandatory=True)
        return "retried"


def _waiting(queue: str, number: int) -> str:
    return f"{queue}.retry.{number}"


def _parked(queue: str) -> str:
    return f"{queue}.parked"


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
