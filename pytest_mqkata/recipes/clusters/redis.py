"""Redis: a cluster of three masters with a replica each, a master with replicas, the same under three sentinels."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_mqkata.recipes import Launch
from pytest_mqkata.recipes.clusters import Member, Plain
from pytest_mqkata.recipes.redis import SERVICE

if TYPE_CHECKING:
    import redis

SLOTS = 16384
_TIMEOUT = 1.0  # seconds for one answer
_POLL = 0.02
_FORM_SECONDS = 20.0
_PATIENCE = 6.0  # seconds for the sentinels to choose a master by themselves
# a node that was killed comes back with what it had acknowledged, not empty: an empty master empties its replicas
_DURABLE = ("--save", "", "--appendonly", "yes")
_CLUSTER_NODE = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
_QUICK_SYNC = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")


class _Fresh(Plain):
    """What all kinds have in common: small, quick to start, never used twice."""

    fresh = True
    start_deadline = 30.0
    heal_deadline = 60.0


class BareNodes(_Fresh):
    """Nodes that could be a cluster and know nothing of each other. Option `count`: how many, default 6."""

    title = "Redis nodes"
    memory = 60

    def members(self, options: Mapping[str, Any]) -> list[Member]:
        arguments = [*_DURABLE, *_CLUSTER_NODE, *_QUICK_SYNC]
        return [Member(f"node{number}", {"args": arguments}) for number in range(int(options.get("count", 6)))]

    def probe(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> str | None:
        return None


class RedisCluster(BareNodes):
    """Three masters that share the slots evenly; node 3+i is the replica of node i."""

    title = "Redis Cluster"

    def form(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> None:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(_client(node)) for node in nodes]
            half = len(clients) // 2
            masters = clients[:half]
            if int(masters[0].cluster("INFO")["cluster_known_nodes"]) > 1:
                return  # formed before, and healed since
            ids = [_run(client, "CLUSTER MYID") for client in clients]
            for number, client in enumerate(clients, 1):
                _run(client, "CLUSTER SET-CONFIG-EPOCH", number)
            bounds = [SLOTS * number // half for number in range(half + 1)]
            for client, low, high in zip(masters, bounds, bounds[1:], strict=False):
                _run(client, "CLUSTER ADDSLOTSRANGE", low, high - 1)
            for node in nodes[1:]:
                _run(clients[0], "CLUSTER MEET", "127.0.0.1", node.ports["client"])
            for replica, master in zip(clients[half:], ids, strict=False):
                _replicate(replica, master)

    def probe(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> str | None:
        """Every node says that the state is ok, sees all nodes well, and every replica's link is up."""
        for node in nodes:
            port = node.ports["client"]
            try:
                with _client(node) as client:
                    info = client.cluster("INFO")
                    seen = client.cluster("NODES")
                    replication = client.info("replication")
            except _errors() as error:
                return f"{port} does not answer ({error!r})"
            if info["cluster_state"] != "ok":
                return f"{port} says that the cluster's state is {info['cluster_state']}"
            if int(info["cluster_known_nodes"]) != len(nodes):
                return f"{port} knows {info['cluster_known_nodes']} nodes"
            roles = [one["flags"] for one in seen.values()]
            if ill := [role for role in roles if "fail" in role or "handshake" in role]:
                return f"{port} sees a node as {ill[0]}"
            if sum("slave" in role for role in roles) != len(nodes) // 2:
                return f"{port} sees {sum('slave' in role for role in roles)} replicas"
            if replication["role"] == "slave" and replication["master_link_status"] != "up":
                return f"the link of the replica {port} to its master is down"
        return None


