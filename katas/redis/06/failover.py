"""Redis 06 · Cluster and Sentinel.

The shop has grown, and orders must keep flowing when a machine dies. Find out which slot a key lives in, build a cluster,
shout on one shard of it, publish through a failover without loss and without doubles, and know whether the sentinels
could still fail over.

Run: pytest katas/redis/06
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis


class OrderKeys(NamedTuple):
    """Where the data of one order lies."""

    events: str
    state: str
    lock: str


class Quorum(NamedTuple):
    """What a group of sentinels could do right now."""

    known: int
    reachable: int
    needed: int
    can_fail_over: bool


class GaveUp(TimeoutError):
    """The time is over; the entry may be stored or not."""


def slot_of(key: str) -> int:
    """The cluster slot (0..16383) of the key's UTF-8 bytes, hash tags respected. Asks no server."""
    raise NotImplementedError


def order_keys(order_id: str) -> OrderKeys:
    """Three different keys in one slot, for any text as id ('' and braces too).

    Different ids never share a key; ids spread over the slots.
    """
    raise NotImplementedError


def create_cluster(nodes: Sequence[str], timeout: float = 30.0) -> None:
    """Join the bare nodes (URLs; bus port = port + 10000) to a cluster.

    The first half become masters with the slots shared out evenly, node half + i replicates node i. Returns when every
    node says cluster_state:ok and every replica's link is up.

    Raises:
        ValueError: fewer than 6 nodes or an odd number; before touching anything.
        TimeoutError: it is not so within `timeout` seconds.
    """
    raise NotImplementedError


def publish_sharded(url: str, channel: str, body: dict[str, Any]) -> int:
    """SPUBLISH `body` as JSON, by way of any node's url.

    Returns:
        The number of receivers on the shard that owns the channel.
    """
    raise NotImplementedError


class ShardFeed:
    """A confirmed subscription to a sharded channel; also a context manager that closes itself."""

    def __init__(self, url: str, channel: str, timeout: float = 5.0) -> None:
        """Subscribed on the shard that owns the channel, confirmed before return. url: any living node."""
        raise NotImplementedError

    def get(self, timeout: float) -> dict[str, Any] | None:
        """The next message's body, waiting up to `timeout` seconds; None if none came."""
        raise NotImplementedError

    def close(self) -> None:
        """Unsubscribe and disconnect. May be called twice."""
        raise NotImplementedError

    def __enter__(self) -> ShardFeed:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class Publisher:
    """Adds to a stream of whoever is the master, through failovers."""

    def __init__(
        self, sentinels: Sequence[str], service: str, *, min_replicas: int = 1, deadline: float = 30.0
    ) -> None:
        """Remember whom to ask.

        Args:
            sentinels: their URLs.
            service: the name under which they know the master.
            min_replicas: how many replicas must have an entry.
            deadline: seconds after which `add` gives up.
        """
        raise NotImplementedError

    def add(self, stream: str, message_id: str, fields: Mapping[str, str]) -> str:
        """Store fields plus "message_id" in the stream of the current master.

        The same message_id is stored once only, also on later calls, which return the first id. Not thread-safe.

        Returns:
            The entry id, only when at least min_replicas replicas have it.

        Raises:
            GaveUp: it went on through a failover until `deadline` seconds were over; the entry may or may not be stored.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Disconnect. May be called twice."""
        raise NotImplementedError


def quorum(sentinels: Sequence[str], service: str) -> Quorum:
    """What the group of sentinels could do, as those of them say that can be reached.

    Returns:
        known: how many sentinels the group has, whether or not they can be reached; needed: the configured quorum;
        can_fail_over: enough are reachable for the quorum AND for a majority of known. All 0 and False if none answers
        within about a second each.
    """
    raise NotImplementedError
