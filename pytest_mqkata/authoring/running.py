"""Running pytest on a kata with some answer, and what became of each test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_mqkata.katas.examples import lay_out
from pytest_mqkata.katas.kata import Kata

_TIMEOUT = 400  # seconds for one pytest run on one kata


@dataclass(frozen=True)
class Outcome:
    """What became of one test."""

    test: str
    step: int
    colour: str
    headline: str
    seconds: float


def run(kata: Kata, *arguments: str, backwards: bool = False) -> list[Outcome]:
    """Run pytest on a kata; a test without any outcome that a kata knows has step 0."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outcomes.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_mqkata.authoring.outcomes", f"--outcomes={file}"]
        if backwards:
            command.append("--backwards")
        done = subprocess.run(
            [*command, "--strict-brokers", "-p", "no:cacheprovider", *arguments, f"katas/{kata.id}"],
            cwd=kata.root,
            env=os.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if not file.exists():
            return [Outcome("pytest", 0, "no result", done.stdout[-3000:], 0.0)]
        return [
            Outcome(one["test"], one["step"], one["colour"], one["headline"], one["seconds"])
            for one in json.loads(file.read_text())
        ]


def run_answer(kata: Kata, files: Mapping[str, str], *arguments: str) -> list[Outcome]:
    """Run a kata on an answer of the given files, by name; those that it lacks are the solution's."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(kata, files, Path(folder))
        return run(kata, f"--answers={folder}", *arguments)