class Trio(_Fresh):
    """A master and two replicas that have caught up."""

    title = "Redis replication"
    memory = 30

    def members(self, options: Mapping[str, Any]) -> list[Member]:
        arguments = [*_DURABLE, *_QUICK_SYNC]
        replica = {"args": arguments, "role": "replica"}
        return [Member("master", {"args": arguments}), Member("replica1", replica), Member("replica2", replica)]

    def probe(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> str | None:
        """Both replicas are online and have acknowledged a write."""
        return _replicated(nodes[:3])


class Sentinel(Trio):
    """A master, two replicas, and three sentinels that know each other."""

    title = "Redis Sentinel"
    memory = 60

    def members(self, options: Mapping[str, Any]) -> list[Member]:
        sentinels = [Member(f"sentinel{number}", {"role": "sentinel"}, "sentinel", late=True) for number in (1, 2, 3)]
        return [*super().members(options), *sentinels]

    def form(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> None:
        """Sentinels ask a master for its replicas at their start and then only every ten seconds."""
        end = time.monotonic() + _FORM_SECONDS
        while (reason := _replicated(nodes[:3], write=False)) is not None:
            if time.monotonic() > end:
                raise RuntimeError(reason)
            time.sleep(_POLL)

    def sick(self, nodes: Sequence[Launch], options: Mapping[str, Any], waited: float) -> Sequence[int]:
        """Where failovers in quick succession left replicas of one another and no master, make one of what they name.

        Sentinels do not find out of that by themselves: they only promote a replica whose link was up a moment ago.
        """
        if waited > _PATIENCE:
            with contextlib.suppress(*_errors()):
                _promote(nodes[:3], nodes[3:])
        return ()

    def probe(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> str | None:
        """Each sentinel sees the master well, two replicas and two other sentinels; then as without them."""
        masters = set()
        for node in nodes[3:]:
            port = node.ports["client"]
            try:
                with _client(node) as client:
                    seen: Any = client.sentinel_master(SERVICE)
                    replicas: Any = client.sentinel_slaves(SERVICE)
                    sentinels: Any = client.sentinel_sentinels(SERVICE)
            except _errors() as error:
                return f"the sentinel {port} does not answer ({error!r})"
            if seen["is_sdown"] or seen["is_odown"]:
                return f"the sentinel {port} sees the master as down"
            if (seen["num-slaves"], seen["num-other-sentinels"]) != (2, 2):
                return f"the sentinel {port} sees {seen['num-slaves']} replicas, {seen['num-other-sentinels']} others"
            if any(replica["is_sdown"] or replica["is_disconnected"] for replica in replicas):
                return f"the sentinel {port} sees a replica as down"
            if any(sentinel["is_sdown"] for sentinel in sentinels):
                return f"the sentinel {port} sees another sentinel as down"
            masters.add(int(seen["port"]))
        if len(masters) != 1:
            return f"the sentinels name different masters: {sorted(masters)}"
        master = masters.pop()
        ordered = sorted(nodes[:3], key=lambda node: node.ports["client"] != master)
        return _replicated(ordered)


def _promote(nodes: Sequence[Launch], sentinels: Sequence[Launch]) -> None:
    for node in nodes:
        with _client(node) as client:
            if client.info("replication")["role"] == "master":
                return
    with _client(sentinels[0]) as sentinel:
        named: Any = sentinel.sentinel_master(SERVICE)
    for node in nodes:
        if node.ports["client"] == int(named["port"]):
            with _client(node) as client:
                client.replicaof("NO", "ONE")


def _replicated(nodes: Sequence[Launch], *, write: bool = True) -> str | None:
    """None if the first node is the master, and the others are online and (with `write`) acknowledge a write to it."""
    try:
        with _client(nodes[0]) as client:
            seen = client.info("replication")
            if seen["role"] != "master":
                return f"{nodes[0].ports['client']} is not a master yet"
            online = [seen.get(f"slave{number}", {}).get("state") for number in range(len(nodes) - 1)]
            if online.count("online") != len(nodes) - 1:
                return f"the replicas are {online}"
            if not write:
                return None
            client.set("mqkata:ready", "1")
            client.delete("mqkata:ready")
            acknowledged = client.wait(len(nodes) - 1, int(_TIMEOUT * 900))
            return None if acknowledged == len(nodes) - 1 else f"{acknowledged} replicas acknowledged a write"
    except _errors() as error:
        return f"{nodes[0].ports['client']} does not answer ({error!r})"


def _run(client: redis.Redis, *words: object, **options: object) -> Any:
    return client.execute_command(*words, **options)  # type: ignore[no-untyped-call]


def _replicate(replica: redis.Redis, master: str) -> None:
    """Make a node a replica, which it can only become when gossip has brought it the master's name."""
    from redis.exceptions import ResponseError

    end = time.monotonic() + _FORM_SECONDS
    while True:
        try:
            _run(replica, "CLUSTER REPLICATE", master)
            return
        except ResponseError as error:
            if time.monotonic() > end:
                raise RuntimeError(f"no replica after {_FORM_SECONDS:g} s: {error}") from error
            time.sleep(_POLL)


def _errors() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return RedisError, OSError, KeyError, ValueError


@contextlib.contextmanager
def _client(node: Launch) -> Iterator[redis.Redis]:
    import redis

    url = f"redis://127.0.0.1:{node.ports['client']}"
    with redis.Redis.from_url(url, decode_responses=True, socket_timeout=_TIMEOUT) as client:
        yield client


RECIPES = {"cluster": RedisCluster(), "sentinel": Sentinel(), "trio": Trio(), "bare": BareNodes()}
