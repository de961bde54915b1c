"""A RabbitMQ cluster in a test's hands."""

from __future__ import annotations

import contextlib
from http.client import HTTPException

from pytest_mqkata.brokers.cluster import Cluster
from pytest_mqkata.brokers.node import Node
from pytest_mqkata.brokers.rabbitmq import RabbitmqServer
from pytest_mqkata.brokers.session import ClusterLease, Session
from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.recipes.management import ManagementError
from pytest_mqkata.timeline import note_fault


class RabbitmqCluster(Cluster[RabbitmqServer]):
    """RabbitMQ nodes that know each other, with a vhost of this test's own.

    Attributes:
        vhost: this test's; in every node's `url`.
        spare: a node that belongs to no cluster, where one was asked for.
    """

    def __init__(self, lease: ClusterLease, nodes: list[RabbitmqServer], spare: RabbitmqServer | None) -> None:
        super().__init__(lease, nodes)
        self._spare = spare
        self._isolated: dict[str, RabbitmqServer] = {}
        self.vhost = self.fresh("vhost")
        for node in nodes:
            node.vhost = self.vhost
        self._make_vhost()

    @property
    def spare(self) -> RabbitmqServer:
        """
        Raises:
            AttributeError: none was asked for.
        """
        if self._spare is None:
            raise AttributeError("this cluster has no spare: rabbitmq_cluster_factory(config, spare=1) gives one")
        return self._spare

    @property
    def members(self) -> list[Node]:
        return [*self.nodes, *([self._spare] if self._spare else [])]

    def _make_vhost(self) -> None:
        """On the first node, and where nodes form no cluster (a learner's config may be wrong), on each."""
        try:
            for node in self.nodes:
                node.make_vhost()
        except (OSError, HTTPException, ManagementError) as error:
            self._lease.give()
            raise EnvironmentProblem(f"The RabbitMQ cluster made no vhost for this test: {error!r}.") from error

    def leader(self, queue: str) -> RabbitmqServer | None:
        """The node that leads a quorum queue of this test's vhost, or holds a classic one; None while there is none."""
        for node in self.alive:
            with contextlib.suppress(OSError, HTTPException, ManagementError):
                found = node.management.get("queues", self.vhost, queue)
                name = found.get("leader", found.get("node"))
                return next((one for one in self.nodes if one.name == name and one.alive), None)
        return None

    def isolate(self, node: RabbitmqServer) -> None:
        """Cut a node off from the others; clients still reach all.

        The nodes' shared secret is what Erlang asks of whoever connects: `node` gets another one for each of the
        others, and its connections to them are closed.
        """
        note_fault("isolated", node.name)
        self._isolated[node.name] = node
        others = ", ".join(f"'{other.name}'" for other in self.nodes if other is not node)
        # all at the same moment: a node that one still sees and another does not is a partial partition
        node.evaluate(
            f"Others = [{others}], [erlang:set_cookie(Other, cut_off) || Other <- Others], "
            "[erlang:disconnect_node(Other) || Other <- Others]."
        )

    def reunite(self) -> None:
        """End all `isolate`: every node may reach every other again. Returns before they do; see `wait_healthy`."""
        for node in self._isolated.values():
            note_fault("reunited", node.name)
            for other in self.nodes:
                if other is not node:
                    with contextlib.suppress(OSError, RuntimeError):
                        node.evaluate(
                            f"erlang:set_cookie('{other.name}', erlang:get_cookie()), "
                            f"net_kernel:connect_node('{other.name}')."
                        )
        self._isolated.clear()

    def heal(self) -> None:
        self.reunite()
        super().heal()

    def held(self) -> list[str]:
        for node in self.alive:
            with contextlib.suppress(OSError, HTTPException, ManagementError):
                return node.evidence()
        return ["no node's management API answers"]

    def close(self) -> None:
        self.reunite()
        for member in (*self.nodes, *([self._spare] if self._spare else [])):
            member.close_links()
        super().close()


def lease_cluster(session: Session, **options: object) -> RabbitmqCluster:
    """A cluster that nobody else has.

    Args:
        options: as `recipes.clusters.rabbitmq` defines them: config, nodes, spare.

    Raises:
        MissingTool: the executables are not here and cannot be fetched.
        ServerExited: a node does not boot, mostly because of its config.
        EnvironmentProblem: it cannot be started.
    """
    lease = session.take_cluster("rabbitmq", options=options)
    nodes = [RabbitmqServer(node, shared=False) for node in lease.nodes()]
    spares = [node for node in nodes if node.lease.record.role == "spare"]
    return RabbitmqCluster(lease, [node for node in nodes if node not in spares], next(iter(spares), None))
