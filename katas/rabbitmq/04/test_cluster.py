"""What the ticket shop must be able to rely on."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pika
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from pytest_mqkata.testing import eventually, what_came, what_is_raised
from pytest_mqkata.testing_rabbitmq import opened

NAMES = ["rabbit1@localhost", "rabbit2@localhost", "rabbit3@localhost"]
ORDERS = 30
IDLE = 1.2  # seconds that a follower waits for a message


@pytest.fixture
def channel(rabbitmq_cluster: Any) -> Iterator[BlockingChannel]:
    """A channel on the first node, for the answer to work with."""
    with opened(rabbitmq_cluster.nodes[0].url) as channel:
        yield channel


def shop(rabbitmq_cluster_factory: Callable[..., Any], kata_dir: Path) -> Any:
    """Three nodes with the learner's rabbitmq.conf, and a blank one beside them."""
    return rabbitmq_cluster_factory(kata_dir / "rabbitmq.conf", spare=1)


def listed(node: Any) -> dict[str, bool]:
    """The members of the cluster in the view of one node: name -> running; {} while it gives no answer."""
    try:
        return {one["name"]: bool(one["running"]) for one in node.management.get("nodes")}
    except Exception:  # it is just starting, or has stopped
        return {}


def views(nodes: Sequence[Any]) -> str:
    """What each node says of the cluster, for a message."""
    return "\n".join(f"  {node.name}: {described(listed(node))}" for node in nodes)


def described(view: dict[str, bool]) -> str:
    return (
        ", ".join(f"{name} {'runs' if running else 'is down'}" for name, running in sorted(view.items())) or "silence"
    )


def wait_formed(nodes: Sequence[Any], names: Sequence[str] = NAMES) -> None:
    """Return when each of the nodes sees all of them running."""
    eventually(
        lambda: all(listed(node) == dict.fromkeys(names, True) for node in nodes),
        40,
        lambda: (
            "Three nodes were started with your rabbitmq.conf, and they are not one cluster. Each node sees:\n"
            f"{views(nodes)}\n"
            "A blank node reads the names of the others in its own configuration, and joins the first that answers. The "
            f"nodes are called {', '.join(NAMES)}: names must be equal letter for letter, and the backend that reads "
            "them must be the one that you chose."
        ),
        poll=0.2,
    )


# Step 1


@pytest.mark.step(1, "rabbitmq.conf")
@pytest.mark.timeout(90)
def test_step1_config_forms_one_cluster(rabbitmq_cluster_factory: Callable[..., Any], kata_dir: Path) -> None:
    nodes = shop(rabbitmq_cluster_factory, kata_dir).nodes
    wait_formed(nodes)
    for node in nodes:
        name = node.management.get("cluster-name")["name"]
        assert name == "shop", (
            f"{node.name} says that its cluster is called {name!r}, not 'shop'. Without a name of its own a cluster is "
            "called after one of its nodes, and on the dashboard nobody can tell the shop's from the other teams'."
        )


# Step 2


