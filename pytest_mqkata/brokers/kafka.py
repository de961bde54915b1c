"""Kafka in a test's hands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic  # type: ignore[attr-defined]
from kafka.errors import KafkaError
from kafka.record import MemoryRecords

from pytest_mqkata.brokers.node import Node, run_tag
from pytest_mqkata.brokers.session import Lease
from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.faults.proxy import FaultProxy
from pytest_mqkata.recipes.kafka import PROXIES

_READY_SECONDS = 10.0
_PROXY_WAIT_SECONDS = 60.0
_EVIDENCE_TOPICS = 6

_admins: dict[int, KafkaAdminClient] = {}


@dataclass(frozen=True)
class Batch:
    """A record batch as the broker stored it.

    Attributes:
        compression: "none", "gzip", "snappy", "lz4" or "zstd".
        producer_id: -1 for a producer that is not idempotent.
        is_control: a transaction's commit or abort marker.
    """

    partition: int
    base_offset: int
    count: int
    compression: str
    producer_id: int
    is_transactional: bool
    is_control: bool


class KafkaServer(Node):
    """One Kafka node; tests on a shared one are kept apart by names of their own."""

    broker = "kafka"

    def __init__(self, lease: Lease, *, shared: bool) -> None:
        super().__init__(lease, shared=shared)
        self._topics: list[str] = []
        self._proxy: FaultProxy | None = None

    @property
    def url(self) -> str:
        """The bootstrap server, "127.0.0.1:PORT"."""
        return f"{self.host}:{self.port}"

    @property
    def bootstrap_servers(self) -> str:
        return self.url

    @property
    def data_dir(self) -> Path:
        """Its `log.dirs`."""
        return Path(self.lease.record.details["data"])

    @property
    def busy_ports(self) -> frozenset[int]:
        ports = self.lease.record.ports
        return frozenset({self.port, *(ports[f"proxied{number}"] for number in range(PROXIES))})

    @property
    def admin(self) -> KafkaAdminClient:
        """An admin client on the node's internal listener, shared by all tests of this process."""
        port = self.lease.record.ports["internal"]
        if port not in _admins:
            _admins[port] = KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}")
        return _admins[port]

    def name(self, stem: str) -> str:  # type: ignore[override] # Kafka's tests ask for names, not for the node's own
        """A name that nothing else has, for a group, a transactional id, or a topic that the answer creates."""
        return self.fresh(stem)

    def fresh(self, stem: str) -> str:
        name = super().fresh(stem)
        self._topics.append(name)
        return name

    def topic(self, stem: str, partitions: int = 1, config: Mapping[str, object] | None = None) -> str:
        """Create a topic of one replica with a fresh name; returns the name once every partition has a leader."""
        name = self.fresh(stem)
        settings = {key: str(value) for key, value in (config or {}).items()}
        self.admin.create_topics(
            [NewTopic(name=name, num_partitions=partitions, replication_factor=1, topic_configs=settings)]
        )
        end = time.monotonic() + _READY_SECONDS
        while not self._has_leaders(name, partitions):
            if time.monotonic() > end:
                raise EnvironmentProblem(f"The topic {name} had no leaders after {_READY_SECONDS:g} s.")
            time.sleep(0.01)
        return name

    def _has_leaders(self, name: str, partitions: int) -> bool:
        found = self.admin.describe_topics([name])[0]
        leaders = [partition for partition in found["partitions"] if _leader(partition) >= 0]
        return not found["error_code"] and len(leaders) == partitions

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
            bootstrap_servers=f"127.0.0.1:{self.lease.record.ports['internal']}",
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            numbers = consumer.partitions_for_topic(topic) or set()
            partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
            if not partitions:
                return []
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found: list[Any] = []
            end = time.monotonic() + timeout
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

    def batches(self, topic: str) -> list[Batch]:
        """The record batches of a topic, read from the node's segment files: as the broker stored them."""
        codecs = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
        found = []
        for folder in sorted(self.data_dir.glob(f"{topic}-*")):
            number = folder.name.removeprefix(f"{topic}-")
            if not number.isdigit():
                continue
            for segment in sorted(folder.glob("*.log")):
                records = MemoryRecords(segment.read_bytes())
                while (batch := records.next_batch()) is not None:
                    found.append(
                        Batch(
                            partition=int(number),
                            base_offset=batch.base_offset,
                            count=sum(1 for _ in batch),
                            compression=codecs[batch.compression_type],
                            producer_id=batch.producer_id,
                            is_transactional=batch.is_transactional,
                            is_control=batch.is_control_batch,
                        )
                    )
        return sorted(found, key=lambda batch: (batch.partition, batch.base_offset))

    @cached_property
    def proxied(self) -> FaultProxy:
        """A fault proxy whose address the node advertises to those who come through it: `.url` is their bootstrap server.

        A node has four; if other tests use them all, this waits for one.

        Raises:
            EnvironmentProblem: none became free in a minute.
        """
        ports = self.lease.record.ports
        end = time.monotonic() + _PROXY_WAIT_SECONDS
        while time.monotonic() < end:
            for number in range(PROXIES):
                # listening on the advertised port is the claim to it
                with contextlib.suppress(OSError):
                    self._proxy = FaultProxy(f"127.0.0.1:{ports[f'faulty{number}']}", port=ports[f"proxied{number}"])
                    return self._proxy
            time.sleep(0.1)
        raise EnvironmentProblem(
            f"All {PROXIES} fault proxies of the warm Kafka were in use by other tests for a minute."
        )

    def evidence(self) -> list[str]:
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
        return [name for name in self._topics if name in known]

    def _committed(self, group: str, ends: Mapping[TopicPartition, int]) -> list[tuple[TopicPartition, int, int]]:
        port = self.lease.record.ports["internal"]
        consumer = KafkaConsumer(bootstrap_servers=f"127.0.0.1:{port}", group_id=group, enable_auto_commit=False)
        try:
            places = [(partition, consumer.committed(partition), end) for partition, end in ends.items()]
        finally:
            consumer.close()
        return [(partition, place, end) for partition, place, end in places if place is not None]

    def _offsets(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        consumer = KafkaConsumer(bootstrap_servers=f"127.0.0.1:{self.lease.record.ports['internal']}")
        try:
            ends: Mapping[TopicPartition, int] = consumer.end_offsets(partitions)
            return ends
        finally:
            consumer.close()

    def _describe(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.admin.describe_topics([name])[0]
        return found

    def _existing(self) -> list[str]:
        mine = set(self._topics)
        return [name for name in self.admin.list_topics() if name in mine]

    def close(self) -> None:
        if self._proxy:
            self._proxy.close()
        admin = None if self._shared else _admins.pop(self.lease.record.ports.get("internal", 0), None)
        if admin is not None:
            with contextlib.suppress(KafkaError, OSError):
                admin.close()
        super().close()


def _leader(partition: Mapping[str, Any]) -> int:
    return int(partition.get("leader_id", partition.get("leader", -1)))


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


def round_trip(lease: Lease) -> None:
    """Send one message through the server and read it back; raises if it does not come back."""
    server = KafkaServer(lease, shared=True)
    topic = server.topic("doctor")
    producer = KafkaProducer(bootstrap_servers=server.url)
    try:
        producer.send(topic, b"there and back").get(timeout=10)
    finally:
        producer.close()
    if [record.value for record in server.records(topic)] != [b"there and back"]:
        raise RuntimeError("the message that was sent did not come back")
    sweep()
