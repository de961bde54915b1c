"""RabbitMQ 01 · First queue.

The corner shop prints every web order as a message for the packing desk. Connect to the broker, declare the queue, send
orders, take them off again, and make sure that no order is lost when the desk stumbles.

Run: pytest katas/rabbitmq/01
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pika import BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel


class BadOrder(ValueError):
    """The body of a message is not a JSON object."""


def connect(url: str, name: str) -> BlockingConnection:
    """Open a connection that the management UI shows as `name` (client property "connection_name").

    One attempt.

    Raises:
        pika.exceptions.AMQPConnectionError: nothing listens; raised within 6 s.
    """
    raise NotImplementedError


def declare_order_queue(channel: BlockingChannel, queue: str) -> int:
    """Make sure that the durable, shared (not exclusive, not auto-delete) queue exists.

    May be called any number of times.

    Returns:
        The number of ready messages.
    """
    raise NotImplementedError


def send_order(channel: BlockingChannel, queue: str, order: dict[str, Any]) -> str:
    """Publish `order` as UTF-8 JSON through the default exchange.

    The message is persistent; it has the content_type "application/json", a unique message_id, and a timestamp in whole
    seconds.

    Returns:
        The message_id.
    """
    raise NotImplementedError


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
    raise NotImplementedError


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
    raise NotImplementedError
