"""A program in a terminal of its own, for tests that press keys."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>]|\r")


class Terminal:
    """A pseudo-terminal of 80 columns and 24 lines; the program in it leads a session of its own."""

    def __init__(self, command: Sequence[str], cwd: Path, **environment: str) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.modes_before = self.modes()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.raw = ""
        """All that was written to it."""
        self._read_up_to = 0
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**kept, "TERM": "xterm-256color", **environment},
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=self._take,
        )

    def _take(self) -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    @property
    def text(self) -> str:
        """All that was written to it, without colours and cursor movements."""
        return _ESCAPES.sub("", self.raw)

    def modes(self) -> list[Any]:
        """How it treats what is typed: as it is before a program changes that, and should be after."""
        return termios.tcgetattr(self._slave)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def sees(self, text: str, timeout: float = 20) -> str:
        """Wait until `text` is written, after what was waited for before; all that came up to its end."""
        end = time.monotonic() + timeout
        while (found := self.text.find(text, self._read_up_to)) < 0:
            assert time.monotonic() < end, f"{text!r} did not appear after:\n{self.text[self._read_up_to :]}"
            self._read(0.1)
        began, self._read_up_to = self._read_up_to, found + len(text)
        return self.text[began : self._read_up_to]

    def stays_quiet(self, seconds: float) -> bool:
        """Whether nothing at all is written for so long."""
        self._read(0)
        length = len(self.raw)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and len(self.raw) == length:
            self._read(left)
        return len(self.raw) == length

    def ends(self, timeout: float = 20) -> int:
        """Wait for the program's end; its exit status."""
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it goes on:\n{self.text}"
            self._read(0.05)
        self._read(0)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGHUP)
            try:
                self.ends()
            except AssertionError:
                self.process.kill()
                self.process.wait()
                raise
        os.close(self._master)
        os.close(self._slave)

    def _read(self, seconds: float) -> None:
        """What is there, waiting for the first of it."""
        while select.select([self._master], [], [], seconds)[0]:
            self.raw += self._decoder.decode(os.read(self._master, 65536))
            seconds = 0
