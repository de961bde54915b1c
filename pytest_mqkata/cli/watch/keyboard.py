"""Keys one at a time, without Enter; the terminal is as it was before whenever somebody else has it."""

from __future__ import annotations

import contextlib
import os
import re
import termios
from collections.abc import Iterator

_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|\x1b.?", re.DOTALL)  # arrows, function keys, Alt with a key
_CHUNK = 1024


class Keyboard:
    """The keys of a terminal. Ctrl-C, Ctrl-Z and Ctrl-\\ stay the signals that they are."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __enter__(self) -> Keyboard:
        self._before = termios.tcgetattr(self.fd)
        self._set_single_keys(termios.TCSADRAIN)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Another program has the terminal meanwhile; what was typed and not read by it is dropped."""
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)
        try:
            yield
        finally:
            with contextlib.suppress(termios.error):
                self._set_single_keys(termios.TCSAFLUSH)

    def read(self) -> list[str] | None:
        """The keys that were pressed, "enter" or a lower-case character; None if the terminal is gone."""
        try:
            data = os.read(self.fd, _CHUNK)
        except OSError:
            return None
        return keys_in(data) if data else None

    def forget(self) -> None:
        """Drop what was typed and is not read yet."""
        with contextlib.suppress(termios.error):
            termios.tcflush(self.fd, termios.TCIFLUSH)

    def _set_single_keys(self, when: int) -> None:
        modes = termios.tcgetattr(self.fd)
        # without TOSTOP, or the run, which is not in front, would be stopped when it writes
        modes[3] &= ~(termios.ICANON | termios.ECHO | termios.TOSTOP)
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, when, modes)


def keys_in(data: bytes) -> list[str]:
    """The keys in what a terminal sent; those that send more than one character are left out."""
    text = _SEQUENCES.sub("", data.decode(errors="ignore"))
    return ["enter" if key in "\r\n" else key.lower() for key in text]
