"""A kata on disk: its folder, its steps' titles, its hints."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_mqkata.brokers import TITLES

_STEP_HEADING = re.compile(r"^### Step (\d+) · (.+?)\s*$", re.MULTILINE)
_TITLE = re.compile(r"^# (?:.*? · )?(.+?)\s*$", re.MULTILINE)
_FACTS = re.compile(
    r"^\*\*Time\*\* (\d+) minutes · \*\*Difficulty\*\* ([1-3]) of 3 · \*\*Needs\*\* (.+?)\s*$", re.MULTILINE
)


@dataclass(frozen=True)
class Kata:
    """One exercise.

    Attributes:
        root: the folder that holds katas/ and solutions/.
        broker: "rabbitmq", "kafka", "nats", "redis".
        number: "01" to "08".
    """

    root: Path
    broker: str
    number: str

    @classmethod
    def of_test(cls, test_file: Path) -> Kata | None:
        """The kata that a test file belongs to; None if it stands elsewhere than in katas/<broker>/<NN>/."""
        parts = test_file.parts
        if len(parts) < 5 or parts[-4] != "katas" or not re.fullmatch(r"\d\d", parts[-2]):
            return None
        return cls(test_file.parents[3], parts[-3], parts[-2])

    def read_again(self) -> Kata:
        """The same kata without what was read of it: its README and its tests may have changed since."""
        return Kata(self.root, self.broker, self.number)

    @property
    def id(self) -> str:
        return f"{self.broker}/{self.number}"

    @property
    def folder(self) -> Path:
        return self.root / "katas" / self.broker / self.number

    @property
    def solution_folder(self) -> Path:
        return self.root / "solutions" / self.broker / self.number

    @property
    def broker_title(self) -> str:
        return TITLES.get(self.broker, self.broker)

    @cached_property
    def readme(self) -> str:
        file = self.folder / "README.md"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    @cached_property
    def test_file(self) -> Path:
        """Its tests, test_<topic>.py."""
        return next(iter(sorted(self.folder.glob("test_*.py"))), self.folder / "test_.py")

    @property
    def topic(self) -> str:
        """What its module and its tests are named for: "first_queue"."""
        return self.test_file.stem.removeprefix("test_")

    @property
    def module(self) -> str:
        """The file name of the answer's module: "first_queue.py"."""
        return f"{self.topic}.py"

    @property
    def minutes(self) -> int:
        """How long it takes a learner, by its README; 0 if that does not say."""
        return int(self._facts[0])

    @property
    def difficulty(self) -> int:
        """1 to 3, by its README; 0 if that does not say."""
        return int(self._facts[1])

    @property
    def needs(self) -> str:
        """What it runs on, by its README: "one Kafka server"; "" if that does not say."""
        return self._facts[2]

    @property
    def needs_cluster(self) -> bool:
        return "cluster" in self.needs.lower()

    @cached_property
    def _facts(self) -> tuple[str, str, str]:
        found = _FACTS.search(self.readme)
        return (found[1], found[2], found[3]) if found else ("0", "0", "")

    @property
    def title(self) -> str:
        found = _TITLE.search(self.readme)
        return found[1] if found else self.id

    @cached_property
    def step_titles(self) -> dict[int, str]:
        """Step number to title, from the README's headings `### Step 3 · Title`."""
        return {int(number): title for number, title in _STEP_HEADING.findall(self.readme)}

    def hints(self) -> dict[int, list[str]]:
        """Step number to its three hints, from the idea to nearly the code; {} without a hints.toml."""
        file = self.folder / "hints.toml"
        if not file.exists():
            return {}
        steps = tomllib.loads(file.read_text(encoding="utf-8")).get("step", {})
        return {int(number): list(step["levels"]) for number, step in steps.items()}


def find_katas(root: Path) -> list[Kata]:
    """All katas below `root`, in order of broker and number."""
    folders = sorted((root / "katas").glob("*/[0-9][0-9]"))
    return [Kata(root, folder.parent.name, folder.name) for folder in folders if any(folder.glob("test_*.py"))]


def find_root(start: Path) -> Path | None:
    """The nearest folder at or above `start` that holds katas/; None if there is none."""
    for folder in (start, *start.parents):
        if (folder / "katas").is_dir() and (folder / "solutions").is_dir():
            return folder
    return None
