"""A command at a pseudo-terminal: what it shows is read, keys are pressed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
_DEADLINE = 60.0  # seconds


class Keyboard:
    """`with Keyboard("diff", cwd=…) as keys:` runs `mqkata diff` at a terminal."""

    def __init__(self, *arguments: str, cwd: Path, width: int = 100, **environment: str) -> None:
        own, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        variables = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "CI")}
        self._terminal = own
        self._seen = ""

        def take_the_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGINT, signal.default_int_handler)

        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest_mqkata.cli.app", *arguments],
            cwd=cwd,
            env={**variables, "TERM": "xterm-256color", "PAGER": "cat", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=take_the_terminal,
        )
        os.close(theirs)

    def press(self, keys: str) -> None:
        """ "\\r" is Enter."""
        os.write(self._terminal, keys.encode())

    def until(self, text: str) -> str:
        """Read until `text` is shown; all that was shown so far."""
        end = time.monotonic() + _DEADLINE
        while text not in self.shown:
            assert time.monotonic() < end, f"{text!r} is not shown in {self.shown}"
            assert self._read(end), f"it ended without {text!r}: {self.shown}"
        return self.shown

    def end(self) -> int:
        """Read until the command ends; its exit status."""
        end = time.monotonic() + _DEADLINE
        while self._read(end):
            assert time.monotonic() < end, f"it does not end: {self.shown}"
        return self._process.wait(_DEADLINE)

    def interrupt(self) -> int:
        """Press Ctrl-C, again when nothing happens, until the command ends; its exit status.

        Python does not notice one that comes in the moment before it waits for a line.
        """
        end = time.monotonic() + _DEADLINE
        while True:
            self.press("\x03")
            patience = time.monotonic() + 5
            while time.monotonic() < patience:
                if not self._read(patience):
                    return self._process.wait(_DEADLINE)
            assert time.monotonic() < end, f"Ctrl-C does not end it: {self.shown}"

    @property
    def shown(self) -> str:
        """All that was shown so far, without colours."""
        return _CONTROL.sub("", self._seen)

    def _read(self, end: float) -> bool:
        """Wait for more; False at the end."""
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # Linux: nobody holds the other end any more
            return False
        self._seen += data.decode("utf-8", "replace")
        return bool(data)

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        os.close(self._terminal)
