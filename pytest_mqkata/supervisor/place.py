"""Where a supervisor lives: its folder, its socket, and who it is for."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.provision.cache import cache_errors, cache_root

RUN_VARIABLE = "MQKATA_RUN"
_SOCKET_PATH_LIMIT = 100  # bytes; 108 on Linux and 104 on macOS, less what a suffix may need


@dataclass(frozen=True)
class Place:
    """The files of one supervisor."""

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "sock"

    @property
    def lock(self) -> Path:
        """Held by the supervisor while it lives."""
        return self.folder / "alive.lock"

    @property
    def spawn_lock(self) -> Path:
        """Held by the client that starts the supervisor."""
        return self.folder / "spawn.lock"

    @property
    def children(self) -> Path:
        """The journal of the processes that it started, for the one who must clean up after a crash."""
        return self.folder / "children"

    @property
    def log(self) -> Path:
        return self.folder / "supervisor.log"

    @property
    def nodes(self) -> Path:
        return self.folder / "nodes"


def logs_folder() -> Path:
    """The folder of all brokers' logs."""
    return cache_root() / "logs"


def run_root() -> Path:
    """The folder that holds a folder for each supervisor: $MQKATA_RUN, else run/ in the cache.

    If that path is too long for a socket: a folder among the system's temporary files.
    """
    if chosen := os.environ.get(RUN_VARIABLE):
        return Path(chosen).expanduser().absolute()
    inside = cache_root() / "run"
    if len(os.fsencode(inside / "0123456789ab" / "sock")) <= _SOCKET_PATH_LIMIT:
        return inside
    tag = hashlib.sha256(os.fsencode(inside)).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"mqkata-{os.getuid()}-{tag}"


def own_place() -> Place:
    """The place of the supervisor for this version of the code and this Python; its folder is made if need be.

    Raises:
        EnvironmentProblem: the folder cannot be made, or belongs to somebody else.
    """
    root = run_root()
    with cache_errors(root):
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_owner(root)
        folder = root / fingerprint()
        folder.mkdir(exist_ok=True, mode=0o700)
    return Place(folder)


def all_places() -> list[Place]:
    """Every supervisor's place of this cache, also those of other versions of the code."""
    root = run_root()
    if not root.is_dir():
        return []
    return [Place(folder) for folder in sorted(root.iterdir()) if folder.is_dir()]


def fingerprint() -> str:
    """A name for this version of the code: versions that differ never share a supervisor."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(f"{sys.prefix} {sys.version}".encode())
    for folder in ("supervisor", "recipes", "processes"):
        for file in sorted((package / folder).glob("*.py")):
            state = file.stat()
            digest.update(f"{file} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def _check_owner(root: Path) -> None:
    state = root.stat()
    if state.st_uid != os.getuid() or not stat.S_ISDIR(state.st_mode):
        raise EnvironmentProblem(
            f"The folder {root} belongs to another user, so no broker is started from it.",
            mend=["choose a cache of your own: export MQKATA_CACHE=~/.cache/mqkata"],
        )
