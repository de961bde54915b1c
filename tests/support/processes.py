"""Watching real processes from tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from pytest_mqkata.supervisor.client import ask_all
from pytest_mqkata.supervisor.wire import ServerRecord

HOLDER = """
import pathlib, time

def test_hold({fixture}):
    pathlib.Path({marker!r}).write_text("ready")
    time.sleep(600)
"""


def heed_interrupts() -> None:
    """For a child: SIGINT has its usual effect, also where this run itself was started in the background without it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Holder:
    """A pytest process, in a process group of its own, whose test holds a broker and never ends."""

    def __init__(self, fixture: str, folder: Path, **environment: str) -> None:
        self._marker = folder / "ready"
        test = folder / "test_hold.py"
        test.write_text(HOLDER.format(fixture=fixture, marker=str(self._marker)))
        self._output = (folder / "output").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-brokers", str(test)],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )

    def wait_until_it_holds(self, timeout: float = 120) -> None:
        until(lambda: self._marker.exists() or self.process.poll() is not None, timeout, "the test did not start")
        assert self._marker.exists(), self.output()

    def output(self) -> str:
        self._output.flush()
        return Path(self._output.name).read_text()

    def end(self, number: int, *, group: bool) -> None:
        """Send a signal to the process or its group, and wait until the process is gone."""
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        self.process.wait(30)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self._output.close()


def until(condition: Callable[[], object], timeout: float, complaint: str) -> None:
    """Poll until `condition` holds."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, complaint
        time.sleep(0.02)


def running() -> list[ServerRecord]:
    """All servers of the present run folder."""
    return [ServerRecord.from_json(data) for answer in ask_all(op="ps") for data in answer]


def family_of(pid: int) -> list[psutil.Process]:
    """The supervisor that owns the process `pid`, and all that lives below it: brokers, their helpers, the guard."""
    supervisor = psutil.Process(pid).parent()
    assert supervisor is not None
    return [supervisor, *supervisor.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a dead one that nobody has reaped yet is gone."""
    found = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found
