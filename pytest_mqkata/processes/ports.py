"""Free TCP ports on loopback."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Iterable

LOOPBACK = "127.0.0.1"

# Below the ranges from which operating systems take the ports of outgoing connections (Linux 32768, macOS 49152), so
# that no client grabs a port between draw and bind. Redis Cluster's bus is port + 10000 and must stay below it too.
_LOWEST, _HIGHEST = 10000, 22767


class Ports:
    """Draws free ports and remembers what it gave out, so that no two servers of one process get the same."""

    def __init__(self) -> None:
        self._given: set[int] = set()
        self._lock = threading.Lock()

    def draw(self, names: Iterable[str]) -> dict[str, int]:
        """A free port for each name. Free means free now: whoever binds it must be ready to be refused and draw again.

        Raises:
            OSError: no free port was found.
        """
        with self._lock:
            return {name: self._one() for name in names}

    def give_back(self, ports: Iterable[int]) -> None:
        """Let `ports` be drawn again."""
        with self._lock:
            self._given.difference_update(ports)

    def _one(self) -> int:
        for _ in range(500):
            port = random.randint(_LOWEST, _HIGHEST)
            if port not in self._given and is_free(port):
                self._given.add(port)
                return port
        raise OSError(f"no free TCP port on {LOOPBACK} between {_LOWEST} and {_HIGHEST}")


def is_free(port: int) -> bool:
    """Whether a server could bind `port` on loopback now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
