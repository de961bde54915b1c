"""A TCP proxy in front of a broker that can cut, refuse, swallow and delay."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from pytest_mqkata.timeline import note_fault

Direction = Literal["both", "to_broker", "to_client"]
_ONE_WAY = ("to_broker", "to_client")
_WORDS = {"both": "both ways", "to_broker": "to the broker", "to_client": "to the client"}
_CHUNK = 65536
_QUEUE = 128  # connections that wait to be accepted
_BACKLOG_LIMIT = 8 * 1024 * 1024  # bytes waiting in one direction; above it the proxy stops reading

_HOST_AND_PORT = re.compile(
    r"^(?P<before>(?:[a-z][a-z0-9+.-]*://)?(?:[^@/]*@)?)(?P<host>\[[^\]]+\]|[^:/@]+):(?P<port>\d+)(?P<after>.*)$",
    re.IGNORECASE,
)


@dataclass
class _Flow:
    """Bytes on their way from one socket to the other."""

    name: str
    source: socket.socket
    sink: socket.socket
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)
    size: int = 0
    ended: float | None = None  # when the source closed, plus the delay
    finished: bool = False

    def put(self, due: float, data: bytes) -> None:
        self.waiting.append((due, data))
        self.size += len(data)


class FaultProxy:
    """Stands between clients and a broker; a test uses it to break the connection in a chosen way.

    One thread moves all bytes. A delay is a line of given latency: each chunk leaves that much later than it came, and
    the next one does not wait for it.

    Attributes:
        url: the given URL with the proxy's host and port in place of the broker's.
        port: the port that it listens on.
    """

    def __init__(self, url: str, *, port: int = 0) -> None:
        """
        Args:
            url: of the broker: "scheme://user:password@host:port/path", or "host:port".
            port: to listen on, 0: any free one.

        Raises:
            ValueError: `url` has no host and port.
            OSError: `port` is taken.
        """
        found = _HOST_AND_PORT.match(url)
        if not found:
            raise ValueError(f"fault_proxy needs a URL with a host and a port, not {url!r}")
        self._target = (found["host"].strip("[]"), int(found["port"]))
        self._listener = _bound(port)
        try:
            self._listener.listen(_QUEUE)
        except BaseException:
            self._listener.close()
            raise
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{found['before']}127.0.0.1:{self.port}{found['after']}"
        self._lock = threading.RLock()
        self._flows: list[_Flow] = []
        self._accepting = True
        self._blocked: set[str] = set()
        self._delay = dict.fromkeys(_ONE_WAY, 0.0)
        self._lose_next_reply = False
        self._closed = False
        self._accepted = 0
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"fault-proxy-{self.port}", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many client connections are open through the proxy now."""
        with self._lock:
            return len(self._flows) // 2

    @property
    def accepted(self) -> int:
        """How many client connections it has taken since it was made, open or not."""
        return self._accepted

    def cut(self) -> None:
        """Drop all connections at once, both ends; new ones are accepted."""
        self._note("cut")
        self._cut()

    def _cut(self) -> None:
        with self._lock:
            for flow in list(self._flows):
                self._drop(flow)

    def refuse(self, refusing: bool = True) -> None:
        """Refuse new connections, as a port does on which nobody listens, until `accept()`; those that exist go on."""
        self._note("new connections refused" if refusing else "new connections accepted")
        with self._lock:
            if self._accepting and refusing:
                self._selector.unregister(self._listener)
                self._listener.close()
                self._listener = _bound(self.port)  # without listening: that refuses, and keeps the port
                self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # from everybody else, too
            elif not self._accepting and not refusing:
                self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._listener.listen(_QUEUE)
                self._listener.setblocking(False)
                self._selector.register(self._listener, selectors.EVENT_READ)
            self._accepting = not refusing
        self._wake()

    def accept(self) -> None:
        """Take new connections again."""
        self.refuse(False)

    def block(self, direction: Direction = "both") -> None:
        """Swallow the bytes of a direction: nothing arrives there, and nobody is told. Connections stay open."""
        directions = _directions(direction)
        self._note(f"blocked {_WORDS[direction]}")
        with self._lock:
            self._blocked.update(directions)

    def unblock(self) -> None:
        """Bytes pass again; what was swallowed stays lost."""
        self._note("unblocked")
        with self._lock:
            self._blocked.clear()

    def delay(self, seconds: float, direction: Direction = "both") -> None:
        """Bytes of a direction arrive `seconds` later than they were sent; 0 ends it."""
        directions = _directions(direction)
        self._note(f"delayed {seconds * 1000:g} ms {_WORDS[direction]}")
        with self._lock:
            for one in directions:
                self._delay[one] = seconds

    def lose_next_reply(self) -> None:
        """Drop the next bytes from the broker and cut their connection: it did the work, nobody hears of it."""
        self._note("the next reply will be lost")
        with self._lock:
            self._lose_next_reply = True

    def close(self) -> None:
        """Cut everything and free the port; may be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._wake()
        self._thread.join(5)

    def _note(self, what: str) -> None:
        note_fault(what, f"proxy at port {self.port}")

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        host, port = self._target
        return f"<FaultProxy 127.0.0.1:{self.port} to {host}:{port}, {self.connections} connections>"

    # the thread

    def _run(self) -> None:
        try:
            while not self._closed:
                for key, _ in self._selector.select(self._until_due()):
                    if key.fileobj is self._listener:
                        self._accept_one()
                    elif key.fileobj is self._wake_reader:
                        with contextlib.suppress(BlockingIOError):
                            self._wake_reader.recv(4096)
                    else:
                        self._read(key.data)
                self._deliver()
        finally:
            self._cut()
            self._selector.close()
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            for end in (self._listener, self._wake_reader, self._wake_writer):
                end.close()

    def _until_due(self) -> float:
        with self._lock:
            due = [flow.waiting[0][0] for flow in self._flows if flow.waiting]
            due += [flow.ended for flow in self._flows if flow.ended is not None and not flow.finished]
        return max(0.0, min(due) - time.monotonic()) if due else 1.0

    def _accept_one(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:  # nobody there any more, or refused meanwhile
            return
        try:
            broker = socket.create_connection(self._target, timeout=2)
        except OSError:
            _reset(client)
            return
        for end in (client, broker):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.setblocking(False)
        with self._lock:
            self._accepted += 1
            for name, source, sink in (("to_broker", client, broker), ("to_client", broker, client)):
                flow = _Flow(name, source, sink)
                self._flows.append(flow)
                self._selector.register(source, selectors.EVENT_READ, flow)

    def _read(self, flow: _Flow) -> None:
        with self._lock:
            if flow not in self._flows:
                return
            try:
                data = flow.source.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:
                self._drop(flow)
                return
            due = time.monotonic() + self._delay[flow.name]
            if not data:
                self._selector.unregister(flow.source)
                flow.ended = due
            elif flow.name == "to_client" and self._lose_next_reply:
                self._lose_next_reply = False
                self._note("reply lost, connection cut")
                self._drop(flow)
            elif flow.name not in self._blocked:
                flow.put(due, data)
                if flow.size > _BACKLOG_LIMIT:
                    self._selector.unregister(flow.source)

    def _deliver(self) -> None:
        now = time.monotonic()
        with self._lock:
            for flow in list(self._flows):
                if flow in self._flows:
                    self._deliver_due(flow, now)

    def _deliver_due(self, flow: _Flow, now: float) -> None:
        was_full = flow.size > _BACKLOG_LIMIT
        try:
            while flow.waiting and flow.waiting[0][0] <= now:
                _, data = flow.waiting.popleft()
                sent = flow.sink.send(data)
                flow.size -= sent
                if sent < len(data):
                    flow.waiting.appendleft((now + 0.002, data[sent:]))
                    break
        except BlockingIOError:
            flow.waiting.appendleft((now + 0.002, data))
        except OSError:
            self._drop(flow)
            return
        if was_full and flow.size <= _BACKLOG_LIMIT and flow.ended is None:
            self._selector.register(flow.source, selectors.EVENT_READ, flow)
        if flow.ended is not None and not flow.waiting and flow.ended <= now and not flow.finished:
            flow.finished = True
            with contextlib.suppress(OSError):
                flow.sink.shutdown(socket.SHUT_WR)
            other = self._twin(flow)
            if other is None or other.finished:
                self._drop(flow)

    def _twin(self, flow: _Flow) -> _Flow | None:
        return next((one for one in self._flows if one.source is flow.sink), None)

    def _drop(self, flow: _Flow) -> None:
        """Close both ends of a connection with a reset."""
        for one in (flow, self._twin(flow)):
            if one is None or one not in self._flows:
                continue
            self._flows.remove(one)
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(one.source)
            _reset(one.source)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"!")


def _bound(port: int) -> socket.socket:
    """A socket that has the port, and does not listen yet."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
    except BaseException:
        made.close()
        raise
    return made


def _directions(direction: Direction) -> tuple[str, ...]:
    if direction == "both":
        return _ONE_WAY
    if direction in _ONE_WAY:
        return (direction,)
    raise ValueError(f'direction is "both", "to_broker" or "to_client", not {direction!r}')


def _reset(end: socket.socket) -> None:
    """Close with RST, so that the other side notices at once."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
