"""A Kafka cluster in a test's hands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

from pytest_mqkata.brokers.cluster import Cluster
from pytest_mqkata.brokers.kafka import KafkaNode
from pytest_mqkata.brokers.kafka_access import KafkaAccess, partitions_of
from pytest_mqkata.brokers.session import ClusterLease, Session
from pytest_mqkata.recipes.kafka_metadata import Partition

_POLL = 0.05
_LEADER_SECONDS = 20.0
_PARTITIONS_SHOWN = 6


class KafkaCluster(KafkaAccess, Cluster[KafkaNode]):
    """Three Kafka nodes with ids 0, 1 and 2, each broker and controller: one may be down at a time."""

    def __init__(self, lease: ClusterLease, nodes: list[KafkaNode]) -> None:
        Cluster.__init__(self, lease, nodes)
        KafkaAccess.__init__(self, [node.lease.record.ports for node in nodes])

    @property
    def bootstrap_servers(self) -> str:
        """All nodes, "127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT"."""
        return ",".join(self.urls)

    def node_of(self, broker_id: int) -> KafkaNode:
        """The node with that id."""
        return self.nodes[broker_id]

    def name(self, stem: str) -> str:
        """A name that nothing else has, for a group, a transactional id, or a topic that the answer creates."""
        return self.fresh(stem)

    def topic(
        self,
        stem: str,
        partitions: int = 1,
        replication_factor: int = 3,
        config: Mapping[str, object] | None = None,
    ) -> str:
        """Create a topic with a fresh name; returns the name when every node knows a leader for each partition."""
        name = self.fresh(stem)
        self.create_topic(name, partitions, replication_factor, config)
        return name

    def leader(self, topic: str, partition: int = 0) -> KafkaNode:
        """The node that leads a partition and runs.

        Raises:
            AssertionError: there is none within 20 seconds.
        """
        end = time.monotonic() + _LEADER_SECONDS
        while time.monotonic() < end:
            running = self.alive
            for one in self.partitions(topic):
                if one.number == partition and one.leader >= 0 and self.nodes[one.leader] in running:
                    return self.nodes[one.leader]
            time.sleep(_POLL)
        raise AssertionError(f"{topic} partition {partition} had no leader for {_LEADER_SECONDS:g} s.")

    def partitions(self, topic: str) -> list[Partition]:
        """A topic's partitions, with leader, replicas and ISR, as the first node that answers sees them."""
        for node in self.alive:
            with contextlib.suppress(OSError, ValueError):
                return partitions_of(node.port, topic)
        return []

    def wait_isr(self, topic: str, count: int, timeout: float = 30.0, partition: int | None = None) -> None:
        """Wait until each partition, or the one given, has exactly `count` replicas in sync.

        Raises:
            AssertionError: not after `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while True:
            found = [one for one in self.partitions(topic) if partition in (None, one.number)]
            if found and all(len(one.in_sync) == count for one in found):
                return
            if time.monotonic() > end:
                seen = {one.number: sorted(one.in_sync) for one in found}
                raise AssertionError(
                    f"{topic}: the ISR by partition is {seen} after {timeout:g} s, not {count} replicas."
                )
            time.sleep(_POLL)

    def running_ports(self) -> list[Mapping[str, int]]:
        return [node.lease.record.ports for node in self.alive]

    def held(self) -> list[str]:
        lines = []
        for name in self._names:
            found = sorted(self.partitions(name), key=lambda one: one.number)
            lines += [
                f"{name} partition {one.number}: leader {one.leader if one.leader >= 0 else 'none'}, "
                f"in sync {sorted(one.in_sync)} of {sorted(one.replicas)}"
                for one in found[:_PARTITIONS_SHOWN]
            ]
        return lines or ["no topic of this test exists"]

    def close(self) -> None:
        self.close_admin()
        Cluster.close(self)


def lease_cluster(session: Session) -> KafkaCluster:
    """A cluster that nobody else has.

    Raises:
        MissingTool: Kafka or Java is not here and cannot be fetched.
        EnvironmentProblem: it cannot be started.
    """
    lease = session.take_cluster("kafka")
    return KafkaCluster(lease, [KafkaNode(node, shared=False) for node in lease.nodes()])
