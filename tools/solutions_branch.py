"""Build the branch `solutions`: main, with each kata's stub replaced by its solution.

`git checkout solutions && pytest katas/kafka/01` is green there, and `git diff main solutions -- katas/kafka/01` is the
comparison. Only git's own store is written: the working tree and the index stay as they are.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BRANCH = "solutions"
REF = f"refs/heads/{BRANCH}"  # the name alone may mean the folder as well
_SOLUTION = re.compile(r"solutions/([a-z]+/\d\d/[^/]+)")


class Refused(Exception):
    """The branch stays as it is; the text says why."""


def git(*arguments: str, index: Path | None = None, given: str | None = None) -> str:
    """What git prints.

    Args:
        index: used in the place of the repository's own index.
        given: standard input.

    Raises:
        Refused: git fails, or is missing.
    """
    environment = {**os.environ, **({"GIT_INDEX_FILE": str(index)} if index else {})}
    try:
        done = subprocess.run(
            ["git", *arguments], env=environment, input=given, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Refused("git is not installed here.") from None
    if done.returncode:
        raise Refused(f"git {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def build(source: str) -> tuple[str, int]:
    """Let the branch point to a commit on top of `source`; its id, and how many files were replaced.

    Raises:
        Refused: there is no such commit, or the branch is checked out somewhere.
    """
    commit = git("rev-parse", "--verify", f"{source}^{{commit}}")
    if any(line == f"branch {REF}" for line in git("worktree", "list", "--porcelain").splitlines()):
        raise Refused(
            f"The branch {BRANCH} is checked out; `git checkout {source}` first, so that no file changes there."
        )
    replaced = []
    for line in git("ls-tree", "-r", "--full-tree", commit, "--", "solutions").splitlines():
        kind, path = line.split("\t", 1)
        if found := _SOLUTION.fullmatch(path):
            mode, _, blob = kind.split()
            replaced.append(f"{mode} {blob}\tkatas/{found[1]}")
    if not replaced:
        raise Refused(f"{source} has no solutions/<broker>/<NN>/ to take.")
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        git("read-tree", commit, index=index)
        git("update-index", "--index-info", index=index, given="\n".join(replaced) + "\n")
        tree = git("write-tree", index=index)
    if _is_built(tree, commit):
        return git("rev-parse", REF), len(replaced)
    new = git("commit-tree", tree, "-p", commit, "-m", "Each kata's stub replaced by its solution")
    git("update-ref", "-m", f"built from {source}", REF, new)
    return new, len(replaced)


def _is_built(tree: str, parent: str) -> bool:
    """Whether the branch is already what would be built."""
    try:
        return git("rev-parse", f"{REF}^{{tree}}", f"{REF}^").split() == [tree, parent]
    except Refused:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default="main", help="the branch or commit to start from (default: main)")
    source = parser.parse_args().source
    try:
        commit, count = build(source)
    except Refused as refused:
        print(f"The branch {BRANCH} was not built: {refused}", file=sys.stderr)
        return 1
    print(
        f"The branch {BRANCH} is at {commit[:10]}: {source} with {count} files of the solutions in place of the stubs."
    )
    print(f"Compare: git diff {source} {BRANCH} -- katas/redis/01")
    return 0


if __name__ == "__main__":
    sys.exit(main())
