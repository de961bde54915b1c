"""Tests of nats/04. They look at what the nodes and their clients see, never at how the answer is written."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx
import nats
import nats.errors
import nats.js.errors
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pytest_mqkata.errors import ServerConfigError, ServerNotReady
from pytest_mqkata.processes.ports import Ports
from pytest_mqkata.testing import eventually, eventually_async
from pytest_mqkata.testing_nats import settle

if TYPE_CHECKING:
    from pytest_mqkata.brokers.nats import NatsServer
    from pytest_mqkata.brokers.nats_cluster import NatsCluster
    from pytest_mqkata.faults.proxy import FaultProxy

T = TypeVar("T")
NAMES = ("n1", "n2", "n3")
ELECTIONS = 45.0  # seconds: an election takes 4 to 9, and again as long each time that the votes are split


async def within(seconds: float, call: Awaitable[T], what: str) -> T:
    """The result of `call`; a step that hangs fails with a sentence, and not with a time-out that a test expects."""
    task = asyncio.ensure_future(call)
    done, _ = await asyncio.wait([task], timeout=seconds)
    if not done:
        task.cancel()
        raise AssertionError(f"{what} had not come back after {seconds:g} s.")
    return task.result()


async def _raised(call: Awaitable[object]) -> Exception | None:
    """What `call` raises, None if it returns; a failed assertion of the test is passed on."""
    try:
        await call
    except AssertionError:
        raise
    except Exception as error:
        return error
    return None


async def aside(call: Callable[[], T]) -> T:
    """`call` in a thread that holds nothing up if it never ends."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settled(result: T | None, error: Exception | None) -> None:
        if not future.done():
            future.set_exception(error) if error else future.set_result(cast(T, result))

    def run() -> None:
        result = error = None
        try:
            result = call()
        except Exception as raised:
            error = raised
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(settled, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await future


def _ended(raised: Exception | None) -> str:
    return "returned without an error" if raised is None else f"raised {raised!r}"


# three nodes from the learner's config


@dataclass(frozen=True)
class Own:
    """One of the nodes that run with the answer's cluster.conf."""

    name: str
    server: NatsServer
    env: dict[str, str]

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.env['CLIENT_PORT']}"

    def page(self, name: str) -> dict[str, Any]:
        """A monitoring page; {} while there is no answer."""
        try:
            found = httpx.get(f"http://127.0.0.1:{self.env['MONITOR_PORT']}/{name}", timeout=2.0, trust_env=False)
            return dict(found.json())
        except (httpx.HTTPError, ValueError):
            return {}

    def peers(self) -> set[str]:
        """Names of the nodes that it has a route to."""
        return {str(one.get("remote_name")) for one in self.page("routez").get("routes") or []}

    def meta_leader(self) -> str | None:
        leader = self.page("jsz").get("meta_cluster", {}).get("leader")
        return str(leader) if leader else None


def environments(folder: Path) -> list[dict[str, str]]:
    """What the config finds in the environment, for each node."""
    ports = Ports().draw([f"{kind} {name}" for kind in ("CLIENT", "MONITOR", "CLUSTER") for name in NAMES])
    routes = {f"ROUTE_{i}": f"nats://127.0.0.1:{ports[f'CLUSTER {name}']}" for i, name in enumerate(NAMES, 1)}
    found = []
    for name in NAMES:
        store = folder / name
        store.mkdir()
        mine = {f"{kind}_PORT": str(ports[f"{kind} {name}"]) for kind in ("CLIENT", "MONITOR", "CLUSTER")}
        found.append({"NODE_NAME": name, "STORE_DIR": str(store), **mine, **routes})
    return found


def started(kata_dir: Path, factory: Callable[..., NatsServer], folder: Path) -> list[Own]:
    """Start the three nodes; what the server says against the config fails the step."""
    nodes = []
    for env in environments(folder):
        try:
            server = factory(kata_dir / "cluster.conf", env=env)
        except (ServerConfigError, ServerNotReady) as error:
            raise AssertionError(f"{env['NODE_NAME']} does not start with cluster.conf: {reason(str(error))}") from None
        node = Own(env["NODE_NAME"], server, env)
        nodes.append(node)
        says_where_it_is(node)
    return nodes


