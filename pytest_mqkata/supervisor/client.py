"""A run's side of the supervisor: start it if need be, hold leases, let go."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.provision import Installation
from pytest_mqkata.provision.cache import locked
from pytest_mqkata.supervisor.place import Place, all_places, own_place
from pytest_mqkata.supervisor.wire import ClusterRecord, Line, ServerRecord, error_from_json

IDLE_VARIABLE = "MQKATA_IDLE"
BUDGET_VARIABLE = "MQKATA_CLUSTER_MEMORY"
_BUDGET_DEFAULT = 1500
_IDLE_DEFAULT = 20 * 60.0  # seconds
_SPAWN_DEADLINE = 20.0  # seconds until a new supervisor listens; it takes 0.15 s on an idle machine


def default_idle() -> float:
    """Seconds that a warm server stays up after its last use: $MQKATA_IDLE, 0 in CI ($CI is set), else 20 minutes.

    Raises:
        EnvironmentProblem: $MQKATA_IDLE is not a number.
    """
    value = os.environ.get(IDLE_VARIABLE)
    if value is None:
        return 0.0 if os.environ.get("CI") else _IDLE_DEFAULT
    try:
        return max(0.0, float(value))
    except ValueError:
        raise EnvironmentProblem(
            f"The environment variable {IDLE_VARIABLE} is {value!r}, which is not a number of seconds.",
            mend=[f"unset {IDLE_VARIABLE}, or for ten minutes: export {IDLE_VARIABLE}=600"],
        ) from None


def cluster_budget() -> int:
    """Megabytes that all clusters together may take: $MQKATA_CLUSTER_MEMORY, default 1500.

    Raises:
        EnvironmentProblem: $MQKATA_CLUSTER_MEMORY is not a number.
    """
    value = os.environ.get(BUDGET_VARIABLE, "")
    try:
        return int(value) if value else _BUDGET_DEFAULT
    except ValueError:
        raise EnvironmentProblem(
            f"The environment variable {BUDGET_VARIABLE} is {value!r}, which is not a number of megabytes.",
            mend=[f"unset {BUDGET_VARIABLE}, or: export {BUDGET_VARIABLE}=3000"],
        ) from None


class Client:
    """A connection to this code's supervisor. All leases taken on it end when it closes, or when this process does.

    Thread-safe: requests are sent one after another.
    """

    def __init__(self) -> None:
        self._line: Line | None = None
        self._lock = threading.Lock()
        self._leases = 0

    def take(
        self, broker: str, *, key: str = "", installation: Installation | None = None, idle: float
    ) -> tuple[str, ServerRecord] | None:
        """A lease on a standard server: its name and the server. None: none is warm; ask again with an installation."""
        lease = self._new_lease()
        answer = self._ask(
            op="take",
            broker=broker,
            key=key,
            installation=installation.to_json() if installation else None,
            idle=idle,
            lease=lease,
        )
        return (lease, ServerRecord.from_json(answer)) if answer else None

    def order(
        self, broker: str, installation: Installation, options: Mapping[str, Any], *, start: bool = True
    ) -> tuple[str, ServerRecord]:
        """A lease on a private server made from `options`, which the broker's recipe defines."""
        lease = self._new_lease()
        answer = self._ask(
            op="order",
            broker=broker,
            installation=installation.to_json(),
            options=dict(options),
            start=start,
            lease=lease,
        )
        return lease, ServerRecord.from_json(answer)

    def take_cluster(
        self,
        broker: str,
        kind: str,
        options: Mapping[str, Any],
        *,
        key: str = "",
        installation: Installation | None = None,
        idle: float,
        keep: bool = True,
    ) -> tuple[str, ClusterRecord] | str | None:
        """A lease on a cluster that nobody else has meanwhile: its name and the cluster.

        With `keep` there will be another one for the next lease, until this client closes.

        A str: it cannot be had now, for this reason; ask again soon. None: none runs; ask again with an installation.
        """
        lease = self._new_lease()
        wish = {
            "broker": broker,
            "kind": kind,
            "key": key,
            "options": dict(options),
            "idle": idle,
            "budget": cluster_budget(),
            "owner": f"another run (PID {os.getpid()})",
        }
        given = installation.to_json() if installation else None
        answer = self._ask(op="take_cluster", wish=wish, installation=given, lease=lease, keep=keep)
        if answer is None:
            return None
        return str(answer["busy"]) if "busy" in answer else (lease, ClusterRecord.from_json(answer["cluster"]))

    def heal(self, lease: str) -> ClusterRecord:
        """Resume and start all nodes of a leased cluster, and wait until it is healthy."""
        return ClusterRecord.from_json(self._ask(op="heal", lease=lease))

    def health(self, lease: str) -> str | None:
        """None if a leased cluster is healthy, else the reason that it is not."""
        reason = self._ask(op="health", lease=lease)
        return None if reason is None else str(reason)

    def control_node(self, lease: str, node: int, action: str, **options: Any) -> ServerRecord:
        """`control` for one node of a leased cluster."""
        answer = self._ask(op="control_node", lease=lease, node=node, action=action, options=options)
        return ServerRecord.from_json(answer)

    def hold(self, broker: str, *, key: str = "") -> None:
        """Keep the standard servers of a broker, also between two leases, until this client closes."""
        self._ask(op="hold", broker=broker, key=key)

    def give(self, lease: str, *, untouched: bool = False) -> None:
        """End a lease; `untouched`: nothing was done with what it was on."""
        self._ask(op="give", lease=lease, untouched=untouched)

    def control(self, lease: str, action: str, **options: Any) -> ServerRecord:
        """Do something to a leased private server: "start", "stop", "kill", "pause", "resume", "signal", "status"."""
        answer = self._ask(op="control", lease=lease, action=action, options=options)
        return ServerRecord.from_json(answer)

    def close(self) -> None:
        """End all leases."""
        with self._lock:
            if self._line:
                self._line.close()
                self._line = None

    def _new_lease(self) -> str:
        self._leases += 1
        return str(self._leases)

    def _ask(self, **request: Any) -> Any:
        with self._lock:
            if self._line is None:
                self._line = _connect_or_spawn()
            try:
                return _exchange(self._line, request)
            except (OSError, EOFError):
                # a supervisor that has just gone, idle, is replaced; one that dies with our leases is an error
                self._line.close()
                self._line = None
                if request["op"] not in ("take", "take_cluster"):
                    raise EnvironmentProblem(
                        "mqkata's supervisor process has ended, and its brokers with it.",
                        mend=["run the same command again: it starts a new one"],
                    ) from None
                self._line = _connect_or_spawn()
                return _exchange(self._line, request)


