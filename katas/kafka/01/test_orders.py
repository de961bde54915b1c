"""Tests of kafka/01. They look at what the broker holds, never at how the answer is written."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from kafka import KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

if TYPE_CHECKING:
    from pytest_mqkata.brokers.kafka import KafkaServer

HEADER = ("content-type", b"application/json")


def order(number: int, customer: str = "ada") -> dict[str, Any]:
    return {"customer": customer, "number": number}


def numbers(orders: object) -> list[int]:
    """The orders' numbers; what is no list of orders fails the step with a sentence."""
    assert isinstance(orders, list), f"The function returned {orders!r}, not a list of orders."
    assert all(isinstance(one, dict) and "number" in one for one in orders), (
        f"The list holds something that is not an order as it was written: {orders[:3]!r} …"
    )
    return [one["number"] for one in orders]


@contextmanager
def producer(server: KafkaServer, **options: Any) -> Iterator[KafkaProducer]:
    with closing(KafkaProducer(bootstrap_servers=server.url, **options)) as made:
        yield made


def store(made: KafkaProducer, topic: str, partitions: dict[int, list[int]], timestamp_ms: int | None = None) -> None:
    """Write orders of given numbers to given partitions; returns when all are stored."""
    futures = [
        made.send(topic, json.dumps(order(number)).encode(), partition=partition, timestamp_ms=timestamp_ms)
        for partition, some in partitions.items()
        for number in some
    ]
    for future in futures:
        future.get(timeout=10)


def stored(server: KafkaServer, topic: str, partitions: dict[int, list[int]]) -> None:
    """The same with a producer of its own."""
    with producer(server) as made:
        store(made, topic, partitions)


def layout(server: KafkaServer, topic: str) -> dict[int, int]:
    found = server.admin.describe_topics([topic])[0]
    if found["error_code"]:
        return {}
    return {one["partition_index"]: one["leader_id"] for one in found["partitions"]}


def setting(server: KafkaServer, topic: str, key: str) -> str | None:
    """A topic's setting as the broker describes it."""
    answer = server.admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    found = answer["topic"][topic].get(key)
    return found["value"] if found else None


def committed(server: KafkaServer, topic: str, group: str) -> int | None:
    """The offset that a group has committed in partition 0; None if it has not."""
    found = server.admin.list_group_offsets(group)[group].get(TopicPartition(topic, 0))
    return found.offset if found and found.offset >= 0 else None


def groups(server: KafkaServer, topic: str) -> set[str]:
    """The groups that the broker knows, without those of other tests, which may run on it at the same time."""
    found = {str(one["group_id"]) for one in server.admin.list_groups()}
    return {name for name in found if topic in name or not re.search(r"-[0-9a-f]+-\d+$", name)}


@contextmanager
def orders_arriving(server: KafkaServer, topic: str) -> Iterator[None]:
    """A program that writes an order every 5 ms."""
    ended = threading.Event()

    def write() -> None:
        with producer(server) as made:
            while not ended.wait(0.005):
                made.send(topic, json.dumps(order(0)).encode())

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def outcome_of(call: Callable[[], object]) -> object:
    """What a call returns, or the exception that it raises."""
    try:
        return call()
    except Exception as error:
        return error


def told(outcome: object) -> str:
    return f"raised {outcome!r}" if isinstance(outcome, Exception) else f"returned {outcome!r}"


@pytest.mark.step(1, "create_topic")
def test_creates_a_topic(kata: ModuleType, kafka_server: KafkaServer) -> None:
    name = kafka_server.name("orders")
    made = kata.create_topic(kafka_server.url, name, partitions=3, retention_ms=86_400_000)

    assert made is True, f"create_topic returned {made!r} for a new topic; it must say True."
    found = layout(kafka_server, name)
    assert len(found) == 3, f"The broker has {len(found)} partitions of the topic, not 3."
    assert min(found.values()) >= 0, f"On return some partition had no leader yet (leaders {found}): a send would fail."
    kept = setting(kafka_server, name, "retention.ms")
    assert kept == "86400000", (
        f"The topic's retention.ms is {kept or 'not set'}, not 86400000: pass it as a setting of the topic."
    )


@pytest.mark.step(2, "create_topic")
def test_creating_twice_is_harmless(kata: ModuleType, kafka_server: KafkaServer) -> None:
    name = kafka_server.name("orders")
    kata.create_topic(kafka_server.url, name, partitions=2)

    again = kata.create_topic(kafka_server.url, name, partitions=2)
    assert again is False, f"create_topic returned {again!r} for a topic that was there; it must say False."
    outcome = outcome_of(lambda: kata.create_topic(kafka_server.url, name, partitions=4))
    assert isinstance(outcome, ValueError), (
        f"The topic has 2 partitions, and create_topic with 4 {told(outcome)}; it must raise ValueError."
    )
    found = layout(kafka_server, name)
    assert len(found) == 2, (
        f"The topic had 2 partitions and now has {len(found)}: a call with another number must change nothing."
    )


