"""What kafka-python's producers, consumers and admin clients do."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from pytest_mqkata.timeline.recorder import TEST, TOOL, Recorder
from pytest_mqkata.timeline.wraps import Wraps


class _Observer:
    """Clients do their network input and output in threads of their own, so who made them is kept."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._owners: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def _owner(self, client: Any) -> str:
        return self._recorder.who(self._owners.get(client, ""))

    def _made(self, kind: str, client: Any, *parts: Any) -> None:
        who = self._recorder.who()
        for part in (client, *parts):
            if part is not None:
                self._owners[part] = who
        self._recorder.note("connected", kind, None, who)

    # producers

    def producer(self, _: None, producer: Any, **_settings: Any) -> None:
        sender = getattr(producer, "_sender", None)
        client = getattr(sender, "_client", None)
        manager = getattr(sender, "_manager", None) or getattr(client, "_manager", None)
        self._made("producer", producer, getattr(manager, "_net", None))

    def sends(self, producer: Any, topic: str, value: Any = None, key: Any = None, *_: Any, **__: Any) -> None:
        self._recorder.note("published", _keyed(topic, key), value, self._owner(producer))

    def sent(self, future: Any, producer: Any, topic: str, *_: Any, **__: Any) -> None:
        note, who = self._recorder.note, self._owner(producer)

        def confirmed(stored: Any) -> None:
            if stored.offset >= 0:  # with acks=0 the broker says nothing
                note("confirmed", f"{stored.topic}-{stored.partition}@{stored.offset}", None, who)

        def refused(error: BaseException) -> None:
            note("not confirmed", topic, _said(error), who)

        future.add_callback(_quietly(confirmed))
        future.add_errback(_quietly(refused))

    def not_sent(self, error: Exception, producer: Any, topic: str, *_: Any, **__: Any) -> None:
        self._recorder.note("not confirmed", topic, _said(error), self._owner(producer))

    def begun(self, _: None, producer: Any) -> None:
        self._recorder.note("begun", "transaction", None, self._owner(producer))

    def commits(self, _: None, producer: Any) -> None:
        self._recorder.note("committed", "transaction", None, self._owner(producer))

    def aborts(self, _: None, producer: Any) -> None:
        self._recorder.note("aborted", "transaction", None, self._owner(producer))

    def offsets_sent(self, _: None, producer: Any, offsets: Any, *__: Any) -> None:
        for on in _places(offsets):
            self._recorder.note("committed", f"{on} in the transaction", None, self._owner(producer))

    def transaction_failed(self, error: Exception, producer: Any, *_: Any) -> None:
        self._recorder.note("commit failed", "transaction", _said(error), self._owner(producer))

    # consumers

    def consumer(self, _: None, consumer: Any, *topics: Any, **settings: Any) -> None:
        group = settings.get("group_id")
        parts = [getattr(consumer, name, None) for name in ("_coordinator", "_net")]
        self._made(f"consumer of the group {group}" if group else "consumer", consumer, *parts)
        if topics:
            self.subscribed(None, consumer, topics)

    def subscribed(self, _: None, consumer: Any, topics: Any = (), pattern: Any = None, *__: Any, **___: Any) -> None:
        names = topics if isinstance(topics, str) else ", ".join(map(str, topics))
        self._recorder.note("subscribed", str(pattern or names), None, self._owner(consumer))

    def polled(self, records: Any, consumer: Any, *_: Any, **__: Any) -> None:
        who = self._owner(consumer)
        if not records and who != TEST:  # tests wait for something that way
            self._recorder.note("empty", "poll", None, who)
        for partition, found in (records or {}).items():
            for record in found:
                on = f"{partition.topic}-{partition.partition}@{record.offset}"
                self._recorder.note("delivered", on, record.value, who)

    def joined(self, _: None, coordinator: Any, *__: Any) -> None:
        partitions = sorted(coordinator._subscription.assigned_partitions())
        names = ", ".join(f"{one.topic}-{one.partition}" for one in partitions)
        self._recorder.note("assigned", names or "nothing", None, self._owner(coordinator))

    def committed(self, _: None, coordinator: Any, offsets: Any) -> None:
        for on in _places(offsets):
            self._recorder.note("committed", on, None, self._owner(coordinator))

    def commit_failed(self, error: Exception, coordinator: Any, offsets: Any) -> None:
        for on in _places(offsets):
            self._recorder.note("commit failed", on, _said(error), self._owner(coordinator))

    def closes(self, client: Any, *_: Any, **__: Any) -> None:
        if not getattr(client, "_closed", False):
            kind = type(client).__name__.removeprefix("Kafka").lower()
            self._recorder.note("closed", kind, None, self._owner(client))

    # topics, connections

    def created(self, _: Any, admin: Any, topics: Any, *__: Any, **___: Any) -> None:
        for name in topics if isinstance(topics, dict) else [getattr(one, "name", one) for one in topics]:
            self._by_hand("created", f"topic {name}")

    def not_created(self, error: Exception, admin: Any, topics: Any, *__: Any, **___: Any) -> None:
        names = topics if isinstance(topics, dict) else [getattr(one, "name", one) for one in topics]
        self._recorder.note("refused", f"topic {', '.join(map(str, names))}", _said(error), self._owner(admin))

    def deleted(self, _: Any, admin: Any, topics: Iterable[Any], *__: Any, **___: Any) -> None:
        for name in topics:
            self._by_hand("deleted", f"topic {name}")

    def _by_hand(self, what: str, on: str) -> None:
        """A topic that the plugin's own tools make, the test wanted."""
        who = self._recorder.who()
        self._recorder.note(what, on, None, TEST if who == TOOL else who)

    def lost(self, connection: Any, error: Any) -> None:
        who = self._owners.get(getattr(connection, "net", None), TOOL)  # of older clients, and of the plugin's
        if error is not None and getattr(connection, "connected", False):
            self._recorder.note("connection lost", f"node {connection.node_id}", _said(error), who)


