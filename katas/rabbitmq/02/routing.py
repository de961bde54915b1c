"""RabbitMQ 02 · Routing.

The marketplace grows: inventory, payment, notification and audit all want to hear of orders, each its own slice of them,
and a live dashboard listens in. Declare the exchanges, bind the queues, foretell where a message goes, and find out
whether it went anywhere.

Run: pytest katas/rabbitmq/02
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pika.adapters.blocking_connection import BlockingChannel


@dataclass(frozen=True)
class Rule:
    """What a headers exchange asks of a message.

    Nothing to write here.

    Args:
        match: "all": the message has every one of `headers` with its value. "any": at least one of them.
        headers: name to value. The value None means that the header is there, whatever its value.
    """

    match: str = "all"
    headers: Mapping[str, object] = field(default_factory=dict)


def declare_direct(channel: BlockingChannel, exchange: str, routes: Mapping[str, Iterable[str]]) -> None:
    """Make sure that the durable direct exchange exists, and the queues that it serves.

    `routes` says for each queue's name with which keys it is bound: a durable queue that all may use (not exclusive, not
    auto-delete), with one binding for each key. A queue without keys is declared and not bound.

    May be called any number of times; messages that wait in the queues stay.
    """
    raise NotImplementedError


def declare_fanout(channel: BlockingChannel, exchange: str, subscribers: Iterable[str]) -> None:
    """Make sure that the durable fanout exchange exists, and for each subscriber a durable queue of its own.

    The queue is named "<exchange>.<subscriber>". May be called any number of times.
    """
    raise NotImplementedError


def listen_live(channel: BlockingChannel, exchange: str, routing_key: str = "") -> str:
    """Bind a fresh queue to the (existing) exchange, with `routing_key`.

    Only this connection may use the queue, and it vanishes with the connection.

    Returns:
        The queue's name, another one for every call. Nothing consumes from it yet.
    """
    raise NotImplementedError


def declare_topics(channel: BlockingChannel, exchange: str, subscriptions: Mapping[str, Iterable[str]]) -> None:
    """Make sure that the durable topic exchange exists, and the queues that subscribe to it.

    `subscriptions` says for each queue's name with which patterns the durable queue is bound (none: not bound).

    What matches no pattern at all lands on the durable queue "<exchange>.unrouted", and nothing else does. It gets there
    through a durable fanout exchange of the same name, which is the topic exchange's alternate exchange.

    May be called any number of times.
    """
    raise NotImplementedError


def topic_matches(pattern: str, routing_key: str) -> bool:
    """Whether a topic exchange would route `routing_key` to a queue that is bound with `pattern`.

    Worked out here; no broker is asked.
    """
    raise NotImplementedError


def declare_headers(channel: BlockingChannel, exchange: str, rules: Mapping[str, Rule]) -> None:
    """Make sure that the durable headers exchange exists, and a durable queue for each rule, bound with it.

    `rules` maps a queue's name to its rule. Values keep their types: 1, "1" and True are three different values. A rule
    without headers accepts every message if it says "all", none if it says "any".

    May be called any number of times; the rules are left as they are.
    """
    raise NotImplementedError


def publish(
    channel: BlockingChannel,
    exchange: str,
    routing_key: str,
    body: bytes,
    headers: Mapping[str, object] | None = None,
) -> bool:
    """Publish a persistent message, and wait until the broker has answered for it.

    May be called many times on one channel, and leaves it open.

    Returns:
        True when the broker has confirmed the message and at least one queue took it (one behind an alternate exchange
        counts as well). False when no queue took it.

    Raises:
        pika.exceptions.ChannelClosedByBroker: there is no such exchange.
    """
    raise NotImplementedError
