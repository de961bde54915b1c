"""What a screen in the kitchen must be able to rely on."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
import redis
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_mqkata.testing import eventually

CHANNELS = ("orders", "drinks", "pass")
SLACK = 1.0  # seconds that a time limit may be missed by

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@contextmanager
def listening(client: redis.Redis, *channels: str, patterns: tuple[str, ...] = ()) -> Iterator[Any]:
    """The test's own screen: a redis-py subscription, confirmed."""
    screen = client.pubsub(ignore_subscribe_messages=False)
    try:
        if channels:
            screen.subscribe(*channels)
        if patterns:
            screen.psubscribe(*patterns)
        for _ in (*channels, *patterns):
            confirmation = screen.get_message(timeout=5)
            assert confirmation, "the server did not confirm the test's own subscription within 5 s"
        yield screen
    finally:
        screen.close()


def hear(screen: Any, timeout: float = 2.0) -> Any:
    """The raw data of the next message on the test's own screen, None if there is none in `timeout` seconds."""
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        item = screen.get_message(timeout=left)
        if item and item["type"] in ("message", "pmessage"):
            return item["data"]
    return None


def connections(client: redis.Redis) -> set[str]:
    """The ids of all connections that the server has."""
    return {entry["id"] for entry in client.client_list()}


def counts(client: redis.Redis, *channels: str) -> dict[str, int]:
    """Subscribers by name, as the server tells them."""
    return {str(channel): count for channel, count in client.pubsub_numsub(*channels)}


def send(client: redis.Redis, channel: str, body: dict[str, Any]) -> int:
    return client.publish(channel, json.dumps(body))


# Step 1


@pytest.mark.step(1, "publish")
def test_publish_to_nobody_is_lost(kata: ModuleType, client: redis.Redis) -> None:
    receivers = kata.publish(client, "orders", {"order": 1})
    assert receivers == 0, (
        f"Nobody listens to `orders`, so PUBLISH was answered with 0, and publish() returned {receivers!r}. "
        "That number is the only thing that tells a publisher that its message is gone."
    )
    with listening(client, "orders") as screen:
        late = hear(screen, timeout=0.1)
        assert late is None, (
            f"A screen that subscribed after the message still got {late!r}. Pub/sub keeps nothing: publish() must "
            "send with PUBLISH and store nothing that is sent again."
        )
        receivers = kata.publish(client, "orders", {"order": 2})
        assert receivers == 1, (
            f"One screen listens to `orders` now, so the server delivered to 1, and publish() returned {receivers!r}."
        )


@pytest.mark.step(1, "publish")
def test_body_roundtrip(kata: ModuleType, client: redis.Redis) -> None:
    with listening(client, "orders") as screen:

        @settings(max_examples=30)
        @given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
        @example({})
        @example({"dish": "Żurek 🍲", "for": "Ángel"})
        @example({"urgent": True, "table": None, "price": 12.5, "extras": [{"dip": "aïoli"}]})
        @example({"": '\u0000 and \u2028 and "quotes"'})
        @example({"id": 2**70})
        def any_body_arrives(body: dict[str, Any]) -> None:
            receivers = kata.publish(client, "orders", body)
            assert receivers == 1, f"One screen listens, and publish() returned {receivers!r} for {body!r}."
            text = hear(screen)
            assert text is not None, f"PUBLISH was counted, but no message came for {body!r} within 2 s."
            try:
                decoded = json.loads(text)
            except ValueError:
                pytest.fail(f"{body!r} arrived as {text!r}, which is not JSON: no other program can read it.")
            assert decoded == body, f"{body!r} was published, and {decoded!r} is what a screen reads."

        any_body_arrives()


# Step 2


