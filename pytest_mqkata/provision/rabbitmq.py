"""RabbitMQ: $MQKATA_RABBITMQ_SERVER, a RabbitMQ on PATH if new enough, the cache, Debian's or Ubuntu's packages.

The packages are unpacked into the cache, not installed: no root is needed, and no system service gets started.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pytest_mqkata.errors import EnvironmentProblem, MissingTool
from pytest_mqkata.provision import Installation, Progress, silent
from pytest_mqkata.provision.cache import cache_root, provisioned
from pytest_mqkata.provision.debian import fetch_packages, installed_packages, is_debian_like, release_tag
from pytest_mqkata.provision.programs import numbers

VARIABLE = "MQKATA_RABBITMQ_SERVER"

OLDEST = "3.9"
"""Several config files at once ($RABBITMQ_CONFIG_FILES) came with 3.9, which is also what Ubuntu 22.04 has."""

_KNOWN_FOLDERS = ("/opt/homebrew/sbin", "/usr/local/sbin", "/usr/lib/rabbitmq/bin")
_ERLANG_FOLDERS = ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin")
_SMOKE_DEADLINE = 60.0  # seconds for Erlang's first breath; it takes 0.2 s


def find(progress: Progress = silent) -> Installation:
    """The start script `paths["server"]`, with `paths["ctl"]`, `paths["erl"]`, `paths["epmd"]` and `paths["erl_call"]`
    ("" if there is none); `paths["libraries"]` is a search path for shared libraries, mostly "".

    Raises:
        MissingTool: there is none that is new enough, and this system's packages cannot be unpacked.
        EnvironmentProblem: the one that the environment variable names does not work; no network, no space.
    """
    if value := os.environ.get(VARIABLE):
        return _chosen(value)
    too_old = []
    for script in _on_path():
        version = _version(script)
        if version and numbers(version) >= numbers(OLDEST) and (erlang := _erlang()):
            return _installation(script, version, "PATH", erlang)
        too_old.append(f"{script} is version {version or 'unknown'}")
    if is_debian_like():
        return _from_packages(progress)
    found = f" ({'; '.join(too_old)}; or Erlang is missing)" if too_old else ""
    raise MissingTool(
        f"RabbitMQ {OLDEST} or newer is not on this machine{found}, and it can be fetched without root on Debian and "
        "Ubuntu only.",
        mend=_mend(),
    )


def _mend() -> list[str]:
    return [
        "Debian, Ubuntu:          sudo apt install rabbitmq-server && sudo systemctl disable --now rabbitmq-server",
        "Fedora:                  sudo dnf install rabbitmq-server",
        "macOS:                   brew install rabbitmq",
        f"somewhere else already:  export {VARIABLE}=/path/to/rabbitmq-server",
    ]


# what is there


def _chosen(value: str) -> Installation:
    """What the environment variable names. A choice that does not work is never replaced by another in silence."""
    found = shutil.which(Path(value).expanduser())
    if found is None:
        raise EnvironmentProblem(
            f"The environment variable {VARIABLE} is {value!r}, which is not a program that can be run.",
            mend=[f"unset {VARIABLE}, or let it name RabbitMQ's start script rabbitmq-server ({OLDEST} or newer)"],
        )
    script = next(iter(_genuine(Path(found))), None)
    version = _version(script) if script else None
    if script is None or version is None:
        raise EnvironmentProblem(
            f"The environment variable {VARIABLE} names {found}, which is not RabbitMQ's own start script: there is no "
            "rabbitmq-env beside it, and no plugins folder.",
            mend=[f"let it name the script in the folder rabbitmq_server-VERSION/sbin, or unset {VARIABLE}"],
        )
    if numbers(version) < numbers(OLDEST):
        raise EnvironmentProblem(
            f"The environment variable {VARIABLE} names {found}, which is version {version}; the katas need {OLDEST}.",
            mend=[f"unset {VARIABLE}, or let it name a newer one"],
        )
    erlang = _erlang(script)
    if erlang is None:
        raise MissingTool(
            f"RabbitMQ {version} is at {script}, but Erlang, which it runs on, is not on PATH.",
            mend=["put the folder of `erl` and `epmd` on PATH"],
        )
    return _installation(script, version, f"${VARIABLE}", erlang)


def _on_path() -> Iterator[Path]:
    """RabbitMQ's own start scripts on this system, PATH first, without repetition."""
    candidates = [Path(found)] if (found := shutil.which("rabbitmq-server")) else []
    candidates += [Path(folder) / "rabbitmq-server" for folder in _KNOWN_FOLDERS]
    seen = set()
    for candidate in candidates:
        for script in _genuine(candidate):
            if script.resolve() not in seen:
                seen.add(script.resolve())
                yield script


def _genuine(script: Path) -> list[Path]:
    """RabbitMQ's own start script for a command that may be a distribution's wrapper around it.

    A wrapper insists on the system's user "rabbitmq" and on the system's folders. The genuine script has rabbitmq-env
    beside it.
    """
    if not script.exists():
        return []
    real = script.resolve()
    if (real.parent / "rabbitmq-env").exists():
        return [real]
    return sorted(Path("/usr").glob("lib*/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"), reverse=True)