def reason(report: str) -> str:
    """What the server says last; its log has a line for each thing that it does before that."""
    lines = [line for line in report.splitlines() if "[INF]" not in line and "[WRN]" not in line]
    return "\n".join(lines[-4:])


def says_where_it_is(node: Own) -> None:
    numbers = eventually(
        lambda: node.page("varz"),
        5.0,
        f"{node.name} runs, and nobody answers HTTP on $MONITOR_PORT ({node.env['MONITOR_PORT']}): is http_port set?",
    )
    assert numbers["port"] == int(node.env["CLIENT_PORT"]), (
        f"{node.name} listens for clients on port {numbers['port']}, $CLIENT_PORT is {node.env['CLIENT_PORT']}: three "
        "nodes on one machine need three ports."
    )
    assert numbers["server_name"] == node.name, (
        f"The node calls itself {numbers['server_name']!r}; $NODE_NAME is {node.name!r}."
    )
    cluster = numbers.get("cluster", {})
    assert cluster.get("cluster_port") == int(node.env["CLUSTER_PORT"]), (
        f"{node.name} listens for routes on port {cluster.get('cluster_port')}; $CLUSTER_PORT is "
        f"{node.env['CLUSTER_PORT']}."
    )
    for what, address in (("clients", numbers["host"]), ("routes", cluster.get("addr")), ("HTTP", http_host(numbers))):
        assert address == "127.0.0.1", (
            f"{node.name} listens for {what} on {address}: everybody in the network can reach it. Only 127.0.0.1 was "
            "allowed; clients and cluster have a `host` each."
        )
    store = numbers.get("jetstream", {}).get("config", {}).get("store_dir")
    assert store, f"{node.name} runs without JetStream: nothing can be stored."
    assert Path(store).is_relative_to(node.env["STORE_DIR"]), (
        f"{node.name} keeps its streams in {store}, outside its own $STORE_DIR. Nodes that share a folder overwrite each "
        "other's streams."
    )


def http_host(numbers: dict[str, Any]) -> str:
    """Where the monitoring listens: it has the host of the clients unless one is set."""
    return str(numbers.get("http_host") or numbers["host"])


def wait_for_routes(nodes: Sequence[Own], seconds: float) -> None:
    for node in nodes:
        others = {other.name for other in nodes} - {node.name}
        _wait_for_routes(node, others, [one.name for one in nodes], seconds)


def _wait_for_routes(node: Own, others: set[str], up: list[str], seconds: float) -> None:
    eventually(
        lambda: others <= node.peers(),
        seconds,
        lambda: (
            f"Up are {', '.join(up)}, and {node.name} has routes to {sorted(node.peers()) or 'nobody'}; it must have one to "
            f"each of {sorted(others)}. Who tells it where they are?"
        ),
    )


def wait_for_meta_leader(nodes: Sequence[Own], seconds: float) -> str:
    def agreed() -> str | None:
        leaders = {node.meta_leader() for node in nodes}
        return leaders.pop() if len(leaders) == 1 else None

    leader = eventually(
        agreed,
        seconds,
        lambda: (
            f"JetStream has no leader that {', '.join(node.name for node in nodes)} agree on: they say "
            f"{[node.meta_leader() for node in nodes]}. Do they form one cluster?"
        ),
    )
    assert leader is not None
    return leader


@pytest.mark.step(1, "cluster.conf")
@pytest.mark.timeout(150)
async def test_full_mesh(kata_dir: Path, nats_server_factory: Callable[..., NatsServer], tmp_path: Path) -> None:
    nodes = await asyncio.to_thread(started, kata_dir, nats_server_factory, tmp_path)
    await asyncio.to_thread(wait_for_routes, nodes, 10.0)
    await asyncio.to_thread(wait_for_meta_leader, nodes, ELECTIONS)

    names = {node.page("varz")["cluster"].get("name") for node in nodes}
    assert len(names) == 1, f"The nodes call their cluster {sorted(map(str, names))}: it needs one name."
    async with plain(nodes[0].url) as sender, plain(nodes[2].url) as receiver:
        subscription = await receiver.subscribe("shop.hello")
        await settle(receiver)

        async def crossed() -> bool:
            # n1 hears of n3's subscription a moment later than n3 itself
            await sender.publish("shop.hello", b"hello")
            try:
                return bool((await subscription.next_msg(timeout=0.2)).data == b"hello")
            except TimeoutError:
                return False

        await eventually_async(crossed, 5.0, "A message published at n1 did not reach a subscriber at n3.")


