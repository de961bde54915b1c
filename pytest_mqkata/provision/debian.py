"""Debian and Ubuntu packages without root and without installing them: fetched by apt, unpacked into a folder.

Standard library alone: the set-up script uses this module before any Python package is there.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from pytest_mqkata.errors import EnvironmentProblem, MissingTool
from pytest_mqkata.provision import Progress, silent
from pytest_mqkata.provision.cache import locked

_LISTS_ARE_FRESH = 6 * 3600.0  # seconds; older package lists name files that the mirror may have dropped
_UPDATE_DEADLINE = 300.0
_DOWNLOAD_DEADLINE = 900.0
_CHECK_SOURCES = "check the network and the sources: sudo apt-get update"


@dataclass(frozen=True)
class Package:
    """A package as apt would install it: name, version, size in bytes."""

    name: str
    version: str
    size: int = 0


def is_debian_like() -> bool:
    """Whether this machine has what `fetch_packages` works with: apt and dpkg."""
    return all(shutil.which(tool) for tool in ("apt-get", "dpkg-deb"))


def release_tag() -> str:
    """Names this system's release and architecture, such as "debian-12-x86_64": packages of one fit no other."""
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        facts = {}
    words = [facts.get("ID", "linux"), facts.get("VERSION_ID", facts.get("VERSION_CODENAME", "")), platform.machine()]
    return re.sub(r"[^\w.-]", "_", "-".join(word for word in words if word))


def installed_packages(status: Path = Path("/var/lib/dpkg/status")) -> frozenset[str]:
    """Names of the packages that are installed on this system."""
    try:
        text = status.read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    paragraphs = text.split("\n\n")
    installed = (p for p in paragraphs if re.search(r"^Status: \S+ \S+ installed$", p, re.MULTILINE))
    return frozenset(name[1] for p in installed if (name := re.search(r"^Package: (\S+)$", p, re.MULTILINE)))


def fetch_packages(
    names: Sequence[str],
    target: Path,
    *,
    work: Path,
    progress: Progress = silent,
    with_dependencies: Callable[[str], bool] = lambda _name: False,
) -> Mapping[str, str]:
    """Download the packages `names` with this system's own apt sources and unpack them into `target`.

    Neither root rights nor a previous `apt-get update` are needed: apt works on package lists of its own below `work`,
    which is kept so that a second call need not fetch them again. Nothing is installed, no service is started, no
    maintainer script runs. Packages that are installed on the system already are fetched all the same.

    Args:
        with_dependencies: whether a direct or indirect dependency, given its name, is to be fetched as well.

    Returns:
        The version of each package that was unpacked, by name.

    Raises:
        MissingTool: this is no Debian or Ubuntu, or its sources have no such package.
        EnvironmentProblem: the packages cannot be fetched, mostly for want of a network.
        OSError: the folders cannot be written.
    """
    if not is_debian_like():
        raise MissingTool(
            "Packages can be fetched without root on Debian and Ubuntu only: apt-get and dpkg-deb are not here."
        )
    work.mkdir(parents=True, exist_ok=True)
    with locked(work / "lock", waiting_for="Debian packages", progress=progress):
        apt = _Apt(work)
        try:
            files = apt.fetch(names, with_dependencies, progress)
            for number, file in enumerate(files):
                progress(f"unpacking {file.name.partition('_')[0]}", number, len(files))
                _unpack(file, target)
        finally:
            shutil.rmtree(apt.downloads, ignore_errors=True)
    packages = [_package(file.name) for file in files]
    return {package.name: package.version for package in packages}


