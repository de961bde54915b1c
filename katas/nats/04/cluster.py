"""NATS 04: three nodes, clients that move on by themselves, and streams with three copies.

Run: pytest katas/nats/04
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import nats
from nats.js import api


async def connect_cluster(urls: Sequence[str], name: str, on_event: Callable[[str], None] | None = None) -> nats.NATS:
    """Connect to any node that answers; dead ones in the list cost at most 2 s each.

    The connection never gives up reconnecting, waits at most 0.2 s between tries, and notices within 5 s a server that
    is silent on an open socket.

    Args:
        urls: of all nodes.
        name: the connection's, as the server's monitoring shows it.
        on_event: gets "disconnected", "reconnected", "closed".
    """
    raise NotImplementedError


async def ensure_replicated_stream(
    nc: nats.NATS, name: str, subjects: Sequence[str], replicas: int = 3, timeout: float = 20.0
) -> api.StreamInfo:
    """Make the file-stored stream if it is missing, and wait until it has a leader and all other replicas are current.

    Harmless when called again.

    Raises:
        nats.errors.TimeoutError: that was not so within `timeout` seconds.
    """
    raise NotImplementedError


async def leader_of(nc: nats.NATS, stream: str) -> str | None:
    """Name of the node that leads the stream, None while there is none."""
    raise NotImplementedError


async def move_leader(nc: nats.NATS, stream: str, timeout: float = 10.0) -> str:
    """Ask the leader of the stream to step down; the name of the next leader, which is another node.

    Raises:
        nats.errors.TimeoutError: no other node led the stream within `timeout` seconds.
    """
    raise NotImplementedError


async def publish_safely(nc: nats.NATS, subject: str, payload: bytes, msg_id: str, timeout: float = 20.0) -> int:
    """Publish until a stream acknowledges; the message's sequence in the stream.

    A message with the same `msg_id` is stored once, however often tries or calls are repeated. One try waits at most
    1 s for its acknowledgement.

    Raises:
        nats.errors.TimeoutError: `timeout` seconds went by without an acknowledgement.
    """
    raise NotImplementedError


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
    raise NotImplementedError
