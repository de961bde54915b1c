"""A second, tiny process beside the supervisor that ends its brokers should the supervisor itself be killed."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from pytest_mqkata.processes.child import is_same_process


class Guard:
    """Writes down each process group that the supervisor owns: to the guard process and to the journal."""

    def __init__(self, journal: Path) -> None:
        """Fork the guard. Call it before the first thread is started and before the first socket is opened."""
        self._journal = journal.open("a", buffering=1)
        self.tag = f"{os.getpid():x}"
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.close(writer)
            _watch(reader)
        os.close(reader)
        self._pipe = os.fdopen(writer, "w", buffering=1)

    def started(self, pid: int, created: float) -> None:
        self._write(f"+ {pid} {created}\n")

    def ended(self, pid: int) -> None:
        self._write(f"- {pid}\n")

    def _write(self, line: str) -> None:
        self._journal.write(line)
        with contextlib.suppress(BrokenPipeError):
            self._pipe.write(line)


def _watch(reader: int) -> None:
    """The guard process: read until the supervisor is gone, then kill what it left. Does not return."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        with os.fdopen(reader) as lines:
            end_all(still_listed(list(lines)))
    finally:
        os._exit(0)


def still_listed(lines: list[str]) -> dict[int, float]:
    """PID and creation time of each process that was written as started and not as ended."""
    left: dict[int, float] = {}
    for line in lines:
        match line.split():
            case ["+", pid, created]:
                left[int(pid)] = float(created)
            case ["-", pid]:
                left.pop(int(pid), None)
    return left


def end_all(processes: dict[int, float]) -> None:
    """SIGKILL to the group of each process that is still the one that was written down."""
    for pid, created in processes.items():
        if is_same_process(pid, created):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
