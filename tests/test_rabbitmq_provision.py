"""Where RabbitMQ comes from, and Debian packages without root."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_mqkata.errors import EnvironmentProblem, MissingTool
from pytest_mqkata.provision import debian, rabbitmq

ROOT = Path(__file__).resolve().parent.parent

needs_apt = pytest.mark.skipif(not debian.is_debian_like(), reason="apt and dpkg are on Debian and Ubuntu")


@pytest.fixture
def rabbit(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a folder like an unpacked RabbitMQ with Erlang in it; gives the start script."""

    def make(version: str) -> Path:
        home = tmp_path / f"rabbitmq_server-{version}"
        files = [home / "sbin" / name for name in ("rabbitmq-server", "rabbitmq-env", "rabbitmqctl")]
        files += [tmp_path / "lib" / "erlang" / "bin" / name for name in ("erl", "epmd")]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("#!/bin/sh\n")
            file.chmod(0o755)
        (home / "plugins" / f"rabbit-{version}").mkdir(parents=True)
        return files[0]

    return make


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without RabbitMQ, and without Debian's tools."""
    monkeypatch.delenv(rabbitmq.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(rabbitmq, "_KNOWN_FOLDERS", ())


def test_the_chosen_one_is_taken(rabbit: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variable comes before all else, and Erlang from the same tree; no program is run to see that."""
    monkeypatch.setenv(rabbitmq.VARIABLE, str(rabbit("4.1.2")))
    found = rabbitmq.find()

    assert (found.version, found.source) == ("4.1.2", f"${rabbitmq.VARIABLE}")
    assert Path(found.paths["epmd"]).is_file()
    assert Path(found.paths["ctl"]).is_file()


def test_a_choice_that_does_not_work_is_not_replaced(
    rabbit: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No such program, or too old: an error that names the variable."""
    for value, what in ((tmp_path / "no", "not a program"), (rabbit("3.7.1"), "version 3.7.1")):
        monkeypatch.setenv(rabbitmq.VARIABLE, str(value))
        with pytest.raises(EnvironmentProblem, match=what) as problem:
            rabbitmq.find()
        assert rabbitmq.VARIABLE in str(problem.value)


@pytest.mark.usefixtures("bare")
def test_one_on_path_is_taken_if_it_is_new_enough(
    rabbit: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An old one is named in the error, where nothing newer can be had."""
    erlang = tmp_path / "lib" / "erlang" / "bin"
    monkeypatch.setenv("PATH", f"{rabbit('4.0.5').parent}:{erlang}")
    assert (rabbitmq.find().version, rabbitmq.find().source) == ("4.0.5", "PATH")

    monkeypatch.setenv("PATH", f"{rabbit('3.8.2').parent}:{erlang}")
    with pytest.raises(MissingTool, match=r"version 3\.8\.2"):
        rabbitmq.find()


@pytest.mark.usefixtures("bare")
def test_where_there_is_none_the_error_says_what_mends_it() -> None:
    """On each system."""
    with pytest.raises(MissingTool) as missing:
        rabbitmq.find()

    for command in ("apt install rabbitmq-server", "dnf install rabbitmq-server", "brew install rabbitmq"):
        assert any(command in line for line in missing.value.mend)


@pytest.mark.usefixtures("bare")
def test_packages_need_a_debian(tmp_path: Path) -> None:
    """Elsewhere the error says so."""
    with pytest.raises(MissingTool, match="Debian and Ubuntu only"):
        debian.fetch_packages(["socat"], tmp_path, work=tmp_path / "apt")


def test_packages_need_no_python_package() -> None:
    """The set-up script fetches with the standard library alone."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import pytest_mqkata.provision.debian"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_installed_packages_are_read_from_dpkg(tmp_path: Path) -> None:
    """Removed ones, whose config files are left, do not count."""
    status = tmp_path / "status"
    status.write_text(
        "Package: libssl3\nStatus: install ok installed\n\nPackage: gone\nStatus: deinstall ok config-files\n"
    )

    assert debian.installed_packages(status) == {"libssl3"}
    assert debian.installed_packages(tmp_path / "none") == frozenset()


@needs_apt
@pytest.mark.timeout(300)
def test_packages_are_fetched_and_unpacked_without_installing(tmp_path: Path) -> None:
    """With the dependencies that are wanted, from lists of its own; a second call uses these lists again."""
    work, said = tmp_path / "apt", []
    versions = debian.fetch_packages(
        ["libyaml-0-2"],
        tmp_path / "one",
        work=work,
        progress=lambda text, *_: said.append(text),
        with_dependencies=lambda name: name == "libc6",
    )
    stamp = (work / "updated").stat().st_mtime_ns
    debian.fetch_packages(["libyaml-0-2"], tmp_path / "two", work=work)

    assert set(versions) == {"libyaml-0-2", "libc6"}
    assert list((tmp_path / "one").rglob("libyaml-0.so*"))
    assert not list((tmp_path / "two").rglob("libc.so*"))
    assert (work / "updated").stat().st_mtime_ns == stamp
    assert said[0].startswith("reading the package lists")


@needs_apt
@pytest.mark.timeout(300)
def test_an_unknown_package_is_named(tmp_path: Path) -> None:
    """Also after the lists have been read anew."""
    with pytest.raises(MissingTool, match="no-such-package-anywhere"):
        debian.fetch_packages(["no-such-package-anywhere"], tmp_path / "t", work=tmp_path / "apt")
