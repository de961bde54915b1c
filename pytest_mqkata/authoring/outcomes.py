"""A pytest plugin that writes down what became of each test of a kata, can turn the order around and leave steps out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--outcomes", type=Path)
    parser.addoption("--backwards", action="store_true")
    parser.addoption("--only-steps", type=lambda text: [int(number) for number in text.split(",")])


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Recorder(config), "outcomes")


class _Recorder:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: list[dict[str, Any]] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._config.getoption("backwards"):
            items.reverse()
        if wanted := self._config.getoption("only_steps"):
            items[:] = [item for item in items if any(mark.args[0] in wanted for mark in item.iter_markers("step"))]

    def pytest_runtest_logreport(self, report: Any) -> None:
        test = report.nodeid.rpartition("::")[2]
        if hasattr(report, "mqkata"):
            verdict = report.mqkata["verdict"]
            self._found.append({"test": test, "seconds": report.duration, **verdict})
        elif report.outcome != "passed":
            text = str(report.longrepr)
            self._found.append({"test": test, "seconds": 0, "step": 0, "colour": report.outcome, "headline": text})

    def pytest_sessionfinish(self) -> None:
        target = self._config.getoption("outcomes")
        if target and not hasattr(self._config, "workerinput"):
            target.write_text(json.dumps(self._found))