@pytest.mark.step(2, "Subscription")
def test_subscription_is_confirmed(kata: ModuleType, client: redis.Redis, redis_server: Any) -> None:
    for number in range(20):
        with kata.Subscription(redis_server.url, "orders", "drinks") as screen:
            assert isinstance(screen, kata.Subscription), "`with Subscription(…) as screen` must give it."
            for channel in ("orders", "drinks"):
                receivers = send(client, channel, {"order": number})
                assert receivers == 1, (
                    f"Round {number + 1}: right after Subscription(...) returned, PUBLISH {channel} reached "
                    f"{receivers} subscriptions, not 1. The server had not made the subscription yet: wait for "
                    "its confirmation."
                )
            for channel in ("orders", "drinks"):
                message = screen.get(2)
                assert message == (channel, {"order": number}), (
                    f"Round {number + 1}: the message on {channel} was delivered, but get() gave {message!r}, not "
                    f"Message({channel!r}, {{'order': {number}}})."
                )
                assert isinstance(message, kata.Message), (
                    f"get() must return a Message, not a {type(message).__name__}."
                )
    try:
        deaf = kata.Subscription(redis_server.url)
    except ValueError:
        return
    deaf.close()
    pytest.fail("Subscription(url) without a channel must raise ValueError: it would never hear anything.")


@pytest.mark.step(2, "Subscription")
def test_confirmed_through_a_slow_link(
    kata: ModuleType, client: redis.Redis, redis_server: Any, fault_proxy: Callable[[str], Any]
) -> None:
    proxy = fault_proxy(redis_server.url)
    proxy.delay(0.15, "to_broker")
    heard: list[int] = []
    done = threading.Event()

    def desk() -> None:
        """Calls orders out all the time, past the slow link; remembers those that the server delivered."""
        with redis.Redis.from_url(redis_server.url) as own:
            for number in itertools.count():
                if done.wait(0.01):
                    return
                if send(own, CHANNELS[0], {"order": number}):
                    heard.append(number)

    thread = threading.Thread(target=desk, daemon=True)
    thread.start()
    try:
        screen = kata.Subscription(proxy.url, *CHANNELS)
        reached = {channel: send(client, channel, {"order": -1}) for channel in reversed(CHANNELS)}
    finally:
        done.set()
        thread.join()
    with screen:
        assert reached == dict.fromkeys(CHANNELS, 1), (
            f"The link to the server takes 0.15 s. When Subscription(...) returned, a message that took a quick way "
            f"reached this many subscriptions: {reached}. Each must be 1: there is one confirmation for each channel, "
            "and all of them must have been read."
        )
        proxy.delay(0)
        expected = [*heard, -1]  # `heard` ends before the -1 on the same channel, or just after it
        got: list[int] = []
        while len(got) < len(expected) and (message := screen.get(2)):
            if message.channel == CHANNELS[0]:
                got.append(message.body["order"])
        assert sorted(got) == sorted(expected), (
            f"The server delivered {len(expected)} messages on {CHANNELS[0]} (from the moment on that it had this "
            f"channel's subscription), and get() gave {len(got)}. Those that come between two confirmations must be "
            "kept for get()."
        )


@pytest.mark.step(2, "Subscription")
def test_get_waits_its_whole_time(kata: ModuleType, client: redis.Redis, redis_server: Any) -> None:
    with kata.Subscription(redis_server.url, *CHANNELS) as screen:
        begun = time.monotonic()
        message = screen.get(0)
        took = time.monotonic() - begun
        assert message is None, f"Nothing was published, and get(0) gave {message!r}."
        assert took < 0.2, f"get(0) means `only what is there`, and took {took:.2f} s."

        begun = time.monotonic()
        message = screen.get(0.25)
        took = time.monotonic() - begun
        assert message is None, f"Nothing was published, and get(0.25) gave {message!r}."
        assert 0.24 <= took < 0.25 + SLACK, (
            f"get(0.25) gave None after {took:.3f} s, though no message came. None means that the whole time has "
            "passed: what the client reads besides messages (confirmations, say) must not end the wait."
        )

        late = threading.Timer(0.3, send, (client, "drinks", {"cups": 2}))
        late.start()
        begun = time.monotonic()
        message = screen.get(5)
        took = time.monotonic() - begun
        late.join()
        assert message == ("drinks", {"cups": 2}), f"A message came after 0.3 s, and get(5) gave {message!r}."
        assert took < 0.3 + SLACK, f"The message was there after 0.3 s, and get(5) returned it after {took:.2f} s."

        send(client, "pass", {"table": 7})
        message = eventually(lambda: screen.get(0), 2, "get(0) gives a message that has arrived")
        assert message == ("pass", {"table": 7}), f"A message had arrived, and get(0) gave {message!r}."


