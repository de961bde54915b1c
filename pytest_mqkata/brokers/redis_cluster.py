"""Redis Cluster, and masters with replicas and sentinels, in a test's hands."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from pytest_mqkata.brokers.cluster import Cluster
from pytest_mqkata.brokers.node import Node
from pytest_mqkata.brokers.redis import RedisServer
from pytest_mqkata.brokers.session import ClusterLease, Session
from pytest_mqkata.recipes.redis import SERVICE

if TYPE_CHECKING:
    from redis.cluster import RedisCluster as Client

_EVIDENCE_TIMEOUT = 0.5  # seconds for one of its questions


class RedisNodes(Cluster[RedisServer]):
    """Redis nodes, whatever they are to each other."""

    def held(self) -> list[str]:
        return [f"{node.name} at port {node.port}: {_role(node)}" for node in self.alive]


class RedisCluster(RedisNodes):
    """Three masters that share the slots, `nodes[0]` to `nodes[2]`; at first `nodes[3 + i]` replicates `nodes[i]`."""

    def client(self, **options: Any) -> Client:
        """A new client of the whole cluster with decoded replies and a 5 second socket timeout; close it."""
        from redis.cluster import RedisCluster as Client

        return Client.from_url(self.urls[0], **{"decode_responses": True, "socket_timeout": 5.0, **options})

    def owner(self, key: str) -> RedisServer:
        """The master that owns the slot of `key` (or of a sharded channel), as a node that runs says now.

        Raises:
            LookupError: no node says.
        """
        import redis

        for asked in self.alive:
            with contextlib.suppress(redis.RedisError), asked.client(socket_timeout=_EVIDENCE_TIMEOUT) as client:
                slot = int(client.execute_command("CLUSTER KEYSLOT", key))
                for address, seen in client.cluster("NODES").items():
                    bounds = [(int(part[0]), int(part[-1])) for part in seen["slots"]]
                    if "fail" not in seen["flags"] and any(low <= slot <= high for low, high in bounds):
                        return self._at(int(address.rpartition(":")[2]))
        raise LookupError(f"no node that answers knows who owns the slot of {key!r}")

    def _at(self, port: int) -> RedisServer:
        return next(node for node in self.nodes if node.port == port)


class RedisSentinel(RedisNodes):
    """A master (`nodes[0]` at first), two replicas, and three sentinels that watch them as `service`.

    Attributes:
        sentinels: the sentinels; they are nodes as well, and can be killed and paused.
        service: the name under which they know the master.
    """

    service = SERVICE

    def __init__(self, lease: ClusterLease, nodes: list[RedisServer], sentinels: list[RedisServer]) -> None:
        super().__init__(lease, nodes)
        self.sentinels = sentinels

    @property
    def members(self) -> list[Node]:
        return [*self.nodes, *self.sentinels]

    @property
    def sentinel_urls(self) -> list[str]:
        return [sentinel.url for sentinel in self.sentinels]

    def master(self) -> RedisServer:
        """The master that the first sentinel that answers names. Sentinels learn of a switch one after another.

        Raises:
            LookupError: no sentinel answers.
        """
        import redis

        for sentinel in self.sentinels:
            with contextlib.suppress(redis.RedisError), sentinel.client(socket_timeout=_EVIDENCE_TIMEOUT) as client:
                _, port = client.sentinel_get_master_addr_by_name(self.service)
                return next(node for node in self.nodes if node.port == int(port))
        raise LookupError("no sentinel answers")


def _role(node: RedisServer) -> str:
    import redis

    try:
        with node.client(socket_timeout=_EVIDENCE_TIMEOUT) as client:
            seen: dict[str, Any] = client.info("replication")
    except redis.RedisError as error:
        return f"gives no answer ({error})"
    if seen["role"] == "slave":
        return f"replica of {seen['master_port']}, its link is {seen['master_link_status']}"
    return f"master with {seen['connected_slaves']} replicas"


def lease_cluster(session: Session) -> RedisCluster:
    """A formed cluster that nobody else has.

    Raises:
        MissingTool: the executable is not here and cannot be fetched.
        EnvironmentProblem: it cannot be started.
    """
    lease = session.take_cluster("redis")
    return RedisCluster(lease, _nodes(lease))


def lease_sentinel(session: Session) -> RedisSentinel:
    """A watched master with its replicas; raises as `lease_cluster`."""
    lease = session.take_cluster("redis", "sentinel")
    nodes = _nodes(lease)
    sentinels = [node for node in nodes if node.lease.record.role == "sentinel"]
    return RedisSentinel(lease, [node for node in nodes if node not in sentinels], sentinels)


def lease_trio(session: Session) -> RedisNodes:
    """A master and two replicas; raises as `lease_cluster`."""
    lease = session.take_cluster("redis", "trio")
    return RedisNodes(lease, _nodes(lease))


def lease_bare_nodes(session: Session, count: int) -> RedisNodes:
    """Nodes that could be a cluster and know nothing of each other; raises as `lease_cluster`."""
    lease = session.take_cluster("redis", "bare", {"count": count})
    return RedisNodes(lease, _nodes(lease))


def _nodes(lease: ClusterLease) -> list[RedisServer]:
    return [RedisServer(node, shared=False) for node in lease.nodes()]
