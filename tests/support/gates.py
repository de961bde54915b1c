"""What every kata must keep: each gate returns what is wrong, in sentences; [] when nothing is."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_mqkata.katas.answer import is_config
from pytest_mqkata.katas.examples import Alternative, Mistake, alternatives, mistakes, solution_text
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.outline import answer_files, configs, step_names

_TESTS = Path(__file__).resolve().parent.parent
_TIMEOUT = 400  # seconds for one pytest run on one kata
_LEAST_MISTAKES = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one test."""

    test: str
    step: int
    colour: str
    headline: str
    seconds: float


# running


def run(kata: Kata, *arguments: str, backwards: bool = False) -> list[Outcome]:
    """Run pytest on a kata; a test without any outcome that a kata knows has step 0."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outcomes.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "support.outcomes", f"--outcomes={file}"]
        if backwards:
            command.append("--backwards")
        done = subprocess.run(
            [*command, "--strict-brokers", "-p", "no:cacheprovider", *arguments, f"katas/{kata.id}"],
            cwd=kata.root,
            env={**os.environ, "PYTHONPATH": str(_TESTS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if not file.exists():
            return [Outcome("pytest", 0, "no result", done.stdout[-3000:], 0.0)]
        return [
            Outcome(one["test"], one["step"], one["colour"], one["headline"], one["seconds"])
            for one in json.loads(file.read_text())
        ]


def run_answer(kata: Kata, files: Mapping[str, str], *arguments: str) -> list[Outcome]:
    """Run a kata on an answer of the given files, by name; those that it lacks are the solution's."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / kata.broker / kata.number
        target.mkdir(parents=True)
        for file in kata.solution_folder.iterdir():
            if file.is_file():
                (target / file.name).write_bytes(file.read_bytes())
        for name, text in files.items():
            (target / name).write_text(text, encoding="utf-8")
        return run(kata, f"--answers={folder}", *arguments)


def _not_green(outcomes: Sequence[Outcome]) -> list[str]:
    if not outcomes:
        return ["no test ran"]
    return [f"{one.test} is {one.colour}: {one.headline}" for one in outcomes if one.colour != "green"]


# gates


def stub_is_red(kata: Kata) -> list[str]:
    """Every test fails on the stub, with the message that something is not written yet."""
    stub = {name: _original_stub(kata, name) for name in answer_files(kata)}
    outcomes = run_answer(kata, stub, "--all-steps")
    wrong = [
        f"{one.test} is {one.colour} on the stub: {one.headline}"
        for one in outcomes
        if one.colour != "red" or not one.headline.startswith("not written yet: ")
    ]
    missing = set(kata.step_titles) - {one.step for one in outcomes}
    return wrong + [f"step {number} of the README has no test" for number in sorted(missing)]


