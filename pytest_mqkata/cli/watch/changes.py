"""What of a kata counts as a change: the content of the answer and of its tests, not that a file was touched."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pytest_mqkata.katas.answer import is_config, read_files
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.outline import configs

QUIET = 0.1
"""Seconds for which a changed content must stay as it is before it counts."""

QUIET_WITHOUT_MODULE = 0.5
"""The same where the answer's module is empty or gone: many editors write in two strokes."""

_STEP = 50  # milliseconds between the watcher's looks at what the system told
_LONGEST = 400  # milliseconds until word is given although files go on changing
_TESTS = "the tests"


@dataclass(frozen=True)
class Content:
    """What a run judges: file names and digests, so that two contents are equal if nothing changed.

    Attributes:
        files: those of the answer.
        tests: digest of the kata's test file; "" if there is none.
        module: whether the answer's module is there and is not empty.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    tests: str = ""
    module: bool = False

    def difference(self, newer: Content) -> str:
        """What is different in a newer content, as a person would say it: "first_queue.py changed"."""
        before, after = {**self.files, _TESTS: self.tests}, {**newer.files, _TESTS: newer.tests}
        names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if not names:
            return ""
        if len(names) > 1:
            return f"{', '.join(names[:-1])} and {names[-1]} changed"
        if not after.get(names[0]):
            return f"{names[0]} {'are' if names[0] == _TESTS else 'is'} gone"
        return f"{names[0]} changed"


def content_of(kata: Kata) -> Content:
    """The content as it is now: Python modules and configuration files of the answer, and the tests.

    Temporary, backup and hidden files of editors do not count, nor do data files that an answer writes.
    """
    kata = kata.read_again()  # its tests may have come or gone since
    try:
        tests = _digest(kata.test_file.read_bytes())
    except OSError:
        tests = ""
    try:
        files = read_files(kata.folder)
    except OSError:  # the run says what is wrong with it
        files = {}
    names = _config_names(kata, tests)
    return Content(
        files={name: _digest(content) for name, content in files.items() if _counts(name, names)},
        tests=tests,
        module=bool(files.get(kata.module)),
    )


def _counts(name: str, config_names: frozenset[str] | None) -> bool:
    if name.endswith(".py"):
        return not name.startswith("flycheck_") and not name.endswith("_flymake.py")  # Emacs' copies
    return is_config(name) if config_names is None else name in config_names


@lru_cache(maxsize=4)
def _config_names(kata: Kata, tests: str) -> frozenset[str] | None:
    """The answer's configuration files, by its tests; None if these cannot be read just now."""
    try:
        return frozenset(configs(kata))
    except (OSError, ValueError, SyntaxError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Changes:
    """Tells when a content is new and has come to rest."""

    def __init__(self, content: Content) -> None:
        self.judged = content
        """What the latest run judges."""
        self._seen: Content | None = None
        self._since = 0.0

    def accept(self, content: Content) -> None:
        """A run on this content begins."""
        self.judged, self._seen = content, None

    def look(self, content: Content, now: float) -> float | None:
        """
        Args:
            content: as it is now.
            now: seconds of any clock that only goes forward.

        Returns:
            None if nothing is new; else the seconds for which it must still stay as it is, 0 once it counts.
        """
        if content == self.judged:
            self._seen = None
            return None
        if content != self._seen:
            self._seen, self._since = content, now
        quiet = QUIET if content.module else QUIET_WITHOUT_MODULE
        return max(0.0, self._since + quiet - now)


class Watcher:
    """A thread that gives word when files below a folder changed."""

    def __init__(self, folder: Path, tell: Callable[[], None]) -> None:
        """
        Args:
            folder: watched with all that is below, so that a folder in it may go and come again.
            tell: called in the thread.
        """
        self._folder = folder
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="mqkata-watch", daemon=True)

    @property
    def works(self) -> bool:
        """Whether word comes; without it one has to look by oneself."""
        return self._thread.is_alive()

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2)

    def _watch(self) -> None:
        from watchfiles import watch

        # OSError, RuntimeError: the folder is gone, or the system has no watches left
        with contextlib.suppress(OSError, RuntimeError):
            for _ in watch(
                self._folder,
                watch_filter=lambda _, path: "__pycache__" not in path,
                step=_STEP,
                debounce=_LONGEST,
                stop_event=self._stop,
                raise_interrupt=False,
            ):
                self._tell()
