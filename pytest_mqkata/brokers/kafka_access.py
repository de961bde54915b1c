"""What tests and reports ask of Kafka, of one node or of a cluster."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic  # type: ignore[attr-defined]
from kafka.errors import KafkaError

from pytest_mqkata.brokers.node import next_name, run_tag
from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.recipes.kafka_metadata import Partition, view

_READY_SECONDS = 10.0
_VIEW_SECONDS = 1.0  # for one node's answer
_EVIDENCE_TOPICS = 6

_admins: dict[tuple[str, ...], KafkaAdminClient] = {}


class KafkaAccess:
    """Topics, records and groups of a test, by way of the nodes' internal listeners."""

    def __init__(self, ports: Sequence[Mapping[str, int]]) -> None:
        """
        Args:
            ports: of each node, by name.
        """
        self._all_ports = ports
        self._names: list[str] = []

    def running_ports(self) -> Sequence[Mapping[str, int]]:
        """The ports of the nodes that can be asked now."""
        return self._all_ports

    @property
    def _internal(self) -> list[str]:
        return [f"127.0.0.1:{ports['internal']}" for ports in self.running_ports()]

    @property
    def admin(self) -> KafkaAdminClient:
        """An admin client on the internal listeners, shared by all tests of this process."""
        key = tuple(self._internal)
        if key not in _admins:
            _admins[key] = KafkaAdminClient(bootstrap_servers=self._internal)
        return _admins[key]

    def fresh(self, stem: str) -> str:
        """A name that nothing else has: `stem`, "-" and letters and digits; reports tell of topics and groups of it."""
        name = next_name(stem)
        self._names.append(name)
        return name

    def create_topic(self, name: str, partitions: int, copies: int, config: Mapping[str, object] | None) -> None:
        """Create a topic; returns when every node knows a leader for each partition.

        Raises:
            EnvironmentProblem: there were none within 10 seconds.
        """
        settings = {key: str(value) for key, value in (config or {}).items()}
        self.admin.create_topics(
            [NewTopic(name=name, num_partitions=partitions, replication_factor=copies, topic_configs=settings)]
        )
        end = time.monotonic() + _READY_SECONDS
        for number, ports in enumerate(self.running_ports()):
            while not _has_leaders(ports["client"], name, partitions):
                if time.monotonic() > end:
                    raise EnvironmentProblem(
                        f"The topic {name} had no leaders in node {number}'s view after {_READY_SECONDS:g} s."
                    )
                time.sleep(0.01)

    def records(
        self,
        topic: str,
        isolation: Literal["read_committed", "read_uncommitted"] = "read_committed",
        timeout: float = 5,
    ) -> list[Any]:
        """Every record of a topic up to its present ends, in partition and offset order; joins no group.

        Raises:
            AssertionError: the ends were not reached in `timeout` seconds.
        """
        consumer = KafkaConsumer(
            bootstrap_servers=self._internal,
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        end = time.monotonic() + timeout
        try:
            numbers = consumer.partitions_for_topic(topic) or set()
            partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
            if not partitions:
                return []
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found: list[Any] = []
            while any(consumer.position(partition) < ends[partition] for partition in partitions):
                assert time.monotonic() < end, f"The end of the topic {topic} was not reached in {timeout:g} s."
                for batch in consumer.poll(timeout_ms=100).values():
                    found += batch
            return sorted(
                (one for one in found if one.offset < ends[TopicPartition(topic, one.partition)]),
                key=lambda one: (one.partition, one.offset),
            )
        finally:
            consumer.close()

    def kafka_evidence(self) -> list[str]:
        found: dict[TopicPartition, int] = {}
        lines = []
        for name in self._existing()[:_EVIDENCE_TOPICS]:
            partitions = [TopicPartition(name, one["partition_index"]) for one in self._describe(name)["partitions"]]
            ends = self._offsets(partitions)
            found.update(ends)
            shown = ", ".join(f"{one.partition}: {ends.get(one, '?')}" for one in partitions)
            lines.append(f"topic {name}: end offset by partition {{{shown}}}")
        for group in self._groups():
            lines += [
                f"group {group}: committed {committed} of {end} in {partition.topic} partition {partition.partition}, "
                f"lag {end - committed}"
                for partition, committed, end in self._committed(group, found)
            ]
        return lines or ["no topic of this test exists"]

    def _groups(self) -> list[str]:
        known = {str(one["group_id"]) for one in self.admin.list_groups()}
        return [name for name in self._names if name in known]

    def _committed(self, group: str, ends: Mapping[TopicPartition, int]) -> list[tuple[TopicPartition, int, int]]:
        consumer = KafkaConsumer(bootstrap_servers=self._internal, group_id=group, enable_auto_commit=False)
        try:
            places = [(partition, consumer.committed(partition), end) for partition, end in ends.items()]
        finally:
            consumer.close()
        return [(partition, place, end) for partition, place, end in places if place is not None]

    def _offsets(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        consumer = KafkaConsumer(bootstrap_servers=self._internal)
        try:
            ends: Mapping[TopicPartition, int] = consumer.end_offsets(partitions)
            return ends
        finally:
            consumer.close()

    def _describe(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.admin.describe_topics([name])[0]
        return found

    def _existing(self) -> list[str]:
        mine = set(self._names)
        return [name for name in self.admin.list_topics() if name in mine]

    def close_admin(self) -> None:
        """Close the admin clients of these nodes, which are to go."""
        own = {f"127.0.0.1:{ports['internal']}" for ports in self._all_ports}
        for key in [key for key in _admins if own.issuperset(key)]:
            with contextlib.suppress(KafkaError, OSError):
                _admins.pop(key).close()


def _has_leaders(port: int, name: str, partitions: int) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return len([one for one in partitions_of(port, name) if one.leader >= 0]) == partitions
    return False


def partitions_of(port: int, topic: str) -> list[Partition]:
    """A topic's partitions as the node whose listener is 127.0.0.1:`port` sees them; [] if it knows no such topic.

    Raises:
        OSError, ValueError: it does not answer.
    """
    return [one for one in view(port, _VIEW_SECONDS).partitions if one.topic == topic]


def sweep() -> None:
    """Delete what this process' tests left on shared nodes, and close the admin clients; at the end of a run."""
    while _admins:
        _, admin = _admins.popitem()
        with contextlib.suppress(KafkaError, OSError):
            left = [name for name in admin.list_topics() if run_tag in name]
            if left:
                admin.delete_topics(left)
        with contextlib.suppress(KafkaError, OSError):
            admin.close()
