"""The pytest plugin: options, markers and fixtures.

Loaded in every pytest run of its environment, so it imports the standard library and pytest only, and does nothing
until a kata is collected or a broker fixture is asked for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mqkata.fixtures.faults import fault_proxy
from pytest_mqkata.fixtures.kafka import *  # noqa: F403
from pytest_mqkata.fixtures.kata import kata, kata_dir
from pytest_mqkata.fixtures.nats import *  # noqa: F403
from pytest_mqkata.fixtures.prometheus import *  # noqa: F403
from pytest_mqkata.fixtures.rabbitmq import *  # noqa: F403
from pytest_mqkata.fixtures.redis import *  # noqa: F403

if TYPE_CHECKING:
    from pytest_mqkata.katas.hooks import KataHooks

__all__ = ["fault_proxy", "kata", "kata_dir"]

_KATA_TEST = re.compile(r"(^|/)katas/[a-z]+/\d\d/test_\w+\.py$")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mqkata", "message queue katas on real brokers")
    group.addoption(
        "--solutions",
        action="store_true",
        help="run the katas' tests against the reference answers in solutions/",
    )
    group.addoption(
        "--answers",
        type=Path,
        metavar="DIR",
        help="run them against the answers in DIR, a folder of the same shape as solutions/",
    )
    group.addoption("--all-steps", action="store_true", help="go on after a kata's first failing step")
    group.addoption("--step", type=_step_number, metavar="N", help="run only step N of each kata")
    group.addoption(
        "--strict-brokers",
        action="store_true",
        help="fail, not skip, tests whose broker is missing on this machine",
    )


def _step_number(text: str) -> int:
    import argparse

    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a step's number is 1, 2, 3 …, not {text!r}")
    return int(text)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "step(number, *names): the kata's step that a test belongs to, and the names of the answer that it exercises",
    )
    answers = config.getoption("answers")
    if answers and config.getoption("solutions"):
        raise pytest.UsageError("--solutions and --answers exclude each other: both say which answers to run.")
    if answers and not answers.is_dir():
        raise pytest.UsageError(f"--answers {answers}: there is no such folder. It has the shape of solutions/.")
    config.pluginmanager.register(_Watch(config), "mqkata-watch")


class _Watch:
    """Waits for the first sign of a kata, then loads what makes katas katas."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_file(self, file_path: Path) -> None:
        if _KATA_TEST.search(file_path.as_posix()):
            _kata_hooks(self._config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        # under pytest-xdist the controller collects nothing: the workers' reports are the first that it sees
        if hasattr(report, "mqkata"):
            _kata_hooks(self._config).logged(report)


def _kata_hooks(config: pytest.Config) -> KataHooks:
    from pytest_mqkata.katas.hooks import KataHooks

    found = config.pluginmanager.get_plugin("mqkata-katas")
    if found is None:
        found = KataHooks(config)
        config.pluginmanager.register(found, "mqkata-katas")
    assert isinstance(found, KataHooks)
    return found
