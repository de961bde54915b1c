"""The stub of a kata as it once was, whatever a learner has written and committed since."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator

from pytest_mqkata.katas.answer import is_blank_config, is_config, is_stub
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.store import Store

_GIT_TIMEOUT = 20.0  # seconds
_COMMITS = 200  # the newest ones that touched the file


def stub(kata: Kata, name: str, store: Store | None = None) -> bytes | None:
    """The newest version of an answer's file in which nothing is written; None if none is to be found.

    It is looked for in the working tree, in the commits that lead to HEAD, and among the answers in `store`.
    """
    solution = kata.solution_folder / name
    expected = solution.read_bytes() if solution.is_file() else b""
    best: tuple[int, bytes] | None = None
    for content in _versions(kata, name, store):
        unwritten = _unwritten(content, name, expected)
        if unwritten and (best is None or unwritten > best[0]):
            best = unwritten, content
    return best[1] if best else None


def _versions(kata: Kata, name: str, store: Store | None) -> Iterator[bytes]:
    """Every version of a file that is known, the newest first."""
    file = kata.folder / name
    if file.is_file():
        yield file.read_bytes()
    path = f"katas/{kata.id}/{name}"
    for commit in _git(kata, "log", f"-{_COMMITS}", "--format=%H", "--", path).split():
        if content := _git(kata, "show", f"{commit.decode()}:./{path}"):
            yield content
    if store is not None:
        for record in store.records(kata.id):
            if name in record.files and (content := store.content(record.files[name]) or b""):
                yield content


def _git(kata: Kata, *arguments: str) -> bytes:
    """What git says; nothing where there is no git, or no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(kata.root), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""


def _unwritten(content: bytes, name: str, solution: bytes) -> int:
    """How much of a file is still a stub, if all is that is not given; 0 if something was written.

    What a stub gives complete is the same in the solution.
    """
    if is_config(name):
        return int(is_blank_config(content.decode("utf-8", "replace")))
    try:
        own, given = _functions(content), _functions(solution)
    except (SyntaxError, ValueError):
        return 0
    if {one for one in own if not _private(one)} != {one for one in given if not _private(one)}:
        return 0
    stubs = {one for one, function in own.items() if is_stub(function)}
    written = {one for one, function in own.items() if one not in stubs}
    return len(stubs) if all(ast.dump(own[one]) == ast.dump(given[one]) for one in written & given.keys()) else 0


def _functions(source: bytes) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods ("Class.method"), by name."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    found[f"{node.name}.{inner.name}"] = inner
    return found


def _private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))
