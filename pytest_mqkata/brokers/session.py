"""One process' access to brokers: finds their executables, asks the supervisor, tells a listener what goes on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_mqkata import provision
from pytest_mqkata.brokers import TITLES
from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.provision import Installation
from pytest_mqkata.recipes.clusters import cluster_recipe
from pytest_mqkata.supervisor.client import Client, default_idle
from pytest_mqkata.supervisor.wire import ClusterRecord, ServerRecord

_CLUSTER_WAIT = 600.0  # seconds to wait for a cluster that another run uses
_CLUSTER_POLL = 0.05  # seconds between two questions for it
_SILENT = 1.0  # seconds to wait before saying so


class Listener(Protocol):
    """Hears of what takes time or is worth a line in a report."""

    def progress(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """Provisioning goes on."""

    def starting(self, title: str, version: str) -> None:
        """A cold broker is being started."""

    def ready(self, record: ServerRecord, seconds: float) -> None:
        """A standard server was obtained; `seconds` from asking to having it."""

    def cluster_ready(self, record: ClusterRecord, seconds: float) -> None:
        """A cluster was obtained; `seconds` from asking to having it."""

    def waiting(self, reason: str) -> None:
        """What was asked for cannot be had yet."""


class Quiet:
    """A Listener that shows nothing."""

    def progress(self, text: str, done: int | None = None, total: int | None = None) -> None: ...

    def starting(self, title: str, version: str) -> None: ...

    def ready(self, record: ServerRecord, seconds: float) -> None: ...

    def cluster_ready(self, record: ClusterRecord, seconds: float) -> None: ...

    def waiting(self, reason: str) -> None: ...


@dataclass
class Lease:
    """A server in our hands until `give()`, or until this process ends."""

    client: Client
    name: str
    record: ServerRecord

    def control(self, action: str, **options: Any) -> ServerRecord:
        """Do something to the server, see `Client.control`; updates and returns its record."""
        self.record = self.client.control(self.name, action, **options)
        return self.record

    def give(self) -> None:
        self.client.give(self.name)


@dataclass
class NodeLease(Lease):
    """One node of a cluster that is in our hands."""

    node: int = 0

    def control(self, action: str, **options: Any) -> ServerRecord:
        self.record = self.client.control_node(self.name, self.node, action, **options)
        return self.record

    def give(self) -> None:
        """Nothing: the whole cluster is given back at once."""


@dataclass
class ClusterLease:
    """A cluster in our hands until `give()`, or until this process ends."""

    client: Client
    name: str
    record: ClusterRecord

    def nodes(self) -> list[NodeLease]:
        return [NodeLease(self.client, self.name, node, number) for number, node in enumerate(self.record.nodes)]

    def heal(self) -> None:
        """Resume and start all nodes, and wait until the cluster is healthy; see `Client.heal`."""
        self.record = self.client.heal(self.name)

    def health(self) -> str | None:
        """None if it is healthy, else the reason that it is not."""
        return self.client.health(self.name)

    def give(self, *, untouched: bool = False) -> None:
        """End the lease; `untouched`: nothing was done with the cluster, so the next lease may be on this very one."""
        self.client.give(self.name, untouched=untouched)


class Session:
    """Access to brokers for one process. Close it, or leave it to the process' end: leases end either way."""

    def __init__(self, listener: Listener | None = None, *, idle: float | None = None) -> None:
        """
        Args:
            listener: hears of progress; default: nobody.
            idle: seconds that warm servers stay up after their last use; default: `default_idle()`.
        """
        self._listener = listener or Quiet()
        self._client = Client()
        self._idle = idle
        self._installations: dict[str, Installation] = {}
        self._held: set[str] = set()
        self._at_close: list[Callable[[], object]] = []

    def take(self, broker: str) -> Lease:
        """The warm shared server of a broker, or a fresh spare, as the broker's recipe has it.

        Raises:
            MissingTool: its executables are not here and cannot be fetched.
            EnvironmentProblem: it cannot be started.
        """
        begun = time.monotonic()
        idle = default_idle() if self._idle is None else self._idle
        key = provision.choice(broker)
        taken = self._client.take(broker, key=key, idle=idle)
        if taken is None:
            installation = self.installation(broker)
            self._listener.starting(TITLES[broker], installation.version)
            taken = self._client.take(broker, key=key, installation=installation, idle=idle)
        assert taken is not None
        lease, record = taken
        if broker not in self._held:
            # or an idle time of 0 would end it between two tests
            self._client.hold(broker, key=key)
            self._held.add(broker)
        self._listener.ready(record, time.monotonic() - begun)
        return Lease(self._client, lease, record)

    def take_cluster(
        self,
        broker: str,
        kind: str = "cluster",
        options: Mapping[str, Any] | None = None,
        *,
        keep: bool = True,
    ) -> ClusterLease:
        """A healthy, clean cluster that nobody else has meanwhile; waits while another run has it.

        With `keep` there will be another one for the next lease, until this session closes.

        Raises:
            MissingTool: its executables are not here and cannot be fetched.
            ServerExited: a node ended while starting, mostly because of its config.
            EnvironmentProblem: it cannot be started, or could not be had in time.
        """
        begun = time.monotonic()
        idle = default_idle() if self._idle is None else self._idle
        key = provision.choice(broker)
        installation: Installation | None = None
        told = ""
        while True:
            taken = self._client.take_cluster(
                broker, kind, options or {}, key=key, installation=installation, idle=idle, keep=keep
            )
            if taken is None:
                installation = self.installation(broker)
                self._listener.starting(cluster_recipe(broker, kind).title, installation.version)
            elif isinstance(taken, str):
                waited = time.monotonic() - begun
                if waited > _CLUSTER_WAIT:
                    raise EnvironmentProblem(
                        f"Waited {waited:.0f} s in vain: {taken}.",
                        mend=["see what runs: mqkata ps", "end it: mqkata down --force"],
                    )
                if taken != told and waited > _SILENT:
                    self._listener.waiting(taken)
                    told = taken
                time.sleep(_CLUSTER_POLL)
            else:
                lease, record = taken
                self._listener.cluster_ready(record, time.monotonic() - begun)
                return ClusterLease(self._client, lease, record)

    def order(self, broker: str, options: Mapping[str, Any], *, start: bool = True) -> Lease:
        """A private server made from options of one's own (the broker's recipe defines them).

        Raises:
            ServerExited: it ended while starting, mostly because of its config.
            EnvironmentProblem: as `take`.
        """
        lease, record = self._client.order(broker, self.installation(broker), options, start=start)
        return Lease(self._client, lease, record)

    def installation(self, broker: str) -> Installation:
        """The broker's executables, fetched first if need be."""
        if broker not in self._installations:
            self._installations[broker] = provision.find(broker, self._listener.progress)
        return self._installations[broker]

    def at_close(self, callback: Callable[[], object]) -> None:
        """Have `callback` called before the leases end, once, however often it is given."""
        if callback not in self._at_close:
            self._at_close.append(callback)

    def close(self) -> None:
        """End all leases of this session."""
        while self._at_close:
            with contextlib.suppress(Exception):  # nothing that cleans up may keep the leases open
                self._at_close.pop()()
        self._client.close()
