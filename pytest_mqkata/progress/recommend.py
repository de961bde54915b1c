"""Which kata comes next."""

from __future__ import annotations

from pathlib import Path

from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.path import study_path
from pytest_mqkata.progress.store import Store
from pytest_mqkata.provision.presence import presence


def recommended(root: Path, store: Store, *, beside: str = "") -> Kata | None:
    """The first kata on the study path that is not green and works here; one that does not, if there is no other.

    Args:
        beside: the id of a kata that is not meant.
    """
    left = [
        kata
        for week in study_path(root)
        for kata in week.katas
        if kata.id != beside and not is_done(kata, store.standing(kata.id))
    ]
    return next((kata for kata in left if presence(kata.broker).works), left[0] if left else None)


def is_done(kata: Kata, standing: dict[int, str]) -> bool:
    """Whether every step is green, as last run."""
    return bool(kata.step_titles) and all(standing.get(number) == "green" for number in kata.step_titles)
