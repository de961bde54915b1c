"""RabbitMQ 04 · Clustering.

One broker is not enough for the ticket shop. Write the configuration from which three nodes find each other
(rabbitmq.conf, beside this file), grow and shrink the cluster by hand, spread a queue over its nodes, and make clients
survive the loss of a node.

Run: pytest katas/rabbitmq/04
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
from pika import BasicProperties, BlockingConnection, DeliveryMode, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker

_API_TIMEOUT = 10.0  # seconds
_ATTEMPT_TIMEOUT = 2.5  # seconds that one node may take to answer
_RETRY_PAUSE = 0.1  # seconds between two rounds over the nodes
_PREFETCH = 10  # messages on their way to follow(), which all come again when the connection is lost

Ctl = Callable[..., str]
"""ctl("cluster_status", "--formatter", "json") runs rabbitmqctl on one node; returns stdout, raises on failure."""


class ClusterUnavailable(ConnectionError):
    """No node took the connection in time."""


class _Lost(Exception):
    """The connection is gone, and the messages that were not acknowledged are back in the queue."""


def members(management_url: str) -> dict[str, bool]:
    """All members of the cluster that the node with this management API belongs to.

    Args:
        management_url: "http://user:password@host:port"; the API's paths begin with /api.

    Returns:
        Node name -> whether it is running.
    """
    answer = httpx.get(f"{management_url}/api/nodes", timeout=_API_TIMEOUT).raise_for_status()
    return {node["name"]: node["running"] for node in answer.json()}


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
    end = time.monotonic() + timeout
    while True:
        for url in urls:
            with contextlib.suppress(AMQPError, AMQPConnectorException, OSError):  # this one does not answer
                return BlockingConnection(_patient_until(end, url))
            if time.monotonic() >= end:
                break
        if time.monotonic() >= end:
            raise ClusterUnavailable(f"none of {len(urls)} nodes answered within {timeout:g} s")
        time.sleep(_RETRY_PAUSE)


def join(ctl: Ctl, seed: str) -> None:
    """Make the node behind `ctl` a member of the cluster that `seed` belongs to.

    A node that is a member already is left alone (not stopped, not reset).

    Args:
        ctl: runs rabbitmqctl on the node that joins.
        seed: the name of a running member, such as "rabbit1@localhost".
    """
    if seed in _known_nodes(ctl):
        return
    ctl("stop_app")
    try:
        ctl("reset")
        ctl("join_cluster", seed)
    finally:
        ctl("start_app")


def remove(ctl: Ctl, node: str) -> None:
    """Make the cluster forget `node`, which must be down.

    Nothing happens if the cluster knows no such node.

    Args:
        ctl: runs rabbitmqctl on a healthy member.
        node: the name of the node that goes.

    Raises:
        Exception: `node` is running (any exception will do).
    """
    if node in _known_nodes(ctl):
        ctl("forget_cluster_node", node)  # RabbitMQ itself refuses to forget a node that runs


def declare_partitions(channel: BlockingChannel, name: str, count: int) -> list[str]:
    """Make sure that the partitions of `name` exist: replicated (quorum) queues name.0 to name.<count-1>.

    Each of them has one active consumer at a time, and their leaders are spread over the nodes.

    Returns:
        The names of the queues, in order.
    """
    arguments = {
        "x-queue-type": "quorum",  # replicated
        "x-single-active-consumer": True,  # two would handle the messages of one key at the same time
        "x-queue-leader-locator": "balanced",  # by default the leader is where the client is connected
    }
    queues = [f"{name}.{number}" for number in range(count)]
    for queue in queues:
        channel.queue_declare(queue, durable=True, arguments=arguments)
    return queues


def send(channel: BlockingChannel, name: str, count: int, key: str, body: bytes) -> str:
    """Publish a persistent message to the partition of `key`, one of the queues name.0 to name.<count-1>.

    The same key goes to the same partition, in every process and for ever.

    Returns:
        The name of the queue.
    """
    digest = hashlib.sha256(key.encode()).digest()  # hash() differs from process to process
    queue = f"{name}.{int.from_bytes(digest[:8], 'big') % count}"
    channel.basic_publish("", queue, body, BasicProperties(delivery_mode=DeliveryMode.Persistent))
    return queue


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
    acked = 0
    while True:
        connection = connect_any(urls, timeout=reconnect_timeout)
        try:
            channel, messages = _subscribe(connection, queue, idle_timeout)
            while message := _next(messages):
                tag, body = message
                handle(body)
                _ack(channel, tag)
                acked += 1
            return acked
        except _Lost:
            time.sleep(_RETRY_PAUSE)  # the node that took the place may still be busy with the election
        finally:
            with contextlib.suppress(AMQPError):
                connection.close()


def _patient_until(end: float, url: str) -> URLParameters:
    """For one attempt, which ends soon after `end` at the latest."""
    parameters = URLParameters(url)
    parameters.connection_attempts = 1
    left = min(_ATTEMPT_TIMEOUT, max(0.5, end - time.monotonic()))
    parameters.socket_timeout = left  # TCP only
    parameters.stack_timeout = left  # TCP and the AMQP handshake together
    return parameters


def _known_nodes(ctl: Ctl) -> set[str]:
    """All members of the cluster, running or not."""
    status = json.loads(ctl("cluster_status", "--formatter", "json"))
    return {*status["disk_nodes"], *status.get("ram_nodes", ())}


def _subscribe(
    connection: BlockingConnection, queue: str, idle_timeout: float
) -> tuple[BlockingChannel, Iterator[tuple[Any, Any, bytes | None]]]:
    with _lost_connection_told():
        channel = connection.channel()
        channel.basic_qos(prefetch_count=_PREFETCH)
        return channel, channel.consume(queue, inactivity_timeout=idle_timeout)


def _next(messages: Iterator[tuple[Any, Any, bytes | None]]) -> tuple[int, bytes] | None:
    """Tag and body of the next message; None if the idle time has passed without one."""
    with _lost_connection_told():
        for delivery, _, body in messages:
            return None if delivery is None or body is None else (delivery.delivery_tag, body)
    raise _Lost("the broker has cancelled the consumer")


def _ack(channel: BlockingChannel, tag: int) -> None:
    with _lost_connection_told():
        channel.basic_ack(tag)


@contextlib.contextmanager
def _lost_connection_told() -> Iterator[None]:
    """Turn pika's errors about a lost connection into _Lost; those that handle() raises are not ours to catch."""
    try:
        yield
    except ChannelClosedByBroker:  # no such queue, or not for us: another node will say the same
        raise
    except AMQPError as error:
        raise _Lost from error
