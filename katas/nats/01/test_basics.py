"""Tests of nats/01. They look at what the server and its other clients see, never at how the answer is written."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import nats
import nats.errors
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_mqkata.processes.ports import Ports
from pytest_mqkata.testing import eventually_async
from pytest_mqkata.testing_nats import settle, subscribed

if TYPE_CHECKING:
    from pytest_mqkata.brokers.nats import NatsServer
    from pytest_mqkata.faults.proxy import FaultProxy

T = TypeVar("T")
PRICES = {"tea": 450, "coffee": 690, "water": 0}


async def within(seconds: float, call: Awaitable[T], what: str) -> T:
    """The result of `call`; a step that hangs fails with a sentence, and not with a time-out that a test expects."""
    done, _ = await asyncio.wait([asyncio.ensure_future(call)], timeout=seconds)
    if not done:
        raise AssertionError(f"{what} had not come back after {seconds:g} s.")
    return done.pop().result()


async def _raised(call: Awaitable[object]) -> Exception | None:
    """What `call` raises, None if it returns; a failed assertion of the test is passed on."""
    try:
        await call
    except AssertionError:
        raise
    except Exception as error:
        return error
    return None


def _ended(raised: Exception | None) -> str:
    return "returned without an error" if raised is None else f"raised {raised!r}"


@asynccontextmanager
async def connected(url: str, **options: Any) -> AsyncIterator[nats.NATS]:
    connection = await nats.connect(url, **options)
    try:
        yield connection
    finally:
        await connection.close()


async def only_connection(server: NatsServer, what: str) -> None:
    """Wait until the server has no connection but the test's one."""

    def alone() -> bool:
        return len(server.connz()["connections"] or []) <= 1

    await eventually_async(
        alone, 2.0, f"The server still has the connection that {what} opened: close it, also when something fails."
    )


def as_received(kata: ModuleType, found: object) -> list[Any]:
    assert isinstance(found, list), f"collect returned {found!r}, not a list."
    for one in found:
        assert isinstance(one, kata.Received), f"collect's list holds {one!r}, which is no Received."
    return found


async def reply_to(connection: nats.NATS, body: bytes) -> Any:
    """What the price desk answers to a request of any body, decoded."""
    try:
        reply = await connection.request("shop.price", body, timeout=1.0)
    except (TimeoutError, nats.errors.NoRespondersError) as error:
        raise AssertionError(
            f"The request {body!r} got no reply within a second ({type(error).__name__}): the one who asked waits in vain. "
            "Did the callback raise an error?"
        ) from error
    try:
        return json.loads(reply.data)
    except ValueError:
        raise AssertionError(f"The request {body!r} was answered with {reply.data!r}, which is no JSON.") from None


@pytest.mark.step(1, "publish_event")
async def test_publish_reaches_subscriber(kata: ModuleType, nats_server: NatsServer) -> None:
    event = {"order": 7, "note": "für Zoë", "paid": True, "gift": None}
    async with connected(nats_server.url) as connection:
        subscription = await connection.subscribe("shop.orders.new")
        await settle(connection)
        await within(
            10, kata.publish_event(nats_server.url, "shop.orders.new", event, {"Source": "web"}), "publish_event"
        )
        try:
            message = await subscription.next_msg(timeout=2)
        except TimeoutError:
            raise AssertionError("A subscriber of shop.orders.new got nothing: was the event published?") from None
        try:
            body = json.loads(message.data)
        except ValueError:
            body = None
        assert body == event, f"The body arrived as {message.data!r}, which is not {event!r} as UTF-8 JSON."
        assert (message.headers or {}).get("Source") == "web", (
            f"The headers arrived as {message.headers!r}; Source: web is missing."
        )
        await only_connection(nats_server, "publish_event")


