"""What the payment queue must survive."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pika.adapters.blocking_connection import BlockingChannel

from pytest_mqkata.testing import Background, eventually, what_came, what_is_raised

IDLE = 0.8  # seconds of quiet after which a consumer ends
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # where an example costs a crash


@contextlib.contextmanager
def opened(url: str) -> Iterator[BlockingChannel]:
    """A channel in confirm mode on a connection of its own, closed at the end; no matter if it was lost before."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        with contextlib.suppress(Exception):
            connection.close()


@contextlib.contextmanager
def publisher_of(kata: ModuleType, urls: list[str], **options: Any) -> Iterator[Any]:
    publisher = kata.ConfirmedPublisher(urls, **options)
    try:
        yield publisher
    finally:
        publisher.close()


def quorum_queue(channel: BlockingChannel, queue: str) -> str:
    """The test's own replicated queue."""
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    return queue


def send(channel: BlockingChannel, queue: str, *ids: str) -> None:
    for message_id in ids:
        properties = pika.BasicProperties(delivery_mode=2, message_id=message_id)
        channel.basic_publish("", queue, message_id.encode(), properties)


def drain(node: Any, queue: str) -> list[Any]:
    """(message_id, body, delivery_mode) of all that is ready in the queue; they are taken."""
    found: list[Any] = []
    with opened(node.url) as channel:
        while True:
            delivery, properties, body = channel.basic_get(queue, auto_ack=True)
            if delivery is None or properties is None:
                return found
            found.append((properties.message_id, body, properties.delivery_mode))


@dataclass
class Pretender:
    """A small HTTP server with the management API's answers of a broker that is not at hand."""

    answers: dict[tuple[str, ...], Any]  # path below /api, unquoted -> JSON
    asked: list[str] = field(default_factory=list)  # "GET /api/overview"
    url: str = ""


