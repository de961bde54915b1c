"""Where servers and clusters are made: what all of one supervisor's have in common."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_mqkata.processes.ports import Ports
from pytest_mqkata.provision import Installation
from pytest_mqkata.supervisor.cluster import Cluster
from pytest_mqkata.supervisor.guard import Guard
from pytest_mqkata.supervisor.server import Server

_LOGS_KEPT = 300


class Workshop:
    """Makes servers and clusters, each with an id, a folder and ports of its own. Thread-safe."""

    def __init__(self, nodes: Path, logs: Path, guard: Guard) -> None:
        """
        Args:
            nodes: the folder for the servers' own folders, which go with them.
            logs: the folder for their logs, which stay; only the newest are kept.
        """
        self._nodes, self._logs, self._guard = nodes, logs, guard
        self._ports = Ports()
        self._numbers = itertools.count(1)

    def server(self, broker: str, installation: Installation, options: Mapping[str, Any]) -> Server:
        """A server that is not started yet."""
        return self._server(f"{broker}-{next(self._numbers)}", broker, installation, options)

    def cluster(self, broker: str, kind: str, installation: Installation, options: Mapping[str, Any]) -> Cluster:
        """A cluster that is not started yet."""

        def node(identifier: str, node_options: Mapping[str, Any]) -> Server:
            return self._server(identifier, broker, installation, node_options)

        return Cluster(
            f"{broker}-{kind}-{next(self._numbers)}",
            broker,
            kind,
            installation,
            options,
            new_server=node,
            nodes=self._nodes,
            ports=self._ports,
            guard=self._guard,
        )

    def _server(self, identifier: str, broker: str, installation: Installation, options: Mapping[str, Any]) -> Server:
        _prune(self._logs)
        return Server(
            identifier,
            broker,
            installation,
            options,
            nodes=self._nodes,
            logs=self._logs,
            ports=self._ports,
            guard=self._guard,
        )


def _prune(logs: Path) -> None:
    """Keep the newest logs only."""
    ages = []
    for file in logs.glob("*.log"):
        with contextlib.suppress(FileNotFoundError):  # another supervisor prunes too
            ages.append((file.stat().st_mtime, file))
    for _, old in sorted(ages)[:-_LOGS_KEPT]:
        old.unlink(missing_ok=True)
