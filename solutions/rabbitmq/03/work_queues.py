"""RabbitMQ 03 · Work queues.

The photo studio resizes uploads. Rush jobs go first, stale jobs die, hopeless jobs are set aside, several workers share the
rest, statistics are written in batches, and the web page asks for a price and waits for the answer.

Run: pytest katas/rabbitmq/03
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any

from pika import BasicProperties, BlockingConnection, DeliveryMode, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, UnroutableError

_REPLY_TO = "amq.rabbitmq.reply-to"


class Reject(Exception):
    """Raised by a handler: this job can never succeed."""


class RpcError(Exception):
    """The call failed: str(error) is the server's message, or says that the request could not be routed."""


@dataclass(frozen=True)
class WorkReport:
    """How many deliveries a worker settled, and how."""

    done: int
    requeued: int
    rejected: int


@dataclass(frozen=True)
class Death:
    """How a message left a queue without being done: where, why ("rejected", "expired" …), and how many times."""

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
    """Make sure that the durable classic queue exists. May be called any number of times.

    Args:
        max_priority: jobs with a higher priority go first; a priority above this one counts as this one. None: first
            come, first served.
        message_ttl: a job that waits for more than so many seconds dies. None: it waits for ever.
        dead_letter_queue: jobs of this queue that die go to this durable queue, which is declared too. None: they are
            gone.
    """
    arguments: dict[str, Any] = {}
    if max_priority is not None:
        arguments["x-max-priority"] = max_priority
    if message_ttl is not None:
        arguments["x-message-ttl"] = _milliseconds(message_ttl)
    if dead_letter_queue is not None:
        channel.queue_declare(dead_letter_queue, durable=True)
        arguments["x-dead-letter-exchange"] = ""
        arguments["x-dead-letter-routing-key"] = dead_letter_queue  # else: the job's own, which leads back to its queue
    channel.queue_declare(queue, durable=True, arguments=arguments)


def submit(channel: BlockingChannel, queue: str, job: bytes, *, priority: int = 0, ttl: float | None = None) -> None:
    """Send a persistent job through the default exchange.

    Args:
        priority: 0 is the lowest.
        ttl: seconds after which the job dies if nobody has taken it; 0: at once. None: never.
    """
    properties = BasicProperties(
        delivery_mode=DeliveryMode.Persistent,
        priority=priority,
        expiration=None if ttl is None else str(_milliseconds(ttl)),
    )
    channel.basic_publish("", queue, job, properties)


def work(
    channel: BlockingChannel,
    queue: str,
    handle: Callable[[bytes], None],
    *,
    prefetch: int = 1,
    limit: int | None = None,
    idle_timeout: float = 1.0,
) -> WorkReport:
    """Hand jobs to `handle`, one after the other.

    `handle(job)` returns: the job is acknowledged (done). It raises Reject: the job is a dead letter at once (rejected).
    It raises any other Exception: the job goes back to the queue the first time (requeued), and is a dead letter if it
    had been delivered before (rejected). The work goes on in each case.

    Holds `prefetch` unsettled jobs while there are so many, and never more.

    Ends after `limit` settled deliveries (None: no limit), or after `idle_timeout` seconds without a new one. Then nothing
    stays unacknowledged on the (still open) channel, and no consumer is left behind: what was fetched and not handled is
    back in the queue.

    Returns:
        How many deliveries were settled, and how.
    """
    settled: Counter[str] = Counter()
    with _fetching(channel, prefetch):
        for delivery, _, body in islice(channel.consume(queue, inactivity_timeout=idle_timeout), limit):
            if delivery is None or body is None:  # pika's way to say that the time is up
                break
            settled[_settle(channel, delivery, body, handle)] += 1
    return WorkReport(settled["done"], settled["requeued"], settled["rejected"])


def _settle(channel: BlockingChannel, delivery: Any, job: bytes, handle: Callable[[bytes], None]) -> str:
    """Handle one job and tell the broker what became of it."""
    try:
        handle(job)
    except Reject:
        requeue = False
    except Exception:
        requeue = not delivery.redelivered  # the broker's memory of a first try
    else:
        channel.basic_ack(delivery.delivery_tag)
        return "done"
    channel.basic_reject(delivery.delivery_tag, requeue=requeue)
    return "requeued" if requeue else "rejected"


def deaths(properties: BasicProperties) -> list[Death]:
    """What the broker has noted in a message's header x-death.

    Returns:
        One entry for each queue and reason, as the broker wrote them: the latest death is the first. [] for a message
        that never died.
    """
    noted = (properties.headers or {}).get("x-death") or []
    return [Death(entry["queue"], entry["reason"], int(entry["count"])) for entry in noted]


def work_in_batches(
    channel: BlockingChannel,
    queue: str,
    handle_batch: Callable[[list[bytes]], None],
    *,
    batch_size: int,
    max_wait: float,
    idle_timeout: float = 1.0,
) -> int:
    """Collect jobs and hand them over in batches, in order.

    A batch is handed over when it has `batch_size` jobs, or `max_wait` seconds after its first job came, whichever is
    sooner. `handle_batch(jobs)` returns: the whole batch is acknowledged, and not before. It raises: the whole batch goes
    back to the queue, and the error is raised on. Holds no more unsettled jobs than one batch.

    Ends after `idle_timeout` seconds without a new job. When it returns or raises, nothing stays unacknowledged on the
    (still open) channel, and no consumer is left behind.

    Returns:
        How many jobs were handled.
    """
    handled = 0
    with _fetching(channel, batch_size):  # with less a batch would never be full
        while batch := _collect(channel, queue, batch_size, max_wait, idle_timeout):
            last_tag, _ = batch[-1]
            try:
                handle_batch([job for _, job in batch])
            except BaseException:
                with contextlib.suppress(AMQPError):  # the handler's own error is the one to show
                    channel.basic_nack(last_tag, multiple=True, requeue=True)
                raise
            channel.basic_ack(last_tag, multiple=True)
            handled += len(batch)
    return handled


