"""What clients of Redis Cluster and of Sentinel see while a node fails, and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import redis
from support.safe import SafeRedis

from pytest_mqkata.testing import eventually

if TYPE_CHECKING:
    from pytest_mqkata.brokers.redis import RedisServer
    from pytest_mqkata.brokers.redis_cluster import RedisCluster, RedisNodes, RedisSentinel

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("Redis cluster")]


def _role(node: RedisServer) -> str:
    with node.client() as client:
        return str(client.info("replication")["role"])


def test_three_masters_share_the_slots(redis_cluster: RedisCluster) -> None:
    """Each with one replica; a key can be written by way of any node."""
    assert [_role(node) for node in redis_cluster.nodes] == ["master"] * 3 + ["slave"] * 3
    client = redis_cluster.client()
    for number in range(20):
        client.set(f"key{number}", number)
    client.close()
    owners = {redis_cluster.owner(f"key{number}").name for number in range(20)}
    assert owners == {"node0", "node1", "node2"}


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_replica_takes_over(redis_cluster: RedisCluster, fault: str) -> None:
    """What a replica had acknowledged is there, before and after the old master came back."""
    orders = SafeRedis(redis_cluster)
    orders.publish("1")
    master = redis_cluster.owner(f"{orders._prefix}:0:1")
    replica = redis_cluster.nodes[redis_cluster.nodes.index(master) + 3]
    getattr(master, fault)()
    eventually(lambda: _role(replica) == "master", 30)
    with replica.client() as client:
        assert client.get(f"{orders._prefix}:0:1") == "1"
    redis_cluster.heal()
    assert _role(master) == "slave"

    assert orders.stored() == {"1"}


def test_sentinels_choose_another_master(redis_sentinel: RedisSentinel) -> None:
    """Clients that ask them write on."""
    orders = SafeRedis(redis_sentinel)
    orders.publish("1")
    old = redis_sentinel.master()
    assert old is redis_sentinel.nodes[0]
    old.kill()
    orders.publish("2")
    assert redis_sentinel.master() is not old
    redis_sentinel.heal()

    assert orders.stored() == {"1", "2"}


def test_a_group_without_a_master_is_healed(redis_sentinel: RedisSentinel) -> None:
    """Replicas of one another, as failovers in quick succession can leave them: sentinels alone do not end that."""
    master, replica, other = redis_sentinel.nodes
    with master.client() as client:
        client.replicaof("127.0.0.1", str(replica.port))
    assert {_role(node) for node in (master, replica, other)} == {"slave"}
    redis_sentinel.heal()

    assert _role(redis_sentinel.master()) == "master"
    orders = SafeRedis(redis_sentinel)
    orders.publish("1")
    assert orders.stored() == {"1"}


def test_two_of_three_sentinels_are_enough_and_one_is_not(redis_sentinel: RedisSentinel) -> None:
    """Without a majority of sentinels nobody takes over."""
    first, second, third = redis_sentinel.sentinels
    first.kill()
    with second.client() as client:
        eventually(lambda: _says(client) == "OK", 10)
    second.pause()
    with third.client() as client:
        eventually(lambda: _says(client).startswith("NOQUORUM"), 10)
    redis_sentinel.heal()
    with third.client() as client:
        assert _says(client) == "OK"


def _says(client: redis.Redis) -> str:
    try:
        return str(client.execute_command("SENTINEL", "CKQUORUM", "orders")).partition(" ")[0]  # type: ignore[no-untyped-call]
    except redis.ResponseError as error:
        return str(error)


def test_a_trio_replicates(redis_trio: RedisNodes) -> None:
    """A write is acknowledged by both replicas; by none while they are paused."""
    master, *replicas = redis_trio.nodes
    with master.client() as client:
        client.set("a", 1)
        assert client.wait(2, 5000) == 2
        for replica in replicas:
            replica.pause()
        client.set("a", 2)
        assert client.wait(1, 300) == 0
        redis_trio.heal()
        assert client.wait(2, 5000) == 2


def test_bare_nodes_know_nothing_of_each_other(redis_cluster_nodes: Callable[..., list[RedisServer]]) -> None:
    """They have cluster mode on, and are gone afterwards."""
    nodes = redis_cluster_nodes(2)
    for node in nodes:
        with node.client() as client:
            assert int(client.cluster("INFO")["cluster_known_nodes"]) == 1


def test_each_test_finds_a_cluster_that_nobody_has_used(redis_cluster: RedisCluster) -> None:
    """Whatever the tests before did to theirs."""
    assert len(redis_cluster.alive) == 6
    assert [_role(node) for node in redis_cluster.nodes[:3]] == ["master"] * 3
    sizes = []
    for node in redis_cluster.nodes:
        with node.client() as client:
            sizes.append(int(client.dbsize()))
    assert sizes == [0] * 6
