"""The steps of a kata: which one a test belongs to, and in which order they stand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pytest_mqkata.katas.kata import Kata


@dataclass(frozen=True)
class Step:
    """The step that a test belongs to.

    Attributes:
        number: from 1.
        names: what of the answer it exercises: "function", "Class" or "Class.method".
    """

    kata: Kata
    number: int
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.kata.step_titles.get(self.number, "")

    @property
    def heading(self) -> str:
        return f"Step {self.number} · {self.title}" if self.title else f"Step {self.number}"


def step_of(item: pytest.Item, kata: Kata) -> Step:
    """
    Raises:
        pytest.UsageError: the test has no `@pytest.mark.step(N)`.
    """
    marker = item.get_closest_marker("step")
    if marker is None or not marker.args or not isinstance(marker.args[0], int):
        raise pytest.UsageError(f"{item.nodeid} belongs to a kata but has no step: mark it @pytest.mark.step(N).")
    return Step(kata, marker.args[0], tuple(marker.args[1:]))
