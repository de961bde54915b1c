"""Pull only: pack_orders asks again and again with basic_get, and has no consumer that could be left behind.

It never holds more than one message, so there is nothing to give back. The price is a question to the broker every few
milliseconds while the queue is empty.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pika import BasicProperties, BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel


class BadOrder(ValueError):
    """The body of a message is not a JSON object."""


def connect(url: str, name: str) -> BlockingConnection:
    parameters = URLParameters(url)
    parameters.client_properties = {"connection_name": name, "product": "packing desk"}
    return BlockingConnection(parameters)


def declare_order_queue(channel: BlockingChannel, queue: str) -> int:
    channel.queue_declare(queue, durable=True)
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def send_order(channel: BlockingChannel, queue: str, order: dict[str, Any]) -> str:
    number = f"{uuid.uuid1()}"
    text = json.dumps(order, ensure_ascii=False, indent=2, sort_keys=True)
    channel.basic_publish(
        "",
        queue,
        bytes(text, "utf-8"),
        BasicProperties("application/json", "utf-8", None, 2, None, None, None, None, number, _now()),
    )
    return number


def _now() -> int:
    return int(datetime.now(UTC).timestamp())


def take_order(channel: BlockingChannel, queue: str, handle: Callable[[dict[str, Any]], None]) -> bool:
    method, _, body = channel.basic_get(queue)
    if method is None:
        return False
    requeue = False
    try:
        order = _order(body or b"")
        requeue = True
        handle(order)
    except BaseException:
        if channel.is_open:
            channel.basic_reject(method.delivery_tag, requeue=requeue)
        raise
    channel.basic_ack(method.delivery_tag)
    return True


def _order(body: bytes) -> dict[str, Any]:
    try:
        match json.loads(body.decode("utf-8")):
            case dict() as order:
                return order
            case other:
                raise BadOrder(f"a {type(other).__name__}, not an object")
    except UnicodeDecodeError as error:
        raise BadOrder("not UTF-8") from error
    except json.JSONDecodeError as error:
        raise BadOrder("not JSON") from error


def pack_orders(
    channel: BlockingChannel,
    queue: str,
    handle: Callable[[dict[str, Any]], None],
    limit: int,
    idle_timeout: float,
) -> int:
    handled = 0
    patience = time.monotonic() + idle_timeout
    while handled < limit and time.monotonic() < patience:
        if take_order(channel, queue, handle):
            handled += 1
            patience = time.monotonic() + idle_timeout
        else:
            channel.connection.sleep(0.01)
    return handled
