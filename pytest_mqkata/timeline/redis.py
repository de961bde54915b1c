"""What redis-py's connections send and receive, blocking and asyncio ones."""

from __future__ import annotations

import inspect
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from pytest_mqkata.timeline.recorder import TEST, Recorder
from pytest_mqkata.timeline.wraps import Wraps

_HANDSHAKE = frozenset({"HELLO", "AUTH", "SELECT", "CLIENT", "PING", "READONLY", "COMMAND"})
_DONE_TO_CLIENTS = frozenset({"KILL", "PAUSE", "UNPAUSE"})
_LOOKS = frozenset(
    {
        *("CONFIG", "DBSIZE", "EXISTS", "GET", "HGETALL", "INFO", "KEYS", "LASTSAVE", "LLEN", "LRANGE", "PTTL"),
        *("ROLE", "SCAN", "SCARD", "SENTINEL", "SMEMBERS", "TTL", "TYPE", "XINFO", "XLEN", "XPENDING", "XRANGE"),
        *("CLUSTER", "PUBSUB", "XREVRANGE", "ZCARD", "ZRANGE"),
    }
)
"""Commands by which tests look at what is there: no part of the story, unless an answer sends them."""
_PUSHES = frozenset({"LPUSH", "RPUSH", "LPUSHX", "RPUSHX"})
_POPS = frozenset({"BLPOP", "BRPOP", "LPOP", "RPOP", "LMOVE", "BLMOVE", "RPOPLPUSH", "BRPOPLPUSH", "BLMPOP", "LMPOP"})
_SCRIPTS = frozenset({"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"})
_READS = frozenset({"XREAD", "XREADGROUP"})
_CLAIMS = frozenset({"XCLAIM", "XAUTOCLAIM"})
_MESSAGES = frozenset({"message", "pmessage", "smessage"})
_UNTOLD = frozenset({"MULTI", "DISCARD", "XACK"})
"""Commands whose replies say nothing."""
_CONFIRMS = {"subscribe": "subscribed", "psubscribe": "subscribed", "ssubscribe": "subscribed"}
_CONFIRMS |= {"unsubscribe": "unsubscribed", "punsubscribe": "unsubscribed", "sunsubscribe": "unsubscribed"}
_SUBSCRIBE = frozenset(name.upper() for name in _CONFIRMS)

_Command = tuple[str, tuple[Any, ...], str]


@dataclass
class _Link:
    """A connection.

    Attributes:
        owner: who made it.
        pending: commands whose replies are still to come: name, arguments, who sent it.
        queued: those of a transaction, whose replies come with EXEC's.
        subscribed: replies come as messages.
        packing: a pipeline's commands are being put together.
    """

    owner: str
    pending: deque[_Command] = field(default_factory=deque)
    queued: list[_Command] = field(default_factory=list)
    subscribed: bool = False
    packing: bool = False


