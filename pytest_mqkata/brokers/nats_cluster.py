"""A NATS cluster in a test's hands."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx

from pytest_mqkata.brokers.cluster import Cluster
from pytest_mqkata.brokers.nats import NatsServer
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.timeline import note_fault

_POLL = 0.05
_LEADER_SECONDS = 20.0
_RELOAD_SECONDS = 10.0
_SAVED = ".whole"
_CUT_OFF = 'routes: ["nats://127.0.0.1:1"], authorization { user: "nobody", password: "knows" }'


class NatsCluster(Cluster[NatsServer]):
    """Three NATS servers n1, n2, n3 in a full mesh with JetStream, empty at first."""

    @property
    def monitoring_urls(self) -> list[str]:
        """The nodes' monitoring ports."""
        return [node.monitoring_url for node in self.nodes]

    def meta_leader(self) -> NatsServer:
        """The node that leads JetStream's meta group, once a majority of the nodes that answer name it.

        Raises:
            AssertionError: there is none within 20 seconds.
        """
        end = time.monotonic() + _LEADER_SECONDS
        while time.monotonic() < end:
            views = [str(view.get("leader") or "") for view in self._views("meta_cluster")]
            names = {name for name in views if views.count(name) * 2 > len(self.nodes)} - {""}
            if names:
                return self.node(names.pop())
            time.sleep(_POLL)
        raise AssertionError(f"JetStream's meta group had no leader for {_LEADER_SECONDS:g} s.")

    def stream_leader(self, stream: str) -> NatsServer | None:
        """The node that leads a stream, as it says itself; None while there is none."""
        for node in self.alive:
            try:
                accounts = node.jsz().get("account_details", [])
            except (httpx.HTTPError, ValueError):
                continue
            for one in (one for account in accounts for one in account.get("stream_detail", [])):
                if one["name"] == stream and one.get("cluster", {}).get("leader") == node.name:
                    return node
        return None

    def wait_ready(self, timeout: float = 20.0) -> None:
        """Wait until every node has a route to each other, is healthy, and names the same meta leader.

        Raises:
            ServerNotReady: not after `timeout` seconds.
        """
        self.wait_healthy(timeout)

    def isolate(self, node: NatsServer) -> None:
        """Cut a node off from the others; clients still reach all. Returns when its routes are gone.

        By a reload of its config: it knows no other node any more, and wants a password that the others do not have.

        Raises:
            AssertionError: its routes are not gone within 10 seconds.
        """
        note_fault("isolated", node.name)
        config = self._config_of(node)
        config.with_suffix(_SAVED).write_text(config.read_text())
        config.write_text(re.sub(r"routes: \[.*?\]", _CUT_OFF, config.read_text()))
        node.reload()
        end = time.monotonic() + _RELOAD_SECONDS
        while node.routez()["routes"]:
            assert time.monotonic() < end, f"{node.name} still had routes {_RELOAD_SECONDS:g} s after its reload."
            time.sleep(_POLL)

    def reunite(self) -> None:
        """End all `isolate`. Returns before the nodes have found each other; see `wait_healthy`."""
        for node in self.nodes:
            saved = self._config_of(node).with_suffix(_SAVED)
            if saved.exists():
                note_fault("reunited", node.name)
                saved.replace(self._config_of(node))
                if node.alive:
                    node.reload()

    def heal(self) -> None:
        self.reunite()
        super().heal()

    def _config_of(self, node: NatsServer) -> Path:
        return node.folder / "nats.conf"

    def held(self) -> list[str]:
        lines = []
        for node in self.alive:
            try:
                routes = sorted({str(route.get("remote_name")) for route in node.routez()["routes"] or []})
            except (httpx.HTTPError, ValueError):
                lines.append(f"{node.name} does not answer")
                continue
            lines.append(f"{node.name} has routes to {', '.join(routes) or 'nobody'}")
        return lines

    def _views(self, part: str) -> list[dict[str, object]]:
        views = []
        for node in self.alive:
            try:
                views.append(node.jsz().get(part, {}))
            except (httpx.HTTPError, ValueError):
                continue
        return views


def lease_cluster(session: Session) -> NatsCluster:
    """A cluster that nobody else has.

    Raises:
        MissingTool: the executable is not here and cannot be fetched.
        EnvironmentProblem: it cannot be started.
    """
    lease = session.take_cluster("nats")
    return NatsCluster(lease, [NatsServer(node, shared=False) for node in lease.nodes()])
