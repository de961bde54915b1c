"""What the marketplace must be able to rely on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import pika
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, UnroutableError

from pytest_mqkata.recipes.management import ManagementError
from pytest_mqkata.testing import eventually, what_came, what_is_raised
from pytest_mqkata.testing_rabbitmq import opened

WORDS = ["a", "b", "", "*", "#"] * 3 + ["A", "é", "or+der", "(x", "a*", "##", "?", "[ab]", "a\n"]
NAMES = ["region", "express", "items"]
VALUES = ["eu", "1", "", 0, 1, 2**40, True, False, None]

Headers = Mapping[str, Any]


@pytest.fixture
def channel(rabbitmq_server: Any) -> Iterator[BlockingChannel]:
    """A channel on a connection of the test's own, for the answer to work with."""
    with opened(rabbitmq_server.url) as channel:
        yield channel


@pytest.fixture
def sender(rabbitmq_server: Any) -> Iterator[BlockingChannel]:
    """The channel that the test itself publishes on: what it has published is in the queues at once."""
    with opened(rabbitmq_server.url) as channel:
        channel.confirm_delivery()
        yield channel


def send(sender: BlockingChannel, exchange: str, key: str, body: bytes = b"", headers: Headers | None = None) -> bool:
    """The test's own publish: whether any queue took the message."""
    properties = pika.BasicProperties(headers=None if headers is None else dict(headers))
    try:
        sender.basic_publish(exchange, key, body, properties, mandatory=True)
    except UnroutableError:
        return False
    except ChannelClosedByBroker as error:
        pytest.fail(f"The test published to the exchange {exchange!r}, and the broker refused it: {error.reply_text}.")
    return True


def taken(channel: BlockingChannel, queue: str) -> list[tuple[Any, Any, bytes]]:
    """All that is ready in the queue; it is taken out."""
    found: list[tuple[Any, Any, bytes]] = []
    while True:
        delivery, properties, body = channel.basic_get(queue, auto_ack=True)
        if delivery is None or body is None:
            return found
        found.append((delivery, properties, body))


def copies(
    sender: BlockingChannel, exchange: str, key: str, queues: Iterable[str], headers: Headers | None = None
) -> list[str]:
    """Send a message; the queues that got it, as often as they got it. The queues were empty and are empty again."""
    send(sender, exchange, key, headers=headers)
    return [queue for queue in queues for _ in taken(sender, queue)]


def named(queues: Sequence[str]) -> str:
    return " and ".join(queues) if queues else "no queue"


def about(server: Any, kind: str, name: str) -> dict[str, Any] | None:
    """What the management API says of an exchange or a queue ("exchanges", "queues"); None if it is not there."""
    try:
        found: dict[str, Any] = server.management.get(kind, server.vhost, name)
    except ManagementError as error:
        if ": 404 " in str(error):
            return None
        raise
    return found


def must_be_exchange(server: Any, exchange: str, kind: str, *, why: str = "") -> None:
    found = about(server, "exchanges", exchange)
    assert found is not None, f"There is no exchange {exchange!r}. exchange_declare() makes one. {why}".rstrip()
    assert found["type"] == kind, (
        f"The exchange {exchange!r} is of the type {found['type']}, and should be {kind}. {why}".rstrip()
    )
    assert found["durable"], (
        f"The exchange {exchange!r} is not durable: a restart of the broker removes it, and its bindings."
    )
    assert not found["auto_delete"], f"The exchange {exchange!r} is auto-delete: it goes with its last binding."


def must_be_queues(server: Any, queues: Iterable[str], *, why: str = "") -> None:
    for queue in queues:
        found = about(server, "queues", queue)
        assert found is not None, f"There is no queue {queue!r}. {why}".rstrip()
        assert not found["exclusive"], (
            f"The queue {queue!r} is exclusive: no other connection may use it, and it vanishes with the one that made it."
        )
        assert found["durable"], f"The queue {queue!r} is not durable: a restart of the broker removes it."
        assert not found["auto_delete"], (
            f"The queue {queue!r} is auto-delete: it goes with its last consumer, and what waits in it is lost."
        )


@contextlib.contextmanager
def repeated(what: str) -> Iterator[None]:
    """The answer declares a second time what is there."""
    try:
        yield
    except ChannelClosedByBroker as error:
        pytest.fail(
            f"{what} was called a second time, from another connection, and the broker refused: {error.reply_text}. "
            "Declaring means: make sure that it exists. It must ask for the same properties every time."
        )


# Step 1


@pytest.mark.step(1, "declare_direct")
def test_step1_direct(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    routes = {"inventory": ["placed", "cancelled", "returned"], "payment": ("placed", "refund.*"), "audit": []}
    kata.declare_direct(channel, "orders", routes)
    must_be_exchange(rabbitmq_server, "orders", "direct")
    must_be_queues(rabbitmq_server, routes, why="A queue is declared for each name in routes, also if it has no keys.")
    for key, wanted in (
        ("placed", ["inventory", "payment"]),
        ("cancelled", ["inventory"]),
        ("returned", ["inventory"]),
        ("refund.*", ["payment"]),
        ("refund.full", []),
        ("shipped", []),
        ("", []),
        ("audit", []),
        ("inventory", []),
    ):
        got = copies(sender, "orders", key, routes)
        assert got == wanted, (
            f"A message with the routing key {key!r} went to {named(got)}; it must go to {named(wanted)}. The routes were "
            f"{routes}: a queue gets a message if it has a binding with just that key, so each key needs a binding."
        )


@pytest.mark.step(1, "declare_direct")
def test_step1_declared_again(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    kata.declare_direct(channel, "orders", {"inventory": ["placed"]})
    must_be_exchange(rabbitmq_server, "orders", "direct")
    must_be_queues(rabbitmq_server, ["inventory"])
    send(sender, "orders", "placed", b"waits")
    with opened(rabbitmq_server.url) as other, repeated("declare_direct()"):
        kata.declare_direct(other, "orders", {"inventory": ["placed", "cancelled"], "payment": ["placed"]})
    must_be_queues(rabbitmq_server, ["inventory", "payment"])
    waiting = [body for _, _, body in taken(sender, "inventory")]
    assert waiting == [b"waits"], (
        f"A message waited in the queue; after declare_direct() was called once more the queue holds {waiting}. "
        "Declaring again must leave queues and messages alone; do not delete anything."
    )
    for key, wanted in (("placed", ["inventory", "payment"]), ("cancelled", ["inventory"])):
        got = copies(sender, "orders", key, ["inventory", "payment"])
        assert got == wanted, (
            f"declare_direct() was called again with one key and one queue more. A message with the routing key {key!r} "
            f"went to {named(got)}; it must go to {named(wanted)}, one copy each."
        )


# Step 2


@pytest.mark.step(2, "declare_fanout")
def test_step2_every_subscriber_gets_a_copy(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    subscribers = ("inventory", "payment", "notification", "audit")
    queues = [f"news.{subscriber}" for subscriber in subscribers]
    kata.declare_fanout(channel, "news", subscribers)
    must_be_exchange(rabbitmq_server, "news", "fanout", why="A fanout exchange ignores routing keys.")
    must_be_queues(
        rabbitmq_server,
        queues,
        why="Every subscriber has a queue of its own: a message in a queue is handed out once, so those who share a queue "
        "share the messages.",
    )
    for key in ("", "placed", "a.b"):
        got = copies(sender, "news", key, queues)
        assert got == queues, (
            f"A message with the routing key {key!r} went to {named(got)}; each of the four subscribers' queues must get "
            "one copy, whatever the key. A queue that is declared and not bound gets nothing."
        )


@pytest.mark.step(2, "declare_fanout")
def test_step2_one_more_subscriber(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    queues = ["news.inventory", "news.fraud"]
    kata.declare_fanout(channel, "news", ["inventory"])
    must_be_exchange(rabbitmq_server, "news", "fanout")
    must_be_queues(rabbitmq_server, queues[:1])
    send(sender, "news", "", b"old")
    with opened(rabbitmq_server.url) as other, repeated("declare_fanout()"):
        kata.declare_fanout(other, "news", (name for name in ("inventory", "fraud")))
    must_be_queues(
        rabbitmq_server,
        queues,
        why="The subscribers came as a generator this time, which is an Iterable that can be walked through once.",
    )
    send(sender, "news", "", b"new")
    got = [[body for _, _, body in taken(sender, queue)] for queue in queues]
    assert got == [[b"old", b"new"], [b"new"]], (
        "One message was sent with one subscriber, one after a second had been added. The first one's queue holds "
        f"{got[0]}, the second one's {got[1]}. The first must have both, the second the new one only, each of them once."
    )


# Step 3


@pytest.mark.step(3, "listen_live")
def test_step3_live_listener(kata: ModuleType, rabbitmq_server: Any, sender: BlockingChannel) -> None:
    sender.exchange_declare("news", "fanout", durable=True)
    sender.queue_declare("news.inventory", durable=True)
    sender.queue_bind("news.inventory", "news")
    with opened(rabbitmq_server.url) as one:
        with opened(rabbitmq_server.url) as two:
            live = [(channel, live_queue(kata, channel, "news")) for channel in (one, two, two)]
            names = [name for _, name in live]
            assert len(set(names)) == 3, (
                f"listen_live() was called three times and returned {names}: each has its own queue."
            )
            send(sender, "news", "placed", b"hello")
            for channel, queue in live:
                got = live_bodies(channel, queue)
                assert got == [b"hello"], (
                    f"One message was published; a live queue holds {got}. Each live queue is bound to the "
                    "exchange and gets a copy, and nobody consumes from it but the caller."
                )
        for name in names[1:]:
            gone(rabbitmq_server, name, "Its connection was")
        send(sender, "news", "placed", b"again")
        assert live_bodies(one, names[0]) == [b"again"], (
            "Another dashboard's connection was closed, and this one's live queue got no further message."
        )
    for name in names:
        gone(rabbitmq_server, name, "Both connections were")
    assert [body for _, _, body in taken(sender, "news.inventory")] == [b"hello", b"again"], (
        "The durable queue 'news.inventory' was bound to the exchange before, and must get both messages, whoever listens."
    )


@pytest.mark.step(3, "listen_live")
def test_step3_nobody_else_may_use_it(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    channel.exchange_declare("news", "fanout", durable=True)
    queue = live_queue(kata, channel, "news")
    ready = what_is_raised(lambda: rabbitmq_server.ready(queue))
    assert ready is not None, f"listen_live() returned {queue!r}, and there is no such queue."
    assert isinstance(ready, ChannelClosedByBroker), (
        "Another connection asked for the live queue, and the broker let it in. Whoever reads from it takes the "
        "dashboard's messages away. One of queue_declare()'s flags keeps a queue to its own connection."
    )


@pytest.mark.step(3, "listen_live")
@pytest.mark.parametrize("kind", ["direct", "topic"])
def test_step3_listens_for_a_key(
    kata: ModuleType, channel: BlockingChannel, sender: BlockingChannel, kind: str
) -> None:
    sender.exchange_declare("orders", kind, durable=True)
    key = "order.placed" if kind == "direct" else "*.placed"
    queue, without = live_queue(kata, channel, "orders", key), live_queue(kata, channel, "orders")
    for sent in ("order.placed", "order.cancelled", ""):
        send(sender, "orders", sent, sent.encode())
    got = [body.decode() for body in live_bodies(channel, queue)]
    assert got == ["order.placed"], (
        f"To a {kind} exchange messages were sent with the keys 'order.placed', 'order.cancelled' and ''. Who listens for "
        f"{key!r} got {got or 'none'}; the first one is meant. The binding needs the routing_key."
    )
    got = [body.decode() for body in live_bodies(channel, without)]
    assert got == [""], (
        f"listen_live() without a key binds with the key ''; at a {kind} exchange it got {got}, not [''] alone."
    )


def live_queue(kata: ModuleType, channel: BlockingChannel, exchange: str, *key: str) -> str:
    try:
        queue = kata.listen_live(channel, exchange, *key)
    except ChannelClosedByBroker as error:
        pytest.fail(
            f"listen_live() was refused: {error.reply_text} If it says RESOURCE_LOCKED, the queue's name is in use by "
            "another dashboard: each call needs a name that nobody else has."
        )
    assert isinstance(queue, str), f"listen_live() returned {queue!r}, not the queue's name."
    assert queue, "listen_live() returned '': the name that the broker has chosen is in its answer to the declaration."
    return queue


def live_bodies(channel: BlockingChannel, queue: str) -> list[bytes]:
    try:
        return [body for _, _, body in taken(channel, queue)]
    except ChannelClosedByBroker as error:
        pytest.fail(
            f"listen_live() returned the name {queue!r}; reading from that queue was refused: {error.reply_text}."
        )


def gone(server: Any, queue: str, closed: str) -> None:
    eventually(
        lambda: about(server, "queues", queue) is None,
        message=lambda: (
            f"{closed} closed, and the live queue is still there: it collects messages that nobody will ever read, until "
            f"the disk is full. {why_it_stays(about(server, 'queues', queue) or {})}"
        ),
    )


def why_it_stays(queue: dict[str, Any]) -> str:
    if queue.get("auto_delete"):
        return "It is auto-delete: that waits for the last consumer to go, and this queue never had one."
    return "Another of queue_declare()'s flags has a queue belong to its connection, and go with it."


# Step 4


@pytest.mark.step(4, "declare_topics")
def test_step4_topics(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    queues = ["payment", "mail", "audit", "orders.unrouted"]
    subscriptions = {
        "payment": ["order.*.eu", "order.placed.#"],
        "mail": ("*.cancelled.#", "newsletter"),
        "audit": [],
    }
    kata.declare_topics(channel, "orders", subscriptions)
    must_be_exchange(rabbitmq_server, "orders", "topic")
    must_be_queues(rabbitmq_server, queues)
    for key, wanted in (
        ("order.placed.eu", ["payment"]),  # matches two patterns
        ("order.placed", ["payment"]),
        ("order.placed.us.now", ["payment"]),
        ("order.cancelled.eu", ["payment", "mail"]),
        ("order.cancelled", ["mail"]),
        ("newsletter", ["mail"]),
        ("newsletter.eu", ["orders.unrouted"]),
        ("order.paid", ["orders.unrouted"]),
        ("invoice", ["orders.unrouted"]),
        ("", ["orders.unrouted"]),
        ("orders.unrouted", ["orders.unrouted"]),
        ("audit", ["orders.unrouted"]),
    ):
        got = copies(sender, "orders", key, queues)
        assert got == wanted, (
            f"A message with the routing key {key!r} went to {named(got)}; it must go to {named(wanted)}. "
            f"{why_not(rabbitmq_server, got, wanted)} The subscriptions were {subscriptions}."
        )
    must_be_exchange(
        rabbitmq_server,
        "orders.unrouted",
        "fanout",
        why="It catches what no pattern matches, so routing keys must not matter.",
    )


def why_not(server: Any, got: list[str], wanted: list[str]) -> str:
    if wanted == ["orders.unrouted"]:
        return f"No pattern matches it. {about_the_alternate(server)}" if not got else "No pattern matches it."
    if "orders.unrouted" in got and len(got) > 1:
        return "orders.unrouted is for what no pattern matches, so it must not be bound to the topic exchange itself."
    return "Each pattern needs a binding, and a queue gets one copy, however many of its patterns match."


def about_the_alternate(server: Any) -> str:
    """What is wrong with the way to the catch-all."""
    arguments = (about(server, "exchanges", "orders") or {}).get("arguments", {})
    alternate = arguments.get("alternate-exchange")
    if not alternate:
        return (
            f"The topic exchange has the arguments {arguments}. It hands what it cannot route to the exchange that the "
            "argument 'alternate-exchange' names."
        )
    found = about(server, "exchanges", alternate)
    if found is None:
        return f"Its alternate exchange is {alternate!r}, and there is no exchange of that name; a queue will not do."
    return (
        f"Its alternate exchange {alternate!r} is of the type {found['type']} and took it, and did not pass it on to "
        "orders.unrouted: that needs a binding, and an exchange that does not look at the routing key."
    )


@pytest.mark.step(4, "declare_topics")
def test_step4_declared_again(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    kata.declare_topics(channel, "orders", {"payment": ["*.placed"]})
    must_be_exchange(rabbitmq_server, "orders", "topic")
    must_be_queues(rabbitmq_server, ["payment", "orders.unrouted"])
    send(sender, "orders", "order.lost", b"waits")
    with opened(rabbitmq_server.url) as other, repeated("declare_topics()"):
        kata.declare_topics(other, "orders", {"payment": ["*.placed"], "mail": ["#.placed"]})
    must_be_queues(rabbitmq_server, ["payment", "mail", "orders.unrouted"])
    waiting = [body for _, _, body in taken(sender, "orders.unrouted")]
    assert waiting == [b"waits"], (
        "A message that no pattern matches was sent, then declare_topics() was called once more; orders.unrouted holds "
        f"{waiting}, not the one message."
    )
    for key, wanted in (("order.placed", ["payment", "mail"]), ("order.lost", ["orders.unrouted"])):
        got = copies(sender, "orders", key, ["payment", "mail", "orders.unrouted"])
        assert got == wanted, (
            f"declare_topics() was called again with one queue more. A message with the routing key {key!r} went to "
            f"{named(got)}; it must go to {named(wanted)}."
        )


# Step 5


@pytest.mark.step(5, "topic_matches")
def test_step5_the_table(kata: ModuleType) -> None:
    rows = (
        ("order.placed", "order.placed", True),
        ("order.placed", "order.placed.eu", False),
        ("order.*", "order.placed", True),
        ("order.*", "order", False),
        ("order.*", "order.placed.eu", False),
        ("order.#", "order.placed.eu", True),
        ("order.#", "order", True),
        ("#.eu", "order.placed.eu", True),
        ("#.eu", "eu", True),
        ("order.#.eu", "order.eu", True),
        ("order.#.eu", "order.placed.us", False),
        ("#", "", True),
        ("*", "", False),
        ("order*", "orders", False),
    )
    wrong = []
    for pattern, key, wanted in rows:
        result = kata.topic_matches(pattern, key)
        assert isinstance(result, bool), f"topic_matches() returned {result!r}; it must return True or False."
        if result is not wanted:
            wrong.append(f"{pattern!r} with {key!r} ({result}; {wanted} is right)")
    if wrong:
        pytest.fail(
            f"topic_matches() is wrong about {len(wrong)} of {len(rows)} patterns and keys: {', '.join(wrong)}."
        )


@pytest.mark.step(5, "topic_matches")
@pytest.mark.timeout(40)
def test_step5_matcher_agrees_with_the_broker(kata: ModuleType, sender: BlockingChannel) -> None:
    sender.exchange_declare("oracle", "topic")
    sender.queue_declare("bound", exclusive=True)

    def the_broker_routes(pattern: str, key: str) -> bool:
        sender.queue_bind("bound", "oracle", pattern)
        try:
            return send(sender, "oracle", key)
        finally:
            sender.queue_unbind("bound", "oracle", pattern)
            sender.queue_purge("bound")

    @settings(max_examples=150, deadline=None)
    @given(sentence(4), sentence(5))
    @example("#", "")
    @example("*", "")
    @example("", "")
    @example("*.#", "")
    @example("#.*", "")
    @example("", ".")
    @example("*.*", ".")
    @example("a.#", "a")
    @example("#.a", "a")
    @example("a.#.b", "a.b")
    @example("a.#.b", "a.x.y.b")
    @example("a.#.b", "a.x")
    @example("#.b.#", "a.b.a")
    @example("#.a.b", "a.a.b")
    @example("#.a.#.b", "a.b.a")
    @example("*.#.b", "b")
    @example("#.#", "")
    @example("#.#", "a")
    @example("a.*", "a.")
    @example("*.a", ".a")
    @example("a.*.b", "a..b")
    @example("a.*", "a.b.b")
    @example("*", "a.b")
    @example("a.b", "axb")
    @example("a*", "ab")
    @example("a#", "ab")
    @example("*", "*")
    @example("a", "*")
    @example("a", "#")
    @example("#", "#")
    @example("a", "A")
    @example("or+der", "order")
    @example("(x.*", "(x.a")
    @example("[ab]", "a")
    @example("?", "a")
    @example("a", "a\n")
    @example("#", "a\n")
    @example("*", "a\n")
    def the_matcher_agrees(pattern: str, key: str) -> None:
        routed, result = the_broker_routes(pattern, key), kata.topic_matches(pattern, key)
        assert result is routed, (
            f"A queue is bound with the pattern {pattern!r}; a message with the routing key {key!r} "
            f"{'reaches' if routed else 'does not reach'} it, and topic_matches() returned {result!r}. The pattern has "
            f"{counted(pattern)}, the key {counted(key)}; only a word that is just '*' or '#' is a wildcard."
        )

    the_matcher_agrees()


def sentence(most: int) -> st.SearchStrategy[str]:
    """A routing key or a pattern of up to so many words."""
    return st.lists(st.sampled_from(WORDS), max_size=most).map(".".join)


def counted(text: str) -> str:
    words = text.split(".") if text else []
    if not words:
        return "no words"
    return f"{len(words)} word{'s' * (len(words) > 1)} {words}"


# Step 6


@pytest.mark.step(6, "declare_headers")
def test_step6_headers(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    rules = {
        "both": kata.Rule(headers={"region": "eu", "express": True}),
        "either": kata.Rule("any", {"region": "eu", "express": True}),
        "number": kata.Rule("all", {"items": 1}),
        "text": kata.Rule("all", {"items": "1"}),
        "truth": kata.Rule("any", {"items": True}),
        "coupon": kata.Rule("all", {"coupon": None}),
    }
    kata.declare_headers(channel, "parcels", rules)
    with opened(rabbitmq_server.url) as other, repeated("declare_headers()"):
        kata.declare_headers(other, "parcels", rules)
    must_be_exchange(rabbitmq_server, "parcels", "headers")
    must_be_queues(rabbitmq_server, rules)
    for headers, wanted in (
        ({"region": "eu", "express": True, "weight": 3}, ["both", "either"]),
        ({"region": "eu"}, ["either"]),
        ({"region": "us", "express": True}, ["either"]),
        ({"region": "us", "express": "True"}, []),
        ({"items": 1}, ["number"]),
        ({"items": "1"}, ["text"]),
        ({"items": True}, ["truth"]),
        ({"coupon": "SPRING"}, ["coupon"]),
        ({}, []),
        (None, []),
    ):
        went(sender, rules, headers, wanted)


@pytest.mark.step(6, "declare_headers")
def test_step6_rules_that_ask_for_nothing(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    rules = {"everything": kata.Rule(), "nothing": kata.Rule("any")}
    kata.declare_headers(channel, "parcels", rules)
    must_be_exchange(rabbitmq_server, "parcels", "headers")
    must_be_queues(rabbitmq_server, rules)
    for headers in ({"region": "eu"}, {}, None):
        went(sender, rules, headers, ["everything"])


def went(sender: BlockingChannel, rules: Mapping[str, Any], headers: Headers | None, wanted: list[str]) -> None:
    got = copies(sender, "parcels", "any.key", rules, headers)
    wrong = [queue for queue in rules if (queue in got) != (queue in wanted)]
    assert got == wanted, (
        f"A message with the headers {headers} went to {named(got)}; it must go to {named(wanted)}. "
        + "; ".join(f"{queue} has {described(rules[queue])}" for queue in wrong)
        + ". A rule belongs into the binding's arguments, values as they are, with 'x-match' beside them."
    )


@pytest.mark.step(6, "declare_headers")
def test_step6_rules_are_left_as_they_are(kata: ModuleType, channel: BlockingChannel) -> None:
    criteria = {"region": "eu"}
    rule = kata.Rule("any", criteria)
    kata.declare_headers(channel, "parcels", {"either": rule})
    assert criteria == {"region": "eu"}, (
        f"The headers of the caller's rule were {{'region': 'eu'}}, and after declare_headers() they are {criteria}. They "
        "are the caller's, who may use them for another rule: put them into a new dict."
    )


@pytest.mark.step(6, "declare_headers")
@pytest.mark.timeout(40)
def test_step6_any_rule_and_any_headers(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    headers = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3)
    rule = st.tuples(st.sampled_from(["all", "any"]), headers)

    @settings(max_examples=60, deadline=None)
    @given(rule, st.lists(headers, min_size=1, max_size=5))
    @example(("all", {"items": 1}), [{"items": True}, {"items": "1"}, {"items": 1, "region": "eu"}])
    @example(("any", {"items": "", "region": None}), [{"items": 0}, {"items": ""}, {"region": False}, {"region": None}])
    @example(("all", {"express": False}), [{"express": 0}, {"express": False}, {}, {"express": ""}])
    def the_rule_holds(rule: tuple[str, dict[str, Any]], messages: list[dict[str, Any]]) -> None:
        exchange, queue = rabbitmq_server.fresh("parcels"), rabbitmq_server.fresh("slice")
        kata.declare_headers(channel, exchange, {queue: kata.Rule(rule[0], dict(rule[1]))})
        must_be_exchange(rabbitmq_server, exchange, "headers")
        try:
            for message in messages:
                routed, wanted = send(sender, exchange, "", headers=message), accepts(*rule, message)
                assert routed is wanted, (
                    f"A queue has {described(kata.Rule(*rule))}; a message with the headers {message} "
                    f"{'reached' if routed else 'did not reach'} it, and it {'should' if wanted else 'should not'}."
                )
        finally:
            sender.queue_delete(queue)
            sender.exchange_delete(exchange)

    the_rule_holds()


def accepts(match: str, wanted: Headers, headers: Headers) -> bool:
    """What the broker does, worked out without it."""
    fits = [
        name in headers and (value is None or (type(value), value) == (type(headers[name]), headers[name]))
        for name, value in wanted.items()
    ]
    return all(fits) if match == "all" else any(fits)


def described(rule: Any) -> str:
    return f"the rule {rule.match} of {dict(rule.headers)}"


# Step 7


@pytest.mark.step(7, "publish")
def test_step7_publish_tells_the_truth(kata: ModuleType, channel: BlockingChannel, sender: BlockingChannel) -> None:
    sender.exchange_declare("orders", "direct", durable=True)
    sender.queue_declare("inventory", durable=True)
    sender.queue_bind("inventory", "orders", "placed")
    for turn in range(3):
        result = published(kata, channel, "orders", "lost", b"lost")
        assert result is False, (
            "No queue is bound with the key 'lost', so the broker threw the message away, and publish() "
            f"{what_came(result)}; it must return False. The flag mandatory has the broker send such a message back, and "
            "in confirm mode pika makes an exception of it."
        )
        assert channel.is_open, "A message that no queue took closed the channel; the next publish() will need it."
        body = b"order %d" % turn
        result = published(kata, channel, "orders", "placed", body)
        arrived = taken(sender, "inventory")
        assert [one[2] for one in arrived] == [body], (
            f"{body!r} was published; the queue holds {[one[2] for one in arrived]}."
        )
        assert result is True, f"The queue has the message, and publish() {what_came(result)}; it must return True."
        mode = arrived[0][1].delivery_mode
        assert mode == 2, (
            f"The message has delivery_mode {mode}: a restart of the broker drops it, also from a durable queue. 2 keeps it."
        )
    number = channel.connection.channel().channel_number  # pika takes the lowest that is free
    assert number <= 4, (
        f"publish() was called 6 times, and the connection has {number - 1} channels open: it can have 2047. Publish on "
        "the channel that you are given, or close the one that you open."
    )


@pytest.mark.step(7, "publish")
def test_step7_missing_exchange(kata: ModuleType, channel: BlockingChannel) -> None:
    result = published(kata, channel, "nowhere", "placed", b"order 1")
    assert isinstance(result, ChannelClosedByBroker), (
        f"There is no exchange 'nowhere', and publish() {what_came(result)}. The broker closes the channel (404): let "
        "pika's ChannelClosedByBroker through. Nothing is wrong with the message; somebody has forgotten to declare."
    )


@pytest.mark.step(7, "publish")
def test_step7_what_is_sent_arrives(kata: ModuleType, channel: BlockingChannel, sender: BlockingChannel) -> None:
    sender.exchange_declare("parcels", "headers", durable=True)
    sender.queue_declare("express", durable=True)
    sender.queue_bind("express", "parcels", "", {"x-match": "all", "express": True})
    for body, headers, wanted in (
        (b"", {"express": True, "items": 3, "note": "½"}, True),
        (b"\x00\xff", {"express": "True"}, False),
        (b"x" * 300_000, {"express": True}, True),
        (b"plain", None, False),
    ):
        result = published(kata, channel, "parcels", "some.key", body, headers)
        assert result is wanted, (
            f"A queue takes messages with the header express=True. publish() was given the headers {headers}, and "
            f"{what_came(result)}; the answer is {wanted}. Headers are a property of the message."
        )
        got = [(delivery.routing_key, about.headers, content) for delivery, about, content in taken(sender, "express")]
        assert got == ([("some.key", headers, body)] if wanted else []), (
            f"Published: key 'some.key', headers {headers}, body {short(body)}. The queue holds "
            f"{[(key, found, short(content)) for key, found, content in got]} (key, headers, body)."
        )


@pytest.mark.step(7, "publish")
def test_step7_default_exchange(kata: ModuleType, channel: BlockingChannel, sender: BlockingChannel) -> None:
    for wanted in (False, True):
        result = published(kata, channel, "", "inventory", b"order 1")
        assert result is wanted, (
            "Through the default exchange '' a message goes to the queue that the routing key names, 'inventory'. That one "
            f"{'exists' if wanted else 'does not exist'}, and publish() {what_came(result)}, not {wanted}."
        )
        sender.queue_declare("inventory", durable=True)


@pytest.mark.step(7, "publish", "declare_topics")
def test_step7_the_catch_all_counts(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, sender: BlockingChannel
) -> None:
    kata.declare_topics(channel, "orders", {"payment": ["order.#"]})
    must_be_exchange(rabbitmq_server, "orders", "topic")
    must_be_queues(rabbitmq_server, queues := ["payment", "orders.unrouted"])
    for key, holder in (("order.placed", "payment"), ("invoice.paid", "orders.unrouted")):
        result = published(kata, channel, "orders", key, b"order 1")
        held = [queue for queue in queues for _ in taken(sender, queue)]
        assert held == [holder], (
            f"publish() sent a message with the key {key!r}, which belongs into {holder}; it is in {named(held)}."
        )
        assert result is True, (
            f"The message with the key {key!r} is in {holder}, and publish() {what_came(result)}, not True. Also what only "
            "the catch-all has taken is not lost."
        )


@pytest.mark.step(7, "publish")
def test_step7_a_full_queue_refuses(kata: ModuleType, channel: BlockingChannel, sender: BlockingChannel) -> None:
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    sender.queue_declare("shelf", durable=True, arguments=full)
    for number in (1, 2):
        result = published(kata, channel, "", "shelf", b"order %d" % number)
        if number == 1:
            assert result is True, f"The queue has the message, and publish() {what_came(result)}; it must return True."
    waiting = [body for _, _, body in taken(sender, "shelf")]
    assert waiting == [b"order 1"], (
        f"A queue with room for one message was sent b'order 1', then others; it holds {waiting}."
    )
    assert result is not True, (
        "The queue was full and refused the message (its confirm is a nack), and publish() returned True. That the message "
        "did not come back says only that there is a queue for it; that the queue has taken it, the confirm alone says."
    )


@pytest.mark.step(7, "publish")
def test_step7_no_answer_is_no_true(
    kata: ModuleType, rabbitmq_server: Any, sender: BlockingChannel, fault_proxy: Callable[[str], Any]
) -> None:
    sender.queue_declare("inventory", durable=True)
    proxy = fault_proxy(rabbitmq_server.url)
    results: list[object] = []
    with opened(proxy.url) as channel:
        first = published(kata, channel, "", "inventory", b"order 1")
        assert first is True, f"The queue has the message, and publish() {what_came(first)}; it must return True."
        proxy.block("to_client")
        call = threading.Thread(
            target=lambda: results.append(published(kata, channel, "", "inventory", b"order 2")), daemon=True
        )
        call.start()
        call.join(1.0)  # one that waits for the broker's answer waits until the connection breaks
        proxy.cut()
        call.join(10.0)
    assert results, "The connection broke while publish() waited for the broker, and 10 s later it had not come back."
    assert results[0] is not True, (
        "The broker's answers were held back, then the connection broke; and publish() returned True. It may say so only "
        "when the broker has confirmed the message: put the channel into confirm mode."
    )
    assert isinstance(results[0], Exception), (
        f"The broker gave no answer, the connection broke, and publish() {what_came(results[0])}. Nobody knows whether a "
        "queue took the message, so it can be neither True nor False: let pika's error through."
    )


def published(kata: ModuleType, channel: BlockingChannel, *arguments: Any) -> object:
    """What publish() returns or raises."""
    return what_is_raised(lambda: kata.publish(channel, *arguments))


def short(body: bytes) -> str:
    return repr(body) if len(body) < 40 else f"of {len(body)} bytes"
