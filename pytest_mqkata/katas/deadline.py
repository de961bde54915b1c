"""Ends a step whose code does not come back, and says what it was doing."""

from __future__ import annotations

import ast
import asyncio
import linecache
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from _pytest.outcomes import Failed

from pytest_mqkata.katas.answer import Answer
from pytest_mqkata.testing import waited_for

STEP_SECONDS = 20.0

_AGAIN = 0.5  # seconds until an answer that swallowed the interruption is interrupted again
_TRACE_AFTER = 2  # interruptions after which the answer is stopped where it catches nothing
_GIVE_UP_AFTER = 20  # interruptions after which nothing but the process' end helps


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
        self._traced: Any = None  # the trace function of a coverage tool

    def start(self) -> None:
        """Only the main thread can be interrupted; elsewhere nothing happens."""
        if threading.current_thread() is threading.main_thread():
            self._traced = sys.gettrace()
            self._previous = signal.signal(signal.SIGALRM, self._fire)
            signal.setitimer(signal.ITIMER_REAL, self._seconds, _AGAIN)

    def cancel(self) -> None:
        if self._previous is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._previous)  # type: ignore[arg-type]
            self._previous = None
            sys.settrace(self._traced)

    def _fire(self, _number: int, frame: FrameType | None) -> None:
        self._fired += 1
        where = self._answer_frame(frame)
        if self._fired == 1:
            self._message = self._describe(where)
        elif where is None:
            return  # the first interruption got through; what runs now is the test's own clean-up
        if self._fired > _GIVE_UP_AFTER:
            self._last_words(f"{self._message} It catches every interruption, so the whole run had to be ended.")
            os._exit(1)
        if self._fired > _TRACE_AFTER:
            self._interrupt_outside_of_try(frame)
        raise DeadlineReached(self._message, pytrace=False)

    def _interrupt_outside_of_try(self, frame: FrameType | None) -> None:
        """Have the answer's outermost function interrupted at its next line that stands in no `try` or `with`.

        An answer that catches BaseException in a loop swallows whatever is raised where it waits; what is raised in its
        `except` clause, or at the head of its loop, it cannot catch.
        """
        outermost = None
        while frame:
            if self._answer.owns(frame.f_code.co_filename):
                outermost = frame
            frame = frame.f_back
        if outermost is None:
            return
        guarded = _guarded_lines(outermost.f_code.co_filename)

        def at_line(running: FrameType, event: str, _argument: object) -> object:
            if event == "line" and running.f_lineno not in guarded:
                raise DeadlineReached(self._message, pytrace=False)
            return at_line

        sys.settrace(lambda *_: None)
        outermost.f_trace = at_line

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


def _guarded_lines(file: str) -> set[int]:
    """The lines of a file that stand in the body of a `try` or `with`."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse("".join(linecache.getlines(file)))):
        if isinstance(node, ast.Try | ast.TryStar | ast.With | ast.AsyncWith):
            lines.update(range(node.body[0].lineno, (node.body[-1].end_lineno or node.body[-1].lineno) + 1))
    return lines


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
