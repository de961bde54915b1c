"""How colours, times and steps look on the terminal."""

from __future__ import annotations

import time

from rich.console import Console
from rich.text import Text

from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.places import broken
from pytest_mqkata.progress.records import Record
from pytest_mqkata.progress.store import is_present, suite_digest

SIGNS = {"green": "✔", "red": "✘", "amber": "!", "grey": "?", "waiting": "·"}
STYLES = {"green": "green", "red": "red", "amber": "yellow", "grey": "dim", "waiting": "dim"}


def ago(moment: float) -> str:
    """How long ago a moment (seconds since the epoch) was, in words."""
    seconds = time.time() - moment
    for limit, unit, name in ((90, 1, "second"), (5400, 60, "minute"), (129600, 3600, "hour")):
        if seconds < limit:
            amount = max(0, round(seconds / unit))
            return "just now" if (amount, name) == (0, "second") else f"{amount} {name}{'s' * (amount != 1)} ago"
    days = round(seconds / 86400)
    return f"{days} days ago" if days < 60 else time.strftime("on %Y-%m-%d", time.localtime(moment))


def show_steps(console: Console, kata: Kata, standing: dict[int, str]) -> None:
    """A line for each step of a kata, as `standing` (step number to colour) says."""
    for number, title in sorted(kata.step_titles.items()):
        colour = standing.get(number, "waiting")
        console.print(Text(f"  {SIGNS[colour]} {number:>2}  {title}", STYLES[colour]), overflow="fold")


def bar(kata: Kata, standing: dict[int, str]) -> Text:
    """One character for each step."""
    text = Text()
    for number in sorted(kata.step_titles):
        colour = standing.get(number, "waiting")
        text.append(SIGNS[colour], STYLES[colour])
    return text


def passed(kata: Kata, standing: dict[int, str]) -> int:
    """How many steps of a kata are green."""
    return sum(standing.get(number) == "green" for number in kata.step_titles)


def remarks(kata: Kata, record: Record) -> list[str]:
    """What has changed since a run."""
    remarks = []
    if record.suite != suite_digest(kata):
        remarks.append("The kata's tests are newer than that run.")
    if not is_present(kata, record):
        remarks.append("Your answer has changed since that run.")
    return remarks


def print_line(console: Console, text: str, style: str = "") -> None:
    """A line that is not broken, so that a terminal finds the paths and commands in it."""
    console.print(Text(text, style), soft_wrap=True)


def paragraph(out: Console, line: str, style: str = "") -> None:
    """A line, broken where it is too long, but never in a place that a terminal can open."""
    indent = line[: len(line) - len(line.lstrip())]
    for part in broken(line, out.width, hanging=f"{indent}  "):
        print_line(out, part, style)