@pytest.mark.step(2, "cluster.conf")
@pytest.mark.timeout(150)
def test_any_two_come_back(kata_dir: Path, nats_server_factory: Callable[..., NatsServer], tmp_path: Path) -> None:
    nodes = started(kata_dir, nats_server_factory, tmp_path)
    wait_for_routes(nodes, 10.0)
    wait_for_meta_leader(nodes, ELECTIONS)  # the first time all three are needed: now each knows the others

    for absent in nodes:
        for node in nodes:
            node.server.stop()
        pair = [node for node in nodes if node is not absent]
        for node in pair:
            node.server.start()
        wait_for_routes(pair, 10.0)
    wait_for_meta_leader(pair, ELECTIONS)


# the code, on three nodes that run


@asynccontextmanager
async def plain(*urls: str) -> AsyncIterator[nats.NATS]:
    """A connection of the test's own."""
    connection = await nats.connect(
        list(urls), error_cb=_quiet, max_reconnect_attempts=-1, reconnect_time_wait=0.05, connect_timeout=2
    )
    try:
        yield connection
    finally:
        await connection.close()


async def _quiet(error: Exception) -> None:
    """The client's own would print each error."""


@asynccontextmanager
async def answers_connection(
    kata: ModuleType, urls: Sequence[str], on_event: Callable[[str], None] | None = None
) -> AsyncIterator[nats.NATS]:
    """What connect_cluster returns, closed at the end."""
    made = await within(
        15, kata.connect_cluster(urls, "till-7", on_event) if on_event else kata.connect_cluster(urls, "till-7"),
        "connect_cluster",
    )  # fmt: skip
    assert isinstance(made, nats.NATS), f"connect_cluster returned {made!r}, not a connection."
    try:
        yield made
    finally:
        with suppress(nats.errors.Error, OSError, TimeoutError):
            await asyncio.wait_for(made.close(), 5)


def node_at(cluster: NatsCluster) -> NatsServer | None:
    """The node that the answer's connection is on, as the nodes tell; None while it is on none."""
    for node in cluster.nodes:
        with suppress(httpx.HTTPError):
            if any(one.get("name") == "till-7" for one in node.connz()["connections"] or []):
                found: NatsServer = node
                return found
    return None


async def connected_node(cluster: NatsCluster) -> NatsServer:
    node = await eventually_async(
        lambda: asyncio.to_thread(node_at, cluster),
        5.0,
        "No node lists a connection of the name that connect_cluster was given: pass it on to the client.",
    )
    assert node is not None
    return node


async def hears(connection: nats.NATS, subscription: Any, subject: str, url: str, seconds: float, when: str) -> None:
    """Wait until what another client publishes at `url` comes to the subscription."""
    async with plain(url) as other:

        async def came() -> bool:
            await other.publish(subject, b"still there?")
            try:
                return bool(await subscription.next_msg(timeout=0.2))
            except TimeoutError:
                return False
            except nats.errors.Error as error:
                raise AssertionError(f"{when}, and the connection has given up: {error}.") from None

        def where() -> str:
            at = connection.connected_url
            return f"is connected to {at.netloc}" if connection.is_connected and at else "is not connected"

        await eventually_async(
            came, seconds, lambda: f"{when}, and the subscription of the connection gets nothing; it {where()}."
        )


async def silenced(node: NatsServer) -> None:
    """Pause a node, and wait until it says nothing to those who connect: it goes on for a moment after the signal."""
    await asyncio.to_thread(node.pause)

    async def silent() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        try:
            await asyncio.wait_for(reader.readline(), 0.3)
        except TimeoutError:
            return True
        finally:
            writer.close()
        return False

    await eventually_async(silent, 10.0, f"{node.name} was paused and still greets clients.")