@pytest.mark.step(2, "members")
@pytest.mark.timeout(60)
def test_step2_members(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    first, second, third = rabbitmq_cluster.nodes
    for node in (first, third):
        found = kata.members(node.management_url)
        assert found == dict.fromkeys(NAMES, True), (
            f"Three nodes run in one cluster, and members() of {node.name} returned {found!r}. Every node knows all "
            f"members: it must be {dict.fromkeys(NAMES, True)}."
        )
    second.kill()
    expected = {**dict.fromkeys(NAMES, True), second.name: False}
    eventually(lambda: listed(first) == expected, 30, lambda: f"the test's own look: {views([first])}", poll=0.1)
    found = kata.members(first.management_url)
    assert found == expected, (
        f"{second.name} was killed, and members() returned {found!r}. It is still a member, and it does not run: "
        f"{expected}. The management API says for each node whether it is running."
    )


# Step 3


@contextlib.contextmanager
def dead_url() -> Iterator[str]:
    """A URL at which nothing listens, and nothing will as long as this lasts."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but it does not listen
        yield f"amqp://guest:guest@127.0.0.1:{closed.getsockname()[1]}/%2F"


def check_connected(kata: ModuleType, urls: Sequence[str], timeout: float, situation: str) -> float:
    """connect_any() must come back with a connection that works; how many seconds that took."""
    begun = time.monotonic()
    result = what_is_raised(lambda: kata.connect_any(urls, timeout=timeout))
    seconds = time.monotonic() - begun
    assert isinstance(result, pika.BlockingConnection), (
        f"{situation}, and connect_any(…, timeout={timeout:g}) {what_came(result)} after {seconds:.1f} s. It must return "
        "a connection to the node that answers."
    )
    with contextlib.closing(result):
        assert result.is_open, f"{situation}, and connect_any() returned a connection that is closed already."
        result.channel().queue_declare("", exclusive=True)
    return seconds


def check_unavailable(kata: ModuleType, urls: Sequence[str], timeout: float, situation: str) -> None:
    """connect_any() must give up in time."""
    begun = time.monotonic()
    result = what_is_raised(lambda: kata.connect_any(urls, timeout=timeout))
    seconds = time.monotonic() - begun
    if isinstance(result, pika.BlockingConnection):
        result.close()
    assert isinstance(result, kata.ClusterUnavailable), (
        f"{situation}, and connect_any(…, timeout={timeout:g}) {what_came(result)}. Its callers look for "
        "ClusterUnavailable."
    )
    limit = timeout + 2 + 1  # what the docstring grants, and something for a busy machine
    assert seconds < limit, (
        f"{situation}, and connect_any(…, timeout={timeout:g}) took {seconds:.1f} s to say so; {timeout + 2:g} s are "
        "granted."
    )


@pytest.mark.step(3, "connect_any")
def test_step3_some_nodes_are_down(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    with dead_url() as dead, dead_url() as another:
        urls = [dead, rabbitmq_cluster.nodes[1].url, another]
        check_connected(kata, urls, 10.0, "The first of three nodes is down, the second is up")
        check_unavailable(kata, [dead, another], 1.0, "No node is up")


@pytest.mark.step(3, "connect_any")
def test_step3_a_node_comes_late(kata: ModuleType, rabbitmq_cluster: Any, fault_proxy: Callable[[str], Any]) -> None:
    proxy = fault_proxy(rabbitmq_cluster.nodes[0].url)
    proxy.refuse()
    late = threading.Timer(1.5, proxy.accept)
    late.daemon = True
    late.start()
    with dead_url() as dead:
        check_connected(
            kata,
            [proxy.url, dead],
            15.0,
            "Two nodes: one is down, the other refuses connections for 1.5 s, because it is just starting",
        )
    late.join()


@pytest.mark.step(3, "connect_any")
@pytest.mark.timeout(40)
def test_step3_a_node_hangs(kata: ModuleType, rabbitmq_cluster: Any, fault_proxy: Callable[[str], Any]) -> None:
    first, healthy, _ = rabbitmq_cluster.nodes
    hanging = fault_proxy(first.url)
    hanging.block()
    situation = f"{first.name} accepts connections and then says nothing, as a machine does that is out of memory"
    seconds = check_connected(kata, [hanging.url, healthy.url], 15.0, f"{situation}; {healthy.name} is well")
    assert seconds < 8, (
        f"{situation}, and it held connect_any() up for {seconds:.1f} s, although {healthy.name} is well. 3 s are "
        "granted for one node: TCP has a time-out, and the AMQP handshake after it has another."
    )
    check_unavailable(kata, [hanging.url], 1.0, f"{situation}, and there is no other node")


# Step 4


@pytest.mark.step(4, "rabbitmq.conf", "join", "remove")
@pytest.mark.timeout(120)
def test_step4_join_and_remove(kata: ModuleType, rabbitmq_cluster_factory: Callable[..., Any], kata_dir: Path) -> None:
    cluster = shop(rabbitmq_cluster_factory, kata_dir)
    seed, spare = cluster.nodes[0], cluster.spare
    wait_formed(cluster.nodes)

    kata.join(spare.ctl, seed.name)
    grown = dict.fromkeys([*NAMES, spare.name], True)
    eventually(
        lambda: listed(seed) == grown,
        20,
        lambda: (
            f"join() has returned, and {spare.name} is not a running member of the cluster. The nodes see:\n"
            f"{views([seed, spare])}\n"
            "A node can join while RabbitMQ on it is stopped (its Erlang machine goes on), and must be started again then."
        ),
        poll=0.1,
    )
    with contextlib.closing(spare.connect("customer")) as customer:
        kata.join(spare.ctl, seed.name)
        try:
            customer.channel().close()
        except AMQPError as error:
            pytest.fail(
                f"{spare.name} was a member already, and join() has thrown out a customer who was connected to it: "
                f"{error!r}. Look first whether it is a member; then there is nothing to stop and nothing to reset."
            )

    raised = what_is_raised(lambda: kata.remove(seed.ctl, spare.name))
    assert isinstance(raised, Exception), (
        f"{spare.name} runs, and remove() {what_came(raised)}. It must raise: a node that was forgotten while it runs "
        "goes on serving customers on its own."
    )
    assert listed(seed) == grown, (
        f"{spare.name} runs, so remove() must not touch it; now {seed.name} sees: {described(listed(seed))}."
    )

    spare.kill()
    eventually(
        lambda: listed(seed).get(spare.name) is False, 30, lambda: f"the test's own look: {views([seed])}", poll=0.1
    )
    for time_ in ("once", "once more"):
        raised = what_is_raised(lambda: kata.remove(seed.ctl, spare.name))
        assert raised is None, (
            f"{spare.name} is down, and remove() was called {time_}: it {what_came(raised)}. To remove a node that the "
            "cluster does not know (any more) is no error."
        )
        assert listed(seed) == dict.fromkeys(NAMES, True), (
            f"{spare.name} is down, and remove() was called {time_}; {seed.name} sees: {described(listed(seed))}. Only "
            f"{spare.name} should be gone: a node that is down is a member until the cluster is told to forget it."
        )


# Step 5


@pytest.mark.step(5, "declare_partitions")
@pytest.mark.timeout(40)
def test_step5_partitions(kata: ModuleType, rabbitmq_cluster: Any, channel: BlockingChannel) -> None:
    name = rabbitmq_cluster.fresh("seats")
    expected = [f"{name}.{number}" for number in range(6)]
    returned = kata.declare_partitions(channel, name, 6)
    assert returned == expected, f"declare_partitions() returned {returned!r}, not the names {expected}."
    found = queues_of(rabbitmq_cluster)
    assert sorted(found) == expected, (
        f"The broker has the queues {sorted(found)} after declare_partitions(channel, {name!r}, 6)."
    )
    for queue in expected:
        assert found[queue]["type"] == "quorum", (
            f"{queue} is a {found[queue]['type']} queue: it lies on one node, and while that is down nobody can buy what "
            "is in it. Every node knows that the queue exists, but the messages are not replicated. A quorum queue has a "
            'replica on three nodes; the argument is "x-queue-type".'
        )
        assert found[queue]["arguments"].get("x-single-active-consumer") is True, (
            f"{queue} has the arguments {found[queue]['arguments']}. Two programs that consume it would both get "
            "messages, and handle those of one key at the same time, so the order is lost. One of them at a time must be "
            'active, the other waits: "x-single-active-consumer".'
        )

    def leaders() -> Counter[str]:
        return Counter(one["leader"] for one in queues_of(rabbitmq_cluster).values() if one.get("leader"))

    def spread() -> bool:
        return leaders().total() == 6 and max(leaders().values()) <= 3

    eventually(
        spread,
        10,
        lambda: (
            f"The leaders of the six queues are on these nodes: {dict(leaders())}. All work of a queue goes through its "
            "leader, so one node does it all, and the others watch. By default the leader is on the node where the queue "
            'was declared; the argument "x-queue-leader-locator" has it placed elsewhere.'
        ),
        poll=0.2,
    )


def queues_of(cluster: Any) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in cluster.nodes[0].management.get("queues", cluster.vhost)}


@pytest.mark.step(5, "declare_partitions", "send")
@pytest.mark.timeout(40)
def test_step5_a_key_has_one_partition(
    kata: ModuleType, kata_dir: Path, rabbitmq_cluster: Any, channel: BlockingChannel
) -> None:
    name = rabbitmq_cluster.fresh("seats")
    queues = kata.declare_partitions(channel, name, 6)
    keys = [f"hall-{number}" for number in range(12)]
    placed = {key: kata.send(channel, name, 6, key, f"here {key}".encode()) for key in keys}
    strange = {queue for queue in placed.values() if queue not in queues}
    assert not strange, f"send() returned {sorted(map(repr, strange))}; the partitions are {queues}."
    assert len(set(placed.values())) >= 3, (
        f"Twelve keys were sent to six partitions, and they use only {sorted(set(placed.values()))}: {placed}. The keys "
        "should be spread; a hash of the whole key does that."
    )
    with contextlib.closing(Readers(rabbitmq_cluster.nodes[2].url, queues)) as readers:
        got = readers.read(b"here ", len(keys))
    arrived = {body.decode().removeprefix("here "): queue for queue, _, body in got}
    assert arrived == placed, f"send() said (key: partition) {placed}, and the messages arrived in {arrived}."
    modes = {properties.delivery_mode for _, properties, _ in got}
    assert modes == {2}, (
        f"The messages have the delivery_mode {modes}; 2 is persistent. (A quorum queue writes every message to disk, but "
        "the next queue that this message is moved to may not.)"
    )

    elsewhere = [
        Elsewhere(kata_dir, [rabbitmq_cluster.nodes[0].url, name, "6", *keys], hash_seed) for hash_seed in ("1", "2")
    ]
    for process in elsewhere:
        there = process.result()
        moved = {key: (placed[key], there.get(key)) for key in keys if there.get(key) != placed[key]}
        assert not moved, (
            "The same keys were sent from another Python process, and went elsewhere (key: here, there): "
            f"{moved}. Of one hall's orders some are here and some are there, and nobody keeps their order. What decides "
            "must be the same everywhere and for ever: Python's hash() of a text, a random or a running number is not."
        )


class Elsewhere:
    """A Python process of its own that calls send() of the answer once for each key."""

    _PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import pika
import cluster as kata
url, name, count, *keys = sys.argv[2:]
with pika.BlockingConnection(pika.URLParameters(url)) as connection:
    channel = connection.channel()
    print(json.dumps({key: kata.send(channel, name, int(count), key, b"there") for key in keys}))
"""

    def __init__(self, folder: Path, arguments: Sequence[str], hash_seed: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._PROGRAM, str(folder), *arguments],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self) -> dict[str, str]:
        try:
            out, complaints = self._process.communicate(timeout=25)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            pytest.fail("Another Python process called send() for twelve keys, and had not ended after 25 s.")
        assert self._process.returncode == 0, (
            f"Another Python process called send(), and it failed:\n{complaints[-1500:]}"
        )
        found: dict[str, str] = json.loads(out.splitlines()[-1])
        return found


