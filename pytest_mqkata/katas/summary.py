"""The closing lines: where the learner is in each kata, and what to do next."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from _pytest.terminal import TerminalReporter

from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.places import broken, from_here
from pytest_mqkata.katas.verdict import AMBER, GREEN, GREY, RED, WAITING, Verdict
from pytest_mqkata.progress.records import SEVERITY

_SIGNS = {GREEN: "✔", RED: "✘", AMBER: "!", GREY: "?", WAITING: "·"}
_MARKUP: dict[str, dict[str, bool]] = {
    GREEN: {"green": True},
    RED: {"red": True},
    AMBER: {"yellow": True},
    GREY: {"light": True},
    WAITING: {"light": True},
}


@dataclass
class Tally:
    """What became of the steps of one kata."""

    kata: Kata
    colours: dict[int, str] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    answer: str = ""

    def add(self, verdict: Verdict) -> None:
        known = self.colours.get(verdict.step, GREEN)
        if SEVERITY.index(verdict.colour) >= SEVERITY.index(known):
            self.colours[verdict.step] = verdict.colour
            self.verdicts.setdefault(verdict.step, verdict)
            if verdict.colour != self.verdicts[verdict.step].colour:
                self.verdicts[verdict.step] = verdict
        self.answer = verdict.answer or self.answer


class Summary:
    """Collects verdicts and writes the closing lines."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._brokers: dict[str, str] = {}
        self._seeds: defaultdict[str, str] = defaultdict(str)
        self.notes: list[str] = []
        """Sentences for the very end."""

    def add(self, kata: Kata, verdict: Verdict, brokers: dict[str, str], replay: str) -> None:
        self._tallies.setdefault(kata.id, Tally(kata)).add(verdict)
        self._brokers.update(brokers)
        if replay and verdict.colour == RED:
            self._seeds[kata.id] = replay

    def write(self, terminal: TerminalReporter) -> None:
        for tally in sorted(self._tallies.values(), key=lambda tally: tally.kata.id):
            self._write_one(tally, terminal)
        for note in self.notes:
            terminal.line(f"  {note}", yellow=True)

    def _write_one(self, tally: Tally, terminal: TerminalReporter) -> None:
        kata = tally.kata
        terminal.section(f"{kata.broker_title} {kata.number} · {kata.title}", sep="─")
        for name, line in sorted(self._brokers.items()):
            if name.partition(" ")[0] == kata.broker:
                terminal.line(f"  {line}", light=True)
        if not _is_learners(tally):
            terminal.line(f"  the answer that ran: {from_here(tally.answer)}", light=True)
        titles = kata.step_titles
        numbers = sorted(set(titles) | set(tally.colours))
        for number in numbers:
            colour = tally.colours.get(number)
            sign = _SIGNS[colour] if colour else " "
            markup = _MARKUP[colour] if colour else {"light": True}
            terminal.line(f"  {sign} {number:>2}  {titles.get(number, '')}", **markup)
        passed = sum(colour == GREEN for colour in tally.colours.values())
        self._write_end(tally, terminal, passed, len(numbers))

    def _write_end(self, tally: Tally, terminal: TerminalReporter, passed: int, total: int) -> None:
        kata = tally.kata
        stopped = [number for number, colour in sorted(tally.colours.items()) if colour not in (GREEN, WAITING)]
        if not stopped:
            colour = "All" if passed == total else f"{passed} of"
            terminal.line(f"  {colour} {total} steps passed.", green=True, bold=True)
            if passed == total and _is_learners(tally):
                terminal.line(f"  Compare with the solution: mqkata diff {kata.id}")
            return
        number = stopped[0]
        verdict = tally.verdicts[number]
        where = verdict.where if verdict.where not in verdict.headline else ""
        colour = tally.colours[number]
        terminal.line("")
        if colour == GREY:
            terminal.line("  The environment failed, not your answer:", bold=True)
            for line in _in_width(verdict.headline, terminal):
                terminal.line(line, **_MARKUP[colour])
            terminal.line(f"  More: mqkata doctor {kata.broker}")
            return
        terminal.line(f"  {passed} of {total} steps passed. {verdict.heading}:", bold=True)
        if where:
            terminal.line(f"  {where}")
        for line in _in_width(verdict.headline, terminal):
            terminal.line(line, **_MARKUP[colour])
        if colour == RED:
            terminal.line(f"  A hint: mqkata hint {kata.id} · what happened: mqkata explain {kata.id}")
            if replay := self._seeds.get(kata.id):
                terminal.line(f"  The same examples again: {replay}")


def _in_width(text: str, terminal: TerminalReporter) -> list[str]:
    """A sentence in lines as wide as the terminal; in one line where there is none."""
    line = f"  {text}"
    return broken(line, shutil.get_terminal_size().columns, hanging="  ") if terminal.isatty else [line]


def _is_learners(tally: Tally) -> bool:
    return not tally.answer or Path(tally.answer) == tally.kata.folder


def status(verdict: Verdict, outcome: str) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """The category, letter and word that pytest shows for a verdict that is not simply passed or failed."""
    match verdict.colour:
        case "waiting":
            return "not tried", "·", ("WAITING", _MARKUP[WAITING])
        case "grey":
            return "environment", "?", ("ENVIRONMENT", _MARKUP[GREY])
        case "amber":
            return "not loaded", "!", ("NOT LOADED", _MARKUP[AMBER])
        case "red":
            return "failed", "F", ("FAILED", _MARKUP[RED])
    return None
