"""One child process in a process group of its own: started, watched, stopped for certain."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

_KILL_DEADLINE = 5.0  # seconds for the kernel to end a group after SIGKILL


class Child:
    """A process that we started, with its whole group.

    A group of its own, because a broker's start script (RabbitMQ's) is not the process that does the work: the group
    takes both along. Output goes to a file, since a pipe that nobody reads stops the writer.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path) -> None:
        """Start `argv`; its output is appended to `log`.

        Raises:
            OSError: the program cannot be run.
        """
        self.argv = tuple(argv)
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                self.argv,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._popen.pid
        self.created = identity(self.pid)

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    @property
    def exit_status(self) -> int | None:
        """The exit code; negative: the signal that ended it; None: it runs."""
        return self._popen.poll()

    def signal_group(self, number: int) -> None:
        """Send a signal to every process of the group; nothing happens if the group is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def send(self, number: int) -> None:
        """Send a signal to the process itself; nothing happens if it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, grace: float = 5.0) -> None:
        """End the group: a graceful signal, `grace` seconds to obey, then SIGKILL. Returns when it is gone."""
        if self.alive:
            self.signal_group(signal.SIGCONT)
            self.send(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(grace)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group; returns when it is gone."""
        self.signal_group(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(_KILL_DEADLINE)
        wait_for_group_to_go(self.pid)

    def __repr__(self) -> str:
        name = Path(self.argv[0]).name
        status = self.exit_status
        if status is None:
            return f"<{name} running with PID {self.pid}>"
        return f"<{name} PID {self.pid} {describe_exit(status)}>"


def describe_exit(status: int) -> str:
    """An exit status in words: "exited with status 1", "ended by SIGKILL"."""
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(-status).name}"
    return f"exited with status {status}"


def wait_for_group_to_go(group: int, deadline: float = _KILL_DEADLINE) -> None:
    """Wait until no running process of the group is left.

    Dead members whose parent does not reap them (a container without an init) count as gone: they hold nothing.
    """
    end = time.monotonic() + deadline
    look_closer = time.monotonic() + 0.1
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return
        if time.monotonic() > look_closer and not _running_members(group):
            return
        time.sleep(0.005)


def _running_members(group: int) -> list[int]:
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process.pid)
    return members


def identity(pid: int) -> float:
    """When the process `pid` was created, in seconds since the epoch; 0.0 if there is none.

    A PID alone may have been given to another process since; PID and creation time together name one process.
    """
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def is_same_process(pid: int, created: float) -> bool:
    """Whether `pid` is still the process that was created at `created`."""
    return created > 0 and abs(identity(pid) - created) < 0.05


def tail(log: Path, lines: int = 15, most_bytes: int = 20_000) -> str:
    """The last `lines` lines of a log file; "" if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - most_bytes))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
