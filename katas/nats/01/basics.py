"""NATS 01: the order desk announces orders, the price desk answers questions, and nobody stores anything.

Run: pytest katas/nats/01
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import nats


@dataclass(frozen=True)
class Received:
    """A message as a subscriber got it.

    Attributes:
        subject: where it was published.
        event: its decoded JSON body.
        headers: {} when it had none.
    """

    subject: str
    event: dict
    headers: dict[str, str]


class UnknownSku(Exception):
    """The price desk does not know the article."""


class PriceServiceDown(Exception):
    """Nobody answers questions about prices."""


class PriceServiceSlow(Exception):
    """Somebody is there, but no answer came in time."""


async def publish_event(url: str, subject: str, event: dict, headers: Mapping[str, str] | None = None) -> None:
    """Connect, publish `event` as UTF-8 JSON with `headers`, and return once the server has processed it.

    Leaves no connection open, also when it fails.

    Raises:
        nats.errors.NoServersError: the server cannot be reached; within 10 s.
    """
    raise NotImplementedError


async def collect(
    url: str, subject: str, count: int, timeout: float, ready: asyncio.Event | None = None
) -> list[Received]:
    """Subscribe to `subject` (wildcards allowed) and return the first `count` messages, in arrival order.

    Sets `ready` once the server knows the subscription. `timeout` seconds, from then on, are for all messages together:
    when they have run out, what came is returned. Never more than `count`. Leaves no connection open.
    """
    raise NotImplementedError


class PriceService:
    """Answers questions about prices on the subject `shop.price`."""

    def __init__(self, nc: nats.NATS, prices: Mapping[str, int]) -> None:
        """Keep the connection and the prices.

        Args:
            nc: stays the caller's.
            prices: article (sku) to cents; read at each request, since it may change.
        """
        raise NotImplementedError

    async def start(self) -> None:
        """Answer requests on `shop.price`; returns once registered with the server.

        A request is {"sku": "..."}. The reply is {"sku", "cents"}; or {"sku", "error": "unknown_sku"}; or
        {"error": "bad_request"} for anything else (not JSON, not UTF-8, not an object, sku missing or not a string).
        Every request that wants a reply gets exactly one; messages without a reply subject are ignored.
        """
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop answering; the connection stays open. A second call does nothing."""
        raise NotImplementedError


async def ask_price(nc: nats.NATS, sku: str, timeout: float = 1.0) -> int:
    """The price of an article in cents.

    Raises:
        UnknownSku: the price desk does not know it.
        PriceServiceDown: at once, when nobody answers on `shop.price`.
        PriceServiceSlow: no reply came within `timeout` seconds.
    """
    raise NotImplementedError


async def ask_all(
    nc: nats.NATS, subject: str, payload: bytes, *, timeout: float, limit: int | None = None
) -> list[bytes]:
    """One request, many answers: their bodies, in arrival order.

    Ends after `timeout` seconds, or at `limit` answers, or at once with [] when nobody listens. An empty body is an
    answer. Leaves no subscription behind.
    """
    raise NotImplementedError
