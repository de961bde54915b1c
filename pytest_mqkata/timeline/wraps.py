"""Methods of client libraries, wrapped for a time."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

_originals: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Wrapper to what it wraps. No attribute of the wrapper, which `functools.wraps` would copy to a wrapper around it."""


def is_wrapper(method: object) -> bool:
    """Whether a method is one that was wrapped here."""
    return inspect.isfunction(method) and method in _originals


class Wraps:
    """Wrapped methods; results, exceptions and being a coroutine function stay as they are."""

    def __init__(self) -> None:
        self._undo: list[tuple[type, str, Any, Any]] = []
        self._on = True

    def around(
        self,
        owner: type,
        name: str,
        *,
        before: Callable[..., object] | None = None,
        after: Callable[..., object] | None = None,
        failed: Callable[..., object] | None = None,
        failure: type[BaseException] = Exception,
    ) -> None:
        """Have a method of `owner` observed; nothing happens if `owner` itself defines no function of that name.

        Whatever an observer raises is dropped. It gets the very arguments, so it must not use up what can be read only
        once.

        Args:
            before: called with the method's arguments.
            after: called with its result and its arguments.
            failed: called with what it raised and its arguments.
            failure: the class of what `failed` is called with.
        """
        method = owner.__dict__.get(name)
        # somebody may have kept a wrapper of an earlier test and put it back since
        original = _originals.get(method, method) if inspect.isfunction(method) else None
        if original is None:
            return
        if inspect.iscoroutinefunction(original):

            @functools.wraps(original)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                self._tell(before, args, kwargs)
                try:
                    result = await original(*args, **kwargs)
                except failure as error:
                    self._tell(failed, (error, *args), kwargs)
                    raise
                self._tell(after, (result, *args), kwargs)
                return result

            wrapper: Any = coroutine
        else:

            @functools.wraps(original)
            def function(*args: Any, **kwargs: Any) -> Any:
                self._tell(before, args, kwargs)
                try:
                    result = original(*args, **kwargs)
                except failure as error:
                    self._tell(failed, (error, *args), kwargs)
                    raise
                self._tell(after, (result, *args), kwargs)
                return result

            wrapper = function
        _originals[wrapper] = original
        self._undo.append((owner, name, method, wrapper))
        setattr(owner, name, wrapper)

    def undo(self) -> None:
        """Put back what was there; a method that somebody has replaced since stays as it is."""
        self._on = False
        for owner, name, method, wrapper in reversed(self._undo):
            if owner.__dict__.get(name) is wrapper:
                setattr(owner, name, method)
        self._undo.clear()

    def _tell(self, observer: Callable[..., object] | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if observer is None or not self._on:
            return
        with suppress(Exception):
            observer(*args, **kwargs)
