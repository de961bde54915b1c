"""A broker's server program on this machine: the one that the user chose, the one on PATH, its version.

A version is asked of the program once and remembered in the cache, for as long as the file stays the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.provision.cache import cache_root

_ANSWER_DEADLINE = 10.0  # seconds that a program may take to tell its version


@dataclass(frozen=True)
class Program:
    """A server program and its version, such as "7.0.15"."""

    path: Path
    version: str

    def at_least(self, oldest: str) -> bool:
        """Whether it is version `oldest` or newer; numbers are compared as numbers."""
        return numbers(self.version) >= numbers(oldest)


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: "9.1.2.post2" is (9, 1, 2), "2.11.0-RC.1" is (2, 11, 0)."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def chosen(variable: str, pattern: str, oldest: str, title: str) -> Program | None:
    """The program that the environment variable names (a path, or a name on PATH); None if it is not set.

    Args:
        variable: such as "MQKATA_REDIS_SERVER".
        pattern: a regular expression whose first group is the version in what `PROGRAM --version` prints.
        oldest: the oldest version that will do.
        title: the program for people, such as "Redis or Valkey".

    Raises:
        EnvironmentProblem: no such program, or not this one, or too old. A choice that does not work is never
            replaced by another program in silence.
    """
    value = os.environ.get(variable)
    if not value:
        return None
    found = shutil.which(Path(value).expanduser())
    if found is None:
        raise EnvironmentProblem(
            f"The environment variable {variable} is {value!r}, which is not a program that can be run.",
            mend=[f"unset {variable}, or let it name a {title} server ({oldest} or newer)"],
        )
    path = Path(found).absolute()
    version = version_of(path, pattern)
    if version is None:
        raise EnvironmentProblem(
            f"The environment variable {variable} names {path}, which is not a {title} server: "
            f"`{path.name} --version` does not answer as one.",
            mend=[f"unset {variable}, or let it name a {title} server ({oldest} or newer)"],
        )
    program = Program(path, version)
    if not program.at_least(oldest):
        raise EnvironmentProblem(
            f"The environment variable {variable} names {path}, which is version {version}; the katas need {oldest}.",
            mend=[f"unset {variable}, or let it name a {title} server ({oldest} or newer)"],
        )
    return program


def on_path(names: Sequence[str], pattern: str) -> list[Program]:
    """The programs of these names that PATH leads to, whatever their version, in the order of `names`."""
    programs = []
    for name in names:
        if found := shutil.which(name):
            path = Path(found).absolute()
            if version := version_of(path, pattern):
                programs.append(Program(path, version))
    return programs


def in_wheel(package: str, program: str) -> tuple[Path, str] | None:
    """The file named `program` that an installed package brought, and the package's version. Imports nothing of it."""
    try:
        installed: Distribution = distribution(package)
    except PackageNotFoundError:
        return None
    for file in installed.files or ():
        if file.name == program:
            path = Path(os.path.normpath(str(file.locate())))
            if os.access(path, os.X_OK):
                return path, installed.version
    return None


def version_of(program: Path, pattern: str) -> str | None:
    """The version that `program --version` prints (first group of `pattern`); None if it prints none.

    Starting a program costs 10 to 100 ms, so the answer is remembered with the file's size and time of change.
    """
    try:
        state = program.resolve().stat()
    except OSError:
        return None
    key = str(program.resolve())
    stamp = [state.st_size, state.st_mtime_ns]
    known = _read_memory()
    match known.get(key):
        case {"stamp": remembered, "version": str(version)} if remembered == stamp:
            return version
    asked = _ask(program, pattern)
    if asked is not None:
        _write_memory({**known, key: {"stamp": stamp, "version": asked}})
    return asked


def _ask(program: Path, pattern: str) -> str | None:
    try:
        answer = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_ANSWER_DEADLINE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(pattern, answer.stdout.decode("utf-8", "replace"))
    return found[1] if found else None


def _memory() -> Path:
    return cache_root() / "versions.json"


def _read_memory() -> dict[str, object]:
    try:
        known = json.loads(_memory().read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_memory(known: dict[str, object]) -> None:
    """Best effort: of two processes at once the later wins, and the other asks again next time."""
    with contextlib.suppress(OSError):
        _memory().parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(prefix="versions-", dir=_memory().parent)
        with os.fdopen(handle, "w") as file:
            json.dump(known, file, indent=1, sort_keys=True)
        Path(scratch).replace(_memory())