@pytest.mark.step(2, "Subscription")
@pytest.mark.parametrize("link", ["silent", "slow"])
def test_no_confirmation(
    kata: ModuleType, client: redis.Redis, redis_server: Any, fault_proxy: Callable[[str], Any], link: str
) -> None:
    proxy = fault_proxy(redis_server.url)
    timeout = 0.9
    channels: tuple[str, ...] = CHANNELS
    if link == "silent":
        timeout = 0.5
        proxy.block()  # connections are accepted, and nothing ever comes back
    else:
        proxy.delay(0.15, "to_client")
        channels = tuple(f"table.{number}" for number in range(20))
    before = connections(client)
    begun = time.monotonic()
    try:
        screen = kata.Subscription(proxy.url, *channels, timeout=timeout)
    except TimeoutError:
        screen = None
    took = time.monotonic() - begun
    if screen is not None:
        screen.close()
    assert screen is None or link == "slow", (
        "The server never answered, and Subscription(...) returned as if it had confirmed. Without confirmations "
        "it must raise TimeoutError."
    )
    assert took < timeout + SLACK, (
        f"Subscription(..., timeout={timeout}) to {len(channels)} channels over a {link} link came back after "
        f"{took:.2f} s. The time is for all together, connecting included: it must not start again with each read, "
        "each try or each channel, and redis-py's own socket timeout is 5 s unless you set it."
    )
    proxy.unblock()
    eventually(
        lambda: connections(client) <= before,
        3,
        "After TimeoutError the server still has the connection of the failed Subscription: close it before raising.",
    )


@pytest.mark.step(2, "Subscription")
def test_close_unsubscribes(kata: ModuleType, client: redis.Redis, redis_server: Any) -> None:
    before = connections(client)
    screen = kata.Subscription(redis_server.url, *CHANNELS)
    now = counts(client, *CHANNELS)
    assert now == dict.fromkeys(CHANNELS, 1), f"One screen subscribed to {CHANNELS}; the server counts {now}."
    screen.close()
    eventually(
        lambda: not any(counts(client, *CHANNELS).values()),
        2,
        lambda: f"After close() the server still counts subscribers: {counts(client, *CHANNELS)}.",
    )
    eventually(
        lambda: connections(client) <= before,
        2,
        "After close() the server still has a connection that Subscription made: close the client too, and end "
        "what reads in the background.",
    )
    screen.close()  # twice is allowed

    with kata.Subscription(redis_server.url, "orders"):
        pass
    eventually(
        lambda: connections(client) <= before,
        2,
        "After the `with` block the server still has the subscription's connection.",
    )


# Step 3


@pytest.mark.step(3, "subscriber_counts")
def test_counts(kata: ModuleType, client: redis.Redis) -> None:
    with listening(client, "orders", "drinks"), listening(client, "orders"):
        found = kata.subscriber_counts(client, "orders", "drinks", "nobody")
        assert found == {"orders": 2, "drinks": 1, "nobody": 0}, (
            f"Two screens listen to `orders`, one of them to `drinks` as well, nobody to `nobody`; got {found!r}."
        )
        found = kata.subscriber_counts(client)
        assert found == {}, f"Without channels there is nothing to count: {{}} is wanted, got {found!r}."