def ask_all(**request: Any) -> list[Any]:
    """Ask every living supervisor of this cache, also those of other versions of the code; starts none."""
    answers = []
    for place in all_places():
        with contextlib.suppress(OSError, EOFError, ValueError):
            line = _connect(place)
            try:
                answers.append(_exchange(line, request))
            finally:
                line.close()
    return answers


def _exchange(line: Line, request: dict[str, Any]) -> Any:
    line.send(request)
    answer = line.receive()
    if answer is None:
        raise EOFError("the supervisor closed the connection")
    if "error" in answer:
        raise error_from_json(answer["error"])
    return answer["ok"]


def _connect(place: Place) -> Line:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(place.socket))
    except BaseException:
        connection.close()
        raise
    return Line(connection)


def _connect_or_spawn() -> Line:
    place = own_place()
    with contextlib.suppress(OSError):
        return _connect(place)
    with locked(place.spawn_lock, waiting_for="the supervisor"):
        with contextlib.suppress(OSError):
            return _connect(place)
        _retire_others(place)
        return _spawn(place)


def _spawn(place: Place) -> Line:
    with place.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest_mqkata.supervisor.daemon", str(place.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    end = time.monotonic() + _SPAWN_DEADLINE
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            line = _connect(place)
            process.returncode = 0  # it shall outlive us, so Popen need not warn that it still runs
            return line
        if process.poll() not in (None, 0):
            break
        time.sleep(0.01)
    raise EnvironmentProblem(
        f"mqkata's supervisor process did not come up (its log: {place.log}).",
        mend=["look at the end of that log, and run the command again"],
        details=place.log.read_text(errors="replace")[-2000:],
    )


def _retire_others(own: Place) -> None:
    """Ask supervisors of other versions of the code to end what nobody uses."""
    for place in all_places():
        if place != own:
            with contextlib.suppress(OSError, EOFError, ValueError, EnvironmentProblem):
                line = _connect(place)
                try:
                    _exchange(line, {"op": "retire"})
                finally:
                    line.close()
