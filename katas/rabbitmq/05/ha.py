"""RabbitMQ 05 · High availability.

The payment queue must survive the loss of any node. Declare a replicated queue, publish so that "confirmed" means "stored
on a majority", consume each payment once in effect, and read how much more may fail.

Run: pytest katas/rabbitmq/05
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pika.adapters.blocking_connection import BlockingChannel


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
        raise NotImplementedError


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
    raise NotImplementedError


def replicas(management_url: str, vhost: str, queue: str) -> Replicas:
    """Ask the management API where the queue's replicas are.

    leader is None if the leader is not among the online members.
    """
    raise NotImplementedError


class ConfirmedPublisher:
    """Publishes, and returns when a majority of the queue's replicas has the message."""

    def __init__(self, urls: Sequence[str], *, confirm_timeout: float = 5.0, give_up_after: float = 30.0) -> None:
        """Remember where the nodes are, how long to wait for a confirm, and when to give up (seconds)."""
        raise NotImplementedError

    def publish(self, queue: str, body: bytes, message_id: str | None = None) -> str:
        """Publish a persistent message through the default exchange.

        A nack, a lost connection or silence for confirm_timeout s: the same message with the same id again, on any node.

        Returns:
            The message_id, once confirmed.

        Raises:
            Unroutable: the queue does not exist; raised at once.
            NotConfirmed: after give_up_after s (+2 s at most).
        """
        raise NotImplementedError

    def close(self) -> None:
        """Disconnect. May be called twice."""
        raise NotImplementedError


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
    raise NotImplementedError


def mirror_queues(management_url: str, vhost: str, pattern: str, *, replicas: int = 2) -> bool:
    """Mirror classic queues by a policy, where the broker still can.

    3.x: a policy that mirrors classic queues whose name matches pattern onto `replicas` nodes, synchronised
    automatically. 4.x and later have no mirroring: change nothing.

    Returns:
        True: there is a policy. False: there is no mirroring.
    """
    raise NotImplementedError