def _collect(
    channel: BlockingChannel, queue: str, batch_size: int, max_wait: float, idle_timeout: float
) -> list[tuple[int, bytes]]:
    """The next batch, as (delivery tag, job); [] after `idle_timeout` seconds without a job."""
    batch: list[tuple[int, bytes]] = []
    seconds = idle_timeout
    end = 0.0
    while len(batch) < batch_size:
        # pika goes on with the same consumer when it is asked again
        delivery, _, body = next(channel.consume(queue, inactivity_timeout=seconds), (None, None, None))
        if delivery is None or body is None:
            break
        if not batch:
            end = time.monotonic() + max_wait
        batch.append((delivery.delivery_tag, body))
        seconds = max(0.0, end - time.monotonic())
    return batch


def serve_rpc(
    channel: BlockingChannel,
    queue: str,
    function: Callable[[bytes], bytes],
    *,
    limit: int | None = None,
    idle_timeout: float = 1.0,
) -> int:
    """Answer the requests in a queue.

    The answer to a request is `function(body)`. It goes through the default exchange to the request's reply_to, with the
    same correlation_id. `function` raises an Exception: the answer has the type "error", and its body is str(error) in
    UTF-8; the server goes on, as it does when a caller is gone. A request without reply_to is rejected (not requeued), and
    `function` is not called.

    Takes one request at a time: the others wait in the queue, where another server can have them, and where they expire.

    Ends after `limit` requests (None: no limit), or after `idle_timeout` seconds without a new one. Then nothing stays
    unacknowledged on the (still open) channel, and no consumer is left behind.

    Returns:
        How many requests were answered.
    """
    answered = 0
    with _fetching(channel, 1):
        for delivery, properties, body in islice(channel.consume(queue, inactivity_timeout=idle_timeout), limit):
            if delivery is None or properties is None or body is None:
                break
            if not properties.reply_to:
                channel.basic_reject(delivery.delivery_tag, requeue=False)
                continue
            answer, kind = _answer(function, body)
            about = BasicProperties(correlation_id=properties.correlation_id, type=kind)
            channel.basic_publish("", properties.reply_to, answer, about)
            channel.basic_ack(delivery.delivery_tag)
            answered += 1
    return answered


def _answer(function: Callable[[bytes], bytes], request: bytes) -> tuple[bytes, str | None]:
    """The body and the type of an answer."""
    try:
        return function(request), None
    except Exception as error:
        return str(error).encode(errors="replace"), "error"


class RpcClient:
    """Asks, and waits for the answer. A context manager. For one thread at a time."""

    def __init__(self, url: str, queue: str) -> None:
        """Connect. Requests will go to `queue`, which need not exist yet."""
        self._queue = queue
        self._awaited = ""
        self._reply: tuple[BasicProperties, bytes] | None = None
        self._connection = BlockingConnection(URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()  # so that a request which no queue takes is an error right away
        self._channel.basic_consume(_REPLY_TO, self._on_reply, auto_ack=True)

    def __enter__(self) -> RpcClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def call(self, payload: bytes, timeout: float) -> bytes:
        """Ask, and wait for the answer to this very request.

        One client makes many calls, also after one that failed. Late answers to earlier calls are ignored. A request whose
        caller gave up is never served later: after `timeout` seconds in the queue it expires.

        Raises:
            TimeoutError: no answer within `timeout` seconds.
            RpcError: the answer is an error; or, raised at once, the queue does not exist.
        """
        end = time.monotonic() + timeout
        self._awaited, self._reply = str(uuid.uuid4()), None
        properties = BasicProperties(
            reply_to=_REPLY_TO, correlation_id=self._awaited, expiration=str(_milliseconds(timeout))
        )
        try:
            self._channel.basic_publish("", self._queue, payload, properties, mandatory=True)
        except UnroutableError as error:
            raise RpcError(f"there is no queue {self._queue!r} to take the request") from error
        while self._reply is None and (left := end - time.monotonic()) > 0:
            self._connection.process_data_events(time_limit=left)
        if self._reply is None:
            raise TimeoutError(f"no answer from {self._queue!r} within {timeout} s")
        about, answer = self._reply
        if about.type == "error":
            raise RpcError(answer.decode(errors="replace"))
        return answer

    def close(self) -> None:
        """Disconnect. May be called twice."""
        if self._connection.is_open:
            self._connection.close()

    def _on_reply(self, channel: BlockingChannel, delivery: Any, properties: BasicProperties, body: bytes) -> None:
        if properties.correlation_id == self._awaited:
            self._reply = properties, body


@contextlib.contextmanager
def _fetching(channel: BlockingChannel, prefetch: int) -> Iterator[None]:
    """Hold so many unsettled messages at most; at the end leave no consumer, and give back what nobody handled."""
    channel.basic_qos(prefetch_count=prefetch)
    try:
        yield
    finally:
        if channel.is_open:  # a channel that is closed holds nothing
            channel.cancel()


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
