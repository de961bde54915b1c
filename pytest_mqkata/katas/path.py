"""The study path: the order in which the katas are recommended."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pytest_mqkata.katas.kata import Kata, find_katas


@dataclass(frozen=True)
class Week:
    """
    Attributes:
        number: from 1; 0 for katas that the path does not name.
        katas: those that are on disk, in order.
    """

    number: int
    title: str
    katas: tuple[Kata, ...]


def study_path(root: Path) -> list[Week]:
    """The weeks of katas/study-path.toml; katas that it does not name come last, in a week 0."""
    left = {kata.id: kata for kata in find_katas(root)}
    file = root / "katas" / "study-path.toml"
    listed = tomllib.loads(file.read_text(encoding="utf-8")).get("week", []) if file.exists() else []
    weeks = []
    for number, week in enumerate(listed, 1):
        found = tuple(left.pop(kata) for kata in week["katas"] if kata in left)
        weeks.append(Week(number, week["title"], found))
    return [*weeks, Week(0, "", tuple(left.values()))] if left else weeks
