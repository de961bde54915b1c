"""Who has which server: warm shared ones, spares, private ones, and when an unused one is ended."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.provision import Installation
from pytest_mqkata.recipes import recipe
from pytest_mqkata.supervisor.server import Server
from pytest_mqkata.supervisor.wire import ServerRecord
from pytest_mqkata.supervisor.workshop import Workshop

_TRUSTED = 2.0  # seconds that a shared server is trusted to be as well as when it last answered


@dataclass
class Pool:
    """The standard servers of one broker from one installation.

    Attributes:
        lock: held while a server is started or looked over, so that two runs never start the same one twice.
        shared: the warm server that all runs share, for brokers that are shared.
        spares: servers that nobody has used yet, for brokers of which each test takes a fresh one.
        holders: how many leases and holds are open.
        holds: how many runs keep the pool for as long as they last.
        idle: seconds to stay up without a lease.
        touched: when the last lease was opened or closed.
        starting: how many spares are being started.
        probed: when the shared server last answered.
    """

    installation: Installation
    lock: threading.Lock = field(default_factory=threading.Lock)
    shared: Server | None = None
    spares: list[Server] = field(default_factory=list)
    holders: int = 0
    holds: int = 0
    idle: float = 0.0
    touched: float = field(default_factory=time.monotonic)
    probed: float = 0.0
    starting: int = 0

    @property
    def users(self) -> int:
        """How many runs use it."""
        return max(self.holds, min(self.holders, 1))

    def servers(self) -> list[Server]:
        return [*([self.shared] if self.shared else []), *self.spares]


@dataclass
class Holding:
    """A server in one client's hands."""

    server: Server
    pool: Pool | None
    private: bool


