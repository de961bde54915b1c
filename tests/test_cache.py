"""The cache: complete or absent, whoever is interrupted or runs at the same time."""

from __future__ import annotations

import errno
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.provision.cache import provisioned


def _fill(folder: Path) -> None:
    (folder / "file").write_text("complete")


def test_a_folder_is_built_once(tmp_path: Path) -> None:
    """The second request does not build."""
    calls: list[Path] = []

    def build(folder: Path) -> None:
        calls.append(folder)
        _fill(folder)

    first = provisioned("tool", "1", build, root=tmp_path)
    second = provisioned("tool", "1", build, root=tmp_path)

    assert first == second == tmp_path / "tool" / "1"
    assert (first / "file").read_text() == "complete"
    assert len(calls) == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_build_leaves_nothing(tmp_path: Path, interruption: type[BaseException]) -> None:
    """The next run builds from the beginning."""

    def build(folder: Path) -> None:
        (folder / "half").write_text("")
        raise interruption

    with pytest.raises(interruption):
        provisioned("tool", "1", build, root=tmp_path)
    assert not (tmp_path / "tool" / "1").exists()
    assert not list((tmp_path / "tool").glob("*.part-*"))

    assert (provisioned("tool", "1", _fill, root=tmp_path) / "file").exists()


def _die_in_the_middle(root: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("")
        os._exit(9)

    provisioned("tool", "1", build, root=root)


def test_a_killed_build_is_swept_away(tmp_path: Path) -> None:
    """What a killed process left is removed, and its lock does not block."""
    process = multiprocessing.get_context("fork").Process(target=_die_in_the_middle, args=(tmp_path,))
    process.start()
    process.join(20)
    assert list((tmp_path / "tool").glob("*.part-*"))

    folder = provisioned("tool", "1", _fill, root=tmp_path)
    assert [file.name for file in folder.iterdir()] == ["file"]
    assert not list((tmp_path / "tool").glob("*.part-*"))


def _build_slowly(root: Path, log: Path) -> None:
    def build(folder: Path) -> None:
        with log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.3)  # long enough for the others to come and find the lock taken
        _fill(folder)

    provisioned("tool", "1", build, root=root)


def test_two_terminals_at_once_build_once(tmp_path: Path) -> None:
    """The others wait for the first one's result."""
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_build_slowly, args=(tmp_path / "cache", log)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(20)

    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, "is full"), (errno.EACCES, "cannot be written"), (errno.EROFS, "cannot be written")],
)
def test_the_system_s_refusals_are_explained(tmp_path: Path, number: int, expected: str) -> None:
    """A full disk and a folder without permission say so, and what mends it; nothing half-made stays."""

    def build(folder: Path) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(EnvironmentProblem, match=expected) as caught:
        provisioned("tool", "1", build, root=tmp_path)

    assert any("MQKATA_CACHE" in line for line in caught.value.mend)
    assert not (tmp_path / "tool" / "1").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_is_explained(tmp_path: Path) -> None:
    """The folder is named."""
    tmp_path.chmod(0o500)
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        provisioned("tool", "1", _fill, root=tmp_path / "cache")