@pytest.mark.step(3, "create_topic")
@pytest.mark.parametrize("what", ["too few brokers", "a bad name"])
def test_refusals_are_raised(kata: ModuleType, kafka_server: KafkaServer, what: str) -> None:
    name, copies = ("a name with spaces", 1) if what == "a bad name" else (kafka_server.name("orders"), 3)
    outcome = outcome_of(lambda: kata.create_topic(kafka_server.url, name, replication_factor=copies))

    assert isinstance(outcome, KafkaError), (
        f"The broker refused the topic ({what}), and create_topic {told(outcome)}. The caller must get the client's "
        "exception, which says why; otherwise it believes that the topic exists."
    )


@pytest.mark.step(4, "topic_layout")
def test_layout_names_the_leaders(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("orders", partitions=3)
    found = kata.topic_layout(kafka_server.url, topic)

    assert found == layout(kafka_server, topic), (
        f"topic_layout says {found!r}; the broker says {layout(kafka_server, topic)} (partition to the leader's node id)."
    )
    missing = kafka_server.name("missing")
    outcome = outcome_of(lambda: kata.topic_layout(kafka_server.url, missing))
    assert isinstance(outcome, KeyError), (
        f"There is no such topic, and topic_layout {told(outcome)}; it must raise KeyError. The broker's answer for it "
        "has an error_code."
    )
    assert layout(kafka_server, missing) == {}, "Asking for a topic that does not exist has created it."


@pytest.mark.step(5, "publish_orders")
def test_orders_are_stored_where_it_says(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("orders", partitions=3)
    orders = [order(number, customer=f"customer-{number % 7}") | {"note": "für Zoë"} for number in range(50)]
    places = kata.publish_orders(kafka_server.url, topic, iter(orders))

    places = as_places(places, 50)
    records = {(one.partition, one.offset): one for one in kafka_server.records(topic)}
    for sent, place in zip(orders, places, strict=True):
        assert place in records, f"The broker has no record at {place!r}, where order {sent['number']} should be."
        record = records[place]
        assert decoded(record.value) == sent, (
            f"At {place!r} the broker has {record.value[:80]!r}, not order {sent['number']} as UTF-8 JSON."
        )
        key = sent["customer"].encode()
        assert record.key == key, f"The record at {place!r} has the key {record.key!r}, not the customer {key!r}."
        assert HEADER in [tuple(one) for one in record.headers], (
            f"The record at {place!r} has the headers {record.headers!r}; {HEADER!r} is missing."
        )


def as_places(places: object, count: int) -> list[tuple[int, int]]:
    """What publish_orders returned; anything but pairs of numbers fails the step with a sentence."""
    assert isinstance(places, list), f"publish_orders returned {places!r}, not a list of (partition, offset)."
    assert len(places) == count, f"publish_orders returned {len(places)} places for {count} orders."
    for place in places:
        assert isinstance(place, tuple), (
            f"publish_orders returned a list with {place!r} in it, not (partition, offset)."
        )
    return places


def decoded(value: bytes) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return None


@pytest.mark.step(6, "publish_orders")
def test_a_refused_order_is_an_error(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("orders", config={"max.message.bytes": 2000})
    large = order(1) | {"note": "x" * 5000}
    outcome = outcome_of(lambda: kata.publish_orders(kafka_server.url, topic, [large]))

    assert isinstance(outcome, Exception), (
        f"The broker refused an order as too large, and publish_orders returned {outcome!r} as if all were well. Only the "
        "record's future knows: open it."
    )


@pytest.mark.step(7, "read_orders")
def test_reads_everything_twice(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("orders", partitions=3)
    stored(kafka_server, topic, {part: list(range(part * 400, part * 400 + 400)) for part in range(3)})
    before = groups(kafka_server, topic)

    for call in ("first", "second"):
        found = numbers(kata.read_orders(kafka_server.url, topic))
        assert len(found) == 1200, (
            f"The topic holds 1200 orders; the {call} call returned {len(found)}. A poll returns 500 at the most, and a "
            "reader without a group has no memory of the last time."
        )
        for part in range(3):
            mine = [number for number in found if number // 400 == part]
            assert mine == sorted(mine), f"The orders of partition {part} are not in the order of their offsets."
    joined = groups(kafka_server, topic) - before
    assert not joined, f"The broker now knows the groups {sorted(joined)}: reading everything needs no group."


@pytest.mark.step(8, "read_orders")
def test_empty_topic_does_not_wait(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("orders", partitions=2)
    begun = time.monotonic()
    found = kata.read_orders(kafka_server.url, topic, timeout=30)
    seconds = time.monotonic() - begun

    assert found == [], f"The topic is empty, and read_orders returned {found!r}."
    assert seconds < 5, (
        f"read_orders took {seconds:.1f} s to find an empty topic empty. end_offsets says at once where the end is."
    )


@pytest.mark.step(9, "read_orders")
@pytest.mark.timeout(30)
def test_reading_ends_while_orders_arrive(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("orders")
    stored(kafka_server, topic, {0: list(range(1, 21))})  # those that arrive have the number 0
    outcomes: list[object] = []

    def read() -> None:
        outcomes.append(outcome_of(lambda: kata.read_orders(kafka_server.url, topic)))

    with orders_arriving(kafka_server, topic):
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(7)
        in_time = not reader.is_alive()
    reader.join(15)
    assert in_time, (
        "After 7 s read_orders was still reading, because another program goes on writing. Its end is the one at the "
        "time of the call."
    )
    assert not isinstance(outcomes[0], Exception), f"While orders arrived, read_orders {told(outcomes[0])}."
    missing = set(range(1, 21)) - set(numbers(outcomes[0]))
    assert not missing, (
        f"The orders {sorted(missing)} were there before the call, and read_orders has not returned them."
    )


@pytest.mark.step(10, "resume_orders")
def test_resume_continues(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic, group = kafka_server.topic("orders"), kafka_server.name("packing")

    def resume(max_orders: int, name: str = group) -> list[int]:
        return numbers(kata.resume_orders(kafka_server.url, topic, name, max_orders))

    with producer(kafka_server) as shop:
        store(shop, topic, {0: list(range(10))})
        first = resume(3)
        assert first == [0, 1, 2], (
            f"A new group's first call for 3 orders returned {first}, not [0, 1, 2]: it begins at the start of the topic. "
            "If nothing came, the group may have a member without partitions: is the first poll too short?"
        )
        place = committed(kafka_server, topic, group)
        assert place == 3, (
            f"After three orders the group's committed offset is {place}. It must be 3: the offset of the next order."
        )
        second = resume(4)
        assert second == [3, 4, 5, 6], f"The next call for 4 orders returned {second}, not [3, 4, 5, 6]."
        rest = resume(100)
        assert rest == [7, 8, 9], f"The rest is [7, 8, 9]; the call for 100 orders returned {rest}."
        nothing_left = resume(5)
        assert nothing_left == [], f"Nothing was left, and the call returned {nothing_left}."
        store(shop, topic, {0: [10]})
        new = resume(5)
        assert new == [10], f"A new order 10 was written; the call returned {new}."
    other = resume(2, kafka_server.name("audit"))
    assert other == [0, 1], f"Another group has its own place and begins with [0, 1]; it got {other}."


@pytest.mark.step(11, "resume_orders")
@pytest.mark.timeout(40)
def test_resume_over_partitions(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic, group = kafka_server.topic("orders", partitions=3), kafka_server.name("packing")
    stored(kafka_server, topic, {part: list(range(part * 20, part * 20 + 20)) for part in range(3)})
    sizes: list[int] = []
    seen: list[int] = []
    for _ in range(10):
        some = numbers(kata.resume_orders(kafka_server.url, topic, group, 7))
        sizes.append(len(some))
        seen += some

    assert Counter(seen) == Counter(range(60)), (
        f"60 orders lie in 3 partitions; in pieces of 7 the group got {len(seen)}, {len(set(seen))} different ones: "
        "each must come exactly once."
    )
    assert sizes == [7] * 8 + [4, 0], f"The pieces were {sizes}; expected eight of 7, then 4, then 0."


@pytest.mark.step(12, "replay_since")
def test_replay_since(kata: ModuleType, kafka_server: KafkaServer) -> None:
    # the timestamps are old: without this setting the broker's next look at retention would delete the orders
    topic = kafka_server.topic("orders", partitions=2, config={"retention.ms": -1})
    noon, hour = 1_750_000_000_000, 3_600_000

    def replay(timestamp_ms: int) -> list[int]:
        return numbers(kata.replay_since(kafka_server.url, topic, timestamp_ms))

    with producer(kafka_server) as shop:
        for number in range(4):
            store(shop, topic, {0: [number]}, timestamp_ms=noon + number * hour)
        store(shop, topic, {1: [100]}, timestamp_ms=noon)
        late = replay(noon + 2 * hour)
        assert late == [2, 3], (
            f"Since two o'clock there are the orders [2, 3]; replay_since returned {late}. A partition without a record "
            "that late gives nothing, and a record of exactly that time belongs to it."
        )
        store(shop, topic, {0: [4]}, timestamp_ms=noon)
    late = replay(noon + 2 * hour)
    assert late == [2, 3, 4], (
        f"Order 4 was written last, with an early timestamp; replay_since returned {late}. It goes from the first late "
        "record to the end: all of them."
    )
    everything = sorted(replay(0))
    assert everything == [0, 1, 2, 3, 4, 100], f"Since 0 that is everything; replay_since returned {everything}."
    future = replay(noon * 2)
    assert future == [], f"Nothing was written in the far future, and replay_since returned {future}."


customers = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.step(13, "publish_orders", "read_orders")
@pytest.mark.timeout(60)
@settings(max_examples=6, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(st.builds(lambda customer, goods: {"customer": customer, "goods": goods}, customers, values), max_size=6)
)
@example([])
@example([{"customer": "Zoë", "goods": None}, {"customer": "Зоя", "goods": [True, {"": "\u2028"}]}])
def test_round_trip(kata: ModuleType, kafka_server: KafkaServer, orders: list[dict[str, Any]]) -> None:
    topic = kafka_server.topic("orders", partitions=2)
    places = as_places(kata.publish_orders(kafka_server.url, topic, orders), len(orders))
    found = kata.read_orders(kafka_server.url, topic)

    assert isinstance(found, list), f"read_orders returned {found!r}, not a list."
    as_text = [Counter(json.dumps(one, sort_keys=True) for one in some) for some in (orders, found)]
    assert as_text[0] == as_text[1], f"Written were {orders!r}, read were {found!r}."
    assert len(set(places)) == len(orders), f"Two orders share a place: {places!r}."


@pytest.mark.step(14, "read_orders", "resume_orders")
@pytest.mark.timeout(30)
def test_reads_what_retention_left(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic = kafka_server.topic("orders", partitions=2)
    stored(kafka_server, topic, {0: list(range(20)), 1: list(range(100, 120))})
    kafka_server.admin.delete_records({TopicPartition(topic, 0): 15, TopicPartition(topic, 1): 20})

    begun = time.monotonic()
    outcome = outcome_of(lambda: kata.read_orders(kafka_server.url, topic, timeout=5))
    seconds = time.monotonic() - begun
    assert not isinstance(outcome, Exception), (
        f"The broker has deleted the oldest records, and read_orders {told(outcome)}. A partition need not begin at "
        "offset 0, and its end offset does not say how many records it has."
    )
    found = sorted(numbers(outcome))
    assert found == [15, 16, 17, 18, 19], (
        f"The broker has deleted the oldest records; left are 15 to 19, read_orders returned {found}."
    )
    assert seconds < 5, f"Reading five orders took {seconds:.1f} s: a partition need not begin at offset 0."
    resumed = sorted(numbers(kata.resume_orders(kafka_server.url, topic, kafka_server.name("packing"), 10)))
    assert resumed == [15, 16, 17, 18, 19], (
        f"A new group gets what is left, 15 to 19; resume_orders returned {resumed}."
    )


@pytest.mark.step(15, "read_orders", "replay_since", "resume_orders")
@pytest.mark.timeout(40)
def test_reads_past_a_transactions_end(kata: ModuleType, kafka_server: KafkaServer) -> None:
    topic, group = kafka_server.topic("orders"), kafka_server.name("packing")
    with producer(kafka_server, transactional_id=kafka_server.name("shop")) as made:
        made.init_transactions()
        for start in (0, 5):
            made.begin_transaction()
            for number in range(start, start + 5):
                made.send(topic, json.dumps(order(number)).encode())
            made.commit_transaction()

    def in_time(what: str, call: Any) -> list[int]:
        begun = time.monotonic()
        try:
            found = numbers(call())
        except TimeoutError:
            found = None
        seconds = time.monotonic() - begun
        assert found is not None, (
            f"{what} did not find the end. The last offset of the partition is a transaction's marker, which is never "
            "returned as a record: ask for the position, don't wait for the last record."
        )
        assert seconds < 5, f"{what} took {seconds:.1f} s for ten orders: is it waiting for a record that never comes?"
        return found

    for what, call in (
        ("read_orders", lambda: kata.read_orders(kafka_server.url, topic)),
        ("replay_since", lambda: kata.replay_since(kafka_server.url, topic, 0)),
        ("resume_orders", lambda: kata.resume_orders(kafka_server.url, topic, group, 20)),
    ):
        found = in_time(what, call)
        assert found == list(range(10)), f"Two transactions wrote the orders 0 to 9; {what} returned {found}."
    again = in_time("resume_orders", lambda: kata.resume_orders(kafka_server.url, topic, group, 20))
    assert again == [], f"The group has had all orders, and a second resume_orders returned {again}."
