"""Redis in a test's hands."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_mqkata.brokers.node import Node
from pytest_mqkata.brokers.session import Lease

if TYPE_CHECKING:
    import redis

    from pytest_mqkata.provision import Installation

_SHOWN = 8  # keys, channels and consumers that the evidence names; of the rest it gives the number
_SCANNED = 1000  # keys that the evidence looks at
_EVIDENCE_TIMEOUT = 0.5  # seconds for one of its questions
_SIZES = {"list": "LLEN", "hash": "HLEN", "set": "SCARD", "zset": "ZCARD", "string": "STRLEN"}


class RedisServer(Node):
    """A Redis (or Valkey) server of the test's own, empty at first."""

    broker = "redis"

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    @property
    def dir(self) -> Path:
        """Its data folder, where dump.rdb and appendonlydir lie; the same as `folder`."""
        return self.folder

    def client(self, **options: Any) -> redis.Redis:
        """A new client with decoded replies and a 5 second socket timeout; `options` go to `redis.Redis.from_url`."""
        import redis

        return redis.Redis.from_url(self.url, **{"decode_responses": True, "socket_timeout": 5.0, **options})

    def start(self, *, wait: Literal["ready", "answer"] = "ready") -> None:
        """Start it again on the same port and data. Nothing happens if it runs.

        Args:
            wait: "ready": until it answers PONG and has loaded its data. "answer": any reply will do, also an error
                such as LOADING or MASTERDOWN.
        """
        self._control("start", wait=wait)

    def evidence(self) -> list[str]:
        with self.client(socket_timeout=_EVIDENCE_TIMEOUT, socket_connect_timeout=_EVIDENCE_TIMEOUT) as client:
            lines = _clients_and_channels(client)
            kinds: dict[str, list[str]] = {}
            for key in _some_keys(client):
                kinds.setdefault(str(client.type(key)), []).append(key)
            total = int(client.dbsize())
            counted = ", ".join(f"{len(keys)} {kind}" for kind, keys in sorted(kinds.items()))
            lines.append(f"{total} keys" + (f": {counted}" if counted else ""))
            for kind, keys in sorted(kinds.items()):
                for key in keys[:_SHOWN]:
                    with contextlib.suppress(Exception):  # gone since, or of a module's kind
                        lines += _stream(client, key) if kind == "stream" else [_size(client, kind, key)]
                if len(keys) > _SHOWN:
                    lines.append(f"… and {len(keys) - _SHOWN} more of kind {kind}")
        return lines


def aof_checker(installation: Installation, folder: Path) -> list[str]:
    """The command prefix of the server's own AOF checker.

    There is no such program in the wheel: the server itself becomes the checker when it is called by the checker's
    name, so a link of that name is made in `folder`.
    """
    server = Path(installation.paths["server"]).resolve()
    family = "valkey" if "valkey" in server.name else "redis"
    checker = folder / f"{family}-check-aof"
    if not checker.exists():
        checker.symlink_to(server)
    return [str(checker)]


def _some_keys(client: redis.Redis) -> list[str]:
    keys: list[str] = []
    for key in client.scan_iter(count=_SCANNED):
        keys.append(str(key))
        if len(keys) == _SCANNED:
            break
    return sorted(keys)


def _clients_and_channels(client: redis.Redis) -> list[str]:
    own = str(client.client_id())
    others = [entry for entry in client.client_list() if entry["id"] != own]
    kinds = Counter(
        "subscribed" if entry.get("sub", "0") != "0" or entry.get("psub", "0") != "0" else "other" for entry in others
    )
    lines = [f"{len(others)} clients" + (f", {kinds['subscribed']} of them subscribed" if kinds["subscribed"] else "")]
    channels = sorted(str(channel) for channel in client.pubsub_channels())
    if channels:
        counts = dict(client.pubsub_numsub(*channels[:_SHOWN]))
        shown = ", ".join(f"{channel!s} ({count})" for channel, count in counts.items())
        lines.append(f"channels and their subscribers: {shown}" + (" …" if len(channels) > _SHOWN else ""))
    if patterns := int(client.pubsub_numpat()):
        lines.append(f"{patterns} patterns subscribed to")
    return lines


def _size(client: redis.Redis, kind: str, key: str) -> str:
    command = _SIZES.get(kind)
    if command is None:
        return f"{kind} {key}"
    size = client.execute_command(command, key)  # type: ignore[no-untyped-call]
    return f"{kind} {key}: {size}"


def _stream(client: redis.Redis, key: str) -> list[str]:
    about: dict[str, Any] = client.xinfo_stream(key)
    lines = [f"stream {key}: {about['length']} entries, last id {about['last-generated-id']}"]
    for group in client.xinfo_groups(key):
        lag = group.get("lag")
        waiting = "an unknown number" if lag is None else lag
        lines.append(f"  group {group['name']}: {waiting} never delivered, {group['pending']} pending")
        consumers = client.xinfo_consumers(key, group["name"])
        if pending := [f"{one['name']} {one['pending']}" for one in consumers if one["pending"]]:
            lines.append(f"    pending of: {', '.join(pending[:_SHOWN])}" + (" …" if len(pending) > _SHOWN else ""))
    return lines


def round_trip(lease: Lease) -> None:
    """Send one message through the server and take it off again; raises if it does not come back."""
    server = RedisServer(lease, shared=False)
    with server.client() as client:
        client.lpush("mqkata", "there and back")
        if client.rpop("mqkata") != "there and back":
            raise RuntimeError("the message that was pushed did not come back")
