"""Writes down what became of the learner's own answers, at the end of a run, whoever started it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.verdict import Verdict
from pytest_mqkata.progress.records import Record, TestRecord
from pytest_mqkata.progress.store import Store, suite_digest


@dataclass
class _Run:
    """What is known of one kata's run so far."""

    kata: Kata
    tests: list[TestRecord] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    brokers: set[str] = field(default_factory=set)


class History:
    """Collects the reports of one pytest run."""

    def __init__(self) -> None:
        self._begun = time.time()
        self._runs: dict[str, _Run] = {}
        self._deselected: set[str] = set()

    def deselected(self, kata: Kata) -> None:
        """Not all tests of a kata were wanted."""
        self._deselected.add(kata.id)

    def add(self, kata: Kata, verdict: Verdict, nodeid: str, seconds: float, data: Mapping[str, Any]) -> None:
        """
        Args:
            data: the rest of what a report says: "brokers", "replay", "timeline", and "files" once for each kata.
        """
        if verdict.answer and Path(verdict.answer) != kata.folder:
            return  # the solution, or somebody else's answer
        run = self._runs.setdefault(kata.id, _Run(kata))
        run.files = data.get("files") or run.files
        run.brokers.update(line for name, line in data["brokers"].items() if name.partition(" ")[0] == kata.broker)
        where = verdict.where and _relative(verdict.where, kata.root)
        run.tests.append(
            TestRecord(
                nodeid.rpartition("::")[2],
                verdict.step,
                verdict.colour,
                verdict.headline,
                where,
                verdict.lines,
                data["replay"],
                data.get("timeline", []),
                round(seconds, 3),
            )
        )

    def write(self, *, interrupted: bool) -> Iterable[str]:
        """Write one record for each kata; sentences about what could not be written."""
        now = time.time()
        for run in self._runs.values():
            if all(test.colour == "waiting" for test in run.tests):
                continue
            store = Store(run.kata.root)
            steps = {test.step for test in run.tests}
            whole = run.kata.id not in self._deselected and steps >= set(run.kata.step_titles) and not interrupted
            try:
                record = Record(
                    "run",
                    run.kata.id,
                    now,
                    seconds=round(now - self._begun, 3),
                    whole=whole,
                    interrupted=interrupted,
                    tests=run.tests,
                    brokers=sorted(run.brokers),
                    files=store.keep(run.files),
                    suite=suite_digest(run.kata),
                )
                store.add(record)
            except OSError as error:
                yield f"This run is not in the history: {store.folder} cannot be written ({error.strerror or error})."


def _relative(where: str, root: Path) -> str:
    """ "path:line" relative to the repository."""
    path, colon, line = where.rpartition(":")
    try:
        return f"{(Path.cwd() / path).resolve().relative_to(root.resolve())}{colon}{line}"
    except ValueError:
        return f"{Path(path).absolute()}{colon}{line}"
