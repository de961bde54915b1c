"""What a step leaves running: connections to its broker, threads that never end."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType

import psutil

from pytest_mqkata.katas.answer import Answer

_GRACE = 1.0  # seconds for sockets and threads that are just about to go
_GONE = {psutil.CONN_NONE, psutil.CONN_TIME_WAIT, psutil.CONN_CLOSE}


@dataclass(frozen=True)
class Before:
    """What was there before the step."""

    sockets: frozenset[tuple[int, int]]
    threads: frozenset[int]


def look() -> Before:
    """Take down what is there now."""
    threads = frozenset(thread.ident for thread in threading.enumerate() if thread.ident)
    return Before(frozenset((local, remote) for local, remote in _connections()), threads)


def complaint(before: Before, ports: Iterable[int], answer: Answer) -> str | None:
    """A sentence about what the step left behind since `before`, None if nothing.

    Args:
        before: from `look()`, before the step.
        ports: the ports of its broker and of its fault proxies.
        answer: whose threads count.
    """
    watched = frozenset(ports)
    end = time.monotonic() + _GRACE
    collected = False
    while True:
        sentence = _threads_sentence(before, answer) or _sockets_sentence(before, watched)
        if sentence is None or time.monotonic() > end:
            return sentence
        if not collected:
            gc.collect()  # an unreachable client closes its socket when it is collected
            collected = True
        time.sleep(0.02)


def endless_threads() -> list[threading.Thread]:
    """Threads that keep the interpreter from ending."""
    return [
        thread
        for thread in threading.enumerate()
        if thread is not threading.main_thread() and not thread.daemon and thread.is_alive()
    ]


def _sockets_sentence(before: Before, ports: frozenset[int]) -> str | None:
    left = [pair for pair in _connections() if pair[1] in ports and pair not in before.sockets]
    if not left:
        return None
    count = "a connection" if len(left) == 1 else f"{len(left)} connections"
    return (
        f"After the step {count} to the broker stayed open, made during the step. A broker pays for each connection; "
        "close what your functions open, also when they raise (`try … finally`, or `with`)."
    )


def _threads_sentence(before: Before, answer: Answer) -> str | None:
    for thread in endless_threads():
        if thread.ident in before.threads or thread.ident is None:
            continue
        frame = _answer_frame(sys._current_frames().get(thread.ident), answer)
        if frame:
            return (
                f"After the step the thread {thread.name!r} still runs, in {frame.f_code.co_filename}:{frame.f_lineno}. "
                "It would keep the program from ending: stop and join it before your function returns."
            )
    return None


def _answer_frame(frame: FrameType | None, answer: Answer) -> FrameType | None:
    while frame and not answer.owns(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def _connections() -> list[tuple[int, int]]:
    """Local and remote port of each TCP connection of this process."""
    return [
        (link.laddr.port, link.raddr.port)
        for link in psutil.Process().net_connections(kind="tcp")
        if link.raddr and link.status not in _GONE
    ]
