"""Kafka in a test's hands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kafka import KafkaProducer
from kafka.record import MemoryRecords

from pytest_mqkata.brokers.kafka_access import KafkaAccess, sweep
from pytest_mqkata.brokers.node import Node
from pytest_mqkata.brokers.session import Lease
from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.faults.proxy import FaultProxy
from pytest_mqkata.recipes.kafka import PROXIES
from pytest_mqkata.recipes.kafka_metadata import view

_VIEW_SECONDS = 1.0
_PROXY_WAIT_SECONDS = 60.0


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


class KafkaNode(Node):
    """One Kafka node, also as one of a cluster."""

    broker = "kafka"

    @property
    def url(self) -> str:
        """The bootstrap server, "127.0.0.1:PORT"."""
        return f"{self.host}:{self.port}"

    @property
    def bootstrap_servers(self) -> str:
        return self.url

    @property
    def id(self) -> int:
        """Its `node.id`."""
        return int(self.lease.record.details["id"])

    def answers(self) -> bool:
        """Whether it answers a metadata request within a second; a paused node does not."""
        with contextlib.suppress(OSError, ValueError):
            view(self.port, _VIEW_SECONDS)
            return True
        return False

    @property
    def data_dir(self) -> Path:
        """Its `log.dirs`."""
        return Path(self.lease.record.details["data"])


class KafkaServer(KafkaAccess, KafkaNode):
    """A Kafka node alone; tests on a shared one are kept apart by names of their own."""

    def __init__(self, lease: Lease, *, shared: bool) -> None:
        Node.__init__(self, lease, shared=shared)
        KafkaAccess.__init__(self, [lease.record.ports])
        self._proxy: FaultProxy | None = None

    @property
    def busy_ports(self) -> frozenset[int]:
        ports = self.lease.record.ports
        return frozenset({self.port, *(ports[f"proxied{number}"] for number in range(PROXIES))})

    def name(self, stem: str) -> str:  # type: ignore[override] # Kafka's tests ask for names, not for the node's own
        """A name that nothing else has, for a group, a transactional id, or a topic that the answer creates."""
        return self.fresh(stem)

    def topic(self, stem: str, partitions: int = 1, config: Mapping[str, object] | None = None) -> str:
        """Create a topic of one replica with a fresh name; returns the name once every partition has a leader."""
        name = self.fresh(stem)
        self.create_topic(name, partitions, 1, config)
        return name

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
        return self.kafka_evidence()

    def close(self) -> None:
        if self._proxy:
            self._proxy.close()
        if not self._shared:
            self.close_admin()
        super().close()


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