def _quietly(observer: Any) -> Any:
    """A callback that never raises: kafka-python would log a traceback."""

    def call(value: Any) -> None:
        with suppress(Exception):
            observer(value)

    return call


def _keyed(topic: str, key: Any) -> str:
    if isinstance(key, bytes):
        key = key.decode("utf-8", "replace")
    return f"{topic} key {key}" if isinstance(key, str) else topic


def _places(offsets: Any) -> list[str]:
    return [f"{one.topic}-{one.partition}@{place.offset}" for one, place in offsets.items()]


def _said(error: BaseException) -> str:
    return type(error).__name__


def observe(wraps: Wraps, recorder: Recorder) -> None:
    """Note what the clients do that are imported."""
    seen = _Observer(recorder)
    if producer := _class("kafka.producer.kafka", "KafkaProducer"):
        wraps.around(producer, "__init__", after=seen.producer)
        wraps.around(producer, "send", before=seen.sends, after=seen.sent, failed=seen.not_sent)
        wraps.around(producer, "begin_transaction", after=seen.begun)
        wraps.around(producer, "commit_transaction", after=seen.commits, failed=seen.transaction_failed)
        wraps.around(producer, "abort_transaction", after=seen.aborts)
        wraps.around(producer, "send_offsets_to_transaction", after=seen.offsets_sent, failed=seen.transaction_failed)
        wraps.around(producer, "close", before=seen.closes)
    if consumer := _class("kafka.consumer.group", "KafkaConsumer"):
        wraps.around(consumer, "__init__", after=seen.consumer)
        wraps.around(consumer, "subscribe", after=seen.subscribed)
        wraps.around(consumer, "poll", after=seen.polled)
        wraps.around(consumer, "close", before=seen.closes)
    if coordinator := _class("kafka.coordinator.consumer", "ConsumerCoordinator"):
        wraps.around(coordinator, "_on_join_complete_async", after=seen.joined)
        wraps.around(coordinator, "_send_offset_commit_request", after=seen.committed, failed=seen.commit_failed)
    if topics := _class("kafka.admin._topics", "TopicAdminMixin"):
        wraps.around(topics, "create_topics", after=seen.created, failed=seen.not_created)
        wraps.around(topics, "delete_topics", after=seen.deleted)
    if connection := _class("kafka.net.connection", "KafkaConnection"):
        wraps.around(connection, "connection_lost", before=seen.lost)


def _class(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, None)
