"""What client and supervisor say to each other: one JSON object a line, a request, then its answer."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_mqkata import errors


@dataclass(frozen=True)
class ServerRecord:
    """A server as the supervisor describes it.

    Attributes:
        id: names it in requests; unique in this supervisor.
        broker: "rabbitmq", "kafka", "nats", "redis".
        name: the node's name.
        pid: of its main process; 0 while it is stopped.
        ports: its ports by name.
        details: what the broker's recipe tells its handle.
        folder: its config and data.
        log: its log file.
        version: the broker's version.
        source: where its executables come from.
        product: what it really is, where that is not the broker's usual name.
        warm: it ran before it was asked for.
        seconds: how long its last start took.
        alive: its main process runs.
        leases: how many runs hold it.
        idle: seconds that it stays up without a lease.
        idle_since: seconds since the last lease closed; 0.0 while it is held.
        shared: other runs may use it at the same time.
        cluster: the id of the cluster that it is a node of; "" for a server alone.
        cluster_title: what that cluster is, for people.
        role: in a cluster where not all nodes are the same: "sentinel", "spare"; else "".
    """

    id: str
    broker: str
    name: str
    pid: int
    ports: dict[str, int]
    folder: str
    log: str
    version: str
    source: str
    product: str = ""
    details: dict[str, str] = field(default_factory=dict)
    warm: bool = False
    seconds: float = 0.0
    alive: bool = True
    leases: int = 0
    idle: float = 0.0
    idle_since: float = 0.0
    shared: bool = False
    cluster: str = ""
    cluster_title: str = ""
    role: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ServerRecord:
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ClusterRecord:
    """A cluster as the supervisor describes it.

    Attributes:
        id: unique in this supervisor.
        title: for people, such as "NATS cluster".
        kind: "cluster", "sentinel" …
        nodes: its nodes, in order.
        warm: it ran before it was asked for.
        seconds: how long its start took, until it was healthy.
        notes: sentences about what was done to give it, such as another cluster that had to end for it.
    """

    id: str
    title: str
    kind: str
    nodes: tuple[ServerRecord, ...]
    warm: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ClusterRecord:
        nodes = tuple(ServerRecord.from_json(node) for node in data["nodes"])
        return cls(**{**data, "nodes": nodes, "notes": tuple(data["notes"])})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Line:
    """One end of a connection that carries a JSON object a line."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")

    def send(self, message: dict[str, Any]) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any] | None:
        """The next message; None when the other end is gone."""
        try:
            line = self._file.readline()
        except OSError:
            return None
        if not line.endswith(b"\n"):
            return None
        message = json.loads(line)
        assert isinstance(message, dict)
        return message

    def close(self) -> None:
        self._file.close()
        self._connection.close()


def error_to_json(error: BaseException) -> dict[str, Any]:
    if isinstance(error, errors.EnvironmentProblem):
        return {
            "kind": type(error).__name__,
            "what": error.what,
            "mend": list(error.mend),
            "details": error.details,
        }
    return {"kind": "EnvironmentProblem", "what": f"{type(error).__name__}: {error}", "mend": [], "details": ""}


def error_from_json(data: dict[str, Any]) -> errors.EnvironmentProblem:
    kind = getattr(errors, data["kind"], errors.EnvironmentProblem)
    found = kind(data["what"], mend=data["mend"], details=data["details"])
    assert isinstance(found, errors.EnvironmentProblem)
    return found