@pytest.mark.step(3, "connect_cluster")
@pytest.mark.timeout(150)
async def test_first_url_dead_then_failover(kata: ModuleType, nats_cluster: NatsCluster) -> None:
    first, *others = nats_cluster.nodes
    await asyncio.to_thread(first.kill)
    events: list[str] = []
    async with answers_connection(kata, nats_cluster.urls, events.append) as connection:
        at = await connected_node(nats_cluster)
        subscription = await connection.subscribe("shop.orders")
        await settle(connection)
        (left,) = (node for node in others if node is not at)

        await asyncio.to_thread(at.kill)
        await hears(connection, subscription, "shop.orders", left.url, 10.0, f"{at.name} was killed, {left.name} runs")
        await eventually_async(
            lambda: events[:2] == ["disconnected", "reconnected"],
            5.0,
            lambda: (
                f"The node was killed and the client moved on; on_event got {events}, not disconnected, then reconnected."
            ),
        )
        await within(5, connection.close(), "close()")
    assert events[-1] == "closed", f"The connection was closed; on_event got {events}: the last one is to be closed."


@pytest.mark.step(4, "connect_cluster")
@pytest.mark.timeout(150)
async def test_silent_node(kata: ModuleType, nats_cluster: NatsCluster) -> None:
    async with answers_connection(kata, nats_cluster.urls) as connection:
        at = await connected_node(nats_cluster)
        subscription = await connection.subscribe("shop.orders")
        await settle(connection)
        other = next(node for node in nats_cluster.nodes if node is not at)

        await silenced(at)
        await hears(
            connection,
            subscription,
            "shop.orders",
            other.url,
            14.0,
            f"{at.name} has gone silent (its sockets are open, it answers nothing)",
        )


class Door:
    """A server that takes each connection and closes it at once, and counts them."""

    def __init__(self) -> None:
        self.knocks = 0

    async def __aenter__(self) -> Door:
        self._server = await asyncio.start_server(self._knock, "127.0.0.1", 0)
        self.url = f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def _knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.knocks += 1
        writer.close()


@pytest.mark.step(5, "connect_cluster")
@pytest.mark.timeout(150)
async def test_long_outage(kata: ModuleType, nats_cluster: NatsCluster) -> None:
    tries = 10
    async with Door() as door:
        async with answers_connection(kata, [*nats_cluster.urls, door.url]) as connection:
            await connected_node(nats_cluster)
            subscription = await connection.subscribe("shop.orders")
            await settle(connection)
            for node in nats_cluster.nodes:
                await asyncio.to_thread(node.kill)
            before = door.knocks
            await eventually_async(
                lambda: door.knocks - before >= tries,
                8.0,
                lambda: (
                    f"All nodes are down. In 8 s the client tried {door.knocks - before} times to connect to one of the "
                    f"addresses; with at most 0.2 s between tries it would be {tries} in 2 s. Does it wait too long, or "
                    f"has it given up{' (it is closed)' if connection.is_closed else ''}?"
                ),
            )
            back = nats_cluster.nodes[0]
            await asyncio.to_thread(back.start)
            await hears(
                connection, subscription, "shop.orders", back.url, 10.0, f"{back.name} is back after the outage"
            )


async def stream_state(cluster: NatsCluster, connection: nats.NATS, stream: str) -> Any:
    """The stream as JetStream describes it; the question is repeated while nobody leads it."""
    found: list[Any] = []

    async def asked() -> bool:
        try:
            found.append(await connection.jetstream(timeout=1).stream_info(stream))
        except nats.js.errors.NotFoundError:
            raise AssertionError(f"JetStream knows no stream {stream}.") from None
        except (nats.errors.Error, nats.js.errors.APIError):
            return False
        return True

    await eventually_async(asked, ELECTIONS, f"JetStream does not tell the state of {stream}.")
    return found[-1]


