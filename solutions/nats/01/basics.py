"""NATS 01: the order desk announces orders, the price desk answers questions, and nobody stores anything.

Run: pytest katas/nats/01
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import nats
import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription


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
    async with _connected(url) as connection:
        body = json.dumps(event).encode()
        await connection.publish(subject, body, headers=dict(headers) if headers else None)
        await connection.flush()


async def collect(
    url: str, subject: str, count: int, timeout: float, ready: asyncio.Event | None = None
) -> list[Received]:
    """Subscribe to `subject` (wildcards allowed) and return the first `count` messages, in arrival order.

    Sets `ready` once the server knows the subscription. `timeout` seconds, from then on, are for all messages together:
    when they have run out, what came is returned. Never more than `count`. Leaves no connection open.
    """
    async with _connected(url) as connection:
        subscription = await connection.subscribe(subject)
        await _registered(connection)
        if ready:
            ready.set()
        received: list[Received] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while len(received) < count:
                    received.append(_decode(await subscription.next_msg(timeout=timeout + 1)))
        return received


class PriceService:
    """Answers questions about prices on the subject `shop.price`."""

    def __init__(self, nc: nats.NATS, prices: Mapping[str, int]) -> None:
        """Keep the connection and the prices.

        Args:
            nc: stays the caller's.
            prices: article (sku) to cents; read at each request, since it may change.
        """
        self._nc = nc
        self._prices = prices
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Answer requests on `shop.price`; returns once registered with the server.

        A request is {"sku": "..."}. The reply is {"sku", "cents"}; or {"sku", "error": "unknown_sku"}; or
        {"error": "bad_request"} for anything else (not JSON, not UTF-8, not an object, sku missing or not a string).
        Every request that wants a reply gets exactly one; messages without a reply subject are ignored.
        """
        self._subscription = await self._nc.subscribe("shop.price", cb=self._answer)
        await _registered(self._nc)

    async def stop(self) -> None:
        """Stop answering; the connection stays open. A second call does nothing."""
        subscription, self._subscription = self._subscription, None
        if subscription:
            await subscription.unsubscribe()
            await self._nc.flush()

    async def _answer(self, message: Msg) -> None:
        if message.reply:
            await message.respond(json.dumps(self._reply(message.data)).encode())

    def _reply(self, data: bytes) -> dict:
        try:
            sku = json.loads(data.decode())["sku"]
        except (ValueError, KeyError, TypeError):
            return {"error": "bad_request"}
        if not isinstance(sku, str):
            return {"error": "bad_request"}
        cents = self._prices.get(sku)
        return {"sku": sku, "error": "unknown_sku"} if cents is None else {"sku": sku, "cents": cents}


async def ask_price(nc: nats.NATS, sku: str, timeout: float = 1.0) -> int:
    """The price of an article in cents.

    Raises:
        UnknownSku: the price desk does not know it.
        PriceServiceDown: at once, when nobody answers on `shop.price`.
        PriceServiceSlow: no reply came within `timeout` seconds.
    """
    try:
        reply = await nc.request("shop.price", json.dumps({"sku": sku}).encode(), timeout=timeout)
    except nats.errors.NoRespondersError as error:
        raise PriceServiceDown("nobody answers on shop.price") from error
    except TimeoutError as error:
        raise PriceServiceSlow(f"no price within {timeout:g} s") from error
    answer = json.loads(reply.data)
    if "cents" not in answer:
        raise UnknownSku(sku)
    return int(answer["cents"])


async def ask_all(
    nc: nats.NATS, subject: str, payload: bytes, *, timeout: float, limit: int | None = None
) -> list[bytes]:
    """One request, many answers: their bodies, in arrival order.

    Ends after `timeout` seconds, or at `limit` answers, or at once with [] when nobody listens. An empty body is an
    answer. Leaves no subscription behind.
    """
    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox)
    answers: list[bytes] = []
    try:
        await nc.publish(subject, payload, reply=inbox)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while limit is None or len(answers) < limit:
                    message = await subscription.next_msg(timeout=timeout + 1)
                    if (message.headers or {}).get("Status") == "503":
                        break  # the server's own word that nobody listens
                    answers.append(message.data)
    finally:
        await subscription.unsubscribe()
        await nc.flush()
    return answers


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[nats.NATS]:
    """A connection for one purpose; its two attempts fail fast, where the defaults would try for two minutes."""
    connection = await nats.connect(url, max_reconnect_attempts=1, reconnect_time_wait=0.1, connect_timeout=3)
    try:
        yield connection
    finally:
        await connection.close()


async def _registered(connection: nats.NATS) -> None:
    """Return once the server has handled what was sent before: flush() is a round trip.

    Twice, since the client's flush may overtake commands that still wait in its own buffer.
    """
    await connection.flush()
    await connection.flush()


def _decode(message: Msg) -> Received:
    return Received(message.subject, json.loads(message.data), dict(message.headers or {}))
