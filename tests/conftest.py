"""Fixtures that several test modules share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.mini import Mini, make_mini


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
