"""From recorded events to lines that can be read: what repeats is told once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_mqkata.timeline import FAULT, LEFT_OUT

TROUBLE = frozenset(
    {
        *("connection lost", "connection failed", "not confirmed", "returned", "refused", "no reply"),
        *("redelivered", "commit failed"),
    }
)
"""Words for what a learner did not expect to happen."""

_FEWEST = 4  # repetitions of one event that are told as one
_FEWEST_PIECES = 3  # repetitions of several
_LONGEST = 12  # events in what is repeated
_NUMBER = re.compile(r"[@#]\d+")


@dataclass(frozen=True)
class Line:
    """A line of the story.

    Attributes:
        ms: milliseconds since the test began; "" where that says nothing.
        who: "you", "test" or "".
        what: the event's word, with "×20" if it is told once for many.
        on: see `pytest_mqkata.timeline`.
        body: the same; of many the first and the last.
        fault: it is a fault.
        trouble: it is what one would not expect.
        note: it is no event, and `what` is a sentence about the lines around it.
    """

    ms: str
    who: str
    what: str
    on: str = ""
    body: str = ""
    fault: bool = False
    trouble: bool = False
    note: bool = False


def tell(events: Sequence[Mapping[str, Any]]) -> list[Line]:
    """The lines for recorded events; what happened over and over is told by its first and its last time."""
    keys = [_key(event, place) for place, event in enumerate(events)]
    lines: list[Line] = []
    place = 0
    while place < len(events):
        length, times = _repeated(keys, place)
        if times == 1:
            lines.append(_line(events[place]))
            place += 1
            continue
        end = place + length * times
        if length == 1:
            lines.append(_folded(events[place:end]))
        else:
            lines += [_line(event) for event in events[place : place + length]]
            lines.append(Line("", "", f"… these {length} lines {_more(times - 2)} …", note=True))
            lines += [_line(event) for event in events[end - length : end]]
        place = end
    return lines


def _more(times: int) -> str:
    return "once more" if times == 1 else f"{times} more times"


def _key(event: Mapping[str, Any], place: int) -> tuple[str, str, str]:
    """What events have in common that are told as one."""
    what = str(event.get("what", ""))
    if what == LEFT_OUT or what.startswith(FAULT):
        return what, str(place), ""  # what no other has
    return what, str(event.get("who", "")), _NUMBER.sub("", str(event.get("on", "")))


def _repeated(keys: Sequence[tuple[str, str, str]], place: int) -> tuple[int, int]:
    """How long a piece is that repeats itself from a place on, and how often it stands there."""
    best = (1, 1)
    for length in range(1, _LONGEST + 1):
        piece = keys[place : place + length]
        times = 1
        while keys[place + times * length : place + (times + 1) * length] == piece:
            times += 1
        if times >= (_FEWEST if length == 1 else _FEWEST_PIECES) and length * times > best[0] * best[1]:
            best = length, times
    return best


def _line(event: Mapping[str, Any]) -> Line:
    what = str(event.get("what", ""))
    if what == LEFT_OUT:
        count = event.get("count", 0)
        return Line("", "", f"… {count} event{'' if count == 1 else 's'} left out …", note=True)
    return Line(
        _ms(event),
        {"answer": "you"}.get(str(event.get("who", "")), str(event.get("who", ""))),
        what,
        str(event.get("on", "")),
        str(event.get("body", "")),
        fault=what.startswith(FAULT),
        trouble=what in TROUBLE,
    )


def _folded(events: Sequence[Mapping[str, Any]]) -> Line:
    first, last = _line(events[0]), _line(events[-1])
    on = first.on if first.on == last.on else f"{first.on} … {_tail(first.on, last.on)}"
    body = first.body if first.body == last.body else f"{first.body} … {last.body}"
    return Line(first.ms, first.who, f"{first.what} ×{len(events)}", on, body, fault=first.fault, trouble=first.trouble)


def _tail(first: str, last: str) -> str:
    """The end of `last`, from the number on in which it differs from `first`."""
    found = list(_NUMBER.finditer(last))
    return last[found[-1].start() + 1 :] if found and _NUMBER.search(first) else last


def _ms(event: Mapping[str, Any]) -> str:
    ms = event.get("ms")
    return f"{ms:.1f}" if isinstance(ms, int | float) else ""
