"""The broker calls back: basic_consume and process_data_events, a dead-letter exchange with bindings, a reply queue.

Dead letters go through a durable direct exchange, in which each work queue's own name is bound to its dead-letter queue,
so that no routing key has to be replaced. The client has an exclusive reply queue in place of direct replies.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel


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
    arguments: dict[str, Any] = {"x-queue-type": "classic"}
    if max_priority is not None:
        arguments["x-max-priority"] = max_priority
    if message_ttl is not None:
        arguments["x-message-ttl"] = int(message_ttl * 1000 + 0.5)
    if dead_letter_queue is not None:
        channel.exchange_declare("studio.dead", "direct", durable=True)
        channel.queue_declare(dead_letter_queue, durable=True)
        channel.queue_bind(dead_letter_queue, "studio.dead", routing_key=queue)
        arguments["x-dead-letter-exchange"] = "studio.dead"
    channel.queue_declare(queue, durable=True, arguments=arguments)


def submit(channel: BlockingChannel, queue: str, job: bytes, *, priority: int = 0, ttl: float | None = None) -> None:
    properties = pika.BasicProperties(content_type="application/octet-stream", delivery_mode=2)
    if priority:
        properties.priority = priority
    if ttl is not None:
        properties.expiration = f"{ttl * 1000:.0f}"
    channel.basic_publish(exchange="", routing_key=queue, body=job, properties=properties)


class _Subscription:
    """A consumer whose deliveries are collected; a context manager that leaves nothing behind."""

    def __init__(self, channel: BlockingChannel, queue: str, prefetch: int) -> None:
        self._channel = channel
        self._waiting: deque[Any] = deque()
        channel.basic_qos(prefetch_count=prefetch)
        self._tag = channel.basic_consume(queue, lambda _, *delivery: self._waiting.append(delivery))

    def __enter__(self) -> _Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel.is_open:
            self._channel.basic_cancel(self._tag)
            for method, _, _ in self._waiting:
                self._channel.basic_nack(method.delivery_tag)

    def next(self, seconds: float) -> Any:
        end = time.monotonic() + seconds
        while not self._waiting:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self._channel.connection.process_data_events(time_limit=left)
        return self._waiting.popleft()


def work(
    channel: BlockingChannel,
    queue: str,
    handle: Callable[[bytes], None],
    *,
    prefetch: int = 1,
    limit: int | None = None,
    idle_timeout: float = 1.0,
) -> WorkReport:
    done = requeued = rejected = 0
    with _Subscription(channel, queue, prefetch) as jobs:
        while limit is None or done + requeued + rejected < limit:
            delivery = jobs.next(idle_timeout)
            if delivery is None:
                break
            method, _, body = delivery
            try:
                handle(body)
                channel.basic_ack(method.delivery_tag)
                done += 1
            except Exception as error:
                again = not (isinstance(error, Reject) or method.redelivered)
                channel.basic_nack(method.delivery_tag, requeue=again)
                requeued += again
                rejected += not again
    return WorkReport(done=done, requeued=requeued, rejected=rejected)


def deaths(properties: pika.BasicProperties) -> list[Death]:
    found = []
    if properties.headers and "x-death" in properties.headers:
        for entry in properties.headers["x-death"]:
            found.append(Death(queue=entry["queue"], reason=entry["reason"], count=entry["count"]))
    return found


def work_in_batches(
    channel: BlockingChannel,
    queue: str,
    handle_batch: Callable[[list[bytes]], None],
    *,
    batch_size: int,
    max_wait: float,
    idle_timeout: float = 1.0,
) -> int:
    count = 0
    with _Subscription(channel, queue, batch_size) as jobs:
        while (first := jobs.next(idle_timeout)) is not None:
            end = time.monotonic() + max_wait
            batch = [first]
            while len(batch) < batch_size and (another := jobs.next(end - time.monotonic())) is not None:
                batch.append(another)
            tags = [method.delivery_tag for method, _, _ in batch]
            try:
                handle_batch([body for _, _, body in batch])
            except BaseException:
                for tag in tags:
                    channel.basic_nack(tag)
                raise
            for tag in tags:
                channel.basic_ack(tag)
            count += len(batch)
    return count


def serve_rpc(
    channel: BlockingChannel,
    queue: str,
    function: Callable[[bytes], bytes],
    *,
    limit: int | None = None,
    idle_timeout: float = 1.0,
) -> int:
    count = 0
    with _Subscription(channel, queue, 1) as requests:
        while count != limit and (request := requests.next(idle_timeout)) is not None:
            method, asked, body = request
            if asked.reply_to is None:
                channel.basic_nack(method.delivery_tag, requeue=False)
                continue
            reply = pika.BasicProperties(correlation_id=asked.correlation_id, type="answer")
            try:
                text = function(body)
            except Exception as error:
                text, reply.type = str(error).encode("utf-8"), "error"
            channel.basic_publish("", asked.reply_to, text, reply)
            channel.basic_ack(method.delivery_tag)
            count += 1
    return count


class RpcClient:
    def __init__(self, url: str, queue: str) -> None:
        self._queue = queue
        self._calls = 0
        self._replies: dict[str | None, Any] = {}
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.add_on_return_callback(self._on_return)
        self._mailbox = self._channel.queue_declare("", exclusive=True).method.queue
        self._channel.basic_consume(self._mailbox, self._on_reply, auto_ack=True)

    def __enter__(self) -> RpcClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, payload: bytes, timeout: float) -> bytes:
        self._calls += 1
        mine = str(self._calls)
        self._replies = {}
        end = time.monotonic() + timeout
        self._channel.basic_publish(
            "",
            self._queue,
            payload,
            pika.BasicProperties(
                reply_to=self._mailbox, correlation_id=mine, expiration=str(max(1, int(timeout * 1000)))
            ),
            mandatory=True,
        )
        while mine not in self._replies:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.process_data_events(time_limit=left)
        failed, text = self._replies[mine]
        if failed:
            raise RpcError(text.decode("utf-8"))
        return text

    def close(self) -> None:
        if not self._connection.is_closed:
            self._connection.close()

    def _on_reply(self, _channel: Any, _method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        self._replies[properties.correlation_id] = (properties.type == "error", body)

    def _on_return(self, _channel: Any, method: Any, properties: pika.BasicProperties, _body: bytes) -> None:
        self._replies[properties.correlation_id] = (True, method.reply_text.encode())
