"""Helpers for tests that watch a broker: polling with a deadline, never a fixed sleep."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

T = TypeVar("T")

_POLL = 0.02  # seconds

_waits: list[str] = []


def waited_for() -> str | None:
    """What the innermost running `eventually` waits for, None if none runs."""
    return _waits[-1] if _waits else None


def eventually(
    predicate: Callable[[], T], timeout: float = 5.0, message: str | Callable[[], str] = "", *, poll: float = _POLL
) -> T:
    """Call `predicate` until its result is true, and return it.

    Args:
        predicate: asked again and again; what it raises is passed on at once.
        timeout: seconds.
        message: what was waited for, as a sentence for the one whose code fails here; a function is called at the end.
        poll: seconds between two calls.

    Raises:
        AssertionError: the time has run out; the text is `message` and the last result.
    """
    waiting = message if isinstance(message, str) else predicate.__name__
    _waits.append(waiting)
    try:
        end = time.monotonic() + timeout
        while True:
            result = predicate()
            if result:
                return result
            if time.monotonic() >= end:
                raise AssertionError(_give_up(message, timeout, result))
            time.sleep(poll)
    finally:
        _waits.pop()


@overload
async def eventually_async(
    predicate: Callable[[], Awaitable[T]],
    timeout: float = ...,
    message: str | Callable[[], str] = ...,
    *,
    poll: float = ...,
) -> T: ...


@overload
async def eventually_async(
    predicate: Callable[[], T], timeout: float = ..., message: str | Callable[[], str] = ..., *, poll: float = ...
) -> T: ...


async def eventually_async(
    predicate: Callable[[], T | Awaitable[T]],
    timeout: float = 5.0,
    message: str | Callable[[], str] = "",
    *,
    poll: float = _POLL,
) -> T:
    """`eventually` for asyncio: other tasks go on between two calls; `predicate` may return an awaitable."""
    waiting = message if isinstance(message, str) else predicate.__name__
    _waits.append(waiting)
    try:
        end = time.monotonic() + timeout
        while True:
            result = predicate()
            if inspect.isawaitable(result):
                result = await result
            if result:
                return cast(T, result)
            if time.monotonic() >= end:
                raise AssertionError(_give_up(message, timeout, result))
            await asyncio.sleep(poll)
    finally:
        _waits.pop()


def _give_up(message: str | Callable[[], str], timeout: float, last: object) -> str:
    text = message if isinstance(message, str) else message()
    shown = "" if last in (None, False) else f" The last look gave {last!r}."
    return f"{text or 'The condition did not come true.'} (waited {timeout:g} s){shown}"


def what_is_raised(call: Callable[[], object]) -> object:
    """The exception that `call` raises, or what it returns; failures of the test itself (`pytest.fail`) pass."""
    try:
        return call()
    except Exception as error:
        return error


def what_came(result: object) -> str:
    """For a message about a result of `what_is_raised`: "raised …" or "returned …"."""
    return f"raised {result!r}" if isinstance(result, Exception) else f"returned {result!r}"


class Background:
    """A call in a thread of its own, which may never come back.

    Attributes:
        result: what it returned, or the exception that it raised; None until it has ended.
        took: seconds that it took; 0.0 until it has ended.
    """

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._begun = time.monotonic()
        self.took = 0.0
        self.result: object = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.result = what_is_raised(self._call)
        self.took = time.monotonic() - self._begun

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for its end; whether it has ended."""
        self._thread.join(timeout)
        return self.ended
