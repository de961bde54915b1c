"""RabbitMQ 05 · High availability.

The payment queue must survive the loss of any node. Declare a replicated queue, publish so that "confirmed" means "stored
on a majority", consume each payment once in effect, and read how much more may fail.

Run: pytest katas/rabbitmq/05
"""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from pika import BasicProperties, BlockingConnection, DeliveryMode, SelectConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPConnectionError, AMQPError
from pika.spec import Basic

_LOST = (AMQPError, AMQPConnectorException, OSError)  # a handshake's time-out is not an AMQPError
_CONNECT_SECONDS = 2.0
_ABANDON_SECONDS = 30.0  # how long a consumer looks for a node


class NotConfirmed(Exception):
    """No confirm in time: the message may or may not be stored."""


class Unroutable(Exception):
    """There is no such queue."""


@dataclass(frozen=True)
class Replicas:
    """Where a queue's copies are."""

    leader: str | None
    members: tuple[str, ...]
    online: tuple[str, ...]

    @property
    def can_lose(self) -> int:
        """How many more online members may fail before the majority of members is lost; negative: lost already."""
        return len(self.online) - (len(self.members) // 2 + 1)


def declare_ha_queue(
    channel: BlockingChannel,
    queue: str,
    *,
    replicas: int = 3,
    delivery_limit: int | None = None,
    dead_letter_queue: str | None = None,
) -> None:
    """Declare a quorum queue with so many replicas. Repeatable.

    With dead_letter_queue: that queue is replicated too, and dead lettering is at-least-once.
    """
    arguments: dict[str, Any] = {"x-queue-type": "quorum", "x-quorum-initial-group-size": replicas}
    if delivery_limit is not None:
        arguments["x-delivery-limit"] = delivery_limit
    if dead_letter_queue is not None:
        declare_ha_queue(channel, dead_letter_queue, replicas=replicas)
        arguments |= {
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": dead_letter_queue,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",  # with the default, drop-head, the broker falls back to at-most-once
        }
    channel.queue_declare(queue, durable=True, arguments=arguments)


def replicas(management_url: str, vhost: str, queue: str) -> Replicas:
    """Ask the management API where the queue's replicas are.

    leader is None if the leader is not among the online members.
    """
    found = _api(management_url, "GET", "queues", vhost, queue)
    online = tuple(found.get("online", ()))
    leader = found.get("leader")
    return Replicas(leader if leader in online else None, tuple(found.get("members", ())), online)


class ConfirmedPublisher:
    """Publishes, and returns when a majority of the queue's replicas has the message."""

    def __init__(self, urls: Sequence[str], *, confirm_timeout: float = 5.0, give_up_after: float = 30.0) -> None:
        """Remember where the nodes are, how long to wait for a confirm, and when to give up (seconds)."""
        self._urls = list(urls)
        self._turn = 0
        self._confirm_timeout = confirm_timeout
        self._give_up_after = give_up_after
        self._link: _Link | None = None

    def publish(self, queue: str, body: bytes, message_id: str | None = None) -> str:
        """Publish a persistent message through the default exchange.

        A nack, a lost connection or silence for confirm_timeout s: the same message with the same id again, on any node.

        Returns:
            The message_id, once confirmed.

        Raises:
            Unroutable: the queue does not exist; raised at once.
            NotConfirmed: after give_up_after s (+2 s at most).
        """
        message_id = message_id or str(uuid.uuid4())
        properties = BasicProperties(delivery_mode=DeliveryMode.Persistent, message_id=message_id)
        end = time.monotonic() + self._give_up_after
        trouble: Exception | str = "no time"
        while (left := end - time.monotonic()) > 0:
            try:
                if self._link is None:
                    self._link = _Link(self._urls[self._turn % len(self._urls)], min(left, _CONNECT_SECONDS))
                left = max(0.01, end - time.monotonic())
                outcome = self._link.publish(queue, body, properties, min(left, self._confirm_timeout))
            except _LOST as error:
                trouble = error
            else:
                if outcome == "ack":
                    return message_id
                if outcome == "returned":
                    raise Unroutable(queue)
                trouble = outcome
            # After a nack as well: a channel that lived through the loss of a leader may go on nacking for ever.
            self.close()
            self._turn += 1
            time.sleep(0.05)
        raise NotConfirmed(f"{message_id} after {self._give_up_after} s; the last trouble was: {trouble!r}")

    def close(self) -> None:
        """Disconnect. May be called twice."""
        if self._link is not None:
            self._link.close()
            self._link = None


class _Link:
    """A connection and a channel in confirm mode, driven by a thread of their own, so that the wait can end.

    The blocking connection's own wait for a confirm has no time-out, and nothing can interrupt it.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parameters = URLParameters(url)
        parameters.connection_attempts = 1
        parameters.socket_timeout = parameters.stack_timeout = timeout
        self._channel: Any = None
        self._returned = False
        self._ready: Future[None] = Future()
        self._outcome: Future[str] = Future()
        self._connection = _Connection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
        )
        self._thread = threading.Thread(target=self._connection.ioloop.start, daemon=True)
        self._thread.start()
        try:
            self._ready.result(timeout)
        except BaseException:
            self.close()
            raise

    def publish(self, queue: str, body: bytes, properties: BasicProperties, timeout: float) -> str:
        """ "ack", "nack", or "returned"; TimeoutError if there is silence."""
        self._returned = False
        self._outcome = Future()
        self._in_its_thread(partial(self._send, self._outcome, queue, body, properties))
        return self._outcome.result(timeout)

    def close(self) -> None:
        if self._thread.is_alive():
            self._in_its_thread(self._connection.end)
            self._thread.join(0.3)
            if self._thread.is_alive():
                self._in_its_thread(self._connection.abort)  # nobody answers
                self._thread.join(1.0)
        if not self._thread.is_alive():
            self._connection.ioloop.close()

    def _in_its_thread(self, action: Callable[[], Any]) -> None:
        self._connection.ioloop.add_callback_threadsafe(action)

    # all below runs in the link's own thread

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_lost)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: _settle(self._ready, None))

    def _send(self, outcome: Future[str], queue: str, body: bytes, properties: BasicProperties) -> None:
        try:
            self._channel.basic_publish("", queue, body, properties, mandatory=True)
        except AMQPError as error:
            _settle(outcome, error)

    def _on_return(self, *_: Any) -> None:
        self._returned = True  # the confirm comes next

    def _on_confirm(self, frame: Any) -> None:
        answer = "ack" if isinstance(frame.method, Basic.Ack) else "nack"
        _settle(self._outcome, "returned" if self._returned else answer)

    def _on_lost(self, what: Any, error: Any) -> None:
        problem = error if isinstance(error, Exception) else AMQPConnectionError(str(error))
        _settle(self._ready, problem)
        _settle(self._outcome, problem)
        if what is self._connection:
            self._connection.ioloop.stop()


class _Connection(SelectConnection):
    def end(self) -> None:
        if self.is_open:
            self.close()
        elif not self.is_closing and not self.is_closed:
            self.abort()

    def abort(self) -> None:
        """Let go of the socket, without a word: what close() does when the other side is gone."""
        self._terminate_stream(AMQPConnectionError("silent"))


def _settle(future: Future[Any], result: object) -> None:
    if not future.done():
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def consume_once(
    urls: Sequence[str],
    queue: str,
    handle: Callable[[str, bytes], None],
    *,
    idle_timeout: float,
    seen: set[str] | None = None,
) -> int:
    """handle(message_id, body) once per message_id; ids in seen are only acked, ids are added after handle returned.

    Moves to another node when the connection is lost. If handle raises: what is unsettled goes back to the queue, the
    error is raised on. Ends after idle_timeout s of quiet.

    Returns:
        How many were handled.
    """
    once = _Once(handle, set() if seen is None else seen)
    end = time.monotonic() + _ABANDON_SECONDS
    for url in cycle(urls):
        try:
            connection = _connect(url)
        except _LOST:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
            continue
        try:
            _consume(connection, queue, once, idle_timeout)
        except _HandlerFailed as failed:
            raise failed.error from None
        except AMQPConnectionError:
            end = time.monotonic() + _ABANDON_SECONDS
        else:
            break
        finally:
            if connection.is_open:
                connection.close()  # what is unsettled goes back
    return once.handled


class _HandlerFailed(Exception):
    """The handler's error, told apart from the connection's: a handler may talk to a broker, too."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class _Once:
    """Calls the handler once for each message_id. A message without one is always handled."""

    def __init__(self, handle: Callable[[str, bytes], None], seen: set[str]) -> None:
        self._handle = handle
        self._seen = seen
        self.handled = 0

    def __call__(self, message_id: str | None, body: bytes) -> None:
        if message_id in self._seen:
            return
        try:
            self._handle(message_id or "", body)
        except Exception as error:
            raise _HandlerFailed(error) from error
        if message_id is not None:
            self._seen.add(message_id)
        self.handled += 1


def _consume(connection: BlockingConnection, queue: str, once: _Once, idle_timeout: float) -> None:
    channel = connection.channel()
    # one at a time: what comes back unhandled counts as delivered, and could reach the delivery limit by that alone
    channel.basic_qos(prefetch_count=1)
    for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
        if delivery is None or properties is None or body is None:
            return
        once(properties.message_id, body)
        channel.basic_ack(delivery.delivery_tag)


def _connect(url: str) -> BlockingConnection:
    parameters = URLParameters(url)
    parameters.connection_attempts = 1
    parameters.socket_timeout = parameters.stack_timeout = _CONNECT_SECONDS
    return BlockingConnection(parameters)


def mirror_queues(management_url: str, vhost: str, pattern: str, *, replicas: int = 2) -> bool:
    """Mirror classic queues by a policy, where the broker still can.

    3.x: a policy that mirrors classic queues whose name matches pattern onto `replicas` nodes, synchronised
    automatically. 4.x and later have no mirroring: change nothing.

    Returns:
        True: there is a policy. False: there is no mirroring.
    """
    version = _api(management_url, "GET", "overview")["rabbitmq_version"]
    if int(version.partition(".")[0]) >= 4:
        return False
    policy = {
        "pattern": pattern,
        "apply-to": "queues",
        "definition": {"ha-mode": "exactly", "ha-params": replicas, "ha-sync-mode": "automatic"},
    }
    _api(management_url, "PUT", "policies", vhost, f"mirror {pattern}", body=policy)
    return True


def _api(management_url: str, method: str, *path: str, body: object = None) -> Any:
    place = urlsplit(management_url)
    login = f"{unquote(place.username or '')}:{unquote(place.password or '')}"
    request = urllib.request.Request(
        f"{place.scheme}://{place.hostname}:{place.port}/api/" + "/".join(quote(part, safe="") for part in path),
        None if body is None else json.dumps(body).encode(),
        {"Authorization": "Basic " + base64.b64encode(login.encode()).decode(), "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None
