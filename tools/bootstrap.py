"""Makes the environment in .venv: a virtual environment with this package and all that it needs.

Needs Python 3.11 or newer and nothing else; run by `make setup`. Where Python cannot make an environment with pip in it
(Debian and Ubuntu keep that in a package of its own), another pip is found or fetched without root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
READY = VENV / ".ready"
OLDEST = (3, 11)
INPUTS = (ROOT / "pyproject.toml", ROOT / "constraints.txt", Path(__file__).resolve())


class SetUpError(Exception):
    """The environment cannot be made; the text says why and what mends it."""


def main() -> int:
    if sys.version_info < OLDEST:
        return _try_a_newer_python()
    try:
        with _alone():
            if not _is_ready():
                _set_up()
    except SetUpError as error:
        print(f"\nmake setup: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nmake setup: interrupted; the next run goes on from here.", file=sys.stderr)
        return 130
    return 0


def _try_a_newer_python() -> int:
    for minor in range(20, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])
    print(
        "make setup: Python 3.11 or newer is needed; this is "
        f"{sys.version_info[0]}.{sys.version_info[1]} ({sys.executable}).\n"
        "  Debian, Ubuntu: sudo apt install python3.11 python3.11-venv\n"
        "  Fedora: sudo dnf install python3.12\n"
        "  macOS: brew install python@3.12\n"
        "  or name one: make setup PYTHON=/path/to/python3.12",
        file=sys.stderr,
    )
    return 3


@contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time, however many terminals ask for it; the lock ends with the process."""
    import fcntl

    with (ROOT / ".setup.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("another terminal is setting up; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_ready() -> bool:
    return READY.exists() and all(file.stat().st_mtime <= READY.stat().st_mtime for file in INPUTS)


def _set_up() -> None:
    python = VENV / "bin" / "python"
    if not _works(python, "--version"):
        shutil.rmtree(VENV, ignore_errors=True)
        _say("making the environment in .venv")
    if not _works(python, "-m", "pip", "--version"):
        _make_environment(python)
    _say("installing the package and the brokers' clients (a minute or two)")
    _pip(
        python,
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--constraint",
        str(ROOT / "constraints.txt"),
        "--editable",
        f"{ROOT}[all]",
        *_development_packages(),
    )
    READY.touch()
    _say("done: .venv/bin/pytest katas/redis/01 (or: source .venv/bin/activate)")


def _development_packages() -> list[str]:
    import tomllib

    with (ROOT / "pyproject.toml").open("rb") as file:
        return list(tomllib.load(file)["dependency-groups"]["dev"])


def _make_environment(python: Path) -> None:
    """An environment with pip in it, by the first of several ways that works."""
    if _works(sys.executable, "-m", "ensurepip", "--version"):
        _run([sys.executable, "-m", "venv", str(VENV)], "Python could not make an environment")
        return
    _run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "Python could not make an environment")
    if _works(sys.executable, "-m", "pip", "--version"):
        _run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "pip"], "pip failed")
        return
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        _pip_from_debian(python)
        return
    raise SetUpError(
        "this Python has neither ensurepip nor pip, so packages cannot be installed.\n"
        "  Debian, Ubuntu: sudo apt install python3-venv\n"
        "  or use another Python: make setup PYTHON=/path/to/python3"
    )


def _pip_from_debian(python: Path) -> None:
    sys.path.insert(0, str(ROOT))
    from pytest_mqkata.errors import EnvironmentProblem
    from pytest_mqkata.provision.debian import fetch_packages

    _say("fetching pip from the system's packages, without installing them")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "unpacked"
        try:
            fetch_packages(["python3-pip-whl"], target, work=Path(folder), with_dependencies=lambda _: False)
        except EnvironmentProblem as problem:
            raise SetUpError(f"{problem}\n  or, with root: sudo apt install python3-venv") from problem
        wheels = sorted(target.rglob("pip-*.whl"))
        if not wheels:
            raise SetUpError("the package python3-pip-whl holds no pip.\n  With root: sudo apt install python3-venv")
        command = [str(python), f"{wheels[-1]}/pip", "install", "--quiet", "pip"]
        _run(command, "pip could not be installed")


def _pip(python: Path, *arguments: str) -> None:
    _run(
        [str(python), "-m", "pip", *arguments],
        "pip could not install the packages (its message is above). Without a network, or behind a proxy, set "
        "PIP_INDEX_URL or PIP_PROXY; what was fetched is kept, so run the same command again",
    )


def _works(*command: str | Path) -> bool:
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _run(command: list[str], complaint: str) -> None:
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise SetUpError(f"{complaint}: {error}") from error
    if status:
        raise SetUpError(f"{complaint} (exit status {status}).")


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
