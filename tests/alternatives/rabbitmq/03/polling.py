"""Nobody consumes: everything is pulled with basic_get, fetched ahead by hand, and settled one by one.

A failed job's second try is decided by a table of outcomes, the client asks with a passive declaration whether its queue
is there, has a reply queue for each call, and runs out of time by its own clock.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pika import BasicProperties, BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

_PAUSE = 0.01


class Reject(Exception):
    """Raised by a handler: this job can never succeed."""


class RpcError(Exception):
    """The call failed."""


@dataclass(frozen=True)
class WorkReport:
    done: int
    requeued: int
    rejected: int


@dataclass(frozen=True)
class Death:
    queue: str
    reason: str
    count: int


def declare_work_queue(
    channel: BlockingChannel,
    queue: str,
    *,
    max_priority: int | None = None,
    message_ttl: float | None = None,
    dead_letter_queue: str | None = None,
) -> None:
    if dead_letter_queue is not None:
        declare_work_queue(channel, dead_letter_queue)
    wanted = {
        "x-max-priority": max_priority,
        "x-message-ttl": None if message_ttl is None else round(1000 * message_ttl),
        "x-dead-letter-exchange": None if dead_letter_queue is None else "",
        "x-dead-letter-routing-key": dead_letter_queue,
    }
    channel.queue_declare(
        queue, durable=True, arguments={name: value for name, value in wanted.items() if value is not None}
    )


def submit(channel: BlockingChannel, queue: str, job: bytes, *, priority: int = 0, ttl: float | None = None) -> None:
    more = {} if ttl is None else {"expiration": str(int(round(ttl, 3) * 1000 + 0.5))}
    channel.basic_publish("", queue, job, BasicProperties(delivery_mode=2, priority=priority, **more))


def _pull(channel: BlockingChannel, queue: str, ahead: int, idle_timeout: float) -> Iterator[Any]:
    """Deliveries, up to `ahead` of them at a time, the one in hand included; what is left is given back."""
    held: deque[Any] = deque()
    try:
        end = time.monotonic() + idle_timeout
        while True:
            while len(held) < ahead:
                delivery = channel.basic_get(queue)
                if delivery[0] is None:
                    break
                held.append(delivery)
            if held:
                yield held[0]
                held.popleft()
                end = time.monotonic() + idle_timeout
            elif time.monotonic() > end:
                return
            else:
                channel.connection.sleep(_PAUSE)
    finally:
        if channel.is_open:
            for method, _, _ in list(held)[1:]:
                channel.basic_nack(method.delivery_tag)


def work(
    channel: BlockingChannel,
    queue: str,
    handle: Callable[[bytes], None],
    *,
    prefetch: int = 1,
    limit: int | None = None,
    idle_timeout: float = 1.0,
) -> WorkReport:
    outcomes: list[str] = []
    if limit != 0:
        with contextlib.closing(_pull(channel, queue, prefetch, idle_timeout)) as deliveries:
            for method, _, body in deliveries:
                try:
                    handle(body)
                    outcome = "done"
                except Reject:
                    outcome = "rejected"
                except Exception:
                    outcome = {False: "requeued", True: "rejected"}[method.redelivered]
                settle: dict[str, Callable[[int], None]] = {
                    "done": channel.basic_ack,
                    "requeued": channel.basic_nack,
                    "rejected": lambda tag: channel.basic_reject(tag, requeue=False),
                }
                settle[outcome](method.delivery_tag)
                outcomes.append(outcome)
                if len(outcomes) == limit:
                    break
    return WorkReport(*(outcomes.count(name) for name in ("done", "requeued", "rejected")))


def deaths(properties: BasicProperties) -> list[Death]:
    headers = properties.headers or {}
    return [Death(**{name: one[name] for name in ("queue", "reason", "count")}) for one in headers.get("x-death", ())]


def work_in_batches(
    channel: BlockingChannel,
    queue: str,
    handle_batch: Callable[[list[bytes]], None],
    *,
    batch_size: int,
    max_wait: float,
    idle_timeout: float = 1.0,
) -> int:
    batch: list[tuple[int, bytes]] = []
    handled, quiet_since, begun = 0, time.monotonic(), 0.0
    while batch or time.monotonic() < quiet_since + idle_timeout:
        method, _, body = channel.basic_get(queue)
        if method is not None:
            quiet_since = time.monotonic()
            begun = begun if batch else quiet_since
            batch.append((method.delivery_tag, body or b""))
        if len(batch) == batch_size or (batch and time.monotonic() >= begun + max_wait):
            finished = False
            try:
                handle_batch([job for _, job in batch])
                finished = True
            finally:
                for tag, _ in batch:
                    (channel.basic_ack if finished else channel.basic_nack)(tag)
            handled += len(batch)
            batch = []
        elif method is None:
            channel.connection.sleep(_PAUSE)
    return handled


def serve_rpc(
    channel: BlockingChannel,
    queue: str,
    function: Callable[[bytes], bytes],
    *,
    limit: int | None = None,
    idle_timeout: float = 1.0,
) -> int:
    answered = 0
    for method, request, body in _pull(channel, queue, 1, idle_timeout):
        if not request.reply_to:
            channel.basic_reject(method.delivery_tag, requeue=False)
            continue
        kind = "ok"
        try:
            answer = function(body)
        except Exception as error:
            kind, answer = "error", bytes(str(error), "utf-8")
        reply = BasicProperties(type=kind, correlation_id=request.correlation_id)
        channel.basic_publish("", request.reply_to, answer, reply)
        channel.basic_ack(method.delivery_tag)
        answered += 1
        if answered == limit:
            break
    return answered


class RpcClient:
    def __init__(self, url: str, queue: str) -> None:
        self._queue = queue
        self._connection = BlockingConnection(URLParameters(url))

    def __enter__(self) -> RpcClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, payload: bytes, timeout: float) -> bytes:
        channel = self._connection.channel()
        try:
            return self._ask(channel, payload, timeout)
        finally:
            if channel.is_open:
                channel.close()

    def _ask(self, channel: BlockingChannel, payload: bytes, timeout: float) -> bytes:
        end = time.monotonic() + timeout
        try:
            channel.queue_declare(self._queue, passive=True)
        except ChannelClosedByBroker as error:
            raise RpcError(error.reply_text) from error
        replies = channel.queue_declare("", exclusive=True, auto_delete=True).method.queue
        ticket = uuid.uuid4().hex
        expiration = str(int(timeout * 1000))
        request = BasicProperties(reply_to=replies, correlation_id=ticket, expiration=expiration, delivery_mode=1)
        channel.basic_publish("", self._queue, payload, request)
        try:
            while time.monotonic() < end:
                method, properties, body = channel.basic_get(replies, auto_ack=True)
                if method is None or properties is None:
                    self._connection.sleep(_PAUSE)
                elif properties.correlation_id == ticket:
                    if properties.type == "error":
                        raise RpcError(str(body, "utf-8"))
                    return body or b""
        finally:
            channel.queue_delete(replies)
        raise TimeoutError(f"{self._queue}: {timeout} s")

    def close(self) -> None:
        if self._connection.is_open:
            self._connection.close()
