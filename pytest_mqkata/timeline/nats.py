"""What nats-py's clients send and receive."""

from __future__ import annotations

import re
import sys
from typing import Any
from weakref import WeakKeyDictionary

from pytest_mqkata.timeline.recorder import TOOL, Recorder
from pytest_mqkata.timeline.wraps import Wraps

_SETTLED = {b"": "acked", b"+ACK": "acked", b"-NAK": "nacked", b"+WPI": "in progress", b"+TERM": "rejected"}
_NEXT = re.compile(r"\$JS\.API\.CONSUMER\.MSG\.NEXT\.([^.]+)\.(.+)")
_MADE = re.compile(r"\$JS\.API\.(STREAM|CONSUMER)\.(?:DURABLE\.)?(CREATE|UPDATE|DELETE|PURGE)\.(.+)")
_WORDS = {"CREATE": "created", "UPDATE": "created", "DELETE": "deleted", "PURGE": "purged"}
_STORED = re.compile(rb'"stream"\s*:\s*"([^"]+)".*?"seq"\s*:\s*(\d+)')
_REFUSED = re.compile(rb'"error"\s*:.*?"description"\s*:\s*"([^"]*)')
_STATUS = re.compile(rb"NATS/1\.0 (\d{3}) ?([^\r]*)")
_ASKED = 256  # requests of one connection whose replies are still recognised


class _Observer:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._owners: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._asked: WeakKeyDictionary[Any, dict[str, tuple[str, str]]] = WeakKeyDictionary()

    def _who(self, *owned: Any) -> str:
        return self._recorder.who(next((self._owners[one] for one in owned if one in self._owners), ""))

    # connections

    def connecting(self, client: Any, *_: Any, **__: Any) -> None:
        self._owners[client] = self._recorder.who()

    def connected(self, _: None, client: Any, *__: Any, **___: Any) -> None:
        self._recorder.note("connected", _place(client), None, self._who(client))

    def not_connected(self, error: Exception, client: Any, *_: Any, **__: Any) -> None:
        self._recorder.note("connection failed", _place(client), type(error).__name__, self._who(client))

    def reconnected(self, _: None, client: Any) -> None:
        if client.is_connected:
            self._recorder.note("connected", f"{_place(client)} again", None, self._who(client))

    def lost(self, client: Any, error: Any) -> None:
        if not client.is_closed and not client.is_reconnecting:
            self._recorder.note("connection lost", _place(client), type(error).__name__, self._who(client))

    def refused(self, client: Any, message: str) -> None:
        self._recorder.note("refused", _place(client), message.strip("'"), self._who(client))

    def closes(self, client: Any, *_: Any) -> None:
        if not client.is_closed:
            self._recorder.note("closed", _place(client), None, self._who(client))

    # to the server

    def sends(self, client: Any, subject: str, reply: str, payload: bytes, *_: Any) -> None:
        who = self._who(client)
        note = self._recorder.note
        if subject.startswith("$JS.ACK."):
            verb = bytes(payload).partition(b" ")[0]
            note(_SETTLED.get(verb, "acked"), _stored(subject), None, who)
        elif found := _NEXT.match(subject):
            note("requested", f"stream {found[1]}, consumer {found[2]}", payload, who)
        elif found := _MADE.match(subject):
            self._ask(client, reply, f"{found[1].lower()} {found[3]}", who)
            note(_WORDS[found[2]], f"{found[1].lower()} {found[3]}", None, who)
        elif subject.startswith("$JS."):
            self._ask(client, reply, subject, TOOL)  # questions about streams
        elif subject.startswith("_INBOX."):
            note("replied", "", payload, who)
        else:
            self._ask(client, reply, subject, who)
            note("published", subject, payload, who)

    def _ask(self, client: Any, reply: str, subject: str, who: str) -> None:
        if reply:
            asked = self._asked.setdefault(client, {})
            asked[reply] = subject, who
            if len(asked) > _ASKED:
                del asked[next(iter(asked))]

    def subscribes(self, client: Any, subscription: Any) -> None:
        who = self._owners[subscription] = self._who(client)
        if not subscription._subject.startswith("_INBOX."):
            queue = f", queue group {subscription._queue}" if subscription._queue else ""
            self._recorder.note("subscribed", subscription._subject + queue, None, who)

    def unsubscribes(self, client: Any, sid: int, *_: Any) -> None:
        subscription = client._subs.get(sid)
        subject = getattr(subscription, "_subject", "")
        if subject and not subject.startswith("_INBOX."):
            self._recorder.note("unsubscribed", subject, None, self._who(client))

    # from the server

    def receives(self, client: Any, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        subscription = client._subs.get(sid)
        if subscription is None:
            return
        who = self._who(subscription, client)
        name, answer = bytes(subject).decode(), bytes(reply).decode()
        note = self._recorder.note
        status = _STATUS.match(bytes(headers)) if headers else None
        if answer.startswith("$JS.ACK."):
            what = "delivered" if answer.split(".")[-5] == "1" else "redelivered"
            note(what, _stored(answer), data, who)
        elif status:
            code, text = status[1].decode(), status[2].decode()
            if code == "503":
                asked, who = self._asked.get(client, {}).get(name, ("", who))
                note("no reply", asked, "nobody listens", who)
            elif code != "100":  # heartbeats, flow control
                note("empty" if code in ("404", "408") else "refused", "", f"{code} {text}", who)
        elif not name.startswith("_INBOX."):
            note("delivered", name, data, who)
        else:
            asked, who = self._asked.get(client, {}).get(name, ("", who))
            self._answered(asked, data, who)

    def _answered(self, asked: str, data: bytes, who: str) -> None:
        note = self._recorder.note
        if error := _REFUSED.search(data):
            note("refused", asked, error[1], who)
        elif found := _STORED.match(data.strip(b"{ \n")):
            again = "a duplicate" if b'"duplicate"' in data else None
            note("confirmed", f"{found[1].decode()} #{found[2].decode()}", again, who)
        elif not asked.startswith(("stream ", "consumer ", "$JS.")):
            note("delivered", f"reply to {asked}" if asked else "a reply", data, who)


def _stored(reply: str) -> str:
    """Stream and number of the message, from its reply subject: $JS.ACK.stream.consumer.times.number.…"""
    parts = reply.split(".")
    # with a domain: $JS.ACK.domain.account.stream.consumer.times.number.….
    stream, number = (parts[4], parts[7]) if len(parts) > 9 else (parts[2], parts[5])
    return f"{stream} #{number}"


def _place(client: Any) -> str:
    server = getattr(client, "_current_server", None)
    return f"port {server.uri.port}" if server is not None else ""


def observe(wraps: Wraps, recorder: Recorder) -> None:
    """Note what the clients do."""
    client = getattr(sys.modules.get("nats.aio.client"), "Client", None)
    if client is None:
        return
    seen = _Observer(recorder)
    wraps.around(client, "connect", before=seen.connecting, after=seen.connected, failed=seen.not_connected)
    wraps.around(client, "_attempt_reconnect", after=seen.reconnected)
    wraps.around(client, "_process_op_err", before=seen.lost)
    wraps.around(client, "_process_err", before=seen.refused)
    wraps.around(client, "close", before=seen.closes)
    wraps.around(client, "_send_publish", before=seen.sends)
    wraps.around(client, "_send_subscribe", before=seen.subscribes)
    wraps.around(client, "_send_unsubscribe", before=seen.unsubscribes)
    wraps.around(client, "_process_msg", before=seen.receives)
