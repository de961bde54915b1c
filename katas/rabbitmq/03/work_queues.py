"""RabbitMQ 03 · Work queues.

The photo studio resizes uploads. Rush jobs go first, stale jobs die, hopeless jobs are set aside, several workers share the
rest, statistics are written in batches, and the web page asks for a price and waits for the answer.

Run: pytest katas/rabbitmq/03
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel


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
    raise NotImplementedError


def submit(channel: BlockingChannel, queue: str, job: bytes, *, priority: int = 0, ttl: float | None = None) -> None:
    """Send a persistent job through the default exchange.

    Args:
        priority: 0 is the lowest.
        ttl: seconds after which the job dies if nobody has taken it; 0: at once. None: never.
    """
    raise NotImplementedError


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
    raise NotImplementedError


def deaths(properties: BasicProperties) -> list[Death]:
    """What the broker has noted in a message's header x-death.

    Returns:
        One entry for each queue and reason, as the broker wrote them: the latest death is the first. [] for a message
        that never died.
    """
    raise NotImplementedError


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
    raise NotImplementedError


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
    raise NotImplementedError


class RpcClient:
    """Asks, and waits for the answer. A context manager. For one thread at a time."""

    def __init__(self, url: str, queue: str) -> None:
        """Connect. Requests will go to `queue`, which need not exist yet."""
        raise NotImplementedError

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
        raise NotImplementedError

    def close(self) -> None:
        """Disconnect. May be called twice."""
        raise NotImplementedError