@pytest.mark.step(2, "publish_event")
async def test_published_means_the_server_has_it(
    kata: ModuleType, nats_server: NatsServer, fault_proxy: Callable[[str], FaultProxy]
) -> None:
    proxy = fault_proxy(nats_server.url)
    proxy.delay(0.15)
    for number in (1, 2):
        before = nats_server.varz()["in_msgs"]
        await within(10, kata.publish_event(proxy.url, "shop.orders.new", {"order": number}), "publish_event")
        arrived = nats_server.varz()["in_msgs"] - before
        assert arrived == 1, (
            f"publish_event returned, and the server had got {arrived} messages: the event was still on its way (0.15 s). "
            "publish() only fills a buffer; what tells you that the server has handled it?"
        )


@pytest.mark.step(3, "publish_event")
@pytest.mark.timeout(30)
async def test_unreachable_fails_fast(kata: ModuleType) -> None:
    port = Ports().draw(["nobody"])["nobody"]
    begun = time.monotonic()
    raised = await _raised(
        within(
            15, kata.publish_event(f"nats://127.0.0.1:{port}", "shop.orders.new", {}), "publish_event to a dead port"
        )
    )
    seconds = time.monotonic() - begun

    assert isinstance(raised, nats.errors.NoServersError), (
        f"Nobody listens on the port, and publish_event {_ended(raised)}; nats.errors.NoServersError was promised."
    )
    assert seconds < 10, f"It took {seconds:.0f} s to say that nobody is there; the caller was promised 10."


@pytest.mark.step(4, "collect")
async def test_collect_in_order_and_no_more(kata: ModuleType, nats_server: NatsServer) -> None:
    async with connected(nats_server.url) as connection:
        ready = asyncio.Event()
        collecting = asyncio.ensure_future(kata.collect(nats_server.url, "shop.orders.*", 3, 5.0, ready))
        await within(5, _ready_or_ended(ready, collecting), "collect, before it was ready,")
        await subscribed(nats_server, "shop.orders.*")
        for number in range(5):
            await connection.publish(
                f"shop.orders.{number}", json.dumps({"n": number}).encode(), headers={"N": str(number)}
            )
        await settle(connection)
        found = as_received(kata, await within(8, collecting, "collect"))

        assert [one.event for one in found] == [{"n": 0}, {"n": 1}, {"n": 2}], (
            f"Five events were published and three asked for; collect returned {[one.event for one in found]}: the first "
            "three in order, no more."
        )
        assert [one.subject for one in found] == [f"shop.orders.{number}" for number in range(3)], (
            f"The subjects are {[one.subject for one in found]}: each message's own, not the pattern."
        )
        assert [one.headers for one in found] == [{"N": str(number)} for number in range(3)], (
            f"The headers are {[one.headers for one in found]}."
        )
        await only_connection(nats_server, "collect")


async def _ready_or_ended(ready: asyncio.Event, task: asyncio.Future[Any]) -> None:
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
    if not ready.is_set():
        waiting.cancel()
        result = task.result()
        raise AssertionError(f"collect returned {result!r} without ever setting `ready`.")


@pytest.mark.step(5, "collect")
async def test_ready_means_registered(
    kata: ModuleType, nats_server: NatsServer, fault_proxy: Callable[[str], FaultProxy]
) -> None:
    proxy = fault_proxy(nats_server.url)
    proxy.delay(0.1)
    async with connected(nats_server.url) as connection:
        ready = asyncio.Event()
        collecting = asyncio.ensure_future(kata.collect(proxy.url, "shop.orders.new", 1, 2.0, ready))
        await within(8, _ready_or_ended(ready, collecting), "collect, before it was ready,")
        await connection.publish("shop.orders.new", b'{"n": 1}')
        await settle(connection)
        found = as_received(kata, await within(8, collecting, "collect"))

    assert [one.event for one in found] == [{"n": 1}], (
        "An event that was published right after `ready` did not arrive: the subscription was still on its way (0.1 s). "
        "Say `ready` only when the server knows it."
    )


