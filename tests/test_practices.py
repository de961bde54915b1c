"""docs/practices.md says where each best practice can be practised; what it names must be there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_mqkata.katas.kata import Kata, find_katas

ROOT = Path(__file__).resolve().parent.parent
KATAS = {kata.id: kata for kata in find_katas(ROOT)}


class Row(NamedTuple):
    """One line of the tables."""

    practice: str
    kata: str
    link: str
    steps: tuple[int, ...]


def rows(text: str) -> list[Row]:
    """All rows of all tables; those of the tables' heads are left out."""
    found = re.findall(r"^\| ([^|]+) \| \[(\w+/\d\d)\]\(([^)]+)\) \| ([\d, ]+) \|$", text, re.MULTILINE)
    return [
        Row(practice.strip(), kata, link, tuple(int(step) for step in steps.split(",")))
        for practice, kata, link, steps in found
    ]


def wrong(found: list[Row], katas: dict[str, Kata]) -> list[str]:
    """What a table names and a kata does not have, in sentences; [] if nothing."""
    problems = [f"there is no kata {row.kata}" for row in found if row.kata not in katas]
    for row in found:
        if row.kata in katas:
            missing = sorted(set(row.steps) - set(katas[row.kata].step_titles))
            problems += [f"{row.practice}: {row.kata} has no step {step}" for step in missing]
            if row.link != f"../katas/{row.kata}/README.md":
                problems.append(f"{row.practice}: {row.kata} leads to {row.link}")
    return problems


ROWS = rows((ROOT / "docs/practices.md").read_text())


def test_each_step_that_is_named_exists() -> None:
    """A kata's steps may be renumbered; the table has to follow."""
    assert ROWS
    assert wrong(ROWS, KATAS) == []


def test_no_line_of_the_tables_is_overlooked() -> None:
    """A row that is written in another form would never be checked."""
    lines = [line for line in (ROOT / "docs/practices.md").read_text().splitlines() if line.startswith("| ")]
    heads = [line for line in lines if line == "| practice | kata | steps |"]
    assert len(lines) - len(heads) == len(ROWS)


def test_each_practice_is_named_once_for_a_kata() -> None:
    """All its steps in that kata stand in one row."""
    twice = [pair for pair, count in Counter((row.practice, row.kata) for row in ROWS).items() if count > 1]
    assert twice == []


@pytest.mark.parametrize("kata", [name for name in KATAS if name.startswith("rabbitmq/")])
def test_every_kata_shows_a_practice(kata: str) -> None:
    """What a kata is good for can be looked up."""
    assert kata in {row.kata for row in ROWS}


def test_a_step_that_is_not_there_is_found() -> None:
    """The check itself can fail."""
    kata = next(iter(KATAS))
    text = f"| Acks | [{kata}](../katas/{kata}/README.md) | 1, 99 |\n| Acks | [redis/77](x) | 1 |\n"
    assert wrong(rows(text), KATAS) == ["there is no kata redis/77", f"Acks: {kata} has no step 99"]