def _version(script: Path) -> str | None:
    """From the folder of the plugin `rabbit`, which is the broker itself: asking the program takes a second."""
    for entry in (script.resolve().parent.parent / "plugins").glob("rabbit-[0-9]*"):
        return entry.name.removeprefix("rabbit-").removesuffix(".ez")
    return None


def _erlang(near: Path | None = None) -> Path | None:
    """The folder of `erl` and `epmd`: the one in the same tree as `near`, else on PATH."""
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *_ERLANG_FOLDERS]
    if near is not None:
        folders[:0] = [str(parent / "lib" / "erlang" / "bin") for parent in near.parents]
    for folder in folders:
        if all(os.access(Path(folder) / program, os.X_OK) for program in ("erl", "epmd")):
            return Path(folder)
    return None


def _erl_call(erlang: Path) -> str:
    """Erlang's small remote caller, which lies in one of several places; "" if it was left out."""
    root = (erlang / "erl").resolve().parent.parent
    for pattern in ("bin/erl_call", "erts-*/bin/erl_call", "lib/erl_interface-*/bin/erl_call"):
        for found in sorted(root.glob(pattern)):
            return str(found)
    return shutil.which("erl_call") or ""


def _installation(script: Path, version: str, source: str, erlang: Path, libraries: str = "") -> Installation:
    paths = {
        "server": str(script),
        "ctl": str(script.parent / "rabbitmqctl"),
        "erl": str(erlang / "erl"),
        "epmd": str(erlang / "epmd"),
        "erl_call": _erl_call(erlang),
        "libraries": libraries,
    }
    return Installation("rabbitmq", version, source, paths)


# Debian and Ubuntu


def _from_packages(progress: Progress) -> Installation:
    root = cache_root()
    if re.search(r"\s", str(root)):
        raise EnvironmentProblem(
            f"RabbitMQ's scripts cannot lie in a folder with a space in its name, and the cache is {root}.",
            mend=["put the cache elsewhere: export MQKATA_CACHE=/a/folder/without/spaces"],
        )

    def build(folder: Path) -> None:
        _unpack(folder, root / "apt", progress)
        progress("trying Erlang")
        complaint = _smoke(folder)
        if complaint:  # mostly a shared library that a slim system lacks
            _unpack(folder, root / "apt", progress, libraries=True)
            complaint = _smoke(folder)
        if complaint:
            raise EnvironmentProblem("Erlang was unpacked but cannot be run.", mend=_mend(), details=complaint)

    try:
        folder = provisioned("rabbitmq", release_tag(), build, progress=progress)
    except MissingTool as error:
        raise MissingTool(error.what, mend=[*error.mend, *_mend()[1:]], details=error.details) from error
    script = next(folder.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))
    version = _version(script)
    if version is None or numbers(version) < numbers(OLDEST):
        raise MissingTool(
            f"This system's packages have RabbitMQ {version}; the katas need {OLDEST} or newer.", mend=_mend()[1:]
        )
    return _installation(script, version, "packages of this system", folder / "usr/lib/erlang/bin", _libraries(folder))


def _unpack(folder: Path, work: Path, progress: Progress, *, libraries: bool = False) -> None:
    """RabbitMQ and all of Erlang into `folder`, with `libraries` also the shared libraries that this system lacks."""
    installed = installed_packages() | {"libc6"}  # a second C library would break the system's own programs

    def wanted(name: str) -> bool:
        if name.startswith(("erlang-", "esl-erlang")):
            return True
        return libraries and name.startswith(("lib", "zlib")) and name not in installed

    fetch_packages(["rabbitmq-server"], folder, work=work, progress=progress, with_dependencies=wanted)
    _make_relocatable(folder)


def _make_relocatable(folder: Path) -> None:
    """Let Erlang's start scripts find their own root.

    Debian's have /usr/lib/erlang written into them and ignore $ERL_ROOTDIR.
    """
    erlang = folder / "usr/lib/erlang"
    for script in [*erlang.glob("bin/*"), *erlang.glob("erts-*/bin/*")]:
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        if content.startswith(b"#!"):
            up = "/.." * len(script.relative_to(erlang).parent.parts)
            root = f'ROOTDIR=$(cd "$(dirname "$(readlink -f "$0")"){up}" && pwd)'
            script.write_bytes(content.replace(b"ROOTDIR=/usr/lib/erlang", root.encode()))


def _libraries(folder: Path) -> str:
    """The folders of shared libraries that came with the packages, as a search path."""
    places = {file.parent for part in ("lib", "usr/lib") for file in (folder / part).glob("*-linux-*/lib*.so.*")}
    return os.pathsep.join(sorted(str(place) for place in places))


def _smoke(folder: Path) -> str:
    """Start Erlang and load its cryptography; what it said if that failed, else ""."""
    env = {**os.environ, "HOME": str(folder), "ERL_CRASH_DUMP_SECONDS": "0"}
    if libraries := _libraries(folder):
        env["LD_LIBRARY_PATH"] = libraries
    erl = str(folder / "usr/lib/erlang/bin/erl")
    try:
        done = subprocess.run(
            [erl, "-noinput", "-boot", "start_clean", "-eval", "ok=crypto:start(),halt()."],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_SMOKE_DEADLINE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stdout[-1500:] or f"exit status {done.returncode}"
