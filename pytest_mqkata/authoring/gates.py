"""The gates that run a kata: each returns what is wrong, in sentences; [] when nothing is."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from pytest_mqkata.authoring.reach import reach
from pytest_mqkata.authoring.running import Outcome, run, run_answer
from pytest_mqkata.authoring.structure import original_stub
from pytest_mqkata.katas.answer import is_config
from pytest_mqkata.katas.examples import Alternative, Mistake, solution_text
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.outline import answer_files, first_line, step_names


def _not_green(outcomes: Sequence[Outcome]) -> list[str]:
    if not outcomes:
        return ["no test ran"]
    return [f"{one.test} is {one.colour}: {one.headline}" for one in outcomes if one.colour != "green"]


def stub_is_red(kata: Kata) -> list[str]:
    """Every test fails on the stub, with the message that something is not written yet."""
    stub = {name: original_stub(kata, name) for name in answer_files(kata)}
    outcomes = run_answer(kata, stub, "--all-steps")
    wrong = [
        f"{one.test} is {one.colour} on the stub: {one.headline}"
        for one in outcomes
        if one.colour != "red" or not one.headline.startswith("not written yet: ")
    ]
    missing = set(kata.step_titles) - {one.step for one in outcomes}
    return wrong + [f"step {number} of the README has no test" for number in sorted(missing)]


def solution_is_green(kata: Kata, *arguments: str, backwards: bool = False) -> list[str]:
    """Every test passes on the solution."""
    return _not_green(run(kata, "--solutions", *arguments, backwards=backwards))


def run_mistake(mistake: Mistake) -> list[Outcome]:
    """Run a wrong answer: those of its steps that can come out differently than on the solution.

    Of a kata that needs a cluster only the step that rejects it: each takes seconds.
    """
    steps = [mistake.step] if mistake.kata.needs_cluster else _within_reach(mistake)
    only = [f"--only-steps={','.join(map(str, steps))}"] if steps else []
    return run_answer(mistake.kata, mistake.files, *only)


def _within_reach(mistake: Mistake) -> list[int]:
    """The steps that call what a mistake changes, or read one of its files; [] if that cannot be told."""
    names = reach(solution_text(mistake.kata), mistake.text)
    if names is None:
        return []
    touched = names | mistake.configs.keys()
    steps = [number for number, used in step_names(mistake.kata).items() if used & touched]
    return steps if mistake.step in steps else []


def mistake_is_rejected(mistake: Mistake, outcomes: Sequence[Outcome] | None = None) -> list[str]:
    """The first step that a wrong answer fails is the one that it names.

    Args:
        outcomes: of its run; None: run it.
    """
    outcomes = run_mistake(mistake) if outcomes is None else outcomes
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
    files = {name: original_stub(kata, name) for name in left if is_config(name)}
    files[kata.module] = _with_stubs(solution_text(kata), original_stub(kata, kata.module), left)
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
        "\n".join(lines[first_line(node) - 1 : node.end_lineno])
        for node in ast.parse(stub).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in names
    ]
    kept = solution.splitlines()
    for node in reversed(ast.parse(solution).body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in names:
            del kept[first_line(node) - 1 : node.end_lineno]
    return "\n".join([*kept, "", "", *pieces, ""])
