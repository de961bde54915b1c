"""What a client of a NATS cluster sees while a node fails, and afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import nats
import pytest
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from support.safe import SafeNats

from pytest_mqkata.testing import eventually, eventually_async

if TYPE_CHECKING:
    from pytest_mqkata.brokers.nats import NatsServer
    from pytest_mqkata.brokers.nats_cluster import NatsCluster

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("NATS cluster")]


async def _quiet(error: Exception) -> None: ...


async def _connect(cluster: NatsCluster) -> Client:
    return await nats.connect(
        cluster.urls,
        ping_interval=1,
        max_outstanding_pings=2,
        reconnect_time_wait=0.1,
        max_reconnect_attempts=-1,
        error_cb=_quiet,
    )


def _node_of(client: Client, cluster: NatsCluster) -> NatsServer:
    assert client.connected_url
    return next(node for node in cluster.nodes if node.port == client.connected_url.port)


def test_every_node_sees_the_others(nats_cluster: NatsCluster) -> None:
    """A full mesh, one meta leader, and what is published on one node arrives from each."""

    async def across() -> list[bytes]:
        clients = [await nats.connect(node.url) for node in nats_cluster.nodes]
        subscriptions = [await client.subscribe("greetings") for client in clients]
        for client in clients:
            await client.flush()
        received = []
        for client in clients:  # interest travels along the routes in its own time: publish until it is there
            end = asyncio.get_running_loop().time() + 10
            while not await _got(client, subscriptions):
                assert asyncio.get_running_loop().time() < end, "not every subscriber got the message"
            received.append(b"hello")
        for client in clients:
            await client.close()
        return received

    async def _got(client: Client, subscriptions: list[Subscription]) -> bool:
        await client.publish("greetings", b"hello")
        try:
            for subscription in subscriptions:
                await subscription.next_msg(timeout=0.5)
        except nats.errors.TimeoutError:
            return False
        return True

    assert nats_cluster.meta_leader() in nats_cluster.nodes
    assert asyncio.run(across()) == [b"hello"] * 3


@pytest.mark.parametrize("fault", ["kill", "stop", "pause"])
def test_a_client_moves_on(nats_cluster: NatsCluster, fault: str) -> None:
    """It reconnects to another node, and its subscription goes on there."""

    async def scenario() -> tuple[str, str]:
        client = await _connect(nats_cluster)
        subscription = await client.subscribe("orders")
        await client.flush()
        first = _node_of(client, nats_cluster)
        getattr(first, fault)()
        await eventually_async(lambda: client.is_connected and _node_of(client, nats_cluster) is not first, 20)
        await client.publish("orders", b"still here")
        message = await subscription.next_msg(timeout=5)
        assert message.data == b"still here"
        second = _node_of(client, nats_cluster)
        await client.close()
        return first.name, second.name

    first, second = asyncio.run(scenario())
    assert first != second
    nats_cluster.heal()
    assert len(nats_cluster.alive) == 3


def test_a_stream_survives_its_leader(nats_cluster: NatsCluster) -> None:
    """Another node leads it then, and all that was acknowledged is there, also on the node that came back."""
    orders = SafeNats(nats_cluster)
    orders.publish("1")
    leader = nats_cluster.stream_leader(orders._stream)
    assert leader
    leader.kill()
    orders.publish("2")
    other = eventually(lambda: nats_cluster.stream_leader(orders._stream), 20)
    assert other is not leader
    nats_cluster.heal()

    assert orders.stored() == {"1", "2"}


def test_without_a_majority_nothing_is_acknowledged(nats_cluster: NatsCluster) -> None:
    """The only node left answers, and stores nothing; when the others are back, it does."""
    orders = SafeNats(nats_cluster)
    one, *others = nats_cluster.nodes
    for node in others:
        node.kill()

    async def attempt() -> None:
        client = await nats.connect(one.url, allow_reconnect=False, error_cb=_quiet)
        try:
            with pytest.raises(nats.errors.Error):
                await client.jetstream().publish(f"{orders._stream}.new", b"lost?", timeout=1)
        finally:
            await client.close()

    asyncio.run(attempt())
    nats_cluster.heal()
    orders.publish("found")
    assert "found" in orders.stored()


def test_a_node_that_is_cut_off_has_no_leader(nats_cluster: NatsCluster) -> None:
    """The others go on; clients of the node are connected to it and get nothing stored. Reunited, all is well."""
    orders = SafeNats(nats_cluster)
    cut = nats_cluster.meta_leader()
    nats_cluster.isolate(cut)
    others = [node for node in nats_cluster.nodes if node is not cut]
    eventually(lambda: not cut.jsz().get("meta_cluster", {}).get("leader"), 30)
    assert [len(node.routez()["routes"] or []) > 0 for node in (cut, *others)] == [False, True, True]
    assert nats_cluster.meta_leader() in others

    nats_cluster.heal()
    orders.publish("1")
    assert orders.stored() == {"1"}


def test_a_paused_node_gives_no_answer_until_it_is_resumed(nats_cluster: NatsCluster) -> None:
    """Its process and its connections stay."""
    node = nats_cluster.nodes[0]
    node.pause()
    assert node.alive
    with pytest.raises(httpx.TimeoutException):
        node.varz()
    node.resume()
    assert node.varz()["server_name"] == "n1"


def test_each_test_finds_a_cluster_that_nobody_has_used(nats_cluster: NatsCluster) -> None:
    """Whatever the tests before did to theirs."""
    assert len(nats_cluster.alive) == 3
    assert all(not node.jsz().get("streams") for node in nats_cluster.nodes)