@pytest.mark.step(6, "collect")
async def test_timeout_is_for_all(kata: ModuleType, nats_server: NatsServer) -> None:
    async with connected(nats_server.url) as connection:
        ready = asyncio.Event()
        collecting = asyncio.ensure_future(kata.collect(nats_server.url, "shop.orders.new", 3, 1.5, ready))
        await within(5, _ready_or_ended(ready, collecting), "collect, before it was ready,")
        begun = time.monotonic()
        await subscribed(nats_server, "shop.orders.new")
        await connection.publish("shop.orders.new", b'{"n": 1}')
        # the second message comes later: that is what this step is about
        await asyncio.sleep(begun + 0.9 - time.monotonic())
        await connection.publish("shop.orders.new", b'{"n": 2}')
        try:
            found = as_received(kata, await within(5, collecting, "collect with a time-out of 1.5 s"))
        except TimeoutError:
            raise AssertionError(
                "collect raised TimeoutError; it was to return the two messages that had come."
            ) from None
        seconds = time.monotonic() - begun

    assert [one.event for one in found] == [{"n": 1}, {"n": 2}], f"Two messages came; collect returned {found!r}."
    assert 1.2 < seconds < 2.2, (
        f"collect came back after {seconds:.2f} s; its 1.5 s are for all messages together, counted from `ready`."
    )
    assert [one.headers for one in found] == [{}, {}], (
        f"The messages had no headers, and collect says {[one.headers for one in found]}: {{}} was promised."
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
events = st.dictionaries(st.text(max_size=8), json_values, max_size=4)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True)
printable = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=10)
header_values = printable.map(str.strip).filter(bool)


@pytest.mark.step(7, "publish_event", "collect")
@pytest.mark.timeout(40)
@settings(max_examples=20)
@given(events, st.dictionaries(names, header_values, max_size=3))
@example({}, {})
@example({"": {"ключ": ["é", None, {}]}}, {"Trace-Id": "žluť 1"})
def test_any_event_and_headers_round_trip(
    kata: ModuleType, nats_server: NatsServer, event: dict[str, Any], headers: dict[str, str]
) -> None:
    subject = nats_server.fresh("event")

    async def there_and_back() -> list[Any]:
        ready = asyncio.Event()
        collecting = asyncio.ensure_future(kata.collect(nats_server.url, subject, 1, 2.0, ready))
        await within(5, _ready_or_ended(ready, collecting), "collect, before it was ready,")
        await subscribed(nats_server, subject)
        await within(5, kata.publish_event(nats_server.url, subject, event, headers), "publish_event")
        return as_received(kata, await within(5, collecting, "collect"))

    found = asyncio.run(there_and_back())
    assert len(found) == 1, f"One event was published, {len(found)} arrived."
    assert found[0].event == event, f"Published was {event!r}, received {found[0].event!r}."
    assert found[0].headers == headers, f"The headers were {headers!r}, received {found[0].headers!r}."


