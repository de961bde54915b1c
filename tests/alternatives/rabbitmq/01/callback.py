"""The broker calls back: basic_consume and process_data_events, no generator.

Deliveries are only collected in the callback and handled outside of it, so that the handler's error does not have to
pass through pika. `basic_cancel` ends the consumer; what was collected and not handled is given back by hand.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

import pika
from pika import BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError


class BadOrder(ValueError):
    """The body of a message is not a JSON object."""


def connect(url: str, name: str) -> BlockingConnection:
    return BlockingConnection(pika.URLParameters(f"{url}?socket_timeout=5&stack_timeout=5&{_named(name)}"))


def _named(name: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"client_properties": repr({"connection_name": name})})


def declare_order_queue(channel: BlockingChannel, queue: str) -> int:
    answer = channel.queue_declare(queue=queue, durable=True, exclusive=False, auto_delete=False)
    count: int = answer.method.message_count
    return count


def send_order(channel: BlockingChannel, queue: str, order: dict[str, Any]) -> str:
    properties = pika.BasicProperties()
    properties.content_type = "application/json"
    properties.content_encoding = "utf-8"
    properties.delivery_mode = 2
    properties.message_id = uuid.uuid4().hex
    properties.timestamp = round(time.time())
    channel.basic_publish(exchange="", routing_key=queue, body=json.dumps(order).encode("ascii"), properties=properties)
    return properties.message_id


def take_order(channel: BlockingChannel, queue: str, handle: Callable[[dict[str, Any]], None]) -> bool:
    method, _, body = channel.basic_get(queue, auto_ack=False)
    if not method:
        return False
    _work(channel, method.delivery_tag, body or b"", handle)
    return True


def pack_orders(
    channel: BlockingChannel,
    queue: str,
    handle: Callable[[dict[str, Any]], None],
    limit: int,
    idle_timeout: float,
) -> int:
    collected: deque[tuple[int, bytes]] = deque()
    consumer = channel.basic_consume(queue, lambda _c, method, _p, body: collected.append((method.delivery_tag, body)))
    handled = 0
    try:
        while handled < limit and _wait(channel, collected, idle_timeout):
            _work(channel, *collected.popleft(), handle)
            handled += 1
    except AMQPError:
        raise
    except BaseException:
        _give_back(channel, consumer, collected)
        raise
    _give_back(channel, consumer, collected)
    return handled


def _wait(channel: BlockingChannel, collected: deque[tuple[int, bytes]], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not collected and (left := end - time.monotonic()) > 0:
        channel.connection.process_data_events(time_limit=left)
    return bool(collected)


def _give_back(channel: BlockingChannel, consumer: str, collected: deque[tuple[int, bytes]]) -> None:
    if channel.is_open:
        channel.basic_cancel(consumer)
        for tag, _ in collected:
            channel.basic_nack(tag)


def _work(channel: BlockingChannel, tag: int, body: bytes, handle: Callable[[dict[str, Any]], None]) -> None:
    try:
        order = json.loads(str(body, "utf-8"))
    except ValueError as error:
        channel.basic_nack(tag, requeue=False)
        raise BadOrder(error) from None
    if type(order) is not dict:
        channel.basic_nack(tag, requeue=False)
        raise BadOrder(order)
    done = False
    try:
        handle(order)
        done = True
    finally:
        if channel.is_open:
            (channel.basic_ack if done else channel.basic_nack)(tag)
