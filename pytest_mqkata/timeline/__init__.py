"""What happened during a kata's test, in order: what its clients did with the broker, and which faults were made.

A recorder runs for the time of one test. Client libraries that are already imported are observed by wrapping few of
their methods; faults are noted by those who make them. An event is a small dict that JSON can hold:

    ms     milliseconds since the test began
    who    "answer" or "test": whose code it was; "" where that is not known
    what   one of the words below, or "fault: " and what was done
    on     queue, topic-partition@offset, subject, stream and number, channel, key, node …; left out where there is none
    body   the beginning of the message, 40 characters at the most; left out where there is none

Words: connected, closed, connection failed, connection lost · created, declared, bound, deleted, purged · subscribed,
unsubscribed, assigned · published, confirmed, not confirmed, returned · requested, replied, refused, no reply, empty ·
delivered, redelivered, claimed · acked, nacked, rejected, in progress · begun, committed, aborted, commit failed.
`LEFT_OUT` stands, with a `count`, for events that there was no room for. Where a test generates examples there is
"example begins", and only one example's events: those of the one that is reported.

Nothing here imports pytest or a client library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_mqkata.timeline.recorder import Recorder

LEFT_OUT = "left out"
FAULT = "fault: "

_active: Recorder | None = None


def note_fault(what: str, on: str = "") -> None:
    """Note that a fault was made or ended. Nothing happens while no test is recorded; never raises.

    Args:
        what: what was done, a past participle: "killed", "cut".
        on: the node or proxy that it was done to.
    """
    recorder = _active
    if recorder is not None:
        recorder.note_fault(what, on)


def activate(recorder: Recorder | None) -> None:
    """Have faults noted by `recorder`; None: by nobody."""
    global _active
    _active = recorder