class _Observer:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._links: WeakKeyDictionary[Any, _Link] = WeakKeyDictionary()

    def _link(self, connection: Any) -> _Link:
        link = self._links.get(connection)
        if link is None:
            link = self._links[connection] = _Link(self._recorder.who())
        return link

    def connected(self, _: None, connection: Any, *__: Any, **___: Any) -> None:
        self._recorder.note("connected", _place(connection), None, self._recorder.who(self._link(connection).owner))

    def not_connected(self, error: Exception, connection: Any, *_: Any) -> None:
        who = self._recorder.who(self._link(connection).owner)
        self._recorder.note("connection failed", _place(connection), type(error).__name__, who)

    def connects(self, connection: Any, *_: Any, **__: Any) -> None:
        """What was asked on the connection before will not be answered."""
        if link := self._links.get(connection):
            self._links[connection] = _Link(link.owner)

    # to the server

    def sends(self, connection: Any, *arguments: Any, **_: Any) -> None:
        self._sends(self._command(connection, arguments))

    def sent(self, _: None, connection: Any, *arguments: Any, **__: Any) -> None:
        link = self._link(connection)
        command = self._command(connection, arguments)
        if command[0] in _SUBSCRIBE:
            link.subscribed = True
        elif not link.subscribed:
            link.pending.append(command)

    def not_sent(self, error: Exception, connection: Any, *arguments: Any, **_: Any) -> None:
        self._lost(connection, error, self._command(connection, arguments))

    def packs(self, connection: Any, commands: Any) -> None:
        """A pipeline of the blocking client; what can be read only once, is the client's to read."""
        if isinstance(commands, list | tuple):
            for arguments in commands:
                if isinstance(arguments, list | tuple):
                    self._packs(connection, arguments)

    def begins_packing(self, connection: Any, *_: Any) -> None:
        """A pipeline of the asyncio client, which packs one command after the other."""
        self._link(connection).packing = True

    def packs_one(self, connection: Any, *arguments: Any) -> None:
        if self._link(connection).packing:
            self._packs(connection, arguments)

    def packed(self, _: Any, connection: Any, *__: Any) -> None:
        self._link(connection).packing = False

    def _packs(self, connection: Any, arguments: Any) -> None:
        command = self._command(connection, arguments)
        self._sends(command)
        self._link(connection).pending.append(command)

    def _command(self, connection: Any, arguments: Any) -> _Command:
        name, *rest = _text(arguments[0]).upper().split()  # "XINFO STREAM" is one argument and two words
        return name, (*rest, *arguments[1:]), self._recorder.who(self._link(connection).owner)

    def _sends(self, command: _Command) -> None:
        name, rest, who = command
        note = self._recorder.note
        if _is_silent(command) or name in _SUBSCRIBE:
            return
        key = _key(command)
        if name in ("PUBLISH", "SPUBLISH"):
            note("published", key, _text(rest[1]), who)
        elif name == "XADD":
            note("published", f"stream {key}", " ".join(map(_text, rest[-2:])), who)
        elif name in _PUSHES:
            note("published", f"list {key}", _text(rest[1]), who)
        elif name == "XACK":
            for entry in rest[2:]:
                note("acked", f"{key} {_text(entry)}, group {_text(rest[1])}", None, who)
        elif name in _READS:
            note("requested", _read_from(rest), None, who)
        elif name == "MULTI":
            note("begun", "transaction", None, who)
        elif name == "DISCARD":
            note("aborted", "transaction", None, who)
        elif name != "EXEC":
            note(
                "requested",
                f"{name} {key}".strip(),
                _text(rest[1]) if len(rest) > 1 and name not in _SCRIPTS else None,
                who,
            )

    # from the server

    def receives(self, reply: Any, connection: Any, *_: Any, **__: Any) -> None:
        link = self._link(connection)
        if isinstance(reply, list) and reply and isinstance(reply[0], str | bytes):
            kind = _text(reply[0])
            if kind in _MESSAGES and len(reply) > 2:
                who = self._recorder.who(link.owner)
                self._recorder.note("delivered", _text(reply[-2]), _text(reply[-1]), who)
                return
            if kind in _CONFIRMS and len(reply) == 3 and (link.subscribed or not link.pending):
                if reply[1] is not None:
                    self._recorder.note(_CONFIRMS[kind], _text(reply[1]), None, self._recorder.who(link.owner))
                return
        if not link.subscribed and link.pending:
            self._replied(link, link.pending.popleft(), reply)

    def _replied(self, link: _Link, command: _Command, reply: Any) -> None:
        name, _, who = command
        if isinstance(reply, str | bytes) and _text(reply) == "QUEUED":
            link.queued.append(command)
        elif name == "EXEC":
            self._recorder.note("aborted" if reply is None else "committed", "transaction", None, who)
            queued, link.queued = link.queued, []
            for one, its in zip(queued, reply or [], strict=False):
                self._replied(link, one, its)
        elif isinstance(reply, Exception):
            self._refused(command, reply)
        elif not _is_silent(command) and name not in _UNTOLD:
            self._tell(name, _key(command), reply, who)

    def _tell(self, name: str, key: str, reply: Any, who: str) -> None:
        note = self._recorder.note
        if name in ("PUBLISH", "SPUBLISH"):
            note("replied", key, "1 receiver" if reply == 1 else f"{_text(reply)} receivers", who)
        elif name == "XADD":
            note("confirmed", f"{key} {_text(reply)}", None, who)
        elif name in _PUSHES:
            note("confirmed", f"list {key}", f"length {_text(reply)}", who)
        elif name in _POPS:
            value = reply[-1] if isinstance(reply, list) and reply else reply
            note("empty" if value is None else "delivered", f"list {key}", _text(value), who)
        elif name in _READS or name in _CLAIMS:
            what = "delivered" if name in _READS else "claimed"
            found = list(_entries(reply, key))
            for stream, entry, fields in found:
                note(what, f"{stream} {entry}".strip(), " ".join(map(_text, fields)), who)
            if not found:
                note("empty", name, None, who)
        else:
            note("replied", f"{name} {key}".strip(), _reply(reply), who)

    def fails(self, error: Exception, connection: Any, *_: Any, **__: Any) -> None:
        link = self._link(connection)
        command = link.pending.popleft() if link.pending else None
        if _is(error, "ResponseError"):
            if command:
                self._refused(command, error)
        elif command or not _is(error, "TimeoutError"):  # or somebody waited for a message
            link.pending.clear()
            self._lost(connection, error, command)

    def _refused(self, command: _Command, error: Exception) -> None:
        name, _, who = command
        if name != "CLIENT":  # the library tells the server of itself, and servers may not care
            self._recorder.note("refused", f"{name} {_key(command)}".strip(), str(error), who)

    def _lost(self, connection: Any, error: Exception, command: _Command | None) -> None:
        who = command[2] if command else self._recorder.who(self._link(connection).owner)
        what = "no reply" if _is(error, "TimeoutError") else "connection lost"
        on = f"{command[0]} {_key(command)}".strip() if command else _place(connection)
        self._recorder.note(what, on, type(error).__name__, who)


