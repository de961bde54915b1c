"""Keeps the first and the last events of a test."""

from __future__ import annotations

import importlib
import itertools
import os
import re
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pytest_mqkata import timeline
from pytest_mqkata.timeline.wraps import Wraps

FIRST = 60
LAST = 140
BODY = 40

ANSWER, TEST, TOOL, UNKNOWN = "answer", "test", "tool", ""

_ON = 100  # characters
_CUT = 4 * BODY  # characters or bytes of a body that are kept until it is shown: UTF-8 has up to 4 bytes a character
_FAILURES = 8  # failed examples whose events are kept until it is known which one is reported
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0]+")
_PACKAGE = Path(__file__).resolve().parent.parent
_TOOLS = tuple(f"{_PACKAGE / name}{os.sep}" for name in ("brokers", "recipes"))

_Event = tuple[float, str, str, str, Any]


class _Events:
    """Of a test, or of one generated example. Appending is atomic, so that no thread waits, not even for itself."""

    def __init__(self) -> None:
        self._number = itertools.count()
        self._first: list[tuple[int, _Event]] = []
        self._last: deque[tuple[int, _Event]] = deque(maxlen=LAST)

    def add(self, event: _Event) -> None:
        number = next(self._number)
        (self._first if number < FIRST else self._last).append((number, event))

    def to_json(self, begun: float) -> list[dict[str, Any]]:
        """In order of time; with a line where some are left out."""
        first, last = self._first.copy(), self._last.copy()
        shown = _in_order(first, begun)
        seen = max((number for number, _ in last), default=len(first) - 1) + 1
        if seen > len(first) + len(last):
            shown.append({"what": timeline.LEFT_OUT, "count": seen - len(first) - len(last)})
        return shown + _in_order(last, begun)


def _in_order(events: Iterable[tuple[int, _Event]], begun: float) -> list[dict[str, Any]]:
    return [_shown(event, begun) for _, event in sorted(events, key=lambda numbered: (numbered[1][0], numbered[0]))]


def _shown(event: _Event, begun: float) -> dict[str, Any]:
    at, who, what, on, body = event
    shown: dict[str, Any] = {"ms": round((at - begun) * 1000, 1), "who": who, "what": what}
    if place := short(on, _ON):
        shown["on"] = place
    if text := short(body):
        shown["body"] = text
    return shown


class Recorder:
    """Records one test."""

    def __init__(self, owns: Callable[[str], bool], katas: Path) -> None:
        """
        Args:
            owns: whether a file is part of the answer.
            katas: the folder whose other files are tests.
        """
        self._owns = owns
        self._katas = f"{katas}{os.sep}"
        self._kinds: dict[str, str] = {}
        self._threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._begun = time.perf_counter()
        self._events = _Events()
        self._before: _Events | None = None  # what came before the first generated example
        self._examples = 0
        self._failed: dict[int, _Events] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Observe the clients that are imported now, until the end of the block."""
        wraps = Wraps()
        try:
            with suppress(Exception):
                wraps.around(threading.Thread, "start", before=self._thread_starts)
                self._observe_examples(wraps)
            for observe in _observers():
                with suppress(Exception):  # a library of another version: what can be seen of it is seen
                    observe(wraps, self)
            self._begun = time.perf_counter()
            timeline.activate(self)
            yield
        finally:
            timeline.activate(None)
            wraps.undo()

    def _observe_examples(self, wraps: Wraps) -> None:
        """Only the events of one generated example are kept: of the one that is reported."""
        core = sys.modules.get("hypothesis.core")
        state = getattr(core, "StateForActualGivenExecution", None)
        if state is not None:
            wraps.around(
                state,
                "execute_once",
                before=self._example_begins,
                failed=self._example_failed,
                failure=BaseException,  # pytest.fail() raises no Exception
            )

    def _example_begins(self, *_: Any, **__: Any) -> None:
        if self._before is None:
            self._before = self._events
        self._events = _Events()
        self._examples += 1
        self.note("example begins", f"number {self._examples}", who=UNKNOWN)

    def _example_failed(self, error: BaseException, *_: Any, **__: Any) -> None:
        self._failed.pop(id(error), None)
        self._failed[id(error)] = self._events
        while len(self._failed) > _FAILURES:
            del self._failed[next(iter(self._failed))]

    def events(self, error: BaseException | None = None) -> list[dict[str, Any]]:
        """What was recorded, as the package's docstring says.

        Args:
            error: what the test raised: of generated examples, the events of the one that raised it are given, else
                those of the last one.
        """
        before = self._before.to_json(self._begun) if self._before else []
        return before + self._failed.get(id(error), self._events).to_json(self._begun)

    def note(self, what: str, on: str = "", body: object = None, who: str | None = None) -> None:
        """
        Args:
            what: a word of the timeline's vocabulary.
            on: what it was done to.
            body: text or bytes; nothing else is looked at.
            who: whose it was, else `who()`. What the plugin's own tools do is no part of the story.
        """
        if who is None:
            who = self.who()
        if who != TOOL:
            if isinstance(body, bytes | bytearray | memoryview | str):
                body = body[:_CUT]
            self._events.add((time.perf_counter(), who, what, on, body))

    def note_fault(self, what: str, on: str) -> None:
        with suppress(Exception):  # nothing that is done to a broker may fail because it is noted
            self.note(timeline.FAULT + what, on, who=self.who(tools=False))

    def who(self, owner: str = UNKNOWN, *, tools: bool = True) -> str:
        """Whose code runs: that of the innermost frame of the answer, the test, or the plugin's tools.

        Args:
            owner: who made the client that is at work, for code in which only a library is on the stack.
            tools: whether the plugin's tools count.
        """
        frame = sys._getframe(1)
        kinds = self._kinds
        while frame is not None:
            file = frame.f_code.co_filename
            kind = kinds.get(file)
            if kind is None:
                kind = kinds[file] = self._kind(file)
            if kind and (tools or kind != TOOL):
                return kind
            frame = frame.f_back  # type: ignore[assignment]
        if owner:
            return owner
        return ANSWER if self._threads and threading.current_thread() in self._threads else UNKNOWN

    def _kind(self, file: str) -> str:
        if self._owns(file):
            return ANSWER
        if file.startswith(_TOOLS):
            return TOOL
        return TEST if file.startswith(self._katas) else UNKNOWN

    def _thread_starts(self, thread: threading.Thread) -> None:
        if self.who() == ANSWER:
            self._threads.add(thread)


def short(body: object, limit: int = BODY) -> str:
    """The beginning of text or bytes, in one line of `limit` characters at the most."""
    if isinstance(body, memoryview):
        body = body.tobytes()
    if isinstance(body, bytes | bytearray):
        body = body.decode("utf-8", "replace")
    if not isinstance(body, str):
        return ""
    text = _BLANK.sub(" ", body).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _observers() -> Iterator[Callable[[Wraps, Recorder], None]]:
    """Those of the client libraries that are imported already."""
    for library, broker in (("pika", "rabbitmq"), ("kafka", "kafka"), ("nats", "nats"), ("redis", "redis")):
        if library in sys.modules:
            observer = importlib.import_module(f"pytest_mqkata.timeline.{broker}")
            yield observer.observe
