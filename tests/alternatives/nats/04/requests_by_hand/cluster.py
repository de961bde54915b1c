"""JetStream's requests by hand, one deadline around each function, and httpx for the pages.

It shows that JetStream is messages like any others: `$JS.API.…` subjects, JSON in and out, and that `asyncio.timeout` can
hold the one deadline if its error is turned into the promised one.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import nats
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js import api


@asynccontextmanager
async def _at_most(seconds):
    try:
        async with asyncio.timeout(seconds):
            yield
    except NatsTimeout:
        raise
    except TimeoutError:
        raise NatsTimeout from None


async def _ask(nc, subject, request=None):
    """The answer of JetStream's API, None while there is nobody to give one."""
    body = json.dumps(request).encode() if request is not None else b""
    try:
        return json.loads((await nc.request(subject, body, timeout=1)).data)
    except (NatsTimeout, NoRespondersError):
        return None


def _nothing(event):
    pass


async def connect_cluster(urls, name, on_event=None):
    on_event = on_event or (_nothing)

    async def lost():
        on_event("disconnected")

    async def back():
        on_event("reconnected")

    async def over():
        on_event("closed")

    async def hush(error):
        pass

    return await nats.connect(
        servers=list(urls),
        name=name,
        disconnected_cb=lost,
        reconnected_cb=back,
        closed_cb=over,
        error_cb=hush,
        connect_timeout=1,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,
        ping_interval=2,
        max_outstanding_pings=1,
    )


async def ensure_replicated_stream(nc, name, subjects, replicas=3, timeout=20.0):
    wanted = {
        "name": name,
        "subjects": list(subjects),
        "storage": "file",
        "num_replicas": replicas,
        "retention": "limits",
    }
    async with _at_most(timeout):
        while True:
            answer = await _ask(nc, f"$JS.API.STREAM.INFO.{name}")
            if answer and answer.get("error", {}).get("code") == 404:
                await _ask(nc, f"$JS.API.STREAM.CREATE.{name}", wanted)
                continue
            if answer and "error" not in answer:
                info = api.StreamInfo.from_response(answer)
                others = (info.cluster.replicas or []) if info.cluster else []
                if info.cluster and info.cluster.leader and sum(bool(one.current) for one in others) == replicas - 1:
                    return info
            await asyncio.sleep(0.1)


async def leader_of(nc, stream):
    answer = await _ask(nc, f"$JS.API.STREAM.INFO.{stream}") or {}
    return (answer.get("cluster") or {}).get("leader") or None


async def move_leader(nc, stream, timeout=10.0):
    async with _at_most(timeout):
        while (before := await leader_of(nc, stream)) is None:
            await asyncio.sleep(0.05)
        while True:
            await _ask(nc, f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}", {})
            for _ in range(40):
                now = await leader_of(nc, stream)
                if now not in (None, before):
                    return now
                await asyncio.sleep(0.05)


async def publish_safely(nc, subject, payload, msg_id, timeout=20.0):
    async with _at_most(timeout):
        while True:
            try:
                reply = await nc.request(subject, payload, timeout=0.8, headers={"Nats-Msg-Id": msg_id})
                answer = json.loads(reply.data)
                if "seq" in answer and "error" not in answer:
                    return answer["seq"]
            except (NatsTimeout, NoRespondersError):
                pass
            await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Health:
    reachable: int
    full_mesh: bool
    meta_leader: str | None
    healthy: bool


def cluster_health(monitor_urls):
    pages = []
    with httpx.Client(timeout=1.5, trust_env=False) as web:
        for url in monitor_urls:
            try:
                routes, stream, well = (web.get(f"{url}/{page}") for page in ("routez", "jsz", "healthz"))
                pages.append((routes.json(), stream.json(), well.status_code == 200))
            except (httpx.HTTPError, ValueError):
                continue
    links = {
        routes["server_name"]: {one["remote_name"] for one in routes["routes"] or []} | {routes["server_name"]}
        for routes, _, _ in pages
    }
    full = len(links) == len(monitor_urls) and all(set(links) <= peers for peers in links.values())
    leaders = {stream.get("meta_cluster", {}).get("leader") for _, stream, _ in pages}
    leader = (leaders.pop() or None) if len(leaders) == 1 else None
    return Health(len(pages), full, leader, bool(full and leader and all(well for *_, well in pages)))
