"""Redis 06 · Cluster and Sentinel.

The shop has grown, and orders must keep flowing when a machine dies. Find out which slot a key lives in, build a cluster,
shout on one shard of it, publish through a failover without loss and without doubles, and know whether the sentinels
could still fail over.

Run: pytest katas/redis/06
"""

from __future__ import annotations

import json
import socket
import time
from binascii import crc_hqx
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import MasterDownError, ReadOnlyError
from redis.retry import Retry

_SLOTS = 16384


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
    hashed = key.encode()
    _, brace, behind = hashed.partition(b"{")
    tag, closed, _ = behind.partition(b"}")
    if brace and closed and tag:
        hashed = tag
    return crc_hqx(hashed, 0) % _SLOTS  # CRC-16/XMODEM


def order_keys(order_id: str) -> OrderKeys:
    """Three different keys in one slot, for any text as id ('' and braces too).

    Different ids never share a key; ids spread over the slots.
    """
    tag = "{order:" + quote(order_id, safe="") + "}"  # quoted: no braces inside; never empty; no two ids alike
    return OrderKeys(f"{tag}:events", f"{tag}:state", f"{tag}:lock")


def create_cluster(nodes: Sequence[str], timeout: float = 30.0) -> None:
    """Join the bare nodes (URLs; bus port = port + 10000) to a cluster.

    The first half become masters with the slots shared out evenly, node half + i replicates node i. Returns when every
    node says cluster_state:ok and every replica's link is up.

    Raises:
        ValueError: fewer than 6 nodes or an odd number; before touching anything.
        TimeoutError: it is not so within `timeout` seconds.
    """
    if len(nodes) < 6 or len(nodes) % 2:
        raise ValueError(f"an even number of nodes is needed, 6 or more, not {len(nodes)}")
    deadline = time.monotonic() + timeout
    with ExitStack() as stack:
        clients = [stack.enter_context(_client(url, min(timeout, 5.0))) for url in nodes]
        try:
            _join(clients, nodes, deadline)
        except redis.TimeoutError as error:
            raise TimeoutError(f"a node did not answer: {error}") from error


def _join(clients: Sequence[redis.Redis], nodes: Sequence[str], deadline: float) -> None:
    half = len(clients) // 2
    for epoch, client in enumerate(clients, 1):  # else all begin with 0, and must settle the collisions first
        client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", epoch)
    for number, master in enumerate(clients[:half]):
        first, end = number * _SLOTS // half, (number + 1) * _SLOTS // half
        master.execute_command("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
    for url in nodes[1:]:
        place = urlsplit(url)
        host = socket.gethostbyname(place.hostname or "localhost")  # MEET takes addresses, no names
        clients[0].execute_command("CLUSTER", "MEET", host, place.port)

    for master, replica in zip(clients[:half], clients[half:], strict=True):
        master_id = _text(master.execute_command("CLUSTER", "MYID"))
        _wait(partial(_replicates, replica, master_id), deadline, "a replica does not know its master")
    for client in clients:
        _wait(partial(_is_ready, client), deadline, "a node does not say cluster_state:ok")
    for replica in clients[half:]:
        _wait(partial(_is_linked, replica), deadline, "a replica's link is not up")


def _replicates(replica: redis.Redis, master_id: str) -> bool:
    """Make it a replica; False if it has not heard of its master yet: MEET returns long before all have met."""
    try:
        replica.execute_command("CLUSTER", "REPLICATE", master_id)
    except redis.ResponseError as error:
        if "Unknown node" in str(error):
            return False
        raise
    return True


def _is_ready(client: redis.Redis) -> bool:
    return "cluster_state:ok" in _text(client.execute_command("CLUSTER", "INFO", NEVER_DECODE=True))


def _is_linked(replica: redis.Redis) -> bool:
    return bool(replica.info("replication").get("master_link_status") == "up")


def _wait(done: Callable[[], bool], deadline: float, what: str) -> None:
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


def _text(reply: Any) -> str:
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def publish_sharded(url: str, channel: str, body: dict[str, Any]) -> int:
    """SPUBLISH `body` as JSON, by way of any node's url.

    Returns:
        The number of receivers on the shard that owns the channel.
    """
    with _client(_owner(url, channel, 5.0), 5.0) as client:
        return int(client.execute_command("SPUBLISH", channel, json.dumps(body)))


def _owner(url: str, channel: str, timeout: float) -> str:
    """The URL of the master whose slots hold the channel, as the node at `url` knows it.

    A replica of that shard would take both commands too, but SPUBLISH counts the subscribers of its own node only.
    """
    slot = slot_of(channel)
    with _client(url, timeout) as client:
        for first, last, master, *_ in client.execute_command("CLUSTER", "SLOTS", NEVER_DECODE=True):
            if first <= slot <= last:
                host = _text(master[0]) or urlsplit(url).hostname  # no host: the one that was asked
                return f"redis://{host}:{int(master[1])}"
    raise ConnectionError(f"no node owns slot {slot} of {channel!r}")


class ShardFeed:
    """A confirmed subscription to a sharded channel; also a context manager that closes itself."""

    def __init__(self, url: str, channel: str, timeout: float = 5.0) -> None:
        """Subscribed on the shard that owns the channel, confirmed before return. url: any living node."""
        deadline = time.monotonic() + timeout
        place = _owner(url, channel, timeout)
        self._early: list[dict[str, Any]] = []
        self._client = _client(place, max(0.01, deadline - time.monotonic()))
        self._pubsub = self._client.pubsub()
        try:
            self._pubsub.ssubscribe(channel)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"the subscription to {channel!r} was not confirmed within {timeout} s")
                item = self._pubsub.get_message(timeout=left)
                if item is not None and item["type"] == "ssubscribe":
                    break
        except BaseException:
            self.close()
            raise

    def get(self, timeout: float) -> dict[str, Any] | None:
        """The next message's body, waiting up to `timeout` seconds; None if none came."""
        end = time.monotonic() + timeout
        while True:
            left = max(0.0, end - time.monotonic())
            item = self._pubsub.get_message(timeout=left)
            if item is not None and item["type"] == "smessage":
                body: dict[str, Any] = json.loads(item["data"])
                return body
            if item is None and left == 0:
                return None

    def close(self) -> None:
        """Unsubscribe and disconnect. May be called twice."""
        self._pubsub.close()
        self._client.close()

    def __enter__(self) -> ShardFeed:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


