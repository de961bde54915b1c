"""A run of pytest on a kata, and what became of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.records import Record
from pytest_mqkata.progress.store import Store

INTERRUPT_SECONDS = 3.0
"""Until a cancelled run that does not heed SIGINT gets SIGTERM."""

TERMINATE_SECONDS = 1.5
"""Until SIGKILL after that."""

_NO_RECORD = {0: "green", 1: "red", 2: "amber"}  # pytest's exit statuses; 2 also for tests that cannot be imported


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Attributes:
        colour: "green", "red", "amber", "grey".
        passed: steps.
        total: steps of the kata; 0 if it is not known how many passed.
        remark: what the colour does not say.
    """

    colour: str
    passed: int = 0
    total: int = 0
    remark: str = ""


class Run:
    """A pytest process in a process group of its own, so that Ctrl-C is for `mqkata watch` to handle."""

    def __init__(self, kata: Kata, store: Store, *, all_steps: bool = False) -> None:
        """
        Raises:
            OSError: no process can be started.
        """
        self.kata = kata
        self.cancelled = False
        self._store = store
        self._newest = _newest_number(store, kata)
        self._signals = [
            (INTERRUPT_SECONDS, signal.SIGTERM),
            (INTERRUPT_SECONDS + TERMINATE_SECONDS, signal.SIGKILL),
        ]
        self._cancelled_at = 0.0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", f"katas/{kata.id}", *(["--all-steps"] if all_steps else [])],
            cwd=kata.root,
            stdin=subprocess.DEVNULL,  # the keys are not for it
            process_group=0,
        )

    @property
    def over(self) -> bool:
        """Whether its process has ended."""
        return self.process.poll() is not None

    def cancel(self) -> None:
        """Interrupt it, as Ctrl-C would; `press` sees to it that it ends. A second call does nothing."""
        if not self.cancelled:
            self.cancelled, self._cancelled_at = True, time.monotonic()
            self._send(signal.SIGINT)
            self._send(signal.SIGCONT)  # one that was stopped for reaching for the terminal does not heed it otherwise

    def press(self) -> None:
        """To be called now and then after `cancel`: a run that does not end by itself is ended."""
        while self.cancelled and self._signals and self.ending_for >= self._signals[0][0]:
            self._send(self._signals.pop(0)[1])

    @property
    def ending_for(self) -> float:
        """Seconds since it was cancelled; 0 if it was not."""
        return time.monotonic() - self._cancelled_at if self.cancelled else 0.0

    def kill(self) -> None:
        """End it without waiting for its own clean-up; its leases end with its connections."""
        self._send(signal.SIGKILL)

    def clear_up(self) -> None:
        """After its end: what a cancelled run's answer started and left goes with it, or two would run at once."""
        if self.cancelled:
            self._send(signal.SIGKILL)

    def pause(self) -> None:
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def outcome(self) -> Outcome:
        """What became of it, after its end: what it wrote down, or else what its exit status says."""
        status = self.process.returncode
        record = self._store.last_run(self.kata.id)
        if record and record.number > self._newest and (record.colour == "green") == (status == 0):
            return outcome_of(record, self.kata)
        if status < 0:
            return Outcome("grey", remark=f"pytest was ended by {signal.Signals(-status).name}")
        return Outcome(_NO_RECORD.get(status, "grey"))

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # all of the group are gone
            os.killpg(self.process.pid, number)


def outcome_of(record: Record, kata: Kata) -> Outcome:
    """What a written record says."""
    total = len(_steps(kata) | set(record.steps))
    passed = sum(colour == "green" for colour in record.steps.values())
    if record.colour == "green" and passed < total:
        return Outcome("grey", passed, total, remark="the others were skipped")
    return Outcome(record.colour, passed, total)


def _steps(kata: Kata) -> set[int]:
    """By the README as it is now; it may be gone, or half written."""
    try:
        return set(kata.read_again().step_titles)
    except (OSError, ValueError):
        return set()


def _newest_number(store: Store, kata: Kata) -> int:
    newest = next(store.records(kata.id), None)
    return newest.number if newest else 0
