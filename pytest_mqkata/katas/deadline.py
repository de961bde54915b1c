"""Ends a step whose code does not come back, and says what it was doing."""

from __future__ import annotations

import asyncio
import linecache
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from _pytest.outcomes import Failed

from pytest_mqkata.katas.answer import Answer
from pytest_mqkata.testing import waited_for

STEP_SECONDS = 20.0

_AGAIN = 0.5  # seconds until an answer that swallowed the interruption is interrupted again
_BURST_AFTER = 3  # swallowed interruptions after which they come in a burst
_BURST = 0.0002  # seconds between the interruptions of a burst: one of them hits outside of the answer's `try`
_GIVE_UP_AFTER = 20_000  # interruptions after which nothing but the process' end helps


class DeadlineReached(Failed):
    """A step took too long."""


class Deadline:
    """A timer for the code of one test, by SIGALRM: it interrupts `time.sleep`, `recv` and endless loops alike."""

    def __init__(self, answer: Answer, seconds: float, last_words: Callable[[str], None]) -> None:
        """
        Args:
            answer: whose frames are named in the message.
            seconds: until the interruption.
            last_words: called with the message if the process must be ended, because nothing else stops the answer.
        """
        self._answer = answer
        self._seconds = seconds
        self._last_words = last_words
        self._fired = 0
        self._message = ""
        self._previous: object = None

    def start(self) -> None:
        """Only the main thread can be interrupted; elsewhere nothing happens."""
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGALRM, self._fire)
            signal.setitimer(signal.ITIMER_REAL, self._seconds, _AGAIN)

    def cancel(self) -> None:
        if self._previous is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._previous)  # type: ignore[arg-type]
            self._previous = None

    def _fire(self, _number: int, frame: FrameType | None) -> None:
        self._fired += 1
        where = self._answer_frame(frame)
        if self._fired == 1:
            self._message = self._describe(where)
        elif where is None:
            signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)
            return  # the first interruption got through; what runs now is the test's own clean-up
        if self._fired == _BURST_AFTER:
            signal.setitimer(signal.ITIMER_REAL, _BURST, _BURST)
        if self._fired > _GIVE_UP_AFTER:
            self._last_words(f"{self._message} It catches every interruption, so the whole run had to be ended.")
            os._exit(1)
        raise DeadlineReached(self._message, pytrace=False)

    def _describe(self, where: FrameType | None) -> str:
        sentence = f"Not done after {self._seconds:g} s."
        if where:
            file, line = where.f_code.co_filename, where.f_lineno
            source = linecache.getline(file, line).strip()
            sentence += f" `{where.f_code.co_name}()` was still at {file}:{line}" + (f": {source}" if source else "")
            sentence += "."
        else:
            sentence += " Your code had returned; the test was still waiting for its effect."
        waiting = waited_for()
        if waiting:
            sentence += f" The test waited for: {waiting}"
        return sentence

    def _answer_frame(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the answer: on the stack, or where a coroutine of it waits."""
        while frame:
            if self._answer.owns(frame.f_code.co_filename):
                return frame
            frame = frame.f_back
        try:
            tasks = asyncio.all_tasks()
        except RuntimeError:
            return None
        for task in tasks:
            found = [one for one in _frames(task) if self._answer.owns(one.f_code.co_filename)]
            if found:
                return found[-1]
        return None


def _frames(task: asyncio.Task[object]) -> list[FrameType]:
    """The frames of a suspended task, outermost first, through everything that it awaits."""
    frames = []
    waiting: object = task.get_coro()
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame is not None:
            frames.append(frame)
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
    return frames


def in_debugger() -> bool:
    """Whether a debugger traces this thread: then a person decides how long a step may take."""
    return sys.gettrace() is not None and "coverage" not in type(sys.gettrace()).__module__