def _is_silent(command: _Command) -> bool:
    """Whether a command is no part of the story: the library's own, or a test's look at what is there."""
    name, rest, who = command
    if name == "CLIENT":
        return not rest or _text(rest[0]).upper() not in _DONE_TO_CLIENTS
    return name in _HANDSHAKE or (name in _LOOKS and who == TEST)


def _key(command: _Command) -> str:
    """What a command is about: its first argument, or a script's first key."""
    name, rest, _ = command
    if name in _SCRIPTS:
        return _text(rest[2]) if len(rest) > 2 and _text(rest[1]) != "0" else ""
    return _text(rest[0]) if rest else ""


def _reply(reply: Any) -> str:
    if reply is None:
        return "nothing"
    return " ".join(map(_text, reply[:8])) if isinstance(reply, list) else _text(reply)


def _is(error: Exception, name: str) -> bool:
    """Whether an error is of one of redis-py's classes, or of a subclass; this module does not import redis."""
    return any(kind.__name__ == name for kind in type(error).__mro__)


def _text(value: Any) -> str:
    """Arguments and replies of simple types; anything else may be big, or a stranger's."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def _read_from(rest: tuple[Any, ...]) -> str:
    words = [_text(one) for one in rest]
    upper = [word.upper() for word in words]
    if "STREAMS" not in upper:
        return "streams"
    names = words[upper.index("STREAMS") + 1 :]
    names = names[: len(names) // 2]
    group = f", group {words[1]}" if upper[0] == "GROUP" else ""
    return f"stream {', '.join(names)}{group}"


def _entries(reply: Any, stream: str) -> Iterator[tuple[str, str, list[Any]]]:
    """The stream entries in a reply, however deep it nests them: stream, id, fields and values."""
    if isinstance(reply, dict):
        for name, inner in reply.items():
            yield from _entries(inner, _text(name))
    elif isinstance(reply, list):
        if len(reply) == 2 and isinstance(reply[0], str | bytes):
            name, inner = _text(reply[0]), reply[1]
            if isinstance(inner, dict):
                yield stream, name, [word for pair in inner.items() for word in pair]
                return
            if isinstance(inner, list) and inner and isinstance(inner[0], str | bytes):
                yield stream, name, inner
                return
            if isinstance(inner, list):
                yield from _entries(inner, name if "-" not in name or not name[:1].isdigit() else stream)
                return
        for inner in reply:
            yield from _entries(inner, stream)


def _place(connection: Any) -> str:
    port = getattr(connection, "port", None)
    return f"port {port}" if port else ""


def observe(wraps: Wraps, recorder: Recorder) -> None:
    """Note what connections of both kinds do."""
    seen = _Observer(recorder)
    for name in ("redis.connection", "redis.asyncio.connection"):
        module = sys.modules.get(name)
        if module is None:
            continue
        base = module.AbstractConnection
        wraps.around(base, "on_connect_check_health", before=seen.connects, after=seen.connected)
        wraps.around(base, "send_command", before=seen.sends, after=seen.sent, failed=seen.not_sent)
        if inspect.iscoroutinefunction(base.send_command):
            wraps.around(base, "pack_commands", before=seen.begins_packing, after=seen.packed, failed=seen.packed)
            wraps.around(base, "pack_command", before=seen.packs_one)
        else:
            wraps.around(base, "pack_commands", before=seen.packs)
        wraps.around(base, "read_response", after=seen.receives, failed=seen.fails)
        wraps.around(base, "can_read", failed=seen.fails)
        for kind in ("Connection", "UnixDomainSocketConnection"):
            wraps.around(getattr(module, kind), "_connect", failed=seen.not_connected)
