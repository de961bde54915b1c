"""The branch `solutions`: built beside whatever is being written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT / "tools" / "solutions_branch.py"

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with all katas and solutions, on main, cloned into a temporary folder."""
    origin = tmp_path / "origin"
    for name in ("katas", "solutions"):
        shutil.copytree(ROOT / name, origin / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, origin / name)
    _git(origin, "init", "-q", "-b", "main")
    _git(origin, "add", ".")
    _git(origin, "commit", "-qm", "katas")
    _git(tmp_path, "clone", "-q", str(origin), "clone")
    return tmp_path / "clone"


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _build(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return subprocess.run(
        [sys.executable, str(TOOL), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_katas_are_green_on_it_and_the_difference_is_the_comparison(clone: Path) -> None:
    """Its tree is main's, with the stubs replaced."""
    done = _build(clone)
    assert done.returncode == 0, done.stderr
    changed = _git(clone, "diff", "--name-only", "main", "refs/heads/solutions").splitlines()
    assert "katas/redis/01/pubsub.py" in changed
    assert "katas/rabbitmq/04/rabbitmq.conf" in changed
    assert all(Path(name).parts[0] == "katas" and not Path(name).name.startswith("test_") for name in changed)
    assert "-    raise NotImplementedError" in _git(clone, "diff", "main", "solutions", "--", "katas/redis/01")

    _git(clone, "checkout", "-q", "solutions")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "katas/redis/01", "katas/nats/01"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("steps passed.") == 2


def test_what_is_being_written_stays_as_it_is(clone: Path) -> None:
    """An edited stub, a staged one and a new file; building twice changes nothing more."""
    (clone / "katas/redis/01/pubsub.py").write_text("# half an answer")
    (clone / "katas/nats/01/basics.py").write_text("# staged")
    _git(clone, "add", "katas/nats/01/basics.py")
    (clone / "katas/redis/01/notes.txt").write_text("mine")
    before = _git(clone, "status", "--short")
    assert _build(clone).returncode == 0
    first = _git(clone, "rev-parse", "refs/heads/solutions")
    assert _build(clone).returncode == 0

    assert _git(clone, "rev-parse", "refs/heads/solutions") == first
    assert _git(clone, "status", "--short") == before
    assert (clone / "katas/redis/01/pubsub.py").read_text() == "# half an answer"
    assert _git(clone, "show", "solutions:katas/redis/01/pubsub.py") != "# half an answer"


def test_what_cannot_be_built_is_a_sentence(clone: Path, tmp_path: Path) -> None:
    """The branch is checked out; there is no such source; there is no repository."""
    assert _build(clone).returncode == 0
    _git(clone, "checkout", "-q", "solutions")
    assert "is checked out" in _build(clone).stderr
    assert "Needed a single revision" in _build(clone, "--source", "nope").stderr
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    for done in (_build(clone, "--source", "nope"), _build(nowhere)):
        assert done.returncode == 1
        assert done.stderr.startswith("The branch solutions was not built: ")
        assert "Traceback" not in done.stderr