async def stored_ids(cluster: NatsCluster, connection: nats.NATS, stream: str) -> list[str]:
    """The message ids in the stream, in its order, read by sequence."""
    state = (await stream_state(cluster, connection, stream)).state
    js = connection.jetstream(timeout=15)
    found = []
    for sequence in range(state.first_seq, state.last_seq + 1):
        message = await js.get_msg(stream, seq=sequence)
        found.append((message.headers or {}).get("Nats-Msg-Id", "no id"))
    return found


async def leading(cluster: NatsCluster, stream: str) -> NatsServer:
    """The node that leads the stream, as it says itself."""
    node = await eventually_async(
        lambda: asyncio.to_thread(cluster.stream_leader, stream), 10.0, f"No node says that it leads {stream}."
    )
    assert node is not None
    return node


@pytest.mark.step(6, "ensure_replicated_stream", "leader_of")
@pytest.mark.timeout(150)
async def test_three_copies(kata: ModuleType, nats_cluster: NatsCluster) -> None:
    stream = nats_cluster.fresh("ORDERS")
    subject = stream.lower()
    async with plain(*nats_cluster.urls) as connection:

        async def ensured(timeout: float) -> Any:
            call = kata.ensure_replicated_stream(connection, stream, [subject], timeout=timeout)
            return await within(timeout + 5, call, "ensure_replicated_stream")

        info = await ensured(ELECTIONS)
        config = getattr(info, "config", None)
        assert config is not None, f"ensure_replicated_stream returned {info!r}, not a StreamInfo."
        seen = await stream_state(nats_cluster, connection, stream)
        assert seen.config.num_replicas == 3, (
            f"JetStream keeps {seen.config.num_replicas} copy of the stream, on one node: when that node is gone, so is "
            "the stream. Three were asked for."
        )
        assert seen.config.storage == "file", f"The stream is kept in {seen.config.storage}; file was promised."
        followers = info.cluster.replicas or [] if info.cluster else []
        assert len(followers) == 2, (
            f"ensure_replicated_stream returned, and its StreamInfo names {len(followers)} other replicas, not 2: the first "
            "answer may come before all copies are there."
        )
        assert all(one.current for one in followers), f"It returned before all copies were current: {followers}."
        leader = await within(5, kata.leader_of(connection, stream), "leader_of")
        led = await leading(nats_cluster, stream)
        assert leader == led.name, f"leader_of says {leader!r}; the nodes say that {led.name} leads the stream."

        await connection.jetstream(timeout=15).publish(subject, b"one")
        again = await ensured(ELECTIONS)
        assert again.state.messages == 1, (
            f"The stream held one message; after a second ensure_replicated_stream it holds {again.state.messages}."
        )

        follower = next(node for node in nats_cluster.nodes if node.name != leader)
        await asyncio.to_thread(follower.kill)
        await fallen_behind(connection, stream, subject, follower.name)
        raised = await _raised(ensured(2))
        assert isinstance(raised, nats.errors.TimeoutError), (
            f"{follower.name} was killed and has not got the last message; ensure_replicated_stream with timeout=2 "
            f"{_ended(raised)}. It promises that ALL replicas are current: nats.errors.TimeoutError is due."
        )


async def fallen_behind(connection: nats.NATS, stream: str, subject: str, name: str) -> None:
    """Publish until the stream's leader says that the replica on node `name` is not current."""
    js = connection.jetstream(timeout=2)

    async def behind() -> bool:
        try:
            await js.publish(subject, b"more")
            info = await js.stream_info(stream)
        except (nats.errors.Error, nats.js.errors.APIError):
            return False
        replicas = info.cluster.replicas or [] if info.cluster else []
        return any(one.name == name and not one.current for one in replicas)

    await eventually_async(behind, ELECTIONS, f"The leader of {stream} does not notice that {name} is gone.", poll=0.1)