class Fleet:
    """All servers of one supervisor. Thread-safe."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._lock = threading.RLock()
        self._pools: dict[tuple[str, str], Pool] = {}
        self._held: dict[str, Holding] = {}
        self._background = ThreadPoolExecutor(max_workers=4, thread_name_prefix="fleet")
        self._closed = False

    # what clients ask for

    def take(
        self, broker: str, key: str, installation: Installation | None, idle: float
    ) -> tuple[Holding, ServerRecord] | None:
        """A standard server: the shared warm one, or a spare. None: one must be started, and no installation is given."""
        pool = self._pool(broker, key, installation)
        if pool is None:
            return None
        with self._lock:
            pool.holders += 1
            pool.idle = max(pool.idle, idle)
            pool.touched = time.monotonic()
        try:
            with pool.lock:
                server, warm = self._from_pool(broker, pool, can_start=installation is not None)
        except BaseException:
            self._put_down(pool)
            raise
        if server is None:
            self._put_down(pool)
            return None
        holding = Holding(server, pool, private=not server.recipe.shared)
        record = replace(server.record(), warm=warm, shared=server.recipe.shared)
        if holding.private:
            with self._lock:
                self._held[server.id] = holding
            self._refill(broker, pool)
        return holding, record

    def order(
        self, broker: str, installation: Installation, options: Mapping[str, Any], *, start: bool
    ) -> tuple[Holding, ServerRecord]:
        """A private server from the caller's own options; it ends with the lease."""
        server = self._workshop.server(broker, installation, options)
        try:
            if start:
                server.start()
        except BaseException:
            server.remove()
            raise
        holding = Holding(server, None, private=True)
        with self._lock:
            self._held[server.id] = holding
        return holding, server.record()

    def hold(self, broker: str, key: str) -> Pool | None:
        """Keep the standard servers of a broker, also between two leases, until `let_go`; None if there are none."""
        with self._lock:
            pool = self._pools.get((broker, key))
            if pool is not None:
                pool.holders += 1
                pool.holds += 1
            return pool

    def let_go(self, pool: Pool) -> None:
        """The end of a `hold`."""
        with self._lock:
            pool.holds -= 1
        self._put_down(pool)

    def give_back(self, holding: Holding) -> None:
        """The lease on a server ends. A private or used server is ended in the background."""
        if holding.private:
            with self._lock:
                self._held.pop(holding.server.id, None)
            self._background.submit(holding.server.remove)
        if holding.pool:
            self._put_down(holding.pool)

    def control(self, holding: Holding, action: str, options: Mapping[str, Any]) -> ServerRecord:
        """Do something to a held private server.

        Args:
            holding: whose.
            action: "start", "stop", "kill", "pause", "resume", "signal" (options["number"]) or "status".
            options: for "start": options for the recipe, from now on.
        """
        return act(holding.server, action, options)

    def records(self) -> list[ServerRecord]:
        """Every server there is."""
        now = time.monotonic()
        found = []
        with self._lock:
            for pool in self._pools.values():
                unused = 0.0 if pool.holders else now - pool.touched
                for server in pool.servers():
                    record = replace(server.record(), leases=pool.users if server is pool.shared else 0)
                    shared = server is pool.shared
                    found.append(replace(record, warm=True, shared=shared, idle=pool.idle, idle_since=unused))
            found += [replace(holding.server.record(), leases=1) for holding in self._held.values()]
        return found

    def down(self, broker: str | None, *, force: bool) -> list[ServerRecord]:
        """End the standard servers of `broker` (None: of all) that no run holds, with `force` also the held ones."""
        ended = []
        for key, pool in list(self._pools.items()):
            if broker not in (None, key[0]) or (pool.holders and not force):
                continue
            with pool.lock:
                ended += [server.record() for server in pool.servers()]
                self._empty(pool)
                if not pool.holders:
                    with self._lock:
                        self._pools.pop(key, None)
        return ended

    # what happens by itself

    def tend(self) -> None:
        """Look after all: forget the dead, end what has been idle for too long."""
        now = time.monotonic()
        for key, pool in list(self._pools.items()):
            if not pool.lock.acquire(blocking=False):
                continue
            try:
                if pool.shared and not pool.shared.alive:
                    pool.shared.remove()
                    pool.shared = None
                for dead in [spare for spare in pool.spares if not spare.alive]:
                    pool.spares.remove(dead)
                    dead.remove()
                with self._lock:
                    expired = not pool.holders and not pool.starting and now - pool.touched >= pool.idle
                    if expired:
                        del self._pools[key]
                if expired:
                    self._empty(pool)
            finally:
                pool.lock.release()

    @property
    def empty(self) -> bool:
        with self._lock:
            return not self._pools and not self._held

    def close(self) -> None:
        """End every server; returns when all are gone."""
        self._closed = True
        with self._lock:
            pools, held = list(self._pools.values()), list(self._held.values())
            self._pools.clear()
            self._held.clear()
        for pool in pools:
            self._empty(pool)
        for holding in held:
            holding.server.remove()
        self._background.shutdown(wait=True, cancel_futures=False)

    # details

    def _pool(self, broker: str, key: str, installation: Installation | None) -> Pool | None:
        with self._lock:
            pool = self._pools.get((broker, key))
            if pool is None and installation is not None:
                pool = self._pools[(broker, key)] = Pool(installation)
            return pool

    def _from_pool(self, broker: str, pool: Pool, *, can_start: bool) -> tuple[Server | None, bool]:
        """A healthy server of the pool, and whether it was warm. The pool's lock is held."""
        if recipe(broker).shared:
            if pool.shared and self._answers(pool, pool.shared):
                return pool.shared, True
            if pool.shared:
                pool.shared.remove()
                pool.shared = None
            if not can_start:
                return None, False
            pool.shared = self._started(broker, pool.installation)
            return pool.shared, False
        while pool.spares:
            spare = pool.spares.pop()
            if spare.probe() is None:
                return spare, True
            spare.remove()
        # a pool remembers its installation, so that later tests of a run need not look for it again
        return self._started(broker, pool.installation), False

    def _answers(self, pool: Pool, server: Server) -> bool:
        """Whether the shared server answers, or did so just now: a run's tests follow each other within milliseconds."""
        if server.alive and time.monotonic() - pool.probed < _TRUSTED:
            return True
        if server.probe() is not None:
            return False
        pool.probed = time.monotonic()
        return True

    def _started(self, broker: str, installation: Installation) -> Server:
        server = self._workshop.server(broker, installation, {})
        try:
            server.start()
        except BaseException:
            server.remove()
            raise
        return server

    def _refill(self, broker: str, pool: Pool) -> None:
        """Start spares in the background, so that the next test finds a fresh server ready."""
        with self._lock:
            wanted = 0 if self._closed else recipe(broker).spares - len(pool.spares) - pool.starting
            pool.starting += max(0, wanted)
        for _ in range(wanted):
            self._background.submit(self._start_spare, broker, pool)

    def _start_spare(self, broker: str, pool: Pool) -> None:
        try:
            server = self._started(broker, pool.installation)
        except EnvironmentProblem:
            return  # the next test starts its own, and reports why it can't
        finally:
            with self._lock:
                pool.starting -= 1
        with pool.lock:
            if self._closed or pool not in self._pools.values():
                server.remove()
            else:
                pool.spares.append(server)

    def _put_down(self, pool: Pool) -> None:
        with self._lock:
            pool.holders -= 1
            pool.touched = time.monotonic()

    def _empty(self, pool: Pool) -> None:
        for server in pool.servers():
            server.remove()  # its data goes with it, so there is nothing that a graceful stop would save
        pool.shared = None
        pool.spares.clear()


def act(server: Server, action: str, options: Mapping[str, Any]) -> ServerRecord:
    """Do to a server what `Fleet.control` says."""
    match action:
        case "start":
            server.start(options)
        case "stop":
            server.stop()
        case "kill":
            server.kill()
        case "pause":
            server.send(signal.SIGSTOP)
        case "resume":
            server.send(signal.SIGCONT)
        case "signal":
            server.send(int(options["number"]))
        case "status":
            pass
        case _:
            raise EnvironmentProblem(f"unknown action {action!r}")
    return server.record()
