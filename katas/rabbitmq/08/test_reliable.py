"""What the payment provider must be able to rely on."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import socketserver
import sqlite3
import ssl
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pika
import pytest
from cryptography.fernet import Fernet
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from pytest_mqkata.errors import ServerConfigError
from pytest_mqkata.testing import Background, eventually, what_came, what_is_raised
from pytest_mqkata.testing_rabbitmq import opened

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # where an example costs a second
KEYS = [Fernet.generate_key() for _ in range(3)]

json_objects = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@pytest.fixture
def channel(rabbitmq_server: Any) -> Iterator[BlockingChannel]:
    """A channel on a connection of the test's own."""
    with opened(rabbitmq_server.url) as channel:
        yield channel


def drain(channel: BlockingChannel, queue: str) -> list[tuple[pika.BasicProperties, bytes]]:
    """Take all that is ready in a queue: properties and body."""
    found: list[tuple[pika.BasicProperties, bytes]] = []
    while True:
        delivery, properties, body = channel.basic_get(queue, auto_ack=True)
        if delivery is None or properties is None or body is None:
            return found
        found.append((properties, body))


# Step 1


@pytest.mark.step(1, "backoff")
def test_step1_backoff(kata: ModuleType) -> None:
    for attempt, low, high in (
        (1, 0.05, 0.1),
        (2, 0.1, 0.2),
        (4, 0.4, 0.8),
        (6, 1.6, 3.2),
        (7, 2.5, 5.0),
        (40, 2.5, 5.0),
    ):
        shortest, longest = kata.backoff(attempt, rng=lambda: 0.0), kata.backoff(attempt, rng=lambda: 1.0)
        assert (shortest, longest) == pytest.approx((low, high)), (
            f"backoff({attempt}) with base 0.1 and cap 5 goes from {shortest:g} (rng 0) to {longest:g} (rng 1); it must "
            f"go from {low:g} to {high:g}. The pause doubles from attempt to attempt up to the cap, and chance decides "
            "within its upper half."
        )
    pauses = {kata.backoff(3) for _ in range(20)}
    assert len(pauses) > 1, (
        f"Twenty calls of backoff(3) all gave {pauses}. Clients that lost the broker at the same moment would come back "
        "at the same moment, again and again: the pause needs jitter."
    )


@pytest.mark.step(1, "backoff")
def test_step1_backoff_keeps_its_bounds(kata: ModuleType) -> None:
    @settings(max_examples=150)
    @given(st.integers(1, 10_000), st.floats(0.001, 10), st.floats(0.001, 60), st.floats(0, 1, exclude_max=True))
    @example(1, 0.1, 5.0, 0.0)
    @example(1025, 0.1, 5.0, 0.5)
    @example(2000, 10.0, 60.0, 0.999)
    @example(10_000, 0.001, 5.0, 0.5)
    @example(1, 10.0, 0.001, 0.5)
    def bounds(attempt: int, base: float, cap: float, chance: float) -> None:
        where = f"backoff({attempt}, base={base:g}, cap={cap:g}) with rng() = {chance:g}"
        pause = what_is_raised(lambda: kata.backoff(attempt, base=base, cap=cap, rng=lambda: chance))
        assert isinstance(pause, int | float), (
            f"{where} {what_came(pause)}. 2.0 to the power of 1024 is more than a float can hold: limit the exponent, "
            "not only the result."
        )
        ceiling = base * 2 ** (attempt - 1) if attempt < 200 else cap
        wanted = min(cap, ceiling) * (0.5 + chance / 2)
        assert pause == pytest.approx(wanted), f"{where} is {pause:g}; it must be {wanted:g}."
        later = kata.backoff(attempt + 1, base=base, cap=cap, rng=lambda: chance)
        assert later >= pause * 0.999999, f"{where} is {pause:g}, and the next pause is shorter: {later:g}."

    bounds()


# Step 2


@contextlib.contextmanager
def publisher_of(kata: ModuleType, url: str, **options: Any) -> Iterator[Any]:
    """The answer's Publisher, closed at the end; if it does not let itself be closed, a sentence."""
    publisher = kata.Publisher(url, **{"base": 0.02, "cap": 0.1, **options})
    try:
        yield publisher
    except BaseException:  # what was found first is what the learner should read
        Background(lambda: publisher.close()).wait(2)
        raise
    closing = Background(lambda: publisher.close())
    assert closing.wait(8), (
        "Nothing was being published any more, and close() had not returned after 8 s. It waits only for those who use a "
        "connection: each attempt must give back what it took, also when it fails."
    )
    if isinstance(closing.result, Exception):
        raise closing.result


