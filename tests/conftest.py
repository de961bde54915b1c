"""Fixtures that several test modules share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import named
from support.mini import Mini, make_mini


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Named(), "mqkata-named")


class _Named:
    """Judges, when all mistakes have run, how many of them the hint would name right."""

    def __init__(self) -> None:
        self._found: list[bool] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._found += [bool(value) for name, value in report.user_properties if name == named.NAMED]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not named.verdict(self._found)[1] and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        sentence, enough = named.verdict(self._found)
        if sentence:
            terminalreporter.line(
                sentence if enough else f"{sentence}: too few, at least {named.LEAST:.0%}", red=not enough
            )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, or one worker is at it when all others are done."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    """A project with one tiny kata; its answer is the stub."""
    return make_mini(tmp_path / "project")


@pytest.fixture
def own_run(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A supervisor for this test alone, with the executables of the common cache; its brokers end with the test."""
    from pytest_mqkata.supervisor.client import ask_all

    folder = tmp_path_factory.mktemp("r", numbered=True)
    monkeypatch.setenv("MQKATA_RUN", str(folder))
    yield folder
    ask_all(op="down", broker=None, force=True)
