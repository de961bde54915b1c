"""What a client of a RabbitMQ cluster sees while a node fails or is cut off, and afterwards."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from http.client import HTTPException
from typing import TYPE_CHECKING

import pika
import pytest
from pika.exceptions import AMQPError
from support.safe import SafeRabbitmq

from pytest_mqkata.errors import ServerConfigError
from pytest_mqkata.recipes.management import ManagementError
from pytest_mqkata.testing import eventually

if TYPE_CHECKING:
    from pytest_mqkata.brokers.rabbitmq import RabbitmqServer
    from pytest_mqkata.brokers.rabbitmq_cluster import RabbitmqCluster

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("RabbitMQ cluster")]

CONFIG = """\
cluster_name = shop
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = rabbit1@localhost
cluster_formation.classic_config.nodes.2 = rabbit2@localhost
cluster_formation.classic_config.nodes.3 = rabbit3@localhost
"""


def _running(node: RabbitmqServer) -> set[str]:
    """The nodes that `node` sees running; empty if it does not answer."""
    with contextlib.suppress(OSError, HTTPException, ManagementError):
        return {one["name"] for one in node.management.get("nodes") if one["running"]}
    return set()


def _answers(node: RabbitmqServer) -> bool:
    try:
        node.connect(timeout=1).close()
    except (AMQPError, OSError, Exception):
        return False
    return True


def _talk(connection: pika.BlockingConnection) -> None:
    connection.process_data_events(time_limit=5)
    connection.channel()


def test_a_vhost_is_made_although_a_node_is_late(rabbitmq_cluster: RabbitmqCluster) -> None:
    """A node answers when all nodes run the vhost: where there is much to do, that takes longer than any query."""
    first, _, third = rabbitmq_cluster.nodes
    first.vhost = rabbitmq_cluster.fresh("late")
    third.pause()
    waking = threading.Timer(6.0, third.resume)
    waking.start()
    try:
        first.make_vhost()
    finally:
        waking.join()
    with first.connect() as connection:
        connection.channel()


def test_three_nodes_and_a_vhost_of_ones_own(rabbitmq_cluster: RabbitmqCluster) -> None:
    """What is declared on one node is there on each."""
    names = {node.name for node in rabbitmq_cluster.nodes}
    assert names == {"rabbit1@localhost", "rabbit2@localhost", "rabbit3@localhost"}
    assert all(_running(node) == names for node in rabbitmq_cluster.nodes)
    with rabbitmq_cluster.nodes[0].connect() as connection:
        connection.channel().queue_declare("orders", durable=True)
    assert [node.ready("orders") for node in rabbitmq_cluster.nodes] == [0, 0, 0]


@pytest.mark.parametrize("fault", ["kill", "stop"])
def test_another_node_leads_when_a_leader_goes(rabbitmq_cluster: RabbitmqCluster, fault: str) -> None:
    """Connections to it break; nothing that was confirmed is lost; the node comes back."""
    orders = SafeRabbitmq(rabbitmq_cluster)
    orders.publish("1")
    leader = rabbitmq_cluster.leader(orders._queue)
    assert leader
    connection = leader.connect()
    getattr(leader, fault)()
    with pytest.raises(AMQPError):
        _talk(connection)
    eventually(lambda: rabbitmq_cluster.leader(orders._queue) not in (None, leader), 20)
    orders.publish("2")
    rabbitmq_cluster.heal()

    assert orders.stored() == {"1", "2"}


def test_a_paused_node_is_given_up_by_the_others(rabbitmq_cluster: RabbitmqCluster) -> None:
    """It keeps its connections and answers nothing; some seconds later the others go on without it."""
    orders = SafeRabbitmq(rabbitmq_cluster)
    node = rabbitmq_cluster.leader(orders._queue)
    assert node
    node.pause()
    assert node.alive
    assert not _answers(node)
    other = next(one for one in rabbitmq_cluster.nodes if one is not node)
    eventually(lambda: node.name not in _running(other), 40)
    orders.publish("1")
    rabbitmq_cluster.heal()

    assert orders.stored() == {"1"}


def test_the_side_without_a_majority_pauses(rabbitmq_cluster: RabbitmqCluster) -> None:
    """A node that is cut off runs and takes no clients, until it can reach the others again."""
    cut, *others = rabbitmq_cluster.nodes
    rabbitmq_cluster.isolate(cut)
    eventually(lambda: not _answers(cut), 30)
    assert cut.alive
    eventually(lambda: all(_answers(node) for node in others), 10, "the others have the majority, and do not answer")
    rabbitmq_cluster.heal()

    assert _answers(cut)
    assert all(len(_running(node)) == 3 for node in rabbitmq_cluster.nodes)


def test_the_next_test_finds_no_queue_and_every_node(rabbitmq_cluster: RabbitmqCluster) -> None:
    """Whatever the tests before did to it."""
    vhosts = {vhost["name"] for vhost in rabbitmq_cluster.nodes[0].management.get("vhosts")}
    assert vhosts == {"/", rabbitmq_cluster.vhost}
    assert len(rabbitmq_cluster.alive) == 3


Factory = Callable[..., "RabbitmqCluster"]


def test_a_config_of_ones_own_and_a_spare(rabbitmq_cluster_factory: Factory) -> None:
    """The config is used as it is; the spare is in no cluster, and can be joined to this one."""
    cluster = rabbitmq_cluster_factory(CONFIG, spare=1)
    names = {node.name for node in cluster.nodes}
    eventually(lambda: all(_running(node) == names for node in cluster.nodes), 30)
    assert cluster.nodes[2].management.get("cluster-name")["name"] == "shop"
    assert _running(cluster.spare) == {"spare@localhost"}

    for command in (["stop_app"], ["reset"], ["join_cluster", "rabbit1@localhost"], ["start_app"]):
        cluster.spare.ctl(*command)
    eventually(lambda: "spare@localhost" in _running(cluster.nodes[0]), 20)


def test_a_spare_that_was_joined_is_blank_again(rabbitmq_cluster_factory: Factory) -> None:
    """And the cluster has its three members."""
    cluster = rabbitmq_cluster_factory(CONFIG, spare=1)

    assert _running(cluster.spare) == {"spare@localhost"}
    assert len(_running(cluster.nodes[0])) == 3


def test_nodes_that_do_not_find_each_other_are_given_too(rabbitmq_cluster_factory: Factory) -> None:
    """Three clusters of one: that is for the test to find out."""
    cluster = rabbitmq_cluster_factory("cluster_name = shop\n")

    assert [_running(node) for node in cluster.nodes] == [{node.name} for node in cluster.nodes]
    with cluster.nodes[1].connect() as connection:
        assert isinstance(connection, pika.BlockingConnection)


def test_a_config_that_is_refused(rabbitmq_cluster_factory: Factory) -> None:
    """The error holds RabbitMQ's own words."""
    with pytest.raises(ServerConfigError, match="cluster_partition_handling"):
        rabbitmq_cluster_factory("cluster_partition_handling = sometimes\n")
