"""What `mqkata watch` shows between the runs."""

from __future__ import annotations

import os
import shutil
import sys
import time

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pytest_mqkata.cli.shown import SIGNS
from pytest_mqkata.cli.watch.runs import Outcome
from pytest_mqkata.katas.kata import Kata

_STYLES = {"green": "bold green", "red": "bold red", "amber": "bold yellow", "grey": "bold"}
_KEYS = ("Enter run", "h hint", "d diff", "a all steps", "r reset", "n next", "q quit")


class Screen:
    """Writes to standard output. On a terminal the cursor may rest at the end of the last line."""

    def __init__(self, console: Console, *, terminal: bool) -> None:
        """
        Args:
            terminal: it can be cleared, and keys can be pressed.
        """
        self._console = console
        self._terminal = terminal
        self._resting = False

    def begin(self, kata: Kata, why: str) -> None:
        """The head of a run, on an empty screen; what was there is moved up, so it can be scrolled back to."""
        self.leave()
        if self._terminal:
            rows = shutil.get_terminal_size().lines
            self._write("\x1b[0m" + "\n" * rows + "\x1b[H\x1b[J")
        title = Text(f"{kata.id} · {_title(kata)}", "bold")
        title.append(f" · {time.strftime('%H:%M:%S')} · {why}", "not bold")
        self._console.print(title, no_wrap=True, overflow="ellipsis", crop=self._terminal, soft_wrap=not self._terminal)
        self._flush()

    def status(self, outcome: Outcome | None) -> None:
        """The last line: what became of the run, and the keys. None: no run has ended yet."""
        self.leave()
        line = result_line(outcome)
        if self._terminal:
            line = with_keys(line, self._console.width)
        self._rest(line)

    def ask(self, question: str) -> None:
        """A question that one key answers."""
        self.leave()
        line = Text(question, "bold")
        line.append("  y/n ", "bold")
        self._rest(line)

    def say(self, sentence: str) -> None:
        self.leave()
        self._console.print(Text(sentence), soft_wrap=True)
        self._flush()

    def leave(self) -> None:
        """The next output begins on a line of its own."""
        if self._resting:
            self._resting = False
            self._write("\n")

    def _rest(self, line: Text) -> None:
        self._console.print(line, no_wrap=True, overflow="ellipsis", end="" if self._terminal else "\n")
        self._resting = self._terminal
        self._flush()

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._flush()

    def _flush(self) -> None:
        self._console.file.flush()


def _title(kata: Kata) -> str:
    """By the README as it is now; it may be gone, or half written."""
    try:
        return kata.read_again().title
    except (OSError, ValueError):
        return kata.id


def result_line(outcome: Outcome | None) -> Text:
    """What became of a run, in its colour; the sign says it without colours."""
    if outcome is None:
        return Text("no run has ended yet")
    if outcome.remark and not outcome.total:
        text = outcome.remark
    elif outcome.colour == "amber":
        text = "not loaded"
    elif outcome.colour == "grey" and not outcome.remark:
        text = "environment failed"
    elif not outcome.total:
        text = {"green": "passed", "red": "failed"}[outcome.colour]
    elif outcome.passed == outcome.total:
        text = f"all {outcome.total} passed"
    else:
        text = f"{outcome.passed} of {outcome.total} passed"
        text += f", {outcome.remark}" if outcome.remark else ""
    return Text(f"{SIGNS[outcome.colour]} {text}", _STYLES[outcome.colour])


def with_keys(line: Text, width: int) -> Text:
    """A status line with the keys, shortened as far as the width needs."""
    shorter = tuple(key.replace("all steps", "all") for key in _KEYS)
    for keys in (_KEYS, shorter, tuple(key.split()[0] for key in _KEYS)):
        if len(line) + 2 + cell_len("  ".join(keys)) < width:
            break
    whole = line.copy()
    for key in keys:
        name, _, does = key.partition(" ")
        whole.append("  ")
        whole.append(name, "bold")
        whole.append(f" {does}" if does else "")
    return whole


def is_terminal() -> bool:
    """Whether keys can be read and the screen be cleared."""
    try:
        ours = os.isatty(sys.stdin.fileno()) and os.isatty(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):  # closed
        return False
    return ours and os.environ.get("TERM") != "dumb"
