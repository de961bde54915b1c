"""A regular expression for the patterns, and a channel of its own for each message.

The empty word is what makes regular expressions for topics hard; with a dot before each word, also the first, a word is
`\\.[^.]*` wherever it stands. publish() opens a channel for one message and closes it: two round trips more, and nothing
to remember about the caller's channel. The live queue gets its name here, not from the broker.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from uuid import uuid4

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import UnroutableError
from pika.exchange_type import ExchangeType


@dataclass(frozen=True)
class Rule:
    match: str = "all"
    headers: Mapping[str, object] = field(default_factory=dict)


def declare_direct(channel: BlockingChannel, exchange: str, routes: Mapping[str, Iterable[str]]) -> None:
    channel.exchange_declare(exchange=exchange, exchange_type=ExchangeType.direct, durable=True)
    _queues(channel, routes)
    _bindings(channel, exchange, routes)


def declare_fanout(channel: BlockingChannel, exchange: str, subscribers: Iterable[str]) -> None:
    channel.exchange_declare(exchange=exchange, exchange_type=ExchangeType.fanout, durable=True)
    queues = [f"{exchange}.{subscriber}" for subscriber in subscribers]
    _queues(channel, queues)
    _bindings(channel, exchange, {queue: ["all the same to a fanout exchange"] for queue in queues})


def listen_live(channel: BlockingChannel, exchange: str, routing_key: str = "") -> str:
    name = f"live-{uuid4()}"
    channel.queue_declare(name, exclusive=True, auto_delete=True, durable=True)
    channel.queue_bind(name, exchange, routing_key)
    return name


def declare_topics(channel: BlockingChannel, exchange: str, subscriptions: Mapping[str, Iterable[str]]) -> None:
    rest = exchange + ".unrouted"
    channel.exchange_declare(exchange, ExchangeType.topic, durable=True, arguments={"alternate-exchange": rest})
    _queues(channel, chain(subscriptions, [rest]))
    _bindings(channel, exchange, subscriptions)
    channel.exchange_declare(exchange=rest, exchange_type=ExchangeType.fanout, durable=True)
    channel.queue_bind(rest, rest, routing_key="#")


def topic_matches(pattern: str, routing_key: str) -> bool:
    wildcards = {"*": r"\.[^.]*", "#": r"(?:\.[^.]*)*"}
    expression = "".join(wildcards.get(word) or re.escape(f".{word}") for word in _split(pattern))
    return bool(re.fullmatch(expression, "".join(f".{word}" for word in _split(routing_key))))


def declare_headers(channel: BlockingChannel, exchange: str, rules: Mapping[str, Rule]) -> None:
    channel.exchange_declare(exchange=exchange, exchange_type=ExchangeType.headers, durable=True)
    _queues(channel, rules)
    for queue, rule in rules.items():
        arguments = {"x-match": rule.match}
        arguments.update(rule.headers)
        channel.queue_bind(queue=queue, exchange=exchange, arguments=arguments)


def publish(
    channel: BlockingChannel,
    exchange: str,
    routing_key: str,
    body: bytes,
    headers: Mapping[str, object] | None = None,
) -> bool:
    own = channel.connection.channel()
    try:
        own.confirm_delivery()
        own.basic_publish(
            exchange=exchange,
            routing_key=routing_key,
            body=body,
            properties=pika.BasicProperties(headers=headers and dict(headers), delivery_mode=2),
            mandatory=True,
        )
    except UnroutableError:
        return False
    else:
        return True
    finally:
        if own.is_open:
            own.close()


def _split(text: str) -> list[str]:
    return re.split(r"\.", text) if text != "" else []


def _queues(channel: BlockingChannel, names: Iterable[str]) -> None:
    for name in names:
        channel.queue_declare(queue=name, durable=True, exclusive=False, auto_delete=False)


def _bindings(channel: BlockingChannel, exchange: str, keys: Mapping[str, Iterable[str]]) -> None:
    for queue, key in ((queue, key) for queue, several in keys.items() for key in several):
        channel.queue_bind(queue=queue, exchange=exchange, routing_key=key)
