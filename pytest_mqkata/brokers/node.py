"""A real broker process in a test's hands."""

from __future__ import annotations

import itertools
import os
import secrets
from pathlib import Path
from typing import ClassVar

from pytest_mqkata.brokers import TITLES
from pytest_mqkata.brokers.session import Lease
from pytest_mqkata.errors import SharedServerError
from pytest_mqkata.timeline import note_fault

_NOTED = {"kill": "killed", "stop": "stopped", "pause": "paused", "resume": "resumed"}

_numbers = itertools.count(1)
run_tag = f"{os.getpid():x}{secrets.token_hex(2)}"
"""Marks the names that this process gave out."""


def next_name(stem: str) -> str:
    """A name that nothing else has: `stem`, "-" and letters and digits."""
    return f"{stem}-{run_tag}-{next(_numbers)}"


class Node:
    """What all brokers' servers and nodes have in common; one subclass for each broker."""

    broker: ClassVar[str]
    port_name: ClassVar[str] = "client"

    def __init__(self, lease: Lease, *, shared: bool) -> None:
        """
        Args:
            lease: the server.
            shared: other runs use it too, so it must not be stopped or killed.
        """
        self.lease = lease
        self._shared = shared
        self._down_on_purpose = False

    @property
    def name(self) -> str:
        return self.lease.record.name

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return self.lease.record.ports[self.port_name]

    @property
    def pid(self) -> int:
        """The PID of its main process; 0 while it is stopped."""
        return self.lease.record.pid

    @property
    def alive(self) -> bool:
        """Whether its main process runs (also while it is paused), asked now."""
        if self._shared:
            return self.lease.record.alive
        return self.lease.control("status").alive

    @property
    def version(self) -> str:
        return self.lease.record.version

    @property
    def folder(self) -> Path:
        """Its config and data; gone with the server."""
        return Path(self.lease.record.folder)

    @property
    def log_path(self) -> Path:
        return Path(self.lease.record.log)

    @property
    def log(self) -> str:
        """The text of its log so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @property
    def died(self) -> bool:
        """Whether it is gone although nobody asked for that."""
        return not self._down_on_purpose and not self.alive

    @property
    def busy_ports(self) -> frozenset[int]:
        """The ports of learners' connections: one that is still open after a test was left behind."""
        return frozenset({self.port})

    def fresh(self, stem: str) -> str:
        """A name that nothing else has, for a queue, topic, subject or key: `stem`, "-" and letters and digits."""
        return next_name(stem)

    @property
    def url(self) -> str:
        """Where clients connect to, as the broker's clients write it."""
        raise NotImplementedError

    def kill(self) -> None:
        """SIGKILL: the process is gone at once, nothing is flushed."""
        self._control("kill")

    def stop(self) -> None:
        """SIGTERM, and wait until it is gone."""
        self._control("stop")

    def start(self) -> None:
        """Start it again on the same ports and data; returns when it is ready. Nothing happens if it runs."""
        self._control("start")

    def restart(self) -> None:
        """`stop()`, then `start()`."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nothing."""
        self._control("pause")

    def resume(self) -> None:
        """SIGCONT: it goes on."""
        self._control("resume")

    def back_again(self) -> None:
        """It was started by its cluster, not by `start()`."""
        self._down_on_purpose = False

    def evidence(self) -> list[str]:
        """What the broker holds now, a line each, for a failure report. Takes 2 seconds at the most."""
        return []

    def close(self) -> None:
        """The test is over: clean up what it left and give the server back."""
        self.lease.give()

    def _control(self, action: str, **options: object) -> None:
        if self._shared:
            raise SharedServerError(
                f"{self.broker}_server is a warm {TITLES[self.broker]} that other runs use too, so a test may not "
                f"{action} it. Take the fixture {self.broker}_server_factory: its servers belong to the test."
            )
        self._down_on_purpose = action in ("kill", "stop") or (self._down_on_purpose and action != "start")
        if action in _NOTED:
            note_fault(_NOTED[action], self.lease.record.name)  # before it is done: what clients notice comes after
        self.lease.control(action, **options)
        if action == "start":
            note_fault("started", self.lease.record.name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.lease.record.name} {self.version} on {self.host}:{self.port}>"