@pytest.mark.step(3, "publish", "subscriber_counts")
def test_pattern_subscribers_receive(kata: ModuleType, client: redis.Redis) -> None:
    with listening(client, patterns=("ord*",)) as screen:
        receivers = kata.publish(client, "orders", {"order": 3})
        assert receivers == 1, (
            f"One screen listens through the pattern `ord*`; the server delivered to it, and publish() returned "
            f"{receivers!r}. The number comes from PUBLISH itself, not from counting subscribers by name."
        )
        assert hear(screen) is not None, "publish() said that one received it, but nothing came."
        found = kata.subscriber_counts(client, "orders")
        assert found == {"orders": 0}, (
            f"Nobody subscribed to `orders` by that name (one listens through a pattern), and subscriber_counts() "
            f"gave {found!r}."
        )


@pytest.mark.step(3, "wait_for_subscribers")
def test_wait_for_subscribers(kata: ModuleType, client: redis.Redis, redis_server: Any) -> None:
    with listening(client, "orders", patterns=("*",)) as early:
        begun = time.monotonic()
        there = kata.wait_for_subscribers(client, "orders", 1, 5)
        assert there is True, f"One screen listens already, and wait_for_subscribers(…, 1, …) gave {there!r}."
        assert time.monotonic() - begun < SLACK, "One screen listened already, so there was nothing to wait for."
        there = kata.wait_for_subscribers(client, "orders", 1, 0)
        assert there is True, f"One screen listens: also with no time to wait the answer is True, not {there!r}."

        begun = time.monotonic()
        there = kata.wait_for_subscribers(client, "orders", 2, 0.3)
        took = time.monotonic() - begun
        assert there is False, (
            "Only one listens to `orders` by name (and it listens to the pattern `*` as well), and waiting for two "
            f"gave {there!r}."
        )
        assert 0.28 <= took < 0.3 + SLACK, f"It was to wait 0.3 s for a second screen, and gave up after {took:.2f} s."

        late: list[Any] = []

        def come_late() -> None:
            late.append(client.pubsub())
            late[0].subscribe("orders")

        timer = threading.Timer(0.3, come_late)
        timer.start()
        begun = time.monotonic()
        there = kata.wait_for_subscribers(client, "orders", 2, 5)
        took = time.monotonic() - begun
        timer.join()
        late[0].close()
        assert there is True, f"A second screen came after 0.3 s, and wait_for_subscribers(…, 2, 5) gave {there!r}."
        assert took < 0.3 + SLACK, f"The second screen was there after 0.3 s; the wait went on until {took:.2f} s."

        noise = hear(early, timeout=0.05)
        assert noise is None, (
            f"While wait_for_subscribers() waited, the screens got the message {noise!r}. It must ask the server "
            "(PUBSUB NUMSUB), not publish to find out."
        )


# Step 4


@pytest.mark.step(4, "publish_or_keep")
def test_keep_what_nobody_heard(kata: ModuleType, client: redis.Redis) -> None:
    def kept() -> list[Any]:
        found = []
        for text in client.lrange("missed", 0, -1):
            try:
                found.append(json.loads(text))
            except ValueError:
                pytest.fail(f"The list holds {text!r}, which is not the JSON text of the message.")
        return found

    for number in range(1, 6):
        receivers = kata.publish_or_keep(client, "orders", {"order": number, "dish": "Żur"}, "missed", 3)
        assert receivers == 0, f"Nobody listens to `orders`, and publish_or_keep() returned {receivers!r}."
        wanted = [{"order": order, "dish": "Żur"} for order in range(max(1, number - 2), number + 1)]
        assert kept() == wanted, (
            f"After {number} messages that nobody heard the list must hold the newest 3, oldest first: {wanted}; "
            f"the server holds {kept()}."
        )
    with listening(client, "orders") as screen:
        receivers = kata.publish_or_keep(client, "orders", {"order": 6}, "missed", 3)
        assert receivers == 1, f"One screen listens now, and publish_or_keep() returned {receivers!r}."
        assert json.loads(hear(screen) or "null") == {"order": 6}, "The screen that listens did not get the message."
    with listening(client, patterns=("ord*",)):
        receivers = kata.publish_or_keep(client, "orders", {"order": 7}, "missed", 3)
        assert receivers == 1, f"One screen listens through a pattern, and publish_or_keep() returned {receivers!r}."
    orders = [body["order"] for body in kept()]
    assert orders == [3, 4, 5], (
        f"Orders 6 and 7 were heard, so the list must still hold 3, 4, 5; it holds {orders}. Only PUBLISH's own number "
        "says whether somebody heard it."
    )
    kata.publish_or_keep(client, "drinks", {"cups": 1}, "missed-drinks", 1)
    kata.publish_or_keep(client, "drinks", {"cups": 2}, "missed-drinks", 1)
    found = client.lrange("missed-drinks", 0, -1)
    assert [json.loads(text) for text in found] == [{"cups": 2}], (
        f"With a limit of 1 only the newest is kept, in the list of that name; it holds {found}."
    )