# One entry for each message_id, whoever asks, however often. It writes each time: WAIT waits for the last write of its own
# connection, and after a mere look there is nothing to wait for.
_ADD_ONCE = """
local entry = redis.call('HGET', KEYS[2], ARGV[1])
if not entry then
    entry = redis.call('XADD', KEYS[1], '*', 'message_id', ARGV[1], unpack(ARGV, 2))
end
redis.call('HSET', KEYS[2], ARGV[1], entry)
return entry
"""


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
        self._sentinels = list(sentinels)
        self._service = service
        self._min_replicas = min_replicas
        self._deadline = deadline
        self._master: redis.Redis | None = None

    def add(self, stream: str, message_id: str, fields: Mapping[str, str]) -> str:
        """Store fields plus "message_id" in the stream of the current master.

        The same message_id is stored once only, also on later calls, which return the first id. Not thread-safe.

        Returns:
            The entry id, only when at least min_replicas replicas have it.

        Raises:
            GaveUp: it went on through a failover until `deadline` seconds were over; the entry may or may not be stored.
        """
        end = time.monotonic() + self._deadline
        values = [text for pair in fields.items() for text in pair]
        while (left := end - time.monotonic()) > 0:
            try:
                if self._master is None:
                    self._master = self._find_master(left)
                if self._master is not None:
                    entry = self._master.eval(_ADD_ONCE, 2, stream, f"{stream}:ids", message_id, *values)
                    wait = max(1, int(1000 * min(0.5, end - time.monotonic())))
                    if int(self._master.execute_command("WAIT", self._min_replicas, wait)) >= self._min_replicas:
                        return _text(entry)
            except (redis.ConnectionError, redis.TimeoutError, ReadOnlyError, MasterDownError):
                pass  # dead, silent, or demoted
            except redis.ResponseError as error:
                if not str(error).startswith("NOREPLICAS"):
                    raise
            self.close()  # whatever went wrong: ask again who the master is
            time.sleep(0.05)
        raise GaveUp(f"{message_id!r} is not on {self._min_replicas} replicas after {self._deadline} s")

    def _find_master(self, left: float) -> redis.Redis | None:
        """The node that the sentinels call the master and that says so itself; None if there is none now."""
        for url in self._sentinels:
            try:
                with _client(url, min(0.5, left)) as sentinel:
                    found = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
            except (redis.RedisError, OSError):
                continue
            if not found:
                continue
            master = _client(f"redis://{_text(found[0])}:{int(found[1])}", min(1.0, left))
            try:
                if _text(master.execute_command("ROLE")[0]) == "master":
                    return master
            except redis.RedisError:
                pass
            master.close()
        return None

    def close(self) -> None:
        """Disconnect. May be called twice."""
        if self._master is not None:
            self._master.close()
            self._master = None


def quorum(sentinels: Sequence[str], service: str) -> Quorum:
    """What the group of sentinels could do, as those of them say that can be reached.

    Returns:
        known: how many sentinels the group has, whether or not they can be reached; needed: the configured quorum;
        can_fail_over: enough are reachable for the quorum AND for a majority of known. All 0 and False if none answers
        within about a second each.
    """
    known = reachable = needed = 0
    for url in sentinels:
        try:
            with _client(url, 0.5) as sentinel:
                about = sentinel.execute_command("SENTINEL", "MASTER", service, NEVER_DECODE=True)
        except redis.RedisError:
            continue
        facts = _pairs(about)
        reachable += 1
        known = max(known, int(facts["num-other-sentinels"]) + 1)
        needed = max(needed, int(facts["quorum"]))
    return Quorum(known, reachable, needed, known > 0 and reachable >= max(needed, known // 2 + 1))


def _pairs(reply: Any) -> dict[str, str]:
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {_text(name): _text(value) for name, value in pairs}


def _client(url: str, timeout: float) -> redis.Redis:
    """A client that gives up after `timeout` seconds and never repeats a command by itself."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )
