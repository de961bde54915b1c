"""What the packing desk must be able to rely on."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pika
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker

from pytest_mqkata.testing import eventually, what_came, what_is_raised
from pytest_mqkata.testing_rabbitmq import opened

IDLE = 0.6  # seconds that a desk waits for a new order
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # where an example costs a crash

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Stumble(Exception):
    """What the test's own handlers raise."""


@pytest.fixture
def channel(rabbitmq_server: Any) -> Iterator[BlockingChannel]:
    """A channel on a connection of the test's own, for the answer to work with."""
    with opened(rabbitmq_server.url) as channel:
        yield channel


def filled(channel: BlockingChannel, queue: str, *orders: dict[str, Any] | bytes) -> str:
    """A durable queue that holds these orders (bytes: a body as it is), and nothing else; returns its name."""
    channel.queue_declare(queue, durable=True)
    for order in orders:
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2))
    eventually(
        lambda: channel.queue_declare(queue, passive=True).method.message_count == len(orders),
        message="the test's own messages did not arrive in the queue",
    )
    return queue


def numbered(first: int, last: int) -> list[dict[str, Any]]:
    return [{"order": number} for number in range(first, last + 1)]


def must_not_be_called(order: dict[str, Any]) -> None:
    pytest.fail(f"handle() was called with {order!r}, and there was no order to handle.")


# Step 1


@pytest.mark.step(1, "connect")
@pytest.mark.timeout(30)
def test_step1_connection_has_a_name(kata: ModuleType, rabbitmq_server: Any) -> None:
    name = rabbitmq_server.fresh("packing desk")
    connection = kata.connect(rabbitmq_server.url, name)
    assert isinstance(connection, pika.BlockingConnection), (
        f"connect() returned {connection!r}; it must return the open BlockingConnection."
    )
    with contextlib.closing(connection):
        assert connection.is_open, "connect() returned a connection that is closed already."
        seen: set[str | None] = set()

        def listed() -> bool:
            for one in rabbitmq_server.management.get("vhosts", rabbitmq_server.vhost, "connections"):
                seen.add(one.get("client_properties", {}).get("connection_name"))
            return name in seen

        eventually(
            listed,
            10,
            lambda: (
                f"The broker lists connections with these names: {seen or 'none'}; {name!r} is not among them. Nobody "
                'can tell whose connection it is. The name belongs into the client property "connection_name".'
            ),
            poll=0.1,
        )


@pytest.mark.step(1, "connect")
def test_step1_nothing_listens(kata: ModuleType) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but it does not listen: nobody else can take the port meanwhile
        port = closed.getsockname()[1]
        begun = time.monotonic()
        try:
            connection = kata.connect(f"amqp://guest:guest@127.0.0.1:{port}/%2F", "nobody")
        except AMQPConnectionError:
            pass
        except Exception as error:
            pytest.fail(
                f"Nothing listens on port {port}, and connect() raised {type(error).__name__}: {error}. A caller "
                "looks for pika's AMQPConnectionError: let pika's own error through."
            )
        else:
            pytest.fail(f"Nothing listens on port {port}, and connect() returned {connection!r}. It must raise.")
        seconds = time.monotonic() - begun
        assert seconds < 6, (
            f"Nothing listens on port {port}, and connect() took {seconds:.1f} s to say so. One attempt is enough: "
            "whoever calls it decides whether to try again."
        )


# Step 2


@pytest.mark.step(2, "declare_order_queue")
def test_step2_queue_is_durable_and_shared(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = rabbitmq_server.fresh("orders")
    count = kata.declare_order_queue(channel, queue)
    found = {one["name"]: one for one in rabbitmq_server.management.get("queues", rabbitmq_server.vhost)}
    assert queue in found, f"There is no queue {queue!r} after declare_order_queue(); the broker has {list(found)}."
    about = found[queue]
    assert about["durable"] is True, (
        "The queue is not durable: after a restart of the broker it is gone, and every order in it as well."
    )
    assert about["exclusive"] is False, (
        "The queue is exclusive: no other connection may use it, and it vanishes with yours. A shop and a desk share it."
    )
    assert about["auto_delete"] is False, (
        "The queue is auto-delete: when the last desk goes for lunch, the broker deletes it with all orders."
    )
    assert count == 0, f"The queue is new and empty, and declare_order_queue() returned {count!r}, not 0."
    assert type(count) is int, f"declare_order_queue() returned {count!r}, which is no number."


@pytest.mark.step(2, "declare_order_queue")
def test_step2_declaring_again_tells_how_many_wait(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel
) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"), *numbered(1, 3))
    for who, other in (("the same channel", channel), ("another connection", None)):
        with contextlib.nullcontext(other) if other else opened(rabbitmq_server.url) as used:
            try:
                count = kata.declare_order_queue(used, queue)
            except ChannelClosedByBroker as error:
                pytest.fail(
                    f"A durable queue {queue!r} exists, and declaring it again on {who} was refused: {error}. Every "
                    "declaration of a queue must ask for the same flags."
                )
        assert count == 3, (
            f"3 orders wait in the queue; declare_order_queue() on {who} returned {count!r}. The broker's answer to "
            "the declaration holds the number."
        )


# Step 3


@pytest.mark.step(3, "send_order")
def test_step3_order_arrives_as_json(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"))
    order = {"order": 1, "item": "Käsespätzle", "gift": True}
    ids = [kata.send_order(channel, queue, order) for _ in range(2)]
    received = [take(channel, queue) for _ in ids]
    for returned, (delivery, properties, body) in zip(ids, received, strict=True):
        assert (delivery.exchange, delivery.routing_key) == ("", queue), (
            f"The order came through the exchange {delivery.exchange!r} with the routing key {delivery.routing_key!r}. "
            "The default exchange has the name '' and takes the queue's name as routing key."
        )
        assert decoded(body) == order, f"The order {order!r} arrived as {body!r}."
        assert properties.delivery_mode == 2, (
            f"The message has delivery_mode {properties.delivery_mode!r}, so a restart of the broker drops it, also from "
            "a durable queue. 2 (persistent) has it kept on disk."
        )
        assert properties.content_type == "application/json", (
            f"content_type is {properties.content_type!r}, not 'application/json': a receiver cannot know what it got."
        )
        assert isinstance(returned, str), f"send_order() returned {returned!r}, not the message_id."
        assert returned, "send_order() returned an empty message_id."
        assert properties.message_id == returned, (
            f"send_order() returned {returned!r}, but the message carries the message_id {properties.message_id!r}."
        )
        stamp = properties.timestamp
        assert stamp is not None, "The message has no timestamp."
        assert abs(stamp - time.time()) < 60, (
            f"The timestamp is {stamp}, and now it is {time.time():.0f}: whole seconds since 1970 are meant."
        )
    assert ids[0] != ids[1], f"Two orders have the same message_id {ids[0]!r}; nobody can tell them apart."


@pytest.mark.step(3, "send_order")
def test_step3_any_order_round_trips(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"))

    @settings(max_examples=40)
    @given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
    @example({})
    @example({"Größe": "½ Pfund", "客户": "李雷", "note": "🎁 ja"})
    @example({"gift": True, "coupon": None, "price": 12.5, "lines": [{"sku": "a", "count": 2}]})
    @example({"": 'it\'s "quoted" \u2028 and \u0000'})
    def any_order_round_trips(order: dict[str, Any]) -> None:
        kata.send_order(channel, queue, order)
        _, _, body = take(channel, queue)
        got = decoded(body)
        assert json.dumps(got, sort_keys=True) == json.dumps(order, sort_keys=True), (
            f"The order {order!r} arrived as {got!r}."
        )

    any_order_round_trips()


def take(channel: BlockingChannel, queue: str) -> tuple[Any, Any, bytes]:
    """The test's own desk: one message, acknowledged."""

    def one() -> Any:
        delivery, properties, body = channel.basic_get(queue, auto_ack=True)
        return (delivery, properties, body) if delivery else None

    found: tuple[Any, Any, bytes] = eventually(
        one, message=f"No message arrived in the queue {queue!r} after send_order() had returned."
    )
    return found


def decoded(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))
    except ValueError:
        pytest.fail(f"The body {body!r} is not JSON in UTF-8: no other program can read it.")


# Step 4


@pytest.mark.step(4, "take_order")
def test_step4_take_one(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"))
    taken = kata.take_order(channel, queue, must_not_be_called)
    assert taken is False, f"The queue is empty, and take_order() returned {taken!r}, not False."

    filled(channel, queue, {}, {"order": 2})
    handled: list[Any] = []
    taken = kata.take_order(channel, queue, handled.append)
    assert taken is True, f"An order was in the queue, and take_order() returned {taken!r}, not True."
    assert handled == [{}], f"The first order in the queue is {{}}, and handle() was called with {handled}."
    left = rabbitmq_server.ready(queue)
    assert left == 1, f"Two orders were in the queue and one was taken: 1 should be ready, and {left} are."
    kata.take_order(channel, queue, handled.append)
    channel.close()
    left = rabbitmq_server.ready(queue)
    assert left == 0, (
        f"Both orders were handled, and after the channel was closed {left} are in the queue again. The broker gives "
        "back what was not acknowledged: acknowledge when handle() has returned."
    )


@pytest.mark.step(4, "take_order")
@pytest.mark.parametrize("stumble", [Stumble("no tape left"), ValueError("no such item")], ids=["any", "ValueError"])
def test_step4_handler_raises(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, stumble: Exception
) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"), {"order": 1})

    def handle(order: dict[str, Any]) -> None:
        raise stumble

    raised = what_is_raised(lambda: kata.take_order(channel, queue, handle))
    assert raised is stumble, (
        f"handle() raised {stumble!r}, and take_order() {what_came(raised)}. The caller must see the handler's own error."
    )
    eventually(
        lambda: rabbitmq_server.ready(queue) == 1,
        message=lambda: (
            f"handle() raised, so the order was not packed, and {rabbitmq_server.ready(queue)} orders are ready in the "
            "queue (the channel is still open). It is lost, or nobody else can have it: give it back when handle() "
            "raises, and acknowledge only after it has returned."
        ),
    )


@pytest.mark.step(4, "take_order")
@pytest.mark.parametrize("body", [b"\xff\xfe", b"[1]", b"not json", b"null", b""], ids=repr)
def test_step4_bad_order_is_dropped(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, body: bytes
) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"), body)
    raised = what_is_raised(lambda: kata.take_order(channel, queue, must_not_be_called))
    assert isinstance(raised, kata.BadOrder), (
        f"The body {body!r} is not a JSON object, and take_order() {what_came(raised)}. It must raise BadOrder."
    )
    channel.close()
    left = rabbitmq_server.ready(queue)
    assert left == 0, (
        f"The body {body!r} can never become an order, and after the channel was closed the message is ready again: "
        "every desk will stumble over it, for ever. Reject it without requeueing."
    )


# Step 5


@pytest.mark.step(5, "pack_orders")
def test_step5_pack_in_order_and_leave_the_rest(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel
) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"), *numbered(1, 6))
    handled: list[Any] = []
    count = kata.pack_orders(channel, queue, handled.append, 4, 1.0)
    assert handled == numbered(1, 4), f"Six orders waited and the limit was 4; handle() was called with {handled}."
    assert count == 4, f"handle() was called 4 times, and pack_orders() returned {count!r}."
    eventually(
        lambda: rabbitmq_server.ready(queue) == 2,
        message=lambda: (
            f"4 of 6 orders were packed, and {rabbitmq_server.ready(queue)} are ready while the channel is open. A "
            "consumer fetches more than you handle: cancel it, and give the rest back before you return."
        ),
    )
    channel.close()
    left = rabbitmq_server.ready(queue)
    assert left == 2, (
        f"After the channel was closed {left} orders are ready, not 2: some of the four that were handled had not been "
        "acknowledged."
    )


@pytest.mark.step(5, "pack_orders")
def test_step5_stops_when_idle(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"), *numbered(1, 2))
    handled: list[tuple[float, Any]] = []

    def handle(order: dict[str, Any]) -> None:
        handled.append((time.monotonic(), order))

    def late_order() -> None:
        """Comes while the desk waits, when more than half of its idle time has passed."""
        with opened(rabbitmq_server.url) as shop:
            eventually(lambda: len(handled) >= 2, message="the first two orders were not handled")
            time.sleep(IDLE * 0.6)
            shop.basic_publish("", queue, b'{"order": 3}', pika.BasicProperties(delivery_mode=2))

    shop = threading.Thread(target=late_order, daemon=True)
    shop.start()
    count = kata.pack_orders(channel, queue, handle, 10, IDLE)
    ended = time.monotonic()
    shop.join()
    orders = [order for _, order in handled]
    assert orders == numbered(1, 3), (
        f"The third order came {IDLE * 0.6:.1f} s after the second, and the desk waits {IDLE} s for a new one; handle() "
        f"was called with {orders}. An empty queue is no reason to go: wait the whole idle_timeout."
    )
    assert count == 3, f"handle() was called 3 times, and pack_orders() returned {count!r}."
    waited = ended - handled[-1][0]
    assert waited > IDLE * 0.9, (
        f"The desk left {waited:.1f} s after its last order, and it should wait {IDLE} s. The time for a new order begins "
        "anew after each one."
    )
    assert waited < IDLE + 2, (
        f"No order came any more, and pack_orders() returned only after {waited:.1f} s, not {IDLE} s."
    )

    channel.basic_publish("", queue, b'{"order": 4}', pika.BasicProperties(delivery_mode=2))
    eventually(
        lambda: rabbitmq_server.ready(queue) == 1,
        2,
        lambda: (
            f"An order came after pack_orders() had returned, and {rabbitmq_server.ready(queue)} are ready: the consumer "
            "that it left behind has taken the order, and nobody will pack it. Cancel the consumer."
        ),
    )


@pytest.mark.step(5, "pack_orders")
def test_step5_handler_raises(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"), *numbered(1, 5))
    stumble = Stumble("no tape left")

    def handle(order: dict[str, Any]) -> None:
        if order["order"] == 3:
            raise stumble

    raised = what_is_raised(lambda: kata.pack_orders(channel, queue, handle, 5, 1.0))
    assert raised is stumble, f"handle() raised {stumble!r} for the third order, and pack_orders() {what_came(raised)}."
    eventually(
        lambda: rabbitmq_server.ready(queue) == 3,
        message=lambda: (
            f"Two of 5 orders were packed, at the third handle() raised, and {rabbitmq_server.ready(queue)} are ready "
            "while the channel is open. 3 must be: the third, and those that were fetched and not handled."
        ),
    )


@pytest.mark.step(5, "pack_orders")
def test_step5_bad_order_among_good_ones(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"), {"order": 1}, b"not json", {"order": 3})
    handled: list[Any] = []
    raised = what_is_raised(lambda: kata.pack_orders(channel, queue, handled.append, 3, 1.0))
    assert isinstance(raised, kata.BadOrder), (
        f"The second message is not JSON, and pack_orders() {what_came(raised)}. It must raise BadOrder."
    )
    channel.close()
    left = rabbitmq_server.ready(queue)
    assert (handled, left) == ([{"order": 1}], 1), (
        f"One good order, one bad message, one good order: handle() was called with {handled}, and {left} messages are "
        "left. The bad one must be dropped, and the one behind it must stay for the next desk."
    )


# Step 6


@pytest.mark.step(6, "pack_orders")
def test_step6_desk_crashes(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, fault_proxy: Callable[[str], Any]
) -> None:
    queue = filled(channel, rabbitmq_server.fresh("orders"), *numbered(1, 5))
    crash_at(kata, fault_proxy(rabbitmq_server.url), queue, 2, 5)
    eventually(
        lambda: rabbitmq_server.ready(queue) == 4,
        message=lambda: (
            "The desk packed one of 5 orders, and lost its connection while it packed the second. "
            f"{rabbitmq_server.ready(queue)} orders are ready for the next desk; 4 must be. If there are fewer, the "
            "broker was told too early to forget them; if there are 5, it was not told of the one that was packed."
        ),
    )


@pytest.mark.step(6, "pack_orders")
@pytest.mark.timeout(40)
def test_step6_no_order_is_lost_at_any_crash_point(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, fault_proxy: Callable[[str], Any]
) -> None:
    proxy = fault_proxy(rabbitmq_server.url)

    @settings(max_examples=10, phases=NO_SHRINKING)
    @given(st.integers(1, 6).flatmap(lambda count: st.tuples(st.just(count), st.integers(1, count))))
    @example((1, 1))
    @example((4, 4))
    def no_order_is_lost(orders_and_crash: tuple[int, int]) -> None:
        count, crash = orders_and_crash
        queue = filled(channel, rabbitmq_server.fresh("orders"), *numbered(1, count))
        handled = crash_at(kata, proxy, queue, crash, count)
        left = count - crash + 1
        eventually(
            lambda: rabbitmq_server.ready(queue) >= left,
            message=lambda: (
                f"Of {count} orders the desk packed {crash - 1} and crashed at number {crash}. The next desk finds "
                f"{rabbitmq_server.ready(queue)}; {left} must be there, or orders are lost."
            ),
        )
        again: list[int] = []
        kata.pack_orders(channel, queue, lambda order: again.append(order["order"]), rabbitmq_server.ready(queue), 1.0)
        lost = set(range(1, count + 1)) - {*handled, *again}
        assert not lost, f"{count} orders, crash at number {crash}: nobody ever packed {sorted(lost)}."
        twice = {*handled[: crash - 1]} & {*again}
        assert not twice, (
            f"{count} orders, crash at number {crash}: {sorted(twice)} had been packed before, and the next desk packed "
            "them once more. Acknowledge each order as soon as handle() has returned."
        )

    no_order_is_lost()


def crash_at(kata: ModuleType, proxy: Any, queue: str, number: int, limit: int) -> list[int]:
    """Let a desk pack, whose connection breaks while it packs its order `number`; which ones it packed, that included."""
    handled: list[int] = []
    with opened(proxy.url) as channel:

        def handle(order: dict[str, Any]) -> None:
            handled.append(order["order"])
            if len(handled) == number:
                # the broker answers in turn, so by now it has seen the acknowledgements of earlier orders
                channel.queue_declare(queue, passive=True)
                proxy.cut()

        result = what_is_raised(lambda: kata.pack_orders(channel, queue, handle, limit, 1.0))
    assert len(handled) >= number, (
        f"{limit} orders waited, and the connection was to break at number {number}; the desk packed only {handled}."
    )
    assert isinstance(result, Exception), (
        f"The connection was lost while the order was packed, and pack_orders() {what_came(result)}. Whoever called it "
        "must learn that: let pika's error through."
    )
    return handled


@pytest.mark.step(6, "declare_order_queue", "send_order", "take_order")
@pytest.mark.timeout(60)
def test_step6_broker_restart(kata: ModuleType, rabbitmq_server_factory: Callable[..., Any]) -> None:
    broker = rabbitmq_server_factory(plugins=())
    queue = broker.fresh("orders")
    with opened(broker.url) as shop:
        kata.declare_order_queue(shop, queue)
        for order in numbered(1, 20):
            kata.send_order(shop, queue, order)
        eventually(
            lambda: broker.ready(queue) == 20,
            message=lambda: f"20 orders were sent, and {broker.ready(queue)} are in the queue.",
        )
    broker.restart()
    left = broker.ready(queue)
    assert left == 20, (
        f"The broker was stopped (SIGTERM) and started again with 20 orders in the queue, and now {left or 'no'} orders "
        "are there. An order outlives a restart if its queue is durable and the message itself is persistent."
    )
    handled: list[Any] = []
    with opened(broker.url) as desk:
        while len(handled) < 20 and kata.take_order(desk, queue, handled.append):
            pass
    assert handled == numbered(1, 20), f"After the restart these orders were taken: {handled}."
