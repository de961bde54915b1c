"""A broker's node as the supervisor owns it: started by its recipe, watched, stopped."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_mqkata.errors import ServerExited, ServerNotReady
from pytest_mqkata.processes.child import Child, describe_exit, tail
from pytest_mqkata.processes.ports import Ports
from pytest_mqkata.provision import Installation
from pytest_mqkata.recipes import Ground, Launch, Order, Peer, Recipe, recipe
from pytest_mqkata.supervisor.guard import Guard
from pytest_mqkata.supervisor.wire import ServerRecord

_LINES_SHOWN = 20
_MOST_BYTES = 500_000
_STACK_FRAME = re.compile(r"\s+at \S|\s+\.\.\. \d+ more")
_SHORTEST_POLL, _LONGEST_POLL = 0.002, 0.05  # seconds between two looks at a starting broker
_PORT_ATTEMPTS = 5  # starts on new ports, should another program take one between draw and bind


class Server:
    """One node. Not thread-safe: its owner serialises what is done with it."""

    def __init__(
        self,
        identifier: str,
        broker: str,
        installation: Installation,
        options: Mapping[str, Any],
        *,
        nodes: Path,
        logs: Path,
        ports: Ports,
        guard: Guard,
    ) -> None:
        self.id = identifier
        self.broker = broker
        self.recipe: Recipe = recipe(broker)
        self.started_at = 0.0
        self.seconds = 0.0
        self._ports = ports
        self._guard = guard
        self._children: list[Child] = []
        self._launch: Launch | None = None
        self._ran = False
        folder = nodes / identifier
        folder.mkdir(parents=True)
        logs.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%m%d-%H%M%S")
        self.order = Order(
            installation=installation,
            folder=folder,
            log=logs / f"{identifier}-{stamp}-{guard.tag}.log",
            ports={},
            name=str(options.get("name") or identifier),
            options=dict(options),
        )

    @property
    def launch(self) -> Launch | None:
        """How it was started last; None before."""
        return self._launch

    @property
    def alive(self) -> bool:
        return bool(self._children) and self._children[-1].alive

    @property
    def pid(self) -> int:
        return self._children[-1].pid if self.alive else 0

    def start(self, options: Mapping[str, Any] | None = None) -> None:
        """Start the node and wait until it is ready; nothing happens if it runs.

        Raises:
            ServerExited: it ended before it was ready.
            ServerNotReady: it did not answer in time.
        """
        if self.alive:
            return
        self.order = replace(self.order, again=self._ran, options={**self.order.options, **(options or {})})
        begun = time.monotonic()
        attempts = 1 if self.order.peers else _PORT_ATTEMPTS  # other nodes were told this one's ports
        while True:
            attempts -= 1
            offset = self.order.log.stat().st_size if self.order.log.exists() else 0
            if not self._ran:
                self._begin_anew()
            try:
                self._start_once(offset)
            except ServerExited as error:
                self.kill()
                if self.port_was_taken(error) and attempts:
                    continue
                raise
            except BaseException:
                self.kill()
                raise
            break
        self._ran = True
        self.started_at = time.time()
        self.seconds = time.monotonic() - begun

    def port_was_taken(self, error: ServerExited) -> bool:
        """Whether a start failed because another program took one of the node's ports between draw and bind."""
        return bool(re.search(self.recipe.port_taken, error.details))

    def draw_ports(self) -> Peer:
        """Other ports than before; what the cluster's other nodes must know of this one."""
        self._ports.give_back(self.order.ports.values())
        self.order = replace(self.order, ports=self._ports.draw(self.recipe.port_names))
        return Peer(self.order.name, self.order.ports)

    def join(self, peers: Sequence[Peer], index: int, ground: Ground) -> None:
        """The next start is the first one of a cluster's node, which has drawn its ports already."""
        self.order = replace(self.order, peers=peers, index=index, ground=ground)
        self.forget()

    def forget(self) -> None:
        """The next start is like the first one: without any data."""
        self._ran = False

    def _begin_anew(self) -> None:
        """Other ports and an empty folder: an earlier attempt may have written to it."""
        shutil.rmtree(self.order.folder)
        self.order.folder.mkdir()
        if not self.order.peers:
            self.draw_ports()

    def _start_once(self, offset: int) -> None:
        launch = self._launch = self.recipe.prepare(self.order)
        for one in (*launch.companions, launch):
            self._children.append(self._spawn(one))
        self._wait_until_ready(launch, offset)

    def _spawn(self, launch: Launch) -> Child:
        try:
            child = Child(launch.argv, env=launch.env, log=launch.log, cwd=launch.cwd or self.order.folder)
        except OSError as error:
            raise ServerNotReady(f"{self.recipe.title} cannot be started: {error}.") from error
        self._guard.started(child.pid, child.created)
        return child

    def _wait_until_ready(self, launch: Launch, log_offset: int) -> None:
        child = self._children[-1]
        begun = time.monotonic()
        end = begun + self.recipe.start_deadline
        reason: str | None = "it was not asked yet"
        while time.monotonic() < end:
            if not child.alive:
                status = child.exit_status
                raise ServerExited(
                    f"{self.recipe.title} {describe_exit(status or 0)} while it was starting (log: {launch.log}).",
                    details=_shown(self._written(log_offset)),
                )
            reason = self.recipe.probe(launch)
            if reason is None:
                return
            # a NATS server is ready in 10 ms, RabbitMQ in 3 s: look often at first, then ever less
            time.sleep(min(_LONGEST_POLL, max(_SHORTEST_POLL, (time.monotonic() - begun) / 10)))
        raise ServerNotReady(
            f"{self.recipe.title} (PID {child.pid}) was not ready after {self.recipe.start_deadline:g} s: {reason} "
            f"(log: {launch.log}).",
            details=_shown(self._written(log_offset)),
        )

    def _written(self, offset: int) -> str:
        """What was written to the log since `offset` bytes."""
        try:
            with self.order.log.open("rb") as file:
                file.seek(offset)
                return file.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""

    def probe(self) -> str | None:
        """None if the node answers, else the reason that it does not."""
        if self._launch is None or not self.alive:
            return "its process is gone"
        return self.recipe.probe(self._launch)

    def stop(self) -> None:
        """A graceful stop, by force if it takes too long."""
        if self._children and self._launch:
            self._children[-1].stop(self._launch.stop_signal, self._launch.stop_grace)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to all of the node's processes."""
        for child in reversed(self._children):
            child.kill()
            self._guard.ended(child.pid)
        self._children.clear()

    def send(self, number: int) -> None:
        """Send a signal to the node's process group; SIGSTOP and SIGCONT reach every process of it."""
        if self.alive:
            group = number in (signal.SIGSTOP, signal.SIGCONT)
            child = self._children[-1]
            child.signal_group(number) if group else child.send(number)

    def remove(self) -> None:
        """Kill the node and delete its folder; the log stays."""
        self.kill()
        self._ports.give_back(self.order.ports.values())
        with contextlib.suppress(OSError):
            shutil.rmtree(self.order.folder)

    def last_words(self) -> str:
        """The last lines of its log."""
        return tail(self.order.log)

    def record(self) -> ServerRecord:
        launch = self._launch
        return ServerRecord(
            id=self.id,
            broker=self.broker,
            name=self.order.name,
            pid=self.pid,
            ports=dict(launch.ports if launch else self.order.ports),
            details=dict(launch.details) if launch else {},
            folder=str(self.order.folder),
            log=str(self.order.log),
            version=self.order.installation.version,
            source=self.order.installation.source,
            product=self.order.installation.product,
            seconds=self.seconds,
            alive=self.alive,
        )


def _shown(text: str) -> str:
    """The last lines of a log without the frames of Java stack traces, which push the reason out of sight."""
    return "\n".join([line for line in text.splitlines() if not _STACK_FRAME.match(line)][-_LINES_SHOWN:])
