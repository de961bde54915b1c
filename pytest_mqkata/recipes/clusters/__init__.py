"""How nodes of each broker become a cluster, and what a healthy one looks like.

One module for each broker, each with `RECIPES`: the kinds of cluster that the broker has, by name. A cluster's nodes
follow the broker's recipe for one node; what is here is only what they need to know of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from pytest_mqkata.recipes import Ground, Launch


class Beyond(Exception):
    """A cluster is in a state that no waiting mends, such as a member that was taken out of it."""


@dataclass(frozen=True)
class Member:
    """A node that a cluster is to have.

    Attributes:
        name: the node's name.
        options: of the order for it, as the broker's recipe for one node defines them.
        role: what it is for, where not all are the same: "sentinel", "spare" …; "" for an ordinary node.
        late: started when the others have been formed.
        disposable: begun anew, without its data, whenever it is not as it was at first.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    role: str = ""
    late: bool = False
    disposable: bool = False


class ClusterRecipe(Protocol):
    """How one kind of cluster is formed, looked at and cleaned; see the modules beside this one.

    Attributes:
        title: for people, such as "NATS cluster".
        memory: megabytes that all its nodes take together, for the budget.
        fresh: each test takes a cluster that nobody has used; else one is healed and cleaned between two tests.
        port_names: names of ports that the cluster itself needs besides its nodes' ports.
        start_deadline: seconds from start to healthy after which a start has failed.
        heal_deadline: seconds from healing to healthy after which the cluster is replaced.
    """

    title: str
    memory: int
    fresh: bool
    port_names: tuple[str, ...]
    start_deadline: float
    heal_deadline: float

    def members(self, options: Mapping[str, Any]) -> list[Member]:
        """The nodes, in order. All but the late ones, which come last, are started at the same time."""

    def companions(self, ground: Ground) -> list[Launch]:
        """Processes of the cluster itself that run before its nodes, such as RabbitMQ's epmd."""

    def form(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> None:
        """Make one cluster of the nodes that are not late, which all answer by themselves; nothing to do where they
        find each other.

        Raises:
            OSError, RuntimeError, ValueError: it cannot be done.
        """

    def probe(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> str | None:
        """None if each node's own view is that all are there and well, else the reason that they are not.

        Takes 2 seconds a node at the most.

        Raises:
            Beyond: waiting will not change that, unless the cluster is only just being started.
        """

    def sick(self, nodes: Sequence[Launch], options: Mapping[str, Any], waited: float) -> Sequence[int]:
        """The places of nodes of an unhealthy cluster that only a restart mends, `waited` seconds after healing began."""

    def strays(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> Sequence[int]:
        """The places of disposable nodes that run and are not as they were at first."""

    def expel(self, nodes: Sequence[Launch], options: Mapping[str, Any], place: int) -> None:
        """Have the others forget the node at `place`, which is down.

        Raises:
            OSError, RuntimeError, ValueError: it cannot be done; the cluster is replaced.
        """

    def clean(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> None:
        """Take away what the last test left in a healthy cluster; not called where each test takes a fresh one.

        Raises:
            OSError, RuntimeError, ValueError: it cannot be done; the cluster is replaced.
        """


class Plain:
    """What recipes have that need nothing of it: nodes find each other, come back by themselves, are all alike."""

    port_names: tuple[str, ...] = ()

    def companions(self, ground: Ground) -> list[Launch]:
        return []

    def form(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> None: ...

    def sick(self, nodes: Sequence[Launch], options: Mapping[str, Any], waited: float) -> Sequence[int]:
        return ()

    def strays(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> Sequence[int]:
        return ()

    def expel(self, nodes: Sequence[Launch], options: Mapping[str, Any], place: int) -> None: ...

    def clean(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> None: ...


def cluster_recipe(broker: str, kind: str) -> ClusterRecipe:
    """The recipe for a kind of cluster: "cluster" of every broker, Redis' "sentinel" and "trio".

    Raises:
        KeyError: the broker has no such kind.
    """
    found: ClusterRecipe = import_module(f"{__name__}.{broker}").RECIPES[kind]
    return found
