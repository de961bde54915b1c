"""RabbitMQ nodes that find each other by the names in their configuration.

Options:
    config: text of the rabbitmq.conf of every node, used as it is; default: one that forms the cluster.
    nodes: how many nodes, default 3: rabbit1@localhost, rabbit2@localhost …
    spare: how many further nodes, 0 or 1, that belong to no cluster and have no config: spare@localhost.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

from pytest_mqkata.recipes import Ground, Launch
from pytest_mqkata.recipes.clusters import Beyond, Member, Plain
from pytest_mqkata.recipes.management import Management, ManagementError
from pytest_mqkata.recipes.rabbitmq import PASSWORD, USER, epmd, run_ctl, write_cookie

_TIMEOUT = 2.0  # seconds for one node's answer
_CTL_TIMEOUT = 30.0  # seconds
_DELETE_TIMEOUT = 20.0  # seconds; quorum queues that have lost a leader elect one before they go
_SILENCE = (OSError, HTTPException, ManagementError, ValueError)  # what comes instead of an answer
_PATIENCE = 12.0  # seconds for a node that paused as a minority to come back
_SIZE = 3


class RabbitmqCluster(Plain):
    title = "RabbitMQ cluster"
    memory = 550
    fresh = False
    port_names = ("epmd",)
    start_deadline = 120.0
    heal_deadline = 45.0

    def members(self, options: Mapping[str, Any]) -> list[Member]:
        names = [f"rabbit{number}@localhost" for number in range(1, int(options.get("nodes", _SIZE)) + 1)]
        config = options.get("config") or _config(names)
        members = [Member(name, {"node": name, "config": config}) for name in names]
        if options.get("spare"):
            members.append(Member("spare@localhost", {"node": "spare@localhost"}, role="spare", disposable=True))
        return members

    def companions(self, ground: Ground) -> list[Launch]:
        write_cookie(ground.folder / "home")
        return [epmd(ground.installation, ground.ports["epmd"], ground.folder)]

    def probe(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> str | None:
        """Every node lists all the others as running; a spare lists itself alone."""
        members, spares = _divided(nodes)
        for group in (members, *([spare] for spare in spares)):
            everybody = {node.details["node"] for node in group}
            for node in group:
                name = node.details["node"]
                try:
                    listed = {one["name"]: one for one in _list(node, "nodes")}
                except _SILENCE as error:
                    return f"{name} does not answer ({error!r})"
                if listed.keys() != everybody:
                    raise Beyond(f"{name} is in a cluster of {', '.join(sorted(listed))}")
                for other, seen in listed.items():
                    if not seen["running"]:
                        return f"{name} sees {other} as not running"
                    if seen.get("partitions"):
                        return f"{other} was cut off from {', '.join(seen['partitions'])}"
        return None

    def sick(self, nodes: Sequence[Launch], options: Mapping[str, Any], waited: float) -> Sequence[int]:
        """Nodes that the others list as cut off from them; later also those that do not come back by themselves.

        A node that the others gave up while it was paused may go on beside them as a partition of its own, and nothing
        ends that but its restart. One that pauses as a minority comes back by itself within seconds.
        """
        cut_off: set[str] = set()
        silent: set[str] = set()
        for node in nodes:
            try:
                listed = {one["name"]: one for one in _list(node, "nodes")}
            except _SILENCE:
                silent.add(node.details["node"])
                continue
            own = listed.get(node.details["node"], {})
            cut_off |= set(own.get("partitions", ()))
            silent |= {name for name, seen in listed.items() if not seen["running"]}
        suspects = cut_off | (silent if waited > _PATIENCE else set())
        if len(suspects) == len(nodes):
            return range(1, len(nodes))  # each side lists the other: the first node stays
        return [index for index, node in enumerate(nodes) if node.details["node"] in suspects]

    def strays(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> Sequence[int]:
        """A spare that is in a cluster, stopped, or has vhosts."""
        _, spares = _divided(nodes)
        found = []
        for spare in spares:
            try:
                alone = [one["name"] for one in _list(spare, "nodes")] == [spare.details["node"]]
                blank = [one["name"] for one in _list(spare, "vhosts")] == ["/"]
            except _SILENCE:
                alone = blank = False
            if not (alone and blank):
                found.append(nodes.index(spare))
        return found

    def expel(self, nodes: Sequence[Launch], options: Mapping[str, Any], place: int) -> None:
        members, _ = _divided(nodes)
        name = nodes[place].details["node"]
        try:
            known = [one["name"] for one in _list(members[0], "nodes")]
        except _SILENCE as error:
            raise RuntimeError(f"{members[0].details['node']} does not answer ({error!r})") from error
        if name in known:
            try:
                run_ctl(members[0].details, "forget_cluster_node", name, cwd=Path("/"), timeout=_CTL_TIMEOUT)
            except subprocess.TimeoutExpired as error:
                raise RuntimeError(str(error)) from error

    def clean(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> None:
        """Delete all vhosts but the default one; with them go their queues, exchanges and policies."""
        members, _ = _divided(nodes)
        try:
            with _management(members[0], _DELETE_TIMEOUT) as management:
                for vhost in _list(members[0], "vhosts"):
                    if vhost["name"] != "/":
                        management.delete("vhosts", vhost["name"])
        except _SILENCE as error:
            raise RuntimeError(f"the vhosts could not be deleted: {error!r}") from error


def _divided(nodes: Sequence[Launch]) -> tuple[list[Launch], list[Launch]]:
    spares = [node for node in nodes if node.details["node"].startswith("spare@")]
    return [node for node in nodes if node not in spares], spares


def _config(names: Sequence[str]) -> str:
    lines = [
        "cluster_formation.peer_discovery_backend = classic_config",
        *(f"cluster_formation.classic_config.nodes.{number} = {name}" for number, name in enumerate(names, 1)),
        "cluster_partition_handling = pause_minority",
    ]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _management(node: Launch, timeout: float = _TIMEOUT) -> Iterator[Management]:
    management = Management("127.0.0.1", node.ports["management"], f"{USER}:{PASSWORD}", timeout=timeout)
    with contextlib.closing(management):
        yield management


def _list(node: Launch, what: str) -> list[dict[str, Any]]:
    """Everything of a kind, "nodes" or "vhosts", as one node tells it; raises one of `_SILENCE`."""
    with _management(node) as management:
        found: list[dict[str, Any]] = management.get(what)
        return found


RECIPES = {"cluster": RabbitmqCluster()}
