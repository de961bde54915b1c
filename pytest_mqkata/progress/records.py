"""What is written down of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT = 1
"""Of the files in .mqkata/history; a reader sets those of another format aside."""

SEVERITY = ("green", "waiting", "red", "amber", "grey")
"""The colours; of a step's tests the last one in this order is the step's."""


@dataclass(frozen=True)
class TestRecord:
    """What became of one test.

    Attributes:
        test: its name.
        step: its step's number.
        colour: "green", "red", "amber" (the answer could not be loaded), "grey" (the environment failed),
            "waiting" (an earlier step failed first).
        headline: one or two sentences.
        where: "path:line", relative to the repository.
        lines: what more the report said: the code's place, the example, the evidence from the broker.
        replay: the command that runs it again with the same generated examples; "" where none were generated.
        timeline: what happened during it, in order; see `pytest_mqkata.timeline`.
        seconds: how long it took.
    """

    __test__ = False  # it is no test, whatever pytest thinks of its name

    test: str
    step: int
    colour: str
    headline: str = ""
    where: str = ""
    lines: list[str] = field(default_factory=list)
    replay: str = ""
    timeline: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Record:
    """A run of one kata on the learner's own answer, or an answer that was saved before something replaced it.

    Attributes:
        kind: "run" or "saved".
        kata: its id, "kafka/04".
        time: when it ended, seconds since the epoch.
        note: for "saved", why: "before reset".
        seconds: how long it took.
        whole: every step was wanted, none was deselected (`--step`, `-k`).
        interrupted: it was ended before its last test.
        tests: what became of each test that was wanted.
        brokers: the lines that say which broker ran.
        files: the answer: file name to the sha256 of its content, see `Store.content`.
        suite: the sha256 of the kata's tests, so that one sees when they changed since.
        number: its place in the kata's history, from 1; 0 before it is written.
    """

    kind: str
    kata: str
    time: float
    note: str = ""
    seconds: float = 0.0
    whole: bool = True
    interrupted: bool = False
    tests: list[TestRecord] = field(default_factory=list)
    brokers: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    suite: str = ""
    number: int = 0

    @property
    def steps(self) -> dict[int, str]:
        """Step number to its colour, of the steps that were wanted: the worst of its tests'."""
        return colours(self.tests)

    @property
    def colour(self) -> str:
        """Of the whole run: that of the first step that is not green; "green" if all are."""
        return next((colour for _, colour in sorted(self.steps.items()) if colour not in ("green", "waiting")), "green")

    @property
    def failed(self) -> TestRecord | None:
        """The first test that is red, amber or grey."""
        found = [test for test in self.tests if test.colour not in ("green", "waiting")]
        return min(found, key=lambda test: test.step, default=None)

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        del data["number"]
        return {"format": FORMAT, **data}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], number: int) -> Record:
        """
        Raises:
            ValueError: it is no record of this format.
        """
        try:
            if data["format"] != FORMAT:
                raise ValueError(f"its format is {data['format']!r}, not {FORMAT}")
            fields = {key: value for key, value in data.items() if key != "format"}
            fields["tests"] = [TestRecord(**test) for test in fields["tests"]]
            record = cls(**fields, number=number)
            _ = record.colour, record.time + 0, record.files.items()
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no record of a run ({type(error).__name__}: {error})") from error
        return record


def colours(tests: Iterable[TestRecord]) -> dict[int, str]:
    """Step number to the worst colour of its tests."""
    found: dict[int, str] = {}
    for test in tests:
        known = found.get(test.step, "green")
        found[test.step] = max(known, test.colour, key=SEVERITY.index)
    return dict(sorted(found.items()))