# Step 5


class Diary:
    """The callbacks of a test: writes down what happened, and what the server knew at that moment."""

    def __init__(self, watcher: redis.Redis) -> None:
        self._watcher = watcher
        self.entries: list[Any] = []
        self.at_gap: list[dict[str, int]] = []

    def on_message(self, message: Any) -> None:
        self.entries.append(message.body["order"])

    def on_gap(self) -> None:
        self.at_gap.append(counts(self._watcher, "orders", "drinks"))
        self.entries.append("gap")

    def has(self, *entries: Any, within: float = 5.0) -> None:
        eventually(
            lambda: len(self.entries) >= len(entries),
            within,
            lambda: f"The listener's callbacks should have been {list(entries)}, and were {self.entries}.",
        )
        assert self.entries == list(entries), (
            f"The listener's callbacks should have been {list(entries)} (numbers: messages), and were {self.entries}."
        )


@pytest.fixture
def diary(redis_server: Any) -> Iterator[Diary]:
    with redis_server.client() as watcher:
        yield Diary(watcher)


def started(kata: ModuleType, url: str, diary: Any) -> Any:
    listener = kata.Listener(url, ["orders", "drinks"], diary.on_message, diary.on_gap)
    assert listener.start() is listener, "start() must return the listener itself."
    return listener


def deliver(client: redis.Redis, channel: str, number: int) -> None:
    receivers = send(client, channel, {"order": number})
    assert receivers == 1, (
        f"The listener said that it listens, and PUBLISH {channel} reached {receivers} subscriptions, not 1."
    )


@pytest.mark.step(5, "Listener")
@pytest.mark.parametrize("broken_by", ["cut", "CLIENT KILL"])
def test_gap_is_reported(
    kata: ModuleType,
    client: redis.Redis,
    redis_server: Any,
    fault_proxy: Callable[[str], Any],
    diary: Diary,
    broken_by: str,
) -> None:
    proxy = fault_proxy(redis_server.url)
    listener = started(kata, proxy.url, diary)
    try:
        deliver(client, "orders", 1)
        deliver(client, "drinks", 2)
        diary.has(1, 2)

        if broken_by == "cut":
            proxy.refuse()
            proxy.cut()
            eventually(lambda: send(client, "orders", {"order": 3}) == 0, 2, "The server notices the cut connection.")
            end = time.monotonic() + 0.25
            while time.monotonic() < end:  # long enough for one who calls on_gap() at the break
                assert "gap" not in diary.entries, (
                    "on_gap() was called while the listener cannot reach the server. It means `I listen again, look "
                    "up what I missed`: call it after the new confirmations."
                )
                time.sleep(0.01)
            proxy.delay(0.08, "to_broker")
            proxy.accept()
        else:
            proxy.delay(0.08, "to_broker")
            client.client_kill_filter(_type="pubsub")
        diary.has(1, 2, "gap")
        assert diary.at_gap == [{"orders": 1, "drinks": 1}], (
            f"When on_gap() was called, the server counted these subscribers: {diary.at_gap}. All channels must be "
            "confirmed before, or what is published in between is missed without notice."
        )
        proxy.delay(0)
        deliver(client, "orders", 4)
        deliver(client, "drinks", 5)
        diary.has(1, 2, "gap", 4, 5)

        client.client_kill_filter(_type="pubsub")
        diary.has(1, 2, "gap", 4, 5, "gap")
        deliver(client, "drinks", 6)
        diary.has(1, 2, "gap", 4, 5, "gap", 6)
    finally:
        listener.stop()