def _original_stub(kata: Kata, name: str) -> str:
    """A file of the stub as it is committed, since a learner may have written an answer over it."""
    shown = subprocess.run(
        ["git", "show", f"HEAD:./katas/{kata.id}/{name}"],
        cwd=kata.root,
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout if shown.returncode == 0 else (kata.folder / name).read_text(encoding="utf-8")


def solution_is_green(kata: Kata, *arguments: str, backwards: bool = False) -> list[str]:
    """Every test passes on the solution."""
    return _not_green(run(kata, "--solutions", *arguments, backwards=backwards))


def mistake_is_rejected(mistake: Mistake) -> list[str]:
    """The first step that a wrong answer fails is the one that it names.

    Of a kata that needs a cluster only that step is run: each takes seconds.
    """
    kata = mistake.kata
    outcomes = run_answer(kata, mistake.files, *([f"--only-steps={mistake.step}"] if kata.needs_cluster else []))
    failed = sorted({one.step for one in outcomes if one.colour == "red"})
    other = [
        f"{one.test} is {one.colour}: {one.headline}"
        for one in outcomes
        if one.colour not in ("red", "green", "waiting")
    ]
    if failed[:1] == [mistake.step]:
        return other
    where = f"step {failed[0]}" if failed else "no step"
    return [f"{mistake.name} names step {mistake.step}, but {where} rejects it first", *other]


def alternative_is_green(alternative: Alternative) -> list[str]:
    """A right answer in another style passes."""
    return _not_green(run_answer(alternative.kata, alternative.files))


def ladder(kata: Kata, rung: int) -> list[str]:
    """With the solution of the first `rung` names, the steps that need only those pass, and the next one is red.

    Names stand in the order in which the steps need them first. Only the steps that the last name makes passable are
    run: the others need nothing that has changed since the rung before.
    """
    steps = step_names(kata)
    order = _order(steps)
    passable = _passable(steps, set(order[:rung]))
    new = passable[len(_passable(steps, set(order[: rung - 1]))) :] if rung else passable
    after = [number for number in steps if number not in passable][:1]
    left = order[rung:]
    files = {name: _original_stub(kata, name) for name in left if is_config(name)}
    files[kata.module] = _with_stubs(solution_text(kata), _original_stub(kata, kata.module), left)
    outcomes = run_answer(kata, files, f"--only-steps={','.join(map(str, [*new, *after]))}")
    so_far = f"with {', '.join(order[:rung]) or 'nothing'} written"
    problems = [
        f"{so_far}, step {one.step} ({one.test}) is {one.colour}: {one.headline}"
        for one in outcomes
        if one.step in new and one.colour != "green"
    ]
    if {one.step for one in outcomes} != {*new, *after}:
        problems.append(f"{so_far}, not the steps {new} and {after} ran: {outcomes}")
    next_step = [one for one in outcomes if one.step in after]
    if after and not any(one.colour == "red" and "not written yet" in one.headline for one in next_step):
        problems.append(f"{so_far}, step {after[0]} is not red")
    return problems


def _passable(steps: Mapping[int, set[str]], written: set[str]) -> list[int]:
    """The steps from the first on that need only what is written."""
    found = []
    for number, names in steps.items():
        if not names <= written:
            break
        found.append(number)
    return found


def rungs(kata: Kata) -> int:
    """How many rungs the ladder has; above the last one is the whole solution."""
    return len(_order(step_names(kata)))


def _order(steps: dict[int, set[str]]) -> list[str]:
    order: list[str] = []
    for names in steps.values():
        order += sorted(names - set(order))
    return order


def _with_stubs(solution: str, stub: str, names: Sequence[str]) -> str:
    """The solution, with the definitions of `names` taken from the stub."""
    lines = stub.splitlines()
    pieces = [
        "\n".join(lines[_first_line(node) - 1 : node.end_lineno])
        for node in ast.parse(stub).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in names
    ]
    kept = solution.splitlines()
    for node in reversed(ast.parse(solution).body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in names:
            del kept[_first_line(node) - 1 : node.end_lineno]
    return "\n".join([*kept, "", "", *pieces, ""])


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def stub_and_solution_agree(kata: Kata) -> list[str]:
    """Public names, signatures and docstrings are the same."""
    stub, solution = _surface(_original_stub(kata, kata.module)), _surface(solution_text(kata))
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
    if not re.search(
        r"^\*\*Time\*\* \d+ minutes · \*\*Difficulty\*\* [1-3] of 3 · \*\*Needs\*\* \S", readme, re.MULTILINE
    ):
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
    found = mistakes(kata)
    if len(found) < _LEAST_MISTAKES:
        problems.append(f"there are {len(found)} mistakes, fewer than {_LEAST_MISTAKES}")
    for mistake in found:
        if mistake.step not in steps or not mistake.why:
            problems.append(f"mistake {mistake.name}: it does not say which step rejects it, or why")
    if not alternatives(kata):
        problems.append("there is no alternative")
    return problems