class _Apt:
    """apt-get on folders of our own: it reads the system's sources and keys, and writes nothing of the system."""

    def __init__(self, work: Path) -> None:
        self._work = work.absolute()
        self._lists = self._work / "lists"
        self._stamp = self._work / "updated"
        self.downloads = self._work / "downloads"
        for folder in (self._lists / "partial", self._work / "archives" / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        self._config = self._work / "apt.conf"
        self._config.write_text(self._settings(), "utf-8")

    def fetch(self, names: Sequence[str], with_dependencies: Callable[[str], bool], progress: Progress) -> list[Path]:
        """The downloaded files of `names` and of the dependencies that are wanted."""
        if self._lists_age() < _LISTS_ARE_FRESH:
            # the kept lists may name versions that the mirror no longer has, or not know a new source
            with contextlib.suppress(EnvironmentProblem):
                return self._download(names, with_dependencies, progress)
        self._update(progress)
        return self._download(names, with_dependencies, progress)

    def _settings(self) -> str:
        status = self._work / "status"
        status.touch()
        # An empty status file: apt then resolves all dependencies, and an unrelated half-installed package of the
        # system cannot make it refuse. The hooks are cleared: they are meant for root and for the system's lists.
        # "root" as sandbox user means no change of user: our folders are not open to apt's own one.
        return f"""\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
Dir::State "{self._work}/";
Dir::State::lists "{self._lists}/";
Dir::State::status "{status}";
Dir::State::extended_states "{self._work}/extended_states";
Dir::Cache "{self._work}/";
Dir::Cache::archives "{self._work}/archives/";
Dir::Log "{self._work}/";
Debug::NoLocking "1";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "0";
APT::Get::Assume-Yes "1";
APT::Install-Recommends "0";
APT::Install-Suggests "0";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "0";
Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled "0";
Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled "0";
Acquire::IndexTargets::deb::DEP-11-icons-hidpi::DefaultEnabled "0";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "0";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "0";
"""

    def _lists_age(self) -> float:
        """Seconds since our package lists were fetched; infinite if they never were."""
        try:
            return time.time() - self._stamp.stat().st_mtime
        except OSError:
            return float("inf")

    def _update(self, progress: Progress) -> None:
        """Fetch the package lists. One broken source of several is no failure: what is needed may come from another."""
        progress("reading the package lists of this system's sources")
        _, output = self._run(["update"], _UPDATE_DEADLINE)
        if not any(self._lists.glob("*Packages*")):
            raise EnvironmentProblem(
                "apt could not read the package lists of this system's sources.",
                mend=[_CHECK_SOURCES],
                details=_last_lines(output),
            )
        self._stamp.touch()

    def _download(
        self, names: Sequence[str], with_dependencies: Callable[[str], bool], progress: Progress
    ) -> list[Path]:
        packages = [p for p in self._resolve(names) if p.name in names or with_dependencies(p.name)]
        shutil.rmtree(self.downloads, ignore_errors=True)
        self.downloads.mkdir()
        total = sum(package.size for package in packages)

        def tick() -> None:
            progress(f"fetching {names[0]}", _size(self.downloads), total)

        wanted = [f"{package.name}={package.version}" for package in packages]
        status, output = self._run(["download", *wanted], _DOWNLOAD_DEADLINE, folder=self.downloads, tick=tick)
        files = sorted(self.downloads.glob("*.deb"))
        if status != 0 or len(files) < len(packages):
            raise EnvironmentProblem(
                f"apt could not fetch {' '.join(names)} and what it needs.",
                mend=[_CHECK_SOURCES],
                details=_last_lines(output),
            )
        return files

    def _resolve(self, names: Sequence[str]) -> list[Package]:
        """All that an empty system would need for `names`."""
        _, output = self._run(["install", "--print-uris", *names], _UPDATE_DEADLINE)
        lines = re.findall(r"^'[^']*' (\S+\.deb) (\d+)", output, re.MULTILINE)
        packages = [_package(file, int(size)) for file, size in lines]
        if missing := set(names) - {package.name for package in packages}:
            raise MissingTool(
                f"This system's package sources have no {' and no '.join(sorted(missing))} that can be used.",
                mend=["enable the distribution's main (on Ubuntu also the universe) component in its apt sources"],
                details=_last_lines(output),
            )
        return packages

    def _run(
        self,
        arguments: Sequence[str],
        deadline: float,
        *,
        folder: Path | None = None,
        tick: Callable[[], None] = lambda: None,
    ) -> tuple[int, str]:
        """Run apt-get; its exit status and what it said. `tick` is called now and then while it runs."""
        log = self._work / "apt.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["apt-get", "-q", "-c", str(self._config), *arguments],
                cwd=folder or self._work,
                env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            end = time.monotonic() + deadline
            while True:
                try:
                    process.wait(0.1)
                    break
                except subprocess.TimeoutExpired:
                    tick()
                if time.monotonic() > end:
                    raise EnvironmentProblem(
                        f"apt-get {arguments[0]} did not finish within {deadline:.0f} s.",
                        mend=[_CHECK_SOURCES],
                        details=_last_lines(log.read_text("utf-8", "replace")),
                    )
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return process.returncode, log.read_text("utf-8", "replace")


def _package(file: str, size: int = 0) -> Package:
    """Read the name of a package file, `<name>_<version>_<architecture>.deb`; ":" in a version is written "%3a"."""
    name, version, _ = file.split("_", 2)
    return Package(name, unquote(version), size)


def _size(folder: Path) -> int:
    """Bytes of all files below `folder`, which apt is filling (and renaming) meanwhile."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(root) / name).stat().st_size
    return total


def _unpack(file: Path, target: Path) -> None:
    done = subprocess.run(
        ["dpkg-deb", "-x", str(file), str(target)], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise EnvironmentProblem(
            f"The package {file.name} could not be unpacked into {target}.",
            mend=["free some space, or put the cache elsewhere: export MQKATA_CACHE=/a/folder/with/space"],
            details=done.stderr,
        )


def _last_lines(output: str, count: int = 12) -> str:
    return "\n".join(output.splitlines()[-count:])
