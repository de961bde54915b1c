"""Whether a kata is done: green as it is now."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_mqkata.katas.answer import read_files
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.store import Store, digests


@dataclass(frozen=True)
class Greenness:
    """
    Attributes:
        passed: how many steps are green by the last runs.
        total: how many the kata has.
        changed: the answer's files are no longer those that the steps passed with.
    """

    passed: int
    total: int
    changed: bool

    @property
    def green(self) -> bool:
        """Every step passed, with the files as they are now."""
        return self.passed == self.total and not self.changed

    def __str__(self) -> str:
        """A sentence that says why it is not green."""
        if self.passed == self.total:
            return "The answer was changed since the kata was green."
        return f"The kata is not green yet ({self.passed} of {self.total} steps)."


def greenness(store: Store, kata: Kata) -> Greenness:
    """How far a kata is, without running anything."""
    titles = set(kata.step_titles)
    passed = {step for step, colour in store.standing(kata.id).items() if colour == "green"} & titles
    present = digests(read_files(kata.folder))
    proven: dict[int, str] = {}  # with the present files alone
    for record in store.records(kata.id):
        if record.kind == "run":
            if record.files != present:
                break
            proven = {**record.steps, **proven}
            if record.whole:
                break
    changed = not all(proven.get(step) == "green" for step in titles)
    return Greenness(len(passed), len(titles), changed and passed == titles)