class Readers:
    """The test's own readers, one for each queue."""

    def __init__(self, url: str, queues: Sequence[str]) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = self._connection.channel()
        self._arrived: list[tuple[str, Any, bytes]] = []
        for queue in queues:
            channel.basic_consume(queue, self._noting(queue), auto_ack=True)

    def _noting(self, queue: str) -> Callable[..., None]:
        return lambda _channel, _delivery, properties, body: self._arrived.append((queue, properties, body))

    def read(self, prefix: bytes, count: int) -> list[tuple[str, Any, bytes]]:
        """Queue, properties and body of the messages that begin with `prefix`, of which there should be `count`."""

        def found() -> list[tuple[str, Any, bytes]]:
            self._connection.process_data_events(time_limit=0.01)
            return [one for one in self._arrived if one[2].startswith(prefix)]

        eventually(
            lambda: len(found()) >= count,
            10,
            lambda: (
                f"send() was called {count} times, and in the partitions {len(found())} messages have arrived: "
                f"{[(queue, body) for queue, _, body in found()]}."
            ),
            poll=0,
        )
        return found()

    def close(self) -> None:
        self._connection.close()


@pytest.mark.step(5, "declare_partitions", "send")
@pytest.mark.timeout(60)
def test_step5_any_key_keeps_its_order(kata: ModuleType, rabbitmq_cluster: Any, channel: BlockingChannel) -> None:
    name = rabbitmq_cluster.fresh("seats")
    queues = kata.declare_partitions(channel, name, 4)

    examples = itertools.count()
    readers = Readers(rabbitmq_cluster.nodes[2].url, queues)

    @settings(max_examples=20)
    @given(st.integers(1, 4), st.lists(st.one_of(st.sampled_from("abc"), st.text(max_size=8)), min_size=1, max_size=8))
    @example(4, ["", "", "é", "e\u0301", "e\u0301", "é"])
    @example(3, ["hall-1", "hall-2", "hall-1", "hall-1", "hall-2", "hall-1"])
    @example(1, ["a", "b", "李", "\x00"])
    def any_key_keeps_its_order(count: int, keys: list[str]) -> None:
        prefix = f"{next(examples)} ".encode()
        placed: dict[str, str] = {}
        for number, key in enumerate(keys):
            queue = kata.send(channel, name, count, key, prefix + json.dumps([key, number]).encode())
            assert queue in queues[:count], (
                f"send() with {count} partitions and the key {key!r} returned {queue!r}; it must be one of "
                f"{queues[:count]}."
            )
            assert placed.setdefault(key, queue) == queue, (
                f"The key {key!r} went to {placed[key]} first, and now to {queue}. Two programs read these partitions, "
                "and nobody can tell which is faster: the order is lost."
            )
        read: dict[tuple[str, str], list[int]] = {}
        for queue, _, body in readers.read(prefix, len(keys)):
            key, number = json.loads(body.removeprefix(prefix))
            read.setdefault((key, queue), []).append(number)
        for key, queue in placed.items():
            sent = [number for number, other in enumerate(keys) if other == key]
            assert read.get((key, queue)) == sent, (
                f"Of the key {key!r} the messages {sent} were sent, in this order, and {read.get((key, queue))} came out of "
                f"{queue}."
            )

    with contextlib.closing(readers):
        any_key_keeps_its_order()


