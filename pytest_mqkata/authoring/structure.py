"""The gates that look at a kata's files only: no broker, no run. Each returns what is wrong, in sentences."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Sequence

from pytest_mqkata.katas.examples import alternatives, mistakes, solution_text
from pytest_mqkata.katas.fingerprints import recorded
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.outline import configs, step_names

_LEAST_MISTAKES = 5


def stub_and_solution_agree(kata: Kata) -> list[str]:
    """Public names, signatures and docstrings are the same."""
    stub, solution = _surface(original_stub(kata, kata.module)), _surface(solution_text(kata))
    problems = [
        f"{name} is not there as a stub and as a solution"
        for name in configs(kata)
        if not ((kata.folder / name).is_file() and (kata.solution_folder / name).is_file())
    ]
    problems += [f"{name} is in the stub, not in the solution" for name in stub.keys() - solution.keys()]
    problems += [
        f"{name} is in the solution, not in the stub: private helpers begin with _"
        for name in solution.keys() - stub.keys()
    ]
    for name in stub.keys() & solution.keys():
        for what, one, other in zip(("signature", "docstring"), stub[name], solution[name], strict=True):
            if one != other:
                problems.append(f"{name}: the {what} differs: {one!r} in the stub, {other!r} in the solution")
    return sorted(problems)


def _surface(text: str) -> dict[str, tuple[str, str]]:
    """Public name to signature and docstring."""
    found: dict[str, tuple[str, str]] = {}

    def visit(body: Sequence[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if node.name.startswith("_") and not node.name.startswith("__"):
                    continue
                name = prefix + node.name
                doc = ast.get_docstring(node) or ""
                if isinstance(node, ast.ClassDef):
                    found[name] = (", ".join(ast.unparse(base) for base in node.bases), doc)
                    visit(node.body, f"{name}.")
                else:
                    kind = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
                    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
                    found[name] = (f"{kind}({ast.unparse(node.args)}){returns}", doc)

    visit(ast.parse(text).body, "")
    return found


def is_complete(kata: Kata) -> list[str]:
    """README, hints, mistakes and alternatives are there and in their form."""
    problems = []
    readme = kata.readme
    if not (kata.minutes and kata.difficulty and kata.needs):
        problems.append("README: the line with Time, Difficulty and Needs is missing")
    for section in (
        "What you will be able to do",
        "What you need to know first",
        "Steps",
        "How to run",
        "When you are done",
    ):
        if f"\n## {section}" not in readme:
            problems.append(f"README: the section {section!r} is missing")
    if "```mermaid" not in readme:
        problems.append("README: there is no mermaid picture")
    steps = set(step_names(kata))
    if steps != set(kata.step_titles):
        problems.append(f"README: its steps are {sorted(kata.step_titles)}, those of the tests {sorted(steps)}")
    hints = kata.hints()
    for number in sorted(steps):
        levels = hints.get(number, [])
        if len(levels) != 3 or not all(level.strip() for level in levels):
            problems.append(f"hints.toml: step {number} has {len(levels)} levels, not 3")
    for mistake in mistakes(kata):
        if mistake.step not in steps or not mistake.why:
            problems.append(f"mistake {mistake.name}: it does not say which step rejects it, or why")
    if not alternatives(kata):
        problems.append("there is no alternative")
    return problems


def has_mistakes(kata: Kata) -> list[str]:
    """As many mistakes are recorded as people make, or at least five, each with a fingerprint."""
    found, known = mistakes(kata), recorded(kata)
    problems = (
        [f"there are {len(found)} mistakes, fewer than {_LEAST_MISTAKES}"] if len(found) < _LEAST_MISTAKES else []
    )
    if missing := sorted({mistake.name for mistake in found} - known.keys()):
        problems.append(f"no fingerprint of: {', '.join(missing)} (mqkata verify {kata.id} --record)")
    return problems


def original_stub(kata: Kata, name: str) -> str:
    """A file of the stub as it is committed, since a learner may have written an answer over it."""
    shown = subprocess.run(
        ["git", "show", f"HEAD:./katas/{kata.id}/{name}"],
        cwd=kata.root,
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout if shown.returncode == 0 else (kata.folder / name).read_text(encoding="utf-8")
