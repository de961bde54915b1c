"""The study path names every kata once, and the README shows the same."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_mqkata.katas.kata import find_katas
from pytest_mqkata.katas.path import study_path

ROOT = Path(__file__).resolve().parent.parent


def test_every_kata_has_its_week() -> None:
    """None is left over, none is named twice."""
    weeks = study_path(ROOT)
    named = [kata.id for week in weeks for kata in week.katas]
    assert [week.number for week in weeks] == [1, 2, 3, 4]
    assert sorted(named) == [kata.id for kata in find_katas(ROOT)]


def test_the_readme_shows_the_path() -> None:
    """The same weeks, katas and titles in the same order."""
    rows = re.findall(
        r"^\| ([^|]*)\| \[(\w+/\d\d)\]\([^)]*\) \| ([^|]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    shown = [(week.strip(), kata, title) for week, kata, title in rows]
    expected = [
        (f"{week.number} · {week.title}" if index == 0 else "", kata.id, kata.title)
        for week in study_path(ROOT)
        for index, kata in enumerate(week.katas)
    ]
    assert shown == expected
