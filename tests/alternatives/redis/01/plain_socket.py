"""A subscription on a plain socket: the protocol's own lines, without the client library's subscriber.

It shows that "subscribed" is a message like any other, that confirmations and messages come through the same pipe in the
order in which the server wrote them, and that a lost connection is nothing but an end of file.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Message(NamedTuple):
    channel: str
    body: dict[str, Any]


def publish(client, channel, body):
    return client.execute_command("PUBLISH", channel, json.dumps(body, ensure_ascii=False).encode("utf-8"))


class _Lost(Exception):
    """The connection has ended."""


class Subscription:
    def __init__(self, url, *channels, timeout=5.0):
        if not channels:
            raise ValueError("no channels")
        until = time.monotonic() + timeout
        place = urlsplit(url)
        self._buffer = b""
        self._messages: list[Message] = []
        self._socket = socket.create_connection((place.hostname, place.port), timeout=timeout)
        try:
            self._send("SUBSCRIBE", *channels)
            waiting = set(channels)
            while waiting:
                reply = self._reply(until - time.monotonic())
                if reply is None:
                    raise TimeoutError(f"{waiting} not confirmed within {timeout} s")
                kind, channel, *rest = reply
                if kind == "subscribe":
                    waiting.discard(channel)
                elif kind == "message":
                    self._messages.append(Message(channel, json.loads(rest[0])))
        except BaseException:
            self._socket.close()
            raise

    def get(self, timeout):
        until = time.monotonic() + timeout
        while not self._messages:
            reply = self._reply(until - time.monotonic())
            if reply is None:
                return None
            if reply[0] == "message":
                self._messages.append(Message(reply[1], json.loads(reply[2])))
        return self._messages.pop(0)

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _send(self, *words):
        parts = [f"*{len(words)}\r\n".encode()]
        for word in words:
            data = word.encode()
            parts += [f"${len(data)}\r\n".encode(), data, b"\r\n"]
        self._socket.sendall(b"".join(parts))

    def _reply(self, seconds):
        """The next whole reply as a list; None if it has not come within `seconds`."""
        until = time.monotonic() + seconds
        while True:
            parsed = self._parse()
            if parsed is not None:
                return parsed
            left = max(until - time.monotonic(), 0.0)
            self._socket.settimeout(left or 0.000001)
            try:
                data = self._socket.recv(65536)
            except (TimeoutError, BlockingIOError):
                return None
            except OSError as error:
                raise _Lost from error
            if not data:
                raise _Lost
            self._buffer += data

    def _parse(self):
        lines = self._buffer
        head, found, rest = lines.partition(b"\r\n")
        if not found:
            return None
        if not head.startswith((b"*", b">")):
            raise _Lost(f"unexpected reply {head!r}")
        words = []
        for _ in range(int(head[1:])):
            kind, found, rest = rest.partition(b"\r\n")
            if not found:
                return None
            if kind.startswith(b":"):
                words.append(int(kind[1:]))
                continue
            size = int(kind[1:])
            if len(rest) < size + 2:
                return None
            words.append(rest[:size].decode("utf-8"))
            rest = rest[size + 2 :]
        self._buffer = rest
        return words


def subscriber_counts(client, *channels):
    if not channels:
        return {}
    flat = client.execute_command("PUBSUB", "NUMSUB", *channels)
    if flat and isinstance(flat[0], (list, tuple)):
        return {channel: int(count) for channel, count in flat}
    return {channel: int(count) for channel, count in zip(flat[::2], flat[1::2], strict=True)}


def wait_for_subscribers(client, channel, count, timeout):
    until = time.monotonic() + timeout
    while True:
        if subscriber_counts(client, channel)[channel] >= count:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.02)


def publish_or_keep(client, channel, body, fallback, limit):
    heard = publish(client, channel, body)
    if not heard:
        client.rpush(fallback, json.dumps(body, ensure_ascii=False))
        client.ltrim(fallback, -limit, -1)
    return heard


class Listener:
    def __init__(self, url, channels, on_message, on_gap):
        self.url, self.channels, self.on_message, self.on_gap = url, list(channels), on_message, on_gap
        self.ended = False
        self.calling = threading.Lock()

    def start(self, timeout=5.0):
        self.subscription = Subscription(self.url, *self.channels, timeout=timeout)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        return self

    def _listen(self):
        while not self.ended:
            try:
                message = self.subscription.get(0.05)
            except _Lost:
                self._again()
                continue
            if message:
                self._call(self.on_message, message)

    def _again(self):
        self.subscription.close()
        while not self.ended:
            try:
                self.subscription = Subscription(self.url, *self.channels, timeout=1.0)
            except (OSError, _Lost):
                time.sleep(0.03)
            else:
                self._call(self.on_gap)
                return

    def _call(self, function, *arguments):
        with self.calling:
            if not self.ended:
                try:
                    function(*arguments)
                except Exception:
                    pass

    def stop(self):
        self.ended = True
        if threading.current_thread() is not self.thread:
            self.thread.join()
        self.subscription.close()
