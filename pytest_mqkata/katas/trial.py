"""Runs a kata's tests on an answer that lies nowhere, and tells what became of each step.

It is no learner's run: neither the history nor pytest's cache hears of it. This module is also the
pytest plugin that writes the verdicts down for whoever started it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.katas.examples import lay_out
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.records import TestRecord

_FILE = "MQKATA_TRIAL"  # the environment variable that says where the verdicts go
_POLL = 0.05  # seconds
_GRACE = 3.0  # seconds that an interrupted pytest has to let go of its brokers


@dataclass(frozen=True)
class Trial:
    """What became of the steps that were tried, in order."""

    tests: list[TestRecord]

    @property
    def failed(self) -> TestRecord | None:
        """The first test that is red, amber or grey."""
        return next((test for test in self.tests if test.colour not in ("green", "waiting")), None)


def try_answer(
    kata: Kata,
    files: Mapping[str, str],
    *,
    step: int | None = None,
    tell: Callable[[int], object] | None = None,
) -> Trial:
    """Run up to the first failing step.

    Args:
        files: by name; those that it lacks are the solution's.
        step: this one alone.
        tell: called with a step's number when its tests begin to come in.

    Raises:
        EnvironmentProblem: pytest did not get as far as the first test.
        KeyboardInterrupt: pytest has ended by then, and nothing is left on disk.
    """
    with tempfile.TemporaryDirectory(prefix="mqkata-trial-") as name:
        folder = Path(name)
        lay_out(kata, files, folder / "answers")
        output = folder / "output"
        _run(kata, folder, output, step, tell)
        tests = [_without_the_folder(test, folder) for test in _written(folder)]
        if not tests:
            raise EnvironmentProblem(
                "pytest ended before the first test.",
                mend=[f"to see why: pytest --solutions katas/{kata.id}"],
                details="\n".join(output.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]),
            )
    return Trial(tests)


def _run(kata: Kata, folder: Path, output: Path, step: int | None, tell: Callable[[int], object] | None) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", __name__, "-p", "no:cacheprovider", "--strict-brokers"]
    command += [f"--answers={folder / 'answers'}", *([f"--step={step}"] if step else []), str(kata.folder)]
    environment = {**os.environ, _FILE: str(folder / "verdicts")}
    with output.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=kata.root, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        told = 0
        try:
            while process.poll() is None:
                for test in [one for one in _written(folder) if one.colour != "waiting"][-1:]:
                    if tell and test.step != told:
                        told = test.step
                        tell(told)
                time.sleep(_POLL)
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a pytest that was interrupted with us, as Ctrl-C does; one that was not is interrupted now."""
    for number in (0, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
        try:
            process.wait(_GRACE)
            return
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue


def _written(folder: Path) -> list[TestRecord]:
    try:
        lines = (folder / "verdicts").read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError:
        return []
    return [TestRecord(**json.loads(line)) for line in lines if line.endswith("\n")]


def _without_the_folder(test: TestRecord, folder: Path) -> TestRecord:
    """Paths to files that are gone by now say no more than the files' names."""
    path = re.compile(rf"\S*{re.escape(folder.name)}/answers/[a-z]+/\d\d/")
    return replace(
        test,
        headline=path.sub("", test.headline),
        where=path.sub("", test.where),
        lines=[path.sub("", line) for line in test.lines],
    )


# the plugin


def pytest_runtest_logreport(report: Any) -> None:
    """Write the verdict of one test down."""
    if not hasattr(report, "mqkata"):
        return
    verdict = report.mqkata["verdict"]
    name = report.nodeid.rpartition("::")[2]
    record = {key: verdict[key] for key in ("step", "colour", "headline", "where", "lines")}
    with Path(os.environ[_FILE]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"test": name, "seconds": report.duration, **record}) + "\n")