@pytest.mark.step(8, "PriceService")
@pytest.mark.timeout(30)
async def test_price_answers(kata: ModuleType, nats_server: NatsServer) -> None:
    prices = dict(PRICES)
    async with connected(nats_server.url) as desk, connected(nats_server.url) as customer:
        service = kata.PriceService(desk, prices)
        await within(5, service.start(), "PriceService.start")
        await subscribed(nats_server, "shop.price")

        for sku, cents in PRICES.items():
            answer = await reply_to(customer, json.dumps({"sku": sku}).encode())
            assert answer == {"sku": sku, "cents": cents}, f"{sku} costs {cents}; the answer was {answer!r}."
        prices["tea"] = 500
        answer = await reply_to(customer, b'{"sku": "tea"}')
        assert answer == {"sku": "tea", "cents": 500}, (
            f"The price of tea has changed to 500; the answer was {answer!r}."
        )
        answer = await reply_to(customer, b'{"sku": "cake"}')
        assert answer == {"sku": "cake", "error": "unknown_sku"}, f"cake is unknown; the answer was {answer!r}."
        for body in (
            b"",
            b"\xff\xfe",
            b"tea",
            b'"tea"',
            b"[]",
            b"{}",
            b'{"sku": 7}',
            b'{"sku": ["tea"]}',
            b'{"sku": null}',
        ):
            answer = await reply_to(customer, body)
            assert answer == {"error": "bad_request"}, f"The request {body!r} is a bad one; the answer was {answer!r}."
        inbox = customer.new_inbox()
        replies = await customer.subscribe(inbox)
        requests = (b'{"sku": "tea"}', b'{"sku": "cake"}', b"nonsense")
        for body in requests:
            await customer.publish("shop.price", body, reply=inbox)
        await eventually_async(
            lambda: replies.pending_msgs >= len(requests),
            2.0,
            lambda: f"Three requests, one reply each: {replies.pending_msgs} replies came.",
        )
        await reply_to(customer, b'{"sku": "tea"}')  # answered after those three: a second reply would be here by now
        assert replies.pending_msgs == len(requests), (
            f"Three requests got {replies.pending_msgs} replies: each is to get exactly one. Does a branch fall through?"
        )
        await replies.unsubscribe()
        await customer.publish("shop.price", b'{"sku": "tea"}')  # nobody wants a reply
        await customer.publish("shop.price", b"nonsense")
        answer = await reply_to(customer, b'{"sku": "tea"}')
        assert answer == {"sku": "tea", "cents": 500}, f"After a message without a reply subject: {answer!r}."
        await within(5, service.stop(), "PriceService.stop")
        await within(5, service.stop(), "a second PriceService.stop")
        assert desk.is_connected, "stop() closed the connection, which is the caller's."


@pytest.mark.step(9, "PriceService")
async def test_start_means_registered(
    kata: ModuleType, nats_server: NatsServer, fault_proxy: Callable[[str], FaultProxy]
) -> None:
    proxy = fault_proxy(nats_server.url)
    async with connected(proxy.url) as desk, connected(nats_server.url) as customer:
        proxy.delay(0.1)
        service = kata.PriceService(desk, PRICES)
        await within(8, service.start(), "PriceService.start")
        try:
            await customer.request("shop.price", b'{"sku": "tea"}', timeout=2)
        except nats.errors.NoRespondersError:
            raise AssertionError(
                "start() had returned, and the server knew of nobody on shop.price: the subscription was still on its way "
                "(0.1 s). Return when the server has it."
            ) from None
        except TimeoutError:
            raise AssertionError("The service got a request right after start() and did not answer in 2 s.") from None
        await service.stop()


@pytest.mark.step(10, "PriceService", "ask_price")
@pytest.mark.timeout(30)
async def test_nobody_there_is_not_slow(kata: ModuleType, nats_server: NatsServer) -> None:
    async with connected(nats_server.url) as desk, connected(nats_server.url) as customer:
        service = kata.PriceService(desk, PRICES)
        await within(5, service.start(), "PriceService.start")
        await subscribed(nats_server, "shop.price")
        cents = await within(5, kata.ask_price(customer, "water"), "ask_price")
        assert cents == 0, f"water costs 0 cents; ask_price returned {cents!r}."
        raised = await _raised(within(5, kata.ask_price(customer, "cake"), "ask_price"))
        assert isinstance(raised, kata.UnknownSku), (
            f"The price desk says that it does not know cake, and ask_price {_ended(raised)}; UnknownSku was promised."
        )
        await within(5, service.stop(), "PriceService.stop")
        await settle(desk)

        begun = time.monotonic()
        raised = await _raised(within(5, kata.ask_price(customer, "tea", timeout=3), "ask_price with nobody there"))
        seconds = time.monotonic() - begun
        assert isinstance(raised, kata.PriceServiceDown), (
            f"Nobody answers on shop.price, and the server says so at once; ask_price {_ended(raised)}; "
            "PriceServiceDown was promised."
        )
        assert seconds < 1, f"It took {seconds:.1f} s to notice that nobody is there; the server had said so at once."


