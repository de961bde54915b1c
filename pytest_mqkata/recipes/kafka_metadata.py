"""What one Kafka node knows of its cluster, asked of that node itself.

A client library bootstraps from a node and then asks whichever it likes; whether each node's own view is right only a
bare Metadata request (https://kafka.apache.org/protocol, version 1) tells. It costs a millisecond.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_METADATA, _VERSION, _ALL_TOPICS = 3, 1, -1


@dataclass(frozen=True)
class Partition:
    """One partition of a topic; `leader` is -1 while there is none."""

    topic: str
    number: int
    leader: int
    replicas: frozenset[int]
    in_sync: frozenset[int]


@dataclass(frozen=True)
class View:
    """What a node knows: the living brokers' ids, the controller's (-1: none), every partition."""

    brokers: frozenset[int]
    controller: int
    partitions: tuple[Partition, ...]


def view(port: int, timeout: float) -> View:
    """The view of the node whose listener is 127.0.0.1:`port`.

    Raises:
        OSError: it does not answer in `timeout` seconds.
        ValueError: its answer makes no sense.
    """
    request = struct.pack(">hhih", _METADATA, _VERSION, 1, -1) + struct.pack(">i", _ALL_TOPICS)
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as link:
        link.settimeout(timeout)
        link.sendall(struct.pack(">i", len(request)) + request)
        with link.makefile("rb") as answer:
            return _read(_Fields(answer))


class _Fields:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def int8(self) -> int:
        return int(struct.unpack(">b", self._take(1))[0])

    def int16(self) -> int:
        return int(struct.unpack(">h", self._take(2))[0])

    def int32(self) -> int:
        return int(struct.unpack(">i", self._take(4))[0])

    def text(self) -> str:
        size = self.int16()
        return self._take(size).decode() if size > 0 else ""

    def each(self) -> Iterator[None]:
        for _ in range(self.int32()):
            yield

    def ids(self) -> frozenset[int]:
        return frozenset(self.int32() for _ in self.each())

    def _take(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            raise ConnectionError("the node closed the connection")
        return data


def _read(fields: _Fields) -> View:
    fields.int32()  # size
    fields.int32()  # correlation id
    brokers = set()
    for _ in fields.each():
        brokers.add(fields.int32())
        fields.text()  # host
        fields.int32()  # port
        fields.text()  # rack
    controller = fields.int32()
    partitions = []
    for _ in fields.each():
        fields.int16()  # error
        topic = fields.text()
        fields.int8()  # is internal
        for _ in fields.each():
            fields.int16()  # error
            number, leader = fields.int32(), fields.int32()
            partitions.append(Partition(topic, number, leader, fields.ids(), fields.ids()))
    return View(frozenset(brokers), controller, tuple(partitions))
