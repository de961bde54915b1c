"""What a client of a Kafka cluster sees while a node fails, and afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaError, NotEnoughReplicasError
from support.safe import SafeKafka

from pytest_mqkata.testing import eventually

if TYPE_CHECKING:
    from pytest_mqkata.brokers.kafka_cluster import KafkaCluster

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("Kafka cluster")]


def test_a_topic_is_known_by_every_node(kafka_cluster: KafkaCluster) -> None:
    """With three replicas in sync on different nodes, whose ids are 0, 1 and 2."""
    topic = kafka_cluster.topic("orders", partitions=3)
    found = kafka_cluster.partitions(topic)

    assert [node.id for node in kafka_cluster.nodes] == [0, 1, 2]
    assert sorted(one.number for one in found) == [0, 1, 2]
    assert all(one.in_sync == {0, 1, 2} for one in found)
    assert kafka_cluster.leader(topic, 0).id == next(one.leader for one in found if one.number == 0)


@pytest.mark.parametrize("fault", ["kill", "stop"])
def test_another_replica_leads_when_a_leader_goes(kafka_cluster: KafkaCluster, fault: str) -> None:
    """Nothing that was acknowledged is lost, and healing brings every replica back in sync."""
    orders = SafeKafka(kafka_cluster)
    orders.publish("1")
    leader = kafka_cluster.leader(orders._topic)
    getattr(leader, fault)()
    orders.publish("2")
    assert kafka_cluster.leader(orders._topic) is not leader
    kafka_cluster.wait_isr(orders._topic, 2)
    kafka_cluster.heal()
    kafka_cluster.wait_isr(orders._topic, 3, timeout=1)

    assert orders.stored() == {"1", "2"}


def test_a_paused_follower_leaves_the_isr_and_comes_back(kafka_cluster: KafkaCluster) -> None:
    """Its process stays, it answers nothing, and records are acknowledged without it."""
    orders = SafeKafka(kafka_cluster)
    leader = kafka_cluster.leader(orders._topic)
    follower = next(node for node in kafka_cluster.nodes if node is not leader)
    follower.pause()
    assert follower.alive
    assert not follower.answers()
    eventually(lambda: follower.id not in _in_sync(leader.port, orders._topic), 30)
    follower.resume()
    kafka_cluster.wait_isr(orders._topic, 3, partition=0)


def _in_sync(port: int, topic: str) -> frozenset[int]:
    from pytest_mqkata.brokers.kafka_access import partitions_of

    return next(one.in_sync for one in partitions_of(port, topic) if one.number == 0)


def test_writes_are_refused_below_min_insync_replicas(kafka_cluster: KafkaCluster) -> None:
    """The leader is there and says no; it says yes again when the replica is back."""
    topic = kafka_cluster.topic("orders", replication_factor=2, config={"min.insync.replicas": 2})
    leader = kafka_cluster.leader(topic)
    (replica,) = next(iter(kafka_cluster.partitions(topic))).replicas - {leader.id}
    kafka_cluster.node_of(replica).kill()
    eventually(lambda: _in_sync(leader.port, topic) == {leader.id}, 30)
    producer = KafkaProducer(bootstrap_servers=leader.bootstrap_servers, retries=0, enable_idempotence=False)
    try:
        with pytest.raises((NotEnoughReplicasError, KafkaError)):
            producer.send(topic, b"no").get(timeout=10)
        kafka_cluster.heal()
        kafka_cluster.wait_isr(topic, 2)
    finally:
        producer.close(timeout=1)

    fresh = KafkaProducer(bootstrap_servers=kafka_cluster.bootstrap_servers)
    fresh.send(topic, b"yes").get(timeout=20)
    fresh.close()
    assert [record.value for record in kafka_cluster.records(topic)] == [b"yes"]


def test_the_next_test_finds_no_topic_and_every_node(kafka_cluster: KafkaCluster) -> None:
    """Whatever the tests before did to it."""
    assert len(kafka_cluster.alive) == 3
    assert [name for name in kafka_cluster.admin.list_topics() if not name.startswith("__")] == []
