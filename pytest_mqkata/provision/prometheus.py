"""Prometheus, with promtool: $MQKATA_PROMETHEUS_SERVER, one on PATH if new enough, Debian's or Ubuntu's package.

The package is unpacked into the cache, not installed, as RabbitMQ's are. It is a tool of the monitoring katas, no broker.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_mqkata.errors import EnvironmentProblem, MissingTool
from pytest_mqkata.provision import Installation, Progress, silent
from pytest_mqkata.provision.cache import cache_root, provisioned
from pytest_mqkata.provision.debian import fetch_packages, is_debian_like, release_tag
from pytest_mqkata.provision.programs import Program, chosen, on_path, version_of

VARIABLE = "MQKATA_PROMETHEUS_SERVER"

OLDEST = "2.31"
"""Ubuntu 22.04's. Older ones lack functions that answers may use, such as present_over_time."""

_VERSION = r"prometheus, version (\S+)"


def find(progress: Progress = silent) -> Installation:
    """The programs `paths["server"]` and `paths["promtool"]`.

    Raises:
        MissingTool: there is none that is new enough, and this system's package cannot be unpacked.
        EnvironmentProblem: the one that the environment variable names does not work; no network, no space.
    """
    if program := chosen(VARIABLE, _VERSION, OLDEST, "Prometheus"):
        return _installation(program, f"${VARIABLE}")
    unfit = []
    for program in on_path(["prometheus"], _VERSION):
        if not program.at_least(OLDEST):
            unfit.append(f"{program.path} is version {program.version}")
        elif _promtool(program.path) is None:
            unfit.append(f"{program.path} has no promtool beside it")
        else:
            return _installation(program, "PATH")
    if is_debian_like():
        return _from_package(progress)
    found = f" ({'; '.join(unfit)})" if unfit else ""
    raise MissingTool(
        f"Prometheus {OLDEST} or newer, with promtool, is not on this machine{found}, and it can be fetched without root "
        "on Debian and Ubuntu only.",
        mend=_mend(),
    )


def _mend() -> list[str]:
    return [
        "Debian, Ubuntu:          sudo apt install prometheus && sudo systemctl disable --now prometheus",
        "Fedora:                  sudo dnf install golang-github-prometheus",
        "macOS:                   brew install prometheus",
        f"somewhere else already:  export {VARIABLE}=/path/to/prometheus",
    ]


def _promtool(server: Path) -> Path | None:
    """The one that came with the server: beside it, or beside what a link leads to, else on PATH."""
    for folder in (server.parent, server.resolve().parent):
        if found := shutil.which("promtool", path=str(folder)):
            return Path(found)
    found = shutil.which("promtool")
    return Path(found) if found else None


def _installation(program: Program, source: str) -> Installation:
    promtool = _promtool(program.path)
    if promtool is None:
        raise MissingTool(
            f"Prometheus {program.version} is at {program.path}, but promtool, which comes with it, is neither beside it "
            "nor on PATH.",
            mend=["put the folder of `promtool` on PATH"],
        )
    paths = {"server": str(program.path), "promtool": str(promtool)}
    return Installation("prometheus", program.version, source, paths)


def _from_package(progress: Progress) -> Installation:
    def build(folder: Path) -> None:
        fetch_packages(["prometheus"], folder, work=cache_root() / "apt", progress=progress)

    try:
        folder = provisioned("prometheus", release_tag(), build, progress=progress)
    except MissingTool as error:
        raise MissingTool(error.what, mend=[*error.mend, *_mend()[1:]], details=error.details) from error
    server = folder / "usr/bin/prometheus"
    version = version_of(server, _VERSION)
    if version is None:
        raise EnvironmentProblem(f"Prometheus was unpacked to {server} but cannot be run.", mend=_mend())
    program = Program(server, version)
    if not program.at_least(OLDEST):
        raise MissingTool(
            f"This system's package has Prometheus {version}; the katas need {OLDEST} or newer.", mend=_mend()[1:]
        )
    return _installation(program, "package of this system")
