"""The cache folder: complete or absent, never half-made, whoever is interrupted or runs beside us."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.provision import Progress, silent

CACHE_VARIABLE = "MQKATA_CACHE"


def cache_root() -> Path:
    """The folder that holds all that mqkata fetches and runs: $MQKATA_CACHE, else the user's cache folder.

    The folder need not exist yet.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser().absolute()
    return _user_cache() / "mqkata"


def _user_cache() -> Path:
    try:
        from platformdirs import user_cache_path
    except ImportError:  # the set-up script runs this module before any package is installed
        base = "Library/Caches" if sys.platform == "darwin" else ".cache"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / base)
    return user_cache_path()


def provisioned(
    name: str, key: str, build: Callable[[Path], None], *, progress: Progress = silent, root: Path | None = None
) -> Path:
    """The folder `<cache>/<name>/<key>`, made by `build(folder)` if it is not there yet.

    `build` fills a temporary sibling folder, which is renamed when it returns: an interrupted build leaves nothing
    that a later run could mistake for a complete one. One process builds, others wait for it.

    Raises:
        EnvironmentProblem: the cache cannot be written (permission, read-only, full disk).
    """
    target = (root or cache_root()) / name / key
    if target.is_dir():
        return target
    with (
        cache_errors(target.parent),
        locked(target.parent / f"{key}.lock", waiting_for=f"{name} {key}", progress=progress),
    ):
        if target.is_dir():
            return target
        _sweep(target)
        scratch = Path(tempfile.mkdtemp(prefix=f"{key}.part-", dir=target.parent))
        try:
            build(scratch)
            scratch.chmod(0o755)
            scratch.rename(target)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    return target


def _sweep(target: Path) -> None:
    """Remove what killed builds left; safe because the caller holds the lock."""
    for leftover in target.parent.glob(f"{target.name}.part-*"):
        shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path, *, waiting_for: str, progress: Progress = silent) -> Iterator[None]:
    """Hold an exclusive lock on `path` among processes; says through `progress` that it waits, if it does.

    The operating system frees the lock of a killed process, so it never blocks a later run.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        from filelock import FileLock, Timeout
    except ImportError:  # only the set-up script, which runs alone
        yield
        return
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"another process is preparing {waiting_for}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def cache_errors(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals about the cache into sentences that say what mends them."""
    try:
        yield
    except OSError as error:
        problem = _explain(error, folder)
        if problem is None:
            raise
        raise problem from error


def _explain(error: OSError, folder: Path) -> EnvironmentProblem | None:
    elsewhere = f"or put the cache elsewhere: export {CACHE_VARIABLE}=/a/folder/with/space"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentProblem(
            f"The disk that holds the cache {folder} is full, so the broker's files could not be written.",
            mend=["free some space (all brokers together need about 0.5 GB),", elsewhere],
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return EnvironmentProblem(
            f"The cache folder {folder} cannot be written ({os.strerror(error.errno)}).",
            mend=[f"make it yours: sudo chown -R $USER {cache_root()}", elsewhere],
        )
    return None