@pytest.mark.step(11, "ask_price")
async def test_too_slow(kata: ModuleType, nats_server: NatsServer) -> None:
    async with connected(nats_server.url) as mute, connected(nats_server.url) as customer:
        await mute.subscribe("shop.price")
        await settle(mute)
        begun = time.monotonic()
        raised = await _raised(within(5, kata.ask_price(customer, "tea", timeout=0.5), "ask_price"))
        seconds = time.monotonic() - begun

    assert isinstance(raised, kata.PriceServiceSlow), (
        f"Somebody listens on shop.price and does not answer; ask_price {_ended(raised)}; PriceServiceSlow was "
        "promised."
    )
    assert 0.4 < seconds < 1.5, f"With a time-out of 0.5 s ask_price gave up after {seconds:.2f} s."


@pytest.mark.step(12, "ask_all")
@pytest.mark.timeout(30)
async def test_ask_all(kata: ModuleType, nats_server: NatsServer) -> None:
    async with connected(nats_server.url) as depots, connected(nats_server.url) as customer:
        for answer in (b"north", b"", b"south"):

            async def respond(message: Any, answer: bytes = answer) -> None:
                await message.respond(answer)

            await depots.subscribe("shop.stock", cb=respond)
        await settle(depots)

        begun = time.monotonic()
        found = await within(5, kata.ask_all(customer, "shop.stock", b"tea?", timeout=0.5), "ask_all")
        seconds = time.monotonic() - begun
        assert isinstance(found, list), f"ask_all returned {found!r}, not a list."
        assert sorted(found) == [b"", b"north", b"south"], (
            f"Three depots answered (one with an empty body, which is an answer); ask_all returned {found!r}."
        )
        assert 0.3 < seconds < 1.5, f"With a time-out of 0.5 s and no limit, ask_all came back after {seconds:.2f} s."

        begun = time.monotonic()
        found = await within(5, kata.ask_all(customer, "shop.stock", b"tea?", timeout=3, limit=2), "ask_all")
        seconds = time.monotonic() - begun
        assert len(found) == 2, f"With limit=2 ask_all returned {len(found)} answers."
        assert seconds < 1, f"Two answers were there at once; ask_all took {seconds:.1f} s."

        begun = time.monotonic()
        found = await within(5, kata.ask_all(customer, "shop.nobody", b"?", timeout=3), "ask_all with nobody there")
        seconds = time.monotonic() - begun
        assert found == [], f"Nobody listens on shop.nobody; ask_all returned {found!r}: whose message is that?"
        assert seconds < 1, f"The server says at once that nobody listens; ask_all took {seconds:.1f} s."

        for _ in range(3):
            await within(5, kata.ask_all(customer, "shop.stock", b"tea?", timeout=3, limit=1), "ask_all")
        await settle(customer)
        mine = [one for one in nats_server.connz(subs=True)["connections"] if not _is_depot(one)]
        left = [subject for one in mine for subject in one.get("subscriptions_list", [])]
        assert len(left) <= 1, f"After six calls the connection still holds the subscriptions {left}: take them back."


def _is_depot(connection: dict[str, Any]) -> bool:
    return "shop.stock" in connection.get("subscriptions_list", [])


@pytest.mark.step(13, "PriceService", "ask_price")
@pytest.mark.timeout(30)
async def test_service_survives_a_server_restart(kata: ModuleType, nats_server: NatsServer) -> None:
    patient = {"reconnect_time_wait": 0.05, "max_reconnect_attempts": -1}
    async with connected(nats_server.url, **patient) as desk, connected(nats_server.url, **patient) as customer:
        service = kata.PriceService(desk, PRICES)
        await within(5, service.start(), "PriceService.start")
        await subscribed(nats_server, "shop.price")
        await asyncio.to_thread(nats_server.restart)

        async def answered() -> bool:
            try:
                return bool(await kata.ask_price(customer, "tea", timeout=0.5) == 450)
            except (kata.PriceServiceDown, kata.PriceServiceSlow, nats.errors.Error):
                return False

        await eventually_async(
            answered,
            8.0,
            "After a restart of the server the same service did not answer again; its connection had come back.",
        )
        await within(5, service.stop(), "PriceService.stop")
