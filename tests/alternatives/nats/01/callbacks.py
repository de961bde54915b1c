"""Callbacks and futures in place of `next_msg`: messages are handled as they come.

It shows that a subscription's callback is an ordinary place to collect, filter and answer, and that one deadline for all is
a single `asyncio.wait_for` around a future.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import nats
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout


@dataclass(frozen=True)
class Received:
    subject: str
    event: dict
    headers: dict[str, str] = field(default_factory=dict)


class UnknownSku(Exception): ...


class PriceServiceDown(Exception): ...


class PriceServiceSlow(Exception): ...


async def _round_trip(nc):
    await asyncio.sleep(0)  # lets the client write what waits in its buffer
    await nc.flush()


async def _dial(url):
    return await nats.connect(url, allow_reconnect=True, max_reconnect_attempts=1, reconnect_time_wait=0.05)


async def publish_event(url, subject, event, headers: Mapping[str, str] | None = None):
    nc = await _dial(url)
    try:
        payload = json.dumps(event, ensure_ascii=False).encode("utf-8")
        await nc.publish(subject, payload, headers=dict(headers or {}) or None)
    finally:
        await nc.drain()  # flushes, then closes


async def collect(url, subject, count, timeout, ready=None):
    nc = await _dial(url)
    got: list[Received] = []
    full = asyncio.get_running_loop().create_future()

    async def on_message(message):
        if len(got) < count:
            got.append(Received(message.subject, json.loads(message.data.decode()), dict(message.headers or {})))
        if len(got) >= count and not full.done():
            full.set_result(None)

    try:
        await nc.subscribe(subject, cb=on_message)
        await _round_trip(nc)
        if ready is not None:
            ready.set()
        if count > 0:
            try:
                await asyncio.wait_for(full, timeout)
            except asyncio.TimeoutError:
                pass
        return list(got)
    finally:
        await nc.close()


class PriceService:
    def __init__(self, nc, prices):
        self.nc, self.prices, self.sub = nc, prices, None

    async def start(self):
        async def on_request(message):
            if not message.reply:
                return
            answer = {"error": "bad_request"}
            try:
                request = json.loads(str(message.data, "utf-8"))
                if isinstance(request, dict) and isinstance(request.get("sku"), str):
                    sku = request["sku"]
                    if sku in self.prices:
                        answer = {"sku": sku, "cents": self.prices[sku]}
                    else:
                        answer = {"sku": sku, "error": "unknown_sku"}
            except ValueError:
                pass
            await self.nc.publish(message.reply, json.dumps(answer).encode())

        self.sub = await self.nc.subscribe("shop.price", cb=on_request)
        await _round_trip(self.nc)

    async def stop(self):
        if self.sub is not None:
            await self.sub.drain()
            self.sub = None
            await _round_trip(self.nc)


async def ask_price(nc, sku, timeout=1.0):
    try:
        message = await nc.request("shop.price", json.dumps({"sku": sku}).encode(), timeout=timeout)
    except NoRespondersError:
        raise PriceServiceDown from None
    except NatsTimeout:
        raise PriceServiceSlow from None
    match json.loads(message.data):
        case {"cents": int(cents)}:
            return cents
    raise UnknownSku(sku)


async def ask_all(nc, subject, payload, *, timeout, limit=None):
    answers: list[bytes] = []
    over = asyncio.Event()

    async def on_answer(message):
        if message.headers and message.headers.get("Status") == "503":
            over.set()
        elif limit is None or len(answers) < limit:
            answers.append(message.data)
            if len(answers) == limit:
                over.set()

    inbox = nc.new_inbox()
    sub = await nc.subscribe(inbox, cb=on_answer)
    await nc.publish(subject, payload, reply=inbox)
    try:
        await asyncio.wait_for(over.wait(), timeout)
    except asyncio.TimeoutError:
        pass
    await sub.unsubscribe()
    await _round_trip(nc)
    return answers