@contextlib.contextmanager
def pretender(answers: dict[tuple[str, ...], Any]) -> Iterator[Pretender]:
    this = Pretender(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            this.asked.append(f"{self.command} {self.path}")
            parts = tuple(unquote(part) for part in urlsplit(self.path).path.removeprefix("/api/").split("/"))
            found = this.answers.get(parts) if self.command == "GET" else {}
            text = json.dumps({"error": "not_found"} if found is None else found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        this.url = f"http://guest:guest@127.0.0.1:{server.server_address[1]}"
        try:
            yield this
        finally:
            server.shutdown()


def in_effect(node: Any, vhost: str, queue: str) -> dict[str, Any]:
    """What the broker knows of a queue; its arguments and its policy become one, without the "x-"."""
    about: dict[str, Any] = node.management.get("queues", vhost, queue)
    policy = about.get("effective_policy_definition") or {}
    arguments = {name.removeprefix("x-"): value for name, value in about["arguments"].items()}
    about["effect"] = {**(policy if isinstance(policy, dict) else {}), **arguments}
    return about


# Step 1


@pytest.mark.step(1, "declare_ha_queue")
@pytest.mark.timeout(30)
def test_step1_declare(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    node = rabbitmq_cluster.nodes[0]
    vhost = rabbitmq_cluster.vhost
    queue, parked, single = (rabbitmq_cluster.fresh(stem) for stem in ("payments", "parked", "single"))
    with opened(node.url) as channel:
        for _ in range(2):  # it must be repeatable
            kata.declare_ha_queue(channel, queue, delivery_limit=2, dead_letter_queue=parked)
        kata.declare_ha_queue(channel, single, replicas=1)
        about = {name: in_effect(node, vhost, name) for name in (queue, parked, single)}
        for name in (queue, parked):
            found = about[name]
            assert found["type"] == "quorum", (
                f"The queue {name} is of type {found['type']}. A classic queue lives on one node, and is gone with it: "
                "both queues must be replicated, a dead letter is a payment as well."
            )
            assert len(found["members"]) == 3, (
                f"{name} must have replicas on 3 nodes, and has them on {found['members']}."
            )
        assert len(about[single]["members"]) == 1, (
            f"A queue declared with replicas=1 has them on {about[single]['members']}."
        )
        effect = about[queue]["effect"]
        assert effect.get("delivery-limit") == 2, f"The delivery limit must be 2; in effect is {effect}."
        assert (effect.get("dead-letter-strategy"), effect.get("overflow")) == ("at-least-once", "reject-publish"), (
            f"Dead lettering must be at-least-once, and in effect is {effect}. Without the overflow reject-publish the "
            "broker accepts the strategy, and silently goes back to at-most-once."
        )

        send(channel, queue, "p1")
        deliveries = []
        for _ in range(5):  # two more than it should take
            delivery, _, _ = channel.basic_get(queue)
            if delivery is None:
                break
            deliveries.append(delivery.redelivered)
            channel.basic_nack(delivery.delivery_tag, requeue=True)
            if len(deliveries) < 3:
                eventually(
                    lambda: node.ready(queue) == 1, 5, f"After {len(deliveries)} deliveries it must be back in {queue}."
                )
        assert len(deliveries) == 3, (
            "With a delivery limit of 2 a message that is given back again and again is delivered 3 times, once and "
            f"two times more; it was delivered {len(deliveries)} times."
        )
        eventually(
            lambda: node.ready(parked) == 1,
            10,
            lambda: f"Over the delivery limit the message must come to {parked}, where {node.ready(parked)} are ready.",
        )
        _, properties, body = channel.basic_get(parked, auto_ack=True)
        assert properties is not None
        deaths = (properties.headers or {}).get("x-death") or [{}]
        assert (body, deaths[0].get("reason")) == (b"p1", "delivery_limit"), (
            f"The dead letter is {body!r}, and its x-death says {deaths}; the reason must be delivery_limit."
        )


# Step 2


@pytest.mark.step(2, "replicas", "Replicas.can_lose")
def test_step2_replicas(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    queue = rabbitmq_cluster.fresh("payments")
    node = rabbitmq_cluster.nodes[1]
    with opened(node.url) as channel:
        quorum_queue(channel, queue)
    names = {one.name for one in rabbitmq_cluster.nodes}

    def look() -> Any:
        return kata.replicas(rabbitmq_cluster.nodes[2].management_url, rabbitmq_cluster.vhost, queue)

    eventually(lambda: len(look().online) == 3, 5, lambda: f"All three nodes run, and replicas() says {look()}.")
    found = look()
    leader = rabbitmq_cluster.leader(queue)
    assert (found.leader, set(found.members)) == (leader and leader.name, names), (
        f"The queue's leader is {leader and leader.name}, its members are {sorted(names)}; replicas() gave {found}."
    )
    assert found.can_lose == 1, (
        f"Of three members all are online: one may fail. can_lose is {found.can_lose!r} for {found}."
    )


@pytest.mark.step(2, "replicas", "Replicas.can_lose")
def test_step2_what_the_api_says(kata: ModuleType) -> None:
    members = ["rabbit1@a", "rabbit2@b", "rabbit3@c"]
    name = "pay/ments %"
    queue: dict[str, Any] = {"name": name, "vhost": "/", "type": "quorum", "members": members}
    answers: dict[tuple[str, ...], Any] = {("queues", "/", name): queue, ("queues", "/"): [queue], ("queues",): [queue]}
    with pretender(answers) as api:
        for leader, online, wanted in (
            (members[1], members, members[1]),
            (members[0], members[1:], None),
            (members[2], members[1:], members[2]),
            (members[2], [], None),
        ):
            queue.update(leader=leader, online=online)
            found = what_is_raised(lambda: kata.replicas(api.url, "/", name))
            assert isinstance(found, kata.Replicas), (
                f"A management API that knows the queue {name!r} in the vhost '/' was asked {api.asked}, and "
                f"replicas() {what_came(found)}. Quote each part of the path: '/' is %2F."
            )
            assert (found.leader, found.members, set(found.online)) == (wanted, tuple(members), set(online)), (
                f"The API says: leader {leader}, online {online}, members {members}. The leader to tell is {wanted} "
                f"(None if it is not online), and replicas() gave {found}."
            )


@pytest.mark.step(2, "Replicas.can_lose")
def test_step2_majority_property(kata: ModuleType) -> None:
    @settings(max_examples=100)
    @given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
    @example((3, 2))
    @example((3, 1))
    @example((4, 3))
    @example((4, 2))
    @example((1, 0))
    def majority(members_and_online: tuple[int, int]) -> None:
        total, online = members_and_online
        names = tuple(f"rabbit{number}@localhost" for number in range(total))
        found = kata.Replicas(None, names, names[:online]).can_lose
        wanted = next(lost for lost in range(online, -total - 1, -1) if 2 * (online - lost) > total)
        assert found == wanted, (
            f"{online} of {total} members are online, and more than half of all {total} are needed: can_lose is "
            f"{wanted}, not {found!r}."
        )

    majority()


# Step 3


@pytest.mark.step(3, "ConfirmedPublisher")
@pytest.mark.timeout(30)
def test_step3_confirmed(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    queue = rabbitmq_cluster.fresh("payments")
    nodes = rabbitmq_cluster.nodes
    with opened(nodes[0].url) as channel:
        quorum_queue(channel, queue)
    with publisher_of(kata, [node.url for node in nodes], give_up_after=8) as publisher:
        kept = publisher.publish(queue, b"one", "p-1")
        assert kept == "p-1", f"publish() was given the message_id 'p-1', and returned {kept!r}."
        assert nodes[0].ready(queue) == 1, (
            f"publish() has returned, and {nodes[0].ready(queue)} messages are in the queue: it must wait for the "
            "confirm."
        )
        begun = time.monotonic()
        result = what_is_raised(lambda: publisher.publish(rabbitmq_cluster.fresh("nowhere"), b"lost"))
        took = time.monotonic() - begun
        assert isinstance(result, kata.Unroutable), (
            f"There is no such queue, and publish() {what_came(result)}; it must raise Unroutable. A message that no "
            "queue takes is confirmed as well, unless it is mandatory: then it comes back."
        )
        assert took < 4, (
            f"There is no such queue, and to say so took publish() {took:.1f} s. No other node will have it either."
        )
        made = [publisher.publish(queue, b"two"), publisher.publish(queue, b"three")]
        assert len({"p-1", *made}) == 3, (
            f"Without a message_id publish() must make one for each message; it returned {made}."
        )
        assert all(isinstance(one, str) and one for one in made), (
            f"publish() must return message_ids; it returned {made}."
        )
    found = drain(nodes[0], queue)
    wanted = [("p-1", b"one", 2), (made[0], b"two", 2), (made[1], b"three", 2)]
    assert found == wanted, f"The queue held (message_id, body, delivery_mode) {found}; {wanted} was published."


# Step 4


@pytest.mark.step(4, "ConfirmedPublisher")
@pytest.mark.timeout(30)
def test_step4_silence(kata: ModuleType, rabbitmq_cluster: Any, fault_proxy: Callable[[str], Any]) -> None:
    queue = rabbitmq_cluster.fresh("payments")
    node = rabbitmq_cluster.nodes[0]
    with opened(node.url) as channel:
        quorum_queue(channel, queue)
    proxy = fault_proxy(node.url)
    with publisher_of(kata, [proxy.url], confirm_timeout=0.5, give_up_after=1.5) as publisher:
        publisher.publish(queue, b"good", "p-1")
        proxy.block()
        call = Background(lambda: publisher.publish(queue, b"into the void", "p-2"))
        came_back = call.wait(8)
        proxy.cut()
        proxy.unblock()
        call.wait(5)
        assert came_back, (
            "Nothing comes back from the broker any more, and after 8 s publish() with confirm_timeout=0.5 and "
            "give_up_after=1.5 had not returned. The client's own wait for a confirm has no end; let another thread "
            "wait, and look at the clock."
        )
        assert isinstance(call.result, kata.NotConfirmed), (
            f"Nothing came back from the broker, and publish() {what_came(call.result)}; it must raise NotConfirmed."
        )
        assert 1.2 < call.took < 3.5 + 1, f"publish() with give_up_after=1.5 gave up after {call.took:.1f} s."
        again = what_is_raised(lambda: publisher.publish(queue, b"after", "p-3"))
        assert again == "p-3", f"The broker answers again, and the same publisher's publish() {what_came(again)}."


# Step 5


@pytest.mark.step(5, "ConfirmedPublisher")
@pytest.mark.timeout(40)
def test_step5_lost_confirm(kata: ModuleType, rabbitmq_cluster: Any, fault_proxy: Callable[[str], Any]) -> None:
    queue = rabbitmq_cluster.fresh("payments")
    node = rabbitmq_cluster.nodes[0]
    with opened(node.url) as channel:
        quorum_queue(channel, queue)
    proxy = fault_proxy(node.url)
    with publisher_of(kata, [proxy.url], confirm_timeout=3, give_up_after=15) as publisher:
        publisher.publish(queue, b"good", "p-1")
        proxy.block("to_client")
        call = Background(lambda: publisher.publish(queue, b"payment"))
        eventually(
            lambda: node.ready(queue) == 2 or call.ended,
            10,
            lambda: f"The message must reach the queue; {node.ready(queue)} are there, 2 are wanted.",
        )
        proxy.cut()
        proxy.unblock()
        assert call.wait(18), (
            "The connection was lost instead of the confirm, and publish() did not come back within 18 s."
        )
    assert isinstance(call.result, str), (
        f"The queue has the message, its confirm was lost with the connection, and publish() {what_came(call.result)}. "
        "It cannot know whether the message is stored, so it must send it once more."
    )
    copies = [message_id for message_id, body, _ in drain(node, queue) if body == b"payment"]
    assert len(copies) >= 2, (
        f"The queue has {len(copies)} copy of the message: publish() returned {call.result!r} without a confirm for it."
    )
    assert set(copies) == {call.result}, (
        f"The confirm was lost, so the message was sent again, and the copies have the ids {copies}; publish() "
        f"returned {call.result!r}. Only if all have the same id can the receiver see that they are the same payment."
    )


# Step 6


class Stumble(Exception):
    """The handler's own error."""


@pytest.mark.step(6, "consume_once")
@pytest.mark.timeout(40)
def test_step6_once(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    queue = rabbitmq_cluster.fresh("payments")
    node = rabbitmq_cluster.nodes[0]
    urls = [one.url for one in rabbitmq_cluster.nodes]
    ids = ["m1", "m2", "m2", "m3", "m4", "m5", "m1", "m6"]
    with opened(node.url) as channel:
        quorum_queue(channel, queue)
        send(channel, queue, *ids)
    handled: list[tuple[str, bytes]] = []
    seen: set[str] = set()
    stumble = Stumble("the bank does not answer")
    broken = [stumble]

    def handle(message_id: str, body: bytes) -> None:
        if message_id == "m5" and broken:
            raise broken.pop()
        handled.append((message_id, body))

    result = what_is_raised(lambda: kata.consume_once(urls, queue, handle, idle_timeout=IDLE, seen=seen))
    assert result is stumble, f"handle() raised {stumble!r} for m5, and consume_once() {what_came(result)}."
    assert seen == {"m1", "m2", "m3", "m4"}, (
        f"handle() returned for m1 to m4 and raised for m5; `seen` is {sorted(seen)}. An id is seen when handle() has "
        "returned."
    )
    eventually(
        lambda: node.ready(queue) == 3,
        10,
        lambda: (
            f"m5 was not handled, m1 and m6 came behind it, and {node.ready(queue)} messages are ready for the next "
            "consumer; 3 must be. Acknowledge after handle(), and leave nothing unsettled."
        ),
    )
    begun = time.monotonic()
    result = kata.consume_once(urls, queue, handle, idle_timeout=IDLE, seen=seen)
    took = time.monotonic() - begun
    wanted = [(one, one.encode()) for one in ("m1", "m2", "m3", "m4", "m5", "m6")]
    assert handled == wanted, (
        f"The queue had {ids}, and handle() failed once, for m5. In two runs with the same `seen` handle() took "
        f"{[one for one, _ in handled]}; each payment must be handled exactly once. (That a message is marked as "
        "redelivered says that somebody had it, not that he finished.)"
    )
    assert result == 2, f"In the second run m5 and m6 were handled, and consume_once() returned {result!r}."
    assert took > IDLE * 0.9, f"consume_once() must wait {IDLE} s for more, and the whole run took {took:.2f} s."
    assert node.ready(queue) == 0, (
        f"All was handled, and {node.ready(queue)} messages are still ready: ack what is seen too."
    )


@pytest.mark.step(6, "consume_once")
@pytest.mark.timeout(60)
def test_step6_once_at_any_crash_point(
    kata: ModuleType, rabbitmq_cluster: Any, fault_proxy: Callable[[str], Any]
) -> None:
    node = rabbitmq_cluster.nodes[0]
    proxy = fault_proxy(node.url)
    queues = iter([rabbitmq_cluster.fresh(f"payments{number}") for number in range(8)])
    with opened(node.url) as channel:

        @settings(max_examples=3, phases=NO_SHRINKING, deadline=None)
        @given(
            st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=8),
            st.sets(st.integers(1, 5), max_size=3),
        )
        @example(["a"], {1})
        @example(["a", "b", "a", "c", "b"], {1, 3})
        def once(ids: list[str], crashes: set[int]) -> None:
            queue = quorum_queue(channel, next(queues, None) or rabbitmq_cluster.fresh("payments"))
            send(channel, queue, *ids)
            handled: list[str] = []

            def handle(message_id: str, body: bytes) -> None:
                handled.append(message_id)
                if len(handled) in crashes:
                    proxy.cut()

            count = kata.consume_once([proxy.url, node.url, proxy.url], queue, handle, idle_timeout=IDLE, seen=set())
            assert Counter(handled) == Counter(set(ids)), (
                f"The queue had {ids}, and the connection was lost while handle() worked, at its calls "
                f"{sorted(crashes)}. It was called with {handled}; each id must come exactly once. The ack for a "
                "payment that is done may be lost: then the message comes again, and is only acked."
            )
            assert count == len(handled), (
                f"handle() was called {len(handled)} times, and consume_once() returned {count!r}."
            )

        once()


# Step 7


@pytest.mark.step(7, "ConfirmedPublisher", "consume_once", "declare_ha_queue", "replicas")
@pytest.mark.timeout(60)
def test_step7_leader_dies(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    queue = rabbitmq_cluster.fresh("payments")
    vhost = rabbitmq_cluster.vhost
    nodes = rabbitmq_cluster.nodes
    with opened(nodes[1].url) as channel:
        kata.declare_ha_queue(channel, queue)

    def look() -> Any:
        return kata.replicas(others[0].management_url, vhost, queue)

    others = [nodes[0]]
    eventually(
        lambda: look().can_lose == 1, 10, lambda: f"All three replicas must be online, and replicas() says {look()}."
    )
    before = look()
    leader = rabbitmq_cluster.node(before.leader)
    others = [node for node in nodes if node is not leader]
    confirmed: list[list[str]] = [[], []]

    def pay(publisher: Any, mine: list[str], letter: str) -> None:
        for number in range(150):
            mine.append(publisher.publish(queue, b"payment", f"{letter}{number}"))

    # one publisher talks to the leader, and loses its connection; the other keeps it, and is told nack
    orders = ([leader, *others], [*others, leader])
    with contextlib.ExitStack() as stack:
        calls = []
        for order, mine, letter in zip(orders, confirmed, "ab", strict=True):
            urls = [node.url for node in order]
            publisher = stack.enter_context(publisher_of(kata, urls, confirm_timeout=3, give_up_after=20))
            calls.append(Background(partial(pay, publisher, mine, letter)))
        eventually(
            lambda: min(map(len, confirmed)) >= 30 or any(call.ended for call in calls),
            15,
            lambda: f"Of 150 payments each, two publishers have confirms for {[len(mine) for mine in confirmed]}.",
        )
        leader.kill()
        for call, mine in zip(calls, confirmed, strict=True):
            assert call.wait(30), (
                f"The queue's leader was killed, and publish() hangs after {len(mine)} confirmed payments."
            )
            assert call.result is None, (
                f"The queue's leader was killed, a majority is up, and after {len(mine)} confirmed payments publish() "
                f"{what_came(call.result)}. Send it again, on another node, on a new channel."
            )
    eventually(
        lambda: look().leader not in (None, before.leader),
        15,
        lambda: (
            f"The leader {before.leader} was killed, and the other two have chosen a new one; replicas() says {look()}."
        ),
    )
    eventually(lambda: look().can_lose == 0, 15, lambda: f"Two of three members are left, none may fail now: {look()}.")

    handled: list[str] = []
    kata.consume_once(
        [leader.url, *(node.url for node in others)],
        queue,
        lambda message_id, _: handled.append(message_id),
        idle_timeout=1.5,
        seen=set(),
    )
    lost = {*confirmed[0], *confirmed[1]} - {*handled}
    assert not lost, (
        f"300 payments were confirmed while the leader of the queue was killed, and {len(lost)} of them never came "
        f"out: {sorted(lost)[:10]}. Return only when the broker has confirmed this very message."
    )
    twice = [message_id for message_id, times in Counter(handled).items() if times > 1]
    assert not twice, f"These payments were handled more than once: {twice[:10]}."


# Step 8


@pytest.mark.step(8, "ConfirmedPublisher")
@pytest.mark.timeout(60)
def test_step8_no_majority(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    queue = rabbitmq_cluster.fresh("payments")
    first, *others = rabbitmq_cluster.nodes
    with opened(first.url) as channel:
        quorum_queue(channel, queue)
    eventually(
        lambda: len(first.management.get("queues", rabbitmq_cluster.vhost, queue).get("online", ())) == 3,
        10,
        "All three replicas are online.",
    )
    urls = [node.url for node in (first, *others)]
    with publisher_of(kata, urls, confirm_timeout=1, give_up_after=3) as publisher:
        publisher.publish(queue, b"good", "p-1")
        for node in others:
            node.pause()
        call = Background(lambda: publisher.publish(queue, b"one copy is not enough", "p-2"))
        came_back = call.wait(10)
        for node in others:
            node.resume()
        assert came_back, (
            "Two of three nodes answer nothing, and after 10 s publish() with give_up_after=3 was still waiting."
        )
        assert isinstance(call.result, kata.NotConfirmed), (
            f"Two of three nodes answer nothing, so only one replica can have the message, and publish() "
            f"{what_came(call.result)}. Without a majority there is no confirm: it must raise NotConfirmed."
        )
        assert call.took < 5 + 1, f"publish() with give_up_after=3 gave up after {call.took:.1f} s."

        def again() -> bool:
            result = what_is_raised(lambda: publisher.publish(queue, b"payment", "p-3"))
            assert result == "p-3" or isinstance(result, kata.NotConfirmed), (
                f"The nodes are back, and publish() {what_came(result)}."
            )
            return result == "p-3"

        eventually(again, 30, "Both nodes are back, and the same publisher gets no confirm.")
    found = [message_id for message_id, _, _ in drain(first, queue)]
    assert {"p-1", "p-3"} <= {*found}, f"p-1 and p-3 were confirmed, and the queue held {found}."


# Step 9


@pytest.mark.step(9, "mirror_queues")
@pytest.mark.timeout(40)
def test_step9_mirrors_only_where_they_exist(kata: ModuleType, rabbitmq_cluster: Any) -> None:
    if int(rabbitmq_cluster.nodes[0].version.partition(".")[0]) >= 4:
        pytest.skip("this RabbitMQ has no mirrored queues any more")
    node = rabbitmq_cluster.nodes[0]
    vhost = rabbitmq_cluster.vhost
    queue, other = rabbitmq_cluster.fresh("mirrored"), rabbitmq_cluster.fresh("other")
    with opened(node.url) as channel:
        for name in (queue, other):
            channel.queue_declare(name, durable=True)
            send(channel, name, "p1", "p2", "p3")  # a new mirror begins empty
    result = kata.mirror_queues(node.management_url, vhost, "^mirrored")
    assert result is True, f"This is RabbitMQ {node.version}, which can mirror; mirror_queues() returned {result!r}."

    def mirrors(key: str) -> list[str]:
        return node.management.get("queues", vhost, queue).get(key) or []

    eventually(
        lambda: len(mirrors("slave_nodes")) == 1 and len(mirrors("synchronised_slave_nodes")) == 1,
        15,
        lambda: (
            "A classic queue whose name matches must have its messages on 2 nodes, the leader's and one mirror's, in "
            f"step; the broker says: mirrors {mirrors('slave_nodes')}, in step {mirrors('synchronised_slave_nodes')}. "
            "A mirror that comes later has none of the older messages unless it is synchronised."
        ),
        poll=0.1,
    )
    patterns = [policy["pattern"] for policy in node.management.get("policies", vhost)]
    too_wide = [pattern for pattern in patterns if re.search(pattern, other)]
    assert not too_wide, (
        f"The name {other!r} does not match ^mirrored, and the broker has a policy for names that match {too_wide}."
    )


@pytest.mark.step(9, "mirror_queues")
@pytest.mark.parametrize("version", ["4.1.2", "10.0.0"])
def test_step9_nothing_to_mirror_with(kata: ModuleType, version: str) -> None:
    overview = {"rabbitmq_version": version, "product_version": version, "product_name": "RabbitMQ"}
    with pretender({("overview",): overview, ("policies",): [], ("nodes",): []}) as api:
        result = what_is_raised(lambda: kata.mirror_queues(api.url, "/", "^mirrored"))
        changes = [line for line in api.asked if not line.startswith("GET")]
    assert result is False, (
        f"A management API that calls itself RabbitMQ {version} was asked {api.asked}, and mirror_queues() "
        f"{what_came(result)}. Since 4.0 there are no mirrored queues: False is wanted."
    )
    assert not changes, f"RabbitMQ {version} has no mirrored queues, and mirror_queues() sent it {changes}."