@pytest.mark.step(7, "ensure_replicated_stream", "leader_of", "move_leader")
@pytest.mark.timeout(150)
async def test_the_leader_moves(kata: ModuleType, nats_cluster: NatsCluster) -> None:
    stream = nats_cluster.fresh("ORDERS")
    async with plain(*nats_cluster.urls) as connection:
        await within(
            ELECTIONS + 5,
            kata.ensure_replicated_stream(connection, stream, [stream.lower()], timeout=ELECTIONS),
            "ensure_replicated_stream",
        )
        before = await leading(nats_cluster, stream)

        raised: list[BaseException] = []

        async def moved() -> object:
            try:
                return await kata.move_leader(connection, stream, timeout=15)
            except nats.errors.TimeoutError as error:
                raised.append(error)
                return None

        named = await within(20, moved(), "move_leader")
        assert not raised, (
            f"move_leader raised {raised[0]!r}: {before.name} still leads {stream}. Whose leader was asked to step down?"
        )
        assert named in {node.name for node in nats_cluster.nodes} - {before.name}, (
            f"{before.name} led the stream; move_leader returned {named!r}, which is not the name of another node."
        )

        def leader() -> str | None:
            node = nats_cluster.stream_leader(stream)
            return node.name if node else None

        await eventually_async(
            lambda: asyncio.to_thread(lambda: leader() == named),
            10.0,
            lambda: f"move_leader says that {named} leads {stream}; the nodes say {leader()}.",
        )


async def ready_stream(cluster: NatsCluster, connection: nats.NATS, stem: str = "ORDERS") -> tuple[str, str]:
    """A stream of three copies and its subject, made by the test."""
    stream = cluster.fresh(stem)
    js = connection.jetstream(timeout=15)
    await js.add_stream(name=stream, subjects=[stream.lower()], num_replicas=3)

    async def complete() -> bool:
        cluster_info = (await js.stream_info(stream)).cluster
        followers = cluster_info.replicas or [] if cluster_info else []
        return len(followers) == 2 and all(one.current for one in followers)

    await eventually_async(complete, ELECTIONS, f"The test's stream {stream} has not got its three copies.")
    return stream, stream.lower()


def as_sequence(found: object) -> int:
    assert isinstance(found, int), f"publish_safely returned {found!r}, not the message's sequence in the stream."
    assert not isinstance(found, bool), f"publish_safely returned {found!r}, not the message's sequence in the stream."
    return found


@pytest.mark.step(8, "connect_cluster", "publish_safely")
@pytest.mark.timeout(150)
async def test_lost_acknowledgement(
    kata: ModuleType, nats_cluster: NatsCluster, fault_proxy: Callable[[str], FaultProxy]
) -> None:
    proxy = fault_proxy(nats_cluster.nodes[0].url)
    async with plain(*nats_cluster.urls) as observer, answers_connection(kata, [proxy.url]) as connection:
        stream, subject = await ready_stream(nats_cluster, observer)
        first = as_sequence(
            await within(15, kata.publish_safely(connection, subject, b"tea", "order-1"), "publish_safely")
        )
        assert first == 1, f"The first message of the stream has the sequence 1; publish_safely returned {first}."
        tries = await observer.subscribe(subject)  # sees each try, as every subscriber does
        await settle(observer)

        proxy.block("to_client")
        publishing = asyncio.ensure_future(kata.publish_safely(connection, subject, b"coffee", "order-2", timeout=15))
        try:
            await eventually_async(
                lambda: tries.pending_msgs >= 2 or publishing.done(),
                6.0,
                lambda: (
                    f"The acknowledgement is lost on its way; in 6 s publish_safely tried {tries.pending_msgs} times. "
                    "One try waits at most 1 s."
                ),
            )
        finally:
            proxy.unblock()
        raised = await _raised(within(20, asyncio.shield(publishing), "publish_safely"))
        assert raised is None, (
            f"An acknowledgement was lost, later ones come through; publish_safely raised {raised!r} instead of trying "
            "again."
        )
        second = as_sequence(publishing.result())
        ids = await stored_ids(nats_cluster, observer, stream)
        assert ids == ["order-1", "order-2"], (
            f"Two messages were published, one of them in several tries; the stream holds {len(ids)}, with the ids {ids}. "
            "JetStream recognises a repetition by the header Nats-Msg-Id, if it is the same in every try."
        )
        assert second == 2, f"The second message has the sequence 2; publish_safely returned {second}."
        repeated = await within(15, kata.publish_safely(connection, subject, b"tea", "order-1"), "publish_safely")
        assert repeated == 1, (
            f"order-1 was published again; it is stored as sequence 1, and publish_safely returned {repeated!r}."
        )


