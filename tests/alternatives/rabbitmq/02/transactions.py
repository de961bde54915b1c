"""A transaction for each message in place of confirms, recursion in place of a loop, and replicated queues for the news.

In a transaction the broker answers the commit, and sends back what is mandatory and unroutable before that answer, so both
are known when tx_commit() has returned. It is AMQP's own way, and slower than confirms. A missing exchange closes the
channel at the commit. The subscribers' queues are quorum queues: durable as well, and kept on several nodes where there
are some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel


@dataclass(frozen=True)
class Rule:
    match: str = "all"
    headers: Mapping[str, object] = field(default_factory=dict)


class _Exchange:
    """An exchange, and the queues that are bound to it."""

    def __init__(self, channel: BlockingChannel, name: str, kind: str, **arguments: Any) -> None:
        self._channel, self._name = channel, name
        self._channel.exchange_declare(name, kind, durable=True, arguments=arguments)

    def queue(self, name: str, **arguments: Any) -> None:
        self._channel.queue_declare(name, durable=True, arguments=arguments)

    def bind(self, queue: str, key: str = "", arguments: dict[str, Any] | None = None) -> None:
        self._channel.queue_bind(queue, self._name, key, arguments)


def declare_direct(channel: BlockingChannel, exchange: str, routes: Mapping[str, Iterable[str]]) -> None:
    target = _Exchange(channel, exchange, "direct")
    for queue in routes:
        target.queue(queue)
        for key in sorted(set(routes[queue])):
            target.bind(queue, key)


def declare_fanout(channel: BlockingChannel, exchange: str, subscribers: Iterable[str]) -> None:
    target = _Exchange(channel, exchange, "fanout")
    for queue in map(f"{exchange}.".__add__, subscribers):
        target.queue(queue, **{"x-queue-type": "quorum"})
        target.bind(queue)


def listen_live(channel: BlockingChannel, exchange: str, routing_key: str = "") -> str:
    declared = channel.queue_declare(queue="", exclusive=True)
    channel.queue_bind(exchange=exchange, queue=declared.method.queue, routing_key=routing_key)
    return str(declared.method.queue)


def declare_topics(channel: BlockingChannel, exchange: str, subscriptions: Mapping[str, Iterable[str]]) -> None:
    rest = f"{exchange}.unrouted"
    catch_all = _Exchange(channel, rest, "fanout")
    catch_all.queue(rest)
    catch_all.bind(rest, rest)
    target = _Exchange(channel, exchange, "topic", **{"alternate-exchange": rest})
    for queue, patterns in subscriptions.items():
        target.queue(queue)
        for pattern in patterns:
            target.bind(queue, pattern)


def topic_matches(pattern: str, routing_key: str) -> bool:
    return _match(tuple(pattern.split(".")) if pattern else (), tuple(routing_key.split(".")) if routing_key else ())


@lru_cache(maxsize=4096)
def _match(pattern: tuple[str, ...], words: tuple[str, ...]) -> bool:
    match pattern, words:
        case (), ():
            return True
        case ("#", *rest), _:
            return _match(tuple(rest), words) or (len(words) > 0 and _match(pattern, words[1:]))
        case ("*", *rest), (_, *others):
            return _match(tuple(rest), tuple(others))
        case (one, *rest), (other, *others):
            return one == other and _match(tuple(rest), tuple(others))
    return False


def declare_headers(channel: BlockingChannel, exchange: str, rules: Mapping[str, Rule]) -> None:
    target = _Exchange(channel, exchange, "headers")
    for queue, rule in rules.items():
        target.queue(queue)
        target.bind(queue, arguments=dict(rule.headers) | {"x-match": f"{rule.match}-with-x"})


def publish(
    channel: BlockingChannel,
    exchange: str,
    routing_key: str,
    body: bytes,
    headers: Mapping[str, object] | None = None,
) -> bool:
    came_back: list[Any] = []
    properties = BasicProperties(delivery_mode=2)
    if headers:
        properties.headers = {**headers}
    channel.add_on_return_callback(lambda *message: came_back.append(message))
    channel.tx_select()
    channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
    channel.tx_commit()
    channel.connection.process_data_events(time_limit=0)
    return not came_back
