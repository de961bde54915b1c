"""NATS 04: three nodes, clients that move on by themselves, and streams with three copies.

Run: pytest katas/nats/04
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import nats
import nats.errors
from nats.js import api
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

_TRY = 1.0  # seconds that one question to the cluster may take
_PAUSE = 0.05  # seconds between two
_HTTP_SECONDS = 2.0

_PASSING = (nats.errors.TimeoutError, nats.errors.NoRespondersError, NoStreamResponseError, APIError)
"""What a cluster answers while it has no leader: silence, "nobody listens", or an error of JetStream's."""


async def connect_cluster(urls: Sequence[str], name: str, on_event: Callable[[str], None] | None = None) -> nats.NATS:
    """Connect to any node that answers; dead ones in the list cost at most 2 s each.

    The connection never gives up reconnecting, waits at most 0.2 s between tries, and notices within 5 s a server that
    is silent on an open socket.

    Args:
        urls: of all nodes.
        name: the connection's, as the server's monitoring shows it.
        on_event: gets "disconnected", "reconnected", "closed".
    """

    def told(event: str) -> Callable[[], Awaitable[None]]:
        async def tell() -> None:
            if on_event:
                on_event(event)

        return tell

    return await nats.connect(
        list(urls),
        name=name,
        connect_timeout=2,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
        ping_interval=1,
        max_outstanding_pings=2,
        disconnected_cb=told("disconnected"),
        reconnected_cb=told("reconnected"),
        closed_cb=told("closed"),
        error_cb=_no_traceback,
    )


async def ensure_replicated_stream(
    nc: nats.NATS, name: str, subjects: Sequence[str], replicas: int = 3, timeout: float = 20.0
) -> api.StreamInfo:
    """Make the file-stored stream if it is missing, and wait until it has a leader and all other replicas are current.

    Harmless when called again.

    Raises:
        nats.errors.TimeoutError: that was not so within `timeout` seconds.
    """
    js = nc.jetstream(timeout=_TRY)
    config = api.StreamConfig(name=name, subjects=list(subjects), storage=api.StorageType.FILE, num_replicas=replicas)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        with suppress(*_PASSING):
            try:
                info = await js.stream_info(name)
            except NotFoundError:
                info = await js.add_stream(config)
            if _complete(info, replicas):
                return info
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError


async def leader_of(nc: nats.NATS, stream: str) -> str | None:
    """Name of the node that leads the stream, None while there is none."""
    try:
        info = await nc.jetstream(timeout=_TRY).stream_info(stream)
    except _PASSING:
        return None
    return info.cluster.leader or None if info.cluster else None


async def move_leader(nc: nats.NATS, stream: str, timeout: float = 10.0) -> str:
    """Ask the leader of the stream to step down; the name of the next leader, which is another node.

    Raises:
        nats.errors.TimeoutError: no other node led the stream within `timeout` seconds.
    """
    end = time.monotonic() + timeout
    before = None
    while time.monotonic() < end:
        leader = await leader_of(nc, stream)
        if before is None and leader:
            with suppress(*_PASSING):
                await nc.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}", b"", timeout=_TRY)
                before = leader
        elif leader and leader != before:
            return leader
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError


async def publish_safely(nc: nats.NATS, subject: str, payload: bytes, msg_id: str, timeout: float = 20.0) -> int:
    """Publish until a stream acknowledges; the message's sequence in the stream.

    A message with the same `msg_id` is stored once, however often tries or calls are repeated. One try waits at most
    1 s for its acknowledgement.

    Raises:
        nats.errors.TimeoutError: `timeout` seconds went by without an acknowledgement.
    """
    js = nc.jetstream()
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        with suppress(*_PASSING):
            ack = await js.publish(subject, payload, timeout=min(_TRY, left), headers={"Nats-Msg-Id": msg_id})
            return ack.seq
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError


@dataclass(frozen=True)
class Health:
    """What the monitoring pages of a cluster's nodes say.

    Attributes:
        reachable: how many nodes' monitoring answers.
        full_mesh: all nodes are reachable, and each has a route to every other.
        meta_leader: name of the node that leads JetStream, when all reachable nodes agree on one.
        healthy: full mesh, a meta leader, and every /healthz ok.
    """

    reachable: int
    full_mesh: bool
    meta_leader: str | None
    healthy: bool


def cluster_health(monitor_urls: Sequence[str]) -> Health:
    """Read it from the monitoring pages of all nodes ("http://127.0.0.1:port").

    Nodes that do not answer are counted, not raised; a silent one costs at most 2 s.
    """
    with ThreadPoolExecutor(max(1, len(monitor_urls))) as pool:
        found = [node for node in pool.map(_look, monitor_urls) if node]
    names = {node.name for node in found}
    leaders = {node.meta_leader for node in found}
    leader = leaders.pop() if len(leaders) == 1 else None
    mesh = len(names) == len(monitor_urls) and all(names - {node.name} <= node.peers for node in found)
    return Health(len(found), mesh, leader, mesh and leader is not None and all(node.ok for node in found))


@dataclass(frozen=True)
class _Node:
    """What one node says of itself and the others."""

    name: str
    peers: frozenset[str]
    meta_leader: str | None
    ok: bool


def _look(url: str) -> _Node | None:
    """None if the node does not answer."""
    try:
        routes = _page(url, "routez")
        jetstream = _page(url, "jsz")
        health = _page(url, "healthz")
    except (OSError, ValueError):
        return None
    # a node holds several routes to each of the others: their names count, not the routes
    peers = frozenset(one["remote_name"] for one in routes.get("routes") or [] if "remote_name" in one)
    leader = jetstream.get("meta_cluster", {}).get("leader")
    return _Node(routes.get("server_name", url), peers, leader or None, health.get("status") == "ok")


def _page(url: str, page: str) -> dict:
    try:
        with urllib.request.urlopen(f"{url}/{page}", timeout=_HTTP_SECONDS) as reply:
            return dict(json.load(reply))
    except urllib.error.HTTPError as error:  # /healthz of a node that is not well: 503, and the reason
        with error:
            return dict(json.load(error))


async def _no_traceback(error: Exception) -> None:
    """The client's own error callback prints a traceback for every server that it cannot reach."""


def _complete(info: api.StreamInfo, replicas: int) -> bool:
    if info.cluster is None or not info.cluster.leader:
        return False
    followers = info.cluster.replicas or []
    return len(followers) == replicas - 1 and all(one.current and not one.offline for one in followers)