@pytest.mark.step(9, "connect_cluster", "publish_safely")
@pytest.mark.timeout(150)
async def test_leader_dies_while_publishing(kata: ModuleType, nats_cluster: NatsCluster) -> None:
    count = 40
    async with (
        plain(*nats_cluster.urls) as observer,
        answers_connection(kata, nats_cluster.urls) as connection,
    ):
        stream, subject = await ready_stream(nats_cluster, observer)
        leader = await leading(nats_cluster, stream)
        sequences = []
        for number in range(count):
            if number == count // 2:
                await asyncio.to_thread(leader.kill)
            publishing = kata.publish_safely(connection, subject, b"tea", f"order-{number}", timeout=ELECTIONS)
            try:
                sequences.append(
                    as_sequence(await within(ELECTIONS + 5, publishing, f"publish_safely with timeout={ELECTIONS:g}"))
                )
            except (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError) as error:
                raise AssertionError(
                    f"The stream's leader {leader.name} was killed, two of three nodes run, and publish_safely raised "
                    f"{error!r}. Until the others have chosen a leader there is more than one kind of error."
                ) from None
        ids = await stored_ids(nats_cluster, observer, stream)
    expected = [f"order-{number}" for number in range(count)]
    assert ids == expected, (
        f"{count} messages were acknowledged while the leader died. Missing are {sorted(set(expected) - set(ids))}, the "
        f"stream holds {len(ids)}: every acknowledged message must be there once, in order."
    )
    assert sequences == list(range(1, count + 1)), (
        f"The sequences were {sequences}; the messages are stored as 1 to {count}."
    )


@pytest.mark.step(10, "cluster_health")
@pytest.mark.timeout(150)
async def test_health_of_the_cluster(kata: ModuleType, nats_cluster: NatsCluster) -> None:
    async def health() -> Any:
        return await within(12, aside(lambda: kata.cluster_health(nats_cluster.monitoring_urls)), "cluster_health")

    leader = await asyncio.to_thread(nats_cluster.meta_leader)
    found = await health()
    assert found == kata.Health(3, True, leader.name, True), (
        f"All three nodes are well, {leader.name} leads JetStream; cluster_health says {found!r}. (A node holds several "
        "routes to each of the others.)"
    )
    silent, other = (node for node in nats_cluster.nodes if node is not leader)
    await silenced(silent)
    found = await health()
    assert found == kata.Health(2, False, leader.name, False), (
        f"{silent.name} answers nothing, {leader.name} and {other.name} go on, and {leader.name} leads; cluster_health says "
        f"{found!r}. Two reachable nodes, no full mesh, not healthy."
    )


@pytest.mark.step(11, "connect_cluster", "publish_safely", "cluster_health", "leader_of")
@pytest.mark.timeout(150)
async def test_no_quorum(kata: ModuleType, nats_cluster: NatsCluster) -> None:
    async with (
        plain(*nats_cluster.urls) as observer,
        answers_connection(kata, nats_cluster.urls) as connection,
    ):
        stream, subject = await ready_stream(nats_cluster, observer)
        leader = await leading(nats_cluster, stream)
        other, left = (node for node in nats_cluster.nodes if node is not leader)
        for node in (leader, other):
            await asyncio.to_thread(node.kill)
        begun = time.monotonic()
        raised = await _raised(
            within(15, kata.publish_safely(connection, subject, b"tea", "order-1", timeout=2), "publish_safely")
        )
        seconds = time.monotonic() - begun
        assert isinstance(raised, nats.errors.TimeoutError), (
            f"One of three nodes is left, which is no majority; publish_safely with timeout=2 {_ended(raised)}. "
            "nats.errors.TimeoutError was promised."
        )
        assert seconds < 6, f"publish_safely with timeout=2 gave up after {seconds:.1f} s."
        urls = nats_cluster.monitoring_urls
        found = await within(12, aside(lambda: kata.cluster_health(urls)), "cluster_health")
        assert (found.reachable, found.full_mesh, found.healthy) == (1, False, False), (
            f"Only {left.name} runs; cluster_health says {found!r}."
        )
        nobody = await within(15, kata.leader_of(connection, stream), "leader_of")
        assert nobody is None, f"{leader.name}, which led the stream, is dead; leader_of says {nobody!r}."

        for node in (leader, other):
            await asyncio.to_thread(node.start)
        sequence = await within(
            ELECTIONS + 5,
            kata.publish_safely(connection, subject, b"tea", "order-1", timeout=ELECTIONS),
            "publish_safely",
        )
        assert sequence == 1, f"The nodes are back; order-1 is the stream's first message, not {sequence!r}."
        ids = await stored_ids(nats_cluster, observer, stream)
        assert ids == ["order-1"], f"order-1 was published in two calls; the stream holds {ids}."
        healthy = await eventually_async(
            lambda: aside(lambda: _well(kata.cluster_health(urls))),
            30.0,
            "All nodes are back, and cluster_health does not say that the cluster is healthy.",
            poll=0.2,
        )
        assert healthy.reachable == 3, f"All nodes are back; cluster_health says {healthy!r}."


