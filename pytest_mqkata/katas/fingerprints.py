"""Which recorded mistake a failed run looks like: by the tests that failed, and what they said.

The words of a failed test tell what the broker saw, so a wrong answer that somebody has made before mostly says again
what it said then. tests/mistakes/<broker>/<NN>/fingerprints.json holds that, several samples for each mistake where
chance decides what a run sees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from pathlib import Path
from typing import Protocol

from pytest_mqkata.katas.examples import Mistake, mistakes
from pytest_mqkata.katas.kata import Kata

ALIKE = 0.82
"""From which likeness on, 0 to 1, a failure is said to look like a mistake."""

_EQUAL = 0.02  # likenesses that differ by less say nothing about which of two mistakes it is
_NAMED = 2  # mistakes, at the most
_STEP_RED = "red"
_CHANCE = (
    (re.compile(r"\S*/[\w.-]+\.py(:\d+)?"), "FILE"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+\b", re.IGNORECASE), "ID"),
    (re.compile(r"\b_INBOX\.\w+(\.\w+)*"), "INBOX"),
    (re.compile(r"\b127\.0\.0\.1:\d+|\blocalhost:\d+|\b\d{1,3}(\.\d{1,3}){3}\b"), "ADDRESS"),
    (re.compile(r"\b\d{13}-\d+\b"), "ENTRY"),
    (re.compile(r"(?<=-)[0-9a-f]{4,}-\d+\b"), "N"),
    (re.compile(r"\b0x[0-9a-f]+\b"), "ID"),
    (re.compile(r"\b\d+\.\d+ (ms|s)\b"), "TIME"),
    (re.compile(r"\b\d{5,}\b"), "NUMBER"),
)
_TOKEN = re.compile(r"\w+|[^\w\s]")

Fingerprint = tuple[tuple[str, str], ...]
"""(test, what it said) of each red test of the first red step."""


class Outcome(Protocol):
    """What became of a test, as runs are written down."""

    @property
    def test(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def colour(self) -> str: ...
    @property
    def headline(self) -> str: ...


def fingerprint(outcomes: Iterable[Outcome]) -> Fingerprint:
    """Of a run; () if nothing is red, or the red step is not written yet."""
    red = [one for one in outcomes if one.colour == _STEP_RED]
    first = min((one.step for one in red), default=0)
    found = [(one.test, _without_chance(one.headline)) for one in red if one.step == first]
    return () if any(said.startswith("not written yet") for _, said in found) else tuple(sorted(found))


def recorded(kata: Kata) -> dict[str, list[Fingerprint]]:
    """Mistake's name to the fingerprints that it has left; {} if none are recorded."""
    file = record_file(kata)
    if not file.exists():
        return {}
    data = json.loads(file.read_text(encoding="utf-8"))
    return {name: [tuple((test, said) for test, said in one) for one in samples] for name, samples in data.items()}


def record(kata: Kata, found: dict[str, list[Fingerprint]]) -> None:
    """Write fingerprints down, in the place of those that are there."""
    lines = json.dumps(dict(sorted(found.items())), ensure_ascii=False, indent=1)
    record_file(kata).write_text(lines + "\n", encoding="utf-8")


def record_file(kata: Kata) -> Path:
    return kata.root / "tests" / "mistakes" / kata.broker / kata.number / "fingerprints.json"


def looks_like(kata: Kata, seen: Fingerprint) -> list[Mistake]:
    """The recorded mistakes that a failed run looks like, at most two, the likeliest first; mostly one or none."""
    if not seen:
        return []
    known = recorded(kata)
    by_name = {mistake.name: mistake for mistake in mistakes(kata)}
    ranked = sorted(
        (
            (max(likeness(seen, sample) for sample in samples), name)
            for name, samples in known.items()
            if samples and name in by_name
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    best = ranked[0][0] if ranked else 0.0
    if best < ALIKE:
        return []
    return [by_name[name] for value, name in ranked if value > best - _EQUAL][:_NAMED]


def likeness(one: Fingerprint, other: Fingerprint) -> float:
    """0 to 1: the mean likeness of what the tests said that failed in both, over all that failed in one of them."""
    here, there = dict(one), dict(other)
    if not here or not there:
        return 0.0
    total = sum(_alike(here[test], there[test]) for test in here.keys() & there.keys())
    return total / len(here.keys() | there.keys())


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    return SequenceMatcher(None, _TOKEN.findall(one), _TOKEN.findall(other), autojunk=False).ratio()


def _without_chance(text: str) -> str:
    """A headline without what differs from run to run: ports, ids, paths, times."""
    for pattern, word in _CHANCE:
        text = pattern.sub(word, text)
    return text
