"""RabbitMQ 04 · Clustering.

One broker is not enough for the ticket shop. Write the configuration from which three nodes find each other
(rabbitmq.conf, beside this file), grow and shrink the cluster by hand, spread a queue over its nodes, and make clients
survive the loss of a node.

Run: pytest katas/rabbitmq/04
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pika import BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel

Ctl = Callable[..., str]
"""ctl("cluster_status", "--formatter", "json") runs rabbitmqctl on one node; returns stdout, raises on failure."""


class ClusterUnavailable(ConnectionError):
    """No node took the connection in time."""


def members(management_url: str) -> dict[str, bool]:
    """All members of the cluster that the node with this management API belongs to.

    Args:
        management_url: "http://user:password@host:port"; the API's paths begin with /api.

    Returns:
        Node name -> whether it is running.
    """
    raise NotImplementedError


def connect_any(urls: Sequence[str], *, timeout: float = 10.0) -> BlockingConnection:
    """A connection to any node that answers.

    The nodes are tried in any order, again and again. A node that accepts TCP and then says nothing must not hold it up
    for more than 3 s.

    Args:
        urls: AMQP URLs, one for each node.
        timeout: seconds.

    Raises:
        ClusterUnavailable: no node took the connection within `timeout` (and 2 s more at the most).
    """
    raise NotImplementedError


def join(ctl: Ctl, seed: str) -> None:
    """Make the node behind `ctl` a member of the cluster that `seed` belongs to.

    A node that is a member already is left alone (not stopped, not reset).

    Args:
        ctl: runs rabbitmqctl on the node that joins.
        seed: the name of a running member, such as "rabbit1@localhost".
    """
    raise NotImplementedError


def remove(ctl: Ctl, node: str) -> None:
    """Make the cluster forget `node`, which must be down.

    Nothing happens if the cluster knows no such node.

    Args:
        ctl: runs rabbitmqctl on a healthy member.
        node: the name of the node that goes.

    Raises:
        Exception: `node` is running (any exception will do).
    """
    raise NotImplementedError


def declare_partitions(channel: BlockingChannel, name: str, count: int) -> list[str]:
    """Make sure that the partitions of `name` exist: replicated (quorum) queues name.0 to name.<count-1>.

    Each of them has one active consumer at a time, and their leaders are spread over the nodes.

    Returns:
        The names of the queues, in order.
    """
    raise NotImplementedError


def send(channel: BlockingChannel, name: str, count: int, key: str, body: bytes) -> str:
    """Publish a persistent message to the partition of `key`, one of the queues name.0 to name.<count-1>.

    The same key goes to the same partition, in every process and for ever.

    Returns:
        The name of the queue.
    """
    raise NotImplementedError


def follow(
    urls: Sequence[str],
    queue: str,
    handle: Callable[[bytes], None],
    *,
    idle_timeout: float,
    reconnect_timeout: float = 30.0,
) -> int:
    """Handle the messages of `queue`, each at least once, and acknowledge after handle(body) has returned.

    Moves to another node whenever the connection is lost; ends after `idle_timeout` seconds without a message.

    Args:
        urls: AMQP URLs, one for each node.
        queue: exists already.
        idle_timeout: seconds without a message, on a connection that works.
        reconnect_timeout: seconds to look for a node that answers, each time.

    Returns:
        The number of messages that were acknowledged.
    """
    raise NotImplementedError
