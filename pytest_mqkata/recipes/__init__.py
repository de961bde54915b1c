"""How one node of each broker is started and asked whether it is ready.

One module for each broker, each with a `RECIPE`. The supervisor follows recipes; it knows no broker by name.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from pytest_mqkata.provision import Installation


@dataclass(frozen=True)
class Peer:
    """A node of a cluster, as the others need to know it."""

    name: str
    ports: Mapping[str, int]


@dataclass(frozen=True)
class Ground:
    """What all nodes of a cluster stand on, ready before the first of them is started.

    Attributes:
        installation: the broker's executables.
        folder: common to all nodes; gone with the cluster.
        log: for the output of the cluster's own processes.
        ports: a free port for each of the cluster recipe's `port_names`.
    """

    installation: Installation
    folder: Path
    log: Path
    ports: Mapping[str, int]


@dataclass(frozen=True)
class Order:
    """What is to be started.

    Attributes:
        installation: the broker's executables.
        folder: the node's own folder for config and data. The same one when the node is started again; gone with it.
        log: the file for the node's output; outlives the node, so that a report can name it.
        ports: a free port for each of the recipe's `port_names`; the same ones when the node is started again.
        name: the node's name.
        options: what the caller asked for; JSON values that the recipe defines. {} is the warm standard server.
        again: the node has run before in this folder: keep its data.
        peers: all nodes of its cluster, itself among them, in the cluster's order; () for a node alone.
        index: its own place among them.
        ground: what it has in common with them; None for a node alone.
    """

    installation: Installation
    folder: Path
    log: Path
    ports: Mapping[str, int]
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    again: bool = False
    peers: Sequence[Peer] = ()
    index: int = 0
    ground: Ground | None = None


@dataclass(frozen=True)
class Launch:
    """One process to start.

    Attributes:
        argv: the command.
        env: its whole environment.
        log: the file that takes its output (appended); the order's for the node itself.
        ports: the node's ports as they really are (a config may have set some).
        details: strings that the broker's handle needs (passwords, folders).
        cwd: its working folder, default the node's.
        stop_signal: the signal of a graceful stop.
        stop_grace: seconds that a graceful stop may take before SIGKILL.
        companions: processes that must run beside it (started before it, ended after it), such as RabbitMQ's epmd.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ports: Mapping[str, int]
    details: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    stop_signal: int = signal.SIGTERM
    stop_grace: float = 5.0
    companions: Sequence[Launch] = ()


class Recipe(Protocol):
    """How one broker's nodes are started; see the modules beside this one.

    Attributes:
        title: the broker's name for people, such as "Apache Kafka".
        port_names: names of the ports that a node needs.
        start_deadline: seconds from start to ready after which a start has failed.
        spares: how many fresh servers the supervisor keeps ready for the next test; 0 where one warm server is shared.
        shared: one warm server serves many runs at once (isolated by vhost, prefix …); else each test takes a spare.
        port_taken: a regular expression that finds "address in use" in the log of a failed start.
    """

    title: str
    port_names: tuple[str, ...]
    start_deadline: float
    spares: int
    shared: bool
    port_taken: str

    def prepare(self, order: Order) -> Launch:
        """Write the node's files and say how to start it. Called again before each restart of the same node."""

    def probe(self, launch: Launch) -> str | None:
        """None if the node answers its protocol's handshake, else the reason that it is not ready.

        Takes 2 seconds at the most, raises nothing for an unready node.
        """


def recipe(broker: str) -> Recipe:
    """The recipe of `broker` ("rabbitmq", "kafka", "nats", "redis"), or of the tool "prometheus"."""
    found: Recipe = import_module(f"{__name__}.{broker}").RECIPE
    return found
