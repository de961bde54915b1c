"""NATS in a test's hands."""

from __future__ import annotations

import asyncio
import signal
import socket
from types import TracebackType
from typing import Any

import httpx

from pytest_mqkata.brokers.node import Node
from pytest_mqkata.brokers.session import Lease
from pytest_mqkata.timeline import note_fault

_MONITORING_SECONDS = 2.0
_NO_TLS = False  # the monitoring port speaks plain HTTP; loading certificates would cost 20 ms a question
_EVIDENCE_LINES = 8


class NatsServer(Node):
    """A NATS server of the test's own, with JetStream, empty at first."""

    broker = "nats"

    @property
    def url(self) -> str:
        return f"nats://{self.host}:{self.port}"

    @property
    def monitoring_url(self) -> str:
        """The monitoring port, "http://127.0.0.1:PORT"."""
        return f"http://{self.host}:{self.lease.record.ports['monitoring']}"

    def varz(self) -> dict[str, Any]:
        """The server's general numbers: `in_msgs`, `connections`, `subscriptions` …"""
        return self._ask("varz")

    def connz(self, *, subs: bool = False) -> dict[str, Any]:
        """The connections that are open, with `subs` each with its `subscriptions_list`."""
        return self._ask("connz", subs=int(subs))

    def routez(self) -> dict[str, Any]:
        """The routes to the cluster's other nodes."""
        return self._ask("routez")

    def jsz(self) -> dict[str, Any]:
        """JetStream: accounts, streams with their state, consumers."""
        return self._ask("jsz", accounts=1, streams=1, consumers=1, config=1)

    def reload(self) -> None:
        """SIGHUP: read the config again."""
        note_fault("config reloaded", self.name)
        self._control("signal", number=int(signal.SIGHUP))

    def lame_duck(self) -> None:
        """SIGUSR2: take no new clients, hand over what it leads, let clients go one by one, then end."""
        note_fault("lame duck", self.name)
        self._control("signal", number=int(signal.SIGUSR2))

    def evidence(self) -> list[str]:
        numbers = self.varz()
        lines = [
            f"{numbers['connections']} connections, {numbers['subscriptions']} subscriptions, "
            f"{numbers['in_msgs']} messages in, {numbers['out_msgs']} out"
        ]
        for one in self.connz(subs=True)["connections"] or []:
            subjects = [subject for subject in one.get("subscriptions_list", []) if not subject.startswith("$")]
            lines.append(
                f"connection {one['cid']} ({one.get('name') or 'no name'}): subscribed to {subjects or 'nothing'}"
            )
        for account in self.jsz().get("account_details", []):
            for stream in account.get("stream_detail", []):
                lines.append(f"stream {stream['name']}: {stream['state']['messages']} messages")
                lines += [
                    f"  consumer {consumer['name']}: {consumer['num_pending']} pending, "
                    f"{consumer['num_ack_pending']} unacknowledged, {consumer['num_redelivered']} redelivered"
                    for consumer in stream.get("consumer_detail", [])
                ]
        return lines[:_EVIDENCE_LINES]

    def _ask(self, page: str, **query: int) -> dict[str, Any]:
        reply = httpx.get(
            f"{self.monitoring_url}/{page}", params=query, timeout=_MONITORING_SECONDS, trust_env=False, verify=_NO_TLS
        )
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()
        return found


class RawNats:
    """NATS' protocol on a plain socket, to learn what the server itself says, without a client's own checks."""

    def __init__(self, url: str, *, pedantic: bool = False) -> None:
        """
        Args:
            url: of the server.
            pedantic: have the server check subjects strictly.
        """
        host, _, port = url.rpartition("//")[2].rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=5)
        # without it each write-write-read waits 40 ms for the peer's delayed acknowledgement
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")
        self._lines.readline()
        flag = "true" if pedantic else "false"
        self.ask(f'CONNECT {{"verbose":false,"pedantic":{flag}}}')

    def ask(self, *commands: str | bytes) -> list[bytes]:
        """Send commands (each a line; a PUB with its payload is two) and a PING; what came before the PONG, by lines."""
        for command in (*commands, "PING"):
            self._socket.sendall((command.encode() if isinstance(command, str) else command) + b"\r\n")
        answers = []
        while (line := self._lines.readline()) and line.strip() != b"PONG":
            answers.append(line.rstrip(b"\r\n"))
        return answers

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> RawNats:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def round_trip(lease: Lease) -> None:
    """Send one message through the server and receive it; raises if it does not come back."""
    import nats

    async def there_and_back() -> bytes:
        connection = await nats.connect(NatsServer(lease, shared=False).url, connect_timeout=5)
        try:
            subscription = await connection.subscribe("mqkata")
            await connection.publish("mqkata", b"there and back")
            return bytes((await subscription.next_msg(timeout=5)).data)
        finally:
            await connection.close()

    if asyncio.run(there_and_back()) != b"there and back":
        raise RuntimeError("the message that was published did not come back")