@pytest.mark.step(5, "Listener")
@pytest.mark.timeout(30)
def test_server_restart(kata: ModuleType, redis_server_factory: Callable[..., Any]) -> None:
    server = redis_server_factory()
    with server.client() as watcher:
        diary = Diary(watcher)
        listener = started(kata, server.url, diary)
        try:
            deliver(watcher, "orders", 1)
            diary.has(1)
            server.kill()
            server.start()
            diary.has(1, "gap", within=10)
            deliver(watcher, "orders", 2)
            diary.has(1, "gap", 2)
        finally:
            listener.stop()


@pytest.mark.step(5, "Listener")
def test_handler_error_does_not_stop(kata: ModuleType, client: redis.Redis, redis_server: Any) -> None:
    calls: list[Any] = []

    def on_message(message: Any) -> None:
        calls.append(message.body["order"])
        if message.body["order"] == 1:
            raise RuntimeError("the kitchen's printer is out of paper")

    def on_gap() -> None:
        calls.append("gap")
        raise RuntimeError("no answer from the order desk")

    def called(*wanted: Any) -> None:
        eventually(
            lambda: calls == list(wanted),
            5,
            lambda: (
                f"The callbacks should have been {list(wanted)}, and were {calls}. One that raises must not end the "
                "listener."
            ),
        )

    listener = kata.Listener(redis_server.url, ["orders"], on_message, on_gap)
    listener.start()
    try:
        deliver(client, "orders", 1)
        deliver(client, "orders", 2)
        called(1, 2)
        client.client_kill_filter(_type="pubsub")
        called(1, 2, "gap")
        deliver(client, "orders", 3)
        called(1, 2, "gap", 3)
    finally:
        listener.stop()


@pytest.mark.step(5, "Listener")
def test_stop_ends_the_callbacks(kata: ModuleType, client: redis.Redis, redis_server: Any) -> None:
    before = connections(client)
    running: list[int] = []
    finished: list[int] = []

    def on_message(message: Any) -> None:
        running.append(message.body["order"])
        time.sleep(0.1)  # a slow printer
        finished.append(message.body["order"])

    listener = kata.Listener(redis_server.url, ["orders"], on_message, lambda: None)
    listener.start()
    for number in range(1, 6):
        deliver(client, "orders", number)
    eventually(lambda: running, 2, "The first of five messages reaches on_message().")
    listener.stop()
    at_stop = len(finished)
    assert len(running) == at_stop, (
        "stop() returned while on_message() was still running. `No callback runs afterwards`: wait for the one that "
        "runs."
    )
    eventually(
        lambda: connections(client) <= before,
        2,
        "After stop() the server still has the listener's connection.",
    )
    time.sleep(0.15)  # time for a callback that should not come
    assert len(finished) == at_stop, f"After stop() on_message() was called for {finished[at_stop:]}."


@pytest.mark.step(5, "Listener")
def test_start_gives_up(
    kata: ModuleType, client: redis.Redis, redis_server: Any, fault_proxy: Callable[[str], Any], diary: Diary
) -> None:
    proxy = fault_proxy(redis_server.url)
    proxy.block()
    before = connections(client)
    listener = kata.Listener(proxy.url, ["orders"], diary.on_message, diary.on_gap)
    begun = time.monotonic()
    try:
        listener.start(timeout=0.4)
    except TimeoutError:
        pass
    else:
        listener.stop()
        pytest.fail("The server never answered, and start() returned as if it listened. It must raise TimeoutError.")
    took = time.monotonic() - begun
    assert took < 0.4 + SLACK, f"start(timeout=0.4) gave up after {took:.2f} s only."
    proxy.unblock()
    eventually(
        lambda: connections(client) <= before, 3, "After the TimeoutError of start() its connection is still open."
    )
    assert diary.entries == [], f"It never listened, and yet its callbacks were called: {diary.entries}."
