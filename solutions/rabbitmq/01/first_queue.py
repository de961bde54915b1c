"""RabbitMQ 01 · First queue.

The corner shop prints every web order as a message for the packing desk. Connect to the broker, declare the queue, send
orders, take them off again, and make sure that no order is lost when the desk stumbles.

Run: pytest katas/rabbitmq/01
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from pika import BasicProperties, BlockingConnection, DeliveryMode, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError


class BadOrder(ValueError):
    """The body of a message is not a JSON object."""


def connect(url: str, name: str) -> BlockingConnection:
    """Open a connection that the management UI shows as `name` (client property "connection_name").

    One attempt.

    Raises:
        pika.exceptions.AMQPConnectionError: nothing listens; raised within 6 s.
    """
    parameters = URLParameters(url)
    parameters.client_properties = {"connection_name": name}
    parameters.connection_attempts = 1
    parameters.socket_timeout = parameters.stack_timeout = 5.0  # TCP; TCP and the handshake together
    return BlockingConnection(parameters)


def declare_order_queue(channel: BlockingChannel, queue: str) -> int:
    """Make sure that the durable, shared (not exclusive, not auto-delete) queue exists.

    May be called any number of times.

    Returns:
        The number of ready messages.
    """
    return int(channel.queue_declare(queue, durable=True).method.message_count)


def send_order(channel: BlockingChannel, queue: str, order: dict[str, Any]) -> str:
    """Publish `order` as UTF-8 JSON through the default exchange.

    The message is persistent; it has the content_type "application/json", a unique message_id, and a timestamp in whole
    seconds.

    Returns:
        The message_id.
    """
    message_id = str(uuid.uuid4())
    properties = BasicProperties(
        content_type="application/json",
        delivery_mode=DeliveryMode.Persistent,
        message_id=message_id,
        timestamp=int(time.time()),
    )
    channel.basic_publish("", queue, json.dumps(order, ensure_ascii=False).encode(), properties)
    return message_id


def take_order(channel: BlockingChannel, queue: str, handle: Callable[[dict[str, Any]], None]) -> bool:
    """Pull one order and hand it to `handle`.

    `handle(order)` returns: the message is acknowledged. It raises: the order goes back to the queue, and the exception
    is raised on.

    Returns:
        True when an order was handled, False when the queue is empty.

    Raises:
        BadOrder: the body is not a JSON object. The message is dropped (rejected, not requeued), and `handle` is not
            called.
    """
    delivery, _, body = channel.basic_get(queue)
    if delivery is None or body is None:  # None, not merely empty: a bad message may have no body at all
        return False
    _settle(channel, delivery.delivery_tag, body, handle)
    return True


def pack_orders(
    channel: BlockingChannel,
    queue: str,
    handle: Callable[[dict[str, Any]], None],
    limit: int,
    idle_timeout: float,
) -> int:
    """Handle up to `limit` orders, in order, with the rules of take_order.

    Stops after `idle_timeout` seconds without a new one.

    When it returns or raises, nothing stays unacknowledged on the (still open) channel, and no consumer is left behind.

    Returns:
        How many were handled.
    """
    if limit < 1:
        return 0
    handled = 0
    channel.basic_qos(prefetch_count=1)  # what was fetched and not handled must be given back, so fetch little
    try:
        for delivery, _, body in channel.consume(queue, inactivity_timeout=idle_timeout):
            if delivery is None or body is None:  # pika's way to say that the time is up
                break
            _settle(channel, delivery.delivery_tag, body, handle)
            handled += 1
            if handled == limit:
                break
    finally:
        if channel.is_open:  # without a connection the broker takes everything back by itself
            channel.cancel()
    return handled


def _settle(channel: BlockingChannel, tag: int, body: bytes, handle: Callable[[dict[str, Any]], None]) -> None:
    """Handle one message and tell the broker what became of it."""
    try:
        order = _parse(body)
    except BadOrder:
        channel.basic_reject(tag, requeue=False)
        raise
    try:
        handle(order)
    except BaseException:
        with contextlib.suppress(AMQPError):  # the handler's own error is the one to show
            channel.basic_nack(tag, requeue=True)
        raise
    channel.basic_ack(tag)


def _parse(body: bytes) -> dict[str, Any]:
    """
    Raises:
        BadOrder: the body is not a JSON object.
    """
    try:
        order = json.loads(body.decode())
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested without end
        raise BadOrder(f"not JSON: {body[:80]!r}") from error
    if not isinstance(order, dict):
        raise BadOrder(f"JSON, but not an object: {body[:80]!r}")
    return order