# Step 6


def filled(cluster: Any, messages: int) -> str:
    """A partition, as in step 5, with the numbers 1 to `messages` in it, safe on a majority of nodes; its name."""
    queue: str = cluster.fresh("seats") + ".0"
    with opened(cluster.nodes[0].url) as channel:
        channel.confirm_delivery()
        channel.queue_declare(
            queue, durable=True, arguments={"x-queue-type": "quorum", "x-single-active-consumer": True}
        )
        for number in range(1, messages + 1):
            put(channel, queue, number)
    return queue


def put(channel: BlockingChannel, queue: str, number: int) -> None:
    channel.basic_publish("", queue, str(number).encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)


@pytest.mark.step(6, "follow")
@pytest.mark.timeout(40)
def test_step6_ends_when_idle(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    queue = filled(rabbitmq_cluster, 2)
    handled: list[tuple[float, int]] = []

    def handle(body: bytes) -> None:
        handled.append((time.monotonic(), int(body)))

    def late_order() -> None:
        """Comes while the follower waits, when half of its idle time has passed."""
        with opened(rabbitmq_cluster.nodes[1].url) as shop:
            eventually(lambda: len(handled) >= 2, 20, "the first two messages were not handled")
            time.sleep(IDLE / 2)
            put(shop, queue, 3)

    shop = threading.Thread(target=late_order, daemon=True)
    shop.start()
    count = kata.follow(rabbitmq_cluster.urls, queue, handle, idle_timeout=IDLE)
    ended = time.monotonic()
    shop.join()
    numbers = [number for _, number in handled]
    assert numbers == [1, 2, 3], (
        f"Two messages were in the queue, the third came {IDLE / 2:g} s after them, and idle_timeout is {IDLE} s; "
        f"handle() was called with {numbers}. The idle time begins anew after each message."
    )
    assert count == 3, f"Three messages were handled, and follow() returned {count!r}."
    waited = ended - handled[-1][0]
    assert IDLE * 0.9 < waited < IDLE + 4, (
        f"follow() returned {waited:.1f} s after its last message; idle_timeout is {IDLE} s."
    )
    left = rabbitmq_cluster.nodes[0].ready(queue)
    assert left == 0, (
        f"All three messages were handled, follow() has returned, and {left} are in the queue again: they were not "
        "acknowledged."
    )


@pytest.mark.step(6, "follow")
@pytest.mark.timeout(60)
def test_step6_connection_is_lost(kata: ModuleType, rabbitmq_cluster: Any, fault_proxy: Callable[[str], Any]) -> None:
    first, second, observer = rabbitmq_cluster.nodes
    queue = filled(rabbitmq_cluster, ORDERS)
    here, there = fault_proxy(first.url), fault_proxy(second.url)
    there.refuse()
    handled: list[int] = []
    kept: list[int] = []

    def handle(body: bytes) -> None:
        handled.append(int(body))
        if len(handled) == 10:
            wait_until_told(observer, queue)
            there.accept()
            here.refuse()
            here.cut()
            kept.append(most_ready(observer, queue, ORDERS - 9))

    count = kata.follow([here.url, there.url], queue, handle, idle_timeout=2.0, reconnect_timeout=20.0)
    check_followed(handled, count, "The connection was cut, and its node refused new ones, at the tenth message")
    assert kept[0] >= ORDERS - 9, (
        f"The connection was lost while message 10 of {ORDERS} was being handled, and {kept[0]} were in the queue then. "
        f"{ORDERS - 9} must be: the broker had been told to forget a message that was not handled yet. Had the program "
        "died there as well, a customer's ticket would be lost. Acknowledge when handle() has returned."
    )
    left = observer.ready(queue)
    assert left == 0, (
        f"All {ORDERS} messages were handled, follow() has returned, and {left} are in the queue again: they were not "
        "acknowledged."
    )


@pytest.mark.step(6, "follow")
@pytest.mark.timeout(90)
def test_step6_node_is_killed(kata: ModuleType, rabbitmq_cluster: Any, fault_proxy: Callable[[str], Any]) -> None:
    queue = filled(rabbitmq_cluster, ORDERS)
    victim = rabbitmq_cluster.leader(queue)
    others = [node for node in rabbitmq_cluster.nodes if node is not victim]
    here, *there = [fault_proxy(node.url) for node in (victim, *others)]
    for proxy in there:
        proxy.refuse()
    handled: list[int] = []

    def handle(body: bytes) -> None:
        handled.append(int(body))
        if len(handled) == 10:
            wait_until_told(others[0], queue)
            for proxy in there:
                proxy.accept()
            victim.kill()

    urls = [here.url, *(proxy.url for proxy in there)]
    count = kata.follow(urls, queue, handle, idle_timeout=5.0, reconnect_timeout=40.0)
    check_followed(handled, count, f"{victim.name} was killed at the tenth message; the queue's leader was on it, too")


def wait_until_told(observer: Any, queue: str) -> None:
    """Return when the broker knows all that the follower has told it so far: the number of ready messages rests."""
    seen: list[int | None] = []

    def rests() -> bool:
        seen.append(observer.ready(queue))
        return len(seen) >= 6 and len(set(seen[-6:])) == 1

    with contextlib.suppress(AssertionError):  # called by the answer, which must not get the test's own errors
        eventually(rests, 10, poll=0.03)


def most_ready(observer: Any, queue: str, wanted: int) -> int:
    """The number of ready messages, when there are `wanted`, or after a while."""
    end = time.monotonic() + 5
    while (found := int(observer.ready(queue))) < wanted and time.monotonic() < end:
        time.sleep(0.02)
    return found


def check_followed(handled: Sequence[int], count: object, situation: str) -> None:
    missing = sorted(set(range(1, ORDERS + 1)) - set(handled))
    assert not missing, (
        f"{situation}, of {ORDERS}. follow() returned {count!r}, and these were never handled: {missing}. When the "
        "connection is lost, the broker puts back what was not acknowledged: connect to another node and go on."
    )
    assert isinstance(count, int), f"follow() returned {count!r}, not a number."
    assert ORDERS <= count <= len(handled), (
        f"{situation}. handle() was called {len(handled)} times for {ORDERS} messages, and follow() returned {count}. It "
        f"is the number of acknowledged ones: at least {ORDERS}, and more if the broker did not hear of one and "
        "delivered it again."
    )


# Step 7


@pytest.mark.step(7, "rabbitmq.conf")
@pytest.mark.timeout(150)
def test_step7_minority_stops(rabbitmq_cluster_factory: Callable[..., Any], kata_dir: Path) -> None:
    cluster = shop(rabbitmq_cluster_factory, kata_dir)
    last, second, third = cluster.nodes
    wait_formed(cluster.nodes)
    queue = filled(cluster, 5)

    third.kill()
    eventually(
        lambda: all(listed(node).get(third.name) is False for node in (last, second)),
        30,
        lambda: f"the test's own look: {views([last, second])}",
        poll=0.1,
    )
    with opened(second.url) as channel:
        channel.confirm_delivery()
        put(channel, queue, 6)

    second.kill()
    eventually(
        lambda: not takes_connections(last),
        20,
        lambda: (
            f"{second.name} and {third.name} are down, and {last.name} still takes connections. It cannot know whether "
            "they are down, or just out of its sight and selling the same seats. A node that sees less than half of the "
            "cluster must stop until the others are back: that is a setting in rabbitmq.conf."
        ),
        poll=0.1,
    )

    cluster.heal()
    wait_formed(cluster.nodes)
    eventually(
        lambda: all(takes_connections(node) for node in cluster.nodes),
        30,
        lambda: (
            "All three nodes are up again, and these take no connections: "
            f"{', '.join(node.name for node in cluster.nodes if not takes_connections(node))}."
        ),
        poll=0.1,
    )
    left = last.ready(queue)
    assert left == 6, (
        f"Six messages were confirmed before the nodes were killed; now all are back, and {left} are there."
    )


def takes_connections(node: Any) -> bool:
    """Whether the node listens for AMQP; a slow answer is an answer."""
    try:
        socket.create_connection((node.host, node.port), timeout=5).close()
    except ConnectionError:
        return False
    except TimeoutError:
        return True
    return True
