"""What wakes the loop: signals, and whoever rings. All else happens in the loop, one thing after the other."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Iterator

LEAVE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end the command."""

_HEEDED = (*LEAVE, signal.SIGTSTP, signal.SIGCHLD)


class Doorbell:
    """Waits for signals, a ring from another thread, or a key. Only for the main thread."""

    def __init__(self) -> None:
        self._arrived: list[int] = []
        self._before: dict[int, object] = {}
        self._wakeup = -1

    def __enter__(self) -> Doorbell:
        self._hear, self._ring = os.pipe()
        os.set_blocking(self._hear, False)
        os.set_blocking(self._ring, False)
        self._wakeup = signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)
        for number in _HEEDED:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup
            self._before[number] = signal.signal(number, lambda number, _: self._arrived.append(number))
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._hear)
        os.close(self._ring)

    def ring(self) -> None:
        """Wake the loop; from any thread."""
        with contextlib.suppress(OSError):  # it rings already, or nobody is at home any more
            os.write(self._ring, b"!")

    def wait(self, seconds: float, keys: int | None = None) -> tuple[set[int], bool]:
        """Until something happens or the time is over.

        Args:
            keys: a file descriptor to read keys from.

        Returns:
            The signals that arrived, and whether there are keys to read.
        """
        ready = []
        if not self._arrived:
            ready = select.select([self._hear, *([] if keys is None else [keys])], [], [], max(0.0, seconds))[0]
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self._hear, 512)) == 512:
                pass
        arrived = set(self._arrived)
        self._arrived.clear()
        return arrived, keys in ready

    @contextlib.contextmanager
    def stoppable(self) -> Iterator[None]:
        """Ctrl-Z stops this process meanwhile, as it does any other."""
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        try:
            yield
        finally:
            signal.signal(signal.SIGTSTP, handler)