@contextlib.contextmanager
def hangs_up() -> Iterator[tuple[str, list[object]]]:
    """An address where each connection is closed at once: its URL, and a list with an entry for each connection."""
    taken: list[object] = []

    class Hangup(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            taken.append(self.client_address)

    with socketserver.TCPServer(("127.0.0.1", 0), Hangup) as server:
        Background(lambda: server.serve_forever(0.02))
        try:
            yield f"amqp://guest:guest@127.0.0.1:{server.server_address[1]}/%2F", taken
        finally:
            server.shutdown()


@pytest.mark.step(2, "Publisher")
def test_step2_published_and_confirmed(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = rabbitmq_server.fresh("payments")
    channel.exchange_declare(exchange := rabbitmq_server.fresh("provider"), "direct")
    channel.queue_declare(queue)
    channel.queue_bind(queue, exchange, "paid")
    shared = pika.BasicProperties(content_type="text/plain", headers={"tenant": "corner shop"}, correlation_id="c-1")
    with publisher_of(kata, rabbitmq_server.url) as publisher:
        kept = publisher.publish(exchange, "paid", b"one", pika.BasicProperties(message_id="p-1", delivery_mode=1))
        ready = rabbitmq_server.ready(queue)
        assert ready == 1, (
            f"publish() has returned, and {ready} messages are in the queue, not 1: it must wait for the confirm."
        )
        made = [
            publisher.publish(exchange, "paid", b"two"),
            *(publisher.publish("", queue, b"more", shared) for _ in "34"),
        ]
    assert kept == "p-1", f"The message has the message_id 'p-1', and publish() returned {kept!r}."
    assert all(isinstance(one, str) and one for one in made), f"publish() must return message_ids; it returned {made}."
    assert len({kept, *made}) == 4, (
        f"Four messages, and publish() returned the ids {[kept, *made]}: each message without one gets an id of its own, "
        "also when the same properties are used for the next."
    )
    found = drain(channel, queue)
    assert [one.message_id for one, _ in found] == [kept, *made], (
        f"publish() returned {[kept, *made]}, and the messages carry {[one.message_id for one, _ in found]}."
    )
    assert [one.delivery_mode for one, _ in found] == [2] * 4, (
        f"The messages have the delivery_modes {[one.delivery_mode for one, _ in found]}; all must be persistent (2)."
    )
    about = (found[2][0].content_type, found[2][0].headers, found[2][0].correlation_id)
    assert about == ("text/plain", {"tenant": "corner shop"}, "c-1"), (
        "The caller's other properties must arrive as they were, ('text/plain', {'tenant': 'corner shop'}, 'c-1'); "
        f"content_type, headers and correlation_id arrived as {about}."
    )


@pytest.mark.step(2, "Publisher")
def test_step2_pool(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, fault_proxy: Callable[[str], Any]
) -> None:
    queue = rabbitmq_server.fresh("payments")
    channel.queue_declare(queue)
    proxy = fault_proxy(rabbitmq_server.url)
    with publisher_of(kata, proxy.url, pool_size=2) as publisher:
        assert proxy.accepted == 0, (
            f"Publisher(...) opened {proxy.accepted} connections before anything was published; they are for later."
        )
        calls = [Background(lambda: [publisher.publish("", queue, b"payment") for _ in range(25)]) for _ in range(8)]
        end = time.monotonic() + 12
        ended = [call.wait(max(0.0, end - time.monotonic())) for call in calls]
        assert all(ended), (
            f"8 threads published 25 messages each, and {ended.count(False)} of them did not come back within 12 s. A "
            "pika connection serves one thread at a time: a thread must have one for itself while it publishes and waits."
        )
        failed = [call.result for call in calls if not isinstance(call.result, list)]
        assert not failed, (
            f"8 threads published at the same time, and {len(failed)} of them failed, the first with {failed[0]!r}. A pika "
            "connection serves one thread at a time."
        )
        opened_in_all = proxy.accepted
        assert opened_in_all <= 2, (
            f"With pool_size=2, {opened_in_all} connections were opened for 200 messages. Each costs a TCP and an AMQP "
            "handshake, and memory in the broker: take one from the pool, and give it back."
        )
    ids = [one for call in calls if isinstance(call.result, list) for one in call.result]
    found = [one.message_id for one, _ in drain(channel, queue)]
    assert (len(found), len(set(found))) == (200, 200), (
        f"8 threads published 25 messages each; the queue held {len(found)} with {len(set(found))} different ids."
    )
    assert set(found) == set(ids), "The ids that publish() returned are not those of the messages in the queue."
    eventually(
        lambda: proxy.connections == 0,
        message=lambda: f"After close() {proxy.connections} of the pool's connections are still open.",
    )


@pytest.mark.step(2, "Publisher")
def test_step2_unroutable_at_once(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    channel.queue_declare(queue := rabbitmq_server.fresh("payments"))
    with publisher_of(kata, rabbitmq_server.url, pool_size=1, attempts=2, base=8.0, cap=8.0) as publisher:
        begun = time.monotonic()
        result = what_is_raised(lambda: publisher.publish("", rabbitmq_server.fresh("nowhere"), b"lost"))
        took = time.monotonic() - begun
        assert isinstance(result, kata.Unroutable), (
            f"There is no such queue, and publish() {what_came(result)}; it must raise Unroutable. A message that no queue "
            "takes is confirmed as well, unless it is mandatory: then it comes back first."
        )
        assert took < 4, (  # the shortest pause of all
            f"There is no such queue, and publish() took {took:.1f} s to say so. Trying again does not help here."
        )
        again = Background(lambda: publisher.publish("", queue, b"found", pika.BasicProperties(message_id="p-2")))
        assert again.wait(8), (
            "After an unroutable message the same publisher's next publish() had not returned after 8 s. An attempt must "
            "give back the connection that it took, whatever came of it."
        )
        assert again.result == "p-2", (
            f"After an unroutable message the same publisher's next publish() {what_came(again.result)}."
        )


@pytest.mark.step(2, "Publisher")
def test_step2_nobody_there(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    full = rabbitmq_server.fresh("full")
    channel.queue_declare(full, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.basic_publish("", full, b"the only one")
    eventually(lambda: rabbitmq_server.ready(full) == 1, message="the test's own message did not arrive")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but it does not listen: nobody else can take the port meanwhile
        nobody = f"amqp://guest:guest@127.0.0.1:{closed.getsockname()[1]}/%2F"
        for what, url in (
            ("Nothing listens", nobody),
            ("The queue is full, and the broker nacks", rabbitmq_server.url),
        ):
            with publisher_of(kata, url, attempts=3, base=0.2, cap=0.3) as publisher:
                call = Background(partial(publisher.publish, "", full, b"one too many"))
                assert call.wait(10), f"{what}, and publish() with attempts=3 had not returned after 10 s."
            assert isinstance(call.result, kata.NotConfirmed), (
                f"{what}, and publish() {what_came(call.result)}; after its three attempts it must raise NotConfirmed."
            )
            assert isinstance(call.result.__cause__, Exception), (
                f"{what}, and the NotConfirmed has no __cause__: raise it from the last error, or nobody learns why."
            )
            assert call.took > 0.25, (
                f"{what}, and publish() made three attempts in {call.took:.2f} s. Between them lie two pauses of at least "
                "0.1 and 0.15 s (base=0.2, cap=0.3): a broker that comes back needs no storm of attempts."
            )
    with hangs_up() as (url, taken), publisher_of(kata, url, attempts=3) as publisher:
        call = Background(partial(publisher.publish, "", full, b"hello?"))
        assert call.wait(10), "Each connection is closed at once, and publish() with attempts=3 took more than 10 s."
        assert isinstance(call.result, kata.NotConfirmed), (
            f"Each connection is closed at once, and publish() {what_came(call.result)}; after its three attempts it must "
            "raise NotConfirmed."
        )
        assert len(taken) == 3, (
            f"Each connection is closed at once, and publish() with attempts=3 has made {len(taken)} connections. The "
            "first attempt counts as well."
        )


@pytest.mark.step(2, "Publisher")
def test_step2_full_for_a_moment(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = rabbitmq_server.fresh("full")
    channel.queue_declare(queue, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.basic_publish("", queue, b"the only one")
    eventually(lambda: rabbitmq_server.ready(queue) == 1, message="the test's own message did not arrive")
    with publisher_of(kata, rabbitmq_server.url, attempts=200) as publisher:
        call = Background(lambda: publisher.publish("", queue, b"late", pika.BasicProperties(message_id="p-1")))
        call.wait(0.3)
        assert not call.ended, (
            f"The queue is full, the broker nacks each attempt, and publish() {what_came(call.result)} within 0.3 s. A "
            "nack means: not taken, try again later."
        )
        channel.queue_purge(queue)
        assert call.wait(8), "The queue has room again, and publish() had not returned 8 s later."
    assert call.result == "p-1", f"The queue has room again, and publish() {what_came(call.result)}."
    found = [(one.message_id, body) for one, body in drain(channel, queue)]
    assert found == [("p-1", b"late")], (
        f"The queue held {found}; [('p-1', b'late')] must be in it: the message that was nacked, with the id that it had."
    )


@pytest.mark.step(2, "Publisher")
def test_step2_lost_confirm(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, fault_proxy: Callable[[str], Any]
) -> None:
    queue = rabbitmq_server.fresh("payments")
    channel.queue_declare(queue)
    proxy = fault_proxy(rabbitmq_server.url)
    with publisher_of(kata, proxy.url, pool_size=1) as publisher:
        publisher.publish("", queue, b"before")
        proxy.delay(3, "to_client")  # seconds that the confirm is on its way, in which it can be lost
        call = Background(lambda: publisher.publish("", queue, b"payment"))
        eventually(
            lambda: rabbitmq_server.ready(queue) == 2 or call.ended,
            10,
            "The second message did not reach the queue; the connection of the first is still open: use it.",
        )
        assert not call.ended, (
            f"The broker's answers take 3 s, and publish() {what_came(call.result)} without waiting for the confirm."
        )
        proxy.cut()
        proxy.delay(0, "to_client")
        assert call.wait(8), "The connection was lost instead of the confirm; publish() had not returned 8 s later."
    assert isinstance(call.result, str), (
        f"The queue has the message, its confirm was lost with the connection, and publish() {what_came(call.result)}. It "
        "cannot know whether the message is stored, so it must send it once more."
    )
    copies = [one.message_id for one, body in drain(channel, queue) if body == b"payment"]
    assert len(copies) == 2, (
        f"The confirm was lost once, and the queue has {len(copies)} copies of the message. One is of the attempt whose "
        "confirm was lost, one of the attempt after it."
    )
    assert set(copies) == {call.result}, (
        f"The message was sent twice, and the copies have the ids {copies}; publish() returned {call.result!r}. Only if "
        "all are the same can the receiver see that it is one payment."
    )


@pytest.mark.step(2, "Publisher")
def test_step2_no_loss_for_any_sequence_of_cuts(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, fault_proxy: Callable[[str], Any]
) -> None:
    proxy = fault_proxy(rabbitmq_server.url)

    @settings(max_examples=5, phases=NO_SHRINKING)
    @given(st.lists(st.sampled_from(["nothing", "cut", "lose_next_reply"]), min_size=1, max_size=6))
    @example(["nothing", "cut", "cut", "nothing", "lose_next_reply", "nothing"])
    @example(["lose_next_reply", "lose_next_reply"])
    def no_loss(faults: list[str]) -> None:
        channel.queue_declare(queue := rabbitmq_server.fresh("payments"))
        with publisher_of(kata, proxy.url, pool_size=1, attempts=8) as publisher:
            sent: list[tuple[object, bytes]] = []
            for number, fault in enumerate(faults):
                if fault != "nothing":
                    getattr(proxy, fault)()
                call = Background(partial(publisher.publish, "", queue, b"%d" % number))
                assert call.wait(8), f"Before message {number} came {fault!r}; publish() had not returned after 8 s."
                assert isinstance(call.result, str), (
                    f"Before message {number} came {fault!r}, and publish() {what_came(call.result)}; the next attempt "
                    "finds the broker well."
                )
                sent.append((call.result, b"%d" % number))
        found = {(one.message_id, body) for one, body in drain(channel, queue)}
        assert found == set(sent), (
            f"With these faults before the messages, {faults}, publish() confirmed {sorted(map(str, sent))}, and the queue "
            f"held {sorted(map(str, found))}."
        )

    no_loss()


# Step 3


def plain_of(body: bytes, properties: pika.BasicProperties, key: bytes) -> bytes:
    """What is in an envelope, opened by the test itself; fails if `key` does not open it."""
    try:
        plain = Fernet(key).decrypt(body)
    except Exception as error:
        pytest.fail(
            f"The body {body[:40]!r} … is no Fernet token of keys[0] ({type(error).__name__}): nobody else could open it "
            "with that key."
        )
    if properties.content_encoding != "gzip":
        return plain
    try:
        return gzip.decompress(plain)
    except Exception as error:
        pytest.fail(f"content_encoding is 'gzip', and what was encrypted is not gzip: {error}.")


def sealed(plain: bytes, *, key: bytes = KEYS[0], version: object = 1, encoding: str = "identity") -> tuple[bytes, Any]:
    """An envelope that the test made itself."""
    headers = {} if version is None else {"schema-version": version}
    properties = pika.BasicProperties(content_type="application/json", content_encoding=encoding, headers=headers)
    return Fernet(key).encrypt(plain), properties


def unsealing(
    kata: ModuleType,
    envelope: tuple[bytes, Any],
    *,
    keys: Sequence[bytes] = KEYS[:1],
    current: int = 1,
    upcasters: Any = None,
) -> object:
    """What unseal() returns or raises."""
    body, properties = envelope
    return what_is_raised(lambda: kata.unseal(body, properties, keys=keys, current=current, upcasters=upcasters or {}))


@pytest.mark.step(3, "seal")
def test_step3_seal(kata: ModuleType) -> None:
    event = {"card": "4000-0012-3456-7899", "holder": "Jörg Nuñez"}
    body, about = kata.seal(event, version=3, keys=KEYS)
    assert isinstance(body, bytes), f"seal() returned a body of type {type(body).__name__}; a message's body is bytes."
    assert b"4000-0012" not in body, f"The card's number can be read in the body: {body!r}."
    plain = plain_of(body, about, KEYS[0])
    try:
        assert json.loads(plain.decode("utf-8")) == event, f"The event {event!r} is sealed as {plain!r}."
    except ValueError:
        pytest.fail(f"What was encrypted is {plain!r}, which is not JSON in UTF-8.")
    found = (about.content_type, about.content_encoding, about.delivery_mode)
    assert found == ("application/json", "identity", 2), (
        f"content_type, content_encoding and delivery_mode are {found}; for a small event they must be "
        "'application/json', 'identity', and 2 (persistent)."
    )
    version = (about.headers or {}).get("schema-version")
    assert repr(version) == "3", (
        f"The header 'schema-version' is {version!r}, not the int 3. A receiver has to know how to read the event before "
        "it opens it."
    )
    other, about_other = kata.seal(event, version=3, keys=KEYS)
    ids = {about.message_id, about_other.message_id}
    assert len(ids - {None}) == 2, f"Two envelopes have the message_ids {ids}; each must have one of its own."
    assert body != other, (
        "The same event sealed twice gives the same bytes: whoever watches can see that it is the same."
    )


@pytest.mark.step(3, "seal")
def test_step3_seal_compresses(kata: ModuleType) -> None:
    event = {"note": "a" * 20_000}
    body, about = kata.seal(event, version=1, keys=KEYS[:1])
    assert json.loads(plain_of(body, about, KEYS[0])) == event, "An event of 20 kB does not come out as it went in."
    assert about.content_encoding == "gzip", (
        f"An event of 20 kB has the content_encoding {about.content_encoding!r}; over 1024 bytes it must be 'gzip'."
    )
    assert len(body) < 2000, (
        f"20 kB of the same letter became {len(body)} bytes. What is encrypted looks like noise, and noise cannot be "
        "compressed: compress first, then encrypt."
    )
    for limit, wanted in ((30_000, "identity"), (0, "gzip")):
        _, about = kata.seal(event, version=1, keys=KEYS[:1], compress_over=limit)
        assert about.content_encoding == wanted, (
            f"With compress_over={limit} an event of 20 kB has the content_encoding {about.content_encoding!r}, not "
            f"{wanted!r}."
        )


@pytest.mark.step(3, "seal", "unseal")
def test_step3_keys(kata: ModuleType) -> None:
    old, new, foreign = KEYS
    body, about = kata.seal({"paid": 12}, version=1, keys=[old])

    for keys, what in (([old], "the key alone"), ([new, old], "the new key and the old one")):
        result = unsealing(kata, (body, about), keys=keys)
        assert result == {"paid": 12}, (
            f"Sealed with the old key, opened with {what}: unseal() {what_came(result)}. Keys are changed while messages "
            "are on their way, so any of the keys opens."
        )
    for damaged, keys, what in (
        (body, [foreign], "only a foreign key"),
        (body, [new, foreign], "two other keys"),
        (body[:-9] + bytes([body[-9] ^ 1]) + body[-8:], [old], "one letter of it changed"),
        (body[:40], [old], "half of it missing"),
        (b'{"paid": 1}', [old], "JSON that nobody sealed"),
        (b"", [old], "nothing in it"),
    ):
        result = unsealing(kata, (damaged, about), keys=keys)
        assert isinstance(result, kata.CannotOpen), (
            f"An envelope with {what}: unseal() {what_came(result)}; it must raise CannotOpen."
        )
    for plain, encoding, what in (
        (b"\xff\xfe", "identity", "no UTF-8"),
        (b"paid", "identity", "no JSON"),
        (b"[12]", "identity", "a list"),
        (b'{"paid": 12}', "gzip", "plain JSON that is said to be gzip"),
    ):
        result = unsealing(kata, sealed(plain, encoding=encoding))
        assert isinstance(result, kata.CannotOpen), (
            f"An envelope that holds {what}: unseal() {what_came(result)}; it must raise CannotOpen."
        )


@pytest.mark.step(3, "unseal")
def test_step3_versions(kata: ModuleType) -> None:
    upcasters = {
        1: lambda event: {"amount": event["cents"] / 100},
        2: lambda event: {**event, "currency": "EUR"},
        3: lambda event: {"total": f"{event['amount']:.2f} {event['currency']}"},
    }
    for version, current, event, wanted in (
        (1, 3, {"cents": 1250}, {"amount": 12.5, "currency": "EUR"}),
        (2, 3, {"amount": 12.5}, {"amount": 12.5, "currency": "EUR"}),
        (3, 3, {"amount": 1, "currency": "SEK"}, {"amount": 1, "currency": "SEK"}),
        (1, 4, {"cents": 1250}, {"total": "12.50 EUR"}),
        (1, 1, {"cents": 1250}, {"cents": 1250}),
    ):
        body, about = sealed(json.dumps(event).encode(), version=version)
        result = unsealing(kata, (body, about), current=current, upcasters=upcasters)
        assert result == wanted, (
            f"An event of version {version}, {event}, and the current version is {current}: unseal() {what_came(result)}, "
            f"not {wanted}. upcasters[v] goes one version up; go on until it is the current one, and no further."
        )
    unreadable: tuple[object, ...] = (4, 99, None, 0, -1, "3", 2.0, True)
    for unknown in unreadable:
        result = unsealing(kata, sealed(b"{}", version=unknown), current=3, upcasters=upcasters)
        assert isinstance(result, kata.UnsupportedVersion), (
            f"The header 'schema-version' is {unknown!r} (None: missing) and the current version is 3: unseal() "
            f"{what_came(result)}; it must raise UnsupportedVersion rather than guess."
        )
    body, about = sealed(b"{}")
    about.headers = None
    result = unsealing(kata, (body, about), current=3, upcasters=upcasters)
    assert isinstance(result, kata.UnsupportedVersion), (
        f"A message without any headers (they are None): unseal() {what_came(result)}; it must raise UnsupportedVersion."
    )
    result = unsealing(kata, sealed(b'{"amount": 12.5}', version=2), current=5, upcasters=upcasters)
    assert isinstance(result, kata.UnsupportedVersion), (
        f"An event of version 2, the current version is 5, and no upcaster goes from 4 to 5: unseal() {what_came(result)}; "
        "it must raise UnsupportedVersion rather than return an event of version 4."
    )


@pytest.mark.step(3, "seal", "unseal")
def test_step3_any_event_round_trips(kata: ModuleType) -> None:
    @settings(max_examples=30)
    @given(json_objects, st.integers(0, 60), st.integers(1, 5), st.integers(0, 2))
    @example({}, 0, 1, 0)
    @example({}, 2, 1, 0)  # two bytes are not longer than two bytes
    @example({"Größe": "½ Pfund", "客户": "李雷 🎁"}, 10, 2, 1)
    @example({"text": "x" * 5000}, 1024, 1, 2)
    @example({"": "\u2028 \u0000"}, 0, 1, 0)
    def round_trip(event: dict[str, Any], compress_over: int, version: int, place: int) -> None:
        body, about = kata.seal(event, version=version, keys=KEYS[place:], compress_over=compress_over)
        plain = plain_of(body, about, KEYS[place])
        assert (about.content_encoding == "gzip") is (len(plain) > compress_over), (
            f"The event's JSON has {len(plain)} bytes, compress_over is {compress_over}, and content_encoding is "
            f"{about.content_encoding!r}: longer than that is compressed, all else is not."
        )
        result = unsealing(kata, (body, about), keys=KEYS, current=version)
        assert isinstance(result, dict), f"The event {event!r} was sealed, and unseal() {what_came(result)}."
        assert json.dumps(result, sort_keys=True) == json.dumps(event, sort_keys=True), (
            f"The event {event!r} came out as {result!r}."
        )

    round_trip()


# Step 4


@contextlib.contextmanager
def ledger(folder: Path) -> Iterator[tuple[str, Callable[[], Counter[str]]]]:
    """A database with a table of the test's own: its path, and what is booked in it."""
    path = str(folder / "payments.db")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE booked (payment TEXT)")
        db.commit()

    def booked() -> Counter[str]:
        with contextlib.closing(sqlite3.connect(path)) as db:
            return Counter(payment for (payment,) in db.execute("SELECT payment FROM booked"))

    yield path, booked


def book(payment: str, error: Exception | None = None) -> Callable[[sqlite3.Connection], None]:
    """An effect: books a payment, and then raises if it should."""

    def effect(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO booked VALUES (?)", (payment,))
        if error:
            raise error

    return effect


@pytest.mark.step(4, "Inbox")
def test_step4_once(kata: ModuleType, tmp_path: Path) -> None:
    with ledger(tmp_path) as (path, booked):
        inbox = kata.Inbox(path)
        first, second = inbox.once("m1", book("m1")), inbox.once("m1", book("m1"))
        assert (first, second) == (True, False), (
            f"once('m1', …) was called twice; it returned {first!r} and {second!r}, not True and False."
        )
        assert booked() == {"m1": 1}, (
            f"The effect books a payment, once('m1', …) was called twice, and {booked()['m1']} are booked, not 1."
        )
        again = kata.Inbox(path)
        known, other = again.once("m1", book("m1")), again.once("m2", book("m2"))
        assert (known, other) == (False, True), (
            f"A second Inbox on the same file: once('m1', …) returned {known!r} and once('m2', …) {other!r}. What was "
            "seen must be in the file, for other processes and after a restart."
        )
        strange = "m'; --\u2028 \"é"
        came = [what_is_raised(lambda: inbox.once(strange, book(strange))) for _ in range(2)]
        assert came == [True, False], f"A message_id may be any text; once({strange!r}, …) twice gave {came}."
        assert booked() == {"m1": 1, "m2": 1, strange: 1}, f"Booked are {dict(booked())}; each of the three once."
        with contextlib.closing(sqlite3.connect(path)) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        own = {name for name in tables if not name.startswith("sqlite_")} - {"booked"}
        assert len(own) == 1, f"Inbox made the tables {sorted(own)}; it must make one, its own."


@pytest.mark.step(4, "Inbox")
def test_step4_a_failed_effect_leaves_nothing(kata: ModuleType, tmp_path: Path) -> None:
    with ledger(tmp_path) as (path, booked):
        inbox = kata.Inbox(path)
        for message_id, declined in (
            ("m1", ConnectionError("the bank does not answer")),
            ("m2", sqlite3.IntegrityError("UNIQUE constraint failed: invoices.number")),
        ):
            raised = what_is_raised(partial(inbox.once, message_id, book(message_id, declined)))
            assert raised is declined, (
                f"effect() raised {declined!r}, and once() {what_came(raised)}. The effect's errors are raised on: none "
                f"of them means that {message_id!r} was seen before."
            )
            assert booked() == {}, (
                f"effect() booked a payment and then raised, and {dict(booked())} is booked: the transaction must be "
                "rolled back as a whole."
            )
        result = what_is_raised(lambda: kata.Inbox(path).once("m1", book("m1")))
        assert result is True, (
            f"effect() had raised, so the message had no effect; the next once('m1', …) {what_came(result)}, not True. The "
            "marker and the effect belong into the same transaction."
        )
        assert booked() == {"m1": 1}, (
            f"m1 and m2 failed, m1 then succeeded, and booked is {dict(booked())}, not m1 once."
        )


@pytest.mark.step(4, "Inbox")
def test_step4_concurrent_callers(kata: ModuleType, tmp_path: Path) -> None:
    for shared in (True, False):
        (folder := tmp_path / str(shared)).mkdir()
        with ledger(folder) as (path, booked):
            one = kata.Inbox(path)
            inboxes = [one if shared else kata.Inbox(path) for _ in range(5)]
            together = threading.Barrier(5)

            def effect(db: sqlite3.Connection) -> None:
                db.execute("INSERT INTO booked VALUES ('m1')")
                time.sleep(0.05)  # work takes its time

            def call(inbox: Any, together: threading.Barrier = together) -> bool:
                together.wait(5)
                return bool(inbox.once("m1", effect))

            calls = [Background(partial(call, inbox)) for inbox in inboxes]
            end = time.monotonic() + 8
            ended = [each.wait(max(0.0, end - time.monotonic())) for each in calls]
            assert all(ended), (
                f"5 threads called once('m1', …) at the same moment, and {ended.count(False)} of them had not returned "
                "after 8 s: does each transaction end, also when the message was seen before?"
            )
            results = [each.result for each in calls]
            what = "one Inbox" if shared else "an Inbox each on the same file"
            assert booked() == {"m1": 1}, (
                f"5 threads with {what} called once('m1', …) at the same moment; the payment is booked {booked()['m1']} "
                f"times (they got {results}). Between looking and writing, another one looked: lock before you look "
                "(BEGIN IMMEDIATE), or let a unique key decide."
            )
            assert Counter(map(repr, results)) == {"True": 1, "False": 4}, (
                f"5 threads with {what} called once('m1', …) at the same moment and got {results}; one True and four "
                "False are right. Who comes second waits for the first one's transaction."
            )


@pytest.mark.step(4, "Inbox")
def test_step4_any_sequence_books_each_once(kata: ModuleType, tmp_path: Path) -> None:
    numbers = iter(range(10_000))

    @settings(max_examples=12)
    @given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=8))
    @example([("a", True, False), ("a", False, True), ("a", False, False)])
    def once_each(deliveries: list[tuple[str, bool, bool]]) -> None:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        with ledger(folder) as (path, booked):
            inboxes = [kata.Inbox(path), kata.Inbox(path)]
            came = [
                what_is_raised(
                    partial(inboxes[other].once, message_id, book(message_id, RuntimeError() if fails else None))
                )
                for message_id, fails, other in deliveries
            ]
            wanted = Counter({message_id for message_id, fails, _ in deliveries if not fails})
            assert booked() == wanted, (
                f"Deliveries (message_id, whether its effect fails, which Inbox): {deliveries}; once() gave {came}. Booked "
                f"are {dict(booked())}, and each that succeeded must be booked once: {dict(wanted)}."
            )

    once_each()


# Step 5


def filled(channel: BlockingChannel, queue: str, *bodies: bytes, **properties: Any) -> None:
    """Put messages into a queue, confirmed; each has its body as message_id, and the header "tenant"."""
    channel.confirm_delivery()
    for body in bodies:
        about = pika.BasicProperties(
            **{"message_id": body.decode(), "delivery_mode": 2, "headers": {"tenant": "corner shop"}, **properties}
        )
        channel.basic_publish("", queue, body, about, mandatory=True)


@contextlib.contextmanager
def work_of(kata: ModuleType, server: Any, delays: Sequence[float]) -> Iterator[tuple[str, BlockingChannel, Any]]:
    """A queue with its wait queues, made by the answer: its name, a channel of the test's, and one for the answer."""
    queue = server.fresh("payments")
    with opened(server.url) as ours, opened(server.url) as theirs:
        kata.declare_retry(theirs, queue, delays)
        yield queue, ours, theirs


def consumed(
    kata: ModuleType, channel: BlockingChannel, queue: str, handle: Any, *, delays: Sequence[float], idle_timeout: float
) -> Any:
    """What the answer's consume() reports; if it does not come back, a sentence."""
    call = Background(lambda: kata.consume(channel, queue, handle, delays=delays, idle_timeout=idle_timeout))
    assert call.wait(9), (
        f"consume() with idle_timeout={idle_timeout:g} and delays={list(delays)} had not returned after 9 s. It ends when "
        "so many seconds have gone by without a message. One that lies in a wait queue does not count, and it is that queue "
        "which waits for the delay: consume() goes on with the others."
    )
    if isinstance(call.result, Exception):
        raise call.result
    assert isinstance(call.result, kata.Report), f"consume() must return a Report; it returned {call.result!r}."
    return call.result


def consume_all(
    kata: ModuleType, channel: BlockingChannel, queue: str, handle: Any, *, delays: Sequence[float], messages: int
) -> Any:
    """Have the answer consume until so many messages are done or parked, or for 6 s; the sum of its reports.

    On a busy machine a message may come back from its wait queue after the consumer has gone home.
    """
    total = kata.Report(0, 0, 0)
    end = time.monotonic() + 6
    while total.done + total.parked < messages and time.monotonic() < end:
        one = consumed(kata, channel, queue, handle, delays=delays, idle_timeout=delays[-1] + 0.2)
        total = kata.Report(total.done + one.done, total.retried + one.retried, total.parked + one.parked)
    return total


@pytest.mark.step(5, "declare_retry")
def test_step5_wait_queues(kata: ModuleType, rabbitmq_server: Any) -> None:
    with work_of(kata, rabbitmq_server, [0.15, 0.6]) as (queue, ours, theirs):
        filled(ours, queue, b"there before")
        kata.declare_retry(theirs, queue, [0.15, 0.6])
        kept = [body for _, body in drain(ours, queue)]
        assert kept == [b"there before"], (
            f"A message was in the queue, declare_retry() was called again, and now {kept} are there. Each consumer calls "
            "it when it starts: what exists must stay as it is."
        )
        names = [queue, f"{queue}.parked", f"{queue}.retry.1", f"{queue}.retry.2"]
        found = {one["name"]: one["durable"] for one in rabbitmq_server.management.get("queues", rabbitmq_server.vhost)}
        assert found == dict.fromkeys(names, True), (
            f"After declare_retry(channel, {queue!r}, [0.15, 0.6]) the broker has these queues (name: durable): {found}. "
            f"It must have {names}, all durable."
        )
        put: dict[bytes, float] = {}
        without_confirms = ours.connection.channel()  # so that both come at nearly the same moment
        for body, number in ((b"long", 2), (b"short", 1)):
            put[body] = time.monotonic()
            without_confirms.basic_publish("", f"{queue}.retry.{number}", body)
        came: dict[bytes, float] = {}

        def both_are_back() -> bool:
            came.update({body: time.monotonic() for _, body in drain(ours, queue)})
            return len(came) == 2

        eventually(
            both_are_back,
            5,
            lambda: (
                f"A message lay in each of the wait queues, and {list(came)} of them came back to {queue!r}. A wait queue "
                "has a time to live (x-message-ttl), and dead-letters to the default exchange with the queue's name as "
                "routing key."
            ),
        )
        waited = {body: came[body] - put[body] for body in came}
        assert [waited[b"short"] > 0.14, waited[b"long"] > 0.58] == [True, True], (
            f"The delays are 0.15 and 0.6 s, and the messages were back after {waited[b'short']:.2f} and "
            f"{waited[b'long']:.2f} s. x-message-ttl is in milliseconds."
        )
        assert list(came) == [b"short", b"long"], (
            f"They came back in the order {list(came)}; the one with 0.15 s to wait must be first. Each wait queue has the "
            "delay of its own number."
        )


@pytest.mark.step(5, "declare_retry", "consume")
def test_step5_retry_and_parking(kata: ModuleType, rabbitmq_server: Any) -> None:
    calls: dict[bytes, list[float]] = {}

    def handle(body: bytes, about: pika.BasicProperties) -> None:
        calls.setdefault(body, []).append(time.monotonic())
        if body == b"fatal":
            raise kata.Park("the account is closed")
        if body == b"poison" or (body == b"flaky" and len(calls[body]) == 1):
            raise ValueError(f"cannot read {body.decode()}")

    with work_of(kata, rabbitmq_server, [0.15, 0.4]) as (queue, ours, theirs):
        filled(ours, queue, b"ok", b"flaky", b"poison", b"fatal")
        report = consume_all(kata, theirs, queue, handle, delays=[0.15, 0.4], messages=4)
        numbers = {body.decode(): len(times) for body, times in calls.items()}
        assert numbers == {"ok": 1, "flaky": 2, "poison": 3, "fatal": 1}, (
            f"handle() was called so many times: {numbers}. With two delays 'flaky', which fails once, comes twice, "
            "'poison' three times, and 'fatal', which raises Park, once."
        )
        first, second = (later - sooner for sooner, later in zip(calls[b"poison"], calls[b"poison"][1:], strict=False))
        assert [first > 0.14, second > 0.38] == [True, True], (
            f"'poison' came again after {first:.2f} s and after {second:.2f} s; the delays are 0.15 and 0.4 s. What failed "
            "a moment ago will most likely fail again at once."
        )
        assert report == kata.Report(2, 3, 2), (
            f"consume() returned {report!r}; Report(done=2, retried=3, parked=2) is right: flaky was retried once, poison "
            "twice; poison and fatal are parked."
        )
        left = (rabbitmq_server.ready(queue), rabbitmq_server.ready(f"{queue}.parked"))
        assert left == (0, 2), f"In the queue and in the parked queue are {left} messages; 0 and 2 must be."
        parked = {body: about for about, body in drain(ours, f"{queue}.parked")}
    assert set(parked) == {b"poison", b"fatal"}, (
        f"Parked are the bodies {sorted(parked)}: b'fatal' and b'poison' must be."
    )
    for body, failures, reason in ((b"poison", 3, "cannot read poison"), (b"fatal", 1, "the account is closed")):
        about = parked[body]
        headers = about.headers or {}
        assert (about.message_id, headers.get("tenant"), about.delivery_mode) == (body.decode(), "corner shop", 2), (
            f"The message {body!r} was parked with message_id {about.message_id!r}, tenant {headers.get('tenant')!r} and "
            f"delivery_mode {about.delivery_mode!r}; it must stay the message that it was: {body.decode()!r}, 'corner "
            "shop', and 2 (persistent)."
        )
        assert headers.get("x-attempt") == failures, (
            f"The message {body!r} failed {failures} times, and was parked with x-attempt {headers.get('x-attempt')!r}."
        )
        assert reason in str(headers.get("x-error")), (
            f"The message {body!r} failed with {reason!r}, and was parked with x-error {headers.get('x-error')!r}: whoever "
            "finds it next week needs to know why it is there."
        )


@pytest.mark.step(5, "declare_retry", "consume")
def test_step5_waiting_is_quiet(kata: ModuleType, rabbitmq_server: Any) -> None:
    begun: list[float] = []

    def handle(body: bytes, about: pika.BasicProperties) -> None:
        begun.append(time.monotonic())
        time.sleep(0.1)  # work takes its time
        raise ValueError("not yet")

    with work_of(kata, rabbitmq_server, [30.0]) as (queue, ours, theirs):
        filled(ours, queue, b"slow", expiration="20000")
        filled(ours, queue, b"bare", headers=None)
        filled(ours, queue, b"known", headers={"x-attempt": 1})
        report = kata.Report(0, 0, 0)
        for _ in range(5):
            before = len(begun)
            one = consumed(kata, theirs, queue, handle, delays=[30.0], idle_timeout=0.6)
            quiet = time.monotonic() - (begun[-1] if len(begun) > before else 0.0)
            report = kata.Report(report.done + one.done, report.retried + one.retried, report.parked + one.parked)
            if len(begun) >= 3:
                break
        assert quiet > 0.55, (
            f"consume() with idle_timeout=0.6 went home {quiet:.2f} s after its last message had come: the time begins "
            "anew with each message."
        )
        assert report == kata.Report(0, 2, 1), (
            f"Three messages failed once each. One of them had failed in another process before (it came with x-attempt "
            f"1), and there is one delay: Report(done=0, retried=2, parked=1) is right, not {report!r}."
        )
        waiting = drain(ours, f"{queue}.retry.1")
        assert sorted(body for _, body in waiting) == [b"bare", b"slow"], (
            f"In the wait queue are {[body for _, body in waiting]}; it must be the messages b'slow' and b'bare'."
        )
        about = next(about for about, body in waiting if body == b"slow")
        assert about.expiration is None, (
            f"The message came with an expiration of 20 s, and its copy in the wait queue has the expiration "
            f"{about.expiration!r}: it would wait no longer than that, and in the parked queue it would die. Take it off."
        )
        assert (about.delivery_mode, (about.headers or {}).get("x-attempt")) == (2, 1), (
            f"The copy in the wait queue has delivery_mode {about.delivery_mode!r} and x-attempt "
            f"{(about.headers or {}).get('x-attempt')!r}; 2 (persistent) and 1 are right."
        )
        filled(ours, queue, b"late")
        eventually(
            lambda: rabbitmq_server.ready(queue) == 1,
            5,
            lambda: (
                f"A message came after consume() had returned, and {rabbitmq_server.ready(queue)} are ready: the consumer "
                "that it left behind has taken it, and nobody will handle it. Cancel the consumer."
            ),
        )


@pytest.mark.step(5, "declare_retry", "consume")
def test_step5_the_copy_comes_first(kata: ModuleType, rabbitmq_server: Any) -> None:
    """An operator has deleted the wait queue: the broker cannot keep a copy."""
    with work_of(kata, rabbitmq_server, [0.2]) as (queue, ours, theirs):
        calls = 0

        def handle(body: bytes, about: pika.BasicProperties) -> None:
            nonlocal calls
            calls += 1
            if calls <= 20:
                ours.queue_delete(f"{queue}.retry.1")
                raise ValueError("not yet")

        filled(ours, queue, b"payment")
        call = Background(lambda: kata.consume(theirs, queue, handle, delays=[0.2], idle_timeout=0.4))
        assert call.wait(8), "The wait queue is gone, and consume() had not returned after 8 s."
        with contextlib.suppress(Exception):
            theirs.connection.close()
        if calls > 20:  # it was given back again and again, and handled in the end
            return
        eventually(
            lambda: any(rabbitmq_server.ready(f"{queue}{end}") for end in ("", ".retry.1", ".parked")),
            5,
            lambda: (
                f"The wait queue does not exist, so there is no copy of the message, and yet the message is nowhere any "
                f"more; consume() {what_came(call.result)}. Acknowledge a message only after its copy is confirmed, and "
                "publish the copy as mandatory: a copy that no queue takes is confirmed as well."
            ),
        )


@pytest.mark.step(5, "declare_retry", "consume")
def test_step5_all_are_done_or_parked(kata: ModuleType, rabbitmq_server: Any) -> None:
    @settings(max_examples=1, phases=NO_SHRINKING)
    @given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8))
    @example([(0, False), (1, False), (2, False), (3, False), (1, True), (2, True)])
    def done_or_parked(plan: list[tuple[int, bool]]) -> None:
        """For each message how many times it fails, and whether the last of these is for good."""
        calls: Counter[bytes] = Counter()
        done: Counter[bytes] = Counter()

        def handle(body: bytes, about: pika.BasicProperties) -> None:
            fails, for_good = plan[int(body)]
            calls[body] += 1
            if calls[body] <= fails:
                raise kata.Park("for good") if for_good and calls[body] == fails else LookupError("not yet")
            done[body] += 1

        with work_of(kata, rabbitmq_server, [0.03, 0.06]) as (queue, ours, theirs):
            filled(ours, queue, *(b"%d" % number for number in range(len(plan))))
            report = consume_all(kata, theirs, queue, handle, delays=[0.03, 0.06], messages=len(plan))
            parked = Counter(body for _, body in drain(ours, f"{queue}.parked"))
        hopeless = {
            b"%d" % number for number, (fails, for_good) in enumerate(plan) if fails > 2 or (fails and for_good)
        }
        about = f"Each message fails so many times, the last time for good if True: {plan}"
        assert parked == Counter(hopeless), (
            f"{about}. Parked are {dict(parked)}; {sorted(hopeless)} must be, each once."
        )
        fine = Counter({b"%d" % number: 1 for number in range(len(plan))}) - Counter(hopeless)
        assert done == fine, f"{about}. Done are {dict(done)}; {sorted(fine)} must be, each once."
        wanted = kata.Report(len(fine), calls.total() - len(plan), len(hopeless))
        assert report == wanted, f"{about}. consume() returned {report!r}, and what happened is {wanted!r}."

    done_or_parked()


# Step 6

OBSERVER = {"name": "observer", "password": "observer", "tags": "administrator"}
ITS_PERMISSIONS = {"user": "observer", "vhost": "shop", "configure": "", "write": "", "read": ""}
"""A user of the test's own, who may look at everything."""

ONLY_OBSERVER = json.dumps({"vhosts": [{"name": "shop"}], "users": [OBSERVER], "permissions": [ITS_PERMISSIONS]})


def observed(kata_dir: Path) -> str:
    """The answer's definitions, and the observer."""
    try:
        found = json.loads((kata_dir / "definitions.json").read_text(encoding="utf-8"))
    except ValueError as error:
        pytest.fail(f"definitions.json is not JSON: {error}.")
    lists = ("vhosts", "users", "permissions", "exchanges", "queues", "bindings")
    missing = [name for name in lists if not isinstance(found, dict) or not isinstance(found.get(name), list)]
    if missing:
        pytest.fail(
            f"definitions.json must be a JSON object with these lists: {', '.join(lists)}. Not there: {missing}."
        )
    if {"name": "shop"} not in [{"name": one.get("name")} for one in found["vhosts"] if isinstance(one, dict)]:
        pytest.fail(f"The 'vhosts' of definitions.json are {found['vhosts']}; the vhost 'shop' must be among them.")
    found["users"].append(OBSERVER)
    found["permissions"].append(ITS_PERMISSIONS)
    return json.dumps(found)


def tls_node(factory: Callable[..., Any], kata_dir: Path, definitions: str) -> Any:
    """A node with the answer's rabbitmq.conf, which listens for TLS and for nothing else."""
    node = factory(
        kata_dir / "rabbitmq.conf", definitions, certificates=True, plugins=("rabbitmq_management",), keep=True
    )
    assert not listens(node.port), (
        "The node listens on a port without TLS as well, as RabbitMQ does unless it is told not to. What goes through it "
        "can be read by everybody on the way: listeners.tcp = none."
    )
    assert listens(node.tls_port), (
        "The node does not listen for TLS. It needs a port (listeners.ssl.default), and three files: "
        "ssl_options.cacertfile, certfile and keyfile."
    )
    return node


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def url_of(node: Any, user: str, password: str, *, host: str = "localhost", vhost: str = "shop") -> str:
    return f"amqps://{user}:{password}@{host}:{node.tls_port}/{vhost}"


def complaints(node: Any) -> str:
    """What the node's log says of connections, for a message."""
    lines = [
        line
        for line in node.log_path.read_text(errors="replace").splitlines()
        if re.search(r"\[error\]|TLS server:", line)
    ]
    return "\n".join(["The node's log says:", *(f"  {line[-200:]}" for line in lines[-4:])] if lines else [])


@pytest.mark.step(6, "connect_tls", "rabbitmq.conf")
@pytest.mark.timeout(60)
def test_step6_tls(
    kata: ModuleType, kata_dir: Path, rabbitmq_server_factory: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    try:  # once the definitions are written, it is the node of step 7
        node = tls_node(rabbitmq_server_factory, kata_dir, observed(kata_dir))
    except (ServerConfigError, pytest.fail.Exception):
        node = tls_node(rabbitmq_server_factory, kata_dir, ONLY_OBSERVER)
    ours = node.certificates
    files = {"ca_file": str(ours.ca), "cert_file": str(ours.client), "key_file": str(ours.client_key)}

    def connect(host: str = "localhost", **changed: str | None) -> object:
        result = what_is_raised(
            lambda: kata.connect_tls(url_of(node, "observer", "observer", host=host), **{**files, **changed})
        )
        if isinstance(result, pika.BlockingConnection):
            with contextlib.suppress(Exception):
                result.close()
        return result

    def connect_trusting_the_system() -> object:
        """With a foreign CA, while the computer's own list of authorities has ours."""
        with monkeypatch.context() as changed:
            changed.setenv("SSL_CERT_FILE", str(ours.ca))
            return connect(ca_file=str(ours.foreign_ca))

    connection = what_is_raised(lambda: kata.connect_tls(url_of(node, "observer", "observer"), **files))
    assert isinstance(connection, pika.BlockingConnection), (
        f"Everything is as it should be (localhost, our CA, a client certificate that it signed, a user of the definitions "
        f"that the node was given), and connect_tls() {what_came(connection)}.\n{complaints(node)}"
    )
    with contextlib.closing(connection):
        assert connection.is_open, "connect_tls() returned a connection that is closed already."
        connection.channel().close()
    known_elsewhere = {"payments.example": "127.0.0.1"}
    lookup = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: lookup(known_elsewhere.get(host, host), *rest, **more)
    )
    for result, what, meaning in (
        (
            connect(cert_file=None, key_file=None),
            "A client shows no certificate",
            "The broker must turn it away: verify_peer checks a certificate if there is one, and fail_if_no_peer_cert "
            "wants that there is one.",
        ),
        (
            connect(cert_file=str(ours.foreign_client), key_file=str(ours.foreign_client_key)),
            "A client shows a certificate that another authority signed",
            "The broker must turn it away: ssl_options.verify = verify_peer has it look at who signed.",
        ),
        (
            connect_trusting_the_system(),
            "The server's certificate is signed by another authority than the one in ca_file",
            "connect_tls() must not go on with a server that anybody may be: check its certificate against ca_file, and "
            "nothing else.",
        ),
        (
            connect("payments.example"),
            "The name payments.example leads to this server, whose certificate is for localhost",
            "Whoever has any certificate of this CA could be in the middle: the host name must be checked as well.",
        ),
    ):
        came = "a connection" if isinstance(result, pika.BlockingConnection) else repr(result)
        assert isinstance(result, Exception), f"{what}, and connect_tls() returned {came}. {meaning}"
    for version, wanted in (
        (ssl.TLSVersion.TLSv1_3, True),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_1, False),
    ):
        assert speaks(node, version) is wanted, (
            f"The broker {'speaks no' if wanted else 'speaks'} {version.name}. TLS 1.3 and 1.2 are wanted, nothing older: "
            "ssl_options.versions.1 and .2."
        )


def speaks(node: Any, version: ssl.TLSVersion) -> bool:
    """Whether the broker answers AMQP over this version of TLS."""
    context = ssl.create_default_context(cafile=str(node.certificates.ca))
    context.load_cert_chain(node.certificates.client, node.certificates.client_key)
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that this side would agree to an old version
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # which is about the old version that is tried on purpose
        context.minimum_version = context.maximum_version = version
    try:
        with (
            socket.create_connection(("127.0.0.1", node.tls_port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as link,
        ):
            link.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(link.recv(1))
    except OSError:
        return False


# Step 7


@contextlib.contextmanager
def logged_in(node: Any, user: str) -> Iterator[pika.BlockingConnection]:
    """A connection of the test's own as one of the three users."""
    context = ssl.create_default_context(cafile=str(node.certificates.ca))
    context.load_cert_chain(node.certificates.client, node.certificates.client_key)
    parameters = pika.URLParameters(url_of(node, user, f"{user}-secret"))
    parameters.ssl_options = pika.SSLOptions(context, "localhost")
    connection = pika.BlockingConnection(parameters)
    try:
        yield connection
    finally:
        with contextlib.suppress(Exception):
            connection.close()


def in_(node: Any, user: str) -> contextlib.AbstractContextManager[pika.BlockingConnection]:
    """`logged_in`, or a sentence."""
    try:
        with logged_in(node, user):
            pass
    except Exception as error:
        pytest.fail(
            f"{user} with the password {user}-secret cannot log in to the vhost 'shop': {error!r}. definitions.json needs "
            f"the vhost, the user and its password (password, or password_hash), and its permissions in that vhost.\n"
            f"{complaints(node)}"
        )
    return logged_in(node, user)


def publishing(exchange: str, key: str = "eu.paid") -> Callable[[BlockingChannel], object]:
    def act(channel: BlockingChannel) -> None:
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"payment", mandatory=True)

    return act


def may(connection: pika.BlockingConnection, act: Callable[[BlockingChannel], object]) -> str | None:
    """None if the broker refuses that for want of permission, else what it said."""
    channel = connection.channel()
    result = what_is_raised(lambda: act(channel))
    if isinstance(result, ChannelClosedByBroker) and result.reply_code == 403:
        return None
    return f"the broker {'did it' if not isinstance(result, Exception) else f'looked whether it can: {result!r}'}"


@pytest.mark.step(7, "rabbitmq.conf", "definitions.json")
@pytest.mark.timeout(60)
def test_step7_each_may_do_only_its_job(kata_dir: Path, rabbitmq_server_factory: Callable[..., Any]) -> None:
    node = tls_node(rabbitmq_server_factory, kata_dir, observed(kata_dir))
    messages_pass(node)
    nothing_else_is_allowed(node)
    topology_is_durable(node)
    operators_only_look(node)
    guests_stay_out(node)


def messages_pass(node: Any) -> None:
    with in_(node, "producer") as producer, in_(node, "consumer") as consumer:
        for key in ("eu.paid.4711", "paid", ""):
            sent = what_is_raised(lambda: publishing("orders", key)(producer.channel()))  # noqa: B023 - at once
            assert not isinstance(sent, Exception), (
                f"producer publishes to the exchange 'orders' with the routing key {key!r}, and the broker says {sent!r}. "
                "It may write to this exchange, and every message must reach the queue 'orders.work': bound with '#'."
            )
        got = what_is_raised(lambda: drain(consumer.channel(), "orders.work"))
        assert isinstance(got, list), f"consumer takes messages from 'orders.work', and the broker says {got!r}."
        assert len(got) == 3, f"producer published three messages, and consumer found {len(got)} in 'orders.work'."


def nothing_else_is_allowed(node: Any) -> None:
    with in_(node, "producer") as producer, in_(node, "consumer") as consumer:
        for who, connection, what, act in (
            ("producer", producer, "publish through the default exchange", publishing("", "orders.work")),
            ("producer", producer, "publish to 'amq.topic'", publishing("amq.topic")),
            ("producer", producer, "publish to 'orders.archive'", publishing("orders.archive")),
            ("producer", producer, "publish to 'my-orders'", publishing("my-orders")),
            ("producer", producer, "take from 'orders.work'", lambda channel: channel.basic_get("orders.work")),
            ("producer", producer, "declare a queue", lambda channel: channel.queue_declare("mine")),
            ("producer", producer, "declare an exchange", lambda channel: channel.exchange_declare("mine")),
            ("producer", producer, "delete 'orders.work'", lambda channel: channel.queue_delete("orders.work")),
            ("consumer", consumer, "publish to 'orders'", publishing("orders")),
            ("consumer", consumer, "publish through the default exchange", publishing("", "orders.work")),
            (
                "consumer",
                consumer,
                "take from 'orders.work.dead'",
                lambda channel: channel.basic_get("orders.work.dead"),
            ),
            ("consumer", consumer, "take from 'old-orders.work'", lambda channel: channel.basic_get("old-orders.work")),
            ("consumer", consumer, "take from 'orders-work'", lambda channel: channel.basic_get("orders-work")),
            ("consumer", consumer, "declare a queue", lambda channel: channel.queue_declare("mine")),
            ("consumer", consumer, "delete 'orders.work'", lambda channel: channel.queue_delete("orders.work")),
        ):
            allowed = may(connection, act)
            assert allowed is None, (
                f"{who} may {what}: {allowed}. producer may only publish to 'orders', and consumer may only read "
                "'orders.work'. Permissions are regular expressions: '' or '^$' is nothing, '^orders$' is that name and no "
                "longer one, and a dot is any character unless it is escaped ('\\\\.' in JSON)."
            )


def asked(node: Any, user: str, password: str, method: str, path: str) -> httpx.Response:
    """What the management API says to a user."""
    address = node.management_url.partition("@")[2]
    return httpx.request(method, f"http://{address}/api/{path}", auth=(user, password), json={}, timeout=15)


def topology_is_durable(node: Any) -> None:
    queue = asked(node, "observer", "observer", "GET", "queues/shop/orders.work").json()
    assert queue.get("durable") is True, (
        "The queue 'orders.work' is not durable: a restart of the broker deletes it with all that is in it."
    )
    exchange = asked(node, "observer", "observer", "GET", "exchanges/shop/orders").json()
    about = (exchange.get("type"), exchange.get("durable"))
    assert about == ("topic", True), f"The exchange 'orders' has (type, durable) {about}; it must be a durable topic."


def operators_only_look(node: Any) -> None:
    seen = asked(node, "ops", "ops-secret", "GET", "overview")
    assert seen.status_code == 200, (
        f"ops asks the management API for an overview, and is told {seen.status_code} {seen.text}. The tag 'monitoring' "
        "lets a user look at the broker's numbers."
    )
    made = asked(node, "ops", "ops-secret", "PUT", "vhosts/mine")
    assert made.status_code in (401, 403), (
        f"ops made a vhost (the management API answered {made.status_code}): whoever only looks after the broker needs the "
        "tag 'monitoring', not 'administrator'."
    )
    for user in ("producer", "consumer"):
        answer = asked(node, user, f"{user}-secret", "GET", "whoami")
        assert answer.status_code == 401, (
            f"{user} may use the management API ({answer.text}); it needs no tag to do its job."
        )
    with contextlib.ExitStack() as stack:
        connection: Any = what_is_raised(lambda: stack.enter_context(logged_in(node, "ops")))
        if isinstance(connection, Exception):  # without any permission in the vhost it cannot even enter
            return
        for what, act in (
            ("take from 'orders.work'", lambda channel: channel.basic_get("orders.work")),
            ("publish to 'orders'", publishing("orders")),
            ("declare a queue", lambda channel: channel.queue_declare("mine")),
        ):
            allowed = may(connection, act)
            assert allowed is None, f"ops may {what}: {allowed}. It looks at numbers, never at payments."


def guests_stay_out(node: Any) -> None:
    answer = asked(node, "guest", "guest", "GET", "whoami")
    assert answer.status_code == 401, (
        f"guest with the password guest can log in ({answer.text}). Everybody knows this user: leave it out of the "
        "definitions, and the broker does not make it."
    )
    known = {one["name"] for one in asked(node, "observer", "observer", "GET", "users").json()} - {"observer"}
    assert known == {"producer", "consumer", "ops"}, (
        f"The broker knows the users {sorted(known)}; producer, consumer and ops are wanted, and nobody else."
    )
