"""What pika's connections send and receive, in the order of the wire."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from pytest_mqkata.timeline.recorder import Recorder
from pytest_mqkata.timeline.wraps import Wraps


@dataclass
class _Channel:
    """What is known of a channel.

    Attributes:
        confirming: the broker confirms what is published.
        published: how many messages, since confirming.
        unconfirmed: their numbers, and where they went and who sent them.
        consumers: by tag: queue, whether it acknowledges by itself, who subscribed.
        asked: the queues of `basic_get`s that are under way, in order.
        unacked: by delivery tag: where from.
        incoming: what a message that is being received will be noted as.
    """

    confirming: bool = False
    published: int = 0
    unconfirmed: dict[int, tuple[str, str]] = field(default_factory=dict)
    consumers: dict[str, tuple[str, bool, str]] = field(default_factory=dict)
    asked: deque[tuple[str, bool, str]] = field(default_factory=deque)
    unacked: dict[int, str] = field(default_factory=dict)
    incoming: tuple[str, str, str] | None = None


@dataclass
class _Link:
    owner: str
    channels: dict[int, _Channel] = field(default_factory=dict)


class _Observer:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._links: WeakKeyDictionary[Any, _Link] = WeakKeyDictionary()

    def _link(self, connection: Any) -> _Link:
        link = self._links.get(connection)
        if link is None:
            link = self._links[connection] = _Link(self._recorder.who())
        return link

    # to the broker

    def sends(self, connection: Any, number: int, method: Any, content: Any = None) -> None:
        link = self._link(connection)
        who = self._recorder.who(link.owner)
        channel = link.channels.setdefault(number, _Channel())
        note = self._recorder.note
        match method.NAME:
            case "Basic.Publish":
                on = _route(method)
                if channel.confirming:
                    channel.published += 1
                    channel.unconfirmed[channel.published] = on, who
                note("published", on, content[1] if content else None, who)
            case "Basic.Ack":
                self._settled(channel, "acked", method, who)
            case "Basic.Nack":
                self._settled(channel, "nacked", method, who)
            case "Basic.Reject":
                self._settled(channel, "rejected", method, who)
            case "Basic.Consume":
                channel.consumers[method.consumer_tag] = method.queue, method.no_ack, who
                note("subscribed", method.queue, "acknowledges by itself" if method.no_ack else None, who)
            case "Basic.Cancel":
                queue, _, _ = channel.consumers.pop(method.consumer_tag, ("", False, ""))
                note("unsubscribed", queue, None, who)
            case "Basic.Get":
                channel.asked.append((method.queue, method.no_ack, who))
                note("requested", method.queue, None, who)
            case "Confirm.Select":
                channel.confirming = True
            case "Queue.Declare" if not method.passive:
                note("declared", f"queue {method.queue}".strip(), None, who)
            case "Exchange.Declare" if not method.passive:
                note("declared", f"exchange {method.exchange} ({method.type})", None, who)
            case "Queue.Bind":
                note("bound", f"{method.queue} to {method.exchange} {method.routing_key or ''}".strip(), None, who)
            case "Queue.Purge":
                note("purged", f"queue {method.queue}", None, who)
            case "Queue.Delete":
                note("deleted", f"queue {method.queue}", None, who)
            case "Exchange.Delete":
                note("deleted", f"exchange {method.exchange}", None, who)
            case "Tx.Select":
                note("begun", "transaction", None, who)
            case "Tx.Commit":
                note("committed", "transaction", None, who)
            case "Tx.Rollback":
                note("aborted", "transaction", None, who)
            case "Connection.Close":
                note("closed", _place(connection), None, who)

    def _settled(self, channel: _Channel, what: str, method: Any, who: str) -> None:
        """A message, or with `multiple` all up to it, was acknowledged or refused."""
        tag = method.delivery_tag
        multiple = getattr(method, "multiple", False)
        tags = [one for one in channel.unacked if not tag or one <= tag] if multiple else [tag]
        again = "requeue" if getattr(method, "requeue", False) else None
        for one in tags:
            self._recorder.note(what, channel.unacked.pop(one, f"#{one}"), again, who)

    # from the broker

    def receives(self, connection: Any, frame: Any) -> None:
        method = getattr(frame, "method", None)
        link = self._link(connection)
        channel = link.channels.setdefault(frame.channel_number, _Channel())
        if method is None:
            if channel.incoming and (hasattr(frame, "fragment") or getattr(frame, "body_size", 1) == 0):
                what, on, who = channel.incoming
                channel.incoming = None
                self._recorder.note(what, on, getattr(frame, "fragment", None), who)
            return
        note = self._recorder.note
        who = self._recorder.who(link.owner)
        match method.NAME:
            case "Basic.Ack":
                self._confirmed(channel, "confirmed", method)
            case "Basic.Nack":
                self._confirmed(channel, "not confirmed", method)
            case "Basic.Return":
                channel.incoming = "returned", f"{_route(method)}: {method.reply_text}", who
            case "Basic.Deliver":
                queue, no_ack, who = channel.consumers.get(method.consumer_tag, (method.routing_key, False, who))
                self._arrives(channel, method, queue, no_ack, who)
            case "Basic.GetOk":
                queue, no_ack, who = channel.asked.popleft() if channel.asked else (method.routing_key, False, who)
                self._arrives(channel, method, queue, no_ack, who)
            case "Basic.GetEmpty":
                queue, _, who = channel.asked.popleft() if channel.asked else ("", False, who)
                note("empty", queue, None, who)
            case "Basic.Cancel":
                queue, _, who = channel.consumers.pop(method.consumer_tag, ("", False, who))
                note("unsubscribed", queue, "by the broker", who)
            case "Channel.Close" | "Connection.Close":
                note("refused", f"{method.NAME.partition('.')[0].lower()} closed", method.reply_text, who)
            case "Connection.OpenOk":
                note("connected", _place(connection), None, who)

    def _arrives(self, channel: _Channel, method: Any, queue: str, no_ack: bool, who: str) -> None:
        on = f"{queue} #{method.delivery_tag}"
        if not no_ack:
            channel.unacked[method.delivery_tag] = on
        channel.incoming = "redelivered" if method.redelivered else "delivered", on, who

    def _confirmed(self, channel: _Channel, what: str, method: Any) -> None:
        tag = method.delivery_tag
        for one in [one for one in channel.unconfirmed if one <= tag] if method.multiple else [tag]:
            on, who = channel.unconfirmed.pop(one, (f"#{one}", ""))
            self._recorder.note(what, on, None, who)

    def not_connected(self, error: Exception, _: Any, parameters: Any = None, *__: Any, **___: Any) -> None:
        port = getattr(parameters, "port", None)
        self._recorder.note("connection failed", f"port {port}" if port else "", type(error).__name__)

    def ends(self, connection: Any, error: Any) -> None:
        reason = error if error is not None else getattr(connection, "_error", None)
        if reason is None or type(reason).__name__ in ("ConnectionClosedByClient", "ConnectionClosedByBroker"):
            return
        if not getattr(connection, "_opened", True):
            return  # it failed before it was one
        self._recorder.note(
            "connection lost", _place(connection), None, self._recorder.who(self._link(connection).owner)
        )


def _route(method: Any) -> str:
    return f"{method.exchange} {method.routing_key}".strip()


def _place(connection: Any) -> str:
    return f"port {connection.params.port}"


def observe(wraps: Wraps, recorder: Recorder) -> None:
    """Note what pika's connections do, of every adapter."""
    module = sys.modules.get("pika.connection")
    if module is None:
        return
    observer = _Observer(recorder)
    connection = module.Connection
    wraps.around(connection, "_send_method", before=observer.sends)
    wraps.around(connection, "_process_frame", before=observer.receives)
    wraps.around(connection, "_on_stream_terminated", before=observer.ends)
    if blocking := sys.modules.get("pika.adapters.blocking_connection"):
        # what fails before there is a connection at all
        wraps.around(blocking.BlockingConnection, "__init__", failed=observer.not_connected)
