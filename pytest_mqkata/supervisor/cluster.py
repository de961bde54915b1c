"""Several nodes of one broker as the supervisor owns them: started together, healed, taken down together."""

from __future__ import annotations

import contextlib
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_mqkata.errors import EnvironmentProblem, ServerExited, ServerNotReady
from pytest_mqkata.processes.child import Child
from pytest_mqkata.processes.ports import Ports
from pytest_mqkata.provision import Installation
from pytest_mqkata.recipes import Ground, Launch
from pytest_mqkata.recipes.clusters import Beyond, ClusterRecipe, Member, cluster_recipe
from pytest_mqkata.supervisor.guard import Guard
from pytest_mqkata.supervisor.server import Server
from pytest_mqkata.supervisor.wire import ClusterRecord

_PORT_ATTEMPTS = 5  # starts on new ports, should another program take one between draw and bind
_SHORTEST_POLL, _LONGEST_POLL = 0.01, 0.2  # seconds between two looks at a cluster that is not healthy yet
_SETTLING = 1.5  # seconds after which a cluster that is not healthy is looked at more closely
_LINES_SHOWN = 6  # of each node's log, when the cluster does not become healthy


class Cluster:
    """A cluster. Not thread-safe, but for `kill` and `remove`: its owner serialises what is done with it."""

    def __init__(
        self,
        identifier: str,
        broker: str,
        kind: str,
        installation: Installation,
        options: Mapping[str, Any],
        *,
        new_server: Callable[[str, Mapping[str, Any]], Server],
        nodes: Path,
        ports: Ports,
        guard: Guard,
    ) -> None:
        """
        Args:
            new_server: makes a server that is not started, from an id and the options of its order.
            nodes: the folder that the nodes' own folders are in.
        """
        self.id = identifier
        self.broker = broker
        self.kind = kind
        self.recipe: ClusterRecipe = cluster_recipe(broker, kind)
        self.options = dict(options)
        self.seconds = 0.0
        self._installation = installation
        self._ports = ports
        self._guard = guard
        self._folder = nodes / f"{identifier}-ground"
        self._ground_ports: Mapping[str, int] = {}
        self._companions: list[Child] = []
        self._members: list[Member] = self.recipe.members(options)
        self.servers = [
            new_server(f"{identifier}-{number}", {**member.options, "name": member.name})
            for number, member in enumerate(self._members)
        ]

    def start(self) -> None:
        """Start all nodes at the same time; returns when the cluster is healthy.

        With a configuration of the caller's own ("config" in the options) it returns when each node answers: whether
        they found each other is the caller's question.

        Raises:
            ServerExited: a node ended before it was ready.
            ServerNotReady: the nodes did not become a healthy cluster in time.
        """
        begun = time.monotonic()
        for attempt in range(_PORT_ATTEMPTS):
            try:
                self._start_once()
                break
            except ServerExited as error:
                self.kill()
                if attempt + 1 == _PORT_ATTEMPTS or not self.servers[0].port_was_taken(error):
                    raise
            except BaseException:
                self.kill()
                raise
        self.seconds = time.monotonic() - begun

    def _start_once(self) -> None:
        ground = self._lay_ground()
        peers = [server.draw_ports() for server in self.servers]
        for index, server in enumerate(self.servers):
            server.join(peers, index, ground)
        late = [server for server, member in zip(self.servers, self._members, strict=True) if member.late]
        self._start_all([server for server in self.servers if server not in late])
        self._form()
        self._start_all(late)
        if "config" not in self.options:
            self._wait_until_healthy(self.recipe.start_deadline)

    def _lay_ground(self) -> Ground:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)
        self._folder.mkdir(parents=True)
        self._ports.give_back(self._ground_ports.values())
        self._ground_ports = self._ports.draw(self.recipe.port_names)
        ground = Ground(self._installation, self._folder, self._folder / "log", self._ground_ports)
        for launch in self.recipe.companions(ground):
            child = Child(launch.argv, env=launch.env, log=launch.log, cwd=launch.cwd or self._folder)
            self._guard.started(child.pid, child.created)
            self._companions.append(child)
        return ground

    def _start_all(self, servers: Sequence[Server]) -> None:
        """Start several nodes at once, since some brokers' nodes wait for one another; the first error is raised."""
        with ThreadPoolExecutor(max_workers=max(1, len(servers))) as pool:
            starts = [pool.submit(server.start) for server in servers]
            errors = [error for start in starts if (error := start.exception())]
        if errors:
            raise min(errors, key=lambda error: not isinstance(error, ServerExited))

    def _form(self) -> None:
        try:
            self.recipe.form(self._launches(), self.options)
        except (OSError, RuntimeError, ValueError) as error:
            raise ServerNotReady(f"The nodes of the {self.recipe.title} could not be joined: {error!r}.") from error

    def _launches(self) -> list[Launch]:
        return [server.launch for server in self.servers if server.launch]

    def _wait_until_healthy(self, seconds: float, *, healing: bool = False) -> None:
        """
        Args:
            seconds: how long.
            healing: restart nodes that nothing else mends, and do not wait where that is in vain.
        """
        begun = time.monotonic()
        restarted = False
        while True:
            try:
                reason = self.recipe.probe(self._launches(), self.options)
            except Beyond as error:
                reason = str(error)
                if healing:
                    raise ServerNotReady(f"The {self.recipe.title} is beyond repair: {reason}.") from error
            if reason is None:
                return
            waited = time.monotonic() - begun
            if waited > seconds:
                raise ServerNotReady(
                    f"The {self.recipe.title} was not healthy after {seconds:g} s: {reason}.",
                    details=self._last_words(),
                )
            if healing and not restarted and waited > _SETTLING:
                restarted = self._restart(self.recipe.sick(self._launches(), self.options, waited))
            time.sleep(min(_LONGEST_POLL, max(_SHORTEST_POLL, waited / 10)))

    def _restart(self, places: Sequence[int]) -> bool:
        servers = [self.servers[place] for place in places]
        for server in servers:
            server.kill()
        self._start_all(servers)
        return bool(servers)

    def _last_words(self) -> str:
        parts = []
        for server in self.servers:
            lines = server.last_words().splitlines()[-_LINES_SHOWN:]
            state = f"PID {server.pid}" if server.alive else "not running"
            parts.append("\n".join([f"{server.order.name} ({state}), log {server.order.log}:", *lines]))
        return "\n".join(parts)

    def probe(self) -> str | None:
        """None if the cluster is healthy, else the reason that it is not."""
        if down := [server.order.name for server in self.servers if not server.alive]:
            return f"not running: {', '.join(down)}"
        try:
            return self.recipe.probe(self._launches(), self.options)
        except Beyond as error:
            return str(error)

    def heal(self) -> None:
        """Resume and start all nodes, and wait until the cluster is healthy.

        Raises:
            ServerNotReady: it does not become healthy; its nodes' last log lines are in the details.
        """
        for server in self.servers:
            server.send(signal.SIGCONT)
        if any(not child.alive for child in self._companions):
            raise ServerNotReady(f"A process that the {self.recipe.title} needs beside its nodes is gone.")
        renewed = self._end_disposables()
        self._start_all([server for server in self.servers if not server.alive and server not in renewed])
        self._renew(renewed)
        self._wait_until_healthy(self.recipe.heal_deadline, healing=True)

    def _end_disposables(self) -> list[Server]:
        """Kill the disposable nodes that are not as they were at first; those that are down already count as such."""
        strays = self.recipe.strays(self._launches(), self.options)
        used = [
            server
            for place, (server, member) in enumerate(zip(self.servers, self._members, strict=True))
            if member.disposable and (place in strays or not server.alive)
        ]
        for server in used:
            server.kill()
        return used

    def _renew(self, servers: Sequence[Server]) -> None:
        """Start disposable nodes without their data, once the others have forgotten them."""
        for server in servers:
            try:
                self.recipe.expel(self._launches(), self.options, self.servers.index(server))
            except (OSError, RuntimeError, ValueError) as error:
                raise ServerNotReady(f"{server.order.name} could not be taken out: {error!r}.") from error
            server.forget()
        self._start_all(servers)

    def clean(self) -> None:
        """Take away what the last test left; the cluster is healthy before and after.

        Raises:
            EnvironmentProblem: it cannot be done.
        """
        try:
            self.recipe.clean(self._launches(), self.options)
        except (OSError, RuntimeError, ValueError) as error:
            raise EnvironmentProblem(f"The {self.recipe.title} could not be cleaned: {error!r}.") from error

    def kill(self) -> None:
        """SIGKILL to every process of it."""
        with ThreadPoolExecutor(max_workers=len(self.servers)) as pool:
            list(pool.map(Server.kill, self.servers))
        while self._companions:
            child = self._companions.pop()
            child.kill()
            self._guard.ended(child.pid)

    def remove(self) -> None:
        """Kill it and delete its folders; the logs stay."""
        self.kill()
        for server in self.servers:
            server.remove()
        self._ports.give_back(self._ground_ports.values())
        shutil.rmtree(self._folder, ignore_errors=True)

    def record(self) -> ClusterRecord:
        nodes = tuple(
            replace(server.record(), cluster=self.id, cluster_title=self.recipe.title, role=member.role)
            for server, member in zip(self.servers, self._members, strict=True)
        )
        return ClusterRecord(self.id, self.recipe.title, self.kind, nodes, seconds=self.seconds)
