"""RabbitMQ 02 · Routing.

The marketplace grows: inventory, payment, notification and audit all want to hear of orders, each its own slice of them,
and a live dashboard listens in. Declare the exchanges, bind the queues, foretell where a message goes, and find out
whether it went anywhere.

Run: pytest katas/rabbitmq/02
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from pika import BasicProperties, DeliveryMode
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import UnroutableError

_confirming: WeakSet[BlockingChannel] = WeakSet()
"""Channels that publish() has put into confirm mode; pika complains in its log if it is done twice."""


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
    channel.exchange_declare(exchange, "direct", durable=True)
    for queue, keys in routes.items():
        _declare_bound(channel, queue, exchange, keys)


def declare_fanout(channel: BlockingChannel, exchange: str, subscribers: Iterable[str]) -> None:
    """Make sure that the durable fanout exchange exists, and for each subscriber a durable queue of its own.

    The queue is named "<exchange>.<subscriber>". May be called any number of times.
    """
    channel.exchange_declare(exchange, "fanout", durable=True)
    for subscriber in subscribers:
        _declare_bound(channel, f"{exchange}.{subscriber}", exchange, [""])


def listen_live(channel: BlockingChannel, exchange: str, routing_key: str = "") -> str:
    """Bind a fresh queue to the (existing) exchange, with `routing_key`.

    Only this connection may use the queue, and it vanishes with the connection.

    Returns:
        The queue's name, another one for every call. Nothing consumes from it yet.
    """
    queue: str = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, exchange, routing_key)
    return queue


def declare_topics(channel: BlockingChannel, exchange: str, subscriptions: Mapping[str, Iterable[str]]) -> None:
    """Make sure that the durable topic exchange exists, and the queues that subscribe to it.

    `subscriptions` says for each queue's name with which patterns the durable queue is bound (none: not bound).

    What matches no pattern at all lands on the durable queue "<exchange>.unrouted", and nothing else does. It gets there
    through a durable fanout exchange of the same name, which is the topic exchange's alternate exchange.

    May be called any number of times.
    """
    unrouted = f"{exchange}.unrouted"
    channel.exchange_declare(unrouted, "fanout", durable=True)
    _declare_bound(channel, unrouted, unrouted, [""])
    channel.exchange_declare(exchange, "topic", durable=True, arguments={"alternate-exchange": unrouted})
    for queue, patterns in subscriptions.items():
        _declare_bound(channel, queue, exchange, patterns)


def topic_matches(pattern: str, routing_key: str) -> bool:
    """Whether a topic exchange would route `routing_key` to a queue that is bound with `pattern`.

    Worked out here; no broker is asked.
    """
    words = _words(routing_key)
    covered = {0}  # how many words of the key the pattern may stand for, as far as it has been read
    for wanted in _words(pattern):
        if wanted == "#":
            covered = set(range(min(covered), len(words) + 1))
        else:
            covered = {count + 1 for count in covered if count < len(words) and wanted in ("*", words[count])}
        if not covered:
            return False
    return len(words) in covered


def declare_headers(channel: BlockingChannel, exchange: str, rules: Mapping[str, Rule]) -> None:
    """Make sure that the durable headers exchange exists, and a durable queue for each rule, bound with it.

    `rules` maps a queue's name to its rule. Values keep their types: 1, "1" and True are three different values. A rule
    without headers accepts every message if it says "all", none if it says "any".

    May be called any number of times; the rules are left as they are.
    """
    channel.exchange_declare(exchange, "headers", durable=True)
    for queue, rule in rules.items():
        _declare_bound(channel, queue, exchange, [""], {**rule.headers, "x-match": rule.match})


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
    _confirm(channel)
    properties = BasicProperties(delivery_mode=DeliveryMode.Persistent, headers=dict(headers or {}))
    try:
        channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
    except UnroutableError:
        return False
    return True


def _declare_bound(
    channel: BlockingChannel,
    queue: str,
    exchange: str,
    keys: Iterable[str],
    arguments: dict[str, Any] | None = None,
) -> None:
    """Make sure that the durable queue exists and is bound to the exchange with each of the keys."""
    channel.queue_declare(queue, durable=True)
    for key in keys:
        channel.queue_bind(queue, exchange, key, arguments)


def _words(text: str) -> list[str]:
    """The words of a routing key or a pattern; the empty one has none, "." has two empty ones."""
    return text.split(".") if text else []


def _confirm(channel: BlockingChannel) -> None:
    """Have the broker answer for each message on this channel."""
    if channel not in _confirming:
        channel.confirm_delivery()
        _confirming.add(channel)