def _well(health: Any) -> Any:
    return health if health.healthy else None


Action = tuple[str, int]
"""What is done, and to which node; 3 stands for the stream's leader."""
actions = st.tuples(st.sampled_from(["restart", "step down", "pause", "kill"]), st.sampled_from([3, 0, 1, 2]))


@pytest.mark.step(12, "connect_cluster", "ensure_replicated_stream", "publish_safely", "move_leader")
@pytest.mark.timeout(200)
@settings(max_examples=2, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(actions, min_size=1, max_size=2))
def test_no_loss_whatever_dies(kata: ModuleType, nats_cluster: NatsCluster, script: list[Action]) -> None:
    nats_cluster.heal()
    acknowledged, stored = asyncio.run(_published_through(kata, nats_cluster, list(script)))
    assert stored == acknowledged, (
        f"While this happened: {script} (3 is the leader's node), {len(acknowledged)} messages were acknowledged, and the "
        f"stream holds {len(stored)}. Missing: {[one for one in acknowledged if one not in stored]}; more than once: "
        f"{sorted({one for one in stored if stored.count(one) > 1})}."
    )


async def _published_through(
    kata: ModuleType, cluster: NatsCluster, script: list[Action]
) -> tuple[list[str], list[str]]:
    """Publish 30 messages while the script's actions happen; the ids acknowledged, and those stored."""
    stream = cluster.fresh("ORDERS")
    subject, acknowledged, down = stream.lower(), [], None
    async with plain(*cluster.urls) as observer, answers_connection(kata, cluster.urls) as connection:
        await within(
            ELECTIONS + 5, kata.ensure_replicated_stream(connection, stream, [subject], timeout=ELECTIONS), "the stream"
        )
        for number in range(30):
            if number % 10 == 5 and script:
                if down is not None:
                    await asyncio.to_thread(cluster.heal)  # two nodes down at once would stop every write
                down = await _happens(kata, cluster, connection, stream, script.pop(0))
            publishing = kata.publish_safely(connection, subject, b"tea", f"order-{number}", timeout=ELECTIONS)
            await within(ELECTIONS + 5, publishing, f"publish_safely with timeout={ELECTIONS:g}")
            acknowledged.append(f"order-{number}")
        if down is not None:
            await asyncio.to_thread(cluster.heal)
        return acknowledged, await stored_ids(cluster, observer, stream)


async def _happens(
    kata: ModuleType, cluster: NatsCluster, connection: nats.NATS, stream: str, action: Action
) -> NatsServer | None:
    """Do it; the node that is down after it, None if all are up."""
    what, number = action
    node = cluster.nodes[number] if number < 3 else await asyncio.to_thread(cluster.stream_leader, stream)
    if what == "step down" or node is None:
        with suppress(nats.errors.TimeoutError):
            await within(20, kata.move_leader(connection, stream, timeout=15), "move_leader")
        return None
    await asyncio.to_thread(getattr(node, what))
    return node if what in ("kill", "pause") else None
