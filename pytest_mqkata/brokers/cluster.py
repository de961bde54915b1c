"""Several real nodes in a test's hands."""

from __future__ import annotations

import time
from typing import Generic, TypeVar

from pytest_mqkata.brokers.node import Node, next_name
from pytest_mqkata.brokers.session import ClusterLease
from pytest_mqkata.errors import ServerNotReady
from pytest_mqkata.timeline import note_fault

AnyNode = TypeVar("AnyNode", bound=Node)

_POLL = 0.05


class Cluster(Generic[AnyNode]):
    """What all brokers' clusters have in common; one subclass for each kind.

    A test may kill, stop and pause nodes and leave them so: the cluster is healed, or replaced, before the next test.

    Attributes:
        nodes: the nodes, in the cluster's order; also those that are down.
    """

    def __init__(self, lease: ClusterLease, nodes: list[AnyNode]) -> None:
        self._lease = lease
        self.nodes = nodes

    @property
    def urls(self) -> list[str]:
        """The nodes' URLs."""
        return [node.url for node in self.nodes]

    @property
    def alive(self) -> list[AnyNode]:
        """The nodes whose process runs, asked now; paused ones too."""
        return [node for node in self.nodes if node.alive]

    @property
    def members(self) -> list[Node]:
        """All processes that belong to it, the nodes among them: those whose death a report tells of."""
        return list(self.nodes)

    def node(self, name: str) -> AnyNode:
        """The node of that name.

        Raises:
            KeyError: there is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(f"no node {name!r} in {self!r}")

    def fresh(self, stem: str) -> str:
        """A name that nothing else has: `stem`, "-" and letters and digits."""
        return next_name(stem)

    def heal(self) -> None:
        """Resume and start all nodes at the same time; returns when the cluster is healthy in each node's own view.

        Raises:
            ServerNotReady: it does not become healthy; the text holds the nodes' last log lines.
        """
        self._lease.heal()
        for member, lease in zip(self._all(), self._lease.nodes(), strict=True):
            member.lease = lease
            member.back_again()
        note_fault("healed", "the cluster")

    def wait_healthy(self, timeout: float = 60.0) -> None:
        """Wait until the cluster is healthy in each node's own view; starts and resumes nothing.

        Raises:
            ServerNotReady: it is not after `timeout` seconds; the text holds the reason.
        """
        end = time.monotonic() + timeout
        while (reason := self._lease.health()) is not None:
            if time.monotonic() > end:
                raise ServerNotReady(f"{self!r} was not healthy after {timeout:g} s: {reason}.")
            time.sleep(_POLL)

    def evidence(self) -> list[str]:
        """Which nodes run, and what one of those that do holds; a line each."""
        states = ", ".join(f"{member.name} {'runs' if member.alive else 'is down'}" for member in self.members)
        return [states, *self.held()]

    def held(self) -> list[str]:
        """What the cluster holds now, a line each, for a failure report. Takes 2 seconds at the most."""
        return []

    def close(self) -> None:
        """The test is over: give the cluster back, in whatever state."""
        self._lease.give()

    def _all(self) -> list[Node]:
        """The members in the order of the lease's record."""
        return self.members

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(member.name for member in self.members)}>"
